//! HCL's layout, line by line: indentation by brackets, `=` aligned in runs, single blank lines.
//!
//! Heredocs and block comments stay as they are. Pure.

/// One line with what is known of it.
struct Line {
    text: String,
    depth: usize,
    /// Where `=` stands, if the line is one attribute that ends on it.
    equals: Option<usize>,
    verbatim: bool,
}

/// What a line begins in.
#[derive(Clone, PartialEq, Eq)]
enum Inside {
    Code,
    Comment,
    Heredoc(String),
}

/// The text in one layout.
pub(crate) fn lay_out(text: &str) -> String {
    let mut lines = Vec::new();
    let mut depth = 0_usize;
    let mut inside = Inside::Code;
    for raw in text.lines() {
        if inside != Inside::Code {
            let end = leave(&inside, raw);
            lines.push(Line {
                text: raw.to_owned(),
                depth: 0,
                equals: None,
                verbatim: true,
            });
            if let Some(rest) = end {
                let (after, next) = scan(&raw[rest..], depth);
                (depth, inside) = (after.end, next);
            }
            continue;
        }
        let trimmed = raw.trim();
        let (seen, next) = scan(trimmed, depth);
        lines.push(Line {
            text: trimmed.to_owned(),
            depth: seen.lowest.min(depth),
            equals: seen
                .equals
                .filter(|_| seen.end == depth && next == Inside::Code),
            verbatim: false,
        });
        depth = seen.end;
        inside = next;
    }
    align(&mut lines);
    join(&lines)
}

/// Where a comment or heredoc ends on this line, if it does: the offset after it.
fn leave(inside: &Inside, raw: &str) -> Option<usize> {
    match inside {
        Inside::Comment => raw.find("*/").map(|at| at + 2),
        Inside::Heredoc(word) => (raw.trim() == word).then_some(raw.len()),
        Inside::Code => Some(0),
    }
}

/// What a line of code does to the depth.
struct Seen {
    end: usize,
    /// The depth after the brackets that the line begins by closing.
    lowest: usize,
    equals: Option<usize>,
    /// Where a text begins that does not end on the line.
    open_quote: Option<usize>,
}

/// Where the first quote stands that is not closed on its line.
pub(crate) fn open_quote(text: &str) -> Option<usize> {
    let mut inside = Inside::Code;
    let mut at = 0;
    for raw in text.split_inclusive('\n') {
        let line = raw.trim_end_matches(['\r', '\n']);
        if inside == Inside::Code {
            let (seen, next) = scan(line, 0);
            if let Some(quote) = seen.open_quote {
                return Some(at + quote);
            }
            inside = next;
        } else if leave(&inside, line).is_some() {
            inside = Inside::Code;
        }
        at += raw.len();
    }
    None
}

fn scan(line: &str, depth: usize) -> (Seen, Inside) {
    let bytes = line.as_bytes();
    let mut seen = Seen {
        end: depth,
        lowest: depth,
        equals: None,
        open_quote: None,
    };
    let mut leading = true;
    let mut at = 0;
    while at < bytes.len() {
        let rest = &line[at..];
        match bytes[at] {
            b'#' => break,
            b'/' if rest.starts_with("//") => break,
            b'/' if rest.starts_with("/*") => match rest[2..].find("*/") {
                Some(end) => at += end + 3,
                None => return (seen, Inside::Comment),
            },
            b'<' if rest.starts_with("<<") => {
                let word: String = rest[2..]
                    .trim_start_matches('-')
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                if !word.is_empty() {
                    return (seen, Inside::Heredoc(word));
                }
            }
            b'"' => {
                let end = text_end(rest);
                // A template may go on in the next line; a text may not.
                let closed = end > 1 && rest[..end].ends_with('"');
                if !closed && !rest.contains("${") {
                    seen.open_quote = seen.open_quote.or(Some(at));
                }
                at += end.saturating_sub(1);
            }
            b'{' | b'[' | b'(' => {
                seen.end += 1;
                leading = false;
            }
            b'}' | b']' | b')' => {
                seen.end = seen.end.saturating_sub(1);
                if leading {
                    seen.lowest = seen.end;
                }
            }
            b'=' if seen.equals.is_none() && seen.end == depth && is_attribute(line, at) => {
                seen.equals = Some(at);
            }
            b' ' | b'\t' | b',' => {}
            _ => leading = false,
        }
        at += 1;
        while !line.is_char_boundary(at) {
            at += 1;
        }
    }
    (seen, Inside::Code)
}

/// The length of a quoted text at the start of `text`, templates inside it included.
fn text_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    let mut templates = 0_usize;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'$' | b'%' if bytes.get(at + 1) == Some(&b'{') => {
                if bytes.get(at.wrapping_sub(1)) != Some(&bytes[at]) {
                    templates += 1;
                }
                at += 1;
            }
            b'{' if templates > 0 => templates += 1,
            b'}' => templates = templates.saturating_sub(1),
            b'"' if templates == 0 => return at + 1,
            b'"' => at += text_end(&text[at..]).saturating_sub(1),
            _ => {}
        }
        at += 1;
        while at < bytes.len() && !text.is_char_boundary(at) {
            at += 1;
        }
    }
    bytes.len()
}

/// Whether `=` at this place assigns the word that the line begins with.
fn is_attribute(line: &str, at: usize) -> bool {
    let name = line[..at].trim_end();
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let named = !name.is_empty()
        && (name.chars().all(word) || (name.starts_with('"') && text_end(name) == name.len()));
    let next = line.as_bytes().get(at + 1);
    named && !matches!(next, Some(b'=' | b'>'))
}

/// Aligns `=` in runs of attributes without a blank line or anything else between them.
fn align(lines: &mut [Line]) {
    let mut from = 0;
    while from < lines.len() {
        let depth = lines[from].depth;
        let run = lines[from..]
            .iter()
            .take_while(|l| l.equals.is_some() && l.depth == depth && !l.verbatim)
            .count();
        let name = |line: &Line| line.text[..line.equals.unwrap_or(0)].trim_end().to_owned();
        let width = lines[from..from + run]
            .iter()
            .map(|l| name(l).chars().count())
            .max()
            .unwrap_or(0);
        for line in &mut lines[from..from + run] {
            let at = line.equals.unwrap_or(0);
            let value = line.text[at + 1..].trim_start().to_owned();
            line.text = format!("{:width$} = {value}", name(line));
        }
        from += run.max(1);
    }
}

fn join(lines: &[Line]) -> String {
    let mut out = String::new();
    let mut blank = true;
    for line in lines {
        if line.verbatim {
            out.push_str(&line.text);
            out.push('\n');
            blank = false;
            continue;
        }
        if line.text.is_empty() {
            if !blank {
                out.push('\n');
            }
            blank = true;
            continue;
        }
        blank = false;
        out.push_str(&"  ".repeat(line.depth));
        out.push_str(&line.text);
        out.push('\n');
    }
    while out.ends_with("\n\n") {
        out.pop();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_indent_and_equals_align() {
        let text = "a=1\nlong_name =  2 # why\n\n\n\nstamp \"x\" {\nregion=\"e\"\n   zones = [\n\"1\",\n\"2\"\n]\ntext = <<EOT\n  keep = this\nEOT\n}\n";
        let laid = lay_out(text);
        let meant = "a         = 1\nlong_name = 2 # why\n\nstamp \"x\" {\n  region = \"e\"\n  zones = [\n    \"1\",\n    \"2\"\n  ]\n  text = <<EOT\n  keep = this\nEOT\n}\n";
        assert_eq!(laid, meant);
        assert_eq!(lay_out(&laid), laid);
    }
}
