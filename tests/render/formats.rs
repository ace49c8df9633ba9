//! Each format against its snapshot.

use stampctl::render;
use stampctl::render::Level;
use stampctl::render::View;
use stampctl::render::page::Setting;
use stampctl::render::view::Next;

use crate::sample;

fn next() -> Next {
    Next {
        command: "stampctl approve plan.json --key ~/.ssh/id_ed25519".to_owned(),
        what: "one approval is needed; sign it with".to_owned(),
    }
}

/// The sample in one format.
fn shown<T>(level: Level, format: impl FnOnce(&View<'_>) -> T) -> T {
    format(&View::of(&sample::plan(), level, Some(next())))
}

fn text(level: Level) -> String {
    shown(level, |view| render::text(view, Setting::default()))
}

#[test]
fn text_of_what_changes() {
    golden!("text-operation", text(Level::Operation));
}

#[test]
fn text_with_steps() {
    golden!("text-resource", text(Level::Resource));
}

#[test]
fn text_with_everything() {
    golden!("text-property", text(Level::Property));
}

#[test]
fn text_of_a_refused_plan_on_a_narrow_terminal() {
    let plan = sample::refused();
    let view = View::of(&plan, Level::Operation, None);
    let setting = Setting {
        width: 72,
        ..Setting::default()
    };
    golden!("text-refused", render::text(&view, setting));
}

#[test]
fn text_of_many_tenants() {
    let plan = sample::plan_with(312, Vec::new());
    let view = View::of(&plan, Level::Resource, None);
    golden!("text-many", render::text(&view, Setting::default()));
}

#[test]
fn markdown_comment() {
    golden!(
        "markdown",
        shown(Level::Resource, render::markdown::comment)
    );
    let plan = sample::refused();
    let refused = View::of(&plan, Level::Resource, None);
    golden!("markdown-refused", render::markdown::comment(&refused));
}

#[test]
fn github_annotations() {
    let plan = sample::refused();
    let view = View::of(&plan, Level::Operation, None);
    golden!(
        "github",
        render::github::annotations(&view, Some("fleets/prod, eu/fleet.yaml"))
    );
}

#[test]
fn sarif_log() {
    let plan = sample::refused();
    let view = View::of(&plan, Level::Operation, None);
    let log = render::sarif::log(&view, "fleets/prod eu/fleet.yaml").expect("JSON");
    golden!("sarif", log);
}

#[test]
fn dot_graph() {
    golden!("dot", shown(Level::Resource, render::dot::graph));
}

#[test]
fn html_page() {
    golden!("html", shown(Level::Resource, render::html::page));
}

#[test]
fn json_is_the_plan_file() {
    let plan = sample::plan();
    let json = render::json::plan(&plan).expect("JSON");
    assert_eq!(plan.check_seal(json.as_bytes()), Ok(()));
    golden!(
        "view",
        shown(Level::Operation, render::json::view).expect("JSON")
    );
}
