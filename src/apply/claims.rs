//! Who works on what: a stamp's own calls exclude all others on it, tenants' calls share it, and
//! one tenant has one call at a time (I-5, O-87, design §11.11). Pure.

use std::collections::BTreeMap;

use crate::model::StampId;
use crate::model::TenantId;
use crate::plan::format::Act;
use crate::plan::format::Step;
use crate::plan::format::Subject;

/// What calls are being made on, and who waits for it.
#[derive(Debug, Default)]
pub(super) struct Claims {
    held: BTreeMap<Thing, Held>,
    waiting: BTreeMap<Thing, Vec<usize>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    Stamp(StampId),
    Tenant(TenantId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    Alone,
    Together(u32),
}

impl Claims {
    /// Claims what a step works on. If somebody else is at it, the step waits: it is given back
    /// by the [`Self::release`] that frees it.
    pub(super) fn claim(&mut self, step: &Step, at: usize) -> bool {
        let wanted = wanted(step);
        for (thing, alone) in &wanted {
            let free = match self.held.get(thing) {
                None => true,
                Some(Held::Alone) => false,
                Some(Held::Together(_)) => !alone,
            };
            if !free {
                self.waiting.entry(thing.clone()).or_default().push(at);
                return false;
            }
        }
        for (thing, alone) in wanted {
            let held = self.held.entry(thing).or_insert(Held::Together(0));
            *held = match held {
                Held::Together(count) if !alone => Held::Together(*count + 1),
                _ => Held::Alone,
            };
        }
        true
    }

    /// Gives back what a step worked on, and tells which steps waited for it.
    pub(super) fn release(&mut self, step: &Step) -> Vec<usize> {
        let mut freed = Vec::new();
        for (thing, _) in wanted(step) {
            match self.held.get_mut(&thing) {
                Some(Held::Together(count)) if *count > 1 => {
                    *count -= 1;
                    continue;
                }
                _ => self.held.remove(&thing),
            };
            freed.extend(self.waiting.remove(&thing).unwrap_or_default());
        }
        freed
    }
}

/// What a step works on, and whether it has to be alone there. Looking needs no claim.
fn wanted(step: &Step) -> Vec<(Thing, bool)> {
    if matches!(step.act, Act::Check { .. }) {
        return Vec::new();
    }
    let stamps = |alone| {
        let stamps = step.stamps.iter().cloned();
        stamps.map(move |stamp| (Thing::Stamp(stamp), alone))
    };
    let mut wanted: Vec<(Thing, bool)> = match &step.subject {
        Subject::Stamp(stamp) => {
            let own = (Thing::Stamp(stamp.clone()), true);
            std::iter::once(own).chain(stamps(true)).collect()
        }
        Subject::Tenant(tenant) => {
            let own = (Thing::Tenant(tenant.clone()), true);
            std::iter::once(own).chain(stamps(false)).collect()
        }
        Subject::Fleet | Subject::Quota(_) | Subject::Reservation(_) => Vec::new(),
    };
    wanted.sort_unstable();
    wanted.dedup_by(|a, b| a.0 == b.0);
    wanted
}
