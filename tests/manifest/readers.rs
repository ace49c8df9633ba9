//! What is written and computed here, read and computed by others: `serde_yaml` and `hcl-rs` are
//! the referees.

use std::path::Path;

use hcl::eval::Context;
use hcl::eval::Evaluate as _;
use serde_json::Value;
use stampctl::manifest::LoadRequest;
use stampctl::manifest::convert::convert;
use stampctl::manifest::source::Spelling;

/// A block's name in HCL, and the key of the map that such blocks make.
const BLOCKS: &[(&str, &str)] = &[
    ("subscription", "subscriptions"),
    ("quota_group", "quota_groups"),
    ("capacity_reservation", "capacity_reservations"),
    ("stamp", "stamps"),
    ("pool", "pools"),
    ("tenant", "tenants"),
];

fn converted(path: &Path, to: Spelling) -> String {
    let request = LoadRequest {
        path: path.to_owned(),
        ..LoadRequest::default()
    };
    convert(&request, to).text.unwrap()
}

fn by_serde_yaml(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap()
}

fn by_hcl_rs(text: &str) -> Value {
    let mut value: Value = hcl::from_str(text).unwrap();
    let map = value.as_object_mut().unwrap();
    for (block, key) in BLOCKS {
        if let Some(members) = map.remove(*block) {
            map.insert((*key).to_owned(), members);
        }
    }
    value
}

#[test]
fn others_read_what_is_converted() {
    for path in [
        "examples/fleets/quickstart",
        "examples/fleets/quickstart-hcl",
        "examples/fleets/retire",
        "examples/fleets/enterprise",
        "examples/fleets/two-regions",
    ] {
        let path = Path::new(path);
        let yaml = by_serde_yaml(&converted(path, Spelling::Yaml));
        let hcl = by_hcl_rs(&converted(path, Spelling::Hcl));
        assert_eq!(yaml, hcl, "{}", path.display());
        assert!(yaml["fleet"].is_string(), "{yaml}");
    }
}

#[test]
fn others_compute_what_is_computed() {
    for expression in [
        "1 + 2 * 3",
        "(7 - 4) % 2",
        "10 / 4",
        "1 < 2 && !(2 >= 3)",
        "1 == 1 || 1 != 1",
        "true ? \"yes\" : \"no\"",
        "\"a-${1 + 1}-${true}\"",
        "[for n in [3, 1, 2] : n * 2 if n > 1]",
        "{ for k, v in { a = 1, b = 2 } : \"${k}x\" => v }",
        "{ a = [1, { b = \"c\" }] }.a[1].b",
        "[{ n = 1 }, { n = 2 }][*].n",
        "\"%{ if 2 > 1 }more%{ else }less%{ endif }\"",
        "-(3 - 5)",
        "\"$${kept}\"",
    ] {
        let text = format!("version = 1\nfleet = \"f\"\nregistry = {expression}\n");
        let folder = super::folder(&[("fleet.hcl", &text)]);
        let ours = by_hcl_rs(&converted(folder.path(), Spelling::Hcl));
        let theirs: hcl::Expression = expression.parse().unwrap();
        let theirs = theirs.evaluate(&Context::new()).unwrap();
        let theirs = serde_json::to_value(theirs).unwrap();
        assert_eq!(ours["registry"], theirs, "{expression}");
    }
}
