//! The world's faults in ARM's words: one table. Pure.

use stampctl_contract::Fault;
use stampctl_contract::FaultClass;

use super::wire::Refusal;

/// Codes of the world that ARM says with another status than the class alone gives.
const CODES: &[(&str, u16, &str)] = &[
    ("PreconditionFailed", 412, "PreconditionFailed"),
    ("ResourceExists", 412, "PreconditionFailed"),
    ("ScopeLocked", 409, "ScopeLocked"),
    ("SubscriptionDisabled", 409, "ReadOnlyDisabledSubscription"),
    ("ParentResourceNotFound", 404, "ParentResourceNotFound"),
    ("SubscriptionNotFound", 404, "SubscriptionNotFound"),
    ("ResourceNotFound", 404, "ResourceNotFound"),
    ("GroupQuotaNotFound", 404, "ResourceNotFound"),
    ("OperationNotFound", 404, "NotFound"),
    ("ElasticPoolNotEmpty", 400, "ElasticPoolNotEmpty"),
    ("ProductHasSubscriptions", 400, "ValidationError"),
    ("NoSuchContent", 400, "SourceDatabaseNotFound"),
    ("CapacityReservationInUse", 409, "OperationNotAllowed"),
    ("GroupQuotaExceeded", 409, "InsufficientQuota"),
    ("QuotaLimitBelowUsage", 409, "QuotaBelowUsage"),
    ("GroupLimitBelowAllocations", 409, "QuotaBelowUsage"),
];

/// What ARM would answer where the world fails with `fault`.
pub(crate) fn refusal(fault: &Fault) -> Refusal {
    let known = CODES.iter().find(|(code, _, _)| *code == fault.code);
    let (status, code) = match (known, fault.class) {
        (Some((_, status, code)), _) => (*status, *code),
        (None, FaultClass::Transient) => (503, "ServiceUnavailable"),
        (None, FaultClass::Throttled) => (429, "TooManyRequests"),
        (None, FaultClass::Denied) => (403, "AuthorizationFailed"),
        (None, FaultClass::Quota) => (409, "OperationNotAllowed"),
        (None, FaultClass::Conflict) => (409, fault.code.as_str()),
        (None, FaultClass::Capacity) => (409, "AllocationFailed"),
        (None, FaultClass::Permanent) => (400, fault.code.as_str()),
    };
    let message = match (fault.class, code) {
        (FaultClass::Quota, "OperationNotAllowed") => format!(
            "Operation could not be completed as it results in exceeding approved Cores quota. \
             Additional details - Deployment Model: Resource Manager. {}. Submit a request for \
             Quota increase at https://aka.ms/ProdportalCRP/",
            fault.message
        ),
        (FaultClass::Conflict, "OperationNotAllowed") => {
            format!(
                "{}: virtual machines are still associated with it.",
                fault.message
            )
        }
        _ => fault.message.clone(),
    };
    let mut refusal = Refusal::new(status, code, message);
    refusal.retry_after = fault.retry_after_seconds;
    // The effect may have happened and nobody is told: a connection that breaks.
    refusal.drops = fault.ambiguous;
    refusal
}
