//! How stamps of pools are called: `shared-{region}-{NNN}` and `dedicated-{tenant}-{region}`
//! (S0-6, S0-12). Pure.

use crate::model::Pool;
use crate::model::RegionName;
use crate::model::Stamp;
use crate::model::StampId;
use crate::model::StampKind;
use crate::model::TenantId;
use crate::model::stamp::DesiredStamp;
use crate::model::stamp::Role;
use crate::model::stamp::Shape;

/// The number of a shared stamp, if its id follows the rule for its region.
pub(super) fn number(id: &StampId, region: &RegionName) -> Option<u64> {
    let rest = id.as_str().strip_prefix("shared-")?;
    let digits = rest.strip_prefix(region.as_str())?.strip_prefix('-')?;
    let plain = digits.len() >= 3 && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok())?
}

/// The id of the shared stamp with this number. `None` where it would be too long.
pub(super) fn shared(region: &RegionName, number: u64) -> Option<StampId> {
    format!("shared-{region}-{number:03}").parse().ok()
}

/// The id of a tenant's own stamp. `None` where it would be too long.
pub(super) fn dedicated(tenant: &TenantId, region: &RegionName) -> Option<StampId> {
    format!("dedicated-{tenant}-{region}").parse().ok()
}

/// The tenant that a dedicated stamp is named after, if its id follows the rule for its region.
pub(super) fn tenant_of(id: &StampId, region: &RegionName) -> Option<TenantId> {
    let rest = id.as_str().strip_prefix("dedicated-")?;
    let tenant = rest.strip_suffix(region.as_str())?.strip_suffix('-')?;
    tenant.parse().ok()
}

/// Whether a pool could have made the stamp.
pub(super) fn follows_rule(id: &StampId, kind: StampKind, region: &RegionName) -> bool {
    match kind {
        StampKind::Shared => number(id, region).is_some(),
        StampKind::Dedicated => tenant_of(id, region).is_some(),
    }
}

/// The pool's shape as the stamp `id` has it.
pub(super) fn shape(pool: &Pool, id: &StampId) -> Shape {
    let mut shape = pool.shape.clone();
    if let Some(ingress) = &mut shape.ingress {
        ingress.host = ingress.host.replace("{stamp}", id.as_str());
    }
    shape
}

/// A stamp of a pool.
pub(super) fn stamp(id: StampId, shape: Shape, desired: DesiredStamp, protect: bool) -> Stamp {
    Stamp {
        id,
        shape: Some(shape),
        desired,
        accepting: true,
        role: Role::Pool,
        protect,
        keep_reservation: false,
        keep_empty: false,
        aliases: Vec::new(),
        tags: std::collections::BTreeMap::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_they_are_written() {
        let region: RegionName = "eastus2".parse().expect("valid");
        let tenant: TenantId = "a-b".parse().expect("valid");
        assert_eq!(
            shared(&region, 7).and_then(|id| number(&id, &region)),
            Some(7)
        );
        assert_eq!(
            shared(&region, 1_234).and_then(|id| number(&id, &region)),
            Some(1_234)
        );
        let own = dedicated(&tenant, &region).expect("short");
        assert_eq!(own.as_str(), "dedicated-a-b-eastus2");
        assert_eq!(tenant_of(&own, &region), Some(tenant));
        let stray: StampId = "shared-eastus2-x01".parse().expect("valid");
        assert_eq!(number(&stray, &region), None);
    }
}
