//! A table whose places are used again, so that what is under way is named by a small number.

/// A table of things under way.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    items: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Slab<T> {
    pub(crate) fn new() -> Self {
        Self { items: Vec::new(), free: Vec::new() }
    }

    pub(crate) fn insert(&mut self, item: T) -> u32 {
        if let Some(place) = self.free.pop() {
            self.items[place as usize] = Some(item);
            return place;
        }
        self.items.push(Some(item));
        u32::try_from(self.items.len() - 1).expect("fewer than 2^32 things are under way")
    }

    /// Takes out what was put in; each place once.
    pub(crate) fn take(&mut self, place: u32) -> T {
        self.free.push(place);
        self.items[place as usize].take().expect("an event takes out what it was made for, once")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_used_again() {
        let mut slab = Slab::new();
        let (a, b) = (slab.insert('a'), slab.insert('b'));
        assert_eq!((slab.take(a), slab.insert('c')), ('a', a));
        assert_eq!((slab.take(b), slab.take(a)), ('b', 'c'));
    }
}
