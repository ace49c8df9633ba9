//! Every way to damage a plan of the planner is refused by a rule that has no override, or the
//! table says why the damage harms nobody.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use stampctl::plan::format::StepKind;
use stampctl::plan::format::StepKind as K;
use stampctl::verify::Level;
use stampctl::verify::mutate::Damage;
use stampctl::verify::mutate::Mutant;
use stampctl::verify::mutate::mutants;
use stampctl::verify::verify;

use crate::cases;
use crate::sample;
use crate::scenario::Scenario;

/// Why a damage that no rule of level H refuses harms nobody; `None` where it must be refused.
fn harmless(mutant: &Mutant) -> Option<&'static str> {
    if mutant.is_harmless() {
        return Some("the verifier's own list says why");
    }
    match (&mutant.kind, &mutant.damage) {
        (kind, Damage::DropEdge(first)) => edge(*kind, &first.0),
        (K::DriftRepair | K::StampUpdate | K::TenantUpdate, Damage::Drop | Damage::DropCall(_)) => {
            Some("what is not set right stays as it was found; the next plan has it again")
        }
        (K::StampUpdate | K::StampStandby | K::StampDeploy, Damage::OtherResource(_)) => {
            Some("the call goes to the same stamp's other machines, which the next plan sees")
        }
        (K::StampDeploy | K::ComputeStart | K::ReservationEnsure, Damage::DropCall(_)) => {
            Some("something is not made; stamp.health and reservation.verify look before it serves")
        }
        (K::StampActivate | K::StampDrain | K::StampStandby, Damage::DropCall(_)) => {
            Some("tags are projections of the registry entry, which must be written")
        }
        (K::PlacementClose, Damage::Drop) => {
            Some("where nothing follows a close, the stamp only takes tenants for longer")
        }
        (K::StampAbsence, Damage::DropCondition(_) | Damage::OtherCondition(_)) => {
            Some("nothing is left in a resource group that is absent, which must be asked")
        }
        _ => None,
    }
}

/// Edges that keep one thing at a time on a stamp, between steps whose order no rule needs.
fn edge(then: StepKind, first: &str) -> Option<&'static str> {
    let of = |kind: StepKind| first.ends_with(&format!("/{}", kind.word()));
    let looks = [
        K::TenantsRecheck,
        K::StampHolds,
        K::OwnershipVerify,
        K::BackupVerify,
    ];
    let calm = match then {
        K::StampHolds | K::OwnershipVerify | K::IngressDelete | K::MonitoringRemove => {
            looks.into_iter().any(of)
        }
        K::DataDelete => of(K::IngressDelete),
        K::HoldCheck | K::TenantSnapshot => of(K::PlacementClose),
        K::TenantUpdate => of(K::DriftRepair),
        _ => false,
    };
    calm.then_some("both still stand before everything that needs them")
}

#[test]
fn every_damage_to_an_examples_plan_is_refused() {
    let mut passed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut tried = 0;
    for scenario in Scenario::examples() {
        let all = mutants(&scenario.plan).count();
        let picked = sample(all, cases(400).saturating_mul(4));
        let mut picked = picked.into_iter().peekable();
        for (number, mutant) in mutants(&scenario.plan).enumerate() {
            if picked.next_if_eq(&number).is_none() || harmless(&mutant).is_some() {
                continue;
            }
            tried += 1;
            let violations = verify(&mutant.plan);
            if !violations.iter().any(|v| v.level == Level::H) {
                let sort = format!("{:?} {:?}", mutant.kind, mutant.damage);
                let place = format!("{}: {}", scenario.name, mutant.step);
                passed.entry(sort).or_default().push(place);
            }
        }
    }
    let mut told = String::new();
    for (sort, places) in &passed {
        let _ = writeln!(told, "{sort}: {} times, as in {}", places.len(), places[0]);
    }
    assert!(passed.is_empty(), "of {tried} mutants these pass:\n{told}");
    assert!(tried > 1_000 || cases(400) < 400, "{tried}");
}
