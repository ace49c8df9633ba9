//! The checker, checked: small made-up sources, each of which breaks one rule.

use crate::imports;
use crate::source;
use crate::tree;
use crate::tree::File;
use crate::words;

fn file(path: &str, code: &str) -> File {
    File::new(path, &format!("//! A made-up file.\n{code}"))
}

fn imports_of(path: &str, code: &str) -> Vec<String> {
    imports::check_root(&[file(path, code)])
}

fn words_of(path: &str, code: &str) -> Vec<String> {
    words::check_root(&[file(path, code)])
}

#[track_caller]
fn assert_fault(faults: &[String], start: &str, part: &str) {
    assert!(
        faults.len() == 1 && faults[0].starts_with(start) && faults[0].contains(part),
        "{faults:?}"
    );
}

#[test]
fn a_use_against_the_flow_is_named_with_its_line() {
    let faults = imports_of("src/model/stamp.rs", "\nuse crate::plan::Plan;\n");
    assert_fault(
        &faults,
        "src/model/stamp.rs:3: `crate::plan::Plan`",
        "not for `model`",
    );
}

#[test]
fn a_use_along_the_flow_is_fine() {
    assert!(imports_of("src/plan/edges.rs", "use crate::diff::Change;\n").is_empty());
    assert!(imports_of("src/model/fleet.rs", "use super::StampId;\n").is_empty());
    assert!(imports_of("src/cli.rs", "use stampctl_sim::Sim;\n").is_empty());
    assert!(imports_of("src/main.rs", "fn main() { stampctl::cli::run(); }\n").is_empty());
}

#[test]
fn apply_has_nothing_to_decide_with() {
    for module in ["diff", "place", "blueprint", "observe", "manifest"] {
        let faults = imports_of(
            "src/apply/attempt.rs",
            &format!("use crate::{module}::X;\n"),
        );
        assert_fault(&faults, "src/apply/attempt.rs:2", "not for `apply`");
    }
}

#[test]
fn the_verifier_reads_the_format_of_a_plan_and_nothing_of_the_planner() {
    let rule = "src/verify/rules/return_first.rs";
    assert!(imports_of(rule, "use crate::plan::format::PlanV1;\n").is_empty());
    assert_fault(
        &imports_of(rule, "use crate::plan::edges::EDGES;\n"),
        rule,
        "not for `verify`",
    );
    assert_fault(
        &imports_of(rule, "use crate::plan;\n"),
        rule,
        "not for `verify`",
    );
    assert_fault(
        &imports_of(rule, "use crate::plan::formatting::X;\n"),
        rule,
        "not for `verify`",
    );
    assert_fault(
        &imports_of(rule, "use crate::place::Placement;\n"),
        rule,
        "not for `verify`",
    );
}

#[test]
fn the_format_of_a_plan_does_not_lead_back_to_the_planner() {
    let format = "src/plan/format.rs";
    assert!(imports_of(format, "use crate::plan::seal::Seal;\n").is_empty());
    assert!(imports_of(format, "use super::seal::Seal;\n").is_empty());
    assert_fault(
        &imports_of(format, "use super::edges::EDGES;\n"),
        format,
        "to the planner",
    );
}

#[test]
fn a_way_round_the_table_is_found() {
    let at = "src/model/stamp.rs";
    assert_fault(
        &imports_of(at, "use super::super::plan::Plan;\n"),
        at,
        "not for `model`",
    );
    assert_fault(
        &imports_of("src/model.rs", "use super::plan::Plan;\n"),
        "src/model.rs:2",
        "not for",
    );
    assert_fault(
        &imports_of(at, "fn f(plan: crate::plan::Plan) {}\n"),
        at,
        "not for `model`",
    );
    assert_fault(
        &imports_of(at, "use self::super::super::plan::Plan;\n"),
        at,
        "not for `model`",
    );
    assert_fault(
        &imports_of(at, "use crate as root;\n"),
        at,
        "the crate as a whole",
    );
    assert_fault(
        &imports_of(at, "use stampctl::plan::Plan;\n"),
        at,
        "from outside",
    );
    assert_fault(
        &imports_of(at, "use ::stampctl_sim::Sim;\n"),
        at,
        "not for `model`",
    );
    assert_fault(
        &imports_of(at, "use crate\n    ::plan\n    ::Plan;\n"),
        at,
        "not for `model`",
    );
    assert_fault(
        &imports_of(at, "mod a {\n    use super::super::super::plan::P;\n}\n"),
        at,
        "not for",
    );
}

#[test]
fn a_super_that_stays_in_its_file_is_fine() {
    assert!(imports_of("src/model.rs", "mod a {\n    use super::plan::P;\n}\n").is_empty());
}

#[test]
fn a_list_is_refused_however_it_is_broken() {
    let at = "src/cli/plan.rs";
    let list = "use crate::{\n    model::Fleet,\n    plan::Plan,\n};\n";
    assert_fault(
        &imports_of(at, list),
        "src/cli/plan.rs:2",
        "one item per `use` line",
    );
    let inner = "use std::sync::{\n    Arc,\n    Mutex,\n};\n";
    let faults = words::check_shape(&[file(at, inner)]);
    assert_fault(&faults, "src/cli/plan.rs:2", "one item per `use` line");
}

#[test]
fn a_module_that_the_table_does_not_know_is_refused() {
    let faults = imports_of("src/engine.rs", "use crate::model::Fleet;\n");
    assert_fault(&faults, "src/engine.rs:2", "not in the import table");
}

#[test]
fn main_may_use_cli_only() {
    let faults = imports_of("src/main.rs", "fn main() { stampctl::apply::apply(); }\n");
    assert_fault(&faults, "src/main.rs:2", "`stampctl::cli` only");
}

#[test]
fn comments_and_literals_and_tests_are_not_code() {
    let at = "src/model/id.rs";
    assert!(imports_of(at, "/// See [`crate::plan`].\nstruct A;\n").is_empty());
    assert!(imports_of(at, "/* crate::plan /* nested */ crate::plan */\n").is_empty());
    assert!(imports_of(at, "const A: &str = \"crate::plan \\\" crate::plan\";\n").is_empty());
    assert!(imports_of(at, "const A: &str = r#\"a \" crate::plan\"#;\n").is_empty());
    let tests = "#[cfg(test)]\nmod tests {\n    use crate::manifest::load;\n}\n";
    assert!(imports_of(at, tests).is_empty());
}

#[test]
fn nothing_hides_behind_a_literal_or_a_test() {
    let at = "src/model/id.rs";
    let quotes =
        "const Q: char = '\"';\nfn f<'a>(x: &'a str) -> char { '\\'' }\nuse crate::plan::A;\n";
    assert_fault(
        &imports_of(at, quotes),
        "src/model/id.rs:4",
        "not for `model`",
    );
    let url = "const U: &str = \"https://a\"; use crate::plan::A;\n";
    assert_fault(&imports_of(at, url), "src/model/id.rs:2", "not for `model`");
    let after = "#[cfg(test)]\nmod tests {\n    fn a() {}\n}\nuse crate::plan::A;\n";
    assert_fault(
        &imports_of(at, after),
        "src/model/id.rs:6",
        "not for `model`",
    );
    let item = "#[cfg(test)]\nfn a() {}\nuse crate::plan::A;\n";
    assert_fault(
        &imports_of(at, item),
        "src/model/id.rs:4",
        "not for `model`",
    );
}

#[test]
fn a_file_of_tests_is_one_only_if_its_parent_says_so() {
    let parent = file("src/plan.rs", "#[cfg(test)]\nmod tests;\nmod edges;\n");
    let tests = file("src/plan/tests.rs", "use crate::manifest::load;\n");
    let edges = file("src/plan/edges.rs", "");
    let kept = tree::without_test_files(vec![parent, tests.clone(), edges]);
    let paths: Vec<&str> = kept.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["src/plan.rs", "src/plan/edges.rs"]);
    let undeclared = file("src/plan.rs", "mod tests;\n");
    assert_eq!(tree::without_test_files(vec![undeclared, tests]).len(), 2);
}

#[test]
fn a_cycle_of_files_is_found_through_re_exports() {
    let parent = file("src/plan.rs", "pub use step::Step;\n");
    let step = file("src/plan/step.rs", "use super::graph::Graph;\n");
    let graph = file("src/plan/graph.rs", "use super::Step;\n");
    let edges = file("src/plan/edges.rs", "use super::graph::Graph;\n");
    let faults = imports::cycles(&[parent.clone(), step, graph.clone(), edges.clone()], &[]);
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(
        faults.iter().all(|fault| fault.contains("on a cycle")),
        "{faults:?}"
    );
    let step = file("src/plan/step.rs", "");
    assert!(imports::cycles(&[parent, step, graph, edges], &[]).is_empty());
}

#[test]
fn pure_modules_may_not_name_the_world() {
    for (word, code) in [
        ("std::fs", "fn f() { std::fs::read(\"a\"); }\n"),
        ("std::io", "use std::io::Write;\n"),
        ("std::net", "use std::net::TcpStream;\n"),
        ("tokio", "use tokio::sync::Mutex;\n"),
        ("HashMap", "use std::collections::HashMap;\n"),
        ("HashSet", "use std::collections::HashSet;\n"),
        ("SystemTime", "use std::time::SystemTime;\n"),
        ("Instant::now", "fn f() { Instant::now(); }\n"),
        ("Timestamp::now", "fn f() { jiff::Timestamp::now(); }\n"),
    ] {
        for module in words::PURE {
            let path = format!("src/{module}/a.rs");
            assert_fault(&words_of(&path, code), &format!("{path}:2: `{word}`"), "");
        }
    }
    assert!(words_of("src/model/a.rs", "struct MyHashMap;\nstruct tokio_free;\n").is_empty());
}

#[test]
fn clock_environment_and_terminal_are_for_cli() {
    let clock = "fn f() { SystemTime::now(); }\n";
    assert_fault(
        &words_of("src/apply/retry.rs", clock),
        "src/apply/retry.rs:2",
        "arguments",
    );
    let print = "fn f() { eprintln!(\"a\"); }\n";
    assert_fault(
        &words_of("src/store.rs", print),
        "src/store.rs:2",
        "only `cli` prints",
    );
    let read = "fn f() { std::env::var(\"A\"); }\n";
    assert_fault(
        &words_of("src/approve.rs", read),
        "src/approve.rs:2",
        "environment",
    );
    for code in [clock, print, read] {
        assert!(words_of("src/cli/context.rs", code).is_empty());
    }
}

#[test]
fn one_file_of_the_manifest_reads_files() {
    let read = "use std::fs;\n";
    assert!(words_of("src/manifest/source.rs", read).is_empty());
    assert_fault(
        &words_of("src/manifest/yaml.rs", read),
        "src/manifest/yaml.rs:2",
        "source.rs",
    );
}

#[test]
fn a_provider_sees_the_contract_and_nothing_else() {
    let check = |code| imports::check_provider(&[file("providers/sim/src/world.rs", code)], "sim");
    assert!(check("use stampctl_contract::Provider;\nuse crate::clock::Clock;\n").is_empty());
    assert_fault(
        &check("use stampctl::model::Fleet;\n"),
        "providers/sim/src/world.rs:2",
        "root crate",
    );
    assert_fault(
        &check("use stampctl_azure::Azure;\n"),
        "providers/sim/src/world.rs:2",
        "provider",
    );
    for line in [
        "stampctl.workspace = true",
        "stampctl = { path = \"../..\" }",
        "a = { path = \"../..\" }",
    ] {
        let faults = imports::check_dependencies("providers/sim/Cargo.toml", line);
        assert_fault(&faults, "providers/sim/Cargo.toml:1", "root package");
    }
    let fine = "name = \"stampctl-sim\"\nstampctl-contract.workspace = true\n";
    assert!(imports::check_dependencies("providers/sim/Cargo.toml", fine).is_empty());
}

#[test]
fn the_shape_of_a_file_is_checked() {
    let bare = File::new("src/plan/a.rs", "use std::fmt;\n");
    assert_fault(
        &words::check_shape(&[bare]),
        "src/plan/a.rs:1",
        "opens with",
    );
    let long = file(
        "src/plan/a.rs",
        &"const A: u8 = 0;\n".repeat(words::LONGEST),
    );
    assert_fault(
        &words::check_shape(&[long]),
        "src/plan/a.rs:400",
        "401 lines",
    );
    let tests = format!(
        "#[cfg(test)]\nmod tests {{\n{}}}\n",
        "    // a\n".repeat(words::LONGEST)
    );
    assert!(words::check_shape(&[file("src/plan/a.rs", &tests)]).is_empty());
    assert_fault(
        &words::check_shape(&[file("src/plan/mod.rs", "")]),
        "src/plan/mod.rs:1",
        "foo.rs",
    );
}

#[test]
fn lines_keep_their_numbers_when_code_is_blanked() {
    let text = "a\n\"b\nc\"\n/* d\n*/ e\nr#\"f\n\"# g 'h' '\\n' '\\u{1F600}' '€' b'i' 'j k\n";
    let code = source::code_only(text);
    assert_eq!(code.lines().count(), text.lines().count());
    let words: Vec<&str> = code.split_whitespace().collect();
    assert_eq!(words, ["a", "e", "g", "'j", "k"]);
}
