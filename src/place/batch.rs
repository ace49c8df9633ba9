//! The tenants that wait in one region, as the packing core takes them. Pure.

use crate::model::Pool;

use super::board::Board;
use super::exact::Fine;
use super::pack;
use super::pack::Item;

/// The resources and the number of tenants.
const D: usize = 5;

/// Bits that an amount may have: sums of a stamp's tenants must not overflow.
const BITS: u32 = 48;

/// For each tenant the new stamp of the pool, from zero, that it goes to; at most `most` stamps.
/// Every tenant fits a stamp of its own.
pub(super) fn packed(board: &Board, pool: &Pool, tenants: &[usize], most: u32) -> Vec<Option<u32>> {
    let placement = &board.fleet.policy.placement;
    let ceiling = Fine::ceiling(&pool.shape.capacity, placement.bands.provision.0).0;
    // Amounts round up and limits down, so that absurd ones stay safe.
    let shift = ceiling.map(|c| (u64::BITS - c.leading_zeros()).saturating_sub(BITS));
    let limit = |k: usize| match ceiling.get(k) {
        Some(ceiling) => ceiling.saturating_sub(1) >> shift[k],
        None => u64::from(placement.max_tenants_per_shared),
    };
    let limits: [u64; D] = std::array::from_fn(limit);
    let items: Vec<Item<D>> = tenants
        .iter()
        .map(|&tenant| {
            let resident = &board.residents[tenant];
            let amounts = resident.fine().0;
            let demand = |k: usize| match amounts.get(k) {
                Some(amount) => amount.div_ceil(1 << shift[k]),
                None => 1,
            };
            Item {
                demand: std::array::from_fn(demand),
                mask: 1,
                group: resident.group.unwrap_or(pack::NONE),
                home: pack::NONE,
                copy: 0,
                pinned: false,
            }
        })
        .collect();
    let shape = pack::Pool::new(1, limits, limits, most);
    pack::batch(&items, &shape).of
}
