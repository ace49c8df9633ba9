//! How written values become the policy's values. Pure.

use super::super::scalar::Duration;
use super::super::scalar::Hundredths;
use super::super::scalar::Whole;
use super::super::scalar::Word;
use crate::model::Percent;
use crate::model::Seconds;

/// A value as it is written that can replace a default.
pub(super) trait Replaces<T> {
    fn give(&self) -> T;
}

impl<const M: u64> Replaces<u64> for Whole<M> {
    fn give(&self) -> u64 {
        self.0
    }
}

impl<const M: u64> Replaces<u32> for Whole<M> {
    fn give(&self) -> u32 {
        u32::try_from(self.0).unwrap_or(u32::MAX)
    }
}

impl<const M: u64> Replaces<Percent> for Whole<M> {
    fn give(&self) -> Percent {
        Percent(self.give())
    }
}

impl<const M: u64> Replaces<Option<u32>> for Whole<M> {
    fn give(&self) -> Option<u32> {
        Some(self.give())
    }
}

impl Replaces<Seconds> for Duration {
    fn give(&self) -> Seconds {
        Seconds(self.0)
    }
}

impl Replaces<u64> for Hundredths {
    fn give(&self) -> u64 {
        self.0
    }
}

impl Replaces<bool> for bool {
    fn give(&self) -> bool {
        *self
    }
}

impl<T: Copy> Replaces<T> for Word<T> {
    fn give(&self) -> T {
        self.0
    }
}
