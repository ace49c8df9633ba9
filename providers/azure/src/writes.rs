//! Changes: what each operation comes to at Resource Manager.

mod quota;

use stampctl_contract::Address;
use stampctl_contract::Fault;
use stampctl_contract::Kind;
use stampctl_contract::Operation;
use stampctl_contract::Outcome;
use stampctl_contract::Precondition;
use stampctl_contract::Settings;
use stampctl_contract::Verb;

use crate::azure::Azure;
use crate::fault::conflict;
use crate::fault::permanent;
use crate::journey::Journey;
use crate::map::container;
use crate::map::edge;
use crate::map::gateway;
use crate::map::groups;
use crate::map::ingress;
use crate::map::json;
use crate::map::kubernetes;
use crate::map::network;
use crate::map::path;
use crate::map::quota as quotas;
use crate::map::reservation;
use crate::map::scale_set;
use crate::map::schema;
use crate::map::sql;
use crate::map::storage;
use crate::reads::group_id;
use crate::reads::no_schemas;
use crate::step::Step;

impl Azure {
    /// Starts a change.
    pub(crate) async fn start(&self, operation: &Operation, key: &str) -> Result<Outcome, Fault> {
        let address = &operation.address;
        match &operation.verb {
            Verb::Put { settings } | Verb::Patch { settings } => {
                schema::check(address.kind(), settings)?;
            }
            Verb::Delete | Verb::Copy { .. } => {}
        }
        if address.kind() == Kind::RegistryItem {
            return self.change_item(operation, key).await;
        }
        self.admit(address, &operation.precondition).await?;
        match &operation.verb {
            Verb::Put { settings } => self.write(address, settings, key).await,
            Verb::Patch { settings } => {
                let found = self.glance(address).await?.ok_or_else(|| {
                    permanent("ResourceNotFound", format!("{address} does not exist"))
                })?;
                let mut merged = schema::settable(address.kind(), &found.settings);
                merged.extend(settings.clone());
                self.write(address, &merged, key).await
            }
            Verb::Delete => self.remove(address, key).await,
            Verb::Copy { from, tenant } => self.copy(address, from, tenant, key).await,
        }
    }

    /// Checks a precondition by looking, because most of Azure ignores conditional headers.
    async fn admit(&self, address: &Address, precondition: &Precondition) -> Result<(), Fault> {
        match precondition {
            Precondition::Any => Ok(()),
            Precondition::Version(_) => Err(permanent(
                "NoVersion",
                format!("`{}` has no version to be at", address.kind()),
            )),
            Precondition::Absent => match self.glance(address).await? {
                None => Ok(()),
                Some(_) => Err(conflict("AlreadyExists", format!("{address} exists"))),
            },
        }
    }

    async fn write(
        &self,
        address: &Address,
        settings: &Settings,
        key: &str,
    ) -> Result<Outcome, Fault> {
        let mut expects = Settings::new();
        let mut expect = |name: &str| {
            if let Some(value) = settings.get(name) {
                expects.insert(name.to_owned(), value.clone());
            }
        };
        let steps = match address.kind() {
            Kind::Subscription => self.put_subscription(address, settings).await?,
            Kind::Quota => {
                expect("limit");
                self.put_quota(address, settings).await?
            }
            Kind::GroupQuota => {
                expect("limit");
                self.put_group_quota(address, settings).await?
            }
            Kind::QuotaAllocation => {
                expect("cores");
                self.put_allocation(address, settings).await?
            }
            Kind::QuotaGroup => self.put_quota_group(address, settings).await?,
            Kind::CapacityReservation => {
                expect("instances");
                let (id, _) = path::id(address, &self.places)?;
                let now = self.reservation(address).await?;
                reservation::put(&id, address.name(), settings, now.as_ref())?
            }
            Kind::ScaleSet => {
                expect("instances");
                let (id, _) = path::id(address, &self.places)?;
                let now = self.scale_set(address).await?;
                scale_set::put(&id, address, settings, now.as_ref(), &self.places)?
            }
            Kind::NodePool => {
                expect("instances");
                let (id, _) = path::id(address, &self.places)?;
                let now = self.node_pool(address).await?;
                let shape = self.filled(&self.places.shapes.node_pool, address, settings);
                kubernetes::put_pool(&id, settings, &shape, now.as_ref(), &self.places)?
            }
            Kind::RegistryContainer => {
                let (id, _) = path::id(address, &self.places)?;
                let now = self.raw(address).await?;
                container::put(&id, settings, now.as_ref())?
            }
            Kind::GatewayPool => {
                expect("members");
                let (id, _) = path::id(address, &self.places)?;
                let gateway = self.gateway(address).await?.ok_or_else(|| {
                    let why = format!("{}: no such gateway", network::gateway_of(&id));
                    permanent("ParentResourceNotFound", why)
                })?;
                let put = network::put_pool(&id, address.name(), settings, &gateway)?;
                vec![put]
            }
            Kind::Backup => return self.take_backup(address, settings, key).await,
            Kind::TenantSchema => return Err(no_schemas()),
            _ => {
                // A policy is read as the gateway lays it out.
                let plain = settings.iter().filter(|(name, _)| *name != "xml");
                expects.extend(plain.map(|(name, value)| (name.clone(), value.clone())));
                vec![self.put_plain(address, settings).await?]
            }
        };
        self.travel(Journey::to(address, key, steps, expects)).await
    }

    /// The one step of a kind that is one ARM resource and no more.
    async fn put_plain(&self, address: &Address, settings: &Settings) -> Result<Step, Fault> {
        let (id, _) = path::id(address, &self.places)?;
        let shapes = &self.places.shapes;
        let name = address.name();
        Ok(match address.kind() {
            Kind::ResourceGroup => groups::put_group(&id, settings),
            Kind::Lock => groups::put_lock(&id, settings),
            Kind::ApiProduct => {
                let now = self.raw(address).await?;
                gateway::put_product(&id, settings, now.as_ref())
            }
            Kind::ApiUser => gateway::put_user(&id, name, settings),
            Kind::ApiSubscription => gateway::put_subscription(&id, name, settings),
            Kind::ApiPolicy => gateway::put_policy(&id, settings)?,
            Kind::Cluster => {
                let now = self.raw(address).await?;
                let shape = self.filled(&shapes.cluster, address, settings);
                kubernetes::put_cluster(&id, name, settings, &shape, now.as_ref())?
            }
            Kind::SqlServer => {
                let now = self.raw(address).await?;
                let shape = self.filled(&shapes.sql_server, address, settings);
                sql::put_server(&id, settings, &shape, now.as_ref())
            }
            Kind::ElasticPool => {
                let region = self.server_region(address).await?;
                let now = self.raw(address).await?;
                sql::put_pool(&id, settings, &region, now.as_ref())?
            }
            Kind::SqlDatabase => {
                let region = self.server_region(address).await?;
                let now = self.raw(address).await?;
                sql::put_database(&id, settings, &region, now.as_ref())?
            }
            Kind::StorageAccount => {
                let now = self.raw(address).await?;
                let shape = self.filled(&shapes.storage_account, address, settings);
                storage::put_account(&id, settings, &shape, now.as_ref())
            }
            Kind::BlobContainer => {
                let now = self.raw(address).await?;
                storage::put_container(&id, settings, now.as_ref())?
            }
            Kind::IngressProfile => ingress::put_profile(&id, settings)?,
            Kind::IngressEndpoint => {
                let now = self.raw(address).await?;
                ingress::put_endpoint(&id, settings, now.as_ref())
            }
            Kind::OriginGroup => {
                let now = self.raw(address).await?;
                let shape = self.filled(&shapes.origin_group, address, settings);
                ingress::put_group(&id, settings, &shape, now.as_ref())?
            }
            Kind::Origin => {
                let now = self.raw(address).await?;
                let shape = self.filled(&shapes.origin, address, settings);
                edge::put_origin(&id, settings, &shape, now.as_ref())?
            }
            Kind::TrafficEndpoint => {
                let now = self.raw(address).await?;
                network::put_endpoint(&id, settings, now.as_ref())?
            }
            Kind::Alert => {
                let shape = self.filled(&shapes.alert, address, settings);
                edge::put_alert(&id, settings, &shape)
            }
            kind => return Err(permanent("ReadOnly", format!("`{kind}` cannot be set"))),
        })
    }

    fn filled(
        &self,
        shape: &serde_json::Value,
        address: &Address,
        settings: &Settings,
    ) -> serde_json::Value {
        let part = |name| address.part(name).unwrap_or_default();
        json::fill(
            shape,
            &[
                ("region", schema::text(settings, "region")),
                (
                    "subscription",
                    self.places.subscription(part("subscription")),
                ),
                ("resource_group", part("resource_group")),
                ("name", address.name()),
            ],
        )
    }

    async fn put_subscription(
        &self,
        address: &Address,
        settings: &Settings,
    ) -> Result<Vec<Step>, Fault> {
        let id = path::subscription(address.name(), &self.places);
        let wanted = schema::text(settings, "state");
        let now = self.fetch(address).await?;
        let is = now.as_ref().and_then(|it| it.text("state"));
        match (wanted, is) {
            (wanted, Some(is)) if wanted == is || wanted.is_empty() => Ok(Vec::new()),
            ("cancelled" | "canceled", Some(_)) => Ok(vec![groups::cancel(&id)]),
            (_, Some(is)) => {
                let why = format!("it is {is}; only cancelling can be asked for");
                Err(permanent("SubscriptionState", why))
            }
            (_, None) => {
                let why = format!("{address} does not exist; stampctl creates no subscriptions");
                Err(permanent("SubscriptionNotFound", why))
            }
        }
    }

    async fn remove(&self, address: &Address, key: &str) -> Result<Outcome, Fault> {
        let kind = address.kind();
        let steps = match kind {
            Kind::CapacityReservation => {
                let (id, _) = path::id(address, &self.places)?;
                let now = self.reservation(address).await?;
                reservation::delete(&id, now.as_ref())?
            }
            Kind::QuotaGroup => {
                let members = self.members(address).await?.unwrap_or_default();
                let id = group_id(address);
                let mut steps = quotas::set_members(&id, &[], &members);
                steps.push(Step::delete(id, path::QUOTA));
                steps
            }
            Kind::ApiProduct | Kind::ApiUser | Kind::ApiSubscription | Kind::ApiPolicy => {
                let (id, _) = path::id(address, &self.places)?;
                vec![gateway::delete(&id)]
            }
            Kind::GatewayPool => {
                let (id, _) = path::id(address, &self.places)?;
                let gateway = self.gateway(address).await?;
                let gateway = gateway.as_ref();
                let step = gateway.and_then(|it| network::delete_pool(&id, address.name(), it));
                step.into_iter().collect()
            }
            Kind::Backup => return self.drop_backup(address, key).await,
            Kind::TenantSchema => return Err(no_schemas()),
            _ => {
                let (id, version) = path::id(address, &self.places)?;
                vec![Step::delete(id, version)]
            }
        };
        self.travel(Journey::away(address, key, steps)).await
    }

    async fn copy(
        &self,
        address: &Address,
        from: &Address,
        tenant: &str,
        key: &str,
    ) -> Result<Outcome, Fault> {
        if address.kind() != from.kind() {
            return Err(permanent(
                "CopyKinds",
                format!("{from} is no `{}`", address.kind()),
            ));
        }
        for one in [from, address] {
            let found = self.glance(one).await?;
            let holds = found
                .as_ref()
                .map(|it| it.text("tenant").unwrap_or_default());
            match holds {
                Some(holds) if holds == tenant => {}
                Some(holds) => {
                    let why = format!("{one} is of `{holds}`, not of `{tenant}` (I-7)");
                    return Err(permanent("HoldsAnotherTenant", why));
                }
                None => {
                    let why = format!("{one} does not exist");
                    return Err(permanent("ResourceNotFound", why));
                }
            }
        }
        match address.kind() {
            Kind::SqlDatabase => self.copy_database(address, from, key).await,
            Kind::BlobContainer => {
                self.copy_blobs(address, from).await?;
                Ok(Outcome::Done(self.fetch(address).await?))
            }
            _ => Err(no_schemas()),
        }
    }

    async fn copy_database(
        &self,
        address: &Address,
        from: &Address,
        key: &str,
    ) -> Result<Outcome, Fault> {
        let (id, _) = path::id(address, &self.places)?;
        let (source, _) = path::id(from, &self.places)?;
        let region = self.server_region(address).await?;
        let now = self.raw(address).await?;
        let settings = now.as_ref().map(sql::read_database).unwrap_or_default();
        let steps = sql::copy(&id, &source, &settings, &region, now.as_ref(), key);
        self.travel(Journey::to(address, key, steps, Settings::new()))
            .await
    }

    /// The region of the server that a database or a pool is on.
    async fn server_region(&self, inside: &Address) -> Result<String, Fault> {
        let parts: Vec<&str> = inside.parts().take(3).collect();
        let server = Address::new(Kind::SqlServer, &parts)
            .map_err(|error| permanent("InvalidAddress", error.to_string()))?;
        let found = self.raw(&server).await?;
        let region = found.as_ref().and_then(|it| json::text(it, &["location"]));
        let region = region.map(crate::text::region);
        region
            .ok_or_else(|| permanent("ParentResourceNotFound", format!("{server} does not exist")))
    }
}
