//! Amounts in ten-thousandths of a unit, so that a measured basis point is exact. Pure.
//!
//! A stamp's measured load arrives in hundredths of a percent of its capacity. 84.99 % of ten
//! units is no whole number of units; rounded either way it would land on the wrong side of
//! 85 % (X-6). In these parts `basis points × capacity` is a whole number, and so is every
//! threshold.

use crate::model::Dimension;
use crate::model::Load;

/// Parts of one unit: as many as basis points in a whole.
const PARTS: u64 = 10_000;

/// An amount in each dimension, in ten-thousandths; in the order of [`Dimension::ALL`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fine(pub(super) [u64; 4]);

impl Fine {
    /// The same amount in parts. Absurd amounts saturate and then fit nowhere.
    pub(super) fn of(load: &Load) -> Self {
        Self(Dimension::ALL.map(|d| load[d].saturating_mul(PARTS)))
    }

    /// What a load must stay strictly below to be below `percent` of `capacity`.
    pub(super) fn ceiling(capacity: &Load, percent: u32) -> Self {
        let share = u64::from(percent) * (PARTS / 100);
        Self(Dimension::ALL.map(|d| capacity[d].saturating_mul(share)))
    }

    /// The sum.
    pub(super) fn plus(self, other: Self) -> Self {
        Self(std::array::from_fn(|k| {
            self.0[k].saturating_add(other.0[k])
        }))
    }

    /// The difference, never below zero.
    pub(super) fn minus(self, other: Self) -> Self {
        Self(std::array::from_fn(|k| {
            self.0[k].saturating_sub(other.0[k])
        }))
    }

    /// Whether every dimension is strictly below `ceiling`.
    pub(super) fn is_below(self, ceiling: Self) -> bool {
        (0..4).all(|k| self.0[k] < ceiling.0[k])
    }

    /// Whether no dimension is smaller than `other`'s.
    pub(super) fn covers(self, other: Self) -> bool {
        (0..4).all(|k| self.0[k] >= other.0[k])
    }

    /// The first dimension that is not strictly below `ceiling`.
    pub(super) fn reaches(self, ceiling: Self) -> Option<Dimension> {
        let at = (0..4).find(|&k| self.0[k] >= ceiling.0[k])?;
        Some(Dimension::ALL[at])
    }

    /// The first dimension that is used at all and not strictly below `ceiling`.
    pub(super) fn has_reached(self, ceiling: Self) -> Option<Dimension> {
        let at = (0..4).find(|&k| self.0[k] > 0 && self.0[k] >= ceiling.0[k])?;
        Some(Dimension::ALL[at])
    }

    /// The fullest dimension and its basis points of `capacity`, rounded up; the first of equals.
    pub(super) fn fullest(self, capacity: &Load) -> (Dimension, u64) {
        let mut fullest = (Dimension::Cpu, 0);
        for (amount, dimension) in self.0.into_iter().zip(Dimension::ALL) {
            let points = match (amount, capacity[dimension]) {
                (0, _) => 0,
                (_, 0) => u64::MAX,
                (amount, whole) => amount.div_ceil(whole),
            };
            if points > fullest.1 {
                fullest = (dimension, points);
            }
        }
        fullest
    }

    /// Whole units, rounded up.
    pub(super) fn load(self) -> Load {
        let mut load = Load::default();
        for (amount, dimension) in self.0.into_iter().zip(Dimension::ALL) {
            load[dimension] = amount.div_ceil(PARTS);
        }
        load
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// 84.99 % is below 85 % and 85.00 % is not, whatever the capacity.
        #[test]
        fn a_basis_point_decides_for_any_capacity(whole in 1_u64..1_000_000_000) {
            let capacity = Load { cpu: whole, memory: whole, storage: whole, dtu: whole };
            let at = |points: u64| Fine([whole * points, 0, 0, 0]);
            let ceiling = Fine::ceiling(&capacity, 85);
            prop_assert!(at(8_499).is_below(ceiling));
            prop_assert_eq!(at(8_500).reaches(ceiling), Some(Dimension::Cpu));
            prop_assert_eq!(at(8_501).fullest(&capacity), (Dimension::Cpu, 8_501));
        }
    }
}
