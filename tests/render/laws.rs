//! Laws that every rendering keeps.

use serde_json::Value;
use stampctl::plan::format::Plan;
use stampctl::render;
use stampctl::render::Level;
use stampctl::render::View;
use stampctl::render::page::Setting;

use crate::sample;

fn text(plan: &Plan, colour: bool, full: bool) -> String {
    let view = View::of(plan, Level::Property, None);
    render::text(
        &view,
        Setting {
            colour,
            full,
            ..Setting::default()
        },
    )
}

/// Every leaf of a JSON value, as a pointer.
fn leaves(value: &Value, at: String, into: &mut Vec<String>) {
    match value {
        Value::Object(entries) if !entries.is_empty() => {
            for (key, value) in entries {
                leaves(
                    value,
                    format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")),
                    into,
                );
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, value) in items.iter().enumerate() {
                leaves(value, format!("{at}/{index}"), into);
            }
        }
        _ => into.push(at),
    }
}

/// Other values of the same kind, the first that still makes a plan is taken.
fn others(value: &Value) -> Vec<Value> {
    let words = [
        "safe",
        "irreversible",
        "pause",
        "fail",
        "tenant.copy",
        "move",
        "shared",
        "dedicated",
        "active",
        "gap",
    ];
    match value {
        Value::Bool(truth) => vec![Value::Bool(!truth)],
        Value::Number(number) => vec![Value::from(number.as_i64().expect("a whole number") + 1)],
        Value::String(text) => {
            let mut others = vec![Value::from(format!("{text}x"))];
            others.extend(
                words
                    .iter()
                    .filter(|word| *word != text)
                    .map(|word| Value::from(*word)),
            );
            others
        }
        _ => Vec::new(),
    }
}

/// T3: what is executed is shown. Every leaf of the plan's body is changed, one at a time, and
/// the text at level `property` must change with it. A new field without a rendering fails here.
#[test]
fn nothing_in_a_plan_is_hidden() {
    let plan = sample::refused();
    let shown = text(&plan, false, true);
    let whole = serde_json::to_value(&plan).expect("JSON");
    let mut pointers = Vec::new();
    leaves(&whole["body"], "/body".to_owned(), &mut pointers);
    let mut hidden = Vec::new();
    let mut tried = 0;
    for pointer in &pointers {
        let old = whole.pointer(pointer).expect("a leaf").clone();
        let changed = others(&old).into_iter().find_map(|other| {
            let mut altered = whole.clone();
            *altered.pointer_mut(pointer).expect("a leaf") = other;
            serde_json::from_value::<Plan>(altered).ok()
        });
        if let Some(changed) = changed {
            tried += 1;
            if text(&changed, false, true) == shown {
                hidden.push(pointer.clone());
            }
        }
    }
    assert!(
        tried > 500,
        "only {tried} of {} leaves were tried",
        pointers.len()
    );
    assert_eq!(hidden, Vec::<String>::new());
}

#[test]
fn the_view_has_every_step() {
    let plan = sample::plan_with(100, Vec::new());
    let view = View::of(&plan, Level::Resource, None);
    let json = serde_json::to_value(&view).expect("JSON");
    let mut numbers: Vec<u64> = Vec::new();
    for group in json["groups"].as_array().expect("groups") {
        for step in group["steps"].as_array().expect("steps") {
            let number = step["number"].as_u64().expect("a number");
            let at = usize::try_from(number - 1).expect("small");
            assert_eq!(step["id"], plan.body.steps[at].id.to_string());
            numbers.push(number);
        }
    }
    numbers.sort_unstable();
    assert_eq!(
        numbers,
        (1..=plan.body.steps.len() as u64).collect::<Vec<u64>>()
    );
}

#[test]
fn a_terminal_is_only_steered_by_us() {
    for plan in [sample::plan(), sample::refused()] {
        let plain = text(&plan, false, false);
        let unsafe_char = |c: char| c != '\n' && render::escape::is_unsafe(c);
        assert!(!plain.chars().any(unsafe_char));
        assert!(
            plain
                .lines()
                .all(|line| !line.trim_start().starts_with("::"))
        );
        assert!(!plain.contains("##["));
        let coloured = text(&plan, true, false);
        for code in coloured.split('\u{1b}').skip(1) {
            let known = ["[0m", "[1m", "[2m", "[31m", "[32m", "[33m"];
            assert!(
                known.iter().any(|known| code.starts_with(known)),
                "{code:?}"
            );
        }
        let mut stripped = coloured;
        for code in [
            "\u{1b}[0m",
            "\u{1b}[1m",
            "\u{1b}[2m",
            "\u{1b}[31m",
            "\u{1b}[32m",
            "\u{1b}[33m",
        ] {
            stripped = stripped.replace(code, "");
        }
        assert_eq!(stripped, plain, "colour adds nothing that words do not say");
    }
}

#[test]
fn the_digest_stands_at_both_ends() {
    let plan = sample::plan();
    let shown = text(&plan, false, false);
    let digest = plan.seal.digest.to_string();
    let lines: Vec<&str> = shown.lines().collect();
    let (top, bottom) = lines.split_at(lines.len() / 2);
    assert!(top.iter().take(5).any(|line| line.contains(&digest)));
    assert!(
        bottom
            .iter()
            .rev()
            .take(5)
            .any(|line| line.contains(&digest))
    );
}

#[test]
fn a_large_plan_is_a_short_text() {
    let [small, large] = [50, 5_000].map(|more| sample::plan_with(more, Vec::new()));
    let small = View::of(&small, Level::Resource, None);
    let large = View::of(&large, Level::Resource, None);
    let lines = |view: &View<'_>| render::text(view, Setting::default()).lines().count();
    assert!(
        lines(&large) <= lines(&small) + 5,
        "{} {}",
        lines(&small),
        lines(&large)
    );
    assert!(render::text(&large, Setting::default()).contains("5,002 tenants onboarded"));
}

#[test]
fn a_comment_always_fits_and_keeps_digest_and_counts() {
    let many: Vec<_> = sample::refused()
        .body
        .findings
        .iter()
        .cycle()
        .take(2_000)
        .cloned()
        .collect();
    let mut plans = vec![sample::plan(), sample::plan_with(3_000, many)];
    let mut long = sample::refused();
    long.body.provider = "`".repeat(70_000);
    long.body.changes[0].why = "x".repeat(70_000);
    long.body.steps[0].why = "`".repeat(20_000);
    long.body.findings[0].what = "@a ".repeat(40_000);
    plans.push(long);
    for plan in plans {
        let view = View::of(&plan, Level::Resource, None);
        let comment = render::markdown::comment(&view);
        assert!(
            comment.len() <= render::markdown::LIMIT,
            "{}",
            comment.len()
        );
        assert!(comment.contains(&plan.seal.digest.0));
        assert!(comment.contains("Changes: ") && comment.contains("1 to retire"));
        assert_eq!(
            comment.matches("<details>").count(),
            comment.matches("</details>").count()
        );
    }
}

/// What stands outside code spans and fences is what GitHub interprets.
fn outside_code(markdown: &str) -> String {
    let mut out = String::new();
    let mut rest = markdown;
    while let Some(at) = rest.find('`') {
        let escaped = rest[..at].ends_with('\\');
        if escaped {
            out.push_str(&rest[..=at]);
            rest = &rest[at + 1..];
            continue;
        }
        out.push_str(&rest[..at]);
        let tail = &rest[at..];
        let run = tail.len() - tail.trim_start_matches('`').len();
        let mut from = run;
        // The span ends at the next run of the same length.
        loop {
            let next = tail[from..].find('`').expect("every span ends") + from;
            let length = tail[next..].len() - tail[next..].trim_start_matches('`').len();
            from = next + length;
            if length == run {
                break;
            }
        }
        rest = &tail[from..];
    }
    out + rest
}

#[test]
fn a_comment_holds_no_mention_link_or_tag_but_ours() {
    for plan in [sample::plan(), sample::refused()] {
        let view = View::of(&plan, Level::Resource, None);
        let comment = outside_code(&render::markdown::comment(&view));
        for bad in ["@", "://", "<script", "](", "\u{1b}", "\u{202e}"] {
            assert!(!comment.contains(bad), "{bad:?} in {comment}");
        }
        for tag in comment.split('<').skip(1) {
            let ours = ["details>", "/details>", "summary>", "/summary>"];
            assert!(ours.iter().any(|ours| tag.starts_with(ours)), "<{tag}");
        }
    }
}

#[test]
fn a_page_runs_nothing_and_loads_nothing() {
    let plan = sample::refused();
    let view = View::of(&plan, Level::Resource, None);
    let page = render::html::page(&view);
    for bad in [
        "<script", "href", "src=", "url(", "onload", "\u{1b}", "\u{202e}",
    ] {
        assert!(!page.contains(bad), "{bad:?}");
    }
}

#[test]
fn every_annotation_is_one_command() {
    let many: Vec<_> = sample::refused()
        .body
        .findings
        .iter()
        .cycle()
        .take(200)
        .cloned()
        .collect();
    let plan = sample::plan_with(0, many);
    let view = View::of(&plan, Level::Operation, None);
    let shown = render::github::annotations(&view, Some("fleet.yaml"));
    let count = |level: &str| shown.lines().filter(|line| line.starts_with(level)).count();
    assert_eq!(
        (count("::error "), count("::warning "), count("::notice ")),
        (10, 10, 1)
    );
    assert_eq!(shown.lines().count(), 21);
}
