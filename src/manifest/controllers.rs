//! The controller documents `StampAutoscaler` and `StampHealthCheck`, as policy (S2-45..S2-53).
//!
//! They are accepted as they stand: `camelCase` keys, `apiVersion`, `metadata`. Pure.

use std::rc::Rc;

use super::decode::nearest;
use super::decode::short;
use super::decode::unknown_key;
use super::node::Entry;
use super::node::Map;
use super::node::Node;
use super::node::Value;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Diagnostics;
use crate::diagnostic::Span;
use crate::diagnostic::codes;

const KINDS: [&str; 2] = ["StampAutoscaler", "StampHealthCheck"];

/// A document as a part of a manifest: a controller's becomes policy, any other stays as it is.
pub(crate) fn part(document: Node, found: &mut Diagnostics) -> Option<Node> {
    let Some(map) = document.as_map() else {
        return Some(document);
    };
    let (Some(kind), true) = (map.get("kind"), map.get("fleet").is_none()) else {
        return Some(document);
    };
    let Some(spec) = map.value("spec").and_then(Node::as_map) else {
        found.push(
            Diagnostic::error(
                codes::BAD_CONTROLLER,
                "the controller document has no `spec`",
            )
            .at(kind.key_span, "this document")
            .help("a controller document has `apiVersion`, `kind`, `metadata` and `spec`"),
        );
        return None;
    };
    keys(
        map,
        "controller document",
        &["apiVersion", "kind", "metadata", "spec"],
        found,
    );
    let policy = match kind.value.as_text() {
        Some("StampAutoscaler") => autoscaler(spec, found),
        Some("StampHealthCheck") => health(spec, document.span, found),
        other => {
            let said = other.unwrap_or("");
            let help = match nearest(said, KINDS.into_iter()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are: {}", KINDS.join(", ")),
            };
            found.push(
                Diagnostic::error(
                    codes::BAD_CONTROLLER,
                    format!("there is no controller of kind `{}`", short(said)),
                )
                .at(kind.value.span, "unknown")
                .help(help),
            );
            return None;
        }
    };
    let policy = Entry {
        key: "policy".into(),
        key_span: kind.key_span,
        value: Node::map(document.span, policy),
    };
    Some(Node::map(document.span, vec![policy]))
}

fn autoscaler(spec: &Map, found: &mut Diagnostics) -> Vec<Entry> {
    keys(spec, "spec", &["scaleOut", "scaleIn", "standby"], found);
    let mut autoscale = Vec::new();
    let mut capacity = Vec::new();
    let mut standby = Vec::new();
    for (key, list, pause, bound, target) in [
        (
            "scaleOut",
            "scale_out",
            "scale_out_cooldown",
            "maxStamps",
            "max_stamps",
        ),
        (
            "scaleIn",
            "scale_in",
            "scale_in_cooldown",
            "minStamps",
            "min_active_stamps",
        ),
    ] {
        if let Some(scale) = inner(spec, key, found) {
            keys(scale, key, &["triggers", "cooldown", bound], found);
            autoscale.extend(renamed(scale, "triggers", list));
            autoscale.extend(renamed(scale, "cooldown", pause));
            capacity.extend(renamed(scale, bound, target));
        }
    }
    if let Some(written) = inner(spec, "standby", found) {
        keys(written, "standby", &["maxAge", "scaleDown"], found);
        standby.extend(renamed(written, "maxAge", "max_age"));
        if let Some(pools) = inner(written, "scaleDown", found) {
            keys(
                pools,
                "scaleDown",
                &["systemPool", "generalPool", "gpuPool"],
                found,
            );
            // The system pool is what stays; the others add to it only where they keep machines.
            standby.extend(renamed(pools, "systemPool", "instances"));
        }
    }
    group([
        ("autoscale", autoscale),
        ("capacity", capacity),
        ("standby", standby),
    ])
}

fn health(spec: &Map, whole: Span, found: &mut Diagnostics) -> Vec<Entry> {
    keys(spec, "spec", &["checks", "recovery"], found);
    let mut health = Vec::new();
    if let Some(Value::List(checks)) = spec.value("checks").map(|c| &c.value) {
        let checks: Vec<&Map> = checks.iter().filter_map(Node::as_map).collect();
        for check in &checks {
            let known = [
                "name",
                "interval",
                "timeout",
                "endpoint",
                "healthyThreshold",
                "unhealthyThreshold",
                "checks",
            ];
            keys(check, "check", &known, found);
        }
        // One look judges a stamp: the application's, which is what its users see.
        let named =
            |check: &&&Map| check.value("name").and_then(Node::as_text) == Some("application");
        if let Some(check) = checks.iter().find(named).or(checks.first()) {
            health.extend(renamed(check, "interval", "interval"));
            health.extend(renamed(check, "healthyThreshold", "healthy"));
            health.extend(renamed(check, "unhealthyThreshold", "unhealthy"));
        }
    } else {
        found.push(
            Diagnostic::error(
                codes::BAD_CONTROLLER,
                "the health check has no list of `checks`",
            )
            .at(whole, "this document")
            .help("write `checks:` as a list, each with `name` and `interval`"),
        );
    }
    if let Some(recovery) = inner(spec, "recovery", found) {
        keys(
            recovery,
            "recovery",
            &["enabled", "maxRetries", "action"],
            found,
        );
        match recovery.get("enabled") {
            Some(entry) if matches!(entry.value.value, Value::Bool(false)) => health.push(Entry {
                key: "max_retries".into(),
                key_span: entry.key_span,
                value: Node::new(entry.value.span, Value::Number("0".into())),
            }),
            _ => health.extend(renamed(recovery, "maxRetries", "max_retries")),
        }
        if let Some(action) = recovery.value("action")
            && !matches!(action.as_text(), Some("redeploy" | "drain" | "alert"))
        {
            found.push(
                Diagnostic::error(
                    codes::BAD_CONTROLLER,
                    "a recovery redeploys, drains or alerts",
                )
                .at(action.span, "unknown")
                .help("write `redeploy`, `drain` or `alert`"),
            );
        }
    }
    group([("health", health)])
}

/// Entries under their keys, without the empty ones.
fn group<const N: usize>(groups: [(&str, Vec<Entry>); N]) -> Vec<Entry> {
    groups
        .into_iter()
        .filter_map(|(key, entries)| {
            let span = entries.first()?.key_span;
            Some(Entry {
                key: key.into(),
                key_span: span,
                value: Node::map(span, entries),
            })
        })
        .collect()
}

fn renamed(map: &Map, from: &str, to: &str) -> Option<Entry> {
    let entry = map.get(from)?;
    Some(Entry {
        key: Rc::from(to),
        key_span: entry.key_span,
        value: entry.value.clone(),
    })
}

fn inner<'m>(map: &'m Map, key: &str, found: &mut Diagnostics) -> Option<&'m Map> {
    let entry = map.get(key)?;
    let inner = entry.value.as_map();
    if inner.is_none() && !matches!(entry.value.value, Value::Broken | Value::Null) {
        found.push(
            Diagnostic::error(
                codes::WRONG_TYPE,
                format!("`{key}` is a map, not {}", entry.value.kind()),
            )
            .at(entry.value.span, format!("this is {}", entry.value.kind()))
            .help("write its keys below it"),
        );
    }
    inner
}

fn keys(map: &Map, of: &str, known: &[&str], found: &mut Diagnostics) {
    for entry in map.entries.iter().filter(|e| !known.contains(&&*e.key)) {
        found.push(unknown_key(&entry.key, entry.key_span, of, known));
    }
}
