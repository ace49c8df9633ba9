//! Texts on the wire: percent-encoding, case folding, ids from keys. Pure.

use std::fmt::Write as _;

use sha2::Digest as _;
use sha2::Sha256;

/// Percent-encodes everything that is not unreserved.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Resource Manager's ids and names are equal whatever their case (S60).
pub(crate) fn fold(text: &str) -> String {
    text.to_ascii_lowercase()
}

/// A region as stampctl writes it: `East US 2` is `eastus2`.
pub(crate) fn region(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// The first `most` bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8], most: usize) -> String {
    bytes
        .iter()
        .take(most)
        .fold(String::new(), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        })
}

/// A request id: the first half tells the idempotency key, the second half the attempt, because
/// Resource Manager replays some refusals to a repeated id (S05).
pub(crate) fn request_id(key: &str, attempt: &str) -> String {
    let half = |text: &str| hex(&Sha256::digest(text.as_bytes()), 8);
    let all = format!("{}{}", half(key), half(attempt));
    let part = |from: usize, to: usize| all.get(from..to).unwrap_or_default();
    format!(
        "{}-{}-{}-{}-{}",
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoding_leaves_only_what_is_unreserved() {
        assert_eq!(encode("a b/c?d&e=é~"), "a%20b%2Fc%3Fd%26e%3D%C3%A9~");
    }

    #[test]
    fn regions_have_one_spelling() {
        for spelling in ["East US 2", "eastus2", "EastUS2"] {
            assert_eq!(region(spelling), "eastus2");
        }
    }

    #[test]
    fn a_request_id_tells_its_key_and_not_its_attempt() {
        let (one, two) = (request_id("k", "1"), request_id("k", "2"));
        assert_eq!(one.len(), 36);
        assert_eq!(one[..18], two[..18]);
        assert_ne!(one, two);
        assert_eq!(one, request_id("k", "1"));
    }
}
