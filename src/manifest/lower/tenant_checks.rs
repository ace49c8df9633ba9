//! What a tenant's wishes are checked against: stamps, pools, and the other tenants' wishes. Pure.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::super::decode::Decoder;
use super::super::decode::nearest;
use super::super::decode::short;
use super::super::document::TenantDoc;
use super::unknown_reference;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Span;
use crate::diagnostic::codes;
use crate::model::Policy;
use crate::model::Pool;
use crate::model::PoolName;
use crate::model::RegionName;
use crate::model::Stamp;
use crate::model::StampId;
use crate::model::StampKind;
use crate::model::Tenant;
use crate::model::TenantId;
use crate::model::stamp::DesiredStamp;
use crate::model::stamp::Role;
use crate::model::tenant::DesiredTenant;
use crate::model::tenant::Tier;
use crate::model::tenant::Wish;

/// Looks at every tenant once.
pub(super) struct Checks<'a> {
    policy: &'a Policy,
    stamps: &'a BTreeMap<StampId, Stamp>,
    pools: &'a BTreeMap<PoolName, Pool>,
    /// Every declared stamp, those that could not be read included.
    declared: BTreeSet<String>,
    regions: BTreeSet<RegionName>,
    /// The first tenant of each region that has neither stamp nor pool, and how many there are.
    homeless: BTreeMap<RegionName, (Span, u64)>,
    /// How many tenants are pinned to each shared stamp, and where the first too many stands.
    pins: BTreeMap<StampId, u32>,
    crowded: BTreeMap<StampId, Span>,
    alone: BTreeMap<StampId, (TenantId, Span)>,
    groups: BTreeMap<(StampId, String), (TenantId, Span)>,
}

impl<'a> Checks<'a> {
    pub(super) fn new(
        policy: &'a Policy,
        stamps: &'a BTreeMap<StampId, Stamp>,
        pools: &'a BTreeMap<PoolName, Pool>,
        declared: BTreeSet<String>,
    ) -> Self {
        let of_stamps = stamps
            .values()
            .filter_map(|s| s.shape.as_ref())
            .map(|s| &s.region);
        let regions = of_stamps
            .chain(pools.values().map(|p| &p.shape.region))
            .cloned()
            .collect();
        Self {
            policy,
            stamps,
            pools,
            declared,
            regions,
            homeless: BTreeMap::new(),
            pins: BTreeMap::new(),
            crowded: BTreeMap::new(),
            alone: BTreeMap::new(),
            groups: BTreeMap::new(),
        }
    }

    pub(super) fn check(
        &mut self,
        tenant: &Tenant,
        at: Span,
        doc: &TenantDoc,
        cx: &mut Decoder<'_>,
    ) {
        if tenant.desired != DesiredTenant::Active {
            return;
        }
        let span_of = |span: Option<Span>| span.unwrap_or(at);
        if !self.regions.contains(&tenant.region) {
            let at = span_of(doc.region.as_ref().map(|r| r.span));
            self.homeless
                .entry(tenant.region.clone())
                .or_insert((at, 0))
                .1 += 1;
        }
        let Wish::Stamp(pin) = &tenant.placement else {
            self.own_name(tenant, at, cx);
            return;
        };
        let at = span_of(doc.placement.as_ref().map(|p| p.span));
        match self.stamps.get(pin) {
            Some(stamp) => self.pin(tenant, stamp, at, cx),
            None if self.declared.contains(pin.as_str()) || self.pool_makes(tenant, pin) => {}
            None => {
                let known = self.stamps.keys().map(StampId::as_str);
                cx.push(unknown_reference("stamp", pin.as_str(), at, known));
            }
        }
    }

    /// Says what can only be said when every tenant was seen.
    pub(super) fn finish(&self, cx: &mut Decoder<'_>) {
        for (stamp, at) in &self.crowded {
            let most = self.policy.placement.max_tenants_per_shared;
            let pinned = self.pins.get(stamp).copied().unwrap_or(0);
            cx.push(
                Diagnostic::error(codes::TOO_MANY_PINS, format!("{pinned} tenants are pinned to `{stamp}`, which takes {most}"))
                    .at(*at, "the first too many")
                    .help("free some of them with `placement: auto`, or raise `policy.placement.max_tenants_per_shared`"),
            );
        }
        // Without any stamp or pool the fleet is only being begun, or being ended.
        if self.regions.is_empty() {
            return;
        }
        for (region, (at, count)) in &self.homeless {
            let problem =
                format!("{region} has no stamp and no pool, and {count} of the tenants are there");
            let near = nearest(region.as_str(), self.regions.iter().map(RegionName::as_str));
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("declare a stamp or a pool in {region}"),
            };
            cx.push(
                Diagnostic::warning(codes::NO_STAMPS, problem)
                    .at(*at, "the first of them")
                    .help(help),
            );
        }
    }

    /// Rule X-1: the id of the dedicated stamp that this tenant needs must leave room for its names.
    fn own_name(&self, tenant: &Tenant, at: Span, cx: &mut Decoder<'_>) {
        const LONGEST_STAMP: usize = 43;
        if !self.must_be_dedicated(tenant) {
            return;
        }
        let id = format!("dedicated-{}-{}", tenant.id, tenant.region);
        if id.len() > LONGEST_STAMP && !self.declared.contains(&id) {
            let excess = id.len() - LONGEST_STAMP;
            let problem = format!(
                "`{}` needs a stamp of its own, and `{id}` is {excess} characters too long for the names of its resources",
                shown(tenant)
            );
            cx.push(
                Diagnostic::error(codes::NAME_TOO_LONG, problem)
                    .at(at, "this tenant")
                    .help("shorten the id, or declare a dedicated stamp with a shorter one and pin the tenant to it (X-1)"),
            );
        }
    }

    /// Rules S0-4, S0-5: who may not live on a shared stamp.
    fn must_be_dedicated(&self, tenant: &Tenant) -> bool {
        tenant.users > self.policy.placement.dedicated_users_gt
            || tenant.tier == Tier::Enterprise
            || tenant.enterprise_contract
    }

    /// Whether a pool names its stamps so that one of them could be `pin`.
    fn pool_makes(&self, tenant: &Tenant, pin: &StampId) -> bool {
        self.pools
            .values()
            .filter(|p| p.shape.region == tenant.region)
            .any(|pool| {
                let rest = match pool.shape.kind {
                    StampKind::Dedicated => {
                        return pin.as_str()
                            == format!("dedicated-{}-{}", tenant.id, tenant.region);
                    }
                    StampKind::Shared => pin
                        .as_str()
                        .strip_prefix(&format!("shared-{}-", tenant.region)),
                };
                rest.is_some_and(|number| {
                    number.len() >= 3 && number.bytes().all(|b| b.is_ascii_digit())
                })
            })
    }

    fn pin(&mut self, tenant: &Tenant, stamp: &Stamp, at: Span, cx: &mut Decoder<'_>) {
        let who = shown(tenant);
        if stamp.desired == DesiredStamp::Retired
            || stamp.desired == DesiredStamp::Standby
            || stamp.role == Role::Dr
        {
            let why = match (stamp.desired, stamp.role) {
                (DesiredStamp::Retired, _) => "which is to be retired",
                (_, Role::Dr) => "which stands by for disasters",
                _ => "which is to stand by",
            };
            cx.push(
                Diagnostic::error(codes::PIN_STATE, format!("`{who}` is pinned to `{}`, {why}", stamp.id))
                    .at(at, "this pin")
                    .help("write `placement: auto`, pin it to a stamp that serves, or keep this stamp active"),
            );
        }
        let Some(shape) = &stamp.shape else {
            return;
        };
        if shape.region != tenant.region {
            let problem = format!(
                "`{who}` belongs in {} and is pinned to `{}` in {}",
                tenant.region, stamp.id, shape.region
            );
            cx.push(
                Diagnostic::error(codes::PIN_REGION, problem)
                    .at(at, format!("in {}", shape.region))
                    .help(format!("pin it to a stamp in {}, or write `placement: auto`; a region is a hard bound (S0-13)", tenant.region)),
            );
        }
        match shape.kind {
            StampKind::Shared => self.shared_pin(tenant, stamp, at, cx),
            StampKind::Dedicated => self.dedicated_pin(tenant, stamp, at, cx),
        }
        if let Some(group) = &tenant.anti_affinity {
            let key = (stamp.id.clone(), group.clone());
            if let Some((other, first)) = self.groups.insert(key, (tenant.id.clone(), at)) {
                cx.push(
                    Diagnostic::error(codes::AFFINITY, format!("`{who}` and `{other}` must never share a stamp and are both pinned to `{}`", stamp.id))
                        .at(at, "this pin")
                        .at(first, "and this one")
                        .help("pin them to different stamps, or take one of them out of the anti-affinity group"),
                );
            }
        }
    }

    fn shared_pin(&mut self, tenant: &Tenant, stamp: &Stamp, at: Span, cx: &mut Decoder<'_>) {
        if self.must_be_dedicated(tenant) {
            let why = if tenant.users > self.policy.placement.dedicated_users_gt {
                format!(
                    "has {} users, more than {}",
                    tenant.users, self.policy.placement.dedicated_users_gt
                )
            } else {
                "has an enterprise tier or contract".to_owned()
            };
            cx.push(
                Diagnostic::error(codes::PIN_KIND, format!("`{}` {why}, so it needs a dedicated stamp, and is pinned to the shared `{}`", shown(tenant), stamp.id))
                    .at(at, "a shared stamp")
                    .help("write `placement: auto`, or pin it to a dedicated stamp (S0-4, S0-5)"),
            );
        }
        let pinned = match self.pins.get_mut(&stamp.id) {
            Some(pinned) => pinned,
            None => self.pins.entry(stamp.id.clone()).or_insert(0),
        };
        *pinned += 1;
        if *pinned
            == self
                .policy
                .placement
                .max_tenants_per_shared
                .saturating_add(1)
        {
            self.crowded.insert(stamp.id.clone(), at);
        }
    }

    fn dedicated_pin(&mut self, tenant: &Tenant, stamp: &Stamp, at: Span, cx: &mut Decoder<'_>) {
        if let Some((other, first)) = self.alone.insert(stamp.id.clone(), (tenant.id.clone(), at)) {
            cx.push(
                Diagnostic::error(
                    codes::DEDICATED_SHARED,
                    format!(
                        "`{}` and `{other}` are both pinned to the dedicated `{}`",
                        shown(tenant),
                        stamp.id
                    ),
                )
                .at(at, "this pin")
                .at(first, "and this one")
                .help("a dedicated stamp has one tenant: pin one of them elsewhere"),
            );
        }
    }
}

/// A tenant's id for a message.
fn shown(tenant: &Tenant) -> String {
    short(tenant.id.as_str())
}
