//! What a step of each kind may do to the cloud, and what it must. Data; `acts` judges by it.
//!
//! The list is closed. A call that is not listed for its kind is refused, and a setting that
//! decides over life and death (see [`guarded`]) is written only where it is listed.

use stampctl_contract::Kind;

use crate::plan::format::StepKind;

/// The ways to change a resource, without what they carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Put or patch.
    Write,
    /// Put only.
    Put,
    /// Delete.
    Delete,
    /// Copy.
    Copy,
}

/// Whose resource a call may address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The registry entry of the step's own subject.
    Entry,
    /// The resource group of the step's stamp itself.
    Group,
    /// Something in the resource group of the step's stamp.
    Inside,
    /// The origin of the step's stamp.
    Origin,
    /// The quota group of one of the plan's accounts.
    QuotaGroup,
    /// The step's account, group side.
    GroupQuota,
    /// The step's account, what one subscription has of it.
    Allocation,
    /// The step's reservation, or the one that its stamp uses.
    Reservation,
    /// The resource group of the step's reservation, if it is no stamp's.
    ReservationGroup,
    /// Data of the step's tenant on a stamp that the step names.
    Data,
    /// What the API gateway knows of the step's tenant.
    Gateway,
    /// The backup of the step's stamp.
    Backup,
    /// The snapshot or export of the step's tenant.
    Snapshot,
}

/// What a setting must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Must {
    /// This text.
    Text(&'static str),
    /// This truth value.
    Be(bool),
    /// The number zero.
    Zero,
    /// Written, whatever it is; rules look at the value.
    Given,
    /// The id of a stamp that the step names.
    NamedStamp,
    /// The id of the step's tenant.
    OwnTenant,
    /// Absent or an empty text, or (with `Put`) left out.
    Gone,
}

/// One kind of call.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// How.
    pub way: Way,
    /// What.
    pub kind: Kind,
    /// Whose.
    pub whose: Whose,
    /// What it must write.
    pub sets: &'static [(&'static str, Must)],
    /// Guarded settings that it may write besides.
    pub may: &'static [&'static str],
    /// Whether the step must have such a call.
    pub needed: bool,
}

/// Settings that only the steps made for it may write.
pub fn guarded(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::RegistryItem => &[
            "state",
            "accepting",
            "routed",
            "frozen",
            "stamp",
            "moved_from",
            "held",
            "protected",
            "generation",
        ],
        Kind::ScaleSet => &["instances", "power", "reservation"],
        Kind::Origin => &["enabled"],
        _ => &[],
    }
}

type Sets = &'static [(&'static str, Must)];

/// Writes the registry entry of the step's subject.
const fn entry(sets: Sets, may: &'static [&'static str]) -> Call {
    Call {
        way: Way::Write,
        kind: Kind::RegistryItem,
        whose: Whose::Entry,
        sets,
        may,
        needed: true,
    }
}

/// Must do this.
const fn must(way: Way, kind: Kind, whose: Whose, sets: Sets) -> Call {
    Call {
        way,
        kind,
        whose,
        sets,
        may: &[],
        needed: true,
    }
}

/// May do this.
const fn may(way: Way, kind: Kind, whose: Whose, settings: &'static [&'static str]) -> Call {
    Call {
        way,
        kind,
        whose,
        sets: &[],
        may: settings,
        needed: false,
    }
}

/// The tags of the stamp's group: projections of its entry.
const TAGS: Call = may(Way::Write, Kind::ResourceGroup, Whose::Group, &[]);

/// What a step of the kind may and must do. Empty for checks.
pub fn calls(kind: StepKind) -> &'static [Call] {
    use StepKind as K;
    match kind {
        K::QuotaGroupCreate
        | K::QuotaIncrease
        | K::QuotaAllocate
        | K::QuotaReturn
        | K::ReservationEnsure
        | K::ReservationReduce => capacity(kind),
        K::StampRegister
        | K::StampDeploy
        | K::IngressAdd
        | K::StampActivate
        | K::ComputeStart
        | K::StampUpdate
        | K::StampProtect
        | K::PlacementClose
        | K::PlacementOpen
        | K::ProjectionSync
        | K::DriftRepair => stamp(kind),
        K::IngressRemove
        | K::StampDrain
        | K::StampStandby
        | K::StampIsolate
        | K::StampBackup
        | K::MonitoringRemove
        | K::ComputeRelease
        | K::StampReleased
        | K::IngressDelete
        | K::DataDelete
        | K::StampDelete
        | K::StampTombstone => stamp_goes(kind),
        K::TenantData
        | K::TenantBlob
        | K::ApiUser
        | K::ApiSubscribe
        | K::ApiPolicy
        | K::RouteRegister
        | K::TenantUpdate
        | K::TenantSnapshot
        | K::TenantFreeze
        | K::TenantCopy
        | K::TenantSwitch
        | K::SourceDelete
        | K::TenantSettle
        | K::TenantLeave
        | K::RouteRemove
        | K::ApiRevoke
        | K::TenantExport
        | K::TenantDelete
        | K::TenantTombstone => tenant(kind),
        K::QuotaGranted
        | K::QuotaHeadroom
        | K::QuotaVerify
        | K::ReservationVerify
        | K::StampHealth
        | K::StampSmoke
        | K::IngressVerify
        | K::TenantsZero
        | K::ConnectionsWait
        | K::JobsWait
        | K::BackupVerify
        | K::UsageVerify
        | K::TenantsRecheck
        | K::StampHolds
        | K::OwnershipVerify
        | K::StampAbsence
        | K::CapacityRecheck
        | K::TenantHealth
        | K::SnapshotVerify
        | K::TenantCompare
        | K::TenantSoak
        | K::TenantConfirm
        | K::SourceAbsence
        | K::HoldCheck
        | K::TenantDrain
        | K::ExportVerify
        | K::TenantAbsence => &[],
    }
}

fn capacity(kind: StepKind) -> &'static [Call] {
    const CORES: Sets = &[("cores", Must::Given)];
    const INSTANCES: Sets = &[("instances", Must::Given)];
    const ALLOCATION: Call = must(Way::Put, Kind::QuotaAllocation, Whose::Allocation, CORES);
    const RESERVED: Kind = Kind::CapacityReservation;
    match kind {
        StepKind::QuotaGroupCreate => {
            const { &[must(Way::Put, Kind::QuotaGroup, Whose::QuotaGroup, &[])] }
        }
        StepKind::QuotaIncrease => {
            const LIMIT: Sets = &[("limit", Must::Given)];
            const { &[must(Way::Write, Kind::GroupQuota, Whose::GroupQuota, LIMIT)] }
        }
        StepKind::QuotaAllocate | StepKind::QuotaReturn => const { &[ALLOCATION] },
        StepKind::ReservationEnsure => {
            const {
                &[
                    may(
                        Way::Write,
                        Kind::ResourceGroup,
                        Whose::ReservationGroup,
                        &[],
                    ),
                    must(Way::Write, RESERVED, Whose::Reservation, INSTANCES),
                ]
            }
        }
        StepKind::ReservationReduce => {
            const {
                &[
                    Call {
                        needed: false,
                        ..must(
                            Way::Write,
                            Kind::ScaleSet,
                            Whose::Inside,
                            &[("reservation", Must::Gone)],
                        )
                    },
                    must(Way::Write, RESERVED, Whose::Reservation, INSTANCES),
                ]
            }
        }
        _ => &[],
    }
}

fn stamp(kind: StepKind) -> &'static [Call] {
    const ON: Sets = &[("enabled", Must::Be(true))];
    const OFF: Sets = &[("enabled", Must::Be(false))];
    const SCALE: &[&str] = &["instances", "power", "reservation"];
    match kind {
        StepKind::StampRegister => {
            const MAY: &[&str] = &["accepting", "protected", "generation"];
            const { &[entry(&[("state", Must::Text("creating"))], MAY), TAGS] }
        }
        StepKind::StampDeploy => {
            const {
                &[
                    must(Way::Put, Kind::ResourceGroup, Whose::Group, &[]),
                    Call {
                        may: SCALE,
                        ..must(Way::Put, Kind::ScaleSet, Whose::Inside, &[])
                    },
                    must(Way::Put, Kind::SqlServer, Whose::Inside, &[]),
                    may(Way::Put, Kind::SqlDatabase, Whose::Inside, &[]),
                    must(Way::Put, Kind::StorageAccount, Whose::Inside, &[]),
                    must(Way::Put, Kind::Alert, Whose::Inside, &[]),
                    may(Way::Put, Kind::Lock, Whose::Inside, &[]),
                    Call {
                        needed: false,
                        ..must(Way::Put, Kind::Origin, Whose::Origin, OFF)
                    },
                ]
            }
        }
        StepKind::IngressAdd => const { &[must(Way::Write, Kind::Origin, Whose::Origin, ON)] },
        StepKind::StampActivate => {
            const ACTIVE: Sets = &[("state", Must::Text("active"))];
            const MAY: &[&str] = &["accepting", "protected", "generation"];
            const { &[entry(ACTIVE, MAY), TAGS] }
        }
        StepKind::ComputeStart => {
            const {
                &[Call {
                    may: &["instances", "power"],
                    ..must(Way::Write, Kind::ScaleSet, Whose::Inside, &[])
                }]
            }
        }
        StepKind::StampUpdate => {
            const {
                &[
                    Call {
                        needed: false,
                        ..entry(&[], &[])
                    },
                    TAGS,
                    may(
                        Way::Write,
                        Kind::ScaleSet,
                        Whose::Inside,
                        &["instances", "reservation"],
                    ),
                    may(Way::Write, Kind::SqlServer, Whose::Inside, &[]),
                    may(Way::Write, Kind::SqlDatabase, Whose::Inside, &[]),
                    may(Way::Write, Kind::StorageAccount, Whose::Inside, &[]),
                    may(Way::Write, Kind::Alert, Whose::Inside, &[]),
                    may(Way::Write, Kind::Origin, Whose::Origin, &[]),
                ]
            }
        }
        StepKind::StampProtect => {
            const {
                &[
                    Call {
                        needed: false,
                        ..entry(&[], &["protected"])
                    },
                    TAGS,
                    may(Way::Write, Kind::Lock, Whose::Inside, &[]),
                    may(Way::Delete, Kind::Lock, Whose::Inside, &[]),
                ]
            }
        }
        StepKind::PlacementClose => {
            const { &[entry(&[("accepting", Must::Be(false))], &[]), TAGS] }
        }
        StepKind::PlacementOpen => const { &[entry(&[("accepting", Must::Be(true))], &[]), TAGS] },
        StepKind::ProjectionSync => {
            const {
                &[
                    Call {
                        needed: true,
                        ..TAGS
                    },
                    Call {
                        needed: false,
                        ..entry(&[], &[])
                    },
                ]
            }
        }
        StepKind::DriftRepair => {
            const {
                &[
                    Call {
                        needed: false,
                        ..entry(&[], &[])
                    },
                    TAGS,
                    may(
                        Way::Write,
                        Kind::ScaleSet,
                        Whose::Inside,
                        &["instances", "power", "reservation"],
                    ),
                    may(Way::Write, Kind::SqlServer, Whose::Inside, &[]),
                    may(Way::Write, Kind::SqlDatabase, Whose::Inside, &[]),
                    may(Way::Write, Kind::StorageAccount, Whose::Inside, &[]),
                    may(Way::Write, Kind::Alert, Whose::Inside, &[]),
                    may(Way::Write, Kind::Lock, Whose::Inside, &[]),
                    may(Way::Write, Kind::Origin, Whose::Origin, &["enabled"]),
                ]
            }
        }
        _ => &[],
    }
}

fn stamp_goes(kind: StepKind) -> &'static [Call] {
    const DELETING: Call = Call {
        needed: false,
        ..entry(&[("state", Must::Text("deleting"))], &[])
    };
    const OFF: Sets = &[("enabled", Must::Be(false))];
    const SET: Kind = Kind::ScaleSet;
    match kind {
        StepKind::IngressRemove => const { &[must(Way::Write, Kind::Origin, Whose::Origin, OFF)] },
        StepKind::StampDrain => const { &[entry(&[("state", Must::Text("draining"))], &[]), TAGS] },
        StepKind::StampStandby => {
            const {
                &[
                    entry(&[("state", Must::Text("ready"))], &[]),
                    TAGS,
                    may(Way::Write, SET, Whose::Inside, &["instances"]),
                ]
            }
        }
        StepKind::StampIsolate => {
            const ISOLATED: Sets = &[("state", Must::Text("isolated"))];
            const { &[entry(ISOLATED, &["accepting"]), TAGS] }
        }
        StepKind::StampBackup => const { &[must(Way::Put, Kind::Backup, Whose::Backup, &[])] },
        StepKind::MonitoringRemove => {
            const {
                &[
                    may(Way::Delete, Kind::Alert, Whose::Inside, &[]),
                    Call {
                        needed: false,
                        ..must(Way::Write, Kind::Alert, Whose::Inside, OFF)
                    },
                ]
            }
        }
        StepKind::ComputeRelease => {
            const {
                &[
                    entry(&[("state", Must::Text("releasing"))], &[]),
                    TAGS,
                    must(
                        Way::Write,
                        SET,
                        Whose::Inside,
                        &[("power", Must::Text("deallocated"))],
                    ),
                    must(Way::Write, SET, Whose::Inside, &[("instances", Must::Zero)]),
                ]
            }
        }
        StepKind::StampReleased => {
            const { &[entry(&[("state", Must::Text("quota_returned"))], &[]), TAGS] }
        }
        StepKind::IngressDelete => {
            const {
                &[
                    DELETING,
                    must(Way::Delete, Kind::Origin, Whose::Origin, &[]),
                ]
            }
        }
        StepKind::DataDelete => {
            const {
                &[
                    DELETING,
                    TAGS,
                    must(Way::Delete, Kind::SqlServer, Whose::Inside, &[]),
                    must(Way::Delete, Kind::StorageAccount, Whose::Inside, &[]),
                    may(Way::Delete, Kind::SqlDatabase, Whose::Inside, &[]),
                ]
            }
        }
        StepKind::StampDelete => {
            const {
                &[
                    DELETING,
                    TAGS,
                    must(Way::Delete, Kind::ResourceGroup, Whose::Group, &[]),
                ]
            }
        }
        StepKind::StampTombstone => const { &[entry(&[("state", Must::Text("deleted"))], &[])] },
        _ => &[],
    }
}

fn tenant(kind: StepKind) -> &'static [Call] {
    const WRITE: Way = Way::Write;
    const DATA: Whose = Whose::Data;
    const DB: Kind = Kind::SqlDatabase;
    const SCHEMA: Kind = Kind::TenantSchema;
    const BLOB: Kind = Kind::BlobContainer;
    const BACKUP: Sets = &[("tenant", Must::OwnTenant)];
    match kind {
        StepKind::TenantData => {
            const { &[may(WRITE, DB, DATA, &[]), may(WRITE, SCHEMA, DATA, &[])] }
        }
        StepKind::TenantBlob => const { &[must(WRITE, BLOB, DATA, &[])] },
        StepKind::ApiUser => const { &[must(WRITE, Kind::ApiUser, Whose::Gateway, &[])] },
        StepKind::ApiSubscribe => {
            const { &[must(WRITE, Kind::ApiSubscription, Whose::Gateway, &[])] }
        }
        StepKind::ApiPolicy => const { &[must(WRITE, Kind::ApiPolicy, Whose::Gateway, &[])] },
        StepKind::RouteRegister => {
            const HOME: Sets = &[
                ("stamp", Must::NamedStamp),
                ("state", Must::Text("active")),
                ("routed", Must::Be(true)),
            ];
            const { &[entry(HOME, &["frozen", "held"])] }
        }
        StepKind::TenantUpdate => const { &[entry(&[], &["held", "state", "routed", "frozen"])] },
        StepKind::TenantSnapshot | StepKind::TenantExport => {
            const { &[must(Way::Put, Kind::Backup, Whose::Snapshot, BACKUP)] }
        }
        StepKind::TenantFreeze => {
            const FROZEN: Sets = &[
                ("frozen", Must::Be(true)),
                ("state", Must::Text("migrating")),
            ];
            const { &[entry(FROZEN, &[])] }
        }
        StepKind::TenantCopy => {
            const {
                &[
                    may(Way::Copy, DB, DATA, &[]),
                    may(Way::Copy, SCHEMA, DATA, &[]),
                    may(Way::Copy, BLOB, DATA, &[]),
                ]
            }
        }
        StepKind::TenantSwitch => {
            const HOME: Sets = &[
                ("stamp", Must::NamedStamp),
                ("moved_from", Must::NamedStamp),
                ("frozen", Must::Be(false)),
                ("state", Must::Text("active")),
            ];
            const { &[entry(HOME, &["routed"])] }
        }
        StepKind::SourceDelete | StepKind::TenantDelete => {
            const {
                &[
                    may(Way::Delete, DB, DATA, &[]),
                    may(Way::Delete, SCHEMA, DATA, &[]),
                    may(Way::Delete, BLOB, DATA, &[]),
                ]
            }
        }
        StepKind::TenantSettle => {
            const {
                &[entry(
                    &[("moved_from", Must::Gone)],
                    &["stamp", "state", "routed"],
                )]
            }
        }
        StepKind::TenantLeave => const { &[entry(&[("state", Must::Text("offboarding"))], &[])] },
        StepKind::RouteRemove => const { &[entry(&[("routed", Must::Be(false))], &[])] },
        StepKind::ApiRevoke => {
            const {
                &[
                    may(Way::Delete, Kind::ApiPolicy, Whose::Gateway, &[]),
                    may(Way::Delete, Kind::ApiSubscription, Whose::Gateway, &[]),
                    may(Way::Delete, Kind::ApiUser, Whose::Gateway, &[]),
                    may(WRITE, Kind::ApiSubscription, Whose::Gateway, &[]),
                    may(WRITE, Kind::ApiUser, Whose::Gateway, &[]),
                ]
            }
        }
        StepKind::TenantTombstone => {
            const {
                &[entry(
                    &[("state", Must::Text("offboarded"))],
                    &["stamp", "routed", "moved_from"],
                )]
            }
        }
        _ => &[],
    }
}
