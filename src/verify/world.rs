//! An abstract world that steps are played on: what is known of each stamp, tenant and account
//! after the steps so far. Pure.
//!
//! It reads calls and conditions and nothing else: no kinds, no edges, no ids. It is a second
//! opinion on the rules, which read kinds and edges. A check that the world already knows to be
//! false stops the play, as it would stop an apply; that is safe, and no breach.

mod conditions;
mod entries;
mod losses;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Operation;
use stampctl_contract::Settings;
use stampctl_contract::Value;
use stampctl_contract::Verb;

use super::case::Case;
use super::ledger::signed;
use crate::model::Load;
use crate::model::StampId;
use crate::model::StampKind;
use crate::model::StampState;
use crate::model::TenantId;
use crate::model::tenant::Export;
use crate::plan::format::Step;
use crate::plan::format::opening::OpeningStamp;
use losses::erase;
use losses::remove;
use losses::stop;

/// What is known of a stamp.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one fact that a step establishes"
)]
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    state: Option<StampState>,
    accepting: bool,
    traffic: bool,
    healthy: bool,
    running: bool,
    /// Whether its cores count as used: all of them, until its size is first written.
    counted: bool,
    tenants: i64,
    load: Option<Load4>,
    empty_seen: bool,
    idle: bool,
    saved: bool,
    returned: bool,
    owned: bool,
    unheld: bool,
    data: bool,
}

/// A load as an array, which is ordered.
type Load4 = [u64; 4];

/// What is known of a tenant.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one fact that a step establishes"
)]
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Resident {
    home: Option<StampId>,
    left: Option<StampId>,
    routed: bool,
    frozen: bool,
    made: BTreeSet<StampId>,
    copied: bool,
    equal: bool,
    saved: bool,
    soaked: bool,
    confirmed: bool,
    unheld: bool,
    quiet: bool,
    gone: bool,
}

/// What is known of an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Ledger {
    /// What the group has in all, as far as it was seen.
    limit: i64,
    available: i64,
    /// What each subscription has of it.
    allocated: BTreeMap<String, i64>,
    /// What running stamps use of that.
    used: BTreeMap<String, i64>,
}

/// The world after some of the steps.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct World {
    stamps: BTreeMap<StampId, Place>,
    tenants: BTreeMap<TenantId, Resident>,
    /// The accounts, as the opening world lists them.
    accounts: Vec<Ledger>,
    /// Active shared stamps per region, by the region's place in the opening world.
    serving: BTreeMap<String, i64>,
}

/// A rule that a step would break in this world, and how.
pub type Breach = (&'static str, String);

impl World {
    /// The world before the first step.
    pub fn of(case: &Case<'_>) -> Self {
        let opening = &case.body.opening;
        let stamps = opening.stamps.iter().map(|(id, stamp)| {
            use StampState as S;
            let state = stamp.state;
            let released = matches!(state, Some(S::Releasing | S::QuotaReturned | S::Deleting));
            let asleep = matches!(state, None | Some(S::Ready | S::Creating));
            let place = Place {
                state,
                accepting: stamp.accepting && state.is_some(),
                traffic: stamp.origin.is_some() && state == Some(S::Active),
                healthy: state == Some(S::Active),
                running: !released && state.is_some(),
                counted: !released && state.is_some(),
                tenants: i64::from(if state.is_some() { stamp.tenants } else { 0 }),
                load: match state {
                    None => Some([0; 4]),
                    Some(_) => stamp.load.known().map(array),
                },
                empty_seen: false,
                idle: released || asleep,
                saved: released || state == Some(S::Creating),
                returned: case.cores_at_stake(id) == 0,
                owned: false,
                unheld: false,
                data: state.is_some(),
            };
            (id.clone(), place)
        });
        let tenants = opening.tenants.iter().map(|(id, tenant)| {
            let moved = tenant.moved_from.is_some();
            let resident = Resident {
                home: tenant.stamp.clone(),
                left: tenant.moved_from.clone(),
                routed: tenant.stamp.is_some(),
                equal: moved,
                saved: moved || tenant.export != Export::Required,
                ..Resident::default()
            };
            (id.clone(), resident)
        });
        let accounts = opening.accounts.iter().map(|account| {
            let subscriptions = account.subscriptions.iter();
            let each = subscriptions
                .filter_map(|(name, seen)| Some((name.to_string(), signed(seen.allocated?))));
            Ledger {
                limit: account.limit.map_or(0, signed),
                available: account.available.map_or(0, signed),
                allocated: each.collect(),
                used: BTreeMap::new(),
            }
        });
        let serving = opening
            .serving
            .iter()
            .filter(|s| s.kind == StampKind::Shared);
        let mut world = Self {
            stamps: stamps.collect(),
            tenants: tenants.collect(),
            accounts: accounts.collect(),
            serving: serving
                .map(|s| (s.region.to_string(), i64::from(s.active)))
                .collect(),
        };
        for (id, stamp) in &opening.stamps {
            if world.stamps.get(id).is_some_and(|place| place.running) {
                world.use_cores(case, stamp, 1);
            }
        }
        world
    }

    /// A stamp starts to use its cores, or ends it.
    fn use_cores(&mut self, case: &Case<'_>, stamp: &OpeningStamp, sign: i64) {
        let Some(held) = &stamp.account else {
            return;
        };
        let mut accounts = case.body.opening.accounts.iter();
        if let Some(at) = accounts.position(|account| account.key == held.key) {
            let used = &mut self.accounts[at].used;
            *used.entry(held.subscription.to_string()).or_default() += sign * signed(held.cores);
        }
    }

    /// Plays a step. `None` where the world knows that one of its conditions is false.
    pub fn play(&mut self, case: &Case<'_>, step: &Step) -> Option<Vec<Breach>> {
        if !step
            .act
            .conditions()
            .iter()
            .all(|condition| self.may_hold(case, condition))
        {
            return None;
        }
        for condition in step.act.conditions() {
            self.learn(case, step, condition);
        }
        let mut breaches = Vec::new();
        for call in step.act.operations() {
            match &call.verb {
                Verb::Put { settings } | Verb::Patch { settings } => {
                    self.write(case, call, settings, &mut breaches);
                }
                Verb::Delete => self.delete(case, &call.address, &mut breaches),
                Verb::Copy { .. } => self.copy(case, &call.address, &mut breaches),
            }
        }
        Some(breaches)
    }

    fn write(
        &mut self,
        case: &Case<'_>,
        call: &Operation,
        settings: &Settings,
        breaches: &mut Vec<Breach>,
    ) {
        let address = &call.address;
        match address.kind() {
            Kind::RegistryItem => {
                let id = address.name();
                match address.part("collection") {
                    Some("stamps") => self.stamp_entry(case, id, settings, breaches),
                    Some("tenants") => self.tenant_entry(case, id, settings, breaches),
                    _ => {}
                }
            }
            Kind::QuotaAllocation => self.allocate(case, address, settings, breaches),
            Kind::ScaleSet => {
                self.scale(case, address, settings, breaches);
            }
            Kind::Origin => {
                let of = case.behind(address);
                if let Some(place) = of.and_then(|id| self.stamps.get_mut(id)) {
                    let on = settings.get("enabled").and_then(Value::as_bool);
                    if on == Some(true) && !place.healthy {
                        breaches.push(("O-26", format!("`{address}` gets traffic untested")));
                    }
                    place.traffic = on.unwrap_or(place.traffic);
                }
            }
            Kind::TenantSchema | Kind::SqlDatabase | Kind::BlobContainer => {
                let of = case.tenant_of(address);
                let resident = of.and_then(|id| self.tenants.get_mut(id));
                if let (Some(on), Some(resident)) = (case.owner(address), resident) {
                    resident.made.insert(on.clone());
                }
            }
            _ => {}
        }
    }

    fn scale(
        &mut self,
        case: &Case<'_>,
        address: &Address,
        settings: &Settings,
        breaches: &mut Vec<Breach>,
    ) {
        let Some(id) = case.owner(address) else {
            return;
        };
        let Some(place) = self.stamps.get_mut(id) else {
            return;
        };
        match settings.get("instances").and_then(Value::as_int) {
            Some(0) => stop(place, address, breaches),
            Some(_) => place.running = true,
            None => {}
        }
        let sized = settings.contains_key("instances");
        if sized && std::mem::take(&mut place.counted) {
            self.use_cores(case, &case.body.opening.stamps[id], -1);
        }
    }

    fn allocate(
        &mut self,
        case: &Case<'_>,
        address: &Address,
        settings: &Settings,
        breaches: &mut Vec<Breach>,
    ) {
        let (Some(after), Some(subscription)) = (
            settings.get("cores").and_then(Value::as_int),
            address.part("subscription"),
        ) else {
            return;
        };
        let accounts = &case.body.opening.accounts;
        let of = |key| case.allocation(key, subscription).as_ref() == Some(address);
        let Some(at) = accounts.iter().position(|account| of(&account.key)) else {
            return;
        };
        let Ledger {
            available,
            allocated,
            used,
            ..
        } = &mut self.accounts[at];
        let before = allocated.get(subscription).copied().unwrap_or(0);
        *available += before - after;
        allocated.insert(subscription.to_owned(), after);
        if *available < 0 {
            breaches.push(("I-3", format!("`{address}` takes more than the group has")));
        }
        if after < before && after < used.get(subscription).copied().unwrap_or(0) {
            breaches.push((
                "O-4",
                format!("`{address}` gives back what machines still use"),
            ));
        }
    }

    fn copy(&mut self, case: &Case<'_>, address: &Address, breaches: &mut Vec<Breach>) {
        let Some(id) = case.tenant_of(address) else {
            return;
        };
        let Some(resident) = self.tenants.get_mut(id) else {
            return;
        };
        if !resident.frozen {
            breaches.push(("O-47", format!("{id} still writes while it is copied")));
        }
        if !resident.saved {
            breaches.push(("O-46", format!("{id} is copied without a snapshot")));
        }
        let on = case.owner(address);
        if on.is_none_or(|on| !resident.made.contains(on)) {
            breaches.push(("O-45", format!("{id} is copied to where nothing is")));
        }
        resident.copied = true;
        resident.equal = false;
    }

    fn delete(&mut self, case: &Case<'_>, address: &Address, breaches: &mut Vec<Breach>) {
        match address.kind() {
            Kind::ResourceGroup | Kind::SqlServer | Kind::StorageAccount | Kind::ScaleSet => {
                if let Some(id) = case.owner(address)
                    && let Some(place) = self.stamps.get_mut(id)
                {
                    remove(place, address, breaches);
                }
            }
            Kind::TenantSchema | Kind::SqlDatabase | Kind::BlobContainer => {
                let on = case.owner(address);
                if let Some(id) = case.tenant_of(address)
                    && let Some(resident) = self.tenants.get_mut(id)
                {
                    erase(case, id, resident, on, breaches);
                }
            }
            _ => {}
        }
    }
}

fn array(load: Load) -> Load4 {
    [load.cpu, load.memory, load.storage, load.dtu]
}
