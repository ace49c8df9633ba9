//! Which settings each kind has, of which type, and which of them the cloud alone sets. Pure.

use stampctl_contract::Fault;
use stampctl_contract::Kind;
use stampctl_contract::Settings;
use stampctl_contract::Value;

use crate::fault::permanent;

/// The type of a setting's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A truth value.
    Bool,
    /// A whole number.
    Int,
    /// A text.
    Text,
    /// A list.
    List,
    /// A map.
    Map,
}

impl Type {
    fn admits(self, value: &Value) -> bool {
        matches!(
            (self, value),
            (Self::Bool, Value::Bool(_))
                | (Self::Int, Value::Int(_))
                | (Self::Text, Value::Text(_))
                | (Self::List, Value::List(_))
                | (Self::Map, Value::Map(_))
        )
    }
}

/// Refuses settings that the kind does not have, of another type, or that only the cloud sets.
pub fn check(kind: Kind, settings: &Settings) -> Result<(), Fault> {
    if kind == Kind::RegistryItem {
        return Ok(());
    }
    let refuse = |code: &str, message: String| Err(permanent(code, message));
    if writable(kind).is_empty() {
        return refuse(
            "ReadOnly",
            format!("`{kind}` is measured and cannot be set"),
        );
    }
    for (name, value) in settings {
        if read_only(kind).contains(&name.as_str()) {
            return refuse(
                "ReadOnly",
                format!("`{name}` of `{kind}` is set by the cloud"),
            );
        }
        let Some((_, wanted)) = writable(kind).iter().find(|(known, _)| known == name) else {
            return refuse(
                "UnknownSetting",
                format!("`{kind}` has no setting `{name}`"),
            );
        };
        if !wanted.admits(value) {
            return refuse(
                "WrongType",
                format!("`{name}` of `{kind}` is {wanted:?}, not {value}"),
            );
        }
    }
    Ok(())
}

/// The settings that callers may set; empty for a kind that is only measured.
pub fn writable(kind: Kind) -> &'static [(&'static str, Type)] {
    use Type::Bool;
    use Type::Int;
    use Type::List;
    use Type::Map;
    use Type::Text;
    match kind {
        Kind::Subscription => &[("id", Text), ("state", Text)],
        Kind::Quota | Kind::GroupQuota => &[("limit", Int)],
        Kind::QuotaGroup => &[("subscriptions", List)],
        Kind::QuotaAllocation => &[("cores", Int)],
        Kind::ResourceGroup | Kind::SqlServer | Kind::Cluster => &[("region", Text), ("tags", Map)],
        Kind::NodePool => &[
            ("region", Text),
            ("zones", List),
            ("sku", Text),
            ("family", Text),
            ("vcpus", Int),
            ("instances", Int),
            ("power", Text),
            ("reservation", Text),
            ("tags", Map),
        ],
        Kind::CapacityReservation => &[
            ("region", Text),
            ("zones", List),
            ("sku", Text),
            ("family", Text),
            ("vcpus", Int),
            ("instances", Int),
            ("tags", Map),
        ],
        Kind::ScaleSet => &[
            ("region", Text),
            ("zone", Text),
            ("sku", Text),
            ("family", Text),
            ("vcpus", Int),
            ("instances", Int),
            ("power", Text),
            ("reservation", Text),
            ("tags", Map),
        ],
        Kind::ElasticPool => &[("sku", Text), ("capacity", Int), ("tags", Map)],
        Kind::SqlDatabase => &[("sku", Text), ("tags", Map), ("tenant", Text)],
        Kind::TenantSchema => &[("model", Text)],
        Kind::StorageAccount => &[("region", Text), ("sku", Text), ("tags", Map)],
        Kind::BlobContainer => &[("tenant", Text)],
        Kind::IngressProfile => &[("sku", Text), ("tags", Map)],
        Kind::IngressEndpoint => &[("enabled", Bool), ("tags", Map)],
        Kind::OriginGroup => &[("probe", Text), ("interval", Int)],
        Kind::Origin => &[
            ("host", Text),
            ("weight", Int),
            ("enabled", Bool),
            ("tags", Map),
        ],
        Kind::TrafficEndpoint => &[("host", Text), ("weight", Int), ("enabled", Bool)],
        Kind::GatewayPool => &[("members", List)],
        Kind::Alert => &[("enabled", Bool), ("target", Text), ("tags", Map)],
        Kind::Lock => &[("level", Text)],
        Kind::ApiProduct => &[("title", Text), ("state", Text), ("approval", Bool)],
        Kind::RegistryContainer => &[("partition_key", Text)],
        Kind::ApiUser => &[("email", Text), ("state", Text)],
        Kind::ApiSubscription => &[("product", Text), ("user", Text), ("state", Text)],
        Kind::ApiPolicy => &[("xml", Text)],
        Kind::Backup => &[("source", Text), ("tenant", Text)],
        Kind::RegistryItem | Kind::StampMetrics | Kind::TenantMetrics | Kind::Health => &[],
    }
}

/// The settings that the cloud computes.
pub fn read_only(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Quota => &["usage"],
        Kind::GroupQuota => &["available"],
        Kind::CapacityReservation => &["attached"],
        Kind::SqlDatabase => &["records", "digest", "tenants"],
        Kind::TenantSchema | Kind::BlobContainer => &["records", "digest"],
        Kind::IngressEndpoint => &["host"],
        Kind::Backup => &["records", "digest", "verified", "taken_at"],
        Kind::Subscription
        | Kind::QuotaGroup
        | Kind::QuotaAllocation
        | Kind::ResourceGroup
        | Kind::ScaleSet
        | Kind::Cluster
        | Kind::NodePool
        | Kind::SqlServer
        | Kind::ElasticPool
        | Kind::StorageAccount
        | Kind::IngressProfile
        | Kind::OriginGroup
        | Kind::Origin
        | Kind::TrafficEndpoint
        | Kind::GatewayPool
        | Kind::Alert
        | Kind::Lock
        | Kind::ApiProduct
        | Kind::RegistryContainer
        | Kind::ApiUser
        | Kind::ApiSubscription
        | Kind::ApiPolicy
        | Kind::RegistryItem
        | Kind::StampMetrics
        | Kind::TenantMetrics
        | Kind::Health => &[],
    }
}

/// The settings of `settings` that callers may set.
pub fn settable(kind: Kind, settings: &Settings) -> Settings {
    let kept = settings.iter().filter(|(name, _)| {
        kind == Kind::RegistryItem || writable(kind).iter().any(|(known, _)| known == name)
    });
    kept.map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// The number under `name`, or 0.
pub(crate) fn int(settings: &Settings, name: &str) -> i64 {
    settings.get(name).and_then(Value::as_int).unwrap_or(0)
}

/// The text under `name`, or the empty text.
pub(crate) fn text<'a>(settings: &'a Settings, name: &str) -> &'a str {
    settings.get(name).and_then(Value::as_str).unwrap_or("")
}
