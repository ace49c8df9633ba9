//! An application with a certificate at the simulated authority, which looks at its assertion.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use jiff::SignedDuration;
use jiff::Timestamp;
use stampctl_azure::Clock;
use stampctl_azure::Credential;
use stampctl_azure::Endpoints;
use stampctl_azure::Http;
use stampctl_azure::credential::Tokens;
use stampctl_azure::wire::Lost;
use stampctl_azure::wire::Request;
use stampctl_azure::wire::Response;
use stampctl_azure::wire::Transport;
use stampctl_contract::FaultClass;
use stampctl_contract::Provider as _;
use stampctl_sim::Sim;
use stampctl_sim::WorldSpec;
use stampctl_sim::arm;

use crate::cloud::Served;

const SCOPE: &str = "https://management.azure.com/.default";

/// HTTP that keeps the last answer.
struct Heard {
    http: Http,
    last: Mutex<String>,
}

#[async_trait]
impl Transport for Heard {
    async fn send(&self, request: Request) -> Result<Response, Lost> {
        let answer = self.http.send(request).await?;
        self.last.lock().expect("whole").clone_from(&answer.text);
        Ok(answer)
    }
}

/// A machine whose clock is wrong by so many seconds.
struct Off(Arc<Sim>, i64);

#[async_trait]
impl Clock for Off {
    fn now(&self) -> Timestamp {
        self.0.now() + SignedDuration::from_secs(self.1)
    }

    async fn sleep(&self, _: Duration) {}
}

fn made(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("providers/azure/tests/certificates").join(name);
    std::fs::read_to_string(path).expect("is there")
}

/// A certificate as DER, taken out of its PEM by hand.
fn der(name: &str) -> Vec<u8> {
    use base64::Engine as _;
    let pem = made(name);
    let lines = pem.lines().filter(|line| !line.starts_with("-----"));
    let text: String = lines.collect();
    let engine = base64::engine::general_purpose::STANDARD;
    engine.decode(text).expect("base64")
}

/// A cloud in which the application `app` has the certificate `one`.
fn cloud() -> Served {
    let options = arm::Options {
        certificates: [("app".to_owned(), der("one.crt"))].into(),
        ..arm::Options::default()
    };
    Served::start(&WorldSpec::default(), options)
}

struct Caller {
    _folder: tempfile::TempDir,
    path: PathBuf,
    tokens: Tokens,
    heard: Arc<Heard>,
}

impl Caller {
    fn new(cloud: &Served, client: &str, off: i64) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("client.pem");
        let heard = Arc::new(Heard {
            http: Http::new().expect("a client"),
            last: Mutex::default(),
        });
        let credential = Credential::ClientCertificate {
            tenant: "contoso.example".to_owned(),
            client: client.to_owned(),
            path: path.clone(),
        };
        let clock = Arc::new(Off(Arc::clone(&cloud.sim), off));
        let endpoints = Endpoints::at(&cloud.base);
        let tokens = Tokens::new(credential, endpoints, heard.clone(), clock);
        Self {
            _folder: folder,
            path,
            tokens,
            heard,
        }
    }

    fn put(&self, name: &str) {
        let text = made(&format!("{name}.crt")) + &made(&format!("{name}.pkcs8"));
        std::fs::write(&self.path, text).expect("written");
    }

    async fn granted(&self) -> String {
        let got = self.tokens.get(SCOPE).await;
        assert!(got.is_ok(), "{:?}", got.err());
        self.heard.last.lock().expect("whole").clone()
    }

    async fn refused(&self, code: &str) {
        let fault = self.tokens.get(SCOPE).await.err().expect("refused");
        assert_eq!(fault.class, FaultClass::Denied);
        assert_eq!(fault.message, "token: invalid_client");
        let said = self.heard.last.lock().expect("whole").clone();
        assert!(said.contains(code), "{said}");
    }
}

#[tokio::test]
async fn the_registered_key_is_taken_and_another_is_not() {
    let cloud = cloud();
    let caller = Caller::new(&cloud, "app", 0);
    caller.put("other");
    caller.refused("AADSTS700027").await;
    caller.put("one");
    let said = caller.granted().await;
    assert!(!said.contains("simulated"), "{said}");
}

#[tokio::test]
async fn a_rotated_file_is_taken_up() {
    let cloud = cloud();
    let caller = Caller::new(&cloud, "app", 0);
    caller.put("one");
    caller.granted().await;
    caller.put("other");
    caller.granted().await;
    caller.tokens.forget(SCOPE).await;
    caller.refused("AADSTS700027").await;
}

#[tokio::test]
async fn an_assertion_out_of_its_time_is_refused() {
    let cloud = cloud();
    for (off, taken) in [(-599, true), (-600, false), (300, true), (301, false)] {
        let caller = Caller::new(&cloud, "app", off);
        caller.put("one");
        if taken {
            caller.granted().await;
        } else {
            caller.refused("AADSTS700024").await;
        }
    }
}

#[tokio::test]
async fn without_a_registered_certificate_the_authority_says_what_it_did_not_check() {
    let cloud = cloud();
    let caller = Caller::new(&cloud, "another", 0);
    caller.put("other");
    let said = caller.granted().await;
    assert!(said.contains("signature was not checked"), "{said}");
}
