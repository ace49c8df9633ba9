//! Tenants: one by one, since there may be a million. Pure.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::super::decode::Decoder;
use super::super::document::TenantDoc;
use super::super::document_tenant::Contract;
use super::super::places::Places;
use super::super::scalar::bad_id;
use super::super::written::ExportDoc;
use super::super::written::PlacementDoc;
use super::tenant_checks::Checks;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Span;
use crate::diagnostic::codes;
use crate::model::Load;
use crate::model::Policy;
use crate::model::Pool;
use crate::model::PoolName;
use crate::model::Stamp;
use crate::model::StampId;
use crate::model::Tenant;
use crate::model::TenantId;
use crate::model::tenant::Export;
use crate::model::tenant::Wish;

/// The longest tenant id: a blob container's name is `tenant-{id}` and has at most 63 characters.
const LONGEST: usize = 63 - "tenant-".len();

/// Tenants as they are read, from the manifest and from files.
pub(crate) struct Tenants<'a> {
    read: Vec<(Tenant, Span)>,
    policy: &'a Policy,
    checks: Checks<'a>,
}

impl<'a> Tenants<'a> {
    pub(super) fn new(
        policy: &'a Policy,
        stamps: &'a BTreeMap<StampId, Stamp>,
        pools: &'a BTreeMap<PoolName, Pool>,
        declared: BTreeSet<String>,
    ) -> Self {
        Self {
            read: Vec::new(),
            policy,
            checks: Checks::new(policy, stamps, pools, declared),
        }
    }

    /// Makes room for this many more.
    pub(crate) fn reserve(&mut self, more: usize) {
        self.read.reserve(more);
    }

    /// Takes one tenant. `at` is its id, or its row.
    pub(crate) fn add(&mut self, id: &str, at: Span, doc: &TenantDoc, cx: &mut Decoder<'_>) {
        if let Some(tenant) = self.lower(id, at, doc, cx) {
            self.checks.check(&tenant, at, doc, cx);
            self.read.push((tenant, at));
        }
    }

    /// Reports tenants that stand twice and hands the rest over.
    pub(super) fn finish(
        mut self,
        places: &mut Places,
        cx: &mut Decoder<'_>,
    ) -> BTreeMap<TenantId, Tenant> {
        self.read
            .sort_by(|(a, at), (b, bt)| a.id.cmp(&b.id).then(at.cmp(bt)));
        for pair in self.read.windows(2) {
            let [(first, at), (again, bt)] = pair else {
                continue;
            };
            if first.id == again.id {
                cx.push(
                    Diagnostic::error(
                        codes::DUPLICATE,
                        format!("the tenant `{}` stands twice", first.id),
                    )
                    .at(*bt, "again here")
                    .at(*at, "first here")
                    .help("keep one of them"),
                );
            }
        }
        self.checks.finish(cx);
        self.read
            .dedup_by(|(again, _), (first, _)| again.id == first.id);
        places.note_tenants(
            self.read
                .iter()
                .map(|(t, at)| (t.id.clone(), *at))
                .collect(),
        );
        self.read
            .into_iter()
            .map(|(tenant, _)| (tenant.id.clone(), tenant))
            .collect()
    }

    fn lower(&self, id: &str, at: Span, doc: &TenantDoc, cx: &mut Decoder<'_>) -> Option<Tenant> {
        let id: TenantId = match id.parse() {
            Ok(id) => id,
            Err(why) => {
                cx.push(bad_id("a tenant's id", id, &why, at));
                return None;
            }
        };
        if id.as_str().len() > LONGEST {
            cx.push(
                Diagnostic::error(
                    codes::NAME_TOO_LONG,
                    format!("the tenant's id has {} characters, too many for the name of its blob container", id.as_str().len()),
                )
                .at(at, "too long")
                .help(format!("use at most {LONGEST} characters (X-1)")),
            );
        }
        let Some(region) = &doc.region else {
            cx.missing(&doc.broken, id.as_str(), "region", at, "name the tenant's region, as in `region: eastus2`: it is a hard bound of placement");
            return None;
        };
        let users = doc.users.as_ref().map_or(0, |u| u.value.0);
        let requests = doc.requests_per_day.as_ref();
        let demand = doc.demand.as_ref().map(|d| &d.value);
        if let (Some(own), Some(nested)) =
            (requests, demand.and_then(|d| d.requests_per_day.as_ref()))
        {
            cx.push(
                Diagnostic::error(
                    codes::TWICE,
                    "`requests_per_day` is said twice for one tenant",
                )
                .at(nested.span, "again here")
                .at(own.span, "first here")
                .help("keep one of them"),
            );
        }
        let requests = requests.or(demand.and_then(|d| d.requests_per_day.as_ref()));
        Some(Tenant {
            id,
            region: region.value.0.clone(),
            tier: doc.tier.as_ref().map(|t| t.value.0).unwrap_or_default(),
            users,
            enterprise_contract: doc
                .contract
                .as_ref()
                .is_some_and(|c| c.value.0 == Contract::Enterprise),
            demand: self.demand(doc, users),
            requests_per_day: requests.map(|r| r.value.0),
            placement: match doc.placement.as_ref().map(|p| &p.value) {
                Some(PlacementDoc::Pin(pin)) => Wish::Stamp(pin.0.clone()),
                Some(PlacementDoc::Auto) | None => Wish::Auto,
            },
            desired: doc.desired.as_ref().map(|d| d.value.0).unwrap_or_default(),
            legal_hold: doc.legal_hold.as_ref().is_some_and(|h| h.value),
            export: match doc.export.as_ref().map(|e| &e.value) {
                Some(ExportDoc::Waived(reason)) => Export::Waived(reason.clone()),
                Some(ExportDoc::Required) | None => Export::Required,
            },
            anti_affinity: doc.anti_affinity.as_ref().map(|a| a.value.0.clone()),
            contact: doc.contact.as_ref().map(|c| c.value.0.clone()),
        })
    }

    /// What the manifest says of a tenant's demand; what it leaves out follows from its users.
    fn demand(&self, doc: &TenantDoc, users: u64) -> Option<Load> {
        let demand = &doc.demand.as_ref()?.value;
        let said = demand.cpu_millicores.is_some()
            || demand.memory_mib.is_some()
            || demand.storage_gib.is_some()
            || demand.dtu.is_some();
        let per_user = self.policy.demand_per_user.load;
        let by_users = |each: u64| each.saturating_mul(users);
        said.then(|| Load {
            cpu: demand
                .cpu_millicores
                .as_ref()
                .map_or_else(|| by_users(per_user.cpu), |w| w.value.0),
            memory: demand
                .memory_mib
                .as_ref()
                .map_or_else(|| by_users(per_user.memory), |w| w.value.0),
            storage: demand
                .storage_gib
                .as_ref()
                .map_or_else(|| by_users(per_user.storage), |w| w.value.0 * 1_024),
            dtu: demand
                .dtu
                .as_ref()
                .map_or_else(|| by_users(per_user.dtu), |w| w.value.0),
        })
    }
}
