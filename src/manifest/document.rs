//! The manifest as it is written: every key once, all optional, each value with its place.
//!
//! The comment of a key is its documentation in `schemas/fleet.schema.json`. Pure.

use super::declare::document;
use super::decode::Labelled;
use super::decode::Spanned;
use super::scalar::Hundredths;
use super::scalar::Id;
use super::scalar::MOST;
use super::scalar::Region;
use super::scalar::Text;
use super::scalar::Whole;
use super::scalar::Word;
use super::written::Free;
use super::written::InstancesDoc;
use super::written::OneOrMany;
use crate::model::EnvironmentName;
use crate::model::FleetName;
use crate::model::Increase;
use crate::model::QuotaGroupName;
use crate::model::ReservationName;
use crate::model::StampKind;
use crate::model::SubscriptionName;
use crate::model::stamp::DesiredStamp;
use crate::model::stamp::Isolation;
use crate::model::stamp::Role;

pub(crate) use super::document_policy::PolicyDoc;
pub(crate) use super::document_tenant::TenantDoc;

document! {
    /// A fleet of deployment stamps and the tenants that live on them.
    FleetDoc {
        /// The version of this format: 1.
        version: Whole<MOST>,
        /// The fleet's name; unique in one tenant registry.
        fleet: Id<FleetName>,
        /// Which environment of the fleet this is, as in `prod`.
        environment: Id<EnvironmentName>,
        /// The cloud that the fleet lives in: `sim` or `azure`.
        provider: ProviderDoc,
        /// The tenant registry's name. Default: `registry`.
        registry: Text,
        /// The backup vault's name. Default: `rsv-stamps-backup`.
        vault: Text,
        /// The API gateway in which tenants get a user, a subscription and a policy.
        api_management: ApiDoc,
        /// Where traffic comes in: the defaults for every stamp's own `ingress`.
        ingress: IngressDoc,
        /// The rules and numbers. Every key has a default.
        policy: PolicyDoc,
        /// Values that `${var.NAME}` stands for, with their defaults; `null`: one must be given.
        variables: Free,
        /// Subscriptions by name.
        subscriptions: Labelled<SubscriptionDoc>,
        /// Quota groups by name: permission to use cores.
        quota_groups: Labelled<QuotaGroupDoc>,
        /// Capacity reservation groups by name: a guarantee of machines.
        capacity_reservations: Labelled<ReservationDoc>,
        /// Stamps by id.
        stamps: Labelled<StampDoc>,
        /// Pools by name: stamps that the planner may make by itself.
        pools: Labelled<PoolDoc>,
        /// Tenants by id.
        tenants: Labelled<TenantDoc>,
        /// CSV or JSON Lines files beneath the fleet's root with further tenants.
        tenants_from: OneOrMany,
    }
}

document! {
    /// The cloud that a fleet lives in. Endpoints and credentials are never here.
    ProviderDoc {
        /// The simulated cloud.
        sim: SimDoc,
        /// Microsoft Azure.
        azure: AzureDoc,
    }
}

document! {
    /// The simulated cloud.
    SimDoc {
        /// The file that says how it starts, beneath the fleet's root.
        world: Text,
    }
}

document! {
    /// Microsoft Azure.
    AzureDoc {
        /// The management group above the fleet's subscriptions.
        management_group: Text,
    }
}

document! {
    /// The API gateway.
    ApiDoc {
        /// The subscription that it lives in.
        subscription: Id<SubscriptionName>,
        /// Its resource group.
        resource_group: Text,
        /// Its name.
        service: Text,
    }
}

document! {
    /// How traffic reaches a stamp: its origin in a Front Door profile's origin group.
    IngressDoc {
        /// The subscription of the profile.
        subscription: Id<SubscriptionName>,
        /// The profile's resource group.
        resource_group: Text,
        /// The profile.
        profile: Text,
        /// The origin group.
        group: Text,
        /// The host that traffic goes to; `{stamp}` stands for the stamp's id.
        host: Text,
        /// Another word for `host`.
        origin: Text,
        /// The origin's weight while the stamp is active, 1 to 1000. Default: 500.
        weight: Whole<1_000>,
    }
}

document! {
    /// A subscription.
    SubscriptionDoc {
        /// Its id, a UUID.
        id: Text,
    }
}

document! {
    /// A quota group.
    QuotaGroupDoc {
        /// The management group that it belongs to.
        management_group: Text,
        /// The subscriptions that share it.
        subscriptions: Vec<Spanned<Id<SubscriptionName>>>,
        /// The cores that the fleet expects it to have.
        limits: Vec<Spanned<LimitDoc>>,
        /// What to do where it has fewer: `refuse` (default) or `request`.
        increase: Word<Increase>,
    }
}

document! {
    /// The cores of one family in one region.
    LimitDoc {
        /// The region.
        region: Region,
        /// The quota family, as in `standardDSv5Family`.
        family: Text,
        /// The cores.
        cores: Whole<MOST>,
    }
}

document! {
    /// A capacity reservation group.
    ReservationDoc {
        /// The subscription that it lives in.
        subscription: Id<SubscriptionName>,
        /// The resource group that it lives in. Default: `rg-capacity-NAME`.
        resource_group: Text,
        /// The region.
        region: Region,
        /// The availability zones. Default: `["1"]`.
        zones: Vec<Spanned<Text>>,
        /// The VM size, as in `Standard_D8s_v5`.
        sku: Text,
        /// vCPUs of one machine, where the size's name does not say it.
        vcpus: Whole<10_000>,
        /// The quota family, where the size's name does not say it.
        family: Text,
        /// `auto` (default): as many machines as its stamps have. A number: never fewer than that.
        instances: InstancesDoc,
    }
}

document! {
    /// A stamp's machines.
    ComputeDoc {
        /// The VM size, as in `Standard_D8s_v5`.
        sku: Text,
        /// Machines, all zones together.
        instances: Whole<100_000>,
        /// vCPUs of one machine, where the size's name does not say it.
        vcpus: Whole<10_000>,
        /// The quota family, where the size's name does not say it.
        family: Text,
    }
}

document! {
    /// A stamp's data shape.
    DataDoc {
        /// How tenants' data is kept apart: `database`, `schema` or `rows`.
        isolation: Word<Isolation>,
        /// The size of the stamp's SQL database. Default: `S2`.
        sql_sku: Text,
        /// The kind of the stamp's storage account. Default: `Standard_LRS`.
        storage_sku: Text,
    }
}

document! {
    /// What a stamp can carry, where that does not follow from its machines.
    CapacityDoc {
        /// Compute, in millicores.
        cpu_millicores: Whole<MOST>,
        /// Memory, in MiB.
        memory_mib: Whole<MOST>,
        /// Storage, in GiB.
        storage_gib: Whole<MOST>,
        /// Database throughput, in DTU.
        dtu: Hundredths,
    }
}

document! {
    /// A stamp: a unit of capacity, failure and deletion.
    StampDoc {
        /// `shared` (default) or `dedicated`.
        kind: Word<StampKind>,
        /// The region, written in full, as in `eastus2`.
        region: Region,
        /// The availability zones. Default: `["1"]`.
        zones: Vec<Spanned<Text>>,
        /// The subscription that it lives in.
        subscription: Id<SubscriptionName>,
        /// The quota group that its quota comes from.
        quota_group: Id<QuotaGroupName>,
        /// The capacity reservation that guarantees its machines.
        capacity_reservation: Id<ReservationName>,
        /// The machines.
        compute: ComputeDoc,
        /// What it should be: `active` (default), `standby`, `isolated` or `retired`.
        desired: Word<DesiredStamp>,
        /// Whether it takes tenants. Default: true.
        accepting: bool,
        /// `pool` (default) or `dr`: never aged out, never a placement candidate.
        role: Word<Role>,
        /// Whether the cloud must refuse to delete it. Default: false.
        protect: bool,
        /// The data shape.
        data: DataDoc,
        /// How traffic reaches it.
        ingress: IngressDoc,
        /// What it can carry. Default: from its machines and `policy.stamp_capacity`.
        capacity: CapacityDoc,
        /// Whether its reservation keeps its cores when it is retired. Default: false.
        keep_reservation: bool,
        /// Whether a dedicated stamp stays when its last tenant leaves. Default: false.
        keep_empty: bool,
        /// Other names for it.
        aliases: Vec<Spanned<Text>>,
        /// Further tags.
        tags: Labelled<Text>,
    }
}

document! {
    /// How many stamps.
    BoundsDoc {
        /// The fewest stamps of this region and kind. Default: 0.
        min: Whole<100_000>,
        /// The most stamps of this region and kind. Default: `policy.capacity.max_stamps`.
        max: Whole<100_000>,
    }
}

document! {
    /// A shape and bounds: stamps that the planner may make by itself, each shown in the plan.
    PoolDoc {
        /// `shared` (default) or `dedicated`.
        kind: Word<StampKind>,
        /// The region.
        region: Region,
        /// How many.
        stamps: BoundsDoc,
        /// A stamp or pool whose shape this pool's stamps have, but for what is said here.
        like: Text,
        /// The availability zones.
        zones: Vec<Spanned<Text>>,
        /// The subscription that they live in.
        subscription: Id<SubscriptionName>,
        /// The quota group that their quota comes from.
        quota_group: Id<QuotaGroupName>,
        /// The capacity reservation that guarantees their machines.
        capacity_reservation: Id<ReservationName>,
        /// The machines.
        compute: ComputeDoc,
        /// The data shape.
        data: DataDoc,
        /// How traffic reaches them.
        ingress: IngressDoc,
        /// What one can carry.
        capacity: CapacityDoc,
    }
}
