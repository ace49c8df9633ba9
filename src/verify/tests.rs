//! The judge judged: good plans pass, every damage is refused, cuts see what play sees.

use std::collections::BTreeSet;

use stampctl_contract::Operation;
use stampctl_contract::Value;
use stampctl_contract::Verb;

use super::*;

use crate::plan::format::Act;
use crate::plan::format::Step;
use crate::plan::format::StepKind;

#[test]
fn plans_by_the_book_are_accepted() {
    for (name, plan) in testing::scenarios() {
        let found = verify(&plan);
        let told: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(told, Vec::<String>::new(), "{name}");
    }
}

/// The rules broken in some order, found by playing every order.
fn broken(plan: &Plan) -> Option<BTreeSet<&'static str>> {
    let graph = Graph::of(&plan.body.steps).ok()?;
    walk::in_every_order(&Case::new(&plan.body, graph), 3_000)
}

/// Whether the rules alone, without playing anything, refuse the plan.
fn refused(plan: &Plan) -> bool {
    let mut findings = Findings::default();
    match Graph::of(&plan.body.steps) {
        Ok(graph) => {
            let case = Case::new(&plan.body, graph);
            let each = rules::of_each_step();
            rules::judge_orders(&case, &mut findings);
            for &at in case.graph.order() {
                rules::judge_step(&each, &case, at, &mut findings);
            }
            rules::judge_whole(&case, &mut findings);
        }
        Err(_) => return true,
    }
    let found = findings.into_violations();
    found.iter().any(|violation| violation.level == Level::H)
}

fn scenario(name: &str) -> Plan {
    let all = testing::scenarios().into_iter();
    let mut named = all.filter(|(known, _)| *known == name);
    named.next().expect("a scenario").1
}

fn step<'p>(plan: &'p mut Plan, id: &str) -> &'p mut Step {
    let mut steps = plan.body.steps.iter_mut();
    steps.find(|step| &*step.id.0 == id).expect("a step")
}

/// The plan breaks this rule, among others.
fn breaks(plan: &Plan, rule: &str) {
    let found = verify(plan);
    let told: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert!(
        found.iter().any(|v| v.rule.0 == rule),
        "{rule} is not among {told:#?}"
    );
}

#[test]
fn a_delete_without_its_return_is_refused_by_name() {
    let plan = scenario("retire");
    for (kind, rule) in [
        (StepKind::QuotaReturn, "O-1"),
        (StepKind::QuotaVerify, "O-2"),
        (StepKind::UsageVerify, "O-4"),
        (StepKind::ReservationReduce, "O-5"),
        (StepKind::TenantsZero, "O-6"),
        (StepKind::TenantsRecheck, "O-7"),
        (StepKind::PlacementClose, "O-8"),
        (StepKind::IngressRemove, "O-9"),
        (StepKind::JobsWait, "O-11"),
        (StepKind::StampDrain, "O-12"),
        (StepKind::BackupVerify, "O-13"),
        (StepKind::DataDelete, "O-17"),
        (StepKind::OwnershipVerify, "O-18"),
        (StepKind::StampAbsence, "O-19"),
        (StepKind::StampHolds, "O-20"),
        (StepKind::IngressDelete, "O-90"),
    ] {
        let dropped =
            |mutant: &mutate::Mutant| mutant.damage == mutate::Damage::Drop && mutant.kind == kind;
        let mutant = mutate::mutants(&plan).find(dropped).expect("a mutant");
        breaks(&mutant.plan, rule);
    }
    let mut plan = scenario("retire");
    let (rest, last) = (step(&mut plan, "stamp/old/quota.return"), 256 - 63);
    if let Some(Operation {
        verb: Verb::Put { settings },
        ..
    }) = first_call(rest)
    {
        settings.insert("cores".to_owned(), Value::Int(last));
    }
    breaks(&plan, "I-1");
    breaks(&plan, "I-3");
}

fn first_call(step: &mut Step) -> Option<&mut Operation> {
    match &mut step.act {
        Act::Call { operations } => operations.first_mut(),
        Act::Check { .. } => None,
    }
}

#[test]
fn what_is_unknown_blocks() {
    let mut plan = scenario("offboard");
    for tenant in plan.body.opening.tenants.values_mut() {
        tenant.held = None;
    }
    breaks(&plan, "I-6");
    for tenant in plan.body.opening.tenants.values_mut() {
        tenant.held = Some(true);
    }
    breaks(&plan, "O-20");
    let mut plan = scenario("onboard");
    for stamp in plan.body.opening.stamps.values_mut() {
        stamp.load.dtu = None;
    }
    breaks(&plan, "I-8");
    let mut plan = scenario("retire");
    plan.body.opening.accounts[0].available = None;
    breaks(&plan, "I-3");
    breaks(&plan, "I-6");
}

#[test]
fn a_full_stamp_takes_nobody() {
    let load = |plan: &mut Plan, points| {
        for stamp in plan.body.opening.stamps.values_mut() {
            stamp.load.cpu = Some(points);
        }
    };
    let mut plan = scenario("onboard");
    load(&mut plan, 749);
    assert_eq!(verify(&plan), Vec::new());
    load(&mut plan, 750);
    breaks(&plan, "I-8");
    let mut plan = scenario("onboard");
    for stamp in plan.body.opening.stamps.values_mut() {
        stamp.accepting = false;
    }
    breaks(&plan, "I-8");
    let mut plan = scenario("onboard");
    plan.body.policy.placement.max_tenants_per_shared = 2;
    breaks(&plan, "I-8");
}

#[test]
fn enough_stamps_serve_and_limits_hold() {
    let mut plan = scenario("retire");
    plan.body.opening.serving[0].active = 2;
    breaks(&plan, "I-4");
    // The new stamp serves before the old one goes.
    let mut plan = scenario("replace");
    plan.body.opening.serving[0].active = 2;
    assert_eq!(verify(&plan), Vec::new());
    let drain = step(&mut plan, "stamp/old/stamp.drain");
    drain.after.retain(|edge| edge.rule.0 != "O-28");
    let zero = step(&mut plan, "stamp/old/tenants.zero");
    zero.after.retain(|edge| edge.rule.0 != "O-88");
    breaks(&plan, "O-28");
    breaks(&plan, "O-88");
    let mut plan = scenario("move");
    plan.body.policy.limits.tenants_moved = Some(0);
    breaks(&plan, "P-4");
    let mut plan = scenario("retire");
    plan.body.policy.limits.stamps_retired = 0;
    breaks(&plan, "P-4");
}

#[test]
fn data_goes_where_its_tenant_goes() {
    let mut plan = scenario("move");
    let copy = step(&mut plan, "tenant/t/tenant.copy");
    if let Some(Operation {
        verb: Verb::Copy { tenant, .. },
        ..
    }) = first_call(copy)
    {
        "another".clone_into(tenant);
    }
    breaks(&plan, "I-7");
    let mut plan = scenario("move");
    let switch = step(&mut plan, "tenant/t/tenant.switch");
    if let Some(Operation {
        verb: Verb::Patch { settings },
        ..
    }) = first_call(switch)
    {
        settings.insert("stamp".to_owned(), Value::text("a"));
    }
    breaks(&plan, "I-2");
    // What takes a step back may not reach a tenant's only data.
    let mut plan = scenario("move");
    let source = match &step(&mut plan, "tenant/t/source.delete").act {
        Act::Call { operations } => operations[0].clone(),
        Act::Check { .. } => unreachable!("it deletes"),
    };
    step(&mut plan, "tenant/t/tenant.data").undo = vec![source];
    breaks(&plan, "P-2");
    let mut plan = scenario("move");
    let made = match &step(&mut plan, "tenant/t/tenant.data").act {
        Act::Call { operations } => operations[0].address.clone(),
        Act::Check { .. } => unreachable!("it acts"),
    };
    let unmade = Operation {
        address: made,
        verb: Verb::Delete,
        precondition: stampctl_contract::Precondition::Any,
    };
    step(&mut plan, "tenant/t/tenant.data").undo = vec![unmade];
    assert_eq!(verify(&plan), Vec::new());
}

/// Many stamps, each with tenants that come, leave and move on: nothing is quadratic, or this
/// test would not end.
#[test]
fn a_large_plan_is_judged() {
    let plan = testing::large(300, 6);
    assert!(plan.body.steps.len() > 20_000);
    assert_eq!(verify(&plan), Vec::new());
}

/// Four returns of one account: an order that crosses from stamp to stamp three times.
#[test]
fn returns_of_one_account_are_a_chain() {
    let plan = testing::retire_four();
    assert_eq!(verify(&plan), Vec::new());
    for (id, before) in [("d2", "d1"), ("d3", "d2"), ("d4", "d3")] {
        for kind in ["quota.return", "reservation.reduce"] {
            let mut plan = plan.clone();
            let before = format!("stamp/{before}/");
            let step = step(&mut plan, &format!("stamp/{id}/{kind}"));
            step.after.retain(|edge| !edge.step.0.starts_with(&before));
            breaks(&plan, "P-6");
        }
    }
}

#[test]
fn a_broken_graph_is_told_and_nothing_else() {
    let mut plan = scenario("retire");
    let last = plan.body.steps.last().expect("a step").id.clone();
    let rule = crate::plan::format::RuleId::known("O-1");
    plan.body.steps[0]
        .after
        .push(crate::plan::format::Edge { step: last, rule });
    let found = verify(&plan);
    assert!(!found.is_empty() && found.iter().all(|v| v.rule.0 == "P-1"));
}

#[test]
fn every_order_of_a_good_plan_is_safe() {
    for (name, plan) in testing::scenarios() {
        assert_eq!(broken(&plan), Some(BTreeSet::new()), "{name}");
    }
}

#[test]
fn a_plan_that_some_order_breaks_is_refused() {
    let mut count = 0;
    for (name, plan) in testing::scenarios() {
        for mutant in mutate::mutants(&plan) {
            if broken(&mutant.plan).is_some_and(|rules| !rules.is_empty()) {
                count += 1;
                assert!(
                    refused(&mutant.plan),
                    "{name}: {} {:?}",
                    mutant.step,
                    mutant.damage
                );
                assert!(
                    !mutant.is_harmless(),
                    "{name}: {} {:?}",
                    mutant.step,
                    mutant.damage
                );
            }
        }
    }
    assert!(
        count > 50,
        "only {count} mutants break a rule in some order"
    );
}

#[test]
fn every_rule_stands_once_and_in_the_book() {
    let ids: BTreeSet<&str> = RULES.iter().map(|rule| rule.id).collect();
    assert_eq!(ids.len(), RULES.len());
    let book = include_str!("../../docs/workflows.md");
    let cited = book.split(['(', ')', ',', ' ']).filter(|word| {
        let number = word.strip_prefix("O-").or_else(|| word.strip_prefix("P-"));
        number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    });
    for rule in cited {
        assert!(
            ids.contains(rule),
            "{rule} is in docs/workflows.md and not checked"
        );
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(96))]

    /// The rules reason about cuts of the partial order; playing every order is the judge of
    /// that reasoning. Whatever edges are missing: where some order breaks a rule, the rules
    /// refuse the plan.
    #[test]
    fn cuts_see_what_playing_every_order_sees(
        which in 0_usize..11,
        gone in proptest::collection::vec(0_usize..400, 1..4),
        moved in proptest::option::of(0_usize..40),
    ) {
        let (name, mut plan) = testing::scenarios().swap_remove(which);
        for pick in gone {
            let steps = plan.body.steps.len();
            let step = &mut plan.body.steps[pick % steps];
            if !step.after.is_empty() {
                let edge = pick % step.after.len();
                step.after.remove(edge);
            }
        }
        if let Some(moved) = moved {
            // The order of the list means nothing; only edges do.
            let steps = plan.body.steps.len();
            let step = plan.body.steps.remove(moved % steps);
            plan.body.steps.push(step);
        }
        if broken(&plan).is_some_and(|rules| !rules.is_empty()) {
            proptest::prop_assert!(refused(&plan), "{}", name);
        }
    }
}

#[test]
fn the_order_of_the_list_means_nothing() {
    for (name, mut plan) in testing::scenarios() {
        plan.body.steps.reverse();
        assert_eq!(verify(&plan), Vec::new(), "{name}");
    }
}

#[test]
fn every_harmful_mutant_is_refused() {
    let mut accepted = Vec::new();
    let mut count = 0;
    for (name, plan) in testing::scenarios() {
        for mutant in mutate::mutants(&plan).filter(|mutant| !mutant.is_harmless()) {
            count += 1;
            let found = verify(&mutant.plan);
            if found.iter().all(|violation| violation.level == Level::P) {
                accepted.push(format!("{name}: {} {:?}", mutant.step, mutant.damage));
            }
        }
    }
    assert_eq!(accepted, Vec::<String>::new());
    assert!(count > 1_000, "only {count} mutants");
}
