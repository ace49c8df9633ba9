//! Tenant lists in files.

use std::fmt::Write as _;

use stampctl::model::tenant::Export;
use stampctl::model::tenant::Wish;

use super::BASE;
use super::files;
use super::fleet;
use super::told;

fn listed(name: &str, list: &str) -> stampctl::manifest::Loaded {
    let text = format!("{BASE}tenants_from: {name}\n");
    files(&[("fleet.yaml", &text), (name, list)])
}

#[test]
fn csv_and_json_lines_mean_the_same() {
    let csv = "id,users,tier,region,placement,demand_cpu_millicores,demand_dtu,legal_hold,export_waived\n\
               a,10,basic,eastus2,,500,1.5,true,\n\
               b,,gold,eastus2,shared-eastus2-001,,,,\"asked, twice\"\n";
    let json = "{\"id\": \"a\", \"users\": 10, \"tier\": \"basic\", \"region\": \"eastus2\", \"demand\": {\"cpu_millicores\": 500, \"dtu\": 1.5}, \"legal_hold\": true}\n\
                \n\
                {\"id\": \"b\", \"tier\": \"gold\", \"region\": \"eastus2\", \"placement\": \"shared-eastus2-001\", \"export\": {\"waived\": \"asked, twice\"}}\n";
    let csv = fleet(listed("t.csv", csv));
    assert_eq!(csv, fleet(listed("t.jsonl", json)));
    let b = &csv.tenants[&"b".parse().unwrap()];
    assert_eq!(b.export, Export::Waived("asked, twice".into()));
    assert!(matches!(&b.placement, Wish::Stamp(id) if id.as_str() == "shared-eastus2-001"));
}

#[test]
fn every_bad_row_is_reported_with_its_line() {
    let csv = "id,users,region\na,1,eastus2\nb,many,eastus2\nc,3\n,4,eastus2\na,5,eastus2\nD,6,eastus2\n\"e\ne\",1,eastus2\nf,7,eastus2\n";
    let loaded = listed("t.csv", csv);
    let told: Vec<(String, usize)> = told(&loaded);
    let meant = [
        ("E0105", 6),
        ("E0106", 3),
        ("E0109", 5),
        ("E0109", 7),
        ("E0109", 8),
        ("E0317", 4),
    ];
    let mut sorted = told.clone();
    sorted.sort();
    assert_eq!(sorted, meant.map(|(c, l)| (c.to_owned(), l)));
}

#[test]
fn a_wrong_header_is_one_finding_not_one_for_each_row() {
    let loaded = listed("t.csv", "id,user,region\na,1,eastus2\nb,1,eastus2\n");
    assert_eq!(told(&loaded), [("E0316".to_owned(), 1)]);
    let shown = loaded.diagnostics.iter().next().unwrap();
    assert_eq!(shown.help.as_deref(), Some("did you mean `users`?"));
}

#[test]
fn lists_stay_beneath_the_root() {
    for name in ["../t.csv", "/etc/passwd.csv", "env/../../t.csv"] {
        let text = format!("{BASE}tenants_from: {name}\n");
        assert_eq!(
            told(&files(&[("fleet.yaml", &text)]))[0].0,
            "E0306",
            "{name}"
        );
    }
    let text = format!("{BASE}tenants_from: link.csv\n");
    let folder = super::folder(&[
        ("fleet.yaml", &text),
        ("real.csv", "id,region\na,eastus2\n"),
    ]);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(
            folder.path().join("real.csv"),
            folder.path().join("link.csv"),
        )
        .unwrap();
        assert_eq!(told(&super::at(folder.path()))[0].0, "E0306");
    }
}

#[test]
fn a_hundred_thousand_tenants_load() {
    let mut csv = "id,users,tier,region\n".to_owned();
    for at in 0..100_000 {
        let _ = writeln!(csv, "t{at:06},{},basic,eastus2", at % 90);
    }
    let loaded = listed("t.csv", &csv);
    let place = loaded.places.place_of("tenants/t000041").unwrap();
    assert_eq!(loaded.sources.place(place).line, 43);
    assert_eq!(fleet(loaded).tenants.len(), 100_000);
}
