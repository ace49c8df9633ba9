//! Every example plans without a violation, applies, and comes to rest.

use stampctl::verify::verify;

use crate::scenario::Scenario;

#[test]
fn every_example_is_verified_applied_and_at_rest() {
    for scenario in Scenario::examples() {
        let violations = verify(&scenario.plan);
        assert!(violations.is_empty(), "{}: {violations:#?}", scenario.name);
        let bench = scenario.undisturbed();
        bench.assert_rest(&scenario.name);
    }
}
