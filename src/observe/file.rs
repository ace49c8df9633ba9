//! The inventory as a file: JSON with one stamp, tenant or resource on each line, so that two
//! looks at a cloud can be compared line by line, and a million tenants are read in seconds.
//!
//! Pure: bytes in, bytes out.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Display;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::de::Error as _;
use serde::de::MapAccess;
use serde::de::Visitor;
use stampctl_contract::Etag;

use super::Inventory;
use super::SeenTenant;
use crate::model::Load;
use crate::model::StampId;
use crate::model::TenantId;
use crate::model::TenantState;

impl Inventory {
    /// Reads an inventory, whatever its layout; its format and fleet are for the caller to judge.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// Writes the inventory. The same inventory gives the same bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut out = b"{".to_vec();
        field(&mut out, "format", &self.format)?;
        out.push(b',');
        field(&mut out, "fleet", &self.fleet)?;
        out.push(b',');
        field(&mut out, "observed_at", &self.observed_at)?;
        out.push(b',');
        map(&mut out, "stamps", &self.stamps)?;
        out.push(b',');
        map(&mut out, "tenants", &self.tenants)?;
        out.push(b',');
        field(&mut out, "fleet_item", &self.fleet_item)?;
        out.push(b',');
        map(&mut out, "resources", &self.resources)?;
        out.push(b',');
        list(&mut out, "gaps", &self.gaps)?;
        if !self.obstacles.is_empty() {
            out.push(b',');
            list(&mut out, "obstacles", &self.obstacles)?;
        }
        out.extend_from_slice(b"\n}\n");
        Ok(out)
    }
}

fn field(out: &mut Vec<u8>, name: &str, value: &impl Serialize) -> Result<(), serde_json::Error> {
    key(out, name);
    serde_json::to_writer(out, value)
}

fn key(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(b"\n\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\": ");
}

fn map<K: Display, V: Serialize>(
    out: &mut Vec<u8>,
    name: &str,
    entries: &BTreeMap<K, V>,
) -> Result<(), serde_json::Error> {
    key(out, name);
    out.push(b'{');
    for (at, (id, value)) in entries.iter().enumerate() {
        out.extend_from_slice(if at == 0 { b"\n  " } else { b",\n  " });
        serde_json::to_writer(&mut *out, &id.to_string())?;
        out.extend_from_slice(b": ");
        serde_json::to_writer(&mut *out, value)?;
    }
    out.extend_from_slice(if entries.is_empty() { b"}" } else { b"\n}" });
    Ok(())
}

fn list<V: Serialize>(out: &mut Vec<u8>, name: &str, items: &[V]) -> Result<(), serde_json::Error> {
    key(out, name);
    out.push(b'[');
    for (at, value) in items.iter().enumerate() {
        out.extend_from_slice(if at == 0 { b"\n  " } else { b",\n  " });
        serde_json::to_writer(&mut *out, value)?;
    }
    out.extend_from_slice(if items.is_empty() { b"]" } else { b"\n]" });
    Ok(())
}

/// Reads the tenants: the same as a derived reader, but that tenants of one stamp share its id,
/// and that the map is built when all of them are known.
pub(super) fn tenants<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<TenantId, SeenTenant>, D::Error> {
    deserializer.deserialize_map(Tenants)
}

struct Tenants;

/// A [`SeenTenant`] as it stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row<'a> {
    state: TenantState,
    #[serde(borrow)]
    stamp: Cow<'a, str>,
    routed: bool,
    #[serde(default)]
    moved_from: Option<StampId>,
    held: Option<bool>,
    #[serde(default)]
    measured: Option<Load>,
    #[serde(default)]
    requests_per_day: Option<u64>,
    #[serde(default)]
    etag: Option<Etag>,
}

impl<'de> Visitor<'de> for Tenants {
    type Value = BTreeMap<TenantId, SeenTenant>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of tenants")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut stamps: BTreeMap<Box<str>, StampId> = BTreeMap::new();
        let mut tenants = Vec::new();
        while let Some(id) = map.next_key::<TenantId>()? {
            let row: Row<'_> = map.next_value()?;
            let stamp = if let Some(known) = stamps.get(&*row.stamp) {
                known.clone()
            } else {
                let stamp: StampId = row.stamp.parse().map_err(A::Error::custom)?;
                stamps.insert(row.stamp.into(), stamp.clone());
                stamp
            };
            let seen = SeenTenant {
                state: row.state,
                stamp,
                routed: row.routed,
                moved_from: row.moved_from,
                held: row.held,
                measured: row.measured,
                requests_per_day: row.requests_per_day,
                etag: row.etag,
            };
            tenants.push((id, seen));
        }
        Ok(tenants.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One tenant with everything, and one with nothing that can be left out.
    const FILE: &str = r#"{
"format": "stampctl.inventory/1",
"fleet": "contoso",
"observed_at": "2026-01-15T06:00:00Z",
"stamps": {},
"tenants": {
  "a": {"state":"active","stamp":"shared-1","routed":true,"moved_from":"shared-2","held":false,"measured":{"cpu":1,"memory":2,"storage":3,"dtu":4},"requests_per_day":5,"etag":"\"1\""},
  "b": {"state":"migrating","stamp":"shared-1","routed":false,"held":null}
},
"fleet_item": null,
"resources": {
  "health/sub/rg-a": {"settings":{"live":true}}
},
"gaps": []
}
"#;

    #[test]
    fn a_file_is_read_and_written_back_byte_by_byte() {
        let read = Inventory::from_bytes(FILE.as_bytes()).expect("an inventory");
        let written = read.to_bytes().expect("bytes");
        assert_eq!(String::from_utf8_lossy(&written), FILE);
        let tenants: BTreeMap<TenantId, SeenTenant> =
            serde_json::from_value(serde_json::to_value(&read.tenants).expect("a value"))
                .expect("what the derived reader reads");
        assert_eq!(read.tenants, tenants);
    }

    #[test]
    fn obstacles_are_kept() {
        let obstacle = r#"{"cause":"not_offered","subscription":"sub","kinds":["scale_set"],"stops":{"machines":{"region":"eastus2","zone":"1","sku":"Standard_D8s_v5"}},"why":"no","help":"another"}"#;
        let file = FILE.replace(
            "\"gaps\": []\n",
            &format!("\"gaps\": [],\n\"obstacles\": [\n  {obstacle}\n]\n"),
        );
        let read = Inventory::from_bytes(file.as_bytes()).expect("an inventory");
        assert_eq!(read.obstacles.len(), 1);
        let written = read.to_bytes().expect("bytes");
        assert_eq!(String::from_utf8_lossy(&written), file);
    }

    #[test]
    fn a_key_that_nobody_knows_is_refused() {
        let misspelt = FILE.replace("routed", "rooted");
        assert!(Inventory::from_bytes(misspelt.as_bytes()).is_err());
        let bad = FILE.replace("shared-1", "Shared 1");
        assert!(Inventory::from_bytes(bad.as_bytes()).is_err());
    }
}
