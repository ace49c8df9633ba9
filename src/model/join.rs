//! Two maps with the same keys, walked together.
//!
//! A look-up for each of a million tenants costs more than reading both maps from end to end.

use std::collections::BTreeMap;

/// Every entry of `left` with the entry of `right` that has the same key, in order of the keys.
/// Linear in both maps together.
pub fn left_join<'a, K: Ord, L, R>(
    left: &'a BTreeMap<K, L>,
    right: &'a BTreeMap<K, R>,
) -> impl Iterator<Item = (&'a K, &'a L, Option<&'a R>)> {
    let mut right = right.iter().peekable();
    left.iter().map(move |(key, one)| {
        while right.next_if(|(other, _)| *other < key).is_some() {}
        let same = right.next_if(|(other, _)| *other == key);
        (key, one, same.map(|(_, two)| two))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_finds_what_a_look_up_finds(
            left in proptest::collection::btree_map(0..60_u8, 0..9_u8, 0..40),
            right in proptest::collection::btree_map(0..60_u8, 0..9_u8, 0..40),
        ) {
            let joined: Vec<_> = left_join(&left, &right).collect();
            let looked: Vec<_> = left.iter().map(|(k, l)| (k, l, right.get(k))).collect();
            prop_assert_eq!(joined, looked);
        }
    }
}
