//! Stamps: towards which goal each must go, and which of its settings are not what they should be.

use std::collections::BTreeMap;

use stampctl_contract::Gap;
use stampctl_contract::Operation;
use stampctl_contract::Value;

use super::TenantDifference;
use super::settings;
use super::settings::SettingChange;
use super::tenant;
use crate::blueprint::Blueprint;
use crate::blueprint::StampBlueprint;
use crate::blueprint::stamp::Drawn;
use crate::blueprint::stamp::TAG_TENANTS;
use crate::model::StampId;
use crate::model::StampState;
use crate::model::TenantId;
use crate::model::stamp::DesiredStamp;
use crate::observe::Inventory;
use crate::observe::SeenResource;
use crate::place::placement::PlacedStamp;

/// How a stamp differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StampDifference {
    /// Where it must go.
    pub goal: Goal,
    /// Its state in the registry; `None`: it does not exist.
    pub from: Option<StampState>,
    /// Whether it should open or close for tenants, where that is all that is asked.
    pub accepting: Option<bool>,
    /// Instances before and after, where the number changes in place.
    pub scale: Option<(u32, u32)>,
    /// Settings that change in place, with the calls that change them.
    pub update: Amendment,
    /// Settings that were changed behind the fleet's back, with the calls that set them right.
    pub repair: Amendment,
    /// The lock that must come (true) or go (false).
    pub protect: Option<bool>,
}

/// Settings and the calls that make them what they should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Amendment {
    /// The settings.
    pub settings: Vec<SettingChange>,
    /// The calls.
    pub operations: Vec<Operation>,
}

/// Where a stamp must go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Nowhere: only settings differ.
    Stay,
    /// It is built, from nothing or from what an earlier attempt left.
    Make,
    /// It serves again, from standby or from a drain that is called off.
    Wake,
    /// It serves again after an incident.
    Readmit,
    /// It stands by.
    Rest,
    /// It leaves ingress for an incident.
    Isolate,
    /// It goes, for the reason given.
    Retire(RetireReason),
    /// It cannot go where the manifest wants it: from this state there is no way.
    NoWay(&'static str),
    /// It would have to be another stamp: these settings cannot change in place.
    Replace(Vec<SettingChange>),
    /// It was not seen.
    Hidden(Gap),
}

/// Why a stamp goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RetireReason {
    /// The manifest says so.
    Manifest,
    /// It was dedicated to this tenant, which leaves.
    LastTenant(TenantId),
}

/// Compares every stamp.
pub(super) fn diff(
    blueprint: &Blueprint<'_>,
    inventory: &Inventory,
    tenants: &BTreeMap<TenantId, TenantDifference>,
) -> BTreeMap<StampId, StampDifference> {
    let emptied = tenant::emptied(blueprint, tenants);
    let mut differences = BTreeMap::new();
    for (id, drawn) in &blueprint.stamps {
        let Some(placed) = blueprint.placement.stamps.get(id) else {
            continue;
        };
        let mut difference = StampDifference {
            goal: Goal::Stay,
            from: inventory.stamps.get(id).map(|seen| seen.state),
            accepting: None,
            scale: None,
            update: Amendment::default(),
            repair: Amendment::default(),
            protect: None,
        };
        difference.goal = match emptied.get(id) {
            Some(tenant) => Goal::Retire(RetireReason::LastTenant(tenant.clone())),
            None => goal(placed, drawn, inventory, difference.from),
        };
        if difference.goal == Goal::Stay
            && difference.from.is_some_and(|s| s != StampState::Deleted)
        {
            settle_settings(&mut difference, placed, drawn, inventory);
        }
        if difference.differs() {
            differences.insert(id.clone(), difference);
        }
    }
    differences
}

impl StampDifference {
    fn differs(&self) -> bool {
        self.goal != Goal::Stay
            || self.accepting.is_some()
            || self.scale.is_some()
            || self.protect.is_some()
            || !self.update.settings.is_empty()
            || !self.repair.settings.is_empty()
    }
}

/// The way from the state in which it is to the one in which it should be (requirements F1).
fn goal(
    placed: &PlacedStamp,
    drawn: &StampBlueprint,
    inventory: &Inventory,
    from: Option<StampState>,
) -> Goal {
    use StampState as S;
    if from.is_none()
        && let Some(gap) = inventory.gaps.iter().find(|gap| gap.hides(&drawn.item))
    {
        return Goal::Hidden(gap.clone());
    }
    if from.is_some_and(|state| state != S::Deleted) {
        let changed = isolation(drawn, inventory);
        if !changed.is_empty() {
            return Goal::Replace(changed);
        }
    }
    match (placed.stamp.desired, from) {
        (DesiredStamp::Retired, None | Some(S::Deleted))
        | (DesiredStamp::Active, Some(S::Active))
        | (DesiredStamp::Standby, Some(S::Ready))
        | (DesiredStamp::Isolated, Some(S::Isolated)) => Goal::Stay,
        (DesiredStamp::Retired, Some(_)) => Goal::Retire(RetireReason::Manifest),
        (
            DesiredStamp::Active,
            None | Some(S::Deleted | S::Creating | S::Failed | S::Releasing | S::QuotaReturned),
        ) => Goal::Make,
        (DesiredStamp::Active, Some(S::Ready | S::Draining)) => Goal::Wake,
        (DesiredStamp::Active, Some(S::Isolated)) => Goal::Readmit,
        (DesiredStamp::Active, Some(S::Deleting)) => Goal::NoWay("it is being deleted"),
        (DesiredStamp::Standby, Some(S::Active | S::Draining | S::Isolated)) => Goal::Rest,
        (DesiredStamp::Standby, _) => Goal::NoWay("a stamp is made active before it can stand by"),
        (DesiredStamp::Isolated, Some(S::Active)) => Goal::Isolate,
        (DesiredStamp::Isolated, _) => Goal::NoWay("only an active stamp can be isolated"),
    }
}

/// What an existing stamp's settings are and should be.
fn settle_settings(
    difference: &mut StampDifference,
    placed: &PlacedStamp,
    drawn: &StampBlueprint,
    inventory: &Inventory,
) {
    let serving = difference.from == Some(StampState::Active);
    if let Some(gap) = inventory.gaps.iter().find(|gap| gap.hides(&drawn.group.0)) {
        difference.goal = Goal::Hidden(gap.clone());
        return;
    }
    let look = |drawn: &Drawn| inventory.resources.get(&drawn.0);
    let fixed = replacement(drawn, inventory);
    if !fixed.is_empty() {
        difference.goal = Goal::Replace(fixed);
        return;
    }
    if serving {
        scale(difference, drawn, inventory);
    }
    for (resource, in_place) in [
        (&drawn.sql_server, false),
        (&drawn.storage, true),
        (&drawn.alert, false),
    ]
    .into_iter()
    .chain(
        drawn
            .shared_database
            .iter()
            .map(|database| (database, true)),
    ) {
        let seen = look(resource);
        let except: &[&str] = if serving || in_place {
            &[]
        } else {
            &["enabled"]
        };
        let changes = settings::compare(&resource.1, seen, except);
        let to = if in_place && seen.is_some() && changes.iter().any(|c| c.name == "sku") {
            &mut difference.update
        } else {
            &mut difference.repair
        };
        amend(to, resource, seen, changes);
    }
    if serving {
        origin(difference, drawn, inventory);
    }
    group_tags(difference, placed, drawn, inventory);
    entry(difference, placed, drawn, inventory);
}

fn amend(
    to: &mut Amendment,
    resource: &Drawn,
    seen: Option<&SeenResource>,
    changes: Vec<SettingChange>,
) {
    if !changes.is_empty() {
        to.settings.extend(settings::under(&resource.0, changes));
        to.operations.push(settings::put(resource, seen));
    }
}

/// Settings that make another stamp: region, zones, machine family, subscription.
fn replacement(drawn: &StampBlueprint, inventory: &Inventory) -> Vec<SettingChange> {
    let mut fixed = Vec::new();
    for set in &drawn.scale_sets {
        let seen = inventory.resources.get(&set.0);
        let changes =
            settings::compare(&set.1, seen, &["instances", "power", "reservation", "tags"]);
        fixed.extend(settings::under(&set.0, changes));
    }
    fixed
}

/// How tenants' data is kept apart: whether there is a database that they share says it.
/// Whoever took a schema for a database would leave a tenant's data behind.
fn isolation(drawn: &StampBlueprint, inventory: &Inventory) -> Vec<SettingChange> {
    let server = inventory.resources.contains_key(&drawn.sql_server.0);
    let shared = inventory.resources.contains_key(&drawn.common_database);
    let meant = drawn.shared_database.is_some();
    if !server || shared == meant {
        return Vec::new();
    }
    let word = |shared: bool| Value::text(if shared { "schema or rows" } else { "database" });
    vec![SettingChange {
        name: "data.isolation".to_owned(),
        before: Some(word(shared)),
        after: Some(word(meant)),
    }]
}

/// The number of machines. The calls are the plan's: quota and reservation go with them.
fn scale(difference: &mut StampDifference, drawn: &StampBlueprint, inventory: &Inventory) {
    let seen = drawn
        .scale_sets
        .iter()
        .map(|set| inventory.resources.get(&set.0));
    let now: Option<i64> = seen
        .map(|seen| seen.and_then(|seen| seen.int("instances")))
        .sum();
    let Some(now) = now.and_then(|now| u32::try_from(now).ok()) else {
        return;
    };
    let wanted = drawn.shape.compute.instances;
    if now != wanted {
        difference.scale = Some((now, wanted));
    }
    for set in &drawn.scale_sets {
        let seen = inventory.resources.get(&set.0);
        let except: &[&str] = if now == wanted {
            &[]
        } else {
            &["instances", "power"]
        };
        amend(
            &mut difference.repair,
            set,
            seen,
            settings::compare(&set.1, seen, except),
        );
    }
}

/// Traffic: a weight or host is the manifest's to change, anything else is drift. Only they are
/// written then: whether traffic is let in is not for an update to say.
fn origin(difference: &mut StampDifference, drawn: &StampBlueprint, inventory: &Inventory) {
    let Some(origin) = &drawn.origin else { return };
    let seen = inventory.resources.get(&origin.0);
    let changes = settings::compare(&origin.1, seen, &[]);
    let meant = changes
        .iter()
        .all(|c| matches!(c.name.as_str(), "weight" | "host"));
    if seen.is_none() || !meant {
        amend(&mut difference.repair, origin, seen, changes);
    } else if !changes.is_empty() {
        let new = changes.iter();
        let new = new.filter_map(|change| Some((change.name.clone(), change.after.clone()?)));
        let settings = new.collect();
        let operation = settings::patch(&origin.0, settings);
        let changes = settings::under(&origin.0, changes);
        difference.update.settings.extend(changes);
        difference.update.operations.push(operation);
    }
}

/// The tags of the resource group. The count of a stamp whose tenants change in this plan is
/// left to the steps that change them.
fn group_tags(
    difference: &mut StampDifference,
    placed: &PlacedStamp,
    drawn: &StampBlueprint,
    inventory: &Inventory,
) {
    let seen = inventory.resources.get(&drawn.group.0);
    let state = difference.from.unwrap_or(StampState::Active);
    let before = seen.and_then(|seen| seen.settings.get("tags"));
    let tags = drawn.group_tags(before, state, placed.tenants_before);
    let wanted = Drawn::from((
        drawn.group.0.clone(),
        [
            (
                "region".to_owned(),
                Value::text(drawn.shape.region.shared()),
            ),
            ("tags".to_owned(), tags),
        ]
        .into(),
    ));
    let mut changes = settings::compare(&wanted.1, seen, &[]);
    if placed.tenants_before != placed.tenants_after {
        changes.retain(|change| change.name != format!("tags.{TAG_TENANTS}"));
    }
    amend(&mut difference.repair, &wanted, seen, changes);
}

/// The registry entry: whether it takes tenants, and whether it is protected.
fn entry(
    difference: &mut StampDifference,
    placed: &PlacedStamp,
    drawn: &StampBlueprint,
    inventory: &Inventory,
) {
    let Some(seen) = inventory.stamps.get(&drawn.id) else {
        return;
    };
    if difference.from == Some(StampState::Active) && seen.accepting != placed.stamp.accepting {
        difference.accepting = Some(placed.stamp.accepting);
    }
    let locked = drawn
        .lock
        .as_ref()
        .is_some_and(|lock| inventory.resources.contains_key(&lock.0));
    if placed.stamp.protect != (seen.protected && (locked || !placed.stamp.protect)) {
        difference.protect = Some(placed.stamp.protect);
    }
}
