//! Rows 2 to 8 of DT-1: a place for everyone who waits for one. Pure.

use std::collections::BTreeMap;

use crate::model::Load;
use crate::model::StampKind;
use crate::model::policy::Band;
use crate::model::stamp::DesiredStamp;
use crate::model::stamp::Role;

use super::batch;
use super::board::Board;
use super::choose::Chooser;
use super::exact::Fine;
use super::naming;
use super::open::Opener;
use super::placement::LeaveReason;
use super::placement::OpenReason;
use super::placement::PoolRefusal;
use super::placement::Why;
use super::resident::Fate;
use super::site::Entry;
use super::site::Life;
use super::site::Site;
use super::sticky;

/// The work of placing, with the indices it needs.
pub(super) struct Assignment<'a> {
    opener: Opener<'a>,
    chooser: Chooser,
}

impl<'a> Assignment<'a> {
    /// Nothing placed yet.
    pub(super) fn new(board: &Board<'a>) -> Self {
        Self {
            opener: Opener::new(board),
            chooser: Chooser::new(board),
        }
    }

    /// Opens what pools of shared stamps have too few of.
    pub(super) fn open_minimums(&mut self, board: &mut Board<'a>) {
        for region in 0..board.regions.len() {
            for pool in self.opener.pools(region, StampKind::Shared) {
                while self.opener.count(region, StampKind::Shared) < pool.min {
                    let opened = self.opener.shared(board, region, pool, OpenReason::Minimum);
                    let Ok(site) = opened else { break };
                    self.chooser.add(board, site);
                }
            }
        }
    }

    /// Row 2: exactly the stamp that the manifest names, if its hard rules let the tenant in.
    pub(super) fn place_pinned(&mut self, board: &mut Board<'a>) {
        for tenant in board.pending() {
            let Some(stamp) = sticky::pin(board, tenant) else {
                continue;
            };
            let site = board.by_id.get(stamp).copied();
            let dedicated = board.residents[tenant].class.is_some();
            let ask = board.ask(tenant, Entry::Pinned(dedicated));
            let policy = &board.fleet.policy;
            match site.filter(|&site| board.sites[site].refuses(&ask, policy).is_none()) {
                Some(site) => self.put(board, tenant, site, 2, Why::Pinned),
                None => refuse(board, tenant, Vec::new()),
            }
        }
    }

    /// Row 3: the stamp that bears the tenant's name.
    pub(super) fn place_dedicated(&mut self, board: &mut Board<'a>) {
        for tenant in board.pending() {
            let resident = &board.residents[tenant];
            let Some(rule) = resident.class else { continue };
            let name = board.regions.get(resident.region);
            let own = name.and_then(|name| naming::dedicated(resident.id, name));
            let own = own.and_then(|id| board.by_id.get(&id).copied());
            let found = match own {
                Some(site) => {
                    let ask = board.ask(tenant, Entry::Own);
                    let refuses = board.sites[site].refuses(&ask, &board.fleet.policy);
                    refuses.map_or(Ok(site), |_| Err(Vec::new()))
                }
                None => self.opener.dedicated(board, tenant),
            };
            match found {
                Ok(site) => self.put(board, tenant, site, 3, Why::Dedicated(rule)),
                Err(pools) => refuse(board, tenant, pools),
            }
        }
    }

    /// Rows 4 to 6, from the largest tenant to the smallest.
    pub(super) fn place_shared(&mut self, board: &mut Board<'a>) {
        let mut left: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for tenant in by_size(board) {
            if let Some((site, row)) = self.chooser.best(board, tenant) {
                self.put(board, tenant, site, row, joins(board, site));
            } else {
                let region = board.residents[tenant].region;
                left.entry(region).or_default().push(tenant);
            }
        }
        for (region, tenants) in left {
            if region < board.regions.len() {
                self.open_for(board, region, &tenants);
            }
        }
    }

    /// Opens a stamp where one is hot and no other can take tenants (S0-39), and lets those in
    /// that nothing took before.
    pub(super) fn open_for_bands(&mut self, board: &mut Board<'a>) {
        for region in 0..board.regions.len() {
            if self.opener.pools(region, StampKind::Shared).is_empty() {
                continue;
            }
            let Some(hot) = hot_and_alone(board, region) else {
                continue;
            };
            let why = OpenReason::Band(board.sites[hot].stamp.id.clone());
            for pool in self.opener.pools(region, StampKind::Shared) {
                if let Ok(site) = self.opener.shared(board, region, pool, why.clone()) {
                    self.chooser.add(board, site);
                    break;
                }
            }
        }
    }

    /// Row 8: whoever still waits.
    pub(super) fn refuse_the_rest(&mut self, board: &mut Board<'a>) {
        for tenant in by_size(board) {
            if let Some((site, row)) = self.chooser.best(board, tenant) {
                self.put(board, tenant, site, row, joins(board, site));
                continue;
            }
            let resident = &board.residents[tenant];
            let (region, demand) = (resident.region, resident.fine());
            let mut pools = Vec::new();
            for pool in self.opener.pools(region, StampKind::Shared) {
                if let Some(why) = self.opener.refuses(board, region, pool, demand) {
                    pools.push(PoolRefusal {
                        pool: pool.name.clone(),
                        why,
                    });
                }
            }
            refuse(board, tenant, pools);
        }
    }

    /// Opens as few stamps as the packing core finds for these tenants, in the pools by name, and
    /// puts them there. Who does not fit within a pool's bounds waits for the next one.
    fn open_for(&mut self, board: &mut Board<'a>, region: usize, tenants: &[usize]) {
        for pool in self.opener.pools(region, StampKind::Shared) {
            let fits = |&&tenant: &&usize| {
                let resident = &board.residents[tenant];
                let waits = matches!(resident.fate, Fate::Pending(_));
                waits && Opener::fits(board, pool, resident.fine()).is_ok()
            };
            let tenants: Vec<usize> = tenants.iter().filter(fits).copied().collect();
            if tenants.is_empty() {
                continue;
            }
            let most = self.opener.could_open(board, region, pool);
            let homes = batch::packed(board, pool, &tenants, most);
            let mut opened: BTreeMap<u32, Option<usize>> = BTreeMap::new();
            for (&tenant, home) in tenants.iter().zip(homes) {
                let Some(home) = home else { continue };
                let site = *opened.entry(home).or_insert_with(|| {
                    let why = OpenReason::Demand(board.residents[tenant].id.clone());
                    let site = self.opener.shared(board, region, pool, why).ok();
                    if let Some(site) = site {
                        self.chooser.add(board, site);
                    }
                    site
                });
                if let Some(site) = site {
                    self.put_opened(board, tenant, site);
                }
            }
        }
    }

    /// The first tenant of an opened stamp is who it is opened for (row 6); others join (row 5).
    fn put_opened(&mut self, board: &mut Board<'a>, tenant: usize, site: usize) {
        let row = match &board.sites[site] {
            one if one.life == Life::Active => 4,
            one if one.tenants == 0 && joins(board, site) == Why::OpenedStamp => 6,
            _ => 5,
        };
        let why = joins(board, site);
        self.put(board, tenant, site, row, why);
    }

    /// The tenant takes its place. For one that had a home the reason is why it left.
    fn put(&mut self, board: &mut Board<'a>, tenant: usize, site: usize, row: u8, why: Why) {
        let why = match &board.residents[tenant].fate {
            Fate::Pending(Some(reason)) => Why::Left(reason.clone()),
            _ => why,
        };
        self.chooser.put(board, tenant, site, row, why);
    }
}

/// What brings a tenant to the stamp.
fn joins(board: &Board, site: usize) -> Why {
    match board.sites[site].origin {
        super::placement::StampOrigin::Opened { .. } => Why::OpenedStamp,
        _ => Why::BestFit,
    }
}

/// Those who wait for a shared stamp, the largest first: by the share of the region's largest
/// stamp that their largest dimension takes, then by id.
fn by_size(board: &Board) -> Vec<usize> {
    let mut waiting: Vec<(std::cmp::Reverse<u64>, usize)> = board
        .pending()
        .into_iter()
        .filter(|&tenant| {
            let resident = &board.residents[tenant];
            resident.class.is_none() && sticky::pin(board, tenant).is_none()
        })
        .map(|tenant| {
            let resident = &board.residents[tenant];
            let largest = board.largest.get(resident.region);
            let scale = largest
                .into_iter()
                .flatten()
                .fold(Load::default(), Load::max);
            let share = resident.fine().fullest(&scale).1;
            (std::cmp::Reverse(share), tenant)
        })
        .collect();
    waiting.sort_unstable();
    waiting.into_iter().map(|(_, tenant)| tenant).collect()
}

/// The first serving shared stamp of the region in the provision band or above, where no other
/// one of the region can take tenants when the plan is done.
fn hot_and_alone(board: &Board, region: usize) -> Option<usize> {
    let policy = &board.fleet.policy;
    let ordinary = |site: &Site| {
        site.region == region
            && site.kind == StampKind::Shared
            && site.stamp.desired == DesiredStamp::Active
            && site.stamp.role == Role::Pool
    };
    let hot = board.sites.iter().position(|site| {
        let band = site.band(policy);
        ordinary(site)
            && site.exists()
            && matches!(band, Band::Provision | Band::Pause | Band::Deny)
    })?;
    let open = board.sites.iter().any(|site| {
        let limit = Fine::ceiling(&site.capacity, policy.placement.bands.provision.0);
        ordinary(site)
            && site.refuses_entry(Entry::Shared, policy).is_none()
            && site.load.is_below(limit)
            && site.tenants < policy.placement.max_tenants_per_shared
    });
    (!open).then_some(hot)
}

/// Nothing takes the tenant. One that has a home stays there for now.
fn refuse(board: &mut Board, tenant: usize, pools: Vec<PoolRefusal>) {
    let resident = &mut board.residents[tenant];
    let leaves: Option<LeaveReason> = match &resident.fate {
        Fate::Pending(reason) => reason.clone(),
        _ => None,
    };
    resident.fate = Fate::Refused(leaves, pools);
}
