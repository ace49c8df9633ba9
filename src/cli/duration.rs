//! Lengths of time as they are typed: `90s`, `15m`, `24h`, `7d`, `1h30m`.

/// Seconds in a length of time.
pub(super) fn seconds(text: &str) -> Result<u32, String> {
    let bad = || format!("`{text}` is no length of time; write it as 90s, 15m, 24h, 7d or 1h30m");
    let mut rest = text;
    let mut sum = 0_u32;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: u32 = rest[..digits].parse().map_err(|_| bad())?;
        let mut after = rest[digits..].chars();
        let unit: u32 = match after.next() {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 60 * 60,
            Some('d') => 24 * 60 * 60,
            Some('w') => 7 * 24 * 60 * 60,
            _ => return Err(bad()),
        };
        let part = number.checked_mul(unit).ok_or_else(bad)?;
        sum = sum.checked_add(part).ok_or_else(bad)?;
        rest = after.as_str();
    }
    if sum == 0 { Err(bad()) } else { Ok(sum) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_and_nonsense_is_not() {
        assert_eq!(seconds("24h"), Ok(86_400));
        assert_eq!(seconds("1h30m"), Ok(5_400));
        assert_eq!(seconds("1d1s"), Ok(86_401));
        for bad in ["", "h", "10", "1x", "-1h", "0s", "99999999w", "1h ", "١h"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }
}
