//! The kinds of steps, and what each may break.

use std::fmt;

use serde::Deserialize;
use serde::Serialize;

/// What a step may break.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Hazard {
    /// Nothing.
    Safe,
    /// Somebody may notice while it lasts.
    Disruptive,
    /// It cannot be undone: the point of no return of its subject.
    Irreversible,
}

macro_rules! step_kinds {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, $hazard:ident;)*) => {
        /// The kinds of steps. The list is closed: a rule that speaks of order speaks of these.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
            schemars::JsonSchema,
        )]
        pub enum StepKind {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)*
        }

        impl StepKind {
            /// Every kind, in declaration order.
            pub const ALL: &'static [StepKind] = &[$(StepKind::$variant,)*];

            /// The word for the kind.
            pub const fn word(self) -> &'static str {
                match self { $(StepKind::$variant => $word,)* }
            }

            /// What a step of this kind may break.
            pub const fn hazard(self) -> Hazard {
                match self { $(StepKind::$variant => Hazard::$hazard,)* }
            }
        }
    };
}

step_kinds! {
    // Quota and reservations.
    /// Creates a quota group and adds its subscriptions.
    QuotaGroupCreate = "quota_group.create", Safe;
    /// Asks for a higher limit of a group.
    QuotaIncrease = "quota.increase", Safe;
    /// Waits until the higher limit is granted; pauses the run.
    QuotaGranted = "quota.granted", Safe;
    /// Checks that the group has the cores (O-22).
    QuotaHeadroom = "quota.headroom", Safe;
    /// Gives a subscription cores of the group.
    QuotaAllocate = "quota.allocate", Safe;
    /// Returns cores of a subscription to the group (O-1). About a stamp.
    QuotaReturn = "quota.return", Disruptive;
    /// Checks the return on both sides against the baseline (O-2). About a stamp.
    QuotaVerify = "quota.verify", Safe;
    /// Creates a reservation or raises its instances.
    ReservationEnsure = "reservation.ensure", Safe;
    /// Checks that the reservation holds what was asked for (O-24).
    ReservationVerify = "reservation.verify", Safe;
    /// Dissociates a stamp from its reservation and lowers its instances (O-5). About a stamp.
    ReservationReduce = "reservation.reduce", Disruptive;

    // A stamp comes.
    /// Writes the stamp's registry entry: creating.
    StampRegister = "stamp.register", Safe;
    /// Creates the stamp's resources.
    StampDeploy = "stamp.deploy", Safe;
    /// Waits until the stamp is live and ready, twice in a row.
    StampHealth = "stamp.health", Safe;
    /// Checks the stamp's smoke test.
    StampSmoke = "stamp.smoke", Safe;
    /// Lets traffic in.
    IngressAdd = "ingress.add", Safe;
    /// Checks that traffic arrives.
    IngressVerify = "ingress.verify", Safe;
    /// Writes the stamp's registry entry: active.
    StampActivate = "stamp.activate", Safe;
    /// Starts the machines of a stamp on standby.
    ComputeStart = "compute.start", Safe;
    /// Changes settings of a stamp in place.
    StampUpdate = "stamp.update", Disruptive;
    /// Takes a protection's lock away or adds it.
    StampProtect = "stamp.protect", Safe;

    // A stamp rests or goes.
    /// Closes the stamp for new tenants (O-8).
    PlacementClose = "placement.close", Safe;
    /// Opens the stamp for new tenants.
    PlacementOpen = "placement.open", Safe;
    /// Checks that no tenant lives on the stamp (O-6).
    TenantsZero = "tenants.zero", Safe;
    /// Stops traffic to the stamp (O-9).
    IngressRemove = "ingress.remove", Disruptive;
    /// Waits until no connection is open (O-9).
    ConnectionsWait = "connections.wait", Safe;
    /// Waits until no job runs (O-10).
    JobsWait = "jobs.wait", Safe;
    /// Writes the stamp's registry entry: draining.
    StampDrain = "stamp.drain", Safe;
    /// Reduces a drained stamp to its warm minimum and writes: ready.
    StampStandby = "stamp.standby", Disruptive;
    /// Takes a stamp out of service for an incident and writes: isolated.
    StampIsolate = "stamp.isolate", Disruptive;
    /// Backs up the stamp's data (O-13).
    StampBackup = "stamp.backup", Safe;
    /// Checks that the backup can be relied on.
    BackupVerify = "backup.verify", Safe;
    /// Takes the stamp's alerts away (O-14).
    MonitoringRemove = "monitoring.remove", Safe;
    /// Deallocates the machines and scales them to zero (O-4).
    ComputeRelease = "compute.release", Disruptive;
    /// Checks that the usage has fallen (O-4, X-70).
    UsageVerify = "usage.verify", Safe;
    /// Writes the stamp's registry entry: quota returned.
    StampReleased = "stamp.released", Safe;
    /// Checks once more that no tenant lives on the stamp, right before deleting (O-7).
    TenantsRecheck = "tenants.recheck", Safe;
    /// Checks that no hold refers to the stamp (O-20).
    StampHolds = "stamp.holds", Safe;
    /// Checks that the resource group holds nothing of anyone else (O-18).
    OwnershipVerify = "ownership.verify", Safe;
    /// Deletes the stamp's origin (O-90).
    IngressDelete = "ingress.delete", Irreversible;
    /// Deletes the stamp's data.
    DataDelete = "data.delete", Irreversible;
    /// Deletes the stamp's resource group.
    StampDelete = "stamp.delete", Irreversible;
    /// Checks that nothing of the stamp is left (O-19).
    StampAbsence = "stamp.absence", Safe;
    /// Writes the stamp's registry entry: deleted. The id stays taken.
    StampTombstone = "stamp.tombstone", Safe;

    // A stamp has tenants.
    /// Checks that a stamp can still take its new tenants (O-31).
    CapacityRecheck = "capacity.recheck", Safe;
    /// Writes what is derived: tags and counts (O-37).
    ProjectionSync = "projection.sync", Safe;
    /// Repairs what was changed behind the fleet's back.
    DriftRepair = "drift.repair", Safe;

    // A tenant comes.
    /// Creates the tenant's database, schema or rows.
    TenantData = "tenant.data", Safe;
    /// Creates the tenant's blob container.
    TenantBlob = "tenant.blob", Safe;
    /// Creates the tenant's user of the API gateway.
    ApiUser = "api.user", Safe;
    /// Creates the tenant's subscription of the API gateway.
    ApiSubscribe = "api.subscribe", Safe;
    /// Attaches the tenant's policy at the API gateway.
    ApiPolicy = "api.policy", Safe;
    /// Checks that everything of the tenant is there.
    TenantHealth = "tenant.health", Safe;
    /// Routes the tenant: its registry entry, last (O-33).
    RouteRegister = "route.register", Safe;
    /// Changes a tenant's registry entry in place.
    TenantUpdate = "tenant.update", Safe;

    // A tenant moves.
    /// Takes a snapshot of the tenant before it moves (O-46).
    TenantSnapshot = "tenant.snapshot", Safe;
    /// Checks that the snapshot can be relied on.
    SnapshotVerify = "snapshot.verify", Safe;
    /// Stops the tenant's writes for the short window.
    TenantFreeze = "tenant.freeze", Disruptive;
    /// Copies this tenant's data, and no other's (I-7).
    TenantCopy = "tenant.copy", Safe;
    /// Compares source and destination; all must be equal (O-51).
    TenantCompare = "tenant.compare", Safe;
    /// Routes the tenant to its new stamp and lets it write again.
    TenantSwitch = "tenant.switch", Disruptive;
    /// Waits the soak time after the switch (O-54); pauses the run.
    TenantSoak = "tenant.soak", Safe;
    /// Waits for a person to say that the source may go (O-54); pauses the run.
    TenantConfirm = "tenant.confirm", Safe;
    /// Deletes the tenant's data on the source.
    SourceDelete = "source.delete", Irreversible;
    /// Checks that nothing of the tenant is left on the source (O-57).
    SourceAbsence = "source.absence", Safe;
    /// Writes that the move is settled.
    TenantSettle = "tenant.settle", Safe;

    // A tenant goes.
    /// Writes the tenant's registry entry: offboarding.
    TenantLeave = "tenant.leave", Safe;
    /// Checks that the tenant is on no hold (O-20).
    HoldCheck = "hold.check", Safe;
    /// Stops routing the tenant (O-38).
    RouteRemove = "route.remove", Disruptive;
    /// Takes the tenant's access at the API gateway away (O-38).
    ApiRevoke = "api.revoke", Disruptive;
    /// Waits until no request of the tenant runs (O-39).
    TenantDrain = "tenant.drain", Safe;
    /// Exports the tenant's data (O-40).
    TenantExport = "tenant.export", Safe;
    /// Checks that the export can be relied on (O-40).
    ExportVerify = "export.verify", Safe;
    /// Deletes the tenant's data.
    TenantDelete = "tenant.delete", Irreversible;
    /// Checks that nothing of the tenant is left.
    TenantAbsence = "tenant.absence", Safe;
    /// Writes the tenant's registry entry: offboarded. The id stays taken.
    TenantTombstone = "tenant.tombstone", Safe;
}

impl StepKind {
    /// Whether the fleet relies on what its subject's earlier steps did as soon as such a step has
    /// had its effect: the registry then says that a stamp serves or that a tenant lives there.
    /// Nothing of the subject is taken back afterwards; the only way is forward.
    pub const fn is_relied_on(self) -> bool {
        matches!(
            self,
            Self::StampActivate | Self::RouteRegister | Self::TenantSwitch
        )
    }
}

impl fmt::Display for StepKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
