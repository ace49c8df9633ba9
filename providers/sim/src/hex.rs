//! Digests as text. Pure.

/// The first `bytes` of a digest, in lower-case hexadecimal.
pub(crate) fn hex(digest: &[u8], bytes: usize) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let nibbles = digest
        .iter()
        .take(bytes)
        .flat_map(|byte| [byte >> 4, byte & 15]);
    nibbles.map(|nibble| DIGITS[usize::from(nibble)]).collect()
}
