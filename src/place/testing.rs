//! Small fleets and worlds for tests.

use std::collections::BTreeMap;

use jiff::Timestamp;
use stampctl_contract::Address;
use stampctl_contract::Etag;
use stampctl_contract::Kind;
use stampctl_contract::Value;

use crate::model::Fleet;
use crate::model::GroupLimit;
use crate::model::Increase;
use crate::model::Load;
use crate::model::Policy;
use crate::model::Pool;
use crate::model::ProviderRef;
use crate::model::QuotaGroup;
use crate::model::Stamp;
use crate::model::StampId;
use crate::model::StampKind;
use crate::model::StampState;
use crate::model::Tenant;
use crate::model::TenantId;
use crate::model::TenantState;
use crate::model::names;
use crate::model::quantity::Cores;
use crate::model::sku::Sku;
use crate::model::stamp::Compute;
use crate::model::stamp::DesiredStamp;
use crate::model::stamp::Isolation;
use crate::model::stamp::Role;
use crate::model::stamp::Shape;
use crate::model::tenant::DesiredTenant;
use crate::model::tenant::Export;
use crate::model::tenant::Tier;
use crate::model::tenant::Wish;
use crate::observe::Inventory;
use crate::observe::SeenResource;
use crate::observe::SeenStamp;
use crate::observe::SeenTenant;

use super::home::Placement;
use super::placement::Bounds;
use super::placement::Decision;
use super::placement::PlacedStamp;
use super::placement::StampOrigin;
use super::placement::Unplaceable;

/// The region of everything that names none.
pub(crate) const HERE: &str = "eastus2";

/// The quota family of every stamp.
const FAMILY: &str = "standardDSv5Family";

/// Ten of each: one percent is a hundredth of it.
pub(crate) const CAPACITY: Load = Load {
    cpu: 10_000,
    memory: 10_000,
    storage: 10_000,
    dtu: 10_000,
};

/// A fleet and the world that it is in.
#[derive(Clone)]
pub(crate) struct Setting {
    pub(crate) fleet: Fleet,
    pub(crate) world: Inventory,
}

/// An id from text.
pub(crate) fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("a valid id")
}

/// The same amount in every dimension.
pub(crate) fn even(amount: u64) -> Load {
    Load {
        cpu: amount,
        memory: amount,
        storage: amount,
        dtu: amount,
    }
}

/// The shape of a stamp: 8 instances of 8 cores.
pub(crate) fn shape(kind: StampKind, region: &str) -> Shape {
    Shape {
        kind,
        region: id(region),
        zones: vec!["1".into(), "2".into()],
        subscription: id("sub"),
        quota_group: Some(id("group")),
        capacity_reservation: None,
        compute: Compute {
            sku: Sku {
                name: "Standard_D8s_v5".into(),
                family: FAMILY.into(),
                vcpus: 8,
            },
            instances: 8,
        },
        isolation: Isolation::Schema,
        sql_sku: "GP_2".into(),
        storage_sku: "Standard_ZRS".into(),
        ingress: None,
        capacity: CAPACITY,
    }
}

/// A tenant of ten users.
pub(crate) fn tenant(name: &str) -> Tenant {
    Tenant {
        id: id(name),
        region: id(HERE),
        tier: Tier::Standard,
        users: 10,
        enterprise_contract: false,
        demand: Some(even(100)),
        requests_per_day: None,
        placement: Wish::Auto,
        desired: DesiredTenant::Active,
        legal_hold: false,
        export: Export::Required,
        anti_affinity: None,
        contact: None,
    }
}

impl Setting {
    /// No stamps, no tenants, and a group with this many cores to give.
    pub(crate) fn with_cores(cores: u64) -> Self {
        let group = QuotaGroup {
            name: id("group"),
            management_group: "mg".into(),
            subscriptions: vec![id("sub")],
            limits: vec![GroupLimit {
                region: id(HERE),
                family: FAMILY.into(),
                cores: Cores(cores),
            }],
            increase: Increase::Refuse,
        };
        let fleet = Fleet {
            name: id("contoso"),
            environment: None,
            provider: ProviderRef::Sim { world: None },
            registry: "registry".into(),
            policy: Policy::default(),
            api: None,
            vault: "vault".into(),
            subscriptions: BTreeMap::new(),
            quota_groups: [(group.name.clone(), group)].into(),
            capacity_reservations: BTreeMap::new(),
            stamps: BTreeMap::new(),
            pools: BTreeMap::new(),
            tenants: BTreeMap::new(),
        };
        let world = Inventory {
            format: Inventory::FORMAT.into(),
            fleet: "contoso".into(),
            observed_at: Timestamp::from_second(1_700_000_000).expect("in range"),
            stamps: BTreeMap::new(),
            tenants: BTreeMap::new(),
            fleet_item: None,
            resources: BTreeMap::new(),
            gaps: Vec::new(),
            obstacles: vec![],
        };
        let mut setting = Self { fleet, world };
        let group = ["mg", "group", HERE, FAMILY];
        setting.resource(Kind::GroupQuota, &group, &[("available", cores)]);
        setting
    }

    /// A resource with these numbers.
    pub(crate) fn resource(&mut self, kind: Kind, parts: &[&str], settings: &[(&str, u64)]) {
        let address = Address::new(kind, parts).expect("valid");
        let number = |n: u64| Value::Int(i64::try_from(n).expect("small"));
        let settings = settings
            .iter()
            .map(|(name, n)| ((*name).to_owned(), number(*n)))
            .collect();
        let seen = SeenResource {
            settings,
            etag: None,
        };
        self.world.resources.insert(address, seen);
    }

    /// A declared stamp that is yet to be built.
    pub(crate) fn declare(&mut self, name: &str, kind: StampKind, region: &str) -> &mut Stamp {
        let stamp =
            super::naming::stamp(id(name), shape(kind, region), DesiredStamp::Active, false);
        self.fleet.stamps.entry(stamp.id.clone()).or_insert(stamp)
    }

    /// A declared shared stamp of [`HERE`] that serves; its metrics stand at `points` of each.
    pub(crate) fn serving(&mut self, name: &str, points: u64) -> &mut Stamp {
        self.seen(name, StampKind::Shared, HERE, StampState::Active);
        self.metrics(name, &[points; 4]);
        self.declare(name, StampKind::Shared, HERE)
    }

    /// A stamp's entry in the registry.
    pub(crate) fn seen(&mut self, name: &str, kind: StampKind, region: &str, state: StampState) {
        let seen = SeenStamp {
            state,
            kind,
            region: id(region),
            generation: 1,
            accepting: true,
            protected: false,
            subscription: "sub".into(),
            since: None,
            etag: Some(Etag("1".into())),
        };
        self.world.stamps.insert(id(name), seen);
    }

    /// What is measured of a stamp: cpu, memory, storage, DTU as far as given.
    pub(crate) fn metrics(&mut self, name: &str, points: &[u64]) {
        let group = names::resource_group(name);
        let called = ["cpu", "memory", "storage", "dtu"];
        let mut settings: Vec<(&str, u64)> =
            called.into_iter().zip(points.iter().copied()).collect();
        settings.push(("samples", 168));
        self.resource(Kind::StampMetrics, &["sub", &group], &settings);
    }

    /// A pool of [`HERE`].
    pub(crate) fn pool(&mut self, name: &str, kind: StampKind, min: u32, max: u32) {
        let pool = Pool {
            name: id(name),
            shape: shape(kind, HERE),
            min,
            max,
        };
        self.fleet.pools.insert(pool.name.clone(), pool);
    }

    /// A tenant of the manifest.
    pub(crate) fn tenant(&mut self, name: &str) -> &mut Tenant {
        let tenant = tenant(name);
        self.fleet
            .tenants
            .entry(tenant.id.clone())
            .or_insert(tenant)
    }

    /// A tenant that lives on the stamp.
    pub(crate) fn living(&mut self, name: &str, stamp: &str) -> &mut Tenant {
        let seen = SeenTenant {
            state: TenantState::Active,
            stamp: id(stamp),
            routed: true,
            moved_from: None,
            held: Some(false),
            measured: None,
            requests_per_day: None,
            etag: Some(Etag("1".into())),
        };
        self.world.tenants.insert(id(name), seen);
        self.tenant(name)
    }

    /// The answer.
    pub(crate) fn placed(&self) -> Answer {
        Answer::of(&super::place(&self.fleet, &self.world))
    }

    /// The world after the plan: opened and declared stamps serve, tenants live where they were
    /// placed, retired stamps are tombstones, and metrics say what the tenants need.
    pub(crate) fn applied(&self, placement: &Answer) -> Self {
        let mut next = self.clone();
        // An entry that names what is gone must not come to life with what is built there.
        let stamps = &self.world.stamps;
        let dead = |stamp: &StampId| {
            stamps
                .get(stamp)
                .is_none_or(|s| s.state == StampState::Deleted)
        };
        next.world.tenants.retain(|_, seen| !dead(&seen.stamp));
        let cores = super::laws::cores_taken(self, placement);
        for seen in next.world.resources.values_mut() {
            if let Some(free) = seen.int("available") {
                let left = Value::Int(free.saturating_sub(cores).max(0));
                seen.settings.insert("available".into(), left);
            }
        }
        for (stamp, placed) in &placement.stamps {
            let Some(shape) = &placed.stamp.shape else {
                continue;
            };
            let state = match placed.stamp.desired {
                DesiredStamp::Active => StampState::Active,
                DesiredStamp::Standby => StampState::Ready,
                DesiredStamp::Isolated => StampState::Isolated,
                DesiredStamp::Retired => StampState::Deleted,
            };
            next.seen(stamp.as_str(), shape.kind, shape.region.as_str(), state);
            let points = |d| match placed.load_after.known() {
                Some(load) => load.basis_points(&shape.capacity, d),
                None => 0,
            };
            if placed.load_after.known().is_some() {
                let points = crate::model::Dimension::ALL.map(points);
                next.metrics(stamp.as_str(), &points);
            }
        }
        for (tenant, decision) in &placement.decisions {
            if decision.was.as_ref() != Some(&decision.stamp) {
                let wanted = next.fleet.tenants[tenant].clone();
                *next.living(tenant.as_str(), decision.stamp.as_str()) = wanted;
            }
        }
        let ended: Vec<TenantId> = next
            .fleet
            .tenants
            .values()
            .filter(|tenant| tenant.desired != DesiredTenant::Active)
            .map(|tenant| tenant.id.clone())
            .collect();
        for tenant in ended {
            if let Some(seen) = next.world.tenants.get_mut(&tenant) {
                seen.state = TenantState::Offboarded;
            }
        }
        next
    }
}

/// An answer in which those who stay have a decision too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) decisions: BTreeMap<TenantId, Decision>,
    pub(crate) unplaceable: BTreeMap<TenantId, Unplaceable>,
    pub(crate) stamps: BTreeMap<StampId, PlacedStamp>,
    pub(crate) bounds: Bounds,
}

impl Answer {
    fn of(placement: &Placement<'_>) -> Self {
        let homes = placement.homes.iter();
        let decided = homes.map(|home| (home.id.clone(), home.decision().expect("a home")));
        Self {
            decisions: decided
                .map(|(id, decision)| (id, decision.into_owned()))
                .collect(),
            unplaceable: placement.unplaceable.clone(),
            stamps: placement.stamps.clone(),
            bounds: placement.bounds.clone(),
        }
    }
}

/// The stamp that a tenant was given.
pub(crate) fn home(placement: &Answer, tenant: &str) -> Option<String> {
    let decision = placement.decisions.get(&id::<TenantId>(tenant))?;
    Some(decision.stamp.to_string())
}

/// The stamps that the plan opens.
pub(crate) fn opened(placement: &Answer) -> Vec<String> {
    let opened = |origin: &StampOrigin| matches!(origin, StampOrigin::Opened { .. });
    placement
        .stamps
        .iter()
        .filter(|(_, placed)| opened(&placed.origin))
        .map(|(id, _): (&StampId, _)| id.to_string())
        .collect()
}

/// A disaster recovery stamp.
pub(crate) const DR: Role = Role::Dr;
