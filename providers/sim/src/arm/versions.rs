//! Which api-versions each namespace accepts: those of Microsoft's specifications that this
//! face was written against, and those that its current SDKs send. Pure.

use super::wire::Refusal;

const VERSIONS: &[(&str, &[&str])] = &[
    (
        "microsoft.resources",
        &[
            "2016-02-01",
            "2021-04-01",
            "2022-09-01",
            "2022-12-01",
            "2024-07-01",
            "2024-11-01",
            "2025-04-01",
        ],
    ),
    (
        "microsoft.authorization",
        &["2016-09-01", "2020-05-01", "2022-04-01"],
    ),
    (
        "microsoft.resourcegraph",
        &["2021-03-01", "2022-10-01", "2024-04-01"],
    ),
    ("microsoft.subscription", &["2021-10-01"]),
    ("microsoft.management", &["2023-04-01"]),
    (
        "microsoft.compute",
        &[
            "2021-07-01",
            "2024-03-01",
            "2024-07-01",
            "2024-11-01",
            "2025-04-01",
            "2026-04-01",
        ],
    ),
    (
        "microsoft.quota",
        &["2025-03-01", "2025-07-15", "2025-09-01"],
    ),
    ("microsoft.containerservice", &["2024-05-01", "2026-08-01"]),
    (
        "microsoft.storage",
        &["2023-05-01", "2024-01-01", "2026-09-01"],
    ),
    ("microsoft.sql", &["2021-11-01", "2023-08-01", "2025-01-01"]),
    (
        "microsoft.documentdb",
        &["2024-05-15", "2024-11-15", "2025-10-15", "2026-03-15"],
    ),
    ("microsoft.cdn", &["2024-02-01", "2025-06-01", "2026-10-01"]),
    (
        "microsoft.network",
        &[
            "2022-04-01",
            "2024-01-01",
            "2024-05-01",
            "2026-03-01",
            "2026-09-01",
        ],
    ),
    ("microsoft.apimanagement", &["2022-08-01", "2024-05-01"]),
    (
        "microsoft.insights",
        &["2018-03-01", "2023-10-01", "2024-02-01"],
    ),
    (
        "microsoft.operationalinsights",
        &["2022-10-01", "2023-09-01"],
    ),
    ("microsoft.keyvault", &["2023-07-01", "2026-05-15"]),
    ("microsoft.dataprotection", &["2024-04-01", "2023-11-01"]),
    ("microsoft.recoveryservices", &["2024-04-01"]),
];

/// The namespace whose versions a path's calls must name: the last one on it.
pub(crate) fn namespace_of(lower: &[&str]) -> String {
    let last = lower.iter().rposition(|part| *part == "providers");
    let named = last.and_then(|at| lower.get(at + 1));
    match named {
        Some(named) if lower.len() > last.unwrap_or(0) + 2 && lower.last() != Some(&"register") => {
            (*named).to_owned()
        }
        _ => "microsoft.resources".to_owned(),
    }
}

/// Refuses a call without an api-version, or with one that the namespace does not have.
pub(crate) fn check(namespace: &str, version: Option<&str>) -> Result<(), Refusal> {
    let Some(version) = version.filter(|version| !version.is_empty()) else {
        return Err(Refusal::bad(
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        ));
    };
    let date = version.get(..10).unwrap_or_default();
    let digits = date.bytes().filter(u8::is_ascii_digit).count();
    if digits != 8 || date.bytes().filter(|byte| *byte == b'-').count() != 2 {
        let why = format!("The api-version '{version}' is invalid.");
        return Err(Refusal::bad("InvalidApiVersionParameter", why));
    }
    let Some((_, known)) = VERSIONS.iter().find(|(name, _)| *name == namespace) else {
        let why = format!("The resource namespace '{namespace}' is invalid.");
        return Err(Refusal::new(404, "InvalidResourceNamespace", why));
    };
    if known.contains(&version) {
        return Ok(());
    }
    Err(Refusal::bad(
        "NoRegisteredProviderFound",
        format!(
            "No registered resource provider found for API version '{version}' of \
             '{namespace}'. The supported api-versions are '{}'.",
            known.join(", ")
        ),
    ))
}
