//! The transport over a real socket, and a whole change with its polls over it.

#![expect(clippy::unwrap_used, clippy::similar_names, reason = "a test")]

use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use stampctl_azure::Azure;
use stampctl_azure::Clock;
use stampctl_azure::Config;
use stampctl_azure::Credential;
use stampctl_azure::Endpoints;
use stampctl_azure::Http;
use stampctl_azure::Places;
use stampctl_azure::Rates;
use stampctl_azure::Secret;
use stampctl_azure::wire::Body;
use stampctl_azure::wire::Method;
use stampctl_azure::wire::Request;
use stampctl_azure::wire::Transport as _;
use stampctl_contract::Address;
use stampctl_contract::FaultClass;
use stampctl_contract::Kind;
use stampctl_contract::Operation;
use stampctl_contract::Outcome;
use stampctl_contract::Precondition;
use stampctl_contract::Provider as _;
use stampctl_contract::Settings;
use stampctl_contract::Verb;

type Heard = Arc<Mutex<Vec<String>>>;

/// Answers connections in order, one request each; `{base}` in an answer is its own address. An
/// empty answer hangs up. Gives the address and what was heard.
fn serve(answers: Vec<&'static str>) -> (String, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let heard = Heard::default();
    let (at, ears) = (base.clone(), heard.clone());
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut text, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                let low = line.to_ascii_lowercase();
                if let Some(value) = low.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                text.push_str(&line);
                if line.trim().is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            text.push_str(&String::from_utf8(body).unwrap());
            ears.lock().unwrap().push(text);
            let answer = answer.replace("{base}", &at);
            let (head, body) = answer.split_once("\n\n").unwrap_or((&answer, ""));
            if head.is_empty() {
                continue;
            }
            let head = head.replace('\n', "\r\n");
            let length = body.len();
            let whole = format!(
                "HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
            );
            stream.write_all(whole.as_bytes()).unwrap();
        }
    });
    (base, heard)
}

fn request(method: Method, url: String, body: Body) -> Request {
    Request {
        method,
        url,
        headers: vec![("x-test", "yes".to_owned())],
        body,
    }
}

struct Still;

#[async_trait]
impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    async fn sleep(&self, _: Duration) {}
}

fn azure(base: &str) -> Azure {
    let config = Config {
        endpoints: Endpoints::at(base),
        credential: Credential::Static {
            token: Secret::new("loop"),
        },
        rates: Rates::default(),
        places: Places::default(),
    };
    Azure::new(config, Arc::new(Http::new().unwrap()), Arc::new(Still)).unwrap()
}

#[tokio::test]
async fn requests_go_out_as_resource_manager_wants_them() {
    let (base, heard) = serve(vec![
        "200 OK\nx-a: b\n\n\u{feff}{\"ok\":1}",
        "204 No\n\n",
        "302 No\nlocation: {base}/x\n\n",
    ]);
    let http = Http::new().unwrap();
    let json = Body::Json(serde_json::json!({"a": 1}));
    let answer = http
        .send(request(Method::Put, format!("{base}/p?q"), json))
        .await
        .unwrap();
    assert_eq!((answer.status, answer.header("x-a")), (200, Some("b")));
    assert_eq!(answer.json().unwrap()["ok"], 1);
    http.send(request(Method::Delete, format!("{base}/d"), Body::None))
        .await
        .unwrap();
    let moved = http
        .send(request(Method::Get, format!("{base}/g"), Body::None))
        .await
        .unwrap();
    assert_eq!(moved.status, 302, "redirects are not followed");
    let heard = heard.lock().unwrap();
    let low: Vec<String> = heard.iter().map(|text| text.to_ascii_lowercase()).collect();
    assert!(low[0].starts_with("put /p?q http/1.1"));
    assert!(low[0].contains("content-type: application/json") && low[0].ends_with("{\"a\":1}"));
    assert!(low[1].contains("content-length: 0") && !low[1].contains("content-type"));
}

#[tokio::test]
async fn a_lost_answer_is_told_from_a_refused_connection() {
    let (base, _) = serve(vec![""]);
    let http = Http::new().unwrap();
    let lost = http
        .send(request(Method::Put, format!("{base}/p"), Body::None))
        .await
        .unwrap_err();
    assert!(lost.sent, "{}", lost.reason);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}/p", closed.local_addr().unwrap());
    drop(closed);
    let refused = http
        .send(request(Method::Put, nobody, Body::None))
        .await
        .unwrap_err();
    assert!(!refused.sent, "{}", refused.reason);
}

#[tokio::test]
async fn a_change_is_followed_by_another_process() {
    let (base, heard) = serve(vec![
        "202 Accepted\nlocation: {base}/op?sig=1\nretry-after: 15\n\n",
        "202 Accepted\nlocation: {base}/op?sig=2\nretry-after: 15\n\n",
        "200 OK\n\n",
        "404 Not Found\n\n{\"error\":{\"code\":\"ResourceGroupNotFound\",\"message\":\"gone\"}}",
    ]);
    let group = Address::new(Kind::ResourceGroup, &["sub", "rg-a"]).unwrap();
    let delete = Operation {
        address: group,
        verb: Verb::Delete,
        precondition: Precondition::Any,
    };
    let Outcome::Accepted(ticket) = azure(&base).perform(&delete, "k").await.unwrap() else {
        panic!("it takes time");
    };
    assert_eq!(ticket.retry_after_seconds, 15);
    let written = serde_json::to_string(&ticket).unwrap();
    let ticket = serde_json::from_str(&written).unwrap();
    let Outcome::Accepted(ticket) = azure(&base).poll(&ticket).await.unwrap() else {
        panic!("it still takes time");
    };
    let done = azure(&base).poll(&ticket).await.unwrap();
    assert_eq!(done, Outcome::Done(None));
    let heard = heard.lock().unwrap();
    assert!(
        heard[2].starts_with("GET /op?sig=2 "),
        "the newest link is followed"
    );
    assert!(heard.iter().all(|text| {
        text.to_ascii_lowercase()
            .contains("authorization: bearer loop")
    }));
}

#[tokio::test]
async fn a_lost_put_is_ambiguous_and_a_forged_ticket_is_refused() {
    let (base, heard) = serve(vec!["", "200 OK\n\n{}"]);
    let azure = azure(&base);
    let group = Address::new(Kind::ResourceGroup, &["sub", "rg-a"]).unwrap();
    let settings = Settings::from([("region".to_owned(), "eastus2".into())]);
    let put = Operation {
        address: group.clone(),
        verb: Verb::Put { settings },
        precondition: Precondition::Any,
    };
    let fault = azure.perform(&put, "k").await.unwrap_err();
    assert_eq!(
        (fault.class, fault.ambiguous),
        (FaultClass::Transient, true)
    );
    let journey = serde_json::json!({"key": "k", "address": group, "removes": true, "expects": {},
        "running": {"via": "location", "url": "https://evil.example/", "resource": "x",
                    "method": "DELETE", "misses": 0, "wait": 1},
        "rest": [], "settled": 0, "looked": 0});
    for id in ["{}".to_owned(), journey.to_string()] {
        let ticket = stampctl_contract::Ticket {
            id,
            address: group.clone(),
            retry_after_seconds: 1,
        };
        let fault = azure.poll(&ticket).await.unwrap_err();
        assert_eq!(fault.class, FaultClass::Permanent);
    }
    assert_eq!(
        heard.lock().unwrap().len(),
        1,
        "no token left for a foreign host"
    );
}
