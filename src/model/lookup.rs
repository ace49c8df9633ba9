//! A table that can be asked and never walked.
//!
//! It finds an entry by hash, which is several times quicker than to compare texts that differ
//! late. Hash tables are kept out of pure modules because the order in which they are walked is
//! not the input's. This one cannot be walked, so that nothing of that order can reach a plan.

use std::borrow::Borrow;
use std::hash::BuildHasher as _;
use std::hash::Hash;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

/// Values by key, without an order.
#[derive(Clone, Debug)]
pub struct Lookup<K, V> {
    entries: HashTable<(K, V)>,
    hasher: RandomState,
}

impl<K, V> Default for Lookup<K, V> {
    fn default() -> Self {
        Self {
            entries: HashTable::new(),
            hasher: RandomState::default(),
        }
    }
}

impl<K: Hash + Eq, V> Lookup<K, V> {
    /// An empty table with room for so many entries.
    pub fn with_capacity(entries: usize) -> Self {
        Self {
            entries: HashTable::with_capacity(entries),
            hasher: RandomState::default(),
        }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value of a key.
    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let same = |entry: &(K, V)| entry.0.borrow() == key;
        let entry = self.entries.find(self.hasher.hash_one(key), same);
        entry.map(|(_, value)| value)
    }

    /// Whether there is such a key.
    pub fn contains<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.get(key).is_some()
    }

    /// The value of a key, made by `make` and kept where there is none.
    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let Self { entries, hasher } = self;
        let hash = hasher.hash_one(&key);
        let entry = entries.entry(
            hash,
            |known| known.0 == key,
            |known| hasher.hash_one(&known.0),
        );
        match entry {
            Entry::Occupied(known) => &mut known.into_mut().1,
            Entry::Vacant(place) => &mut place.insert((key, make())).into_mut().1,
        }
    }

    /// Keeps a value where the key has none; says whether it had none.
    pub fn insert(&mut self, key: K, value: V) -> bool {
        let known = self.entries.len();
        self.get_or_insert_with(key, || value);
        self.entries.len() > known
    }
}

impl<K: Hash + Eq, V> FromIterator<(K, V)> for Lookup<K, V> {
    /// The first value of each key.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let entries = entries.into_iter();
        let mut lookup = Self::with_capacity(entries.size_hint().0);
        for (key, value) in entries {
            lookup.insert(key, value);
        }
        lookup
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_answers_as_a_map_does(
            entries in proptest::collection::vec(("[a-c]{1,3}", 0..9_u8), 0..60),
            asked in proptest::collection::vec("[a-c]{1,3}", 0..30),
        ) {
            let mut map = BTreeMap::new();
            let mut lookup = Lookup::default();
            for (key, value) in entries {
                let new = !map.contains_key(&key);
                map.entry(key.clone()).or_insert(value);
                prop_assert_eq!(lookup.insert(key, value), new);
            }
            prop_assert_eq!(lookup.len(), map.len());
            prop_assert_eq!(lookup.is_empty(), map.is_empty());
            for key in &asked {
                prop_assert_eq!(lookup.get(key.as_str()), map.get(key));
                prop_assert_eq!(lookup.contains(key.as_str()), map.contains_key(key));
            }
        }
    }
}
