//! Findings as SARIF 2.1.0, for code scanning. Pure.

use std::fmt::Write as _;

use serde_json::Value;
use serde_json::json;

use super::escape;
use super::json::pretty;
use super::view::FindingView;
use super::view::View;
use super::words;
use crate::plan::format::Digest;
use crate::plan::format::FindingCode;

/// The log. `file` is the manifest that the findings point at, relative to the repository.
pub fn log(view: &View<'_>, file: &str) -> Result<String, serde_json::Error> {
    let rules: Vec<Value> = FindingCode::ALL
        .iter()
        .copied()
        .map(rule)
        .collect::<Result<_, _>>()?;
    let results: Vec<Value> = view
        .findings
        .iter()
        .map(|f| result(f, &rules, file))
        .collect();
    pretty(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "stampctl",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "properties": { "plan": view.header.digest, "fleet": view.header.fleet },
            "results": results,
        }],
    }))
}

fn rule(code: FindingCode) -> Result<Value, serde_json::Error> {
    Ok(json!({
        "id": serde_json::to_value(code)?,
        "shortDescription": { "text": code.word() },
        "defaultConfiguration": { "level": level(code.refuses()) },
    }))
}

fn result(finding: &FindingView, rules: &[Value], file: &str) -> Value {
    let subject = finding.subject.to_string();
    let index = rules
        .iter()
        .position(|rule| rule["id"] == finding.code.as_str());
    let rule = finding
        .rule
        .as_ref()
        .map(|rule| format!(" [{rule}]"))
        .unwrap_or_default();
    let told = words::subject(&finding.subject);
    let (word, what, help) = (&finding.word, &finding.what, &finding.help);
    let text = format!("{told}: {word}: {what}{rule} To pass: {help}");
    // The fingerprint leaves the numbers out, so that a finding stays itself while they change.
    let identity = format!("{}/{subject}", finding.code);
    json!({
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": level(finding.refuses),
        "message": { "text": plain(&text) },
        "locations": [{
            "physicalLocation": { "artifactLocation": { "uri": uri(file) } },
            "logicalLocations": [{ "fullyQualifiedName": escape::line(&subject) }],
        }],
        "partialFingerprints": { "stampctl/1": Digest::of(identity.as_bytes()) },
    })
}

fn level(refuses: bool) -> &'static str {
    if refuses { "error" } else { "warning" }
}

/// A message in which nothing is a link: SARIF reads `[text](target)`.
fn plain(text: &str) -> String {
    escape::line(text)
        .replace('\\', "\\\\")
        .replace('[', "\\[")
        .replace(']', "\\]")
}

/// A relative reference of RFC 3986.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
