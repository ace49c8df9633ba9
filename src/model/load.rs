//! Loads and capacities in the four dimensions of a stamp (S0-36), as whole numbers.

use std::ops::Index;
use std::ops::IndexMut;

use serde::Deserialize;
use serde::Serialize;

/// What a stamp can run out of. The order is the order of reports and tie-breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[derive(schemars::JsonSchema)]
pub enum Dimension {
    /// Compute, in millicores.
    Cpu,
    /// Memory, in MiB.
    Memory,
    /// Storage, in MiB.
    Storage,
    /// Database throughput, in hundredths of a DTU.
    Dtu,
}

impl Dimension {
    /// Every dimension, in order.
    pub const ALL: [Dimension; 4] = [Self::Cpu, Self::Memory, Self::Storage, Self::Dtu];

    /// The word for the dimension.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Storage => "storage",
            Self::Dtu => "dtu",
        }
    }
}

/// An amount in each dimension: a tenant's demand, a stamp's load, or a stamp's capacity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct Load {
    /// Millicores.
    pub cpu: u64,
    /// MiB of memory.
    pub memory: u64,
    /// MiB of storage.
    pub storage: u64,
    /// Hundredths of a DTU.
    pub dtu: u64,
}

impl Index<Dimension> for Load {
    type Output = u64;

    fn index(&self, dimension: Dimension) -> &u64 {
        match dimension {
            Dimension::Cpu => &self.cpu,
            Dimension::Memory => &self.memory,
            Dimension::Storage => &self.storage,
            Dimension::Dtu => &self.dtu,
        }
    }
}

impl IndexMut<Dimension> for Load {
    fn index_mut(&mut self, dimension: Dimension) -> &mut u64 {
        match dimension {
            Dimension::Cpu => &mut self.cpu,
            Dimension::Memory => &mut self.memory,
            Dimension::Storage => &mut self.storage,
            Dimension::Dtu => &mut self.dtu,
        }
    }
}

impl Load {
    /// The sum, dimension by dimension.
    #[must_use]
    pub fn plus(mut self, other: &Load) -> Self {
        for dimension in Dimension::ALL {
            self[dimension] = self[dimension].saturating_add(other[dimension]);
        }
        self
    }

    /// The difference, dimension by dimension, never below zero.
    #[must_use]
    pub fn minus(mut self, other: &Load) -> Self {
        for dimension in Dimension::ALL {
            self[dimension] = self[dimension].saturating_sub(other[dimension]);
        }
        self
    }

    /// The larger of both, dimension by dimension.
    #[must_use]
    pub fn max(mut self, other: &Load) -> Self {
        for dimension in Dimension::ALL {
            self[dimension] = self[dimension].max(other[dimension]);
        }
        self
    }

    /// The load as hundredths of a percent of `capacity` in the dimension, rounded up, so that
    /// what is over a limit never looks as if it were at it. `u64::MAX` where there is no capacity.
    pub fn basis_points(&self, capacity: &Load, dimension: Dimension) -> u64 {
        if self[dimension] == 0 {
            return 0;
        }
        let scaled = u128::from(self[dimension]) * 10_000;
        match u128::from(capacity[dimension]) {
            0 => u64::MAX,
            whole => u64::try_from(scaled.div_ceil(whole)).unwrap_or(u64::MAX),
        }
    }

    /// The fullest dimension and how full it is, in basis points; the first of equals.
    pub fn fullest(&self, capacity: &Load) -> (Dimension, u64) {
        let mut fullest = (Dimension::Cpu, 0);
        for dimension in Dimension::ALL {
            let points = self.basis_points(capacity, dimension);
            if points > fullest.1 {
                fullest = (dimension, points);
            }
        }
        fullest
    }

    /// Whether the load is strictly below `percent` of `capacity` in every dimension.
    pub fn is_below(&self, capacity: &Load, percent: u32) -> bool {
        Dimension::ALL.iter().all(|&dimension| {
            u128::from(self[dimension]) * 100
                < u128::from(capacity[dimension]) * u128::from(percent)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_is_strict() {
        let capacity = Load {
            cpu: 10_000,
            memory: 10_000,
            storage: 10_000,
            dtu: 10_000,
        };
        let at = |cpu| Load {
            cpu,
            ..Load::default()
        };
        assert!(at(8_499).is_below(&capacity, 85));
        assert!(!at(8_500).is_below(&capacity, 85));
        assert_eq!(at(8_501).fullest(&capacity), (Dimension::Cpu, 8_501));
    }
}
