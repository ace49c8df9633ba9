//! Stamps that pools open (rows 3, 6 and 7 of DT-1, S0-11, S0-39). Pure.

use std::collections::BTreeMap;

use crate::model::Load;
use crate::model::Pool;
use crate::model::StampId;
use crate::model::StampKind;
use crate::model::stamp::DesiredStamp;
use crate::model::stamp::Shape;

use super::board::Board;
use super::exact::Fine;
use super::naming;
use super::placement::OpenReason;
use super::placement::PoolIneligible;
use super::placement::PoolRefusal;
use super::placement::StampOrigin;
use super::quota::Quota;
use super::resident::Resident;
use super::site::Life;
use super::site::Site;
use super::size;

/// What the pools may still open.
pub(super) struct Opener<'a> {
    /// Pools for each region and kind, by name.
    pools: BTreeMap<(usize, StampKind), Vec<&'a Pool>>,
    /// Stamps of each region and kind.
    counts: BTreeMap<(usize, StampKind), u32>,
    /// The largest number that a shared stamp of each region ever had.
    numbers: Vec<u64>,
    quota: Quota,
}

impl<'a> Opener<'a> {
    /// What the pools may open beside the stamps there are.
    pub(super) fn new(board: &Board<'a>) -> Self {
        let mut pools: BTreeMap<_, Vec<&Pool>> = BTreeMap::new();
        for pool in board.fleet.pools.values() {
            if let Ok(region) = board.regions.binary_search(&pool.shape.region) {
                let key = (region, pool.shape.kind);
                pools.entry(key).or_default().push(pool);
            }
        }
        let mut counts = BTreeMap::new();
        for site in &board.sites {
            // A tombstone counts when it is built again.
            if site.remains() && site.life != Life::Deleted {
                *counts.entry((site.region, site.kind)).or_insert(0) += 1;
            }
        }
        Self {
            pools,
            counts,
            numbers: numbers(board),
            quota: Quota::new(board),
        }
    }

    /// The region's pools of this kind, by name.
    pub(super) fn pools(&self, region: usize, kind: StampKind) -> Vec<&'a Pool> {
        let pools = self.pools.get(&(region, kind));
        pools.map_or_else(Vec::new, Clone::clone)
    }

    /// Stamps of the region and kind.
    pub(super) fn count(&self, region: usize, kind: StampKind) -> u32 {
        self.counts.get(&(region, kind)).copied().unwrap_or(0)
    }

    /// How many more stamps the pool may open, by its bounds and by the cores that are free.
    pub(super) fn could_open(&mut self, board: &Board, region: usize, pool: &Pool) -> u32 {
        let most = pool.max.min(board.fleet.policy.capacity.max_stamps);
        let bound = most.saturating_sub(self.count(region, pool.shape.kind));
        let cores = pool.shape.compute.cores();
        let free = self.quota.free(board, &pool.shape).unwrap_or(0);
        let by_cores = free.checked_div(cores).unwrap_or(u64::MAX);
        u32::try_from(by_cores).map_or(bound, |by_cores| by_cores.min(bound))
    }

    /// Opens a shared stamp. Gives its index.
    pub(super) fn shared(
        &mut self,
        board: &mut Board,
        region: usize,
        pool: &Pool,
        why: OpenReason,
    ) -> Result<usize, PoolIneligible> {
        self.within_bounds(board, region, pool)?;
        let number = self.numbers[region].saturating_add(1);
        let Some(id) = naming::shared(&board.regions[region], number) else {
            // No legal id is left: the pool has come to its end.
            return Err(PoolIneligible::Maximum(
                self.count(region, StampKind::Shared),
            ));
        };
        let shape = naming::shape(pool, &id);
        self.quota.take(board, &shape)?;
        self.numbers[region] = number;
        Ok(self.add(board, region, pool, id, shape, why))
    }

    /// Opens the tenant's own stamp, as large as it must be. Gives its index.
    pub(super) fn dedicated(
        &mut self,
        board: &mut Board,
        tenant: usize,
    ) -> Result<usize, Vec<PoolRefusal>> {
        let resident = &board.residents[tenant];
        let region = resident.region;
        let demand = board.largest_demand(tenant);
        let why = OpenReason::Dedicated(resident.id.clone());
        let name = board.regions.get(region);
        let Some(id) = name.and_then(|name| naming::dedicated(resident.id, name)) else {
            return Err(Vec::new());
        };
        let mut refusals = Vec::new();
        for pool in self.pools(region, StampKind::Dedicated) {
            match self.own(board, region, pool, &id, &demand, why.clone()) {
                Ok(site) => return Ok(site),
                Err(why) => refusals.push(PoolRefusal {
                    pool: pool.name.clone(),
                    why,
                }),
            }
        }
        Err(refusals)
    }

    fn own(
        &mut self,
        board: &mut Board,
        region: usize,
        pool: &Pool,
        id: &StampId,
        demand: &Load,
        why: OpenReason,
    ) -> Result<usize, PoolIneligible> {
        self.within_bounds(board, region, pool)?;
        let percent = board.fleet.policy.placement.bands.provision.0;
        let shape = size::fitted(&naming::shape(pool, id), demand, percent)
            .map_err(PoolIneligible::TooLarge)?;
        self.quota.take(board, &shape)?;
        Ok(self.add(board, region, pool, id.clone(), shape, why))
    }

    /// Whether a new stamp of the pool could take the demand at all.
    pub(super) fn fits(board: &Board, pool: &Pool, demand: Fine) -> Result<(), PoolIneligible> {
        let percent = board.fleet.policy.placement.bands.provision.0;
        let ceiling = Fine::ceiling(&pool.shape.capacity, percent);
        demand
            .reaches(ceiling)
            .map_or(Ok(()), |d| Err(PoolIneligible::TooLarge(d)))
    }

    /// Why the pool would open nothing for the demand; `None`: it would.
    pub(super) fn refuses(
        &mut self,
        board: &Board,
        region: usize,
        pool: &Pool,
        demand: Fine,
    ) -> Option<PoolIneligible> {
        Self::fits(board, pool, demand)
            .and_then(|()| self.within_bounds(board, region, pool))
            .err()
            .or_else(|| {
                let needed = pool.shape.compute.cores();
                match self.quota.free(board, &pool.shape) {
                    None => Some(PoolIneligible::QuotaUnknown),
                    Some(free) if free < needed => Some(PoolIneligible::Quota { needed, free }),
                    Some(_) => None,
                }
            })
    }

    /// The pool's maximum and the policy's, whichever is smaller.
    fn within_bounds(
        &self,
        board: &Board,
        region: usize,
        pool: &Pool,
    ) -> Result<(), PoolIneligible> {
        let most = pool.max.min(board.fleet.policy.capacity.max_stamps);
        if self.count(region, pool.shape.kind) < most {
            Ok(())
        } else {
            Err(PoolIneligible::Maximum(most))
        }
    }

    fn add(
        &mut self,
        board: &mut Board,
        region: usize,
        pool: &Pool,
        id: StampId,
        shape: Shape,
        why: OpenReason,
    ) -> usize {
        *self.counts.entry((region, shape.kind)).or_insert(0) += 1;
        let stamp = naming::stamp(id.clone(), shape, DesiredStamp::Active, false);
        let origin = StampOrigin::Opened {
            pool: pool.name.clone(),
            why,
        };
        let index = board.sites.len();
        board.by_id.insert(id, index);
        board
            .sites
            .push(Site::empty(stamp, origin, Life::Absent, region));
        index
    }
}

/// The largest number of a shared stamp in each region: declared, seen, a tombstone, or one that
/// a tenant's entry still names.
fn numbers(board: &Board) -> Vec<u64> {
    let declared = board.fleet.stamps.keys();
    let seen = board.inventory.stamps.keys();
    let mut numbers = vec![0; board.regions.len()];
    let strays = board.residents.iter().filter(|r| r.home.is_none());
    let named = strays.filter_map(Resident::was);
    for id in declared.chain(seen).chain(named) {
        let Some((head, _)) = id.as_str().rsplit_once('-') else {
            continue;
        };
        let Some(region) = head.strip_prefix("shared-") else {
            continue;
        };
        let region = board
            .regions
            .binary_search_by(|name| name.as_str().cmp(region));
        if let Ok(region) = region
            && let Some(number) = naming::number(id, &board.regions[region])
        {
            numbers[region] = numbers[region].max(number);
        }
    }
    numbers
}
