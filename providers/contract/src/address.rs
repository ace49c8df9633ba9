//! Where a resource is: its kind and the names on the way to it.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $word:literal [$($part:literal),*];)*) => {
        /// What a resource is. The names of its path are listed with each kind.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($(#[$doc])* $variant,)* }

        impl Kind {
            /// Every kind, in declaration order.
            pub const ALL: &'static [Kind] = &[$(Kind::$variant,)*];

            /// The word that stands for the kind in an address.
            pub const fn word(self) -> &'static str {
                match self { $(Kind::$variant => $word,)* }
            }

            /// The names of the path's parts, outermost first.
            pub const fn parts(self) -> &'static [&'static str] {
                match self { $(Kind::$variant => &[$($part),*],)* }
            }
        }
    };
}

kinds! {
    /// A subscription. Settings: `id`, `state`.
    Subscription = "subscription" ["subscription"];
    /// A subscription's vCPU quota. Settings: `limit`; `usage` (read only), in cores.
    Quota = "quota" ["subscription", "region", "family"];
    /// A quota group. Settings: `subscriptions` (list of text).
    QuotaGroup = "quota_group" ["management_group", "group"];
    /// A quota group's limit. Settings: `limit`; `available` (read only), in cores.
    GroupQuota = "group_quota" ["management_group", "group", "region", "family"];
    /// What a group has allocated to one subscription. Settings: `cores`.
    QuotaAllocation = "quota_allocation"
        ["management_group", "group", "subscription", "region", "family"];
    /// A resource group. Settings: `region`, `tags`.
    ResourceGroup = "resource_group" ["subscription", "resource_group"];
    /// A capacity reservation group with one reservation.
    /// Settings: `region`, `zones`, `sku`, `family`, `vcpus` (per instance), `instances`, `tags`;
    /// `attached` (instances that use it, read only).
    CapacityReservation = "capacity_reservation" ["subscription", "resource_group", "name"];
    /// A VM scale set. Settings: `region`, `zone`, `sku`, `family`, `vcpus` (per instance),
    /// `instances`, `power` (`running` or `deallocated`), `reservation` (an address, or empty), `tags`.
    ScaleSet = "scale_set" ["subscription", "resource_group", "name"];
    /// A Kubernetes cluster. Settings: `region`, `tags`.
    Cluster = "cluster" ["subscription", "resource_group", "name"];
    /// A pool of a cluster's nodes. Settings: `region` (the cluster's), `zones`, `sku`, `family`,
    /// `vcpus` (per node), `instances`, `power` (`running` or `deallocated`), `reservation` (an
    /// address, or empty), `tags`. Region, zones, size and reservation are fixed when it is made.
    NodePool = "node_pool" ["subscription", "resource_group", "cluster", "name"];
    /// A SQL server. Settings: `region`, `tags`.
    SqlServer = "sql_server" ["subscription", "resource_group", "name"];
    /// An elastic pool of a SQL server, for databases whose `sku` is `pool:NAME`.
    /// Settings: `sku`, `capacity` (DTUs or vCores, as the size counts them), `tags`.
    ElasticPool = "elastic_pool" ["subscription", "resource_group", "server", "name"];
    /// A SQL database. Settings: `sku`, `tags`; `tenant` where it holds one tenant;
    /// `records`, `digest` and `tenants` of its content (read only).
    SqlDatabase = "sql_database" ["subscription", "resource_group", "server", "name"];
    /// One tenant's schema or rows in a shared database. Settings: `model` (`schema` or `rows`);
    /// `records`, `digest` (read only).
    TenantSchema = "tenant_schema"
        ["subscription", "resource_group", "server", "database", "tenant"];
    /// A storage account. Settings: `region`, `sku`, `tags`.
    StorageAccount = "storage_account" ["subscription", "resource_group", "name"];
    /// A blob container. Settings: `tenant`; `records`, `digest` (read only).
    BlobContainer = "blob_container" ["subscription", "resource_group", "account", "name"];
    /// An ingress profile (Front Door). Settings: `sku` (fixed when it is made), `tags`.
    IngressProfile = "ingress_profile" ["subscription", "resource_group", "name"];
    /// Where traffic enters an ingress profile. Settings: `enabled`, `tags`; `host` (read only).
    IngressEndpoint = "ingress_endpoint" ["subscription", "resource_group", "profile", "name"];
    /// A group of origins that share traffic. Settings: `probe` (the path that is asked for health,
    /// or empty) and `interval` (seconds between probes, 1 to 255).
    OriginGroup = "origin_group" ["subscription", "resource_group", "profile", "name"];
    /// Where ingress sends traffic. Settings: `host`, `weight`, `enabled`, `tags`.
    Origin = "origin" ["subscription", "resource_group", "profile", "group", "name"];
    /// Where a Traffic Manager profile sends traffic. Settings: `host`, `weight` (1 to 1000; who is
    /// to have no traffic is not enabled), `enabled`.
    TrafficEndpoint = "traffic_endpoint" ["subscription", "resource_group", "profile", "name"];
    /// A backend pool of an application gateway. Settings: `members` (host names and addresses).
    GatewayPool = "gateway_pool" ["subscription", "resource_group", "gateway", "name"];
    /// An alert rule. Settings: `enabled`, `target`, `tags`.
    Alert = "alert" ["subscription", "resource_group", "name"];
    /// A management lock on a resource group. Settings: `level` (`CanNotDelete`).
    Lock = "lock" ["subscription", "resource_group", "name"];
    /// A product of the API gateway, to which users subscribe. Settings: `title`, `state`
    /// (`published` or `notPublished`), `approval` (whether a subscription waits for one).
    ApiProduct = "api_product" ["subscription", "resource_group", "service", "name"];
    /// A user of the API gateway. Settings: `email`, `state`.
    ApiUser = "api_user" ["subscription", "resource_group", "service", "name"];
    /// A user's subscription to a product of the API gateway. Settings: `product`, `user`, `state`.
    ApiSubscription = "api_subscription" ["subscription", "resource_group", "service", "name"];
    /// The policy of one API subscription. Settings: `xml`.
    ApiPolicy = "api_policy" ["subscription", "resource_group", "service", "name"];
    /// A backup or an export. Settings: `source` (an address), `tenant` (empty: all of it);
    /// `records`, `digest`, `verified`, `taken_at` (read only).
    Backup = "backup" ["subscription", "vault", "name"];
    /// The container that a tenant registry is kept in, and the database around it. Settings:
    /// `partition_key` (a path such as `/collection`, fixed when it is made). Whatever is in the
    /// container goes with it.
    RegistryContainer = "registry_container"
        ["subscription", "resource_group", "account", "database", "name"];
    /// An entry of the tenant registry, with an `ETag`. Settings: whatever the caller keeps there.
    RegistryItem = "registry_item" ["registry", "collection", "id"];
    /// What is measured of all compute and data in one resource group (read only), each absent
    /// where nothing reports: `cpu`, `memory`, `storage`, `dtu` (basis points of capacity, the
    /// policy's statistic), `latest_cpu`, `latest_memory`, `latest_storage`, `latest_dtu` (last
    /// hour), `samples` (hours of data), `connections`, `jobs`.
    StampMetrics = "stamp_metrics" ["subscription", "resource_group"];
    /// What is measured of one tenant (read only): `cpu_millicores`, `memory_mib`, `storage_mib`,
    /// `dtu_centi`, `requests_per_day`, `active_requests`.
    TenantMetrics = "tenant_metrics" ["registry", "tenant"];
    /// What health probes say of one resource group (read only): `live`, `ready`, `smoke`,
    /// `traffic`, each a truth value.
    Health = "health" ["subscription", "resource_group"];
}

impl FromStr for Kind {
    type Err = AddressError;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.iter().find(|kind| kind.word() == word);
        known
            .copied()
            .ok_or_else(|| AddressError(format!("unknown kind `{word}`")))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Serialize for Kind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        word.parse().map_err(serde::de::Error::custom)
    }
}

/// A resource's name, unique within one cloud: `kind/part/part`, as in
/// `scale_set/shared-eastus2/rg-stamp-a/vmss-stamp-a-zone1`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    kind: Kind,
    /// The whole text, kind and path: it is written far more often than it is made.
    text: Arc<str>,
}

/// By kind, and then by path.
impl Ord for Address {
    fn cmp(&self, other: &Self) -> Ordering {
        let paths = || self.path().cmp(other.path());
        self.kind.cmp(&other.kind).then_with(paths)
    }
}

impl PartialOrd for Address {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A text that is no address: why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address: {0}")]
pub struct AddressError(String);

impl Address {
    /// The address of `kind` with the given parts, outermost first.
    ///
    /// Fails where the number of parts is not the kind's, or a part is empty, holds a `/`
    /// or a control character.
    pub fn new(kind: Kind, parts: &[&str]) -> Result<Self, AddressError> {
        if parts.len() != kind.parts().len() {
            let names = kind.parts().join("/");
            return Err(AddressError(format!(
                "`{kind}` wants {names}, got {} parts",
                parts.len()
            )));
        }
        for part in parts {
            if !is_name(part) {
                return Err(AddressError(format!(
                    "`{}` is no name",
                    part.escape_debug()
                )));
            }
        }
        let long = parts.iter().map(|part| part.len() + 1).sum::<usize>();
        let mut text = String::with_capacity(kind.word().len() + long);
        text.push_str(kind.word());
        for part in parts {
            text.push('/');
            text.push_str(part);
        }
        let text = text.into();
        Ok(Self { kind, text })
    }

    /// The address of a resource that lies directly in this one: `kind` has one more name in its
    /// path. Fails as [`Address::new`] does.
    pub fn child(&self, kind: Kind, name: &str) -> Result<Self, AddressError> {
        if kind.parts().len() != self.kind.parts().len() + 1 || !is_name(name) {
            let parts: Vec<&str> = self.parts().chain([name]).collect();
            return Self::new(kind, &parts);
        }
        let path = self.path();
        let mut text = String::with_capacity(kind.word().len() + path.len() + name.len() + 2);
        for part in [kind.word(), "/", path, "/", name] {
            text.push_str(part);
        }
        let text = text.into();
        Ok(Self { kind, text })
    }

    /// The whole text: `kind/part/part`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What the resource is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The path without the kind: `part/part`.
    pub fn path(&self) -> &str {
        &self.text[self.kind.word().len() + 1..]
    }

    /// The names on the way to the resource, outermost first.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.path().split('/')
    }

    /// The part called `name` in [`Kind::parts`].
    pub fn part(&self, name: &str) -> Option<&str> {
        let at = self.kind.parts().iter().position(|part| *part == name)?;
        self.parts().nth(at)
    }

    /// The last part: the resource's own name.
    pub fn name(&self) -> &str {
        let path = self.path();
        path.rsplit('/').next().unwrap_or(path)
    }

    /// Whether the path is `prefix` or lies beneath it, part by part.
    pub fn is_beneath(&self, prefix: &str) -> bool {
        prefix.is_empty()
            || self
                .path()
                .strip_prefix(prefix)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Whether a text can be a part of a path.
fn is_name(part: &str) -> bool {
    let plain = |byte: u8| byte != b'/' && (b' '..0x7f).contains(&byte);
    !part.is_empty()
        && (part.bytes().all(plain) || !part.chars().any(|c| c == '/' || c.is_control()))
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some((word, path)) = text.split_once('/') else {
            return Err(AddressError(format!(
                "`{}` has no path",
                text.escape_debug()
            )));
        };
        let kind: Kind = word.parse()?;
        if path.split('/').count() != kind.parts().len() || !path.split('/').all(is_name) {
            // Says what is wrong with it.
            let parts: Vec<&str> = path.split('/').collect();
            return Self::new(kind, &parts);
        }
        let text = text.into();
        Ok(Self { kind, text })
    }
}

impl Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl serde::de::Visitor<'_> for Text {
            type Value = Address;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an address")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Address, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_back_as_it_was_written() {
        let address = Address::new(Kind::ResourceGroup, &["sub", "rg-a"]).expect("valid");
        assert_eq!(address.to_string(), "resource_group/sub/rg-a");
        assert_eq!(address.to_string().parse::<Address>(), Ok(address.clone()));
        assert_eq!(address.part("subscription"), Some("sub"));
        assert_eq!(address.name(), "rg-a");
    }

    #[test]
    fn a_child_is_what_its_parts_make() {
        let group = Address::new(Kind::ResourceGroup, &["sub", "rg-a"]).expect("valid");
        let server = group.child(Kind::SqlServer, "sql");
        assert_eq!(
            server,
            Address::new(Kind::SqlServer, &["sub", "rg-a", "sql"])
        );
        assert!(group.child(Kind::SqlDatabase, "db").is_err());
        assert!(group.child(Kind::SqlServer, "a/b").is_err());
    }

    #[test]
    fn a_name_cannot_smuggle_a_path() {
        assert!(Address::new(Kind::Subscription, &["a/b"]).is_err());
        assert!(Address::new(Kind::Subscription, &[""]).is_err());
        assert!(Address::new(Kind::Subscription, &["a\n"]).is_err());
        assert!(Address::new(Kind::Subscription, &[]).is_err());
        assert!("nonsense/a".parse::<Address>().is_err());
    }

    #[test]
    fn beneath_goes_part_by_part() {
        let address = Address::new(Kind::ResourceGroup, &["sub", "rg-ab"]).expect("valid");
        assert!(address.is_beneath("sub"));
        assert!(address.is_beneath(""));
        assert!(!address.is_beneath("sub/rg-a"));
        assert!(!address.is_beneath("su"));
    }
}
