//! Plans for tests, put together by hand from `docs/workflows.md`: not by the planner, so that
//! the planner and the verifier cannot be wrong in the same way.

mod scenarios;
mod stamps;
mod tenants;

use std::collections::BTreeMap;

use stampctl_contract::Address;
use stampctl_contract::Operation;
use stampctl_contract::Precondition;
use stampctl_contract::Settings;
use stampctl_contract::Value;
use stampctl_contract::Verb;

use crate::model::Load;
use crate::model::Policy;
use crate::model::QuotaKey;
use crate::model::Seconds;
use crate::model::StampId;
use crate::model::StampKind;
use crate::model::StampState;
use crate::model::TenantId;
use crate::model::TenantState;
use crate::model::names;
use crate::model::tenant::Export;
use crate::plan::format::Account;
use crate::plan::format::Act;
use crate::plan::format::Body;
use crate::plan::format::Bounds;
use crate::plan::format::Condition;
use crate::plan::format::Digest;
use crate::plan::format::Edge;
use crate::plan::format::Entry;
use crate::plan::format::Opening;
use crate::plan::format::Patience;
use crate::plan::format::Plan;
use crate::plan::format::RuleId;
use crate::plan::format::Step;
use crate::plan::format::StepId;
use crate::plan::format::StepKind as K;
use crate::plan::format::Subject;
use crate::plan::format::condition::Matching;
use crate::plan::format::opening::OpeningAccount;
use crate::plan::format::opening::OpeningReservation;
use crate::plan::format::opening::OpeningStamp;
use crate::plan::format::opening::OpeningSubscription;
use crate::plan::format::opening::OpeningTenant;
use crate::plan::format::opening::Serving;
use crate::plan::format::opening::StampAccount;

pub(in crate::verify) use scenarios::*;
use stamps::*;
use tenants::*;

/// The cores of every stamp in these plans: 8 machines of 8.
const CORES: i64 = 64;
const GROUP: &str = "mg/qg/eastus2/fam";
const SUB_QUOTA: &str = "quota/sub/eastus2/fam";
const ALLOCATION: &str = "quota_allocation/mg/qg/sub/eastus2/fam";
const RESERVATION: &str = "capacity_reservation/sub/rg-crg/crg";

pub(in crate::verify) fn stamp(id: &str) -> StampId {
    id.parse().expect("a stamp's id")
}

pub(in crate::verify) fn tenant(id: &str) -> TenantId {
    id.parse().expect("a tenant's id")
}

pub(in crate::verify) fn at(text: &str) -> Address {
    text.parse().expect("an address")
}

pub(in crate::verify) fn key() -> QuotaKey {
    QuotaKey {
        group: "qg".parse().expect("a name"),
        region: "eastus2".parse().expect("a region"),
        family: "fam".to_owned(),
    }
}

pub(in crate::verify) fn of_stamp(id: &str) -> Subject {
    Subject::Stamp(stamp(id))
}

pub(in crate::verify) fn of_tenant(id: &str) -> Subject {
    Subject::Tenant(tenant(id))
}

pub(in crate::verify) fn load(each: u64) -> Load {
    Load {
        cpu: each,
        memory: each,
        storage: each,
        dtu: each,
    }
}

pub(in crate::verify) fn settings(pairs: &[(&str, Value)]) -> Settings {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect()
}

pub(in crate::verify) fn operation(address: &str, verb: Verb) -> Operation {
    Operation {
        address: at(address),
        verb,
        precondition: Precondition::Any,
    }
}

pub(in crate::verify) fn put(address: &str, pairs: &[(&str, Value)]) -> Operation {
    let settings = settings(pairs);
    operation(address, Verb::Put { settings })
}

pub(in crate::verify) fn patch(address: &str, pairs: &[(&str, Value)]) -> Operation {
    let settings = settings(pairs);
    operation(address, Verb::Patch { settings })
}

pub(in crate::verify) fn delete(address: &str) -> Operation {
    operation(address, Verb::Delete)
}

pub(in crate::verify) fn entry(collection: &str, id: &str, pairs: &[(&str, Value)]) -> Operation {
    patch(&format!("registry_item/reg/{collection}/{id}"), pairs)
}

pub(in crate::verify) fn is(address: &str, setting: &str, value: Value) -> Condition {
    Condition::Is {
        address: at(address),
        setting: setting.to_owned(),
        value,
    }
}

pub(in crate::verify) fn at_most(address: &str, setting: &str, limit: i64) -> Condition {
    Condition::AtMost {
        address: at(address),
        setting: setting.to_owned(),
        limit,
    }
}

pub(in crate::verify) fn at_least(address: &str, setting: &str, limit: i64) -> Condition {
    Condition::AtLeast {
        address: at(address),
        setting: setting.to_owned(),
        limit,
    }
}

pub(in crate::verify) fn fewer(kind: &str, beneath: &str, count: u32) -> Condition {
    Condition::FewerThan {
        matching: Matching {
            kind: Some(kind.parse().expect("a kind")),
            beneath: beneath.to_owned(),
            equals: None,
            except_states: Vec::new(),
        },
        count,
    }
}

pub(in crate::verify) fn fewer_tenants(stamp: &str, count: u32) -> Condition {
    tenants_with("stamp", stamp, count)
}

/// Fewer than so many tenants with this stamp in this setting.
pub(in crate::verify) fn tenants_with(setting: &str, stamp: &str, count: u32) -> Condition {
    Condition::FewerThan {
        matching: Matching {
            kind: Some(stampctl_contract::Kind::RegistryItem),
            beneath: "reg/tenants".to_owned(),
            equals: Some((setting.to_owned(), Value::text(stamp))),
            except_states: vec!["offboarded".to_owned(), "erased".to_owned()],
        },
        count,
    }
}

/// A plan as it is put together.
pub(crate) struct Draft {
    body: Body,
}

impl Draft {
    pub(crate) fn new() -> Self {
        let subscription = OpeningSubscription {
            limit: Some(256),
            usage: Some(192),
            allocated: Some(256),
        };
        let opening = Opening {
            accounts: vec![OpeningAccount {
                key: key(),
                management_group: "mg".to_owned(),
                limit: Some(640),
                available: Some(384),
                subscriptions: BTreeMap::from([("sub".parse().expect("a name"), subscription)]),
            }],
            reservations: BTreeMap::from([(
                "crg".parse().expect("a name"),
                OpeningReservation {
                    address: at(RESERVATION),
                    instances: Some(24),
                    vcpus: 8,
                    account: Some((key(), "sub".parse().expect("a name"))),
                },
            )]),
            serving: vec![Serving {
                region: "eastus2".parse().expect("a region"),
                kind: StampKind::Shared,
                active: 3,
            }],
            ..Opening::default()
        };
        Self {
            body: Body {
                fleet: "test".parse().expect("a name"),
                environment: None,
                provider: "sim".to_owned(),
                registry: "reg".to_owned(),
                manifest: Digest::of(b"manifest"),
                policy: Policy::default(),
                tenants: 100,
                opening,
                changes: Vec::new(),
                steps: Vec::new(),
                rules: BTreeMap::new(),
                ledger: Vec::new(),
                decisions: BTreeMap::new(),
                bounds: Bounds::default(),
                findings: Vec::new(),
            },
        }
    }

    /// A stamp of the opening world.
    pub(crate) fn with_stamp(mut self, id: &str, state: Option<StampState>, tenants: u32) -> Self {
        let group = names::resource_group(id);
        self.body.opening.stamps.insert(
            stamp(id),
            OpeningStamp {
                state,
                kind: StampKind::Shared,
                region: "eastus2".parse().expect("a region"),
                accepting: state == Some(StampState::Active),
                generation: 1,
                resource_group: at(&format!("resource_group/sub/{group}")),
                capacity: load(1_000),
                load: load(100 * u64::from(tenants)).into(),
                tenants,
                account: Some(StampAccount {
                    key: key(),
                    subscription: "sub".parse().expect("a name"),
                    cores: CORES.unsigned_abs(),
                    retained: 0,
                }),
                reservation: Some("crg".parse().expect("a name")),
                origin: Some(at(&origin(id))),
                protected: false,
            },
        );
        self
    }

    /// A tenant of the opening world.
    pub(crate) fn with_tenant(mut self, id: &str, home: Option<&str>) -> Self {
        self.body.opening.tenants.insert(
            tenant(id),
            OpeningTenant {
                state: home.map(|_| TenantState::Active),
                stamp: home.map(stamp),
                moved_from: None,
                held: Some(false),
                demand: load(100),
                export: Export::Required,
            },
        );
        self
    }

    fn step(
        &mut self,
        subject: &Subject,
        kind: K,
        stamps: &[&str],
        act: Act,
        after: &[(String, &'static str)],
    ) {
        self.body.steps.push(Step {
            id: StepId::of(subject, kind),
            kind,
            subject: subject.clone(),
            stamps: stamps.iter().map(|id| stamp(id)).collect(),
            why: "test".to_owned(),
            act,
            expects: Vec::new(),
            after: after
                .iter()
                .map(|(step, rule)| Edge {
                    step: StepId(step.as_str().into()),
                    rule: RuleId::known(rule),
                })
                .collect(),
            undo: Vec::new(),
            hazard: kind.hazard(),
        });
    }

    fn call(
        &mut self,
        about: &Of<'_>,
        kind: K,
        operations: Vec<Operation>,
        after: &[(&str, &'static str)],
    ) {
        let act = Act::Call { operations };
        self.step(&about.subject, kind, about.stamps, act, &about.edges(after));
    }

    fn check(
        &mut self,
        about: &Of<'_>,
        kind: K,
        conditions: Vec<Condition>,
        after: &[(&str, &'static str)],
    ) {
        let patience = Patience {
            good: 2,
            ..Patience::fail_after(Seconds(30), Seconds(600))
        };
        let act = Act::Check {
            conditions,
            patience,
        };
        self.step(&about.subject, kind, about.stamps, act, &about.edges(after));
    }

    pub(crate) fn seal(mut self) -> Plan {
        self.body.ledger = ledger(&self.body);
        let observed = "2026-01-01T00:00:00Z".parse().expect("a time");
        Plan::seal(self.body, "test", observed, Digest::of(b"rest")).expect("it can be sealed")
    }
}

/// Whom the next steps are about.
struct Of<'s> {
    subject: Subject,
    stamps: &'s [&'s str],
}

impl Of<'_> {
    /// Edges: a bare kind is a step of the same subject, anything with a `/` an id.
    fn edges(&self, after: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
        let id = |step: &str| {
            if step.contains('/') {
                step.to_owned()
            } else {
                format!("{}/{step}", self.subject)
            }
        };
        after.iter().map(|(step, rule)| (id(step), *rule)).collect()
    }
}

pub(in crate::verify) fn origin(id: &str) -> String {
    format!("origin/hub/rg-hub/fd/group/{}", names::origin(id))
}

/// The ledger that these steps keep.
pub(in crate::verify) fn ledger(body: &Body) -> Vec<Account> {
    let mut balance = 384;
    let mut cores = 256;
    let mut entries = Vec::new();
    for step in &body.steps {
        for call in step.act.operations() {
            let Verb::Put { settings } = &call.verb else {
                continue;
            };
            if call.address == at(ALLOCATION) {
                let after = settings["cores"].as_int().expect("a number");
                balance += cores - after;
                entries.push(Entry {
                    step: step.id.clone(),
                    subscription: Some("sub".parse().expect("a name")),
                    group: cores - after,
                    balance,
                });
                cores = after;
            }
        }
    }
    vec![Account {
        key: key(),
        opening: 384,
        entries,
        closing: balance,
    }]
}
