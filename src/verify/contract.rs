//! What a step of each kind may do to the cloud, and what it must. Data; `acts` judges by it.
//!
//! The list is closed. A call that is not listed for its kind is refused, and a setting that
//! decides over life and death (see [`guarded`]) is written only where it is listed.

mod capacity;
mod stamp;
mod stamp_goes;
mod tenant;

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
#[expect(
    clippy::too_many_lines,
    reason = "a closed table: one arm for each kind of step"
)]
pub fn calls(kind: StepKind) -> &'static [Call] {
    use StepKind as K;
    match kind {
        K::QuotaGroupCreate
        | K::QuotaIncrease
        | K::QuotaAllocate
        | K::QuotaReturn
        | K::ReservationEnsure
        | K::ReservationReduce => capacity::calls(kind),
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
        | K::DriftRepair => stamp::calls(kind),
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
        | K::StampTombstone => stamp_goes::calls(kind),
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
        | K::TenantTombstone => tenant::calls(kind),
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
