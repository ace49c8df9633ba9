//! Answers as they occur, and what each must come to.

use serde_json::json;

use super::*;

fn answer(status: u16, text: impl Into<String>) -> Response {
    Response {
        status,
        headers: Vec::new(),
        text: text.into(),
    }
}

fn error(status: u16, code: &str, message: &str) -> Fault {
    let body = json!({"error": {"code": code, "message": message}});
    of_response(Method::Put, &answer(status, body.to_string()))
}

#[test]
fn not_offered_not_allowed_and_not_there_are_told_apart() {
    let quota = "Operation could not be completed as it results in exceeding approved \
                 standardDSv5Family Cores quota. Current Limit: 100";
    let cases = [
        (
            409,
            "SkuNotAvailable",
            "not available in location",
            FaultClass::Permanent,
        ),
        (
            400,
            "SkuNotAvailable",
            "not available in location",
            FaultClass::Permanent,
        ),
        (409, "OperationNotAllowed", quota, FaultClass::Quota),
        (409, "QuotaExceeded", quota, FaultClass::Quota),
        (
            400,
            "ErrCode_InsufficientVCPUQuota",
            "left 0",
            FaultClass::Quota,
        ),
        (409, "AllocationFailed", "no capacity", FaultClass::Capacity),
        (
            409,
            "ZonalAllocationFailed",
            "no capacity",
            FaultClass::Capacity,
        ),
        (
            409,
            "OverconstrainedAllocationRequest",
            "x",
            FaultClass::Capacity,
        ),
    ];
    for (status, code, message, class) in cases {
        let fault = error(status, code, message);
        assert_eq!((fault.class, fault.ambiguous), (class, false), "{code}");
        assert_eq!(fault.code, code);
    }
}

#[test]
fn one_code_with_three_meanings() {
    let busy = "Another operation (Scaling) is in progress, please wait";
    let held = "Capacity reservation has associated virtual machines";
    let throttled = "rejected because too many requests have been received";
    assert_eq!(
        error(409, "OperationNotAllowed", busy).class,
        FaultClass::Conflict
    );
    assert_eq!(
        error(409, "OperationNotAllowed", held).class,
        FaultClass::Conflict
    );
    assert_eq!(
        error(429, "OperationNotAllowed", throttled).class,
        FaultClass::Throttled
    );
    assert_eq!(
        error(409, "OperationNotAllowed", "no").class,
        FaultClass::Permanent
    );
}

#[test]
fn a_429_that_is_not_throttling_is_a_conflict() {
    let fault = error(429, "RetryableErrorDueToAnotherOperation", "");
    assert_eq!(fault.class, FaultClass::Conflict);
    assert_eq!(error(429, "Whatever", "").class, FaultClass::Throttled);
}

#[test]
fn statuses_decide_where_codes_do_not() {
    for (status, class) in [
        (400, FaultClass::Permanent),
        (401, FaultClass::Denied),
        (403, FaultClass::Denied),
        (404, FaultClass::Permanent),
        (409, FaultClass::Conflict),
        (412, FaultClass::Conflict),
        (500, FaultClass::Transient),
        (503, FaultClass::Transient),
    ] {
        assert_eq!(error(status, "Unheard", "of").class, class, "{status}");
    }
}

#[test]
fn a_change_without_an_answer_is_ambiguous_and_a_read_is_not() {
    let gone = answer(504, "<html>gateway</html>");
    assert!(of_response(Method::Put, &gone).ambiguous);
    assert!(!of_response(Method::Get, &gone).ambiguous);
    assert!(!error(409, "Conflict", "").ambiguous);
    let lost = |sent| Lost {
        sent,
        lasting: false,
        reason: "reset".to_owned(),
    };
    assert!(of_lost(Method::Delete, &lost(true)).ambiguous);
    assert!(!of_lost(Method::Delete, &lost(false)).ambiguous);
    assert!(!of_lost(Method::Get, &lost(true)).ambiguous);
}

#[test]
fn every_style_of_envelope_is_read() {
    let inner = json!({"error": {"code": "ZonalAllocationFailed", "message": "none"}}).to_string();
    let styles = [
        json!({"code": "EtagMismatch", "message": "m", "subcode": "s"}),
        json!({"Code": "Conflict", "Message": "m", "Target": null, "Details": []}),
        json!({"odata.error": {"code": "TooManyRequests", "message": {"value": "m"}}}),
        json!({"error": {"code": 40802, "message": "busy"}}),
        json!({"error": {"code": "DeploymentFailed", "message": "see details",
               "details": [{"code": "Conflict", "message": inner}]}}),
    ];
    let codes: Vec<String> = styles
        .iter()
        .map(|style| of_response(Method::Put, &answer(409, style.to_string())).code)
        .collect();
    assert_eq!(
        codes,
        [
            "EtagMismatch",
            "Conflict",
            "TooManyRequests",
            "40802",
            "ZonalAllocationFailed"
        ]
    );
    let empty = of_response(Method::Put, &answer(404, ""));
    assert_eq!(
        (empty.code.as_str(), empty.class),
        ("Http404", FaultClass::Permanent)
    );
}

#[test]
fn hostile_bodies_end() {
    let mut deep = json!({"code": "A", "message": "m"});
    for _ in 0..50 {
        deep = json!({"error": deep});
    }
    let fault = of_response(Method::Get, &answer(400, deep.to_string()));
    assert_eq!(fault.class, FaultClass::Permanent);
    let long = of_response(Method::Get, &answer(400, "ä".repeat(100_000)));
    assert!(long.message.chars().count() < 2_010);
}

#[test]
fn the_wait_that_is_asked_for_is_kept() {
    let mut response = answer(429, "");
    response
        .headers
        .push(("retry-after".to_owned(), "17".to_owned()));
    let fault = of_response(Method::Put, &response);
    assert_eq!(fault.retry_after_seconds, Some(17));
    response.headers = vec![("x-ms-retry-after-ms".to_owned(), "1500".to_owned())];
    assert_eq!(
        of_response(Method::Put, &response).retry_after_seconds,
        Some(2)
    );
}
