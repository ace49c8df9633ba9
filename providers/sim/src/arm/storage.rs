//! `Microsoft.Storage`: accounts and blob containers, as Resource Manager shows them. Pure.

use serde_json::Value as Json;
use serde_json::json;
use stampctl_contract::Kind;
use stampctl_contract::Settings;

use super::json;
use super::types::AT_ONCE;
use super::types::Flow;
use super::types::Lead;
use super::types::Seen;
use super::types::Type;
use super::types::Wanted;
use super::types::opaque;
use super::wire::Refusal;

pub(crate) const TYPES: &[Type] = &[
    Type {
        name: "Microsoft.Storage/storageAccounts",
        kind: Some(Kind::StorageAccount),
        pick: &[0],
        flow: Flow {
            create: 202,
            lead: Lead::Location,
            retry_after: Some(17),
            ..AT_ONCE
        },
        implied: None,
        read: account,
        write: show_account,
    },
    opaque(
        "Microsoft.Storage/storageAccounts/blobServices",
        AT_ONCE,
        Some(Kind::StorageAccount),
    ),
    Type {
        name: "Microsoft.Storage/storageAccounts/blobServices/containers",
        kind: Some(Kind::BlobContainer),
        pick: &[0, 2],
        flow: AT_ONCE,
        implied: None,
        read: container,
        write: show_container,
    },
];

fn account(wanted: &Wanted<'_>) -> Result<Settings, Refusal> {
    let name = wanted.target.name();
    let fits = (3..=24).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if !fits {
        let why = format!("{name} is not a valid storage account name.");
        return Err(Refusal::bad("AccountNameInvalid", why));
    }
    let mut settings = super::sql::located(wanted)?;
    let sku = json::text(wanted.body, "/sku/name");
    if !sku.is_empty() {
        settings.insert("sku".to_owned(), sku.into());
    }
    Ok(settings)
}

fn show_account(seen: &Seen<'_>, body: &mut Json) {
    let sku = seen.resource.text("sku").unwrap_or("Standard_LRS");
    body["sku"] = json!({ "name": sku, "tier": "Standard" });
    if body.get("kind").is_none() {
        body["kind"] = "StorageV2".into();
    }
    let name = seen.resource.address.name();
    json::set(
        body,
        "primaryEndpoints",
        json!({ "blob": format!("https://{name}.blob.core.windows.net/") }),
    );
}

/// The tenant is the container's metadata: containers have no tags.
#[expect(
    clippy::unnecessary_wraps,
    reason = "all types are read alike, and some can be refused"
)]
fn container(wanted: &Wanted<'_>) -> Result<Settings, Refusal> {
    let metadata = wanted.body.pointer("/properties/metadata");
    let tenant = metadata.and_then(|all| all.get("tenant"));
    let tenant = tenant.and_then(Json::as_str);
    Ok(tenant.map_or_else(Settings::new, |tenant| {
        json::settings([("tenant", tenant.into())])
    }))
}

fn show_container(seen: &Seen<'_>, body: &mut Json) {
    let resource = seen.resource;
    let mut metadata = body
        .pointer("/properties/metadata")
        .cloned()
        .unwrap_or_else(|| json!({}));
    if let Some(tenant) = resource.text("tenant") {
        metadata["tenant"] = tenant.into();
    }
    json::set(body, "metadata", metadata);
    json::set(body, "publicAccess", "None");
    json::set(body, "leaseState", "Available");
    body["etag"] = format!("\"{}\"", resource.text("digest").unwrap_or_default()).into();
}
