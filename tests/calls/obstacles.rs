//! What a plan says beforehand of what would stop its own steps, through the wire.

use stampctl::observe;
use stampctl::observe::Inventory;
use stampctl::plan::format::Finding;
use stampctl::plan::format::FindingCode;
use stampctl::plan::format::Plan;
use stampctl_azure::Rates;
use stampctl_contract::Provider as _;
use stampctl_sim::WorldSpec;
use stampctl_sim::arm;

use crate::cloud::Served;
use crate::cloud::fleet;
use crate::forecast::manifest;
use crate::forecast::places;
use crate::forecast::planned;
use crate::forecast::small;
use crate::forecast::world;

/// The plan of the small fleet in a cloud with these switches.
async fn of(spec: &WorldSpec, options: arm::Options, manifest: &str) -> Plan {
    let served = Served::start(spec, options);
    let azure = served.azure(places(), Rates::default());
    served.meanwhile(planned(&fleet(manifest), &azure)).await
}

fn found(plan: &Plan, code: FindingCode) -> Vec<&Finding> {
    let all = plan.body.findings.iter();
    all.filter(|finding| finding.code == code).collect()
}

#[tokio::test]
async fn where_nothing_is_in_the_way_nothing_is_told() {
    let plan = of(&world(), arm::Options::default(), &manifest()).await;
    assert_eq!(plan.refusals().count(), 0);
    assert_eq!(found(&plan, FindingCode::Unchecked), Vec::<&Finding>::new());
}

#[tokio::test]
async fn a_size_that_is_not_offered_is_no_lack_of_quota() {
    let options = arm::Options {
        not_offered: vec!["eastus2/2/Standard_D8s_v5".to_owned()],
        ..arm::Options::default()
    };
    let plan = of(&world(), options, &manifest()).await;
    let findings = found(&plan, FindingCode::SkuNotOffered);
    assert!(!findings.is_empty());
    for finding in findings {
        assert!(
            finding.what.contains("NotAvailableForSubscription"),
            "{finding:?}"
        );
        assert!(finding.what.contains("zone 2"), "{finding:?}");
    }
    assert!(found(&plan, FindingCode::QuotaMissing).is_empty());
    // A fleet that stands in other zones is not concerned.
    let other = manifest().replace("zones: [\"1\", \"2\"]", "zones: [\"1\", \"3\"]");
    let options = arm::Options {
        not_offered: vec!["eastus2/2/Standard_D8s_v5".to_owned()],
        ..arm::Options::default()
    };
    let plan = of(&world(), options, &other).await;
    assert_eq!(plan.refusals().count(), 0);
}

#[tokio::test]
async fn a_provider_that_is_not_registered_refuses_what_needs_it() {
    let missing = |name: &str| arm::Options {
        unregistered: vec![name.to_owned()],
        ..arm::Options::default()
    };
    let plan = of(&world(), missing("Microsoft.Sql"), &manifest()).await;
    let findings = found(&plan, FindingCode::NotRegistered);
    assert!(!findings.is_empty());
    assert!(
        findings
            .iter()
            .all(|it| it.help.contains("az provider register -n Microsoft.Sql"))
    );
    // This fleet has no API gateway.
    let plan = of(&world(), missing("Microsoft.ApiManagement"), &manifest()).await;
    assert_eq!(plan.refusals().count(), 0);
}

#[tokio::test]
async fn a_permission_that_is_missing_refuses_and_a_reader_leaves_it_unknown() {
    let options = arm::Options {
        not_actions: vec!["Microsoft.Sql/servers/databases/write".to_owned()],
        ..arm::Options::default()
    };
    let plan = of(&world(), options, &manifest()).await;
    let findings = found(&plan, FindingCode::NotPermitted);
    assert!(!findings.is_empty());
    for finding in &findings {
        let action = "Microsoft.Sql/servers/databases/write";
        assert!(finding.what.contains(action), "{finding:?}");
    }
    let options = arm::Options {
        actions: vec!["*/read".to_owned()],
        ..arm::Options::default()
    };
    let plan = of(&world(), options, &manifest()).await;
    assert_eq!(plan.refusals().count(), 0, "who plans need not apply");
    let unknown = found(&plan, FindingCode::Unchecked);
    assert_eq!(unknown.len(), 1, "{unknown:?}");
    assert!(unknown[0].what.contains("only reads"), "{unknown:?}");
}

#[tokio::test]
async fn somebody_elses_lock_is_in_the_way() {
    let mut spec = world();
    let lock = WorldSpec::from_yaml(
        "resources:
  - { address: lock/sub/rg-ingress/theirs, settings: { level: ReadOnly } }
",
    );
    spec.resources.extend(lock.expect("a world").resources);
    let plan = of(&spec, arm::Options::default(), &manifest()).await;
    let findings = found(&plan, FindingCode::Locked);
    assert!(!findings.is_empty(), "{:?}", plan.body.findings);
    assert!(
        findings
            .iter()
            .all(|it| it.what.contains("lock/sub/rg-ingress/theirs"))
    );
}

/// Two stamps of 64 cores each on the subscription's own quota.
fn alone() -> String {
    let text = manifest().replace("    quota_group: qg\n", "");
    text.replace("    capacity_reservation: crg\n", "")
}

#[tokio::test]
async fn cores_that_are_deployed_already_are_not_asked_for_again() {
    let with = |cores: u32| {
        let mut spec = world();
        let quota = format!(
            "quota:\n  - {{ subscription: sub, region: eastus2, family: standardDSv5Family, \
             cores: {cores} }}\n"
        );
        spec.quota = WorldSpec::from_yaml(&quota).expect("a world").quota;
        spec
    };
    let plan = of(&with(127), arm::Options::default(), &alone()).await;
    let findings = found(&plan, FindingCode::QuotaExceeded);
    assert_eq!(findings.len(), 1, "{:?}", plan.body.findings);
    let what = "128 cores more are needed, 127 of 127 are free";
    assert!(findings[0].what.contains(what), "{findings:?}");
    assert!(found(&plan, FindingCode::SkuNotOffered).is_empty());

    // Enough, and then there: the second plan asks for nothing.
    let served = Served::start(&with(128), arm::Options::default());
    let azure = served.azure(places(), Rates::default());
    let fleet = fleet(&alone());
    let first = served.meanwhile(planned(&fleet, &azure)).await;
    assert_eq!(first.refusals().count(), 0, "{:?}", first.body.findings);
    served
        .apply(&first, &azure, 10, std::future::pending())
        .await;
    let again = served.meanwhile(planned(&fleet, &azure)).await;
    assert_eq!(again.refusals().count(), 0, "{:?}", again.body.findings);
}

#[tokio::test]
async fn what_was_found_is_kept_with_the_inventory() {
    let options = arm::Options {
        not_offered: vec!["eastus2/2/Standard_D8s_v5".to_owned()],
        ..arm::Options::default()
    };
    let served = Served::start(&world(), options);
    let azure = served.azure(places(), Rates::default());
    let seen = served.meanwhile(observe::observe(&small(), &azure)).await;
    assert_eq!(azure.name(), "azure");
    assert_eq!(seen.obstacles.len(), 1, "{:?}", seen.obstacles);
    let bytes = seen.to_bytes().expect("bytes");
    assert_eq!(Inventory::from_bytes(&bytes).expect("reads"), seen);
}
