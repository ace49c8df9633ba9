//! Every way to damage a plan of the planner is refused by a rule that has no override.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use stampctl::verify::Level;
use stampctl::verify::mutate::mutants;
use stampctl::verify::verify;

use crate::cases;
use crate::sample;
use crate::scenario::Scenario;

#[test]
fn every_damage_to_an_examples_plan_is_refused() {
    let mut passed = BTreeMap::new();
    let mut tried = 0;
    for scenario in Scenario::examples() {
        let all = mutants(&scenario.plan).count();
        let picked = sample(all, cases(400).saturating_mul(4));
        let mut picked = picked.into_iter().peekable();
        for (number, mutant) in mutants(&scenario.plan).enumerate() {
            if picked.next_if_eq(&number).is_none() || mutant.is_harmless() {
                continue;
            }
            tried += 1;
            let violations = verify(&mutant.plan);
            if !violations.iter().any(|v| v.level == Level::H) {
                let sort = format!("{:?} {:?}", mutant.kind, mutant.damage);
                passed
                    .entry(sort)
                    .or_insert_with(Vec::new)
                    .push(format!("{}: {}", scenario.name, mutant.step));
            }
        }
    }
    assert!(tried > 1_000, "{tried}");
    let mut told = String::new();
    for (sort, places) in &passed {
        let _ = writeln!(told, "{sort}: {} times, as in {}", places.len(), places[0]);
    }
    assert!(passed.is_empty(), "of {tried} mutants these pass:\n{told}");
}
