//! Retries, refusals, links and tokens, on a virtual clock.

use super::*;
use crate::credential::Credential;
use crate::secret::Secret;
use crate::testing::Scripted;
use crate::testing::Virtual;
use crate::testing::says;
use crate::throttle::Rates;
use crate::wire::Lost;

const BASE: &str = "http://127.0.0.1:1";

fn client(script: &Arc<Scripted>, clock: &Arc<Virtual>) -> Client {
    let endpoints = Endpoints::at(BASE);
    let credential = Credential::Static {
        token: Secret::new("t0p"),
    };
    let tokens = Tokens::new(credential, endpoints.clone(), script.clone(), clock.clone());
    Client::new(
        endpoints,
        script.clone(),
        clock.clone(),
        tokens,
        Throttle::new(Rates::default()),
    )
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    let found = request.headers.iter().find(|(known, _)| *known == name);
    found.map_or("", |(_, value)| value)
}

fn lost() -> Result<Response, Lost> {
    Err(Lost {
        sent: true,
        lasting: false,
        reason: "reset".to_owned(),
    })
}

fn distrusted() -> Result<Response, Lost> {
    Err(Lost {
        sent: false,
        lasting: true,
        reason: "the other side is not trusted".to_owned(),
    })
}

#[tokio::test]
async fn a_read_outlives_passing_trouble() {
    let clock = Virtual::new();
    let script = Scripted::new(vec![
        lost(),
        says(503, &[], ""),
        says(429, &[("retry-after", "40")], ""),
        says(200, &[], "{\"a\":1}"),
    ]);
    let client = client(&script, &clock);
    let before = clock.now();
    let url = format!("{BASE}/subscriptions/S/x?api-version=1");
    let found = client.get(&url).await.unwrap().unwrap();
    assert_eq!(found["a"], 1);
    let waited = clock.now().as_second() - before.as_second();
    assert_eq!(waited, 2 + 4 + 40);
    let ids: std::collections::BTreeSet<String> = script
        .asked()
        .iter()
        .map(|request| header(request, "x-ms-client-request-id").to_owned())
        .collect();
    assert_eq!(ids.len(), 4, "each attempt has an id of its own");
    assert_eq!(client.throttled(), (4, 1));
}

#[tokio::test]
async fn a_stranger_is_called_once() {
    let clock = Virtual::new();
    let script = Scripted::new(vec![distrusted()]);
    let client = client(&script, &clock);
    let fault = client.get(&format!("{BASE}/x")).await.unwrap_err();
    assert_eq!(
        (fault.class, fault.ambiguous),
        (FaultClass::Permanent, false)
    );
    assert_eq!(fault.code, "NotTrusted");
    assert_eq!(script.asked().len(), 1);
}

#[tokio::test]
async fn a_change_is_sent_once() {
    for (answer, ambiguous) in [(lost(), true), (says(503, &[], ""), false)] {
        let clock = Virtual::new();
        let script = Scripted::new(vec![answer]);
        let client = client(&script, &clock);
        let put = client.manager(Method::Put, &format!("{BASE}/x"), "key");
        match client.send(&put).await {
            Err(fault) => assert!(fault.ambiguous && ambiguous),
            Ok(answer) => assert!(answer.status == 503 && !ambiguous),
        }
        assert_eq!(script.asked().len(), 1);
    }
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let clock = Virtual::new();
    let script = Scripted::new(vec![says(401, &[], ""), says(401, &[], "")]);
    let client = client(&script, &clock);
    let fault = client.get(&format!("{BASE}/x")).await.unwrap_err();
    assert_eq!(fault.class, FaultClass::Denied);
    assert_eq!(script.asked().len(), 2);
    assert_eq!(header(&script.asked()[0], "authorization"), "Bearer t0p");
}

#[tokio::test]
async fn lists_follow_links_of_the_same_service_only() {
    let clock = Virtual::new();
    let next = format!("{{\"value\":[],\"nextLink\":\"{BASE}/b\"}}");
    let script = Scripted::new(vec![
        says(
            200,
            &[],
            "{\"value\":[1,2],\"nextLink\":\"http://127.0.0.1:1/a\"}",
        ),
        says(200, &[], &next),
        says(200, &[], "{\"value\":[3],\"nextLink\":\"\"}"),
        says(
            200,
            &[],
            "{\"value\":[],\"nextLink\":\"https://evil.example/\"}",
        ),
    ]);
    let client = client(&script, &clock);
    let items = client.list(&format!("{BASE}/l")).await.unwrap();
    assert_eq!(items, [1, 2, 3].map(Json::from));
    let fault = client.list(&format!("{BASE}/l")).await.unwrap_err();
    assert_eq!(fault.code, "ForeignLink");
    assert_eq!(script.asked().len(), 4, "no token went to the foreign host");
}

#[tokio::test]
async fn writes_keep_to_their_rate_and_are_never_refused_twice_in_a_row() {
    let clock = Virtual::new();
    let mut answers: Vec<_> = (0..201).map(|_| says(200, &[], "")).collect();
    answers.insert(5, says(429, &[("retry-after", "3")], ""));
    let script = Scripted::new(answers);
    let client = client(&script, &clock);
    let start = clock.now();
    for n in 0..202 {
        let put = client.manager(Method::Put, &format!("{BASE}/subscriptions/s/{n}"), "k");
        client.send(&put).await.unwrap();
    }
    let took = clock.now().as_second() - start.as_second();
    // 3 s of rest, and 196 calls at three quarters of 10 a second, faster with each that is let in.
    assert!((26..=27).contains(&took), "{took}");
    assert_eq!(client.throttled(), (202, 1));
}
