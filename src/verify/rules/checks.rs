//! P-3: a check asks what its kind is there to ask, of what was done before it. Pure.
//!
//! More conditions than these are welcome. One of these missing, or asked of another resource,
//! and the check would pass where it must not.

use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Value;
use stampctl_contract::Verb;

use crate::model::Cores;
use crate::model::StampId;
use crate::model::StampKind;
use crate::plan::format::Act;
use crate::plan::format::Condition;
use crate::plan::format::Step;
use crate::plan::format::StepKind;
use crate::plan::format::Subject;
use crate::verify::case::Case;
use crate::verify::ledger::signed;
use crate::verify::ledger::written;
use crate::verify::rule::Level;
use crate::verify::rule::Order;
use crate::verify::rule::Rule;
use crate::verify::rule::Sink;
use crate::verify::rule::always;
use crate::verify::rule::if_there;
use StepKind as K;

/// A check asks what it is there to ask.
pub const P_3: Rule = Rule {
    id: "P-3",
    title: "A check asks what its kind is there to ask, after the step that it judges",
    level: Level::H,
    source: "docs/workflows.md; X-36, X-37, X-70",
    why: "A check that asks less, or asks about something else, passes where it must not. A \
          missing tag once counted as zero tenants (X-36).",
    help: "plan again; the conditions of a check are not for editing",
    orders: &[
        Order {
            then: &[K::QuotaGranted],
            first: &[K::QuotaIncrease],
            needed: always,
        },
        Order {
            then: &[K::ReservationVerify],
            first: &[K::ReservationEnsure],
            needed: always,
        },
        Order {
            then: &[K::QuotaVerify],
            first: &[K::QuotaReturn],
            needed: always,
        },
        Order {
            then: &[K::IngressVerify],
            first: &[K::IngressAdd],
            needed: always,
        },
        Order {
            then: &[K::BackupVerify],
            first: &[K::StampBackup],
            needed: if_there,
        },
        Order {
            then: &[K::SnapshotVerify],
            first: &[K::TenantSnapshot],
            needed: always,
        },
        Order {
            then: &[K::ExportVerify],
            first: &[K::TenantExport],
            needed: always,
        },
        Order {
            then: &[K::SourceAbsence],
            first: &[K::SourceDelete],
            needed: always,
        },
        Order {
            then: &[K::TenantAbsence],
            first: &[K::TenantDelete],
            needed: always,
        },
    ],
    check,
};

fn check(case: &Case<'_>, sink: &mut Sink<'_>) {
    for (at, step) in case.steps() {
        let Act::Check {
            conditions,
            patience,
        } = &step.act
        else {
            continue;
        };
        if conditions.is_empty() || patience.good == 0 {
            sink.step(step, "it asks nothing");
            continue;
        }
        let conditions = Asked(conditions);
        let missing = match &step.subject {
            Subject::Quota(_) | Subject::Reservation(_) => capacity(case, at, step, conditions),
            Subject::Stamp(stamp) => of_stamp(case, at, step, stamp, conditions),
            Subject::Tenant(_) => of_tenant(case, at, step, conditions),
            Subject::Fleet => None,
        };
        if let Some(missing) = missing {
            sink.step(step, format!("it does not ask {missing}"));
        }
        if step.kind == K::StampHealth && patience.good < case.body.policy.health.healthy.min(2) {
            sink.step(step, "it does not ask twice in a row");
        }
    }
}

/// The conditions of one check.
#[derive(Clone, Copy)]
struct Asked<'c>(&'c [Condition]);

impl Asked<'_> {
    fn is(self, of: &Address, name: &str, wanted: &Value) -> bool {
        self.0.iter().any(|condition| {
            matches!(condition, Condition::Is { address, setting, value }
                if address == of && setting == name && value == wanted)
        })
    }

    fn is_on(self, kind: Kind, within: impl Fn(&Address) -> bool, name: &str) -> bool {
        self.0.iter().any(|condition| {
            matches!(condition, Condition::Is { address, setting, value: Value::Bool(true) }
                if address.kind() == kind && within(address) && setting == name)
        })
    }

    fn at_most(self, within: impl Fn(&Address) -> bool, name: &str, most: i64) -> bool {
        self.0.iter().any(|condition| match condition {
            Condition::AtMost {
                address,
                setting,
                limit,
            } => within(address) && setting == name && *limit <= most,
            Condition::Is {
                address,
                setting,
                value: Value::Int(value),
            } => within(address) && setting == name && *value <= most,
            _ => false,
        })
    }

    fn at_least(self, of: &Address, name: &str, least: i64) -> bool {
        self.0.iter().any(|condition| match condition {
            Condition::AtLeast {
                address,
                setting,
                limit,
            } => address == of && setting == name && *limit >= least,
            Condition::Is {
                address,
                setting,
                value: Value::Int(value),
            } => address == of && setting == name && *value >= least,
            _ => false,
        })
    }

    fn changed(self, of: &Address, name: &str, step: &Step, difference: i64) -> bool {
        self.0.iter().any(|condition| {
            matches!(condition, Condition::ChangedBy { address, setting, since, by }
                if address == of && setting == name && *since == step.id && *by == difference)
        })
    }

    fn absent(self, of: &Address) -> bool {
        let mut all = self.0.iter();
        all.any(|condition| matches!(condition, Condition::Absent { address } if address == of))
    }

    fn present(self, of: &Address) -> bool {
        self.0.iter().any(|condition| match condition {
            Condition::Present { address } | Condition::Is { address, .. } => address == of,
            _ => false,
        })
    }

    fn fewer(self, kind: Kind, beneath: &str, most: u32) -> bool {
        self.0.iter().any(|condition| match condition {
            Condition::FewerThan { matching, count } => {
                matching.kind.is_none_or(|of| of == kind)
                    && matching.equals.is_none()
                    && matching.except_states.is_empty()
                    && matching.beneath == beneath
                    && *count <= most
            }
            _ => false,
        })
    }

    /// Fewer than so many tenants of the registry with this stamp in this setting. Only those
    /// gone for good may be left out.
    fn fewer_tenants(self, case: &Case<'_>, setting: &str, stamp: &StampId, most: u32) -> bool {
        let beneath = format!("{}/tenants", case.body.registry);
        self.0.iter().any(|condition| match condition {
            Condition::FewerThan { matching, count } => {
                let gone = |state: &String| matches!(state.as_str(), "offboarded" | "erased");
                let of = matching.equals.as_ref();
                matching.kind.is_none_or(|kind| kind == Kind::RegistryItem)
                    && matching.beneath == beneath
                    && of.is_some_and(|(name, value)| {
                        name == setting && value.as_str() == Some(stamp.as_str())
                    })
                    && matching.except_states.iter().all(gone)
                    && *count <= most
            }
            _ => false,
        })
    }
}

/// What a check about an account or a reservation fails to ask.
fn capacity(case: &Case<'_>, at: usize, step: &Step, asked: Asked<'_>) -> Option<String> {
    let opening = &case.body.opening;
    match (step.kind, &step.subject) {
        (K::QuotaGranted, Subject::Quota(key)) => {
            let quota = case.group_quota(key)?;
            let increase = case.graph.siblings(at, &[K::QuotaIncrease]).next()?;
            let wanted = case.graph.step(increase).act.operations().iter();
            let wanted = wanted.filter_map(|call| written(call, "limit")).max()?;
            (!asked.at_least(&quota, "limit", wanted))
                .then(|| format!("that the group's limit is at least {wanted}"))
        }
        (K::ReservationVerify, Subject::Reservation(name)) => {
            let address = &opening.reservations.get(name)?.address;
            let ensure = case.graph.siblings(at, &[K::ReservationEnsure]).next()?;
            let wanted = case.graph.step(ensure).act.operations().iter();
            let wanted = wanted.filter_map(|call| written(call, "instances")).max()?;
            (!asked.at_least(address, "instances", wanted))
                .then(|| format!("that the reservation has {wanted} instances"))
        }
        _ => None,
    }
}

/// What a check about a stamp fails to ask.
fn of_stamp(
    case: &Case<'_>,
    at: usize,
    step: &Step,
    stamp: &StampId,
    asked: Asked<'_>,
) -> Option<String> {
    let opening = case.body.opening.stamps.get(stamp)?;
    let own = |address: &Address| case.is_owned_by(address, stamp);
    let measured = |a: &Address| a.kind() == Kind::StampMetrics && own(a);
    let unless = |asked: bool, what: &str| (!asked).then(|| what.to_owned());
    match step.kind {
        K::StampHealth => unless(
            asked.is_on(Kind::Health, own, "live") && asked.is_on(Kind::Health, own, "ready"),
            "that the stamp is live and ready",
        ),
        K::StampSmoke => unless(
            asked.is_on(Kind::Health, own, "smoke"),
            "that the smoke test passes",
        ),
        K::IngressVerify => unless(
            asked.is_on(Kind::Health, own, "traffic"),
            "that traffic arrives",
        ),
        K::TenantsZero | K::TenantsRecheck => nobody(case, stamp, opening, asked),
        K::ConnectionsWait => unless(
            asked.at_most(measured, "connections", 0),
            "that no connection is open",
        ),
        K::JobsWait => unless(asked.at_most(measured, "jobs", 0), "that no job runs"),
        K::BackupVerify => {
            let mut made = targets(case, at, &[K::StampBackup]);
            let named = |a: &Address| a.kind() == Kind::Backup;
            let every = made.all(|address| asked.is(address, "verified", &Value::Bool(true)));
            unless(
                every && asked.is_on(Kind::Backup, named, "verified"),
                "that the backup made before it is verified",
            )
        }
        K::UsageVerify => usage(case, at, stamp, asked),
        K::QuotaVerify => returned(case, at, stamp, asked),
        K::StampHolds => unless(
            no_hold(case, stamp, asked),
            "that no hold refers to the stamp",
        ),
        K::OwnershipVerify => {
            let physical = case.physical(stamp)?;
            let owned = asked.0.iter().any(|condition| {
                matches!(condition, Condition::OnlyOwned { group, owner, .. }
                    if *group == opening.resource_group
                        && (owner == stamp.as_str() || *owner == physical))
            });
            unless(
                owned,
                "that the resource group holds nothing of anyone else",
            )
        }
        K::StampAbsence => {
            let origin = opening.origin.as_ref();
            unless(
                asked.absent(&opening.resource_group)
                    && origin.is_none_or(|origin| asked.absent(origin)),
                "that the resource group and the origin are gone",
            )
        }
        K::CapacityRecheck => room(case, at, stamp, asked),
        _ => None,
    }
}

/// Zero tenants, in the registry and in the data plane.
fn nobody(
    case: &Case<'_>,
    stamp: &StampId,
    opening: &crate::plan::format::opening::OpeningStamp,
    asked: Asked<'_>,
) -> Option<String> {
    let beneath = opening.resource_group.path();
    if !asked.fewer_tenants(case, "stamp", stamp, 1) {
        return Some("that no tenant of the registry lives on the stamp".to_owned());
    }
    // A shared stamp has one database that is no tenant's.
    let bare = asked.fewer(Kind::TenantSchema, beneath, 1)
        && asked.fewer(Kind::BlobContainer, beneath, 1)
        && asked.fewer(Kind::SqlDatabase, beneath, 2);
    (!bare).then(|| "that the stamp holds no schema, database or container".to_owned())
}

/// Usage has fallen by what is returned (O-4, X-70).
fn usage(case: &Case<'_>, at: usize, stamp: &StampId, asked: Asked<'_>) -> Option<String> {
    let account = case.body.opening.stamps.get(stamp)?.account.as_ref()?;
    let quota = case.subscription_quota(&account.key, account.subscription.as_str())?;
    let put = case.graph.siblings(at, &[K::QuotaReturn]).next()?;
    let (_, moved) = case.moved(put)?;
    let most = moved.limit_before?.saturating_sub(moved.gain);
    let within = |address: &Address| *address == quota;
    (!asked.at_most(within, "usage", most))
        .then(|| format!("that the subscription uses at most {most} cores"))
}

/// The return is seen on both sides, and in full (O-2, X-37).
fn returned(case: &Case<'_>, at: usize, stamp: &StampId, asked: Asked<'_>) -> Option<String> {
    let account = case.body.opening.stamps.get(stamp)?.account.as_ref()?;
    let put = case.graph.siblings(at, &[K::QuotaReturn]).next()?;
    let step = case.graph.step(put);
    let (_, moved) = case.moved(put)?;
    let name = account.subscription.as_str();
    let quota = case.subscription_quota(&account.key, name)?;
    let allocation = case.allocation(&account.key, name)?;
    let group = case.group_quota(&account.key)?;
    let all = asked.changed(&quota, "limit", step, -moved.gain)
        && asked.changed(&allocation, "cores", step, -moved.gain)
        && asked.changed(&group, "available", step, moved.gain);
    let cores = Cores(moved.gain.unsigned_abs());
    (!all).then(|| format!("that limit, allocation and group all changed by {cores}"))
}

fn no_hold(case: &Case<'_>, stamp: &StampId, asked: Asked<'_>) -> bool {
    let collection = format!("{}/", case.body.registry);
    asked.0.iter().any(|condition| match condition {
        Condition::Is {
            address,
            setting,
            value: Value::Bool(false),
        } => case.is_entry(address, "stamps", stamp.as_str()) && setting == "held",
        Condition::FewerThan {
            matching,
            count: 0 | 1,
        } => {
            let of = matching.equals.as_ref().map(|(_, value)| value);
            matching.kind.is_none_or(|kind| kind == Kind::RegistryItem)
                && matching.beneath.starts_with(&collection)
                && (of.and_then(Value::as_str) == Some(stamp.as_str())
                    || of == Some(&Value::Bool(true)))
        }
        _ => false,
    })
}

/// A stamp can take the tenants that the plan brings (O-31): fewer tenants than leave room, and
/// where load is measured every dimension below the band in which nobody comes.
fn room(case: &Case<'_>, at: usize, stamp: &StampId, asked: Asked<'_>) -> Option<String> {
    let _ = at;
    let opening = case.body.opening.stamps.get(stamp)?;
    let placement = &case.body.policy.placement;
    let most = match opening.kind {
        StampKind::Shared => placement.max_tenants_per_shared,
        StampKind::Dedicated => 1,
    };
    if !asked.fewer_tenants(case, "stamp", stamp, most) {
        return Some(format!("that the stamp has fewer than {most} tenants"));
    }
    let below = i64::from(placement.bands.provision.0) * 100 - 1;
    let own = |address: &Address| {
        address.kind() == Kind::StampMetrics && case.is_owned_by(address, stamp)
    };
    let latest = [
        "latest_cpu",
        "latest_memory",
        "latest_storage",
        "latest_dtu",
    ];
    let loads = latest
        .iter()
        .filter(|name| asked.at_most(own, name, below))
        .count();
    let mentions = asked
        .0
        .iter()
        .any(|condition| condition.address().is_some_and(own));
    (mentions && loads < latest.len())
        .then(|| format!("that every latest load is at most {below} basis points"))
}

/// The addresses that steps of these kinds and of the same subject call.
fn targets<'c>(
    case: &'c Case<'_>,
    at: usize,
    kinds: &'c [StepKind],
) -> impl Iterator<Item = &'c Address> {
    let siblings = case.graph.siblings(at, kinds).collect::<Vec<_>>();
    let steps = siblings.into_iter().map(|step| case.graph.step(step));
    steps.flat_map(|step| step.act.operations().iter().map(|call| &call.address))
}

/// What a check about a tenant fails to ask.
fn of_tenant(case: &Case<'_>, at: usize, step: &Step, asked: Asked<'_>) -> Option<String> {
    let (tenant, _) = case.tenant(step)?;
    let entry = |a: &Address| case.is_entry(a, "tenants", tenant.as_str());
    let unless = |asked: bool, what: &str| (!asked).then(|| what.to_owned());
    let yes = Value::Bool(true);
    match step.kind {
        K::TenantHealth => unless(
            targets(case, at, &[K::TenantData, K::TenantBlob]).all(|a| asked.present(a)),
            "that everything made for the tenant is there",
        ),
        K::SnapshotVerify => unless(
            targets(case, at, &[K::TenantSnapshot]).all(|a| asked.is(a, "verified", &yes)),
            "that the snapshot is verified",
        ),
        K::ExportVerify => unless(
            targets(case, at, &[K::TenantExport]).all(|a| asked.is(a, "verified", &yes)),
            "that the export is verified",
        ),
        K::SourceAbsence => unless(
            targets(case, at, &[K::SourceDelete]).all(|a| asked.absent(a)),
            "that everything deleted on the source is gone",
        ),
        K::TenantAbsence => unless(
            targets(case, at, &[K::TenantDelete]).all(|a| asked.absent(a)),
            "that everything deleted is gone",
        ),
        K::TenantCompare => unless(
            compared(case, at, asked),
            "that every copy has the content of its source",
        ),
        K::TenantSoak => {
            let switch = case.graph.siblings(at, &[K::TenantSwitch]).next()?;
            let switch = &case.graph.step(switch).id;
            let least = case.body.policy.migration.soak;
            let soaked = asked.0.iter().any(|condition| {
                matches!(condition, Condition::Elapsed { since, seconds }
                    if since == switch && *seconds >= least)
            });
            (!soaked).then(|| format!("that {least} have passed since the switch"))
        }
        K::TenantConfirm => {
            let mut all = asked.0.iter();
            unless(
                all.any(|condition| matches!(condition, Condition::Confirmed { .. })),
                "a person to confirm",
            )
        }
        K::HoldCheck => {
            let held = asked.0.iter().any(|condition| {
                matches!(condition, Condition::Is { address, setting, value: Value::Bool(false) }
                    if entry(address) && setting == "held")
            });
            unless(held, "that the tenant is on no hold")
        }
        K::TenantDrain => {
            let own = |a: &Address| {
                a.kind() == Kind::TenantMetrics
                    && a.part("registry") == Some(case.body.registry.as_str())
                    && a.name() == tenant.as_str()
            };
            unless(
                asked.at_most(own, "active_requests", 0),
                "that no request of the tenant runs",
            )
        }
        _ => None,
    }
}

fn compared(case: &Case<'_>, at: usize, asked: Asked<'_>) -> bool {
    let copies = case
        .graph
        .siblings(at, &[K::TenantCopy])
        .collect::<Vec<_>>();
    let calls = copies
        .into_iter()
        .flat_map(|copy| case.graph.step(copy).act.operations());
    calls.into_iter().all(|call| {
        let Verb::Copy { from, .. } = &call.verb else {
            return true;
        };
        let to = &call.address;
        asked.0.iter().any(|condition| {
            matches!(condition, Condition::SameContent { source, destination }
                if (source == from && destination == to) || (source == to && destination == from))
        })
    })
}

/// How many cores a headroom check makes sure of; `None` where it asks something else.
pub(super) fn headroom(case: &Case<'_>, step: &Step) -> Option<i64> {
    let Subject::Quota(key) = &step.subject else {
        return None;
    };
    let quota = case.group_quota(key)?;
    let conditions = step.act.conditions().iter();
    conditions
        .filter_map(|condition| match condition {
            Condition::AtLeast {
                address,
                setting,
                limit,
            } if *address == quota && setting == "available" => Some(*limit),
            _ => None,
        })
        .max()
}

/// The cores of a stamp, signed.
pub(super) fn at_stake(case: &Case<'_>, stamp: &StampId) -> i64 {
    signed(case.cores_at_stake(stamp))
}
