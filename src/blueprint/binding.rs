//! One tenant on one stamp: the resources that bind it there.

use stampctl_contract::Address;
use stampctl_contract::AddressError;
use stampctl_contract::Kind;
use stampctl_contract::Settings;
use stampctl_contract::Value;

use super::StampBlueprint;
use super::stamp::Drawn;
use crate::model::Fleet;
use crate::model::Tenant;
use crate::model::TenantId;
use crate::model::names;
use crate::model::stamp::Isolation;
use crate::model::tenant::Tier;

/// A tenant's resources on a stamp.
#[derive(Clone, Debug)]
pub struct Binding {
    /// Its registry entry.
    pub item: Address,
    /// Its database, schema or rows.
    pub data: Drawn,
    /// Its blob container.
    pub blob: Drawn,
    /// Its user, subscription and policy at the API gateway, in this order.
    pub api: Option<[Drawn; 3]>,
}

/// Draws the tenant's resources.
pub(super) fn bind(
    fleet: &Fleet,
    on: &StampBlueprint,
    tenant: &TenantId,
) -> Result<Binding, AddressError> {
    let container = names::tenant_container(tenant);
    let owner = || ("tenant".to_owned(), Value::text(tenant.shared()));
    Ok(Binding {
        item: Address::new(
            Kind::RegistryItem,
            &[&fleet.registry, "tenants", tenant.as_str()],
        )?,
        data: data(on, tenant)?,
        blob: (
            on.storage.0.child(Kind::BlobContainer, &container)?,
            Settings::from([owner()]),
        ),
        api: api(fleet, tenant)?,
    })
}

/// Where a tenant's metrics are.
pub fn metrics(fleet: &Fleet, tenant: &TenantId) -> Result<Address, AddressError> {
    Address::new(Kind::TenantMetrics, &[&fleet.registry, tenant.as_str()])
}

fn data(on: &StampBlueprint, tenant: &TenantId) -> Result<Drawn, AddressError> {
    let schema = |model: &str| {
        let settings = Settings::from([("model".to_owned(), Value::text(model))]);
        let database = &on.common_database;
        Ok((
            database.child(Kind::TenantSchema, tenant.as_str())?,
            settings,
        ))
    };
    match on.shape.isolation {
        Isolation::Schema => schema("schema"),
        Isolation::Rows => schema("rows"),
        Isolation::Database => {
            let database = names::tenant_database(tenant);
            let settings = Settings::from([
                ("sku".to_owned(), Value::text(on.shape.sql_sku.as_str())),
                ("tenant".to_owned(), Value::text(tenant.shared())),
            ]);
            let address = on.sql_server.0.child(Kind::SqlDatabase, &database)?;
            Ok((address, settings))
        }
    }
}

fn api(fleet: &Fleet, tenant: &TenantId) -> Result<Option<[Drawn; 3]>, AddressError> {
    let Some(gateway) = &fleet.api else {
        return Ok(None);
    };
    let known = fleet.tenants.get(tenant);
    let at = |kind, name: &str| {
        let parts = [
            gateway.subscription.as_str(),
            &gateway.resource_group,
            &gateway.service,
            name,
        ];
        Address::new(kind, &parts)
    };
    let user = names::api_user(tenant);
    let subscription = names::api_subscription(tenant);
    let tier = known.map_or(Tier::Standard, |t| t.tier);
    let contact = known.and_then(|t: &Tenant| t.contact.clone());
    let contact = contact.unwrap_or_else(|| format!("{user}@{}.invalid", fleet.name));
    let active = || ("state".to_owned(), Value::text("active"));
    Ok(Some([
        (
            at(Kind::ApiUser, &user)?,
            Settings::from([("email".to_owned(), Value::text(contact)), active()]),
        ),
        (
            at(Kind::ApiSubscription, &subscription)?,
            Settings::from([
                ("product".to_owned(), Value::text(product(tier))),
                ("user".to_owned(), Value::text(user.as_str())),
                active(),
            ]),
        ),
        (
            at(Kind::ApiPolicy, &subscription)?,
            Settings::from([("xml".to_owned(), Value::text(policy_xml(tenant, tier)))]),
        ),
    ]))
}

/// The gateway's product of a tier (requirements E).
fn product(tier: Tier) -> &'static str {
    match tier {
        Tier::Basic => "basic-shared-tier",
        Tier::Standard => "standard-tier",
        Tier::Premium => "premium-tier",
        Tier::Enterprise => "enterprise-dedicated-tier",
    }
}

/// The policy of one tenant's subscription (S1-39..S1-41, X-52): limits by tier, the base policy
/// kept, and the tenant's name forced into the header so that nobody can claim another's.
///
/// Azure takes renewal periods of at most 300 seconds for `rate-limit`, so the hourly figures of
/// the requirements are divided by twelve, rounded down.
fn policy_xml(tenant: &TenantId, tier: Tier) -> String {
    let (calls, quota) = match tier {
        Tier::Basic | Tier::Standard => (833, 100_000),
        Tier::Premium | Tier::Enterprise => (4_166, 1_000_000),
    };
    format!(
        "<policies><inbound><base/>\
         <rate-limit calls=\"{calls}\" renewal-period=\"300\"/>\
         <quota calls=\"{quota}\" renewal-period=\"86400\"/>\
         <set-header name=\"X-Tenant-ID\" exists-action=\"override\">\
         <value>{tenant}</value></set-header></inbound>\
         <backend><base/></backend><outbound><base/></outbound>\
         <on-error><base/></on-error></policies>"
    )
}
