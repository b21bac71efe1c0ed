//! A map for few entries: one piece of memory, in order.

/// A map in one piece of memory, ascending by key.
///
/// A B-tree takes a node of eleven places for its first entry, and a node of a swarm has two dozen tables of few entries.
/// This takes what is in it, and little more. Finding is a binary search; putting in and taking out move what stands
/// behind. So it is for tables with a bound of some dozens, or those that grow and shrink at the end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FlatMap<K, V> {
    entries: Vec<(K, V)>,
}

impl<K, V> Default for FlatMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> FlatMap<K, V> {
    /// An empty map, which takes no memory of its own.
    pub const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes out everything.
    pub fn clear(&mut self) {
        self.entries = Vec::new();
    }

    /// Entries, ascending by key.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> + Clone {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// Entries, ascending by key.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.entries.iter_mut().map(|(key, value)| (&*key, value))
    }

    /// Keys, ascending.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + Clone {
        self.entries.iter().map(|(key, _)| key)
    }

    /// Values, by key.
    pub fn values(&self) -> impl Iterator<Item = &V> + Clone {
        self.entries.iter().map(|(_, value)| value)
    }

    /// Values, by key.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.entries.iter_mut().map(|(_, value)| value)
    }

    /// Values, by key.
    pub fn into_values(self) -> impl Iterator<Item = V> {
        self.entries.into_iter().map(|(_, value)| value)
    }

    /// Keeps those entries that `keep` says yes to.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        self.entries.retain_mut(|(key, value)| keep(key, value));
        self.shrink();
    }

    fn shrink(&mut self) {
        let roomy = self.entries.capacity() >= ROOMY && self.entries.len() * 2 <= self.entries.capacity();
        if roomy {
            self.entries.shrink_to(self.entries.len() + self.entries.len() / 2);
        }
    }
}

impl<K: Ord, V> FlatMap<K, V> {
    fn place(&self, key: &K) -> Result<usize, usize> {
        self.entries.binary_search_by(|(other, _)| other.cmp(key))
    }

    /// The value of a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.place(key).ok().map(|at| &self.entries[at].1)
    }

    /// The value of a key.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.place(key).ok().map(|at| &mut self.entries[at].1)
    }

    /// Whether there is an entry.
    pub fn contains_key(&self, key: &K) -> bool {
        self.place(key).is_ok()
    }

    /// Puts in a value; gives the one that it replaces.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.place(&key) {
            Ok(at) => Some(std::mem::replace(&mut self.entries[at].1, value)),
            Err(at) => {
                self.put(at, key, value);
                None
            }
        }
    }

    /// The value of a key; if there is none, the one that `make` makes.
    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let at = self.place(&key).unwrap_or_else(|at| {
            self.put(at, key, make());
            at
        });
        &mut self.entries[at].1
    }

    fn put(&mut self, at: usize, key: K, value: V) {
        if self.entries.len() == self.entries.capacity() {
            self.entries.reserve_exact((self.entries.len() / 8).max(1));
        }
        self.entries.insert(at, (key, value));
    }

    /// Takes out an entry.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let (_, value) = self.entries.remove(self.place(key).ok()?);
        self.shrink();
        Some(value)
    }

    /// Takes out the entry with the smallest key.
    pub fn pop_first(&mut self) -> Option<(K, V)> {
        let first = (!self.is_empty()).then(|| self.entries.remove(0));
        self.shrink();
        first
    }

    /// Keys beyond `key`, ascending.
    pub fn keys_after(&self, key: &K) -> impl DoubleEndedIterator<Item = &K> + Clone {
        let from = self.place(key).map_or_else(|at| at, |at| at + 1);
        self.entries[from..].iter().map(|(key, _)| key)
    }

    /// Keys before `key`, ascending.
    pub fn keys_before(&self, key: &K) -> impl DoubleEndedIterator<Item = &K> + Clone {
        let until = self.place(key).unwrap_or_else(|at| at);
        self.entries[..until].iter().map(|(key, _)| key)
    }
}

/// Places from which on empty ones are given back.
const ROOMY: usize = 8;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_holds_what_a_tree_would(steps in prop::collection::vec((0u8..6, 0u8..60, 0u32..100), 0..300)) {
            let (mut flat, mut tree) = (FlatMap::new(), BTreeMap::new());
            for (what, key, value) in steps {
                match what {
                    0 | 1 => prop_assert_eq!(flat.insert(key, value), tree.insert(key, value)),
                    2 => prop_assert_eq!(flat.remove(&key), tree.remove(&key)),
                    3 => prop_assert_eq!(*flat.get_or_insert_with(key, || value), *tree.entry(key).or_insert(value)),
                    4 if key < 4 => prop_assert_eq!(flat.pop_first(), tree.pop_first()),
                    5 if key < 4 => {
                        flat.retain(|_, it| *it % 3 > 0);
                        tree.retain(|_, it| *it % 3 > 0);
                    }
                    _ => prop_assert_eq!(flat.get(&key), tree.get(&key)),
                }
                prop_assert!(flat.iter().eq(tree.iter()));
                prop_assert!(flat.keys_before(&key).eq(tree.range(..key).map(|(key, _)| key)));
                prop_assert!(flat.keys_after(&key).eq(tree.range(key + 1..).map(|(key, _)| key)));
            }
        }
    }

    #[test]
    fn it_gives_back_what_it_no_longer_needs() {
        let mut map: FlatMap<u32, u64> = FlatMap::new();
        (0..100).for_each(|key| _ = map.insert(key, 0));
        assert!(map.entries.capacity() <= 113);
        (0..95).for_each(|key| _ = map.remove(&key));
        assert!(map.entries.capacity() <= 10);
    }
}
