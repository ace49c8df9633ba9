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
use stampctl_contract::Settings;
use stampctl_contract::Value;
use stampctl_contract::Verb;

use super::calls::Call;
use super::case::Case;
use super::case::at_stake;
use super::ledger::signed;
use crate::model::Load;
use crate::model::QuotaKey;
use crate::model::StampId;
use crate::model::StampKind;
use crate::model::StampState;
use crate::model::tenant::Export;
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

/// Where a tenant lives: a stamp of the opening world by number, or another that an entry names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Home<'p> {
    Known(usize),
    Other(&'p str),
}

impl<'p> Home<'p> {
    /// The home that an entry names, if that is a stamp's id.
    fn named(case: &Case<'p>, id: &'p str) -> Option<Self> {
        match case.index.stamp(id) {
            Some(number) => Some(Self::Known(number)),
            None => id.parse::<StampId>().is_ok().then_some(Self::Other(id)),
        }
    }

    fn known(self) -> Option<usize> {
        match self {
            Self::Known(number) => Some(number),
            Self::Other(_) => None,
        }
    }
}

/// A load as an array, which is ordered.
type Load4 = [u64; 4];

/// What is known of a tenant.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one fact that a step establishes"
)]
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Resident<'p> {
    home: Option<Home<'p>>,
    left: Option<Home<'p>>,
    routed: bool,
    frozen: bool,
    made: BTreeSet<usize>,
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
struct Ledger<'p> {
    /// What the group has in all, as far as it was seen.
    limit: i64,
    available: i64,
    /// What each subscription has of it.
    allocated: BTreeMap<&'p str, i64>,
    /// What running stamps use of that.
    used: BTreeMap<&'p str, i64>,
}

/// The world after some of the steps.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct World<'p> {
    /// The stamps, by number.
    stamps: Vec<Place>,
    /// The tenants, by number.
    tenants: Vec<Resident<'p>>,
    /// The accounts, as the opening world lists them.
    accounts: Vec<Ledger<'p>>,
    /// Active shared stamps per region.
    serving: BTreeMap<&'p str, i64>,
}

/// A rule that a step would break in this world, and how.
pub type Breach = (&'static str, String);

impl<'p> World<'p> {
    /// The world before the first step.
    pub fn of(case: &Case<'p>) -> Self {
        let opening = &case.body.opening;
        let stamps = case.index.stamps().iter().map(|(_, stamp)| {
            use StampState as S;
            let state = stamp.state;
            let released = matches!(state, Some(S::Releasing | S::QuotaReturned | S::Deleting));
            let asleep = matches!(state, None | Some(S::Ready | S::Creating));
            Place {
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
                returned: at_stake(stamp) == 0,
                owned: false,
                unheld: false,
                data: state.is_some(),
            }
        });
        let home = |id: &'p StampId| Home::named(case, id.as_str());
        let tenants = case.index.tenants().iter().map(|(_, tenant)| {
            let moved = tenant.moved_from.is_some();
            Resident {
                home: tenant.stamp.as_ref().and_then(home),
                left: tenant.moved_from.as_ref().and_then(home),
                routed: tenant.stamp.is_some(),
                equal: moved,
                saved: moved || tenant.export != Export::Required,
                ..Resident::default()
            }
        });
        let accounts = opening.accounts.iter().map(|account| {
            let subscriptions = account.subscriptions.iter();
            let each = subscriptions
                .filter_map(|(name, seen)| Some((name.as_str(), signed(seen.allocated?))));
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
                .map(|s| (s.region.as_str(), i64::from(s.active)))
                .collect(),
        };
        for (number, (_, stamp)) in case.index.stamps().iter().enumerate() {
            if world.stamps[number].running {
                world.use_cores(case, stamp, 1);
            }
        }
        world
    }

    /// A stamp starts to use its cores, or ends it.
    fn use_cores(&mut self, case: &Case<'p>, stamp: &'p OpeningStamp, sign: i64) {
        let Some(held) = &stamp.account else {
            return;
        };
        if let Some(at) = case.account_number(&held.key) {
            let used = &mut self.accounts[at].used;
            *used.entry(held.subscription.as_str()).or_default() += sign * signed(held.cores);
        }
    }

    /// Plays a step. `None` where the world knows that one of its conditions is false.
    pub fn play(&mut self, case: &Case<'p>, at: usize) -> Option<Vec<Breach>> {
        let conditions = case.graph.step(at).act.conditions();
        let mut all = conditions.iter();
        if !all.all(|condition| self.may_hold(case, condition)) {
            return None;
        }
        for condition in conditions {
            self.learn(case, at, condition);
        }
        let mut breaches = Vec::new();
        for call in case.calls(at) {
            match &call.operation.verb {
                Verb::Put { settings } | Verb::Patch { settings } => {
                    self.write(case, call, settings, &mut breaches);
                }
                Verb::Delete => self.delete(case, call, &mut breaches),
                Verb::Copy { .. } => self.copy(case, call, &mut breaches),
            }
        }
        Some(breaches)
    }

    fn write(
        &mut self,
        case: &Case<'p>,
        call: &Call<'p>,
        settings: &'p Settings,
        breaches: &mut Vec<Breach>,
    ) {
        let address = &call.operation.address;
        match call.kind {
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
                self.scale(case, call, settings, breaches);
            }
            Kind::Origin => {
                if let Some(number) = case.index.behind(address) {
                    let place = &mut self.stamps[number];
                    let on = settings.get("enabled").and_then(Value::as_bool);
                    if on == Some(true) && !place.healthy {
                        breaches.push(("O-26", format!("`{address}` gets traffic untested")));
                    }
                    place.traffic = on.unwrap_or(place.traffic);
                }
            }
            Kind::TenantSchema | Kind::SqlDatabase | Kind::BlobContainer => {
                if let (Some(on), Some(tenant)) = (call.owner, case.tenant_of(address)) {
                    self.tenants[tenant].made.insert(on);
                }
            }
            _ => {}
        }
    }

    fn scale(
        &mut self,
        case: &Case<'p>,
        call: &Call<'p>,
        settings: &Settings,
        breaches: &mut Vec<Breach>,
    ) {
        let Some(number) = call.owner else {
            return;
        };
        let (address, place) = (&call.operation.address, &mut self.stamps[number]);
        match settings.get("instances").and_then(Value::as_int) {
            Some(0) => stop(place, address, breaches),
            Some(_) => place.running = true,
            None => {}
        }
        let sized = settings.contains_key("instances");
        if sized && std::mem::take(&mut place.counted) {
            self.use_cores(case, case.index.stamps()[number].1, -1);
        }
    }

    fn allocate(
        &mut self,
        case: &Case<'p>,
        address: &'p Address,
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
        let of = |key| {
            may_be_of(key, address) && case.allocation(key, subscription).as_ref() == Some(address)
        };
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
        allocated.insert(subscription, after);
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

    fn copy(&mut self, case: &Case<'p>, call: &Call<'p>, breaches: &mut Vec<Breach>) {
        let Some(tenant) = case.tenant_of(&call.operation.address) else {
            return;
        };
        let (id, resident) = (case.index.tenants()[tenant].0, &mut self.tenants[tenant]);
        if !resident.frozen {
            breaches.push(("O-47", format!("{id} still writes while it is copied")));
        }
        if !resident.saved {
            breaches.push(("O-46", format!("{id} is copied without a snapshot")));
        }
        if call.owner.is_none_or(|on| !resident.made.contains(&on)) {
            breaches.push(("O-45", format!("{id} is copied to where nothing is")));
        }
        resident.copied = true;
        resident.equal = false;
    }

    fn delete(&mut self, case: &Case<'p>, call: &Call<'p>, breaches: &mut Vec<Breach>) {
        let address = &call.operation.address;
        match call.kind {
            Kind::ResourceGroup | Kind::SqlServer | Kind::StorageAccount | Kind::ScaleSet => {
                if let Some(number) = call.owner {
                    remove(&mut self.stamps[number], address, breaches);
                }
            }
            Kind::TenantSchema | Kind::SqlDatabase | Kind::BlobContainer => {
                if let Some(tenant) = case.tenant_of(address) {
                    let (id, resident) =
                        (case.index.tenants()[tenant].0, &mut self.tenants[tenant]);
                    erase(case, id, resident, call.owner, breaches);
                }
            }
            _ => {}
        }
    }
}

/// Whether an address of a quota may be the account's, as far as its key goes.
fn may_be_of(key: &QuotaKey, address: &Address) -> bool {
    address.part("group") == Some(key.group.as_str())
        && address.part("region") == Some(key.region.as_str())
        && address.part("family") == Some(key.family.as_str())
}

fn array(load: Load) -> Load4 {
    [load.cpu, load.memory, load.storage, load.dtu]
}
