//! The same fleet in the same world gives the same bytes: in any order, spelling and process.

use serde_json::Map;
use serde_json::Value;

use crate::Dice;
use crate::cases;
use crate::fleet::Fleet;

/// The same document with the keys of every map in another order.
fn shuffled(value: &Value, dice: &mut Dice) -> String {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            shuffle(&mut entries, dice);
            let entries = entries.into_iter().map(|(key, value)| {
                let key = Value::from(key.as_str());
                format!("{key}: {}", shuffled(value, dice))
            });
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        Value::Array(list) => {
            let list = list.iter().map(|value| shuffled(value, dice));
            format!("[{}]", list.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

fn shuffle<T>(list: &mut [T], dice: &mut Dice) {
    for at in (1..list.len()).rev() {
        list.swap(at, dice.roll(at + 1));
    }
}

fn plan(fleet: &Fleet) -> String {
    fleet.ends(&["plan", "fleet", "--format", "json"], 0).out
}

#[test]
fn no_order_of_the_input_changes_a_byte_of_the_plan() {
    for example in ["quickstart", "retire", "onboarding", "resize", "hot-stamp"] {
        let fleet = Fleet::copy(example);
        let first = plan(&fleet);
        assert_eq!(plan(&fleet), first, "{example}: the same process again");
        let text = String::from_utf8(fleet.read("fleet/fleet.yaml")).expect("text");
        let whole: Value = serde_yaml::from_str(&text).expect("YAML");
        for seed in 0..cases(3) {
            let fleet = Fleet::copy(example);
            let mut dice = Dice(seed as u64);
            fleet.write("fleet/fleet.yaml", shuffled(&whole, &mut dice));
            assert_eq!(plan(&fleet), first, "{example}, seed {seed}");
        }
        // Split over files, whose names stand in another order than what they hold.
        let fleet = Fleet::copy(example);
        let mut whole = whole.as_object().expect("a map").clone();
        let tenants = whole.remove("tenants");
        let rest: Map<String, Value> = [("tenants".to_owned(), tenants.expect("tenants"))]
            .into_iter()
            .collect();
        fleet.write("fleet/fleet.yaml", Value::from(whole).to_string());
        fleet.write("fleet/a.yaml", Value::from(rest).to_string());
        assert_eq!(plan(&fleet), first, "{example}, split");
    }
}

#[test]
fn a_list_of_tenants_in_any_order_gives_the_same_plan() {
    let fleet = Fleet::copy("two-regions");
    let first = plan(&fleet);
    let text = String::from_utf8(fleet.read("fleet/tenants.csv")).expect("text");
    let (head, rows) = text.split_once('\n').expect("a head");
    for seed in 0..cases(3) {
        let mut dice = Dice(seed as u64);
        let mut rows: Vec<&str> = rows.lines().collect();
        shuffle(&mut rows, &mut dice);
        fleet.write(
            "fleet/tenants.csv",
            format!("{head}\n{}\n", rows.join("\n")),
        );
        assert_eq!(plan(&fleet), first, "seed {seed}");
    }
}

#[test]
fn both_spellings_of_the_quickstart_give_the_same_plan() {
    let (yaml, hcl) = (Fleet::copy("quickstart"), Fleet::copy("quickstart-hcl"));
    assert_eq!(plan(&yaml), plan(&hcl));
}
