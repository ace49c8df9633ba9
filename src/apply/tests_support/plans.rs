//! Plans for tests.

use std::collections::BTreeMap;

use jiff::Timestamp;
use stampctl_contract::Address;
use stampctl_contract::Operation;
use stampctl_contract::Precondition;
use stampctl_contract::Settings;
use stampctl_contract::Value;
use stampctl_contract::Verb;

use crate::model::Seconds;
use crate::plan::format::Act;
use crate::plan::format::Body;
use crate::plan::format::Condition;
use crate::plan::format::Digest;
use crate::plan::format::Edge;
use crate::plan::format::Expect;
use crate::plan::format::Opening;
use crate::plan::format::Patience;
use crate::plan::format::Plan;
use crate::plan::format::RuleId;
use crate::plan::format::Step;
use crate::plan::format::StepId;
use crate::plan::format::StepKind;
use crate::plan::format::Subject;

/// A plan's body with these steps.
pub(crate) fn body(steps: Vec<Step>) -> Body {
    Body {
        fleet: "contoso".parse().expect("a name"),
        environment: None,
        provider: "fake".to_owned(),
        registry: "registry".to_owned(),
        manifest: Digest::of(b"manifest"),
        policy: crate::model::Policy::default(),
        tenants: 0,
        opening: Opening::default(),
        changes: vec![],
        steps,
        rules: BTreeMap::new(),
        ledger: vec![],
        decisions: BTreeMap::new(),
        bounds: crate::plan::format::Bounds::default(),
        findings: vec![],
    }
}

pub(crate) fn sealed(steps: Vec<Step>) -> Plan {
    Plan::seal(body(steps), "test", Timestamp::UNIX_EPOCH, Digest::of(b"")).expect("seals")
}

pub(crate) fn at(text: &str) -> Address {
    text.parse().expect("an address")
}

pub(crate) fn settings<const N: usize>(pairs: [(&str, Value); N]) -> Settings {
    pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
}

fn operation(address: &str, verb: Verb) -> Operation {
    Operation {
        address: at(address),
        verb,
        precondition: Precondition::Any,
    }
}

pub(crate) fn put<const N: usize>(address: &str, pairs: [(&str, Value); N]) -> Operation {
    let settings = settings(pairs);
    operation(address, Verb::Put { settings })
}

pub(crate) fn patch<const N: usize>(address: &str, pairs: [(&str, Value); N]) -> Operation {
    let settings = settings(pairs);
    operation(address, Verb::Patch { settings })
}

pub(crate) fn delete(address: &str) -> Operation {
    operation(address, Verb::Delete)
}

pub(crate) fn is(address: &str, setting: &str, value: impl Into<Value>) -> Condition {
    Condition::Is {
        address: at(address),
        setting: setting.to_owned(),
        value: value.into(),
    }
}

pub(crate) fn absent(address: &str) -> Condition {
    Condition::Absent {
        address: at(address),
    }
}

pub(crate) fn stamp(id: &str) -> Subject {
    Subject::Stamp(id.parse().expect("an id"))
}

pub(crate) fn tenant(id: &str) -> Subject {
    Subject::Tenant(id.parse().expect("an id"))
}

pub(crate) fn id(subject: &Subject, kind: StepKind) -> StepId {
    StepId::of(subject, kind)
}

/// A step that calls.
pub(crate) fn call(subject: &Subject, kind: StepKind, operations: Vec<Operation>) -> Step {
    step(subject, kind, Act::Call { operations })
}

/// A step that looks.
pub(crate) fn check(
    subject: &Subject,
    kind: StepKind,
    conditions: Vec<Condition>,
    patience: Patience,
) -> Step {
    let act = Act::Check {
        conditions,
        patience,
    };
    step(subject, kind, act)
}

fn step(subject: &Subject, kind: StepKind, act: Act) -> Step {
    Step {
        id: StepId::of(subject, kind),
        kind,
        subject: subject.clone(),
        stamps: vec![],
        why: "because".to_owned(),
        act,
        expects: vec![],
        after: vec![],
        undo: vec![],
        hazard: kind.hazard(),
    }
}

impl Step {
    pub(crate) fn after(mut self, step: &StepId) -> Self {
        self.after.push(Edge {
            step: step.clone(),
            rule: RuleId::known("P-3"),
        });
        self
    }

    pub(crate) fn fact(mut self, condition: Condition) -> Self {
        self.expects.push(Expect {
            condition,
            fact: true,
        });
        self
    }

    pub(crate) fn expecting(mut self, condition: Condition) -> Self {
        self.expects.push(Expect {
            condition,
            fact: false,
        });
        self
    }

    pub(crate) fn undone_by(mut self, operation: Operation) -> Self {
        self.undo.push(operation);
        self
    }
}

pub(crate) const STAMP_ITEM: &str = "registry_item/registry/stamps/a";
pub(crate) const TENANT_ITEM: &str = "registry_item/registry/tenants/t";
pub(crate) const ALLOCATION: &str = "quota_allocation/mg/qg/sub/eastus2/dsv5";
pub(crate) const MACHINES: &str = "scale_set/sub/rg-a/vmss";
pub(crate) const GROUP: &str = "resource_group/sub/rg-a";
pub(crate) const HEALTH: &str = "health/sub/rg-a";
pub(crate) const OLD: &str = "sql_database/sub/rg-old/sql/db-t";
pub(crate) const NEW: &str = "sql_database/sub/rg-a/sql/db-t";

#[expect(
    clippy::too_many_lines,
    reason = "a list of steps, read from top to bottom"
)]
/// A stamp is made and a tenant moves to it: every kind of call, condition and gate.
pub(crate) fn journey() -> Vec<Step> {
    let (a, t) = (stamp("a"), tenant("t"));
    let minutes = |n: u64| Seconds(n * 60);
    let steady = Patience {
        good: 2,
        ..Patience::fail_after(Seconds(30), minutes(30))
    };
    let allocate = call(
        &a,
        StepKind::QuotaAllocate,
        vec![put(ALLOCATION, [("cores", 96_i64.into())])],
    )
    .fact(is(ALLOCATION, "cores", 32_i64));
    let granted = Condition::ChangedBy {
        address: at(ALLOCATION),
        setting: "cores".to_owned(),
        since: allocate.id.clone(),
        by: 64,
    };
    let verify =
        check(&a, StepKind::QuotaVerify, vec![granted], Patience::NONE).after(&allocate.id);
    let creating = put(STAMP_ITEM, [("state", "creating".into())]);
    let register = call(&a, StepKind::StampRegister, vec![creating])
        .fact(absent(STAMP_ITEM))
        .after(&verify.id);
    let resources = vec![
        put(GROUP, [("region", "eastus2".into())]),
        put(MACHINES, [("instances", 8_i64.into())]),
        put(NEW, [("sku", "S3".into())]),
    ];
    let deploy = call(&a, StepKind::StampDeploy, resources)
        .fact(absent(GROUP))
        .expecting(is(STAMP_ITEM, "state", "creating"))
        .after(&register.id);
    let health = check(
        &a,
        StepKind::StampHealth,
        vec![is(HEALTH, "live", true)],
        steady,
    )
    .after(&deploy.id);
    let activate = call(
        &a,
        StepKind::StampActivate,
        vec![patch(STAMP_ITEM, [("state", "active".into())])],
    )
    .expecting(is(STAMP_ITEM, "state", "creating"))
    .after(&health.id);
    let freeze = call(
        &t,
        StepKind::TenantFreeze,
        vec![patch(TENANT_ITEM, [("frozen", true.into())])],
    )
    .fact(is(TENANT_ITEM, "frozen", false))
    .undone_by(patch(TENANT_ITEM, [("frozen", false.into())]))
    .after(&activate.id);
    let from = at(OLD);
    let tenant_name = "t".to_owned();
    let copying = operation(
        NEW,
        Verb::Copy {
            from,
            tenant: tenant_name,
        },
    );
    let copy = call(&t, StepKind::TenantCopy, vec![copying])
        .expecting(is(TENANT_ITEM, "frozen", true))
        .after(&freeze.id);
    let same = Condition::SameContent {
        source: at(OLD),
        destination: at(NEW),
    };
    let compare = check(&t, StepKind::TenantCompare, vec![same], Patience::NONE).after(&copy.id);
    let moved = patch(
        TENANT_ITEM,
        [("stamp", "a".into()), ("frozen", false.into())],
    );
    let switch = call(&t, StepKind::TenantSwitch, vec![moved])
        .expecting(is(TENANT_ITEM, "frozen", true))
        .after(&compare.id);
    let soaked = Condition::Elapsed {
        since: switch.id.clone(),
        seconds: Seconds(86_400),
    };
    let soak = check(&t, StepKind::TenantSoak, vec![soaked], Patience::PAUSE).after(&switch.id);
    let question = "may the source go?".to_owned();
    let asked = Condition::Confirmed { question };
    let confirm = check(&t, StepKind::TenantConfirm, vec![asked], Patience::PAUSE).after(&soak.id);
    let remove = call(&t, StepKind::SourceDelete, vec![delete(OLD)])
        .expecting(is(TENANT_ITEM, "stamp", "a"))
        .after(&confirm.id);
    let gone = check(
        &t,
        StepKind::SourceAbsence,
        vec![absent(OLD)],
        Patience::fail_after(Seconds(10), minutes(5)),
    )
    .after(&remove.id);
    vec![
        allocate, verify, register, deploy, health, activate, freeze, copy, compare, switch, soak,
        confirm, remove, gone,
    ]
}
