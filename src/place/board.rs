//! The fleet and the world in compact arrays: stamps by index, tenants by index, loads as
//! integers. Everything is ordered by id, so the order of the input does not matter. Pure.

use std::collections::BTreeSet;

use crate::model::Fleet;
use crate::model::Load;
use crate::model::Lookup;
use crate::model::RegionName;
use crate::model::StampId;
use crate::model::StampKind;
use crate::model::Tenant;
use crate::model::TenantId;
use crate::model::stamp::DesiredStamp;
use crate::observe::Inventory;
use crate::observe::SeenTenant;

use super::exact::Fine;
use super::placement::StampOrigin;
use super::resident;
use super::resident::Fate;
use super::resident::Resident;
use super::site::Ask;
use super::site::Entry;
use super::site::Life;
use super::site::NOWHERE;
use super::site::Site;
use super::universe;
use super::universe::Measured;

/// The working state of placement.
pub(super) struct Board<'a> {
    /// The fleet.
    pub(super) fleet: &'a Fleet,
    /// The world.
    pub(super) inventory: &'a Inventory,
    /// Every region, in order.
    pub(super) regions: Vec<RegionName>,
    /// Every stamp: those there are ordered by id, then opened ones.
    pub(super) sites: Vec<Site>,
    /// Their indices by id.
    pub(super) by_id: Lookup<StampId, usize>,
    /// Every tenant, ordered by id.
    pub(super) residents: Vec<Resident<'a>>,
    /// For each region, the capacities of shared stamps that no other exceeds everywhere.
    pub(super) largest: Vec<Vec<Load>>,
}

impl<'a> Board<'a> {
    /// Reads the fleet and the world.
    pub(super) fn new(fleet: &'a Fleet, inventory: &'a Inventory) -> Self {
        let (regions, groups) = names(fleet, inventory);
        let sites = universe::sites(fleet, inventory, &regions);
        let mut board = Self {
            by_id: sites
                .iter()
                .enumerate()
                .map(|(index, site)| (site.stamp.id.clone(), index))
                .collect(),
            largest: largest(fleet, &sites, &regions),
            fleet,
            inventory,
            regions,
            sites,
            residents: Vec::new(),
        };
        board.settle_tenants(&groups);
        board.measure();
        board
    }

    /// What the tenant asks of stamps.
    pub(super) fn ask(&self, tenant: usize, entry: Entry) -> Ask {
        let resident = &self.residents[tenant];
        Ask {
            region: resident.region,
            demand: resident.fine(),
            group: resident.group,
            entry,
        }
    }

    /// The tenant takes its place and leaves its home.
    pub(super) fn put(&mut self, tenant: usize, site: usize, row: u8, why: super::placement::Why) {
        let resident = &mut self.residents[tenant];
        resident.fate = Fate::Placed(site, row, why);
        let demand = resident.fine();
        let (group, home) = (resident.group, resident.home);
        self.sites[site].admit(demand, group);
        if let Some(home) = home {
            self.sites[home].release(demand);
        }
    }

    /// The larger of what was measured of the tenant and what the manifest says of it.
    pub(super) fn largest_demand(&self, tenant: usize) -> Load {
        let resident = &self.residents[tenant];
        let demand = resident.demand.unwrap_or_default();
        let declared = resident
            .meant
            .map(|meant| resident::declared_demand(&self.fleet.policy, meant));
        declared.map_or(demand, |declared| declared.max(&demand))
    }

    /// Indices of the tenants that wait for a place.
    pub(super) fn pending(&self) -> Vec<usize> {
        let waits = |&tenant: &usize| matches!(self.residents[tenant].fate, Fate::Pending(_));
        (0..self.residents.len()).filter(waits).collect()
    }

    /// A dedicated stamp whose last tenant leaves is retired, unless it is meant to stay.
    ///
    /// A pool-made one is nobody's when it is empty. A declared one may have been built ahead of
    /// its tenant, so it must have lost one, now or before its retirement began.
    pub(super) fn retire_empty_dedicated(&mut self) {
        for site in &mut self.sites {
            let empty = site.kind == StampKind::Dedicated && site.tenants_after() == 0;
            let served = match site.origin {
                StampOrigin::Declared => {
                    site.left > 0 || matches!(site.life, Life::Ending | Life::Deleted)
                }
                StampOrigin::Pool(_) => site.exists(),
                StampOrigin::Opened { .. } => false,
            };
            let active = site.stamp.desired == DesiredStamp::Active;
            if empty && served && active && !site.stamp.keep_empty {
                site.stamp.desired = DesiredStamp::Retired;
            }
        }
    }

    /// Merges the manifest's tenants with the registry's, both in order of id.
    fn settle_tenants(&mut self, groups: &[&str]) {
        let mut crowd = Crowd {
            exists: self.sites.iter().map(Site::exists).collect(),
            tenants: vec![0; self.sites.len()],
        };
        self.residents
            .reserve(self.fleet.tenants.len().max(self.inventory.tenants.len()));
        let mut seen = self.inventory.tenants.iter().peekable();
        for (id, meant) in &self.fleet.tenants {
            while let Some((stray, entry)) = seen.next_if(|(other, _)| *other < id) {
                self.settle(stray, None, Some(entry), groups, &mut crowd);
            }
            let entry = seen.next_if(|(other, _)| *other == id).map(|(_, e)| e);
            self.settle(id, Some(meant), entry, groups, &mut crowd);
        }
        for (stray, entry) in seen {
            self.settle(stray, None, Some(entry), groups, &mut crowd);
        }
        for (site, tenants) in self.sites.iter_mut().zip(crowd.tenants) {
            site.tenants_before += tenants;
        }
    }

    fn settle(
        &mut self,
        id: &'a TenantId,
        meant: Option<&'a Tenant>,
        seen: Option<&'a SeenTenant>,
        groups: &[&str],
        crowd: &mut Crowd,
    ) {
        // A tenant that is gone for good counts nowhere; wanted again, it is a new one.
        let seen = seen.filter(|seen| !seen.state.is_terminal());
        if meant.is_none() && seen.is_none() {
            return;
        }
        let policy = &self.fleet.policy;
        let demand = resident::demand(policy, meant, seen);
        let region = meant
            .and_then(|tenant| self.regions.binary_search(&tenant.region).ok())
            .unwrap_or(NOWHERE);
        let class = meant.and_then(|tenant| {
            let largest = self.largest.get(region).map_or(&[][..], Vec::as_slice);
            resident::class(policy, tenant, seen, &demand?, largest)
        });
        let group = meant
            .and_then(|tenant| tenant.anti_affinity.as_deref())
            .and_then(|group| groups.binary_search(&group).ok())
            .and_then(|index| u32::try_from(index).ok());
        let home = seen
            .and_then(|seen| self.by_id.get(&seen.stamp).copied())
            .filter(|&home| crowd.exists[home]);
        let kept = seen.and_then(|seen| seen.moved_from.as_ref());
        if let Some(kept) = kept.and_then(|stamp| self.by_id.get(stamp).copied()) {
            crowd.tenants[kept] += 1;
        }
        if let Some(home) = home {
            crowd.tenants[home] += 1;
            if let Some(group) = group {
                self.sites[home].groups.insert(group);
            }
        }
        self.residents.push(Resident {
            id,
            meant,
            demand,
            region,
            class,
            group,
            seen,
            home,
            in_flight: kept.is_some(),
            fate: Fate::Undecided,
        });
    }

    /// Every stamp's load: the larger of what was measured and what its tenants need
    /// (design §11.13).
    fn measure(&mut self) {
        let mut sums = vec![Fine::default(); self.sites.len()];
        let mut unsure = vec![false; self.sites.len()];
        for resident in &self.residents {
            if let Some(home) = resident.home {
                sums[home] = sums[home].plus(resident.fine());
                unsure[home] |= resident.demand.is_none();
            }
        }
        for (index, site) in self.sites.iter_mut().enumerate() {
            let sum = sums[index].0;
            match universe::measured(self.inventory, self.fleet, site) {
                Measured::Young => {
                    site.young = true;
                    site.before = sum.map(|amount| (!unsure[index]).then_some(amount));
                }
                Measured::Seen(seen) => {
                    site.young = false;
                    site.before = std::array::from_fn(|k| seen[k].map(|m| m.max(sum[k])));
                }
            }
            site.load = site.seen();
            site.tenants = site.tenants_before;
        }
    }
}

/// What a million tenants ask of the stamps that they live on, close together: they come in no
/// order that the stamps have.
struct Crowd {
    exists: Vec<bool>,
    /// Tenants in the world.
    tenants: Vec<u32>,
}

/// Every region of the fleet and of its stamps, and every anti-affinity group, in order.
fn names<'a>(fleet: &'a Fleet, inventory: &Inventory) -> (Vec<RegionName>, Vec<&'a str>) {
    let mut groups: BTreeSet<&str> = BTreeSet::new();
    let mut regions: BTreeSet<&RegionName> = BTreeSet::new();
    let shapes = fleet.stamps.values().filter_map(|s| s.shape.as_ref());
    regions.extend(shapes.map(|shape| &shape.region));
    regions.extend(fleet.pools.values().map(|pool| &pool.shape.region));
    regions.extend(inventory.stamps.values().map(|seen| &seen.region));
    let mut last = None;
    for tenant in fleet.tenants.values() {
        // Neighbours often share a region; a million look-ups of the same one are for nothing.
        if last != Some(&tenant.region) {
            regions.insert(&tenant.region);
            last = Some(&tenant.region);
        }
        groups.extend(tenant.anti_affinity.as_deref());
    }
    let regions = regions.into_iter().cloned().collect();
    (regions, groups.into_iter().collect())
}

/// For each region, the capacities of its shared stamps and pools that no other one exceeds in
/// every dimension.
fn largest(fleet: &Fleet, sites: &[Site], regions: &[RegionName]) -> Vec<Vec<Load>> {
    let mut all: Vec<BTreeSet<Load>> = vec![BTreeSet::new(); regions.len()];
    for site in sites {
        let counts = site.kind == StampKind::Shared && site.remains();
        if let Some(capacities) = all.get_mut(site.region).filter(|_| counts) {
            capacities.insert(site.capacity);
        }
    }
    for pool in fleet.pools.values() {
        let index = regions.binary_search(&pool.shape.region);
        if let (Ok(index), StampKind::Shared) = (index, pool.shape.kind) {
            all[index].insert(pool.shape.capacity);
        }
    }
    all.into_iter().map(|set| undominated(&set)).collect()
}

/// The capacities that no other one covers. From the largest on: what covers comes first.
fn undominated(capacities: &BTreeSet<Load>) -> Vec<Load> {
    let mut kept: Vec<Load> = Vec::new();
    for capacity in capacities.iter().rev() {
        let one = Fine::of(capacity);
        if !kept.iter().any(|other| Fine::of(other).covers(one)) {
            kept.push(*capacity);
        }
    }
    kept
}
