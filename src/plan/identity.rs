//! What a plan was made from, as two digests: the lowered fleet, and the world that was observed.
//!
//! A fleet can have a million tenants, so a tenant goes into its digest as its plain fields, each
//! of a known length or behind its length, and not as JSON: a fifth of the bytes, and no names.
//! Everything else is small and goes in as JSON. Pure.

use serde::Serialize;

use super::format::Digest;
use super::format::PlanError;
use super::format::seal::Hash;
use crate::model::Fleet;
use crate::model::Load;
use crate::model::Tenant;
use crate::model::TenantId;
use crate::model::tenant::Export;
use crate::model::tenant::Wish;
use crate::observe::Inventory;
use crate::observe::SeenTenant;

/// The digest of a fleet.
pub(super) fn of_fleet(fleet: &Fleet) -> Result<Digest, PlanError> {
    // Named one by one, so that a field that is added is not forgotten.
    let Fleet {
        name,
        environment,
        provider,
        registry,
        policy,
        api,
        vault,
        subscriptions,
        quota_groups,
        capacity_reservations,
        stamps,
        pools,
        tenants,
    } = fleet;
    let mut fields = Fields::default();
    fields.json(&(name, environment, provider, registry, policy, api, vault))?;
    fields.json(&(subscriptions, quota_groups, capacity_reservations, pools))?;
    for stamp in stamps {
        fields.json(&stamp)?;
    }
    for tenant in tenants.values() {
        fields.tenant(tenant);
    }
    Ok(fields.finish())
}

/// The digest of everything that was observed.
pub(super) fn of_inventory(inventory: &Inventory) -> Result<Digest, PlanError> {
    let Inventory {
        format,
        fleet,
        observed_at,
        stamps,
        tenants,
        fleet_item,
        resources,
        gaps,
        // What they make of the plan is in its findings.
        obstacles: _,
    } = inventory;
    let mut fields = Fields::default();
    fields.json(&(format, fleet, observed_at, fleet_item, gaps))?;
    for stamp in stamps {
        fields.json(&stamp)?;
    }
    for resource in resources {
        fields.json(&resource)?;
    }
    for (id, tenant) in tenants {
        fields.seen_tenant(id, tenant);
    }
    Ok(fields.finish())
}

/// Bytes on their way into a hash. Each field says how long it is or has a fixed length, and each
/// kind of item begins with a mark of its own, so that no two inputs give the same bytes.
#[derive(Default)]
struct Fields {
    bytes: Vec<u8>,
    hash: Hash,
}

impl Fields {
    /// Bytes that are collected before they are hashed together.
    const ENOUGH: usize = 1 << 16;

    fn json(&mut self, value: &impl Serialize) -> Result<(), PlanError> {
        let at = self.item(b'j');
        self.number(0);
        serde_json::to_writer(&mut self.bytes, value)
            .map_err(|fault| PlanError::Unreadable(fault.to_string()))?;
        let length = (self.bytes.len() - at - 8) as u64;
        self.bytes[at..at + 8].copy_from_slice(&length.to_le_bytes());
        Ok(())
    }

    fn tenant(&mut self, tenant: &Tenant) {
        let Tenant {
            id,
            region,
            tier,
            users,
            enterprise_contract,
            demand,
            requests_per_day,
            placement,
            desired,
            legal_hold,
            export,
            anti_affinity,
            contact,
        } = tenant;
        self.item(b't');
        self.text(id.as_str());
        self.text(region.as_str());
        self.number(*users);
        self.bytes.extend([
            *tier as u8,
            *desired as u8,
            u8::from(*enterprise_contract),
            u8::from(*legal_hold),
        ]);
        self.load(demand.as_ref());
        self.maybe(*requests_per_day);
        self.maybe_text(match placement {
            Wish::Auto => None,
            Wish::Stamp(stamp) => Some(stamp.as_str()),
        });
        self.maybe_text(match export {
            Export::Required => None,
            Export::Waived(reason) => Some(reason),
        });
        self.maybe_text(anti_affinity.as_deref());
        self.maybe_text(contact.as_deref());
    }

    fn seen_tenant(&mut self, id: &TenantId, tenant: &SeenTenant) {
        let SeenTenant {
            state,
            stamp,
            routed,
            moved_from,
            held,
            measured,
            requests_per_day,
            etag,
        } = tenant;
        self.item(b's');
        self.text(id.as_str());
        self.text(stamp.as_str());
        let held = held.map_or(2, u8::from);
        self.bytes.extend([*state as u8, u8::from(*routed), held]);
        self.maybe_text(moved_from.as_ref().map(crate::model::StampId::as_str));
        self.load(measured.as_ref());
        self.maybe(*requests_per_day);
        self.maybe_text(etag.as_ref().map(|etag| &*etag.0));
    }

    /// Begins an item; gives where its content begins.
    fn item(&mut self, mark: u8) -> usize {
        if self.bytes.len() > Self::ENOUGH {
            self.hash.update(&self.bytes);
            self.bytes.clear();
        }
        self.bytes.push(mark);
        self.bytes.len()
    }

    fn number(&mut self, number: u64) {
        self.bytes.extend(number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes.extend(text.as_bytes());
    }

    fn maybe(&mut self, number: Option<u64>) {
        self.bytes.push(u8::from(number.is_some()));
        self.number(number.unwrap_or(0));
    }

    fn maybe_text(&mut self, text: Option<&str>) {
        self.bytes.push(u8::from(text.is_some()));
        self.text(text.unwrap_or(""));
    }

    fn load(&mut self, load: Option<&Load>) {
        self.bytes.push(u8::from(load.is_some()));
        let Load {
            cpu,
            memory,
            storage,
            dtu,
        } = load.copied().unwrap_or_default();
        for amount in [cpu, memory, storage, dtu] {
            self.number(amount);
        }
    }

    fn finish(mut self) -> Digest {
        self.hash.update(&self.bytes);
        self.hash.digest()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;
    use serde_json::json;

    use super::*;

    /// The value with each of its fields set to each of the other values.
    fn variants(whole: &Value, others: &Value) -> Vec<Value> {
        let mut variants = vec![whole.clone()];
        for (field, values) in others.as_object().expect("fields") {
            for value in values.as_array().expect("values") {
                let mut variant = whole.clone();
                variant[field] = value.clone();
                variants.push(variant);
            }
        }
        variants
    }

    fn digests(variants: &[Value], add: impl Fn(&mut Fields, &Value)) -> BTreeSet<Digest> {
        let digest = |value| {
            let mut fields = Fields::default();
            add(&mut fields, value);
            fields.finish()
        };
        variants.iter().map(digest).collect()
    }

    #[test]
    fn every_field_of_a_tenant_counts() {
        let whole = json!({
            "id": "a", "region": "eastus2", "tier": "basic", "users": 1,
            "enterprise_contract": false, "demand": null, "requests_per_day": null,
            "placement": "auto", "desired": "active", "legal_hold": false, "export": "required",
            "anti_affinity": null, "contact": null,
        });
        let others = json!({
            "id": ["b", "ae"], "region": ["eastus", "uksouth"], "tier": ["standard", "enterprise"],
            "users": [0, 256], "enterprise_contract": [true],
            "demand": [
                { "cpu": 0, "memory": 0, "storage": 0, "dtu": 0 },
                { "cpu": 1, "memory": 0, "storage": 0, "dtu": 0 },
                { "cpu": 0, "memory": 0, "storage": 0, "dtu": 1 },
            ],
            "requests_per_day": [0, 1], "placement": [{ "stamp": "s" }, { "stamp": "t" }],
            "desired": ["offboarded", "erased"], "legal_hold": [true],
            "export": [{ "waived": "" }, { "waived": "why" }], "anti_affinity": ["", "g"],
            "contact": ["", "g"],
        });
        let variants = variants(&whole, &others);
        let digests = digests(&variants, |fields, value| {
            fields.tenant(&serde_json::from_value(value.clone()).expect("a tenant"));
        });
        assert_eq!(digests.len(), variants.len());
    }

    #[test]
    fn every_field_of_a_seen_tenant_counts() {
        let whole = json!({
            "state": "active", "stamp": "s", "routed": true, "moved_from": null, "held": false,
            "measured": null, "requests_per_day": null, "etag": null,
        });
        let others = json!({
            "state": ["suspended", "erased"], "stamp": ["t"], "routed": [false],
            "moved_from": ["s", "t"], "held": [true, null],
            "measured": [{ "cpu": 0, "memory": 0, "storage": 0, "dtu": 0 }],
            "requests_per_day": [0, 1], "etag": ["", "1"],
        });
        let variants = variants(&whole, &others);
        let id: TenantId = "a".parse().expect("an id");
        let digests = digests(&variants, |fields, value| {
            fields.seen_tenant(
                &id,
                &serde_json::from_value(value.clone()).expect("a tenant"),
            );
        });
        assert_eq!(digests.len(), variants.len());
    }

    #[test]
    fn where_the_bytes_are_cut_does_not_matter() {
        let long = "x".repeat(Fields::ENOUGH + 1);
        let mut one = Fields::default();
        let mut two = Fields::default();
        for text in [&*long, "a", "b"] {
            one.json(&text).expect("JSON");
            two.json(&text).expect("JSON");
            two.hash.update(&two.bytes);
            two.bytes.clear();
        }
        assert_eq!(one.finish(), two.finish());
    }
}
