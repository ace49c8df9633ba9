//! The canonical bytes of a plan: compact JSON with a line for each thing that a reader looks
//! for. Each step, change and finding has its line, and so has each entry of the maps. Pure.
//!
//! No line is indented: a plan of a large fleet would be half blanks, all of them written, hashed
//! and read. `stampctl show` is for people; these lines are for `grep`, `jq` and `git diff`.

use std::io;

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

use super::Body;

/// Objects to this depth have a line for each entry, and so have the lists in them.
const DEPTH: usize = 3;
/// And objects to this depth, where no list is around them.
const MAPS: usize = 4;

/// Writes a body's canonical bytes: what the digest of a plan is of.
pub(crate) fn body(body: &Body, to: impl io::Write) -> serde_json::Result<()> {
    write(body, 1, to)
}

/// Writes a value's canonical bytes, as if `around` objects stood around it.
pub(super) fn write<T: Serialize>(
    value: &T,
    around: usize,
    to: impl io::Write,
) -> serde_json::Result<()> {
    let lines = Lines {
        depth: around,
        lists: 0,
        filled: false,
    };
    value.serialize(&mut Serializer::with_formatter(to, lines))
}

/// Where a writer is.
struct Lines {
    /// Objects and lists that are open.
    depth: usize,
    /// Lists that are open.
    lists: usize,
    /// Whether what is closed next holds anything.
    filled: bool,
}

impl Lines {
    fn breaks(&self) -> bool {
        self.depth <= DEPTH || self.depth <= MAPS && self.lists == 0
    }

    fn separate<W: io::Write + ?Sized>(&self, writer: &mut W, first: bool) -> io::Result<()> {
        writer.write_all(match (first, self.breaks()) {
            (true, true) => b"\n",
            (true, false) => b"",
            (false, true) => b",\n",
            (false, false) => b",",
        })
    }

    fn open(&mut self) {
        self.depth += 1;
        self.filled = false;
    }

    fn close<W: io::Write + ?Sized>(&mut self, writer: &mut W, end: &[u8]) -> io::Result<()> {
        if self.filled && self.breaks() {
            writer.write_all(b"\n")?;
        }
        self.depth = self.depth.saturating_sub(1);
        self.filled = true;
        writer.write_all(end)
    }
}

impl Formatter for Lines {
    fn begin_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open();
        self.lists += 1;
        writer.write_all(b"[")
    }

    fn end_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"]")?;
        self.lists -= 1;
        Ok(())
    }

    fn begin_array_value<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.separate(writer, first)
    }

    fn end_array_value<W: io::Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }

    fn begin_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open();
        writer.write_all(b"{")
    }

    fn end_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"}")
    }

    fn begin_object_key<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.separate(writer, first)
    }

    fn end_object_value<W: io::Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::json;

    use super::*;

    fn lines(value: &Value, around: usize) -> String {
        let mut bytes = Vec::new();
        write(value, around, &mut bytes).expect("writes");
        String::from_utf8(bytes).expect("UTF-8")
    }

    #[test]
    fn each_thing_has_its_line() {
        let plan = json!({ "body": {
            "changes": [],
            "opening": { "stamps": { "a": { "x": 1 }, "b": {} } },
            "steps": [{ "id": "one", "after": [{ "step": "zero" }] }, { "id": "two" }],
        } });
        let told = "{\n\"body\":{\n\"changes\":[],\n\"opening\":{\n\"stamps\":{\n\"a\":{\"x\":1},\n\
                    \"b\":{}\n}\n},\n\"steps\":[\n{\"after\":[{\"step\":\"zero\"}],\"id\":\"one\"},\n\
                    {\"id\":\"two\"}\n]\n}\n}";
        assert_eq!(lines(&plan, 0), told);
    }

    #[test]
    fn a_part_has_the_bytes_that_it_has_in_the_whole() {
        let body = json!({ "steps": [{ "id": 1 }], "rules": { "O-1": "why" }, "policy": {} });
        let whole = lines(&json!({ "body": body }), 0);
        assert_eq!(whole, format!("{{\n\"body\":{}\n}}", lines(&body, 1)));
    }
}
