//! Fixed-point shares of a stamp and their powers. They rank; they never decide what fits. Pure.

/// Bits of a share: one whole stamp is `1 << SHARE`.
pub(super) const SHARE: u32 = 20;

/// Bits of a power.
const POWER: u32 = 30;

/// Bits of a capacity that are looked at.
const MANTISSA: u32 = 24;

/// How amounts become shares of a capacity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scale<const D: usize> {
    shift: [u32; D],
    inverse: [u64; D],
}

impl<const D: usize> Scale<D> {
    /// Shares of this capacity.
    pub(super) fn new(capacity: &[u64; D]) -> Self {
        let shift = capacity.map(|c| (u64::BITS - c.leading_zeros()).saturating_sub(MANTISSA));
        let inverse = std::array::from_fn(|k| {
            let whole = (capacity[k] >> shift[k]).max(1);
            (1 << (SHARE + MANTISSA)) / whole
        });
        Self { shift, inverse }
    }

    /// One amount as a share.
    pub(super) fn share(&self, k: usize, amount: u64) -> u64 {
        (amount >> self.shift[k]).saturating_mul(self.inverse[k]) >> MANTISSA
    }

    /// All amounts as shares.
    pub(super) fn shares(&self, amounts: &[u64; D]) -> [u64; D] {
        std::array::from_fn(|k| self.share(k, amounts[k]))
    }

    /// The largest share.
    pub(super) fn size(&self, amounts: &[u64; D]) -> u64 {
        (0..D).map(|k| self.share(k, amounts[k])).max().unwrap_or(0)
    }
}

/// The seventh power of a share: the slope of the potential that a balanced fill keeps low.
pub(super) fn seventh(share: u64) -> u64 {
    let l = share.min(4 << SHARE) << (POWER - SHARE);
    let l2 = times(l, l);
    let l4 = times(l2, l2);
    times(times(l4, l2), l)
}

/// A share to the power 2^`doublings`.
pub(super) fn power(share: u64, doublings: u32) -> u64 {
    let mut l = share.min(4 << SHARE) << (POWER - SHARE);
    for _ in 0..doublings {
        l = times(l, l).min(1 << 62);
    }
    l
}

fn times(a: u64, b: u64) -> u64 {
    let product = (u128::from(a) * u128::from(b)) >> POWER;
    u64::try_from(product).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_near_the_truth_for_any_capacity() {
        for capacity in [1_u64, 99, 54_399, 1 << 30, 1 << 50] {
            let scale = Scale::new(&[capacity]);
            let whole = scale.share(0, capacity);
            assert!(whole.abs_diff(1 << SHARE) <= 2, "{capacity}: {whole}");
        }
    }

    #[test]
    fn powers_grow_with_the_share() {
        let shares: Vec<u64> = (0..=20).map(|n| (n << SHARE) / 10).collect();
        for pair in shares.windows(2) {
            assert!(seventh(pair[0]) <= seventh(pair[1]));
            assert!(power(pair[0], 5) <= power(pair[1], 5));
        }
        assert_eq!(seventh(1 << SHARE), 1 << POWER);
    }
}
