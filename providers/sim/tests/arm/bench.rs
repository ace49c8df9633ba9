//! A server on a free port of loopback, and a small client that checks every answer against
//! Microsoft's schemas.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read;
use std::io::Write;
use std::net::SocketAddr;
use std::net::TcpStream;
use std::sync::Arc;
use std::thread::JoinHandle;

use serde_json::Value as Json;
use serde_json::json;
use stampctl_sim::Sim;
use stampctl_sim::WorldSpec;
use stampctl_sim::arm;
use stampctl_sim::arm::Options;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::schemas;

/// The subscriptions of the test world.
pub(crate) const A: &str = "11111111-1111-4111-8111-111111111111";
pub(crate) const B: &str = "22222222-2222-4222-8222-222222222222";

/// The version of resource groups and compute.
pub(crate) const V: &str = "2024-07-01";

pub(crate) const WORLD: &str = r"
subscriptions:
  sub-a: 11111111-1111-4111-8111-111111111111
  sub-b: 22222222-2222-4222-8222-222222222222
quota:
  - { subscription: sub-a, region: eastus2, family: standardDSv5Family, cores: 64 }
quota_groups:
  - { name: qg, management_group: mg, subscriptions: [sub-a, sub-b],
      limits: [{ region: eastus2, family: standardDSv5Family, cores: 100 }] }
";

pub(crate) struct Bench {
    pub(crate) sim: Arc<Sim>,
    pub(crate) at: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Json,
    pub(crate) text: String,
}

impl Response {
    #[track_caller]
    pub(crate) fn ok(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!(
            (self.status, self.body["error"]["code"].as_str()),
            (status, Some(code)),
            "{}",
            self.text
        );
        self
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

impl Bench {
    pub(crate) fn new(extra: &str) -> Self {
        Self::with(extra, Options::default())
    }

    pub(crate) fn with(extra: &str, options: Options) -> Self {
        let spec = WorldSpec::from_yaml(&format!("{WORLD}{extra}")).expect("a world");
        let sim = Arc::new(Sim::in_memory(&spec).expect("a cloud"));
        let (stop, stopped) = oneshot::channel();
        let (told, tell) = std::sync::mpsc::channel();
        let served = Arc::clone(&sim);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
                told.send(listener.local_addr().expect("an address"))
                    .expect("the test waits");
                let until = async {
                    let _ = stopped.await;
                };
                arm::serve(served, listener, options, until)
                    .await
                    .expect("it serves");
            });
        });
        Self {
            sim,
            at: tell.recv().expect("the server is up"),
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// A call without a check of the answer. `None` where the connection breaks.
    pub(crate) fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Option<Response> {
        let mut stream = TcpStream::connect(self.at).expect("the server listens");
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
            self.at
        );
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").expect("a text grows");
        }
        write!(head, "Content-Length: {}\r\n\r\n{body}", body.len()).expect("a text grows");
        stream.write_all(head.as_bytes()).ok()?;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let text = String::from_utf8_lossy(&answer).into_owned();
        let (head, text) = text.split_once("\r\n\r\n")?;
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned()));
        Some(Response {
            status,
            headers: headers.collect(),
            body: serde_json::from_str(text).unwrap_or(Json::Null),
            text: text.to_owned(),
        })
    }

    /// A call of Resource Manager; the answer is checked against the schemas. `version` goes
    /// into the query unless the path has one.
    #[track_caller]
    pub(crate) fn call(&self, method: &str, path: &str, version: &str, body: &Json) -> Response {
        let text = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let path = if path.contains("api-version=") {
            path.to_owned()
        } else {
            let joint = if path.contains('?') { '&' } else { '?' };
            format!("{path}{joint}api-version={version}")
        };
        let answer = self
            .raw(
                method,
                &path,
                &[("Content-Type", "application/json")],
                &text,
            )
            .expect("an answer");
        schemas::check(method, &path, &answer);
        answer
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str, version: &str) -> Response {
        self.call("GET", path, version, &Json::Null)
    }

    #[track_caller]
    pub(crate) fn put(&self, path: &str, version: &str, body: &Json) -> Response {
        self.call("PUT", path, version, body)
    }

    #[track_caller]
    pub(crate) fn delete(&self, path: &str, version: &str) -> Response {
        self.call("DELETE", path, version, &Json::Null)
    }

    /// Follows an operation to its end, letting time pass; the last answer.
    #[track_caller]
    pub(crate) fn follow(&self, first: &Response) -> Response {
        let url = first
            .header("azure-asyncoperation")
            .or(first.header("location"))
            .expect("a way to the operation")
            .to_owned();
        for _ in 0..100 {
            let answer = self.get(
                url.split_once(&self.at.to_string()).expect("this host").1,
                "",
            );
            let word = answer.body["status"].as_str().unwrap_or("");
            let open = answer.status == 202 || ["InProgress", "Accepted"].contains(&word);
            if !open {
                return answer;
            }
            self.sim.advance(30).expect("time passes");
        }
        panic!("the operation at {url} does not end");
    }

    /// A resource group with a tag.
    #[track_caller]
    pub(crate) fn group(&self, subscription: &str, name: &str) -> String {
        let path = format!("/subscriptions/{subscription}/resourceGroups/{name}");
        let body = json!({ "location": "eastus2", "tags": { "owner": "test" } });
        let done = self.put(&path, "2024-07-01", &body);
        assert!([200, 201].contains(&done.status), "{}", done.text);
        path
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let (checked, unknown) = schemas::counts();
        eprintln!(
            "answers that fit Microsoft's schemas so far: {checked}; with no schema: {unknown}"
        );
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
