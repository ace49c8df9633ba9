//! Many short lists of places in one long one. Pure.
//!
//! A plan has a list for each step, subject and resource, nearly all of them short. One
//! allocation for each would cost more than what is in them.

/// Lists by number.
#[derive(Debug, Default)]
pub struct Rows {
    flat: Vec<usize>,
    /// Where each list ends in `flat`; it begins where the one before it ends.
    ends: Vec<usize>,
}

impl Rows {
    /// No lists yet, with room for so many, and for so many items in all.
    pub fn with_room(rows: usize, items: usize) -> Self {
        Self {
            flat: Vec::with_capacity(items),
            ends: Vec::with_capacity(rows),
        }
    }

    /// So many lists, from pairs of list and item. Items of a list keep their order.
    pub fn of(rows: usize, pairs: impl Iterator<Item = (usize, usize)> + Clone) -> Self {
        let mut ends = vec![0; rows + 1];
        for (row, _) in pairs.clone() {
            ends[row + 1] += 1;
        }
        for row in 0..rows {
            ends[row + 1] += ends[row];
        }
        // Each list's begin moves to its end while it is filled.
        let mut flat = vec![0; ends[rows]];
        for (row, item) in pairs {
            flat[ends[row]] = item;
            ends[row] += 1;
        }
        ends.truncate(rows);
        Self { flat, ends }
    }

    /// Ends the list that is being filled, sorted and without repetitions, and begins the next.
    pub fn push_set(&mut self, items: impl Iterator<Item = usize>) {
        let begin = self.flat.len();
        self.flat.extend(items);
        self.flat[begin..].sort_unstable();
        let mut kept = begin;
        for at in begin..self.flat.len() {
            if at == begin || self.flat[at] != self.flat[kept - 1] {
                self.flat[kept] = self.flat[at];
                kept += 1;
            }
        }
        self.flat.truncate(kept);
        self.ends.push(kept);
    }

    /// How many lists there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Where a list stands in all of them put together.
    pub fn range(&self, row: usize) -> std::ops::Range<usize> {
        let begin = if row == 0 { 0 } else { self.ends[row - 1] };
        begin..self.ends[row]
    }

    /// A list.
    pub fn row(&self, row: usize) -> &[usize] {
        &self.flat[self.range(row)]
    }

    /// All lists put together.
    pub fn all(&self) -> &[usize] {
        &self.flat
    }

    /// Every list, in order.
    pub fn iter(&self) -> impl Iterator<Item = &[usize]> {
        (0..self.len()).map(|row| self.row(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_of_a_list_keep_their_order() {
        let rows = Rows::of(3, [(2, 7), (0, 5), (2, 6), (0, 5)].into_iter());
        let lists: Vec<&[usize]> = rows.iter().collect();
        assert_eq!(lists, [&[5, 5][..], &[], &[7, 6]]);
        assert_eq!(rows.range(2), 2..4);
        assert!(Rows::of(0, std::iter::empty()).is_empty());
    }

    #[test]
    fn a_set_is_sorted_and_has_everything_once() {
        let mut rows = Rows::with_room(2, 4);
        rows.push_set([3, 1, 3, 1].into_iter());
        rows.push_set(std::iter::empty());
        rows.push_set([3].into_iter());
        let lists: Vec<&[usize]> = rows.iter().collect();
        assert_eq!(lists, [&[1, 3][..], &[], &[3]]);
        assert_eq!(rows.all(), [1, 3, 3]);
    }
}
