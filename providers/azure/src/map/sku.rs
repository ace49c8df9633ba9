//! VM sizes: their quota family and vCPUs, which ARM does not say of a resource. Pure.
//!
//! A resource that stampctl wrote carries them in a tag that names the size it is of, so a tag
//! that outlived a change of size is not believed. For others the catalogue of the region tells.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use stampctl_contract::Settings;

use super::json;
use super::schema;
use super::tags;
use crate::text::fold;

/// Family and vCPUs of each size, by the size's name in lower case.
pub type Catalogue = BTreeMap<String, (String, i64)>;

/// The tag that says what `settings` are made of.
pub fn tag(settings: &Settings) -> String {
    format!(
        "{};{};{}",
        schema::text(settings, "sku"),
        schema::text(settings, "family"),
        schema::int(settings, "vcpus")
    )
}

/// Sets `family` and `vcpus` of a resource of this size.
pub fn read(settings: &mut Settings, size: &str, resource: &Json, known: &Catalogue) {
    let tagged = tags::own(resource, tags::SIZE).and_then(|tag| {
        let (name, rest) = tag.split_once(';')?;
        let (family, vcpus) = rest.split_once(';')?;
        let right = name.eq_ignore_ascii_case(size) && !family.is_empty();
        right.then_some((family.to_owned(), vcpus.parse().ok()?))
    });
    let found = tagged.or_else(|| known.get(&fold(size)).cloned());
    let (family, vcpus) = found.unzip();
    json::set(settings, "family", family);
    json::set(settings, "vcpus", vcpus);
}

/// The size that the resource's tag does not tell of, if it must be looked up.
pub fn unknown(size: &str, resource: &Json) -> bool {
    let mut settings = Settings::new();
    read(&mut settings, size, resource, &Catalogue::new());
    settings.is_empty()
}

/// Reads the answer to `Microsoft.Compute/skus`.
pub fn catalogue(items: &[Json]) -> Catalogue {
    let machines = items
        .iter()
        .filter(|item| json::text(item, &["resourceType"]) == Some("virtualMachines"));
    machines
        .filter_map(|item| {
            let vcpus = json::list(item, &["capabilities"])
                .iter()
                .find(|it| json::text(it, &["name"]) == Some("vCPUs"))?;
            let family = json::text(item, &["family"])?.to_owned();
            let name = fold(json::text(item, &["name"])?);
            Some((name, (family, json::int(vcpus, &["value"])?)))
        })
        .collect()
}

/// Why this size cannot be had in the region or the zone by this subscription, if so (S39).
pub fn restriction(items: &[Json], size: &str, zone: &str) -> Option<String> {
    let item = items.iter().find(|item| {
        json::text(item, &["name"]).is_some_and(|name| name.eq_ignore_ascii_case(size))
    });
    let Some(item) = item else {
        return Some(format!("{size} is not offered there"));
    };
    let hit = json::list(item, &["restrictions"]).iter().find(|it| {
        let zones = json::list(it, &["restrictionInfo", "zones"]);
        match json::text(it, &["type"]) {
            Some("Zone") => zones.iter().any(|it| it.as_str() == Some(zone)),
            _ => true,
        }
    })?;
    let code = json::text(hit, &["reasonCode"]).unwrap_or("restricted");
    Some(format!(
        "{size} is not offered to this subscription: {code}"
    ))
}
