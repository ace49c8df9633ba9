//! What the planner found and did not turn into steps, so that an empty plan still explains
//! itself.

use serde::Deserialize;
use serde::Serialize;

use super::RuleId;
use super::Subject;

/// Something found, held back or refused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct Finding {
    /// What kind of finding it is.
    pub code: FindingCode,
    /// Whom it is about.
    pub subject: Subject,
    /// What was found, in one line, with its numbers.
    pub what: String,
    /// The rule behind it, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleId>,
    /// What would make it go away.
    pub help: String,
}

macro_rules! finding_codes {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, $refuses:literal;)*) => {
        /// The kinds of findings, those that refuse the plan first.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize,
            schemars::JsonSchema,
        )]
        #[serde(rename_all = "snake_case")]
        pub enum FindingCode { $($(#[$doc])* $variant,)* }

        impl FindingCode {
            /// Every code.
            pub const ALL: &'static [FindingCode] = &[$(FindingCode::$variant,)*];

            /// The words for it in text.
            pub const fn word(self) -> &'static str {
                match self { $(FindingCode::$variant => $word,)* }
            }

            /// Whether a plan with such a finding is refused (exit code 3).
            pub const fn refuses(self) -> bool {
                match self { $(FindingCode::$variant => $refuses,)* }
            }
        }
    };
}

finding_codes! {
    /// The plan does more than `policy.limits` allows.
    OverLimit = "over a limit", true;
    /// Something is not in the manifest and `policy.on_removed` is `refuse`.
    RemovedRefused = "not in the manifest", true;
    /// A tenant that no stamp and no pool can take.
    Unplaceable = "cannot be placed", true;
    /// A group has fewer cores than the plan needs.
    QuotaMissing = "quota is missing", true;
    /// A stamp may not go because others would be too few (I-4).
    BelowMinimum = "too few active stamps", true;
    /// A stamp cannot be retired as it is.
    RetirementBlocked = "cannot be retired", true;
    /// What a step needs to know was not seen.
    Unseen = "was not seen", true;
    /// A tenant on legal hold cannot be offboarded.
    Held = "is on legal hold", true;
    /// A protected stamp cannot be retired.
    Protected = "is protected", true;
    /// A change that needs a new stamp.
    NeedsReplacement = "needs a new stamp", true;
    /// A state from which the wished one cannot be reached (requirements F1).
    WrongState = "is in another state", true;
    /// Machines of a size that the subscription cannot have there: neither quota nor capacity.
    SkuNotOffered = "size is not offered", true;
    /// A subscription has fewer cores of its own than the plan needs.
    QuotaExceeded = "quota would be exceeded", true;
    /// A service that the subscription is not registered for.
    NotRegistered = "provider is not registered", true;
    /// A call that the caller may not make.
    NotPermitted = "permission is missing", true;
    /// Somebody's lock on what the plan changes or deletes.
    Locked = "is locked", true;
    /// Whether a call would be let in could not be looked at.
    Unchecked = "is UNKNOWN", false;
    /// A group's limit is less than the manifest expects.
    QuotaBelowExpected = "less quota than expected", false;
    /// Cores that are allocated and not needed by any stamp.
    StrandedQuota = "stranded quota", false;
    /// A stamp that exists and is not in the manifest.
    UnmanagedStamp = "unmanaged stamp", false;
    /// A tenant that exists and is not in the manifest.
    UnmanagedTenant = "unmanaged tenant", false;
    /// A stamp's load is UNKNOWN in a dimension; it takes no tenant.
    LoadUnknown = "load is UNKNOWN", false;
    /// A stamp is in a band from which something should be done.
    Band = "capacity band", false;
    /// A reservation's floor keeps cores back on a retirement.
    CoresRetained = "cores are kept", false;
    /// A tenant that the advisory class rules would give its own stamp.
    ClassAdvice = "a dedicated stamp is advised", false;
    /// A stamp on standby that is older than it should be.
    StandbyOld = "long on standby", false;
    /// Something of the world that could not be looked at.
    Gap = "not observed", false;
    /// A region has fewer active stamps than the policy's minimum.
    FewStamps = "few active stamps", false;
}
