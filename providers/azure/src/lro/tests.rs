//! The shapes of operations as services answer them (recorded-shapes, azure.md 4.1).

use serde_json::json;

use super::*;

const RESOURCE: &str = "https://management.azure.com/r?api-version=1";

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    Response {
        status,
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        text: body.to_owned(),
    }
}

fn state(word: &str) -> String {
    json!({"properties": {"provisioningState": word}}).to_string()
}

fn status(word: &str) -> String {
    json!({"status": word}).to_string()
}

fn running(method: Method, response: &Response) -> Running {
    match begin(method, RESOURCE, response) {
        Begun::Running(running) => running,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_group_that_the_documents_call_synchronous() {
    let created = answer(
        201,
        &[("azure-asyncoperation", "https://m/op")],
        &state("Creating"),
    );
    let mut op = running(Method::Put, &created);
    assert_eq!((op.url(), op.wait()), ("https://m/op", 2));
    let more = op.advance(&answer(200, &[], &status("InProgress")));
    assert_eq!(more, Progress::Running(4));
    let done = op.advance(&answer(200, &[], &status("Succeeded")));
    assert!(matches!(done, Progress::Done(Some(_))));
}

#[test]
fn our_own_waits_grow_and_the_clouds_are_kept() {
    let accepted = answer(
        202,
        &[("location", "https://m/l"), ("retry-after", "15")],
        "",
    );
    let mut op = running(Method::Delete, &accepted);
    assert_eq!(op.wait(), 15);
    let waits: Vec<Progress> = (0..3).map(|_| op.advance(&answer(202, &[], ""))).collect();
    assert_eq!(waits, [30, 30, 30].map(Progress::Running));
    let asked = op.advance(&answer(202, &[("retry-after", "7")], ""));
    assert_eq!(asked, Progress::Running(7));
    assert_eq!(op.advance(&answer(200, &[], "")), Progress::Done(None));
}

#[test]
fn a_location_that_answers_200_while_it_is_still_at_it() {
    let accepted = answer(
        202,
        &[("location", "https://m/1"), ("retry-after", "30")],
        "",
    );
    let mut op = running(Method::Patch, &accepted);
    let signed = answer(200, &[("location", "https://m/2")], &status("Accepted"));
    assert!(matches!(op.advance(&signed), Progress::Running(_)));
    assert_eq!(op.url(), "https://m/2");
    assert!(matches!(
        op.advance(&answer(200, &[], &status("Succeeded"))),
        Progress::Done(_)
    ));
}

#[test]
fn a_resource_that_tells_by_itself() {
    let mut op = running(Method::Put, &answer(201, &[], &state("Accepted")));
    assert_eq!(op.url(), RESOURCE);
    assert_eq!(op.advance(&answer(404, &[], "")), Progress::Running(4));
    assert_eq!(
        op.advance(&answer(200, &[], &state("Creating"))),
        Progress::Running(8)
    );
    assert!(matches!(
        op.advance(&answer(200, &[], "{}")),
        Progress::Done(_)
    ));
}

#[test]
fn what_is_done_at_once_is_done() {
    for body in ["{}", &state("Succeeded"), ""] {
        let begun = begin(Method::Put, RESOURCE, &answer(200, &[], body));
        assert!(matches!(begun, Begun::Done(_)), "{body}");
    }
    let deleted = begin(Method::Delete, RESOURCE, &answer(204, &[], ""));
    assert_eq!(deleted, Begun::Done(None));
}

#[test]
fn operations_that_end_badly_say_why() {
    let begun = answer(202, &[("azure-asyncoperation", "https://m/op")], "");
    let mut op = running(Method::Put, &begun);
    let failed = json!({"status": "Failed", "error": {"code": "AllocationFailed", "message": "x"}});
    let Progress::Failed(fault) = op.advance(&answer(200, &[], &failed.to_string())) else {
        panic!("it did not fail");
    };
    assert_eq!(
        (fault.class, fault.ambiguous),
        (FaultClass::Capacity, false)
    );
    let Progress::Failed(fault) = op.advance(&answer(200, &[], &status("Cancelled"))) else {
        panic!("it did not fail");
    };
    assert_eq!(fault.code, "Cancelled");
    let Begun::Failed(_) = begin(Method::Put, RESOURCE, &answer(200, &[], &state("Failed"))) else {
        panic!("a Failed resource is not done");
    };
}

#[test]
fn a_request_that_waits_for_people_stops_the_waiting() {
    let begun = answer(202, &[("azure-asyncoperation", "https://m/op")], "");
    let mut op = running(Method::Patch, &begun);
    let Progress::Failed(fault) = op.advance(&answer(200, &[], &status("Escalated"))) else {
        panic!("it goes on");
    };
    assert_eq!(fault.class, FaultClass::Quota);
    assert!(fault.message.contains("support"));
}

#[test]
fn an_operation_not_found_yet_is_asked_again_and_then_the_resource() {
    let begun = answer(201, &[("azure-asyncoperation", "https://m/op")], "");
    let mut op = running(Method::Put, &begun);
    for _ in 0..3 {
        assert!(matches!(
            op.advance(&answer(404, &[], "")),
            Progress::Running(_)
        ));
        assert_eq!(op.url(), "https://m/op");
    }
    assert!(matches!(
        op.advance(&answer(404, &[], "")),
        Progress::Running(_)
    ));
    assert_eq!(op.url(), RESOURCE);
    assert!(matches!(
        op.advance(&answer(200, &[], &state("Succeeded"))),
        Progress::Done(_)
    ));
}

#[test]
fn an_operation_that_may_not_be_read_is_asked_of_the_resource() {
    let begun = answer(202, &[("azure-asyncoperation", "https://m/op")], "");
    let mut op = running(Method::Delete, &begun);
    assert!(matches!(
        op.advance(&answer(403, &[], "")),
        Progress::Running(_)
    ));
    assert_eq!(op.url(), RESOURCE);
    assert!(matches!(
        op.advance(&answer(200, &[], "{}")),
        Progress::Running(_)
    ));
    assert_eq!(op.advance(&answer(404, &[], "")), Progress::Done(None));
}

#[test]
fn throttled_and_broken_polls_are_not_the_operations_end() {
    let begun = answer(202, &[("azure-asyncoperation", "https://m/op")], "");
    let mut op = running(Method::Put, &begun);
    let slow = answer(429, &[("retry-after", "11")], "");
    assert_eq!(op.advance(&slow), Progress::Running(11));
    assert!(matches!(
        op.advance(&answer(503, &[], "")),
        Progress::Running(_)
    ));
}

#[test]
fn the_state_survives_being_written_down() {
    let long = format!("https://m/op?t={}", "x".repeat(4096));
    let begun = answer(202, &[("azure-asyncoperation", long.as_str())], "");
    let op = running(Method::Put, &begun);
    let text = serde_json::to_string(&op).unwrap();
    assert_eq!(serde_json::from_str::<Running>(&text).unwrap(), op);
}
