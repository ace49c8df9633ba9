//! What an answer that says no means: one table from status, code and message to the class of
//! the fault. Pure.
//!
//! The codes are azure.md 4.2's. The same code means different things (`OperationNotAllowed` is
//! quota, a busy resource and an attached machine), so the message is looked at too, and the
//! three causes why machines do not come are told apart: not offered (permanent), not allowed
//! (quota), not there (capacity). What is not in the table falls to its status.

use serde_json::Value as Json;
use stampctl_contract::Fault;
use stampctl_contract::FaultClass;

use crate::wire::Lost;
use crate::wire::Method;
use crate::wire::Response;

/// One row: status (0 is any), code (`*` at the end is any rest), part of the message, class.
type Row = (u16, &'static str, &'static str, FaultClass);

#[rustfmt::skip]
const TABLE: &[Row] = &[
    // Not offered.
    (0, "SkuNotAvailable", "", FaultClass::Permanent),
    (0, "NotAvailableForSubscription", "", FaultClass::Permanent),
    (0, "RegionDoesNotAllowProvisioning", "", FaultClass::Permanent),
    (0, "QuotaNotAvailableForResource", "", FaultClass::Permanent),
    (0, "RegionNotSupported", "", FaultClass::Permanent),
    // Not allowed: quota.
    (0, "QuotaExceeded", "", FaultClass::Quota),
    (0, "ErrCode_InsufficientVCPUQuota", "", FaultClass::Quota),
    (0, "OperationNotAllowed", "exceeding approved", FaultClass::Quota),
    (0, "OperationNotAllowed", "quota", FaultClass::Quota),
    (0, "ResourceQuotaExceeded", "", FaultClass::Quota),
    (0, "ServerQuotaExceeded", "", FaultClass::Quota),
    (0, "QuotaBelowUsage", "", FaultClass::Quota),
    (0, "QuotaReductionNotSupported", "", FaultClass::Quota),
    (0, "InsufficientQuota", "", FaultClass::Quota),
    (0, "NotEnoughCores", "", FaultClass::Quota),
    (0, "ContactSupport", "", FaultClass::Quota),
    // Not there: machines.
    (0, "AllocationFailed", "", FaultClass::Capacity),
    (0, "ZonalAllocationFailed", "", FaultClass::Capacity),
    (0, "OverconstrainedAllocationRequest", "", FaultClass::Capacity),
    (0, "OverconstrainedZonalAllocationRequest", "", FaultClass::Capacity),
    // A 429 that is not throttling: somebody else's write is under way (S58).
    (0, "RetryableErrorDueToAnotherOperation", "", FaultClass::Conflict),
    (0, "CanceledAndSupersededDueToAnotherOperation", "", FaultClass::Conflict),
    // Throttling under other names.
    (0, "TooManyRequests", "", FaultClass::Throttled),
    (0, "OperationNotAllowed", "too many requests", FaultClass::Throttled),
    (0, "SubscriptionTooManyCreateUpdateRequests", "", FaultClass::Throttled),
    (0, "SubscriptionTooManyRequests", "", FaultClass::Throttled),
    // Somebody is at it.
    (0, "OperationNotAllowed", "is in progress", FaultClass::Conflict),
    (0, "OperationNotAllowed", "associated", FaultClass::Conflict),
    (0, "OperationNotAllowed", "in use", FaultClass::Conflict),
    (0, "AnotherOperationInProgress", "", FaultClass::Conflict),
    (0, "ConflictingDatabaseOperation", "", FaultClass::Conflict),
    (0, "40802", "", FaultClass::Conflict),
    (0, "SkuAssignmentInProgress", "", FaultClass::Conflict),
    (0, "UpdateSloInProgress", "", FaultClass::Conflict),
    (0, "UpsertLogicalServerRequestAlreadyInProgress", "", FaultClass::Conflict),
    (0, "DropLogicalServerAlreadyInProgress", "", FaultClass::Conflict),
    (0, "RemoteDatabaseExists", "", FaultClass::Conflict),
    (0, "ElasticPoolBusy", "", FaultClass::Conflict),
    (0, "ElasticPoolNotEmpty", "", FaultClass::Conflict),
    (0, "PessimisticConcurrencyConflict", "", FaultClass::Conflict),
    (0, "StorageAccountBeingCreated", "", FaultClass::Conflict),
    (0, "AccountIsNotProvisioned", "", FaultClass::Conflict),
    (0, "ContainerBeingDeleted", "", FaultClass::Conflict),
    (0, "ResourceGroupBeingDeleted", "", FaultClass::Conflict),
    (0, "CannotDeleteResource", "", FaultClass::Conflict),
    (0, "DeploymentActive", "", FaultClass::Conflict),
    (0, "EtagMismatch", "", FaultClass::Conflict),
    (0, "ServerIsBusy", "", FaultClass::Conflict),
    (0, "ServerBusy", "", FaultClass::Transient),
    (0, "InUse*", "", FaultClass::Conflict),
    // May not.
    (0, "ScopeLocked", "", FaultClass::Denied),
    (0, "AuthorizationFailed", "", FaultClass::Denied),
    (0, "LinkedAuthorizationFailed", "", FaultClass::Denied),
    (0, "DenyAssignmentAuthorizationFailed", "", FaultClass::Denied),
    (0, "RequestDisallowedByPolicy", "", FaultClass::Denied),
    (0, "ReadOnlyDisabledSubscription", "", FaultClass::Denied),
    (0, "SubscriptionDisabled", "", FaultClass::Denied),
    (0, "InvalidAuthenticationToken*", "", FaultClass::Denied),
    (0, "ExpiredAuthenticationToken", "", FaultClass::Denied),
    // Will not work as asked.
    (0, "MissingSubscriptionRegistration", "", FaultClass::Permanent),
    (0, "InvalidResourceGroupLocation", "", FaultClass::Permanent),
    (0, "InvalidResourceLocation", "", FaultClass::Permanent),
    (0, "StorageAccountAlreadyTaken", "", FaultClass::Permanent),
    (0, "NameAlreadyExists", "", FaultClass::Permanent),
    (0, "NameNotAvailable", "", FaultClass::Permanent),
    (0, "ServiceAlreadyExistsInSoftDeletedState", "", FaultClass::Permanent),
    (0, "DeploymentQuotaExceeded", "", FaultClass::Permanent),
    (0, "ParentResourceNotFound", "", FaultClass::Permanent),
    (0, "ResourceGroupNotFound", "", FaultClass::Permanent),
    (0, "SubscriptionNotFound", "", FaultClass::Permanent),
    (0, "OperationNotAllowed", "", FaultClass::Permanent),
    // By status alone.
    (401, "*", "", FaultClass::Denied),
    (403, "*", "", FaultClass::Denied),
    (408, "*", "", FaultClass::Transient),
    (409, "*", "", FaultClass::Conflict),
    (412, "*", "", FaultClass::Conflict),
    (423, "*", "", FaultClass::Conflict),
    (429, "*", "", FaultClass::Throttled),
    (449, "*", "", FaultClass::Conflict),
    (500, "*", "", FaultClass::Transient),
    (502, "*", "", FaultClass::Transient),
    (503, "*", "", FaultClass::Transient),
    (504, "*", "", FaultClass::Transient),
    (0, "Canceled", "", FaultClass::Transient),
    (0, "*", "", FaultClass::Permanent),
];

/// The longest message that is kept of a foreign text.
const LONGEST: usize = 2_000;

/// The fault of an answer that is not a success.
///
/// After a 5xx or a 408 to a change, the change may have happened (S64): the fault is ambiguous.
pub fn of_response(method: Method, response: &Response) -> Fault {
    let (code, message) = said(response);
    let mut fault = classify(response.status, &code, &message);
    fault.retry_after_seconds = response.retry_after();
    let unsure = response.status >= 500 || response.status == 408;
    fault.ambiguous = method != Method::Get && unsure && fault.class == FaultClass::Transient;
    fault
}

/// The fault of a request that got no answer.
pub fn of_lost(method: Method, lost: &Lost) -> Fault {
    if lost.lasting {
        return permanent("NotTrusted", clip(&lost.reason));
    }
    let fault = Fault::new(FaultClass::Transient, "NoAnswer", clip(&lost.reason));
    if lost.sent && method != Method::Get {
        return fault.ambiguous();
    }
    fault
}

/// The fault of an operation that ended badly: `error` is what its status says.
pub fn of_operation(status: &str, error: Option<&Json>) -> Fault {
    let found = error.and_then(dig);
    let (code, message) =
        found.unwrap_or_else(|| (status.to_owned(), "the operation said no more".to_owned()));
    classify(0, &code, &message)
}

/// The class of a status (0 where there is none), code and message.
pub fn classify(status: u16, code: &str, message: &str) -> Fault {
    let low = message.to_ascii_lowercase();
    let row = TABLE.iter().find(|(want, pattern, part, _)| {
        (*want == 0 || *want == status) && matches(pattern, code) && low.contains(part)
    });
    let class = row.map_or(FaultClass::Permanent, |row| row.3);
    Fault::new(class, clip(code), clip(message))
}

fn matches(pattern: &str, code: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => code
            .get(..start.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(start)),
        None => pattern.eq_ignore_ascii_case(code),
    }
}

/// The innermost code and message of an answer, or its status and text.
fn said(response: &Response) -> (String, String) {
    let found = response.json().as_ref().and_then(dig);
    found.unwrap_or_else(|| {
        let text = response.text.trim();
        let html = text.starts_with('<');
        let message = if text.is_empty() || html {
            format!("HTTP {} without an error body", response.status)
        } else {
            text.to_owned()
        };
        (format!("Http{}", response.status), message)
    })
}

/// The innermost code and message of an error envelope, in any of the spellings that occur (S07).
fn dig(json: &Json) -> Option<(String, String)> {
    dig_to(json, 8)
}

fn dig_to(json: &Json, depth: u8) -> Option<(String, String)> {
    if depth == 0 {
        return None;
    }
    for envelope in ["error", "odata.error", "Error"] {
        if let Some(inner) = json.get(envelope).filter(|inner| inner.is_object()) {
            return dig_to(inner, depth - 1);
        }
    }
    let code = field(json, &["code", "Code", "errorCode", "faultCode"])?;
    let message = field(json, &["message", "Message"]).unwrap_or_default();
    let nested = nested(json, &message, depth);
    match nested {
        // An inner text that the table does not know says less than a wrapper that it knows.
        Some((inner, words)) if known(&inner, &words) || !known(&code, &message) => {
            Some((inner, words))
        }
        _ => Some((code, message)),
    }
}

fn nested(json: &Json, message: &str, depth: u8) -> Option<(String, String)> {
    let in_message = message
        .find('{')
        .and_then(|at| serde_json::from_str::<Json>(message.get(at..)?.trim()).ok())
        .and_then(|inner| dig_to(&inner, depth - 1));
    let details = json.get("details").or_else(|| json.get("Details"));
    let in_details = || {
        let list = details?.as_array()?;
        list.iter().find_map(|detail| dig_to(detail, depth - 1))
    };
    let in_inner = || {
        json.get("innererror")
            .and_then(|inner| dig_to(inner, depth - 1))
    };
    in_message.or_else(in_details).or_else(in_inner)
}

/// Whether a row other than the last names this code.
fn known(code: &str, message: &str) -> bool {
    let low = message.to_ascii_lowercase();
    TABLE.iter().any(|(_, pattern, part, _)| {
        *pattern != "*" && matches(pattern, code) && low.contains(part)
    })
}

fn field(json: &Json, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| match json.get(name)? {
        Json::String(text) if !text.is_empty() => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Object(inner) => inner.get("value").and_then(Json::as_str).map(str::to_owned),
        _ => None,
    })
}

fn clip(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let head: String = text.chars().take(LONGEST).collect();
    format!("{head}...")
}

/// A fault of the provider's own: it will never work as asked.
pub(crate) fn permanent(code: &str, message: impl Into<String>) -> Fault {
    Fault::new(FaultClass::Permanent, code, message)
}

/// A fault of the provider's own: the resource is not as the call wants it.
pub(crate) fn conflict(code: &str, message: impl Into<String>) -> Fault {
    Fault::new(FaultClass::Conflict, code, message)
}

#[cfg(test)]
mod tests;
