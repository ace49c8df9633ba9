//! A tenant as it is written, and the words of the format. Pure.

use super::declare::document;
use super::scalar::Hundredths;
use super::scalar::MOST;
use super::scalar::Region;
use super::scalar::Text;
use super::scalar::Whole;
use super::scalar::Word;
use super::scalar::words;
use super::written::ExportDoc;
use super::written::PlacementDoc;
use crate::model::Increase;
use crate::model::StampKind;
use crate::model::stamp::DesiredStamp;
use crate::model::stamp::Isolation;
use crate::model::stamp::Role;
use crate::model::tenant::DesiredTenant;
use crate::model::tenant::Tier;

document! {
    /// What a tenant needs. What is not said here is users × `policy.demand_per_user`.
    DemandDoc {
        /// Compute, in millicores.
        cpu_millicores: Whole<MOST>,
        /// Memory, in MiB.
        memory_mib: Whole<MOST>,
        /// Storage, in GiB.
        storage_gib: Whole<MOST>,
        /// Database throughput, in DTU.
        dtu: Hundredths,
        /// Requests a day.
        requests_per_day: Whole<MOST>,
    }
}

document! {
    /// A tenant.
    TenantDoc {
        /// How many users it has. Default: 0.
        users: Whole<1_000_000_000>,
        /// The commercial tier. Default: `standard`. Other words: `basic-shared-tier` and
        /// `bronze` (basic), `silver` and `gold` (standard), `platinum` (premium),
        /// `enterprise-dedicated-tier` (enterprise).
        tier: Word<Tier>,
        /// The region: a hard bound of placement.
        region: Region,
        /// `auto` (default), or the stamp that it is pinned to.
        placement: PlacementDoc,
        /// What it should be: `active` (default), `offboarded` or `erased`.
        desired: Word<DesiredTenant>,
        /// Whether it is on legal hold. The manifest can add a hold and never lift one.
        legal_hold: bool,
        /// `enterprise`: a contract that forces a dedicated stamp whatever the tenant's size.
        contract: Word<Contract>,
        /// What it needs. Default: users × `policy.demand_per_user`.
        demand: DemandDoc,
        /// Requests a day.
        requests_per_day: Whole<MOST>,
        /// `required` (default), or `{ waived: REASON }`: its data leaves without an export.
        export: ExportDoc,
        /// Tenants of one group never share a stamp.
        anti_affinity: Text,
        /// The e-mail address of its contact.
        contact: Text,
    }
}

/// What a tenant's contract says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contract {
    Standard,
    Enterprise,
}

words!(
    Contract,
    "contract",
    "enterprise" = Enterprise,
    "standard" = Standard
);
words!(
    StampKind,
    "kind of stamp",
    "shared" = Shared,
    "dedicated" = Dedicated
);
words!(Role, "role", "pool" = Pool, "dr" = Dr);
words!(
    Increase,
    "answer to a shortage",
    "refuse" = Refuse,
    "request" = Request
);
words!(
    Isolation,
    "isolation",
    "database" = Database,
    "schema" = Schema,
    "rows" = Rows
);
words!(
    DesiredStamp,
    "state of a stamp",
    "active" = Active,
    "standby" = Standby,
    "isolated" = Isolated,
    "retired" = Retired,
);
words!(
    DesiredTenant,
    "state of a tenant",
    "active" = Active,
    "offboarded" = Offboarded,
    "erased" = Erased,
);
words!(
    Tier,
    "tier",
    "basic" = Basic,
    "standard" = Standard,
    "premium" = Premium,
    "enterprise" = Enterprise,
    "basic-shared-tier" = Basic,
    "enterprise-dedicated-tier" = Enterprise,
    "bronze" = Basic,
    "silver" = Standard,
    "gold" = Standard,
    "platinum" = Premium,
);
