//! Reads Rust source as text: blanks comments and literals, and leaves out test modules.

/// The code of `text` with every comment, string and character literal blanked out.
/// Line breaks stay, so line numbers hold.
pub(crate) fn code_only(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = literal_end(bytes, at);
        for byte in &mut out[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end.max(at + 1);
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Where the comment or literal that starts at `at` ends; `at` itself if none starts there.
fn literal_end(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let fresh = at == 0 || !is_word(bytes[at - 1]);
    match rest[0] {
        b'/' if rest.starts_with(b"//") => find(bytes, at, b"\n"),
        b'/' if rest.starts_with(b"/*") => block_comment_end(bytes, at),
        b'"' => string_end(bytes, at + 1),
        b'\'' => char_end(bytes, at),
        b'b' | b'c' if fresh && rest.get(1) == Some(&b'"') => string_end(bytes, at + 2),
        b'b' if fresh && rest.get(1) == Some(&b'\'') => char_end(bytes, at + 1),
        b'r' if fresh => raw_string_end(bytes, at, at + 1),
        b'b' | b'c' if fresh && rest.get(1) == Some(&b'r') => raw_string_end(bytes, at, at + 2),
        _ => at,
    }
}

fn block_comment_end(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    at
}

fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The end of a character literal, or `start` where the quote opens a lifetime.
fn char_end(bytes: &[u8], start: usize) -> usize {
    let text = &bytes[start + 1..];
    if text.first() == Some(&b'\\') {
        return find(bytes, start + 3, b"'")
            .saturating_add(1)
            .min(bytes.len());
    }
    // A scalar takes at most four bytes; what closes later than that is a lifetime.
    let width = text.iter().take(5).position(|byte| *byte == b'\'');
    match width {
        Some(width) if width > 0 && (width == 1 || text[0] >= 0x80) => start + width + 2,
        _ => start,
    }
}

/// The end of a raw string whose hashes begin at `hashes`, or `start` where there is none.
fn raw_string_end(bytes: &[u8], start: usize, hashes: usize) -> usize {
    let count = bytes[hashes..]
        .iter()
        .take_while(|byte| **byte == b'#')
        .count();
    if bytes.get(hashes + count) != Some(&b'"') {
        return start;
    }
    let close = [b"\"".as_slice(), "#".repeat(count).as_bytes()].concat();
    (find(bytes, hashes + count + 1, &close) + close.len()).min(bytes.len())
}

fn find(bytes: &[u8], from: usize, what: &[u8]) -> usize {
    bytes
        .get(from..)
        .and_then(|rest| rest.windows(what.len()).position(|window| window == what))
        .map_or(bytes.len(), |offset| from + offset)
}

/// Whether `byte` can stand in an identifier.
pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// `code` with its test modules blanked out.
///
/// A test module is `#[cfg(test)]` on a line of its own, then `mod name {`, to the first closing
/// brace in the first column, where rustfmt puts it. A `#[cfg(test)]` over anything else hides
/// nothing.
pub(crate) fn without_tests(code: &str) -> String {
    let lines: Vec<&str> = code.lines().collect();
    let mut out = String::with_capacity(code.len());
    let mut inside = false;
    for (index, line) in lines.iter().enumerate() {
        inside |= opens_tests(&lines[index..]);
        if !inside {
            out.push_str(line);
        }
        out.push('\n');
        if inside && *line == "}" {
            inside = false;
        }
    }
    out
}

fn opens_tests(lines: &[&str]) -> bool {
    lines[0] == "#[cfg(test)]"
        && lines[1..]
            .iter()
            .find(|line| !line.trim().is_empty() && !line.starts_with("#["))
            .is_some_and(|line| line.starts_with("mod ") && line.ends_with('{'))
}

/// The names of the files that `code` declares as test modules: `#[cfg(test)]`, `mod name;`.
pub(crate) fn test_files(code: &str) -> Vec<String> {
    let lines: Vec<&str> = code.lines().collect();
    lines
        .windows(2)
        .filter(|pair| pair[0] == "#[cfg(test)]")
        .filter_map(|pair| pair[1].strip_prefix("mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect()
}

/// The number of the first line of the test module in `text`, counted as the lines before it.
pub(crate) fn lines_before_tests(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    (0..lines.len())
        .find(|index| opens_tests(&lines[*index..]))
        .unwrap_or(lines.len())
}

/// The line, from one, in which the byte at `offset` stands.
pub(crate) fn line_of(code: &str, offset: usize) -> usize {
    1 + code[..offset].matches('\n').count()
}
