//! Differences between two plans, and answers to "why?".

use stampctl::plan::format::Plan;
use stampctl::plan::format::RuleId;
use stampctl::plan::format::StepId;
use stampctl::plan::format::StepKind;
use stampctl::render::explain;
use stampctl::render::page::Setting;
use stampctl::render::plan_diff;

use crate::sample;

fn told(explanation: Option<explain::Explanation>) -> String {
    let explanation = explanation.expect("the plan has it");
    explain::text(&explanation, Setting::default())
}

#[test]
fn a_plan_does_not_differ_from_itself() {
    let plan = sample::plan();
    let diff = plan_diff(&plan, &plan);
    assert!(diff.parts.is_empty() && diff.reordered.is_none());
    assert!(plan_diff::text(&diff, Setting::default()).contains("The plans do the same."));
}

#[test]
fn two_plans_are_told_apart() {
    let before = sample::plan();
    let mut after = sample::plan_with(1, before.body.findings.clone());
    after.body.policy.limits.stamps_retired = 3;
    after.body.changes.remove(1);
    after.body.steps[28].after.remove(0);
    golden!(
        "diff",
        plan_diff::text(&plan_diff(&before, &after), Setting::default())
    );
}

#[test]
fn another_order_is_a_difference() {
    let before = sample::plan();
    let mut after = sample::plan();
    after.body.steps.swap(25, 26);
    let diff = plan_diff(&before, &after);
    assert_eq!(diff.reordered, Some(before.body.steps[26].id.to_string()));
}

/// Whatever differs in the bodies differs in the difference.
#[test]
fn no_part_of_a_plan_is_left_out() {
    let before = sample::plan();
    let changes: [fn(&mut Plan); 9] = [
        |plan| plan.body.provider.push('x'),
        |plan| plan.body.registry.push('x'),
        |plan| plan.body.tenants += 1,
        |plan| plan.body.environment = None,
        |plan| plan.body.opening.serving[0].active += 1,
        |plan| plan.body.ledger[0].closing += 1,
        |plan| plan.body.bounds.moves[0].exact = false,
        |plan| plan.body.findings[0].help.push('x'),
        |plan| plan.body.rules.clear(),
    ];
    for change in changes {
        let mut after = before.clone();
        change(&mut after);
        assert_eq!(plan_diff(&before, &after).parts.len(), 1);
    }
}

#[test]
fn a_step_is_explained() {
    let plan = sample::plan();
    let id = StepId::of(&sample::old(), StepKind::QuotaReturn);
    golden!("explain-step", told(explain::step(&plan, &id)));
    assert_eq!(
        explain::step(&plan, &StepId("stamp/none/none".into())),
        None
    );
}

#[test]
fn a_tenant_is_explained() {
    let plan = sample::plan();
    golden!(
        "explain-tenant",
        told(explain::tenant(&plan, &"tailwind".parse().expect("an id")))
    );
    assert_eq!(
        explain::tenant(&plan, &"nobody".parse().expect("an id")),
        None
    );
}

#[test]
fn a_stamp_is_explained() {
    let plan = sample::plan();
    let id = "shared-eastus2-001".parse().expect("an id");
    golden!("explain-stamp", told(explain::stamp(&plan, &id)));
}

#[test]
fn a_rule_is_explained() {
    let plan = sample::plan();
    let doc = explain::RuleDoc {
        rule: "O-1".to_owned(),
        level: "H".to_owned(),
        text: "Quota is returned before anything that holds it is deleted.".to_owned(),
    };
    let rule = RuleId::known("O-1");
    golden!(
        "explain-rule",
        told(explain::rule(Some(&plan), &rule, Some(&doc)))
    );
    assert_eq!(explain::rule(None, &rule, None), None);
}
