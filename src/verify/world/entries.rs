//! What writing a registry entry does to the abstract world. Pure.

use stampctl_contract::Settings;
use stampctl_contract::Value;

use super::Breach;
use super::Home;
use super::Load4;
use super::Place;
use super::World;
use super::array;
use crate::model::Load;
use crate::model::StampKind;
use crate::model::StampState;
use crate::verify::case::Case;

impl<'p> World<'p> {
    pub(super) fn stamp_entry(
        &mut self,
        case: &Case<'p>,
        id: &str,
        settings: &Settings,
        breaches: &mut Vec<Breach>,
    ) {
        let Some(number) = case.index.stamp(id) else {
            return;
        };
        let ((id, opening), place) = (case.index.stamps()[number], &mut self.stamps[number]);
        if let Some(accepting) = settings.get("accepting").and_then(Value::as_bool) {
            place.accepting = accepting;
        }
        let word = settings.get("state").and_then(Value::as_str);
        let Some(next) = word.and_then(StampState::from_word) else {
            return;
        };
        let (was, is) = (
            place.state == Some(StampState::Active),
            next == StampState::Active,
        );
        if next == StampState::Draining && place.tenants > 0 {
            breaches.push((
                "O-6",
                format!("{id} is drained with {} tenants", place.tenants),
            ));
        }
        if is && !place.healthy {
            breaches.push(("O-26", format!("{id} is called active untested")));
        }
        place.accepting = place.accepting || (is && !was);
        place.state = Some(next);
        if opening.kind != StampKind::Shared || was == is {
            return;
        }
        let region = opening.region.as_str();
        let Some(active) = self.serving.get_mut(region) else {
            return;
        };
        *active += if is { 1 } else { -1 };
        let told = case.body.opening.serving.iter();
        let told = told.filter(|s| s.kind == StampKind::Shared && s.region == opening.region);
        let before = told.map(|s| s.active).next().unwrap_or(0);
        let least = case.body.policy.capacity.min_active_stamps.min(before);
        if !is && *active < i64::from(least) {
            breaches.push((
                "I-4",
                format!("{active} shared stamps of {region} are left"),
            ));
        }
    }

    pub(super) fn tenant_entry(
        &mut self,
        case: &Case<'p>,
        id: &str,
        settings: &'p Settings,
        breaches: &mut Vec<Breach>,
    ) {
        let Some(number) = case.index.tenant(id) else {
            return;
        };
        let ((id, opening), resident) = (case.index.tenants()[number], &mut self.tenants[number]);
        let truth = |name: &str| settings.get(name).and_then(Value::as_bool);
        resident.frozen = truth("frozen").unwrap_or(resident.frozen);
        resident.routed = truth("routed").unwrap_or(resident.routed);
        if settings.get("state").and_then(Value::as_str) == Some("offboarded") {
            resident.gone = true;
            leave(&mut self.stamps, resident.home, &array(opening.demand));
        }
        let settles = settings.get("moved_from").and_then(Value::as_str) == Some("");
        if settles && let Some(left) = resident.left.take() {
            leave(&mut self.stamps, Some(left), &array(opening.demand));
        }
        let home = settings.get("stamp").and_then(Value::as_str);
        let Some(name) = home else {
            return;
        };
        let home = Home::named(case, name).filter(|home| resident.home != Some(*home));
        let Some(home) = home else {
            return;
        };
        let known = home.known();
        if known.is_none_or(|home| !resident.made.contains(&home)) {
            breaches.push((
                "O-33",
                format!("{id} is routed to {name}, which has no data of it"),
            ));
        }
        if resident.home.is_some() && !resident.equal {
            breaches.push(("O-51", format!("{id} is switched before its data is equal")));
        }
        resident.left = resident.home.replace(home);
        let Some(known) = known else {
            return;
        };
        let place = &mut self.stamps[known];
        place.empty_seen = false;
        place.tenants += 1;
        if let Some(load) = &mut place.load {
            let demand = array(opening.demand);
            load.iter_mut()
                .zip(demand)
                .for_each(|(sum, more)| *sum = sum.saturating_add(more));
        }
        admitted(case, known, place, breaches);
    }
}

fn leave(stamps: &mut [Place], left: Option<Home<'_>>, demand: &Load4) {
    if let Some(place) = left.and_then(Home::known).map(|left| &mut stamps[left]) {
        place.tenants -= 1;
        if let Some(load) = &mut place.load {
            load.iter_mut()
                .zip(demand)
                .for_each(|(sum, less)| *sum = sum.saturating_sub(*less));
        }
    }
}

/// A stamp has taken a tenant: may it have?
fn admitted(case: &Case<'_>, number: usize, place: &Place, breaches: &mut Vec<Breach>) {
    let (id, opening) = case.index.stamps()[number];
    let placement = &case.body.policy.placement;
    let most = match opening.kind {
        StampKind::Shared => placement.max_tenants_per_shared,
        StampKind::Dedicated => 1,
    };
    let fits = place.load.is_some_and(|[cpu, memory, storage, dtu]| {
        let load = Load {
            cpu,
            memory,
            storage,
            dtu,
        };
        load.is_below(&opening.capacity, placement.bands.provision.0)
    });
    let open = place.state == Some(StampState::Active) && place.accepting;
    if !open || !fits || place.tenants > i64::from(most) {
        breaches.push(("I-8", format!("{id} takes a tenant that it must not take")));
    }
}
