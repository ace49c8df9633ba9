//! What a tenant of a world file has: a registry entry, data, and what is measured. Pure.

use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Settings;

use super::Draft;
use super::address;
use super::stamp::SQL_SKU;
use super::stamp::physical;
use super::stamp::within;
use crate::names;
use crate::spec::IsolationSpec;
use crate::spec::SpecError;
use crate::spec::StampSpec;
use crate::spec::TenantSpec;
use crate::world::metrics::Scripted;

/// Records of a tenant's data resource where the file is silent.
const RECORDS: u32 = 1_000;

impl<'a> Draft<'a> {
    pub(super) fn tenants(&mut self) -> Result<(), SpecError> {
        let stamps = self.spec.stamps.iter();
        let stamps: std::collections::BTreeMap<&'a str, &'a StampSpec> =
            stamps.map(|stamp| (stamp.id.as_str(), stamp)).collect();
        for tenant in &self.spec.tenants {
            let Some(stamp) = stamps.get(tenant.stamp.as_str()) else {
                let what = format!("tenant `{}`: no stamp `{}`", tenant.id, tenant.stamp);
                return Err(SpecError::Name(what));
            };
            let data = if is_gone(tenant) || stamp.state == "deleted" {
                Vec::new()
            } else {
                self.tenant_data(stamp, tenant)?
            };
            self.tenant_item(stamp, tenant, &data)?;
            self.tenant_measures(tenant)?;
        }
        Ok(())
    }

    fn tenant_data(
        &mut self,
        stamp: &StampSpec,
        tenant: &TenantSpec,
    ) -> Result<Vec<Address>, SpecError> {
        let name = physical(stamp);
        let id = tenant.id.as_str();
        let server = names::sql_server(&name);
        let sql = match stamp.isolation {
            IsolationSpec::Database => {
                let database = names::tenant_database(id);
                let at = within(stamp, Kind::SqlDatabase, &[&server, &database])?;
                let sku = stamp.sql_sku.as_deref().unwrap_or(SQL_SKU);
                let settings = [("sku", sku.into()), ("tenant", id.into())];
                self.put(at.clone(), settings);
                at
            }
            IsolationSpec::Schema | IsolationSpec::Rows => {
                let parts = [&*server, names::SHARED_DATABASE, id];
                let at = within(stamp, Kind::TenantSchema, &parts)?;
                let rows = stamp.isolation == IsolationSpec::Rows;
                let model = if rows { "rows" } else { "schema" };
                self.put(at.clone(), [("model", model.into())]);
                at
            }
        };
        let account = names::storage_account(&name);
        let container = names::tenant_container(id);
        let blob = within(stamp, Kind::BlobContainer, &[&account, &container])?;
        self.put(blob.clone(), [("tenant", id.into())]);
        let records = tenant.records.unwrap_or(RECORDS);
        self.records.insert(sql.clone(), records);
        self.records.insert(blob.clone(), records);
        Ok(vec![sql, blob])
    }

    fn tenant_item(
        &mut self,
        stamp: &StampSpec,
        tenant: &TenantSpec,
        data: &[Address],
    ) -> Result<(), SpecError> {
        let at = address(Kind::RegistryItem, &[&self.registry, "tenants", &tenant.id])?;
        let since = self.born_text();
        let region = tenant.region.as_ref().unwrap_or(&stamp.region);
        let routed = tenant.routed.unwrap_or(tenant.state == "active");
        let data: Vec<String> = data.iter().map(ToString::to_string).collect();
        let settings = [
            ("state", tenant.state.as_str().into()),
            ("stamp", tenant.stamp.as_str().into()),
            ("routed", routed.into()),
            ("frozen", false.into()),
            ("held", tenant.held.into()),
            ("tier", tenant.tier.as_str().into()),
            ("region", region.as_str().into()),
            ("users", tenant.users.into()),
            ("data", data.into()),
            ("onboarded_at", since),
        ];
        self.put(at.clone(), settings);
        self.also(&at, &tenant.registry);
        Ok(())
    }

    fn tenant_measures(&mut self, tenant: &TenantSpec) -> Result<(), SpecError> {
        let mut values = Settings::new();
        for (name, amount) in &tenant.measured {
            let known = [
                "cpu_millicores",
                "memory_mib",
                "storage_mib",
                "dtu_centi",
                "active_requests",
            ];
            if !known.contains(&name.as_str()) {
                let what = format!("tenant `{}`: `{name}` is not measured", tenant.id);
                return Err(SpecError::Name(what));
            }
            values.insert(name.clone(), (*amount).into());
        }
        if let Some(requests) = tenant.requests {
            values.insert("requests_per_day".to_owned(), requests.into());
        }
        if !values.is_empty() {
            let at = address(Kind::TenantMetrics, &[&self.registry, &tenant.id])?;
            let from = self.start;
            self.scripts.insert(at, vec![Scripted { from, values }]);
        }
        Ok(())
    }
}

/// Whether the tenant counts on no stamp any more.
pub(super) fn is_gone(tenant: &TenantSpec) -> bool {
    matches!(tenant.state.as_str(), "offboarded" | "erased")
}
