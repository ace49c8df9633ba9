//! The parts of a plan that are rows: what it reaches, the ledger, moves and placement. Pure.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::FEW;
use super::MANY;
use super::MOST;
use crate::render::page::Ink;
use crate::render::page::Page;
use crate::render::table::Align;
use crate::render::table::Table;
use crate::render::view::AccountView;
use crate::render::view::BoundView;
use crate::render::view::Level;
use crate::render::view::PlacementView;
use crate::render::view::View;
use crate::render::words;
use crate::render::words::heading;

pub(in crate::render) fn blast(page: &mut Page, view: &View<'_>) {
    page.heading(heading::BLAST);
    for (name, value) in reach(view) {
        page.item(2, &format!("{name:<18}"), Ink::Faint, &value);
    }
}

/// What the plan reaches, as names and values; zeros too, because they are what is hoped for.
pub(in crate::render) fn reach(view: &View<'_>) -> Vec<(&'static str, String)> {
    let blast = &view.blast;
    let named = |names: &[String]| match names {
        [] => "0".to_owned(),
        names => format!("{}  ({})", names.len(), few(names)),
    };
    vec![
        ("stamps deleted", named(&blast.stamps_deleted)),
        ("stamps created", named(&blast.stamps_created)),
        ("tenants moved", words::number(blast.tenants_moved)),
        (
            "tenants offboarded",
            words::number(blast.tenants_offboarded),
        ),
        ("tenants onboarded", words::number(blast.tenants_onboarded)),
        ("cores returned", words::number(blast.cores_returned)),
        ("cores allocated", words::number(blast.cores_allocated)),
        ("regions touched", named(&blast.regions)),
        (
            "cannot be undone",
            words::count(blast.irreversible, "step", "steps"),
        ),
    ]
}

fn few(names: &[String]) -> String {
    let rest = names.len().saturating_sub(MANY);
    let shown = names
        .iter()
        .take(MANY)
        .cloned()
        .collect::<Vec<String>>()
        .join(", ");
    if rest > 0 {
        format!("{shown}, … and {} more", words::number(rest as u64))
    } else {
        shown
    }
}

pub(in crate::render) fn policy(page: &mut Page, view: &View<'_>) {
    if view.policy.is_empty() {
        return;
    }
    page.heading(heading::POLICY);
    for differs in &view.policy {
        let line = format!(
            "{} = {} (default {})",
            differs.name, differs.value, differs.default
        );
        page.line(2, &line);
    }
}

pub(in crate::render) fn moves(page: &mut Page, view: &View<'_>) {
    if view.moves.is_empty() && view.move_bounds.is_empty() {
        return;
    }
    page.heading(&format!(
        "{} ({})",
        heading::MOVES,
        words::number(view.moves.len() as u64)
    ));
    if view.moves.len() > MANY && !page.is_full() {
        let mut ways: BTreeMap<(&str, &str, &str), Vec<String>> = BTreeMap::new();
        for one in &view.moves {
            let way = (one.from.as_str(), one.to.as_str(), one.why.as_str());
            ways.entry(way).or_default().push(one.tenant.clone());
        }
        for ((from, to, why), tenants) in ways {
            let many = words::count(tenants.len() as u64, "tenant", "tenants");
            let dots = if tenants.len() > FEW { ", …" } else { "" };
            let names = tenants
                .into_iter()
                .take(FEW)
                .collect::<Vec<String>>()
                .join(", ");
            page.item(
                2,
                ">",
                Ink::Care,
                &format!("{many} {from} → {to}: {why} ({names}{dots})"),
            );
        }
    } else {
        for one in &view.moves {
            let line = format!("{}  {} → {}: {}", one.tenant, one.from, one.to, one.why);
            page.item(2, ">", Ink::Care, &line);
        }
    }
    for bound in &view.move_bounds {
        page.line(2, &move_bound(bound));
    }
}

/// How many moves one cause needs: `retired: 3 moves; any plan needs exactly 3`.
pub(in crate::render) fn move_bound(bound: &BoundView) -> String {
    let moves = words::count(u64::from(bound.count), "move", "moves");
    let word = if bound.exact == Some(true) {
        "exactly"
    } else {
        "at least"
    };
    format!(
        "{}: {moves}; any plan needs {word} {}",
        bound.what, bound.at_least
    )
}

pub(in crate::render) fn ledger(page: &mut Page, view: &View<'_>) {
    if view.ledger.is_empty() {
        return;
    }
    page.heading(&format!(
        "{} (cores that a group can allocate)",
        heading::LEDGER
    ));
    for account in &view.ledger {
        page.item(2, "", Ink::Heading, &account_line(account));
        page.table(4, &account_table(account, page.is_full()));
        if account.entries.len() > MANY && !page.is_full() {
            let rest = words::number((account.entries.len() - MANY) as u64);
            page.line(
                4,
                &format!("… and {rest} more entries; the plan file has them all"),
            );
        }
    }
}

/// An account in one line.
pub(in crate::render) fn account_line(account: &AccountView) -> String {
    format!(
        "{}: {} before, {} after, never below {}",
        account.account, account.opening, account.closing, account.lowest
    )
}

fn account_table(account: &AccountView, full: bool) -> Table {
    let mut table = Table::new(&[
        ("step", Align::Right),
        ("cores", Align::Right),
        ("balance", Align::Right),
        ("subscription", Align::Left),
        ("what", Align::Left),
    ]);
    let shown = if full { account.entries.len() } else { MANY };
    for entry in account.entries.iter().take(shown) {
        table.row([
            entry
                .number
                .map_or_else(|| "none".to_owned(), |n| n.to_string()),
            words::signed(entry.group),
            entry.balance.to_string(),
            entry
                .subscription
                .clone()
                .unwrap_or_else(|| "(the group's own limit)".to_owned()),
            entry.step.to_string(),
        ]);
    }
    table
}

pub(in crate::render) fn placement(page: &mut Page, view: &View<'_>) {
    if view.placement.is_empty() && view.stamp_bounds.is_empty() {
        return;
    }
    page.heading(heading::PLACEMENT);
    if view.placement.len() > MANY && !page.is_full() {
        alike(page, &view.placement);
    } else {
        for one in &view.placement {
            placed(page, *one, view.level);
        }
    }
    for bound in &view.stamp_bounds {
        page.line(2, &stamp_bound(bound));
    }
}

/// How many stamps serve, and how many must: `eastus2 shared: 2 stamps; at least 2, …`.
pub(in crate::render) fn stamp_bound(bound: &BoundView) -> String {
    let stamps = words::count(u64::from(bound.count), "stamp", "stamps");
    let binding = bound.binding.as_deref().unwrap_or("UNKNOWN");
    format!(
        "{}: {stamps} when the plan is done; any plan needs at least {} (by {binding})",
        bound.what, bound.at_least
    )
}

fn placed(page: &mut Page, one: PlacementView<'_>, level: Level) {
    let decision = one.decision;
    let was = decision
        .was
        .as_ref()
        .map(|was| format!(" (was on {was})"))
        .unwrap_or_default();
    let line = format!(
        "{} → {}{was}: {} [DT-1 row {}]",
        one.tenant,
        decision.stamp,
        one.why(),
        decision.row
    );
    page.item(2, "·", Ink::Plain, &line);
    if level == Level::Property {
        page.line(6, &format!("needs {}", one.demand()));
    }
    let passed = one.passed_over();
    if !passed.is_empty() {
        page.line(6, &format!("passed over: {}", passed.join("; ")));
    }
}

fn alike(page: &mut Page, placement: &[PlacementView<'_>]) {
    let mut kinds: BTreeMap<(&str, u8, Cow<'_, str>), Vec<&str>> = BTreeMap::new();
    for one in placement {
        let kind = (one.decision.stamp.as_str(), one.decision.row, one.why());
        kinds.entry(kind).or_default().push(one.tenant.as_str());
    }
    let beyond = kinds.len().saturating_sub(MOST);
    for ((stamp, row, why), tenants) in kinds.into_iter().take(MOST) {
        let many = words::count(tenants.len() as u64, "tenant", "tenants");
        let dots = if tenants.len() > FEW { ", …" } else { "" };
        let names = tenants
            .iter()
            .take(FEW)
            .copied()
            .collect::<Vec<&str>>()
            .join(", ");
        let line = format!("{many} → {stamp}: {why} [DT-1 row {row}] ({names}{dots})");
        page.item(2, "·", Ink::Plain, &line);
    }
    super::beyond(page, beyond);
}
