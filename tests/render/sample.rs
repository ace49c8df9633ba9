//! A plan that has everything in it: a stamp retired with 64 cores returned, one created, tenants
//! taken in, moved and offboarded, findings of both sorts, and names that mean harm.

use std::collections::BTreeMap;

use jiff::Timestamp;
use stampctl::model::Load;
use stampctl::model::Policy;
use stampctl::model::QuotaKey;
use stampctl::model::Seconds;
use stampctl::model::StampKind;
use stampctl::model::StampState;
use stampctl::model::TenantState;
use stampctl::model::tenant::Export;
use stampctl::place::placement::Bounds;
use stampctl::place::placement::ClassRule;
use stampctl::place::placement::Decision;
use stampctl::place::placement::Ineligible;
use stampctl::place::placement::LeaveReason;
use stampctl::place::placement::MoveBound;
use stampctl::place::placement::PassedOver;
use stampctl::place::placement::SeenLoad;
use stampctl::place::placement::StampBound;
use stampctl::place::placement::Why;
use stampctl::plan::format::Account;
use stampctl::plan::format::Act;
use stampctl::plan::format::Action;
use stampctl::plan::format::Change;
use stampctl::plan::format::Condition;
use stampctl::plan::format::Digest;
use stampctl::plan::format::Edge;
use stampctl::plan::format::Entry;
use stampctl::plan::format::Expect;
use stampctl::plan::format::Finding;
use stampctl::plan::format::FindingCode;
use stampctl::plan::format::Opening;
use stampctl::plan::format::Patience;
use stampctl::plan::format::Plan;
use stampctl::plan::format::RuleId;
use stampctl::plan::format::SettingChange;
use stampctl::plan::format::Step;
use stampctl::plan::format::StepId;
use stampctl::plan::format::StepKind;
use stampctl::plan::format::Subject;
use stampctl::plan::format::condition::Matching;
use stampctl::plan::format::opening::OpeningAccount;
use stampctl::plan::format::opening::OpeningStamp;
use stampctl::plan::format::opening::OpeningSubscription;
use stampctl::plan::format::opening::OpeningTenant;
use stampctl::plan::format::opening::Serving;
use stampctl::plan::format::opening::StampAccount;
use stampctl_contract::Address;
use stampctl_contract::Etag;
use stampctl_contract::Kind;
use stampctl_contract::Operation;
use stampctl_contract::Precondition;
use stampctl_contract::Settings;
use stampctl_contract::Value;
use stampctl_contract::Verb;

/// A text that tries everything at once: a screen clear, a reversal, a workflow command, HTML,
/// a mention, a link and a broken fence.
pub(crate) const HOSTILE: &str = "\u{1b}[2J\u{202e}evil\n::error::pwned ##[group]x ``` | @octocat \
                           <script>alert(1)</script> [x](https://evil.example) \"q\" 100%";

pub(crate) fn old() -> Subject {
    stamp("shared-eastus2-001")
}

pub(crate) fn new() -> Subject {
    stamp("shared-eastus2-003")
}

pub(crate) fn stamp(id: &str) -> Subject {
    Subject::Stamp(id.parse().expect("an id"))
}

pub(crate) fn tenant(id: &str) -> Subject {
    Subject::Tenant(id.parse().expect("an id"))
}

fn key() -> QuotaKey {
    QuotaKey {
        group: "qg-shared-stamps".parse().expect("an id"),
        region: "eastus2".parse().expect("an id"),
        family: "standardDSv5Family".to_owned(),
    }
}

fn at(text: &str) -> Address {
    text.parse().expect("an address")
}

fn entry(subject: &Subject) -> Address {
    match subject {
        Subject::Stamp(id) => at(&format!("registry_item/main/stamps/{id}")),
        Subject::Tenant(id) => at(&format!("registry_item/main/tenants/{id}")),
        _ => at("registry_item/main/fleets/contoso"),
    }
}

fn allocation() -> Address {
    at("quota_allocation/mg-platform/qg-shared-stamps/shared-eastus2/eastus2/standardDSv5Family")
}

fn database(server: &str, tenant: &str) -> Address {
    at(&format!(
        "sql_database/shared-eastus2/rg-{server}/sql-{server}/db-{tenant}"
    ))
}

fn settings(pairs: &[(&str, Value)]) -> Settings {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect()
}

fn operation(address: Address, verb: Verb) -> Operation {
    Operation {
        address,
        verb,
        precondition: Precondition::Any,
    }
}

fn patch(address: Address, pairs: &[(&str, Value)]) -> Operation {
    operation(
        address,
        Verb::Patch {
            settings: settings(pairs),
        },
    )
}

fn put(address: Address, pairs: &[(&str, Value)]) -> Operation {
    operation(
        address,
        Verb::Put {
            settings: settings(pairs),
        },
    )
}

fn call(operations: Vec<Operation>) -> Act {
    Act::Call { operations }
}

fn check(conditions: Vec<Condition>, patience: Patience) -> Act {
    Act::Check {
        conditions,
        patience,
    }
}

/// Steps in the making.
pub(crate) struct Draft {
    pub(crate) steps: Vec<Step>,
}

impl Draft {
    /// Adds a step. `after` holds ids of steps and rules.
    fn step(
        &mut self,
        subject: &Subject,
        kind: StepKind,
        why: &str,
        act: Act,
        after: &[(&StepId, &'static str)],
    ) -> StepId {
        let id = StepId::of(subject, kind);
        let stamps = match subject {
            Subject::Stamp(stamp) => vec![stamp.clone()],
            _ => Vec::new(),
        };
        self.steps.push(Step {
            id: id.clone(),
            kind,
            subject: subject.clone(),
            stamps,
            why: why.to_owned(),
            act,
            expects: Vec::new(),
            after: after
                .iter()
                .map(|(step, rule)| Edge {
                    step: (*step).clone(),
                    rule: RuleId::known(rule),
                })
                .collect(),
            undo: Vec::new(),
            hazard: kind.hazard(),
        });
        id
    }

    fn last(&mut self) -> &mut Step {
        self.steps.last_mut().expect("a step")
    }
}

/// A tenant's own three steps on the new stamp, as onboarding has them.
pub(crate) fn onboard(draft: &mut Draft, who: &str, recheck: &StepId) -> StepId {
    let subject = tenant(who);
    let data = draft.step(
        &subject,
        StepKind::TenantData,
        "a database of its own",
        call(vec![put(
            database("shared-eastus2-003", who),
            &[("sku", "S1".into()), ("tenant", who.into())],
        )]),
        &[(recheck, "O-31")],
    );
    let health = draft.step(
        &subject,
        StepKind::TenantHealth,
        "everything of the tenant is there",
        check(
            vec![Condition::Present {
                address: database("shared-eastus2-003", who),
            }],
            Patience::NONE,
        ),
        &[(&data, "O-33")],
    );
    let route = draft.step(
        &subject,
        StepKind::RouteRegister,
        "routed last, so that no request finds half a tenant",
        call(vec![Operation {
            precondition: Precondition::Absent,
            ..put(
                entry(&subject),
                &[
                    ("state", "active".into()),
                    ("stamp", "shared-eastus2-003".into()),
                ],
            )
        }]),
        &[(&health, "O-33"), (&data, "O-33")],
    );
    draft.last().undo = vec![operation(entry(&subject), Verb::Delete)];
    route
}

fn create(draft: &mut Draft) -> StepId {
    let quota = Subject::Quota(key());
    let headroom = draft.step(
        &quota,
        StepKind::QuotaHeadroom,
        "the group can give 64 cores",
        check(
            vec![Condition::AtLeast {
                address: at("group_quota/mg-platform/qg-shared-stamps/eastus2/standardDSv5Family"),
                setting: "available".to_owned(),
                limit: 64,
            }],
            Patience::NONE,
        ),
        &[],
    );
    let allocate = draft.step(
        &quota,
        StepKind::QuotaAllocate,
        "64 cores for shared-eastus2-003",
        call(vec![put(allocation(), &[("cores", Value::Int(192))])]),
        &[(&headroom, "O-22")],
    );
    draft.last().expects = vec![Expect {
        condition: Condition::Is {
            address: allocation(),
            setting: "cores".to_owned(),
            value: Value::Int(128),
        },
        fact: true,
    }];
    let deploy = draft.step(
        &new(),
        StepKind::StampDeploy,
        "the stamp's resource group and machines",
        call(vec![
            put(
                at("resource_group/shared-eastus2/rg-shared-eastus2-003"),
                &[("region", "eastus2".into())],
            ),
            put(
                at("scale_set/shared-eastus2/rg-shared-eastus2-003/vmss-zone1"),
                &[
                    ("instances", Value::Int(8)),
                    ("sku", "Standard_D8s_v5".into()),
                ],
            ),
        ]),
        &[(&allocate, "O-22")],
    );
    draft.step(
        &new(),
        StepKind::StampActivate,
        "it serves",
        call(vec![patch(entry(&new()), &[("state", "active".into())])]),
        &[(&deploy, "O-26")],
    )
}

#[expect(clippy::too_many_lines, reason = "one example, told in order")]
fn relocate(draft: &mut Draft, recheck: &StepId) -> StepId {
    let who = tenant("tailwind");
    let (from, to) = (
        database("shared-eastus2-001", "tailwind"),
        database("shared-eastus2-003", "tailwind"),
    );
    let freeze = draft.step(
        &who,
        StepKind::TenantFreeze,
        "writes stop for the short window",
        call(vec![Operation {
            precondition: Precondition::Version(Etag("7".into())),
            ..patch(entry(&who), &[("frozen", true.into())])
        }]),
        &[(recheck, "O-45")],
    );
    draft.last().stamps = vec![
        "shared-eastus2-001".parse().expect("an id"),
        "shared-eastus2-003".parse().expect("an id"),
    ];
    draft.last().undo = vec![patch(entry(&who), &[("frozen", false.into())])];
    let copy = draft.step(
        &who,
        StepKind::TenantCopy,
        "this tenant's data and no other's",
        call(vec![operation(
            to.clone(),
            Verb::Copy {
                from: from.clone(),
                tenant: "tailwind".to_owned(),
            },
        )]),
        &[(&freeze, "O-47")],
    );
    let compare = draft.step(
        &who,
        StepKind::TenantCompare,
        "both sides are equal",
        check(
            vec![Condition::SameContent {
                source: from.clone(),
                destination: to,
            }],
            Patience::fail_after(Seconds(30), Seconds(600)),
        ),
        &[(&copy, "O-50")],
    );
    let switch = draft.step(
        &who,
        StepKind::TenantSwitch,
        "routed to shared-eastus2-003; it writes again",
        call(vec![patch(
            entry(&who),
            &[
                ("stamp", "shared-eastus2-003".into()),
                ("frozen", false.into()),
            ],
        )]),
        &[(&compare, "O-51")],
    );
    let soak = draft.step(
        &who,
        StepKind::TenantSoak,
        "the source is kept while the move proves itself",
        check(
            vec![Condition::Elapsed {
                since: switch.clone(),
                seconds: Seconds(86_400),
            }],
            Patience::PAUSE,
        ),
        &[(&switch, "O-54")],
    );
    let confirm = draft.step(
        &who,
        StepKind::TenantConfirm,
        "a person says that the source may go",
        check(
            vec![Condition::Confirmed {
                question: "may tailwind's data on shared-eastus2-001 be deleted?".to_owned(),
            }],
            Patience::PAUSE,
        ),
        &[(&soak, "O-54")],
    );
    draft.step(
        &who,
        StepKind::SourceDelete,
        "the source is no longer needed",
        call(vec![operation(from, Verb::Delete)]),
        &[(&switch, "O-55"), (&confirm, "O-54")],
    )
}

fn offboard(draft: &mut Draft) -> StepId {
    let who = tenant("lucerne");
    let hold = draft.step(
        &who,
        StepKind::HoldCheck,
        "no hold refers to the tenant",
        check(
            vec![Condition::Is {
                address: entry(&who),
                setting: "held".to_owned(),
                value: false.into(),
            }],
            Patience::NONE,
        ),
        &[],
    );
    let delete = draft.step(
        &who,
        StepKind::TenantDelete,
        HOSTILE,
        call(vec![operation(
            database("shared-eastus2-001", "lucerne"),
            Verb::Delete,
        )]),
        &[(&hold, "O-20")],
    );
    draft.step(
        &who,
        StepKind::TenantTombstone,
        "the id stays taken",
        call(vec![patch(entry(&who), &[("state", "offboarded".into())])]),
        &[(&delete, "P-5")],
    )
}

#[expect(
    clippy::too_many_lines,
    reason = "one step after the other, as the workflow has them"
)]
fn retire(draft: &mut Draft, moved: &StepId, gone: &StepId, serving: &StepId) {
    let s = old();
    let close = draft.step(
        &s,
        StepKind::PlacementClose,
        "closed for new tenants",
        call(vec![patch(entry(&s), &[("accepting", false.into())])]),
        &[],
    );
    draft.last().undo = vec![patch(entry(&s), &[("accepting", true.into())])];
    let zero = draft.step(
        &s,
        StepKind::TenantsZero,
        "no tenant lives on it",
        check(
            vec![Condition::FewerThan {
                matching: Matching {
                    kind: Some(Kind::RegistryItem),
                    beneath: "main/tenants".to_owned(),
                    equals: Some(("stamp".to_owned(), "shared-eastus2-001".into())),
                    except_states: vec!["offboarded".to_owned(), "erased".to_owned()],
                },
                count: 1,
            }],
            Patience::NONE,
        ),
        &[(&close, "O-8"), (moved, "O-88"), (gone, "O-88")],
    );
    let release = draft.step(
        &s,
        StepKind::ComputeRelease,
        "deallocated and scaled to zero",
        call(vec![patch(
            at("scale_set/shared-eastus2/rg-shared-eastus2-001/vmss-zone1"),
            &[
                ("instances", Value::Int(0)),
                ("power", "deallocated".into()),
            ],
        )]),
        &[(&zero, "O-6"), (serving, "O-28")],
    );
    let usage = draft.step(
        &s,
        StepKind::UsageVerify,
        "the usage has fallen",
        check(
            vec![Condition::AtMost {
                address: at("quota/shared-eastus2/eastus2/standardDSv5Family"),
                setting: "usage".to_owned(),
                limit: 128,
            }],
            Patience::fail_after(Seconds(30), Seconds(1_800)),
        ),
        &[(&release, "O-4")],
    );
    let returned = draft.step(
        &s,
        StepKind::QuotaReturn,
        "64 cores back to qg-shared-stamps",
        call(vec![put(allocation(), &[("cores", Value::Int(128))])]),
        &[(&usage, "O-4"), (&release, "O-4")],
    );
    let verified = draft.step(
        &s,
        StepKind::QuotaVerify,
        "the return is seen on both sides",
        check(
            vec![Condition::ChangedBy {
                address: allocation(),
                setting: "cores".to_owned(),
                since: returned.clone(),
                by: -64,
            }],
            Patience {
                every: Seconds(30),
                within: Seconds(1_800),
                good: 2,
                then: stampctl::plan::format::OnTimeout::Fail,
            },
        ),
        &[(&returned, "P-3")],
    );
    let group = at("resource_group/shared-eastus2/rg-shared-eastus2-001");
    let owned = draft.step(
        &s,
        StepKind::OwnershipVerify,
        "the group holds nothing of anyone else",
        check(
            vec![Condition::OnlyOwned {
                group: group.clone(),
                tag: "StampId".to_owned(),
                owner: "shared-eastus2-001".to_owned(),
            }],
            Patience::NONE,
        ),
        &[(&verified, "O-18")],
    );
    let delete = draft.step(
        &s,
        StepKind::StampDelete,
        "the group and everything in it",
        call(vec![operation(group.clone(), Verb::Delete)]),
        &[(&returned, "O-1"), (&verified, "O-2"), (&owned, "O-18")],
    );
    let absent = draft.step(
        &s,
        StepKind::StampAbsence,
        "nothing is left",
        check(vec![Condition::Absent { address: group }], Patience::NONE),
        &[(&delete, "O-19")],
    );
    draft.step(
        &s,
        StepKind::StampTombstone,
        "the id stays taken",
        call(vec![patch(entry(&s), &[("state", "deleted".into())])]),
        &[(&absent, "O-19")],
    );
}

/// The steps, with this many further tenants taken in.
fn steps(more: usize) -> Vec<Step> {
    let mut draft = Draft { steps: Vec::new() };
    let serving = create(&mut draft);
    let recheck = draft.step(
        &new(),
        StepKind::CapacityRecheck,
        "it can still take its new tenants",
        check(
            vec![Condition::AtMost {
                address: at("stamp_metrics/shared-eastus2/rg-shared-eastus2-003"),
                setting: "latest_cpu".to_owned(),
                limit: 8_499,
            }],
            Patience::NONE,
        ),
        &[(&serving, "O-27")],
    );
    for who in newcomers(more) {
        onboard(&mut draft, &who, &recheck);
    }
    let moved = relocate(&mut draft, &recheck);
    let gone = offboard(&mut draft);
    retire(&mut draft, &moved, &gone, &serving);
    draft.steps
}

fn newcomers(more: usize) -> Vec<String> {
    let mut names = vec!["contoso".to_owned(), "fabrikam".to_owned()];
    names.extend((0..more).map(|n| format!("t-{n:05}")));
    names
}

fn changes(more: usize) -> Vec<Change> {
    let change = |action, subject, why: &str, settings: Vec<SettingChange>| Change {
        action,
        subject,
        why: why.to_owned(),
        settings,
    };
    let setting = |name: &str, before: Option<Value>, after: Option<Value>| SettingChange {
        name: name.to_owned(),
        before,
        after,
    };
    let tags = |owner: &str| {
        Value::Map(BTreeMap::from([
            ("CostCenter".to_owned(), "cc-4711".into()),
            ("Environment".to_owned(), "prod".into()),
            ("Owner".to_owned(), owner.into()),
            ("StampId".to_owned(), "shared-eastus2-002".into()),
        ]))
    };
    let mut changes = vec![
        change(
            Action::Retire,
            old(),
            "the manifest says `desired: retired`",
            vec![setting(
                "state",
                Some("active".into()),
                Some("deleted".into()),
            )],
        ),
        change(Action::Offboard, tenant("lucerne"), HOSTILE, Vec::new()),
        change(
            Action::Move,
            tenant("tailwind"),
            "its stamp is retired",
            Vec::new(),
        ),
        change(
            Action::Create,
            new(),
            "pool shared-eastus2 has fewer stamps than its minimum",
            vec![setting("compute.instances", None, Some(Value::Int(8)))],
        ),
    ];
    for who in newcomers(more) {
        changes.push(change(
            Action::Onboard,
            tenant(&who),
            "in the manifest and not in the registry",
            Vec::new(),
        ));
    }
    changes.push(change(
        Action::Repair,
        stamp("shared-eastus2-002"),
        "its tags were changed by hand",
        vec![setting(
            "tags",
            Some(tags("mallory")),
            Some(tags("platform")),
        )],
    ));
    changes
}

#[expect(clippy::too_many_lines, reason = "one example, told in order")]
fn opening() -> Opening {
    let capacity = Load {
        cpu: 64_000,
        memory: 262_144,
        storage: 2_097_152,
        dtu: 400_000,
    };
    let seen = |id: &str, state, tenants, load: SeenLoad| OpeningStamp {
        origin: None,
        state,
        kind: StampKind::Shared,
        region: "eastus2".parse().expect("an id"),
        accepting: true,
        generation: 1,
        resource_group: at(&format!("resource_group/shared-eastus2/rg-{id}")),
        capacity,
        load,
        tenants,
        account: Some(StampAccount {
            key: key(),
            subscription: "shared-eastus2".parse().expect("an id"),
            cores: 64,
            retained: 0,
        }),
        reservation: None,
        protected: false,
    };
    let lived = |state| OpeningTenant {
        state: Some(state),
        stamp: Some("shared-eastus2-001".parse().expect("an id")),
        moved_from: None,
        held: Some(false),
        demand: Load {
            cpu: 400,
            memory: 1_600,
            storage: 12_000,
            dtu: 2_000,
        },
        export: Export::Waived("the contract says so".to_owned()),
    };
    let load = SeenLoad {
        cpu: Some(9_000),
        memory: Some(20_000),
        storage: None,
        dtu: Some(0),
    };
    Opening {
        stamps: BTreeMap::from([
            (
                "shared-eastus2-001".parse().expect("an id"),
                seen("shared-eastus2-001", Some(StampState::Active), 2, load),
            ),
            (
                "shared-eastus2-003".parse().expect("an id"),
                seen("shared-eastus2-003", None, 0, SeenLoad::default()),
            ),
        ]),
        tenants: BTreeMap::from([
            (
                "lucerne".parse().expect("an id"),
                lived(TenantState::Active),
            ),
            (
                "tailwind".parse().expect("an id"),
                lived(TenantState::Active),
            ),
        ]),
        accounts: vec![OpeningAccount {
            key: key(),
            management_group: "mg-platform".to_owned(),
            limit: Some(640),
            available: Some(128),
            subscriptions: BTreeMap::from([(
                "shared-eastus2".parse().expect("an id"),
                OpeningSubscription {
                    limit: Some(128),
                    usage: Some(128),
                    allocated: None,
                },
            )]),
        }],
        reservations: BTreeMap::new(),
        serving: vec![Serving {
            region: "eastus2".parse().expect("an id"),
            kind: StampKind::Shared,
            active: 2,
        }],
    }
}

fn decisions(more: usize) -> BTreeMap<stampctl::model::TenantId, Decision> {
    let demand = Load {
        cpu: 1_500,
        memory: 6_000,
        storage: 45_000,
        dtu: 7_525,
    };
    let passed_over = vec![
        PassedOver {
            why: Ineligible::Closed,
            count: 1,
            first: vec!["shared-eastus2-001".parse().expect("an id")],
        },
        PassedOver {
            why: Ineligible::WouldReach(stampctl::model::Dimension::Cpu),
            count: 7,
            first: vec![
                "shared-eastus2-002".parse().expect("an id"),
                "shared-eastus2-004".parse().expect("an id"),
            ],
        },
    ];
    let decide = |was: Option<&str>, row, why| Decision {
        stamp: "shared-eastus2-003".parse().expect("an id"),
        was: was.map(|was| was.parse().expect("an id")),
        row,
        why,
        demand,
        passed_over: passed_over.clone(),
    };
    let mut decisions = BTreeMap::from([(
        "tailwind".parse().expect("an id"),
        decide(
            Some("shared-eastus2-001"),
            6,
            Why::Left(LeaveReason::StampRetired),
        ),
    )]);
    for who in newcomers(more) {
        let why = if who == "fabrikam" {
            Why::Dedicated(ClassRule::Users)
        } else {
            Why::OpenedStamp
        };
        decisions.insert(who.parse().expect("an id"), decide(None, 4, why));
    }
    decisions
}

fn finding(
    code: FindingCode,
    subject: Subject,
    what: &str,
    rule: Option<&'static str>,
    help: &str,
) -> Finding {
    Finding {
        code,
        subject,
        what: what.to_owned(),
        rule: rule.map(RuleId::known),
        help: help.to_owned(),
    }
}

fn notes() -> Vec<Finding> {
    vec![
        finding(
            FindingCode::LoadUnknown,
            stamp("shared-eastus2-002"),
            "storage is UNKNOWN; it takes no tenant",
            Some("X-7"),
            "see that its metrics are reported",
        ),
        finding(
            FindingCode::UnmanagedTenant,
            tenant("ghost"),
            HOSTILE,
            None,
            "add it to the manifest, or say `desired: offboarded`",
        ),
        finding(
            FindingCode::StrandedQuota,
            Subject::Quota(key()),
            "16 cores are allocated and no stamp needs them",
            None,
            "a retirement returns its own cores; lower the allocation by hand",
        ),
    ]
}

/// The plan, with this many further tenants taken in.
#[expect(clippy::too_many_lines, reason = "one example, told in order")]
pub(crate) fn plan_with(more: usize, findings: Vec<Finding>) -> Plan {
    let mut policy = Policy::default();
    policy.limits.tenants_moved = Some(30);
    let mut bodies = stampctl::plan::format::Body {
        fleet: "contoso".parse().expect("an id"),
        environment: Some("prod".parse().expect("an id")),
        provider: "sim".to_owned(),
        registry: "main".to_owned(),
        manifest: Digest::of(b"manifest"),
        policy,
        tenants: 240 + more as u64,
        opening: opening(),
        changes: changes(more),
        steps: steps(more),
        rules: BTreeMap::new(),
        ledger: vec![Account {
            key: key(),
            opening: 128,
            entries: vec![
                Entry {
                    step: StepId::of(&Subject::Quota(key()), StepKind::QuotaAllocate),
                    subscription: Some("shared-eastus2".parse().expect("an id")),
                    group: -64,
                    balance: 64,
                },
                Entry {
                    step: StepId::of(&old(), StepKind::QuotaReturn),
                    subscription: Some("shared-eastus2".parse().expect("an id")),
                    group: 64,
                    balance: 128,
                },
            ],
            closing: 128,
        }],
        decisions: decisions(more),
        bounds: Bounds {
            stamps: vec![StampBound {
                region: "eastus2".parse().expect("an id"),
                kind: StampKind::Shared,
                stamps: 2,
                at_least: 1,
                binding: Some(stampctl::model::Dimension::Cpu),
            }],
            moves: vec![MoveBound {
                cause: "retired".to_owned(),
                moves: 1,
                at_least: 1,
                exact: true,
            }],
        },
        findings,
    };
    let reasons = [
        (
            "O-1",
            "quota is returned before anything that holds it is deleted; deleting first loses it for good",
        ),
        ("O-2", "a return counts only when both sides show it"),
        ("O-4", "cores can be returned only when nothing uses them"),
        ("O-6", "machines go only when no tenant lives on them"),
        ("O-8", "a stamp is closed before it is emptied"),
        (
            "O-18",
            "a group is deleted only when it holds nothing of anyone else",
        ),
        (
            "O-19",
            "an id is retired only when nothing of the stamp is left",
        ),
        ("O-20", "nothing on legal hold is deleted"),
        ("O-22", "cores are allocated before machines are asked for"),
        ("O-26", "a stamp serves when it is healthy"),
        ("O-27", "tenants come when the stamp serves"),
        ("O-28", "a stamp goes when its successor serves"),
        (
            "O-31",
            "capacity is looked at once more before a tenant comes",
        ),
        ("O-33", "a tenant is routed last"),
        ("O-45", "a tenant is frozen when its new home is ready"),
        ("O-47", "data is copied when nobody writes it"),
        ("O-50", "a copy is compared before it counts"),
        ("O-51", "traffic switches when both sides are equal"),
        (
            "O-54",
            "the source is kept until the move has proved itself",
        ),
        ("O-55", "the source is deleted when nobody is routed to it"),
        (
            "O-88",
            "a stamp is empty only when every tenant that leaves is settled",
        ),
        ("P-3", "a check judges what its step before it did"),
    ];
    bodies.rules = reasons
        .iter()
        .map(|(rule, why)| (RuleId::known(rule), (*why).to_owned()))
        .collect();
    let observed = "2026-03-01T09:00:00Z".parse::<Timestamp>().expect("a time");
    Plan::seal(bodies, "stampctl 0.1.0", observed, Digest::of(b"rest"))
        .expect("a plan can be sealed")
}

/// The plan, which can be applied.
pub(crate) fn plan() -> Plan {
    plan_with(0, notes())
}

/// The plan, refused for two reasons.
pub(crate) fn refused() -> Plan {
    let mut findings = notes();
    findings.push(finding(
        FindingCode::Unplaceable,
        tenant("megacorp"),
        "1,900 users; no pool of eastus2 may open a dedicated stamp: 64 cores needed, 0 free",
        Some("S0-4"),
        "raise the group's limit by 64 cores, or take the tenant out",
    ));
    findings.push(finding(
        FindingCode::OverLimit,
        Subject::Fleet,
        HOSTILE,
        Some("P-4"),
        "raise `limits.tenants_moved`",
    ));
    plan_with(0, findings)
}
