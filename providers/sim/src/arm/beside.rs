//! What the server keeps beside the world: bodies as callers put them, and resources that the
//! world does not know. Pure.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Value as Json;
use stampctl_contract::Address;
use stampctl_contract::Verb;

use super::strike::Strikes;
use super::surprises::Memory;
use super::throttle::Meter;

/// A body as a caller put it.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    /// The id as the caller spelled it.
    pub(crate) id: String,
    pub(crate) type_name: &'static str,
    pub(crate) body: Json,
}

/// One call, as tests may ask for it.
#[derive(Clone, Debug)]
pub(crate) struct Logged {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) api_version: String,
    pub(crate) body: Json,
    pub(crate) status: u16,
}

/// Capacity reservations of one group, by lower-cased name.
pub(crate) type Reservations = BTreeMap<String, Json>;

/// What follows an operation when it is done.
#[derive(Clone, Debug)]
pub(crate) struct Next {
    pub(crate) address: Address,
    pub(crate) verb: Verb,
    pub(crate) key: String,
    /// The operation that it has become.
    pub(crate) id: Option<String>,
}

/// What the server keeps.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    /// By lower-cased id.
    pub(crate) stored: BTreeMap<String, Stored>,
    /// By lower-cased id of their group.
    pub(crate) reservations: BTreeMap<String, Reservations>,
    /// Tags of subscriptions, by name.
    pub(crate) subscription_tags: BTreeMap<String, Json>,
    /// Locks on what is no resource group: level and notes by lower-cased id.
    pub(crate) locks: BTreeMap<String, Stored>,
    /// What is not registered, as `subscription/namespace`, lower-cased.
    pub(crate) unregistered: BTreeSet<String>,
    /// Requests for quota, newest last.
    pub(crate) requests: Vec<Json>,
    /// By the id of the operation before.
    pub(crate) next: BTreeMap<String, Next>,
    pub(crate) strikes: Strikes,
    pub(crate) surprises: Memory,
    pub(crate) meter: Meter,
    pub(crate) log: Vec<Logged>,
    pub(crate) count: u64,
}

impl Beside {
    pub(crate) fn number(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    pub(crate) fn put(&mut self, id: &str, type_name: &'static str, body: Json) {
        let stored = Stored {
            id: id.to_owned(),
            type_name,
            body,
        };
        self.stored.insert(id.to_ascii_lowercase(), stored);
    }

    /// All whose id lies beneath.
    pub(crate) fn beneath<'a>(&'a self, id: &str) -> impl Iterator<Item = &'a Stored> + use<'a> {
        let prefix = format!("{}/", id.to_ascii_lowercase());
        let from = self.stored.range(prefix.clone()..);
        from.take_while(move |(key, _)| key.starts_with(&prefix))
            .map(|(_, stored)| stored)
    }

    /// Forgets a resource and all beneath it.
    pub(crate) fn forget(&mut self, id: &str) {
        let key = id.to_ascii_lowercase();
        let prefix = format!("{key}/");
        let goes = |one: &String| *one == key || one.starts_with(&prefix);
        self.stored.retain(|one, _| !goes(one));
        self.locks.retain(|one, _| !goes(one));
        self.reservations.retain(|one, _| !goes(one));
    }
}
