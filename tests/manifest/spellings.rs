//! Two spellings of one fleet, and what formatting and converting must keep.

use std::fmt::Write as _;
use std::path::Path;

use proptest::prelude::*;
use stampctl::manifest::LoadRequest;
use stampctl::manifest::convert::convert;
use stampctl::manifest::format::format;
use stampctl::manifest::schema::fleet_schema;
use stampctl::manifest::source::Spelling;
use stampctl::model::tenant::Tier;

use super::at;
use super::files;
use super::fleet;
use super::folder;

const TWINS: [(&str, &str); 1] = [(
    "tests/manifest/twin/full.yaml",
    "tests/manifest/twin/full.hcl",
)];

#[test]
fn twins_are_equal_fleets() {
    for (yaml, hcl) in TWINS {
        assert_eq!(fleet(at(Path::new(yaml))), fleet(at(Path::new(hcl))));
    }
}

#[test]
fn the_full_twin_says_what_it_means() {
    let fleet = fleet(at(Path::new(TWINS[0].0)));
    let stamp = |id: &str| &fleet.stamps[&id.parse().unwrap()];
    let first = stamp("shared-eastus2-001").shape.as_ref().unwrap();
    assert_eq!(
        first.ingress.as_ref().unwrap().host,
        "shared-eastus2-001.contoso.example"
    );
    assert_eq!(
        (first.capacity.cpu, first.capacity.memory),
        (64_000, 8 * 64 * 1_024)
    );
    assert_eq!(
        stamp("shared-eastus2-002")
            .shape
            .as_ref()
            .unwrap()
            .capacity
            .dtu,
        123_450
    );
    assert_eq!(stamp("shared-eastus2-009").shape, None);
    let pool = &fleet.pools[&"dedicated-eastus2".parse().unwrap()];
    assert_eq!(
        pool.shape.ingress.as_ref().unwrap().host,
        "{stamp}.contoso.example"
    );
    assert_eq!(
        (pool.min, pool.max, pool.shape.compute.instances),
        (0, 5, 4)
    );
    assert_eq!(pool.shape.capacity.cpu, 32_000);
    let tenant = &fleet.tenants[&"contoso".parse().unwrap()];
    assert_eq!(tenant.tier, Tier::Standard);
    let demand = tenant.demand.unwrap();
    assert_eq!(
        (demand.cpu, demand.memory, demand.dtu),
        (900, 150 * 41, 1_234)
    );
    assert_eq!(tenant.requests_per_day, Some(9));
    assert_eq!(fleet.policy.migration.soak.0, 129_600);
    assert_eq!(fleet.policy.autoscale.scale_out[1].threshold, 450);
}

#[test]
fn a_converted_fleet_is_the_same_fleet() {
    for path in [TWINS[0].0, TWINS[0].1] {
        let before = fleet(at(Path::new(path)));
        let request = LoadRequest {
            path: path.into(),
            ..LoadRequest::default()
        };
        for (to, name) in [(Spelling::Yaml, "f.yaml"), (Spelling::Hcl, "f.hcl")] {
            let converted = convert(&request, to);
            let text = converted.text.unwrap();
            assert!(
                converted
                    .diagnostics
                    .iter()
                    .any(|d| d.code.as_str() == "E0320")
            );
            assert_eq!(fleet(files(&[(name, &text)])), before, "{text}");
            // What was converted has nothing left to expand.
            let there = folder(&[(name, &text)]);
            let again = convert(
                &LoadRequest {
                    path: there.path().into(),
                    ..LoadRequest::default()
                },
                to,
            );
            assert_eq!(again.text.unwrap(), text);
        }
    }
}

/// A reviewer reads the converted text: what would be shown elsewhere, or not at all, is spelled
/// out, and still means itself.
#[test]
fn a_converted_fleet_hides_nothing() {
    let wild = "a\u{202e}b\u{2066}c\u{200b}d\u{feff}e\u{e0041}fg\u{ad}hé\u{1f600}";
    let escaped = serde_json::to_string(wild).unwrap();
    let text = format!(
        "version: 1\nfleet: f\nprovider: {{ sim: {{}} }}\nsubscriptions: {{ s: {{ id: 11111111-1111-1111-1111-111111111111 }} }}\nstamps:\n  one: {{ region: eastus2, zones: [\"1\"], subscription: s, compute: {{ sku: Standard_D8s_v5, instances: 3 }} }}\ntenants:\n  t: {{ users: 1, tier: basic, region: eastus2, contact: {escaped} }}\n"
    );
    let before = fleet(files(&[("f.yaml", &text)]));
    let there = folder(&[("f.yaml", &text)]);
    let request = LoadRequest {
        path: there.path().into(),
        ..LoadRequest::default()
    };
    for (to, name) in [(Spelling::Yaml, "f.yaml"), (Spelling::Hcl, "f.hcl")] {
        let printed = convert(&request, to).text.unwrap();
        let seen = |c: char| c == '\n' || !stampctl::render::escape::is_unsafe(c);
        assert!(printed.chars().all(seen), "{printed:?}");
        assert!(
            printed.contains("\\u202e") && printed.contains("\\U000e0041"),
            "{printed}"
        );
        assert!(printed.contains("hé\u{1f600}"), "{printed}");
        assert_eq!(fleet(files(&[(name, &printed)])), before, "{printed}");
    }
}

#[test]
fn a_formatted_fleet_is_the_same_fleet_and_keeps_its_comments() {
    for (path, spelling, name) in [
        (TWINS[0].0, Spelling::Yaml, "f.yaml"),
        (TWINS[0].1, Spelling::Hcl, "f.hcl"),
    ] {
        let before = fleet(at(Path::new(path)));
        let text = std::fs::read_to_string(path).unwrap();
        for ugly in [
            text.clone(),
            text.replace("  ", "    "),
            text.replace(" = ", "="),
            format!("\n\n\n{text}\n\n"),
        ] {
            let formatted = format(path, &ugly, spelling).text.unwrap();
            assert_eq!(fleet(files(&[(name, &formatted)])), before);
            assert_eq!(format(path, &formatted, spelling).text.unwrap(), formatted);
            let comments = |t: &str| {
                t.lines()
                    .filter(|l| l.trim_start().starts_with('#'))
                    .count()
            };
            assert_eq!(comments(&formatted), comments(&ugly));
        }
    }
}

#[test]
fn a_broken_text_is_not_formatted() {
    for (text, spelling) in [
        ("a: [1\nb: 2\n", Spelling::Yaml),
        ("a = [1\n", Spelling::Hcl),
        ("a: 1\na: 2\n", Spelling::Yaml),
    ] {
        let formatted = format("f", text, spelling);
        assert!(formatted.text.is_none() && formatted.diagnostics.has_errors());
    }
}

#[test]
fn the_schema_in_the_repository_is_fresh() {
    let path = Path::new("schemas/fleet.schema.json");
    let fresh = serde_json::to_string_pretty(&fleet_schema()).unwrap() + "\n";
    if std::env::var_os("STAMPCTL_BLESS").is_some_and(|v| v == "1") {
        std::fs::create_dir_all("schemas").unwrap();
        std::fs::write(path, &fresh).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == fresh,
        "the schema is stale: run the tests once with STAMPCTL_BLESS=1"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn printing_and_reading_is_identity(
        users in prop::collection::vec((0_u64..2_000, 0_usize..4, any::<bool>(), "[ -~]{1,30}"), 1..12),
        instances in 1_u32..40,
        zones in 1_usize..4,
    ) {
        let zones = ["\"1\"", "\"2\"", "\"3\""][..zones].join(", ");
        let mut text = format!(
            "version: 1\nfleet: f\nprovider: {{ sim: {{}} }}\nsubscriptions: {{ s: {{ id: 11111111-1111-1111-1111-111111111111 }} }}\nstamps:\n  one: {{ region: eastus2, zones: [{zones}], subscription: s, compute: {{ sku: Standard_D8s_v5, instances: {instances} }} }}\ntenants:\n"
        );
        for (at, (users, tier, hold, note)) in users.iter().enumerate() {
            let tier = ["basic", "standard", "premium", "enterprise"][*tier];
            let note = serde_json::to_string(&format!("x{}", note.replace('$', "$$"))).unwrap();
            let _ = writeln!(text, "  t{at}: {{ users: {users}, tier: {tier}, region: eastus2, legal_hold: {hold}, contact: {note} }}");
        }
        let before = fleet(files(&[("f.yaml", &text)]));
        let there = folder(&[("f.yaml", &text)]);
        let request = LoadRequest { path: there.path().into(), ..LoadRequest::default() };
        for (to, name) in [(Spelling::Yaml, "f.yaml"), (Spelling::Hcl, "f.hcl")] {
            let printed = convert(&request, to).text.unwrap();
            prop_assert_eq!(&fleet(files(&[(name, &printed)])), &before, "{}", printed);
            let laid = format(name, &printed, to).text.unwrap();
            prop_assert_eq!(&fleet(files(&[(name, &laid)])), &before);
        }
    }
}
