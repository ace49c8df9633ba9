//! Changes that are held up, cut short, or not granted, over scripted answers.

use std::sync::Arc;

use serde_json::json;
use stampctl_contract::Operation;
use stampctl_contract::Precondition;
use stampctl_contract::Provider as _;
use stampctl_contract::Value;
use stampctl_contract::Verb;

use super::*;
use crate::Config;
use crate::Credential;
use crate::Endpoints;
use crate::Places;
use crate::Rates;
use crate::Secret;
use crate::testing::Scripted;
use crate::testing::Virtual;
use crate::testing::says;
use crate::wire::Lost;
use crate::wire::Response;

fn azure(answers: Vec<Result<Response, Lost>>) -> (Azure, Arc<Scripted>) {
    let script = Scripted::new(answers);
    let config = Config {
        endpoints: Endpoints::at("http://127.0.0.1:1"),
        credential: Credential::Static {
            token: Secret::new("t"),
        },
        rates: Rates::default(),
        places: Places::default(),
    };
    let azure = Azure::new(config, script.clone(), Virtual::new()).unwrap();
    (azure, script)
}

fn no(status: u16, code: &str) -> Result<Response, Lost> {
    let body = json!({"error": {"code": code, "message": "m"}});
    says(status, &[], &body.to_string())
}

fn lock() -> Operation {
    let level = Value::from("CanNotDelete");
    Operation {
        address: Address::new(Kind::Lock, &["s", "rg", "l"]).unwrap(),
        verb: Verb::Put {
            settings: Settings::from([("level".to_owned(), level)]),
        },
        precondition: Precondition::Any,
    }
}

fn delete(kind: Kind, parts: &[&str]) -> Operation {
    Operation {
        address: Address::new(kind, parts).unwrap(),
        verb: Verb::Delete,
        precondition: Precondition::Any,
    }
}

fn ticket(outcome: Outcome) -> Ticket {
    match outcome {
        Outcome::Accepted(ticket) => ticket,
        Outcome::Done(_) => panic!("it is done"),
    }
}

#[tokio::test]
async fn a_group_that_is_there_and_not_found_yet_is_waited_for() {
    let there = || says(200, &[], "{\"location\":\"r\"}");
    let made = "{\"properties\":{\"level\":\"CanNotDelete\"}}";
    let (azure, script) = azure(vec![
        no(404, "ResourceGroupNotFound"),
        there(),
        says(201, &[], made),
        says(404, &[], ""),
        says(200, &[], made),
    ]);
    let first = ticket(azure.perform(&lock(), "k").await.unwrap());
    let second = ticket(azure.poll(&first).await.unwrap());
    assert!(matches!(
        azure.poll(&second).await.unwrap(),
        Outcome::Done(Some(_))
    ));
    assert_eq!(script.asked().len(), 5);
}

#[tokio::test]
async fn a_group_that_is_not_there_is_a_refusal() {
    let (azure, _) = azure(vec![
        no(404, "ResourceGroupNotFound"),
        no(404, "ResourceGroupNotFound"),
    ]);
    let fault = azure.perform(&lock(), "k").await.unwrap_err();
    assert_eq!(fault.class, FaultClass::Permanent);
}

#[tokio::test]
async fn a_lock_that_is_gone_is_waited_for_and_one_that_is_there_is_not() {
    let group = delete(Kind::ResourceGroup, &["s", "rg"]);
    let (azure_, _) = azure(vec![
        no(409, "ScopeLocked"),
        says(200, &[], "{\"value\":[]}"),
        says(200, &[], ""),
        says(404, &[], ""),
    ]);
    let waits = ticket(azure_.perform(&group, "k").await.unwrap());
    assert_eq!(azure_.poll(&waits).await.unwrap(), Outcome::Done(None));
    let (azure_, _) = azure(vec![
        no(409, "ScopeLocked"),
        says(200, &[], "{\"value\":[{\"name\":\"theirs\"}]}"),
    ]);
    let fault = azure_.perform(&group, "k").await.unwrap_err();
    assert_eq!(fault.class, FaultClass::Denied);
}

#[tokio::test]
async fn a_group_of_reservations_settles_before_it_goes() {
    let reservation = delete(Kind::CapacityReservation, &["s", "rg", "crg"]);
    let (azure, script) = azure(vec![
        says(200, &[], "{\"properties\":{\"instanceView\":{}}}"),
        says(200, &[], "{\"value\":[{\"name\":\"crg-zone1\"}]}"),
        says(204, &[], ""),
        no(409, "CannotDeleteResource"),
        says(204, &[], ""),
        says(404, &[], ""),
    ]);
    let waits = ticket(azure.perform(&reservation, "k").await.unwrap());
    assert_eq!(waits.retry_after_seconds, 10);
    assert_eq!(azure.poll(&waits).await.unwrap(), Outcome::Done(None));
    assert!(
        script.asked()[2]
            .url
            .contains("/capacityReservations/crg-zone1?")
    );
}

#[tokio::test]
async fn what_is_not_granted_in_the_end_is_a_refusal_with_its_code() {
    let usages = || {
        let row = json!({"name": {"value": "f"}, "limit": 10, "currentValue": 0});
        says(200, &[], &json!({"value": [row]}).to_string())
    };
    let failed = json!({"value": [{"properties": {"provisioningState": "Failed",
        "faultCode": "ContactSupport", "requestSubmitTime": "2025"}}]});
    let mut answers = vec![usages(), says(200, &[], "{}")];
    answers.extend((0..LOOKS).map(|_| usages()));
    answers.push(says(200, &[], &failed.to_string()));
    let (azure, _) = azure(answers);
    let more = Operation {
        address: Address::new(Kind::Quota, &["s", "r", "f"]).unwrap(),
        verb: Verb::Put {
            settings: Settings::from([("limit".to_owned(), 20_i64.into())]),
        },
        precondition: Precondition::Any,
    };
    let mut waits = ticket(azure.perform(&more, "k").await.unwrap());
    for _ in 2..LOOKS {
        waits = ticket(azure.poll(&waits).await.unwrap());
    }
    let fault = azure.poll(&waits).await.unwrap_err();
    assert_eq!(
        (fault.class, fault.code.as_str()),
        (FaultClass::Quota, "ContactSupport")
    );
}
