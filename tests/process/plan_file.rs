//! The plan that is reviewed is the plan that is applied: what was altered is not, and who may
//! approve is never said by what is approved.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use ssh_key::Algorithm;
use ssh_key::LineEnding;
use ssh_key::PrivateKey;
use ssh_key::rand_core::OsRng;
use stampctl::plan::format::Plan;
use stampctl::plan::format::StepId;
use stampctl::plan::format::StepKind;
use stampctl::verify;
use stampctl_contract::Verb;

use crate::cases;
use crate::fleet::Fleet;

const APPLY: &[&str] = &["apply", "p.json", "--fleet", "fleet"];

fn planned() -> (Fleet, Plan) {
    let fleet = Fleet::copy("retire");
    fleet.ends(&["plan", "fleet", "--out", "p.json"], 0);
    let plan = Plan::from_bytes(&fleet.read("p.json")).expect("a plan");
    (fleet, plan)
}

/// Everything that a step waits for, directly or not.
fn ancestors(plan: &Plan, of: &StepId) -> BTreeSet<StepId> {
    let steps: BTreeMap<_, _> = plan
        .body
        .steps
        .iter()
        .map(|step| (&step.id, step))
        .collect();
    let mut found = BTreeSet::new();
    let mut open = vec![of];
    while let Some(id) = open.pop() {
        for edge in &steps[id].after {
            if found.insert(edge.step.clone()) {
                open.push(&edge.step);
            }
        }
    }
    found
}

#[test]
fn quota_is_returned_and_verified_before_every_delete_of_the_stamp() {
    let (_fleet, plan) = planned();
    let mut deletes = 0;
    for step in &plan.body.steps {
        let of_stamp = matches!(
            step.kind,
            StepKind::StampDelete | StepKind::DataDelete | StepKind::IngressDelete
        );
        let calls = step.act.operations();
        let deletes_group = calls.iter().any(|call| {
            call.verb == Verb::Delete
                && call.address.kind() == stampctl_contract::Kind::ResourceGroup
        });
        if of_stamp || deletes_group {
            deletes += 1;
            let before = ancestors(&plan, &step.id);
            for kind in [StepKind::QuotaReturn, StepKind::QuotaVerify] {
                let word = format!("{}/{}", step.subject, kind.word());
                assert!(
                    before.iter().any(|id| *id.0 == *word),
                    "{} does not wait for {word}",
                    step.id
                );
            }
        }
    }
    assert!(deletes >= 3, "{deletes}");
}

/// A plan without one step; what waited for it waits for what it waited for.
fn without(plan: &Plan, kind: StepKind) -> Plan {
    let mut plan = plan.clone();
    let at = plan.body.steps.iter().position(|step| step.kind == kind);
    let gone = plan.body.steps.remove(at.expect("there is one"));
    for step in &mut plan.body.steps {
        if step.after.iter().any(|edge| edge.step == gone.id) {
            step.after.retain(|edge| edge.step != gone.id);
            for edge in &gone.after {
                if !step.after.iter().any(|known| known.step == edge.step) {
                    step.after.push(edge.clone());
                }
            }
        }
    }
    plan
}

#[test]
fn a_plan_without_the_return_is_refused_however_it_is_sealed() {
    let (fleet, plan) = planned();
    for (kind, rules) in [
        (StepKind::QuotaReturn, ["O-1", "O-1"]),
        (StepKind::QuotaVerify, ["O-2", "O-1"]),
    ] {
        let edited = without(&plan, kind);
        let violations = verify::verify(&edited);
        assert!(
            violations
                .iter()
                .any(|v| rules.contains(&v.rule.0.as_ref())),
            "{kind}: {violations:#?}"
        );
        // With the old seal: `verify` judges it all the same, `apply` does not even look.
        fleet.write("edited.json", edited.to_bytes().expect("bytes"));
        let told = fleet.ends(&["verify", "edited.json"], 3);
        let all = format!("{}{}", told.out, told.err);
        assert!(rules.iter().any(|rule| all.contains(rule)), "{all}");
        fleet.ends(&["apply", "edited.json", "--fleet", "fleet"], 9);
        // With a new seal it is a good file, and a bad plan.
        let seal = &edited.seal;
        let sealed = Plan::seal(
            edited.body.clone(),
            &seal.tool,
            seal.observed_at,
            seal.rest.clone(),
        );
        let sealed = sealed.expect("seals").to_bytes().expect("bytes");
        fleet.write("sealed.json", sealed);
        let refused = fleet.ends(&["apply", "sealed.json", "--fleet", "fleet"], 3);
        let all = format!("{}{}", refused.out, refused.err);
        assert!(rules.iter().any(|rule| all.contains(rule)), "{all}");
    }
    assert_eq!(fleet.calls(), 0);
}

#[test]
fn a_plan_of_which_any_byte_was_changed_calls_nothing() {
    let (fleet, _) = planned();
    let good = fleet.read("p.json");
    let most = cases(24).min(good.len());
    for at in 0..most {
        let place = at * (good.len() - 1) / (most - 1).max(1);
        let mut bad = good.clone();
        bad[place] ^= 1;
        fleet.write("bad.json", &bad);
        let ran = fleet.run(&["apply", "bad.json", "--fleet", "fleet"]);
        assert_eq!(ran.code, 9, "byte {place}\n{}\n{}", ran.out, ran.err);
    }
    // Every byte, without the cost of a process each.
    for place in (0..good.len()).step_by(if cases(0) >= 1_000 { 1 } else { 97 }) {
        let mut bad = good.clone();
        bad[place] ^= 1;
        let sound = Plan::from_bytes(&bad).is_ok_and(|plan| plan.check_seal(&bad).is_ok());
        assert!(!sound, "byte {place} can be changed unseen");
    }
    assert_eq!(fleet.calls(), 0);
}

/// A key pair in files; the line that trusts it.
fn key(fleet: &Fleet, name: &str) -> String {
    let key = PrivateKey::random(&mut OsRng, Algorithm::Ed25519).expect("a key");
    let pem = key.to_openssh(LineEnding::LF).expect("a key");
    fleet.write(name, pem.as_bytes());
    let public = key.public_key().to_openssh().expect("a key");
    format!("{name}@example.com {public}\n")
}

fn approve(fleet: &Fleet, name: &str) {
    let principal = format!("{name}@example.com");
    let sign = [
        "approve", "p.json", "--key", name, "--as", &principal, "--fleet", "fleet",
    ];
    fleet.ends(&sign, 0);
}

/// A fleet that asks for an approval.
fn asking() -> Fleet {
    let fleet = Fleet::copy("retire");
    let text = String::from_utf8(fleet.read("fleet/fleet.yaml")).expect("text");
    let asks = text.replacen("policy:\n", "policy:\n  approvals: { minimum: 1 }\n", 1);
    assert_ne!(asks, text);
    fleet.write("fleet/fleet.yaml", asks);
    fleet.ends(&["plan", "fleet", "--out", "p.json"], 0);
    fleet
}

#[test]
fn who_may_approve_is_the_operators_to_say() {
    let fleet = asking();
    let (ann, bob) = (key(&fleet, "ann"), key(&fleet, "bob"));
    fleet.write("trust", &ann);
    // A key that only the fleet's own folder names is nobody's.
    fleet.write("fleet/trust", &bob);
    fleet.write("fleet/allowed_signers", &bob);
    approve(&fleet, "bob");
    let apply = ["apply", "p.json", "--fleet", "fleet", "--trust", "trust"];
    fleet.ends(&apply, 4);
    fleet.ends(APPLY, 4);
    assert_eq!(fleet.calls(), 0);
    // A signature that was cut short counts for nothing.
    approve(&fleet, "ann");
    let mut folder = std::fs::read_dir(fleet.path("fleet/.stampctl/approvals")).expect("approvals");
    let anns = folder.find_map(|entry| {
        let path = entry.expect("an entry").path();
        path.to_string_lossy().contains("ann@").then_some(path)
    });
    let anns = anns.expect("the approval");
    let good = std::fs::read(&anns).expect("there");
    for at in [0, good.len() / 3, good.len() / 2, good.len() - 40] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        std::fs::write(&anns, &bad).expect("written");
        let ran = fleet.run(&apply);
        assert!(matches!(ran.code, 4 | 9), "{}: {}", ran.code, ran.err);
    }
    assert_eq!(fleet.calls(), 0);
    std::fs::write(&anns, &good).expect("written");
    fleet.ends(&apply, 6);
}

#[test]
fn an_approval_holds_for_the_run_that_failed_and_was_resumed() {
    let fleet = asking();
    let ann = key(&fleet, "ann");
    fleet.write("trust", &ann);
    approve(&fleet, "ann");
    let inject = [
        "sim",
        "inject",
        "fail_before",
        "fleet",
        "--class",
        "denied",
        "--key",
        "tenant.freeze",
        "--times",
        "1",
    ];
    fleet.ends(&inject, 0);
    let apply = ["apply", "p.json", "--fleet", "fleet", "--trust", "trust"];
    fleet.ends(&apply, 7);
    let codes = fleet.to_the_end(&apply);
    assert_eq!(codes.last(), Some(&0), "{codes:?}");
    let calm = Fleet::copy("retire");
    calm.to_the_end(&["apply", "fleet", "--auto-approve"]);
    let burnt = |resource: &serde_json::Value| {
        resource["address"] != "registry_item/registry/fleets/retire"
    };
    let picture = |fleet: &Fleet| {
        let mut all = fleet.picture();
        all.retain(burnt);
        all
    };
    assert_eq!(picture(&fleet), picture(&calm));
}
