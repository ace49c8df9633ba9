//! The HTTP face answers as Resource Manager does: round trips, operations in progress, errors,
//! faults, and every body against Microsoft's schemas.

#![expect(
    clippy::print_stderr,
    reason = "what was skipped and what was counted must be seen"
)]

#[path = "arm/bench.rs"]
mod bench;
#[path = "arm/schemas.rs"]
mod schemas;

#[path = "arm/compute.rs"]
mod compute;
#[path = "arm/data.rs"]
mod data;
#[path = "arm/edge.rs"]
mod edge;
#[path = "arm/faults.rs"]
mod faults;
#[path = "arm/kubernetes.rs"]
mod kubernetes;
#[path = "arm/resources.rs"]
mod resources;

#[test]
fn answers_are_checked_against_the_schemas() {
    if !schemas::are_here() {
        eprintln!("SKIPPED: Microsoft's schemas are not at hand");
        return;
    }
    let before = schemas::counts().0;
    let bench = bench::Bench::new("");
    bench.group(bench::A, "rg");
    let checked = schemas::counts().0;
    assert!(checked > before, "nothing is checked");
}
