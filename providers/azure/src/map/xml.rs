//! As much XML as a listing of blobs needs: the insides of elements, and the five entities. Pure.

/// The insides of the elements of this name, outermost and in order. Names with attributes count.
pub fn elements<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let at = rest.find('<')?;
            rest = rest.get(at + 1..)?;
            let Some(tail) = rest.strip_prefix(name) else {
                continue;
            };
            let end = tail.find('>')?;
            let head = tail.get(..end)?;
            let named =
                head.is_empty() || head.starts_with(|c: char| c.is_whitespace() || c == '/');
            if !named {
                continue;
            }
            rest = tail.get(end + 1..)?;
            if head.ends_with('/') {
                return Some("");
            }
            let close = format!("</{name}>");
            let inner = rest.find(&close)?;
            let found = rest.get(..inner)?;
            rest = rest.get(inner + close.len()..)?;
            return Some(found);
        }
    })
}

/// The text without entities.
pub fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(rest.get(..at).unwrap_or_default());
        rest = rest.get(at..).unwrap_or_default();
        let Some(end) = rest.find(';') else { break };
        let entity = rest.get(1..end).unwrap_or_default();
        let number = entity.strip_prefix('#').and_then(|number| {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            code.ok().and_then(char::from_u32)
        });
        let named = match entity {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => number,
        };
        let taken = if named.is_some() { end + 1 } else { 1 };
        out.push(named.unwrap_or('&'));
        rest = rest.get(taken..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_of_blobs() {
        let text = "<?xml?><R><Blobs><Blob><Name>a&amp;b/&#x63;</Name><P><Content-MD5>m</Content-MD5>\
                    </P></Blob><Blob x=\"1\"><Name>d</Name></Blob></Blobs><NextMarker /></R>";
        let names: Vec<String> = elements(text, "Blob")
            .flat_map(|blob| elements(blob, "Name").map(unescape).collect::<Vec<_>>())
            .collect();
        assert_eq!(names, ["a&b/c", "d"]);
        assert_eq!(elements(text, "NextMarker").collect::<Vec<_>>(), [""]);
        assert_eq!(elements("<Blob><Name>x", "Blob").count(), 0);
        assert_eq!(unescape("a & b &nope; &"), "a & b &nope; &");
    }
}
