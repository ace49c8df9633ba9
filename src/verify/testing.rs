//! Plans for tests, put together by hand from `docs/workflows.md`: not by the planner, so that
//! the planner and the verifier cannot be wrong in the same way.

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

/// The cores of every stamp in these plans: 8 machines of 8.
const CORES: i64 = 64;
const GROUP: &str = "mg/qg/eastus2/fam";
const SUB_QUOTA: &str = "quota/sub/eastus2/fam";
const ALLOCATION: &str = "quota_allocation/mg/qg/sub/eastus2/fam";
const RESERVATION: &str = "capacity_reservation/sub/rg-crg/crg";

pub(crate) fn stamp(id: &str) -> StampId {
    id.parse().expect("a stamp's id")
}

pub(crate) fn tenant(id: &str) -> TenantId {
    id.parse().expect("a tenant's id")
}

pub(crate) fn at(text: &str) -> Address {
    text.parse().expect("an address")
}

fn key() -> QuotaKey {
    QuotaKey {
        group: "qg".parse().expect("a name"),
        region: "eastus2".parse().expect("a region"),
        family: "fam".to_owned(),
    }
}

fn of_stamp(id: &str) -> Subject {
    Subject::Stamp(stamp(id))
}

fn of_tenant(id: &str) -> Subject {
    Subject::Tenant(tenant(id))
}

fn load(each: u64) -> Load {
    Load {
        cpu: each,
        memory: each,
        storage: each,
        dtu: each,
    }
}

fn settings(pairs: &[(&str, Value)]) -> Settings {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect()
}

fn operation(address: &str, verb: Verb) -> Operation {
    Operation {
        address: at(address),
        verb,
        precondition: Precondition::Any,
    }
}

fn put(address: &str, pairs: &[(&str, Value)]) -> Operation {
    let settings = settings(pairs);
    operation(address, Verb::Put { settings })
}

fn patch(address: &str, pairs: &[(&str, Value)]) -> Operation {
    let settings = settings(pairs);
    operation(address, Verb::Patch { settings })
}

fn delete(address: &str) -> Operation {
    operation(address, Verb::Delete)
}

fn entry(collection: &str, id: &str, pairs: &[(&str, Value)]) -> Operation {
    patch(&format!("registry_item/reg/{collection}/{id}"), pairs)
}

fn is(address: &str, setting: &str, value: Value) -> Condition {
    Condition::Is {
        address: at(address),
        setting: setting.to_owned(),
        value,
    }
}

fn at_most(address: &str, setting: &str, limit: i64) -> Condition {
    Condition::AtMost {
        address: at(address),
        setting: setting.to_owned(),
        limit,
    }
}

fn at_least(address: &str, setting: &str, limit: i64) -> Condition {
    Condition::AtLeast {
        address: at(address),
        setting: setting.to_owned(),
        limit,
    }
}

fn fewer(kind: &str, beneath: &str, count: u32) -> Condition {
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

fn fewer_tenants(stamp: &str, count: u32) -> Condition {
    Condition::FewerThan {
        matching: Matching {
            kind: Some(stampctl_contract::Kind::RegistryItem),
            beneath: "reg/tenants".to_owned(),
            equals: Some(("stamp".to_owned(), Value::text(stamp))),
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

fn origin(id: &str) -> String {
    format!("origin/hub/rg-hub/fd/group/{}", names::origin(id))
}

/// The ledger that these steps keep.
fn ledger(body: &Body) -> Vec<Account> {
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

/// The steps that make a stamp, with its quota and reservation.
pub(crate) fn provision(draft: &mut Draft, id: &str) {
    let quota = Of {
        subject: Subject::Quota(key()),
        stamps: &[],
    };
    let group = format!("group_quota/{GROUP}");
    draft.check(
        &quota,
        K::QuotaHeadroom,
        vec![at_least(&group, "available", CORES)],
        &[],
    );
    draft.call(
        &quota,
        K::QuotaAllocate,
        vec![put(ALLOCATION, &[("cores", Value::Int(256 + CORES))])],
        &[("quota.headroom", "O-22")],
    );
    let reservation = Of {
        subject: Subject::Reservation("crg".parse().expect("a name")),
        stamps: &[],
    };
    let instances = [("instances", Value::Int(32))];
    draft.call(
        &reservation,
        K::ReservationEnsure,
        vec![patch(RESERVATION, &instances)],
        &[("quota/qg/eastus2/fam/quota.allocate", "O-23")],
    );
    draft.check(
        &reservation,
        K::ReservationVerify,
        vec![at_least(RESERVATION, "instances", 32)],
        &[("reservation.ensure", "P-3")],
    );
    build(draft, id);
    serve(draft, id);
}

fn build(draft: &mut Draft, id: &str) {
    let stamps = [id];
    let of = Of {
        subject: of_stamp(id),
        stamps: &stamps,
    };
    let group = names::resource_group(id);
    let verified = ("reservation/crg/reservation.verify", "O-24");
    let state = [
        ("state", Value::text("creating")),
        ("accepting", Value::Bool(true)),
    ];
    draft.call(
        &of,
        K::StampRegister,
        vec![entry("stamps", id, &state)],
        &[verified],
    );
    let set = format!("scale_set/sub/{group}/{}", names::scale_set(id, "1"));
    let off = [("enabled", Value::Bool(false))];
    let machines = [
        ("instances", Value::Int(8)),
        ("power", Value::text("running")),
    ];
    draft.call(
        &of,
        K::StampDeploy,
        vec![
            put(&format!("resource_group/sub/{group}"), &[]),
            put(
                &format!("sql_server/sub/{group}/{}", names::sql_server(id)),
                &[],
            ),
            put(
                &format!("storage_account/sub/{group}/{}", names::storage_account(id)),
                &[],
            ),
            put(&set, &machines),
            put(&origin(id), &off),
            put(
                &format!("alert/sub/{group}/{}", names::health_alert(id)),
                &[],
            ),
        ],
        &[("stamp.register", "P-5"), verified],
    );
}

/// Health, traffic, active.
fn serve(draft: &mut Draft, id: &str) {
    serve_after(draft, id, &[("stamp.deploy", "O-25")]);
}

fn serve_after(draft: &mut Draft, id: &str, after: &[(&str, &'static str)]) {
    let stamps = [id];
    let of = Of {
        subject: of_stamp(id),
        stamps: &stamps,
    };
    let yes = Value::Bool(true);
    let health = format!("health/sub/{}", names::resource_group(id));
    let live = vec![
        is(&health, "live", yes.clone()),
        is(&health, "ready", yes.clone()),
    ];
    draft.check(&of, K::StampHealth, live, after);
    let smoke = vec![is(&health, "smoke", yes.clone())];
    draft.check(&of, K::StampSmoke, smoke, &[("stamp.health", "O-25")]);
    let on = [("enabled", yes.clone()), ("weight", Value::Int(100))];
    draft.call(
        &of,
        K::IngressAdd,
        vec![patch(&origin(id), &on)],
        &[("stamp.health", "O-26"), ("stamp.smoke", "O-26")],
    );
    let traffic = vec![is(&health, "traffic", yes)];
    draft.check(&of, K::IngressVerify, traffic, &[("ingress.add", "P-3")]);
    let active = [("state", Value::text("active"))];
    draft.call(
        &of,
        K::StampActivate,
        vec![entry("stamps", id, &active)],
        &[("ingress.verify", "O-27")],
    );
}

/// The steps with which an active stamp leaves service: `last` writes what it becomes.
fn leave_service(
    draft: &mut Draft,
    id: &str,
    zero_after: &[(&str, &'static str)],
    drain_after: &[(&str, &'static str)],
) {
    let stamps = [id];
    let of = Of {
        subject: of_stamp(id),
        stamps: &stamps,
    };
    let group = names::resource_group(id);
    let closed = [("accepting", Value::Bool(false))];
    draft.call(
        &of,
        K::PlacementClose,
        vec![entry("stamps", id, &closed)],
        &[],
    );
    let mut after = vec![("placement.close", "O-8")];
    after.extend(zero_after);
    draft.check(&of, K::TenantsZero, nobody(id), &after);
    let draining = [("state", Value::text("draining"))];
    let mut after = vec![("tenants.zero", "O-6")];
    after.extend(drain_after);
    draft.call(
        &of,
        K::StampDrain,
        vec![entry("stamps", id, &draining)],
        &after,
    );
    let off = [("enabled", Value::Bool(false))];
    draft.call(
        &of,
        K::IngressRemove,
        vec![patch(&origin(id), &off)],
        &[("stamp.drain", "P-5")],
    );
    let metrics = format!("stamp_metrics/sub/{group}");
    draft.check(
        &of,
        K::ConnectionsWait,
        vec![at_most(&metrics, "connections", 0)],
        &[("ingress.remove", "O-9")],
    );
    let jobs = vec![at_most(&metrics, "jobs", 0)];
    draft.check(&of, K::JobsWait, jobs, &[("connections.wait", "O-10")]);
}

fn nobody(id: &str) -> Vec<Condition> {
    let beneath = format!("sub/{}", names::resource_group(id));
    vec![
        fewer_tenants(id, 1),
        fewer("tenant_schema", &beneath, 1),
        fewer("sql_database", &beneath, 2),
        fewer("blob_container", &beneath, 1),
    ]
}

/// Puts an active stamp on standby.
pub(crate) fn standby(draft: &mut Draft, id: &str) {
    leave_service(draft, id, &[], &[]);
    let stamps = [id];
    let of = Of {
        subject: of_stamp(id),
        stamps: &stamps,
    };
    let set = names::scale_set(id, "1");
    let set = format!("scale_set/sub/{}/{set}", names::resource_group(id));
    let ready = [("state", Value::text("ready"))];
    let calls = vec![
        patch(&set, &[("instances", Value::Int(3))]),
        entry("stamps", id, &ready),
    ];
    draft.call(&of, K::StampStandby, calls, &[("jobs.wait", "O-11")]);
}

/// Retires an active stamp; `zero_after` and `drain_after` are edges from elsewhere.
pub(crate) fn retire(
    draft: &mut Draft,
    id: &str,
    zero_after: &[(&str, &'static str)],
    drain_after: &[(&str, &'static str)],
    quota_after: &[(&str, &'static str)],
    before: (i64, i64),
) {
    leave_service(draft, id, zero_after, drain_after);
    release(draft, id);
    give_back(draft, id, quota_after, before);
    remove(draft, id);
}

fn release(draft: &mut Draft, id: &str) {
    let stamps = [id];
    let of = Of {
        subject: of_stamp(id),
        stamps: &stamps,
    };
    let group = names::resource_group(id);
    let backup = format!("backup/sub/vault/{}", names::stamp_backup(id));
    let source = format!("sql_server/sub/{group}/{}", names::sql_server(id));
    let saved = [("source", Value::text(source)), ("tenant", Value::text(""))];
    draft.call(
        &of,
        K::StampBackup,
        vec![put(&backup, &saved)],
        &[("jobs.wait", "O-13")],
    );
    let verified = vec![is(&backup, "verified", Value::Bool(true))];
    draft.check(&of, K::BackupVerify, verified, &[("stamp.backup", "P-3")]);
    let alert = format!("alert/sub/{group}/{}", names::health_alert(id));
    draft.call(
        &of,
        K::MonitoringRemove,
        vec![delete(&alert)],
        &[("jobs.wait", "O-14")],
    );
    let set = format!("scale_set/sub/{group}/{}", names::scale_set(id, "1"));
    draft.call(
        &of,
        K::ComputeRelease,
        vec![
            entry("stamps", id, &[("state", Value::text("releasing"))]),
            patch(&set, &[("power", Value::text("deallocated"))]),
            patch(&set, &[("instances", Value::Int(0))]),
        ],
        &[
            ("jobs.wait", "O-11"),
            ("tenants.zero", "O-6"),
            ("backup.verify", "O-13"),
            ("monitoring.remove", "O-14"),
        ],
    );
}

fn give_back(
    draft: &mut Draft,
    id: &str,
    quota_after: &[(&str, &'static str)],
    (cores, instances): (i64, i64),
) {
    let stamps = [id];
    let of = Of {
        subject: of_stamp(id),
        stamps: &stamps,
    };
    let set = names::scale_set(id, "1");
    let set = format!("scale_set/sub/{}/{set}", names::resource_group(id));
    let fewer = [("instances", Value::Int(instances - 8))];
    let mut after = vec![("compute.release", "O-5")];
    after.extend(
        quota_after
            .iter()
            .filter(|(step, _)| step.contains("reservation.")),
    );
    draft.call(
        &of,
        K::ReservationReduce,
        vec![
            patch(&set, &[("reservation", Value::text(""))]),
            patch(RESERVATION, &fewer),
        ],
        &after,
    );
    draft.check(
        &of,
        K::UsageVerify,
        vec![at_most(SUB_QUOTA, "usage", cores - CORES)],
        &[("compute.release", "O-4"), ("reservation.reduce", "O-5")],
    );
    let mut after = vec![
        ("usage.verify", "O-4"),
        ("compute.release", "O-4"),
        ("reservation.reduce", "O-5"),
    ];
    after.extend(
        quota_after
            .iter()
            .filter(|(step, _)| step.contains("quota.")),
    );
    draft.call(
        &of,
        K::QuotaReturn,
        vec![put(ALLOCATION, &[("cores", Value::Int(cores - CORES))])],
        &after,
    );
    let seen = seen_return(id, CORES);
    draft.check(&of, K::QuotaVerify, seen, &[("quota.return", "P-3")]);
}

fn remove(draft: &mut Draft, id: &str) {
    let stamps = [id];
    let of = Of {
        subject: of_stamp(id),
        stamps: &stamps,
    };
    let group = names::resource_group(id);
    let own = format!("resource_group/sub/{group}");
    let returned = [("state", Value::text("quota_returned"))];
    draft.call(
        &of,
        K::StampReleased,
        vec![entry("stamps", id, &returned)],
        &[("quota.verify", "P-5")],
    );
    let released = [("stamp.released", "O-7")];
    draft.check(&of, K::TenantsRecheck, nobody(id), &released);
    let held = is(
        &format!("registry_item/reg/stamps/{id}"),
        "held",
        Value::Bool(false),
    );
    draft.check(&of, K::StampHolds, vec![held], &released);
    let owned = Condition::OnlyOwned {
        group: at(&own),
        tag: "Stamp".to_owned(),
        owner: id.to_owned(),
    };
    draft.check(&of, K::OwnershipVerify, vec![owned], &released);
    let mut after = vec![
        ("tenants.recheck", "O-7"),
        ("quota.return", "O-1"),
        ("quota.verify", "O-2"),
        ("jobs.wait", "O-9"),
    ];
    draft.call(&of, K::IngressDelete, vec![delete(&origin(id))], &after);
    after.extend([("stamp.holds", "O-20"), ("backup.verify", "O-13")]);
    let data = vec![
        delete(&format!("sql_server/sub/{group}/{}", names::sql_server(id))),
        delete(&format!(
            "storage_account/sub/{group}/{}",
            names::storage_account(id)
        )),
    ];
    draft.call(&of, K::DataDelete, data, &after);
    after.extend([
        ("data.delete", "O-17"),
        ("ingress.delete", "O-90"),
        ("ownership.verify", "O-18"),
    ]);
    draft.call(&of, K::StampDelete, vec![delete(&own)], &after);
    let gone = vec![
        Condition::Absent { address: at(&own) },
        Condition::Absent {
            address: at(&origin(id)),
        },
    ];
    draft.check(
        &of,
        K::StampAbsence,
        gone,
        &[("stamp.delete", "O-19"), ("ingress.delete", "O-90")],
    );
    let deleted = [("state", Value::text("deleted"))];
    draft.call(
        &of,
        K::StampTombstone,
        vec![entry("stamps", id, &deleted)],
        &[("stamp.absence", "O-19")],
    );
}

/// Addresses of a tenant's data on a stamp: the schema and the container.
fn data(id: &str, on: &str) -> [String; 2] {
    let group = names::resource_group(on);
    let container = names::tenant_container(&tenant(id));
    let server = names::sql_server(on);
    [
        format!("tenant_schema/sub/{group}/{server}/db-tenants/{id}"),
        format!(
            "blob_container/sub/{group}/{}/{container}",
            names::storage_account(on)
        ),
    ]
}

/// The check that a stamp has room; `after` are edges from elsewhere.
pub(crate) fn recheck(draft: &mut Draft, id: &str, after: &[(&str, &'static str)]) {
    let stamps = [id];
    let of = Of {
        subject: of_stamp(id),
        stamps: &stamps,
    };
    let metrics = format!("stamp_metrics/sub/{}", names::resource_group(id));
    let mut room: Vec<_> = [
        "latest_cpu",
        "latest_memory",
        "latest_storage",
        "latest_dtu",
    ]
    .iter()
    .map(|name| at_most(&metrics, name, 8_499))
    .collect();
    room.push(fewer_tenants(id, 100));
    draft.check(&of, K::CapacityRecheck, room, after);
}

/// Writes a stamp's counts, after `last`.
pub(crate) fn sync(draft: &mut Draft, id: &str, last: &str) {
    let stamps = [id];
    let of = Of {
        subject: of_stamp(id),
        stamps: &stamps,
    };
    let group = format!("resource_group/sub/{}", names::resource_group(id));
    let tags = patch(&group, &[("tags", Value::Map(BTreeMap::new()))]);
    draft.call(&of, K::ProjectionSync, vec![tags], &[(last, "O-37")]);
}

/// Takes a tenant in on a stamp.
pub(crate) fn onboard(draft: &mut Draft, id: &str, on: &str) {
    let stamps = [on];
    let of = Of {
        subject: of_tenant(id),
        stamps: &stamps,
    };
    let room = format!("stamp/{on}/capacity.recheck");
    let [schema, container] = data(id, on);
    let checked = (room.as_str(), "O-31");
    draft.call(&of, K::TenantData, vec![put(&schema, &[])], &[checked]);
    draft.call(
        &of,
        K::TenantBlob,
        vec![put(&container, &[])],
        &[("tenant.data", "O-32")],
    );
    let api = |kind: &str, name: String| put(&format!("{kind}/hub/rg-hub/apim/{name}"), &[]);
    let id_ = tenant(id);
    let user = api("api_user", names::api_user(&id_));
    draft.call(&of, K::ApiUser, vec![user], &[checked]);
    let subscription = names::api_subscription(&id_);
    let subscribe = api("api_subscription", subscription.clone());
    draft.call(
        &of,
        K::ApiSubscribe,
        vec![subscribe],
        &[("api.user", "O-34")],
    );
    let policy = api("api_policy", subscription);
    draft.call(
        &of,
        K::ApiPolicy,
        vec![policy],
        &[("api.subscribe", "O-35")],
    );
    let there = [&schema, &container].map(|address| Condition::Present {
        address: at(address),
    });
    let made = [
        ("tenant.data", "O-33"),
        ("tenant.blob", "O-33"),
        ("api.policy", "O-36"),
    ];
    draft.check(&of, K::TenantHealth, there.to_vec(), &made);
    let home = [
        ("stamp", Value::text(on)),
        ("state", Value::text("active")),
        ("routed", Value::Bool(true)),
    ];
    let route = put(&format!("registry_item/reg/tenants/{id}"), &home);
    let mut after = vec![("tenant.health", "O-33")];
    after.extend(made);
    draft.call(&of, K::RouteRegister, vec![route], &after);
}

/// Moves a tenant from one stamp to another.
pub(crate) fn relocate(draft: &mut Draft, id: &str, from: &str, to: &str) {
    let stamps = [from, to];
    let of = Of {
        subject: of_tenant(id),
        stamps: &stamps,
    };
    let room = format!("stamp/{to}/capacity.recheck");
    let checked = (room.as_str(), "O-31");
    let (source, destination) = (data(id, from), data(id, to));
    let backup = format!(
        "backup/sub/vault/{}",
        names::tenant_snapshot(&tenant(id), from)
    );
    let saved = [
        ("source", Value::text(source[0].as_str())),
        ("tenant", Value::text(id)),
    ];
    draft.call(
        &of,
        K::TenantSnapshot,
        vec![put(&backup, &saved)],
        &[checked],
    );
    let verified = vec![is(&backup, "verified", Value::Bool(true))];
    draft.check(
        &of,
        K::SnapshotVerify,
        verified,
        &[("tenant.snapshot", "P-3")],
    );
    draft.call(
        &of,
        K::TenantData,
        vec![put(&destination[0], &[])],
        &[checked],
    );
    let blob = [checked, ("tenant.data", "O-32")];
    draft.call(&of, K::TenantBlob, vec![put(&destination[1], &[])], &blob);
    let ready = [
        ("snapshot.verify", "O-46"),
        ("tenant.data", "O-45"),
        ("tenant.blob", "O-45"),
    ];
    let frozen = [
        ("frozen", Value::Bool(true)),
        ("state", Value::text("migrating")),
    ];
    draft.call(
        &of,
        K::TenantFreeze,
        vec![entry("tenants", id, &frozen)],
        &ready,
    );
    let copies = source.iter().zip(&destination).map(|(from, to)| {
        let from = at(from);
        operation(
            to,
            Verb::Copy {
                from,
                tenant: id.to_owned(),
            },
        )
    });
    let mut after = vec![("tenant.freeze", "O-47")];
    after.extend(ready);
    draft.call(&of, K::TenantCopy, copies.collect(), &after);
    let same = source
        .iter()
        .zip(&destination)
        .map(|(source, destination)| Condition::SameContent {
            source: at(source),
            destination: at(destination),
        });
    draft.check(
        &of,
        K::TenantCompare,
        same.collect(),
        &[("tenant.copy", "O-50")],
    );
    let home = [
        ("stamp", Value::text(to)),
        ("moved_from", Value::text(from)),
        ("frozen", Value::Bool(false)),
        ("state", Value::text("active")),
    ];
    let switch = vec![entry("tenants", id, &home)];
    draft.call(&of, K::TenantSwitch, switch, &[("tenant.compare", "O-51")]);
    settle(draft, &of, id, &source);
}

fn settle(draft: &mut Draft, of: &Of<'_>, id: &str, source: &[String; 2]) {
    let since = StepId::of(&of.subject, K::TenantSwitch);
    let elapsed = Condition::Elapsed {
        since,
        seconds: Seconds(86_400),
    };
    draft.check(
        of,
        K::TenantSoak,
        vec![elapsed],
        &[("tenant.switch", "O-54")],
    );
    let question = Condition::Confirmed {
        question: "may the source go?".to_owned(),
    };
    draft.check(
        of,
        K::TenantConfirm,
        vec![question],
        &[("tenant.soak", "O-54")],
    );
    hold_check(
        draft,
        of,
        id,
        &[("tenant.soak", "O-20"), ("tenant.confirm", "O-20")],
    );
    let after = [
        ("tenant.switch", "O-55"),
        ("tenant.soak", "O-54"),
        ("tenant.confirm", "O-54"),
        ("hold.check", "O-20"),
    ];
    let deletes = source.iter().map(|address| delete(address)).collect();
    draft.call(of, K::SourceDelete, deletes, &after);
    let gone = source.iter().map(|address| Condition::Absent {
        address: at(address),
    });
    draft.check(
        of,
        K::SourceAbsence,
        gone.collect(),
        &[("source.delete", "P-3")],
    );
    let settled = [("moved_from", Value::text(""))];
    let entry = vec![entry("tenants", id, &settled)];
    draft.call(of, K::TenantSettle, entry, &[("source.absence", "O-57")]);
}

fn hold_check(draft: &mut Draft, of: &Of<'_>, id: &str, after: &[(&str, &'static str)]) {
    let entry = format!("registry_item/reg/tenants/{id}");
    draft.check(
        of,
        K::HoldCheck,
        vec![is(&entry, "held", Value::Bool(false))],
        after,
    );
}

/// Ends a tenant's service.
pub(crate) fn offboard(draft: &mut Draft, id: &str, on: &str) {
    let stamps = [on];
    let of = Of {
        subject: of_tenant(id),
        stamps: &stamps,
    };
    let source = data(id, on);
    hold_check(draft, &of, id, &[]);
    let state = |word: &str| entry("tenants", id, &[("state", Value::text(word))]);
    draft.call(
        &of,
        K::TenantLeave,
        vec![state("offboarding")],
        &[("hold.check", "O-20")],
    );
    let left = [("tenant.leave", "P-5")];
    let unrouted = entry("tenants", id, &[("routed", Value::Bool(false))]);
    draft.call(&of, K::RouteRemove, vec![unrouted], &left);
    let user = format!("api_user/hub/rg-hub/apim/{}", names::api_user(&tenant(id)));
    draft.call(&of, K::ApiRevoke, vec![delete(&user)], &left);
    let metrics = format!("tenant_metrics/reg/{id}");
    draft.check(
        &of,
        K::TenantDrain,
        vec![at_most(&metrics, "active_requests", 0)],
        &[("route.remove", "O-39"), ("api.revoke", "O-39")],
    );
    let export = format!("backup/sub/vault/{}", names::tenant_export(&tenant(id)));
    let saved = [
        ("source", Value::text(source[0].as_str())),
        ("tenant", Value::text(id)),
    ];
    draft.call(
        &of,
        K::TenantExport,
        vec![put(&export, &saved)],
        &[("tenant.drain", "O-40")],
    );
    let verified = vec![is(&export, "verified", Value::Bool(true))];
    draft.check(&of, K::ExportVerify, verified, &[("tenant.export", "P-3")]);
    let after = [
        ("hold.check", "O-20"),
        ("route.remove", "O-38"),
        ("api.revoke", "O-38"),
        ("tenant.drain", "O-39"),
        ("export.verify", "O-40"),
    ];
    let deletes = source.iter().map(|address| delete(address)).collect();
    draft.call(&of, K::TenantDelete, deletes, &after);
    let gone = source.iter().map(|address| Condition::Absent {
        address: at(address),
    });
    draft.check(
        &of,
        K::TenantAbsence,
        gone.collect(),
        &[("tenant.delete", "P-3")],
    );
    draft.call(
        &of,
        K::TenantTombstone,
        vec![state("offboarded")],
        &[("tenant.absence", "P-5")],
    );
}

/// Every kind of plan, by name.
pub(crate) fn scenarios() -> Vec<(&'static str, Plan)> {
    use StampState::Active;
    let mut all = Vec::new();
    let mut draft = Draft::new().with_stamp("new", None, 0);
    provision(&mut draft, "new");
    all.push(("provision", draft.seal()));

    let mut draft = Draft::new().with_stamp("old", Some(Active), 0);
    retire(&mut draft, "old", &[], &[], &[], (256, 24));
    all.push(("retire", draft.seal()));

    let mut draft = Draft::new()
        .with_stamp("a", Some(Active), 2)
        .with_tenant("t", None);
    recheck(&mut draft, "a", &[]);
    onboard(&mut draft, "t", "a");
    sync(&mut draft, "a", "tenant/t/route.register");
    all.push(("onboard", draft.seal()));

    let two = || {
        let stamps = Draft::new().with_stamp("a", Some(Active), 1);
        stamps
            .with_stamp("b", Some(Active), 1)
            .with_tenant("t", Some("a"))
    };
    let mut draft = two();
    recheck(&mut draft, "b", &[]);
    relocate(&mut draft, "t", "a", "b");
    sync(&mut draft, "b", "tenant/t/tenant.switch");
    all.push(("move", draft.seal()));

    let mut draft = Draft::new()
        .with_stamp("a", Some(Active), 1)
        .with_tenant("t", Some("a"));
    offboard(&mut draft, "t", "a");
    sync(&mut draft, "a", "tenant/t/tenant.tombstone");
    all.push(("offboard", draft.seal()));

    let mut draft = Draft::new().with_stamp("a", Some(Active), 0);
    standby(&mut draft, "a");
    all.push(("standby", draft.seal()));

    // A stamp is replaced: a new one is made, the tenant moves, the old one is retired.
    let mut draft = Draft::new()
        .with_stamp("new", None, 0)
        .with_stamp("old", Some(Active), 1);
    draft = draft.with_tenant("t", Some("old"));
    provision(&mut draft, "new");
    recheck(&mut draft, "new", &[("stamp.activate", "O-27")]);
    relocate(&mut draft, "t", "old", "new");
    retire(
        &mut draft,
        "old",
        &[("tenant/t/tenant.settle", "O-88")],
        &[("stamp/new/stamp.activate", "O-28")],
        &[
            ("quota/qg/eastus2/fam/quota.allocate", "P-6"),
            ("reservation/crg/reservation.verify", "P-6"),
        ],
        (256 + CORES, 32),
    );
    all.push(("replace", draft.seal()));
    all.extend(in_place());
    all
}

/// Plans that make or delete no stamp.
fn in_place() -> Vec<(&'static str, Plan)> {
    use StampState::Active;
    let mut all = Vec::new();
    let mut draft = Draft::new().with_stamp("a", Some(StampState::Ready), 0);
    wake(&mut draft, "a");
    all.push(("wake", draft.seal()));

    let mut draft = Draft::new().with_stamp("a", Some(Active), 1);
    isolate(&mut draft, "a");
    all.push(("isolate", draft.seal()));

    let mut draft = Draft::new().with_stamp("a", Some(Active), 1);
    shrink(&mut draft, "a");
    all.push(("shrink", draft.seal()));

    // A move of an earlier plan has left its source behind.
    let mut draft = Draft::new().with_stamp("a", Some(Active), 1);
    draft = draft
        .with_stamp("b", Some(Active), 1)
        .with_tenant("t", Some("b"));
    for tenant in draft.body.opening.tenants.values_mut() {
        tenant.moved_from = Some(stamp("a"));
    }
    let stamps = ["a", "b"];
    let of = Of {
        subject: of_tenant("t"),
        stamps: &stamps,
    };
    draft.call(&of, K::TenantSwitch, vec![switched("t", "a", "b")], &[]);
    settle(&mut draft, &of, "t", &data("t", "a"));
    all.push(("settle", draft.seal()));
    all
}

fn switched(id: &str, from: &str, to: &str) -> Operation {
    let home = [
        ("stamp", Value::text(to)),
        ("moved_from", Value::text(from)),
        ("frozen", Value::Bool(false)),
        ("state", Value::text("active")),
    ];
    entry("tenants", id, &home)
}

fn scale_set(id: &str) -> String {
    let group = names::resource_group(id);
    format!("scale_set/sub/{group}/{}", names::scale_set(id, "1"))
}

/// Wakes a stamp on standby.
fn wake(draft: &mut Draft, id: &str) {
    let stamps = [id];
    let of = Of {
        subject: of_stamp(id),
        stamps: &stamps,
    };
    let running = [
        ("power", Value::text("running")),
        ("instances", Value::Int(8)),
    ];
    draft.call(
        &of,
        K::ComputeStart,
        vec![patch(&scale_set(id), &running)],
        &[],
    );
    serve_after(draft, id, &[("compute.start", "O-86")]);
}

/// Takes a stamp out of traffic.
fn isolate(draft: &mut Draft, id: &str) {
    let stamps = [id];
    let of = Of {
        subject: of_stamp(id),
        stamps: &stamps,
    };
    let off = [("enabled", Value::Bool(false))];
    draft.call(&of, K::IngressRemove, vec![patch(&origin(id), &off)], &[]);
    let isolated = entry("stamps", id, &[("state", Value::text("isolated"))]);
    draft.call(
        &of,
        K::StampIsolate,
        vec![isolated],
        &[("ingress.remove", "P-5")],
    );
}

/// Takes two machines of a stamp away and returns their cores.
fn shrink(draft: &mut Draft, id: &str) {
    let stamps = [id];
    let of = Of {
        subject: of_stamp(id),
        stamps: &stamps,
    };
    let six = [("instances", Value::Int(6))];
    draft.call(&of, K::StampUpdate, vec![patch(&scale_set(id), &six)], &[]);
    let fewer = [("instances", Value::Int(22))];
    draft.call(
        &of,
        K::ReservationReduce,
        vec![patch(RESERVATION, &fewer)],
        &[("stamp.update", "O-5")],
    );
    draft.check(
        &of,
        K::UsageVerify,
        vec![at_most(SUB_QUOTA, "usage", 240)],
        &[("reservation.reduce", "O-4")],
    );
    draft.call(
        &of,
        K::QuotaReturn,
        vec![put(ALLOCATION, &[("cores", Value::Int(240))])],
        &[("usage.verify", "O-4")],
    );
    draft.check(
        &of,
        K::QuotaVerify,
        seen_return(id, 16),
        &[("quota.return", "P-3")],
    );
}

/// The return of this many cores, seen on both sides.
fn seen_return(id: &str, cores: i64) -> Vec<Condition> {
    let since = StepId::of(&of_stamp(id), K::QuotaReturn);
    let changed = |address: &str, setting: &str, by| Condition::ChangedBy {
        address: at(address),
        setting: setting.to_owned(),
        since: since.clone(),
        by,
    };
    vec![
        changed(SUB_QUOTA, "limit", -cores),
        changed(ALLOCATION, "cores", -cores),
        changed(&format!("group_quota/{GROUP}"), "available", cores),
    ]
}

/// Four stamps of one account go, one return after the other.
pub(crate) fn retire_four() -> Plan {
    let mut draft = Draft::new();
    draft.body.opening.serving[0].active = 8;
    draft.body.policy.limits.stamps_retired = 4;
    for reservation in draft.body.opening.reservations.values_mut() {
        reservation.instances = Some(32);
    }
    let names = ["d1", "d2", "d3", "d4"];
    for (place, name) in (0_i64..).zip(names) {
        draft = draft.with_stamp(name, Some(StampState::Active), 0);
        let before = (256 - place * CORES, 32 - place * 8);
        let last = names[usize::try_from(place.max(1) - 1).expect("small")];
        let reduced = format!("stamp/{last}/reservation.reduce");
        let returned = format!("stamp/{last}/quota.return");
        let chain = [(reduced.as_str(), "P-6"), (returned.as_str(), "P-6")];
        retire(
            &mut draft,
            name,
            &[],
            &[],
            if place > 0 { &chain } else { &[] },
            before,
        );
    }
    draft.seal()
}

/// A plan of many stamps; on each `tenants` come, one leaves, and one moves to the next stamp.
pub(crate) fn large(stamps: usize, tenants: usize) -> Plan {
    let mut draft = Draft::new();
    let name = |stamp: usize| format!("s{stamp}");
    for stamp in 0..stamps {
        let home = name(stamp);
        draft = draft.with_stamp(&home, Some(StampState::Active), 2);
        draft = draft.with_tenant(&format!("out-{stamp}"), Some(&home));
        draft = draft.with_tenant(&format!("on-{stamp}"), Some(&home));
        for tenant in 0..tenants {
            draft = draft.with_tenant(&format!("in-{stamp}-{tenant}"), None);
        }
    }
    for stamp in draft.body.opening.stamps.values_mut() {
        stamp.capacity = load(100_000);
    }
    draft.body.opening.serving[0].active = u32::try_from(stamps).expect("few");
    let all = u32::try_from(stamps).expect("few");
    draft.body.policy.limits.tenants_moved = Some(all);
    draft.body.policy.limits.tenants_offboarded = Some(all);
    for stamp in 0..stamps {
        let (home, next) = (name(stamp), name((stamp + 1) % stamps));
        recheck(&mut draft, &home, &[]);
        for tenant in 0..tenants {
            onboard(&mut draft, &format!("in-{stamp}-{tenant}"), &home);
        }
        offboard(&mut draft, &format!("out-{stamp}"), &home);
        relocate(&mut draft, &format!("on-{stamp}"), &home, &next);
    }
    draft.seal()
}
