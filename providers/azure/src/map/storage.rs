//! Storage accounts and blob containers. Pure.

use serde_json::Value as Json;
use serde_json::json;
use stampctl_contract::Settings;

use super::Mapped;
use super::json;
use super::path;
use super::schema;
use super::tags;
use crate::fault::conflict;
use crate::step::Step;
use crate::text::region;

/// The metadata that names the tenant whose container it is.
pub const TENANT: &str = "tenant";

/// Creates an account over the operator's shape, or gives it the size and tags of `settings`.
pub fn put_account(id: &str, settings: &Settings, shape: &Json, now: Option<&Json>) -> Step {
    let own = json!({
        "sku": {"name": schema::text(settings, "sku")},
        "tags": tags::write(settings, &[]),
    });
    if now.is_some() {
        return Step::patch(id, path::STORAGE, own);
    }
    let base = json!({
        "kind": "StorageV2",
        "properties": {
            "minimumTlsVersion": "TLS1_2",
            "allowBlobPublicAccess": false,
            "supportsHttpsTrafficOnly": true,
        },
    });
    let place = json!({"location": schema::text(settings, "region")});
    let body = json::over(json::over(base, shape.clone()), json::over(place, own));
    Step::put(id, path::STORAGE, body)
}

/// An account.
pub fn read_account(account: &Json) -> Settings {
    let mut settings = Settings::new();
    json::set(
        &mut settings,
        "region",
        json::text(account, &["location"]).map(region),
    );
    json::set(&mut settings, "sku", json::text(account, &["sku", "name"]));
    settings.insert("tags".to_owned(), tags::read(account));
    settings
}

/// Creates a container, or gives it a tenant. It is never handed to another.
pub fn put_container(id: &str, settings: &Settings, now: Option<&Json>) -> Mapped<Step> {
    let tenant = schema::text(settings, TENANT);
    let holds = now.and_then(|found| metadata(found, TENANT));
    if let Some(holds) = holds.filter(|holds| *holds != tenant) {
        let why = format!("it holds the content of `{holds}`");
        return Err(conflict("HoldsAnotherTenant", why));
    }
    Ok(put_with(id, &json!({TENANT: tenant})))
}

/// Creates a container with this metadata.
pub fn put_with(id: &str, metadata: &Json) -> Step {
    let body = json!({"properties": {"publicAccess": "None", "metadata": metadata}});
    // A container of this name that was just deleted keeps it for a while (S42).
    Step::put(id, path::STORAGE, body).settling("ContainerBeingDeleted")
}

/// A container.
pub fn read_container(container: &Json) -> Settings {
    let mut settings = Settings::new();
    json::set(&mut settings, TENANT, metadata(container, TENANT));
    settings
}

/// A container's metadata of this name.
pub fn metadata<'a>(container: &'a Json, name: &str) -> Option<&'a str> {
    let all = json::at(container, &["properties", "metadata"])?.as_object()?;
    let found = all
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name));
    found?.1.as_str().filter(|value| !value.is_empty())
}
