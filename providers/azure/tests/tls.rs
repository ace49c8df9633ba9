//! The transport over TLS on loopback, with certificates of the test's own.
//!
//! Which roots are trusted is a process's own matter (`SSL_CERT_FILE`), so each call is made by
//! this program, started once more.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test, and the process that it starts"
)]
// The platform's own store decides there, and takes no file.
#![cfg(not(any(target_os = "macos", windows)))]

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::CertifiedIssuer;
use rcgen::DnType;
use rcgen::IsCa;
use rcgen::KeyPair;
use rustls::ServerConfig;
use rustls::SupportedProtocolVersion;
use rustls::pki_types::PrivateKeyDer;
use rustls::version::TLS12;
use rustls::version::TLS13;
use stampctl_azure::Azure;
use stampctl_azure::Clock;
use stampctl_azure::Config;
use stampctl_azure::Credential;
use stampctl_azure::Endpoints;
use stampctl_azure::Http;
use stampctl_azure::Places;
use stampctl_azure::Rates;
use stampctl_azure::Secret;
use stampctl_azure::credential::Tokens;
use stampctl_azure::wire::Body;
use stampctl_azure::wire::Method;
use stampctl_azure::wire::Request;
use stampctl_azure::wire::Transport as _;
use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Provider as _;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio_rustls::TlsAcceptor;

/// The variable that tells the started process whom to call.
const WHOM: &str = "STAMPCTL_TEST_TLS_BASE";
/// Every answer: a token to one caller, a resource group to the other.
const ANSWER: &str = "{\"access_token\":\"A\",\"expires_in\":3600,\"id\":\"x\",\
                      \"name\":\"rg-a\",\"location\":\"eastus2\"}";

type Root = CertifiedIssuer<'static, KeyPair>;

fn root(name: &str) -> Root {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// What a server shows: a certificate of `root` for `name`, until that year.
fn shows(
    root: &Root,
    name: &str,
    until: i32,
    version: &'static SupportedProtocolVersion,
) -> ServerConfig {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(until, 1, 1);
    let certificate = params.signed_by(&key, root).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap()
}

/// How often it was called, and what it was told: nothing where the caller went before that.
#[derive(Default)]
struct Heard {
    calls: AtomicUsize,
    requests: AtomicUsize,
}

fn serve(config: ServerConfig) -> (String, Arc<Heard>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    let heard = Arc::new(Heard::default());
    let ears = heard.clone();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let acceptor = TlsAcceptor::from(Arc::new(config));
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                ears.calls.fetch_add(1, Ordering::SeqCst);
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let mut begun = [0; 4096];
                if !matches!(stream.read(&mut begun).await, Ok(1..)) {
                    continue;
                }
                ears.requests.fetch_add(1, Ordering::SeqCst);
                let length = ANSWER.len();
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{ANSWER}"
                );
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
    });
    (base, heard)
}

/// What a process says that trusts the roots in a file and calls `base`.
fn called(base: &str, roots: &Path) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--ignored", "--exact", "--nocapture", "the_caller"])
        .env(WHOM, base)
        .env("SSL_CERT_FILE", roots)
        .env_remove("SSL_CERT_DIR");
    for proxy in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        command.env_remove(proxy);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    said
}

fn trusting(roots: &[&Root]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let pem: String = roots.iter().map(|root| root.pem()).collect();
    std::fs::write(file.path(), pem).unwrap();
    file
}

struct Real;

#[async_trait]
impl Clock for Real {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    async fn sleep(&self, _: Duration) {
        println!("WAITS");
    }
}

/// The started process: one bare request, one for a token, one read of the provider.
#[tokio::test]
#[ignore = "the tests of this file start it, with a variable of theirs"]
async fn the_caller() {
    let Ok(base) = std::env::var(WHOM) else {
        return;
    };
    let http = || match Http::new() {
        Ok(http) => Some(Arc::new(http)),
        Err(error) => {
            println!("NO CLIENT {error}");
            None
        }
    };
    let Some(client) = http() else { return };
    let request = Request {
        method: Method::Put,
        url: format!("{base}/x"),
        headers: Vec::new(),
        body: Body::None,
    };
    match client.send(request).await {
        Ok(answer) => println!("BARE {}", answer.status),
        Err(lost) => println!("BARE {} {} {}", lost.sent, lost.lasting, lost.reason),
    }
    let secret = Credential::ClientSecret {
        tenant: "T".to_owned(),
        client: "C".to_owned(),
        secret: Secret::new("S"),
    };
    let endpoints = || Endpoints::at(&base);
    let tokens = Tokens::new(secret, endpoints(), http().unwrap(), Arc::new(Real));
    match tokens.get("scope").await {
        Ok(_) => println!("TOKEN given"),
        Err(fault) => println!("TOKEN {:?} {}", fault.class, fault.code),
    }
    let config = Config {
        endpoints: endpoints(),
        credential: Credential::Static {
            token: Secret::new("loop"),
        },
        rates: Rates::default(),
        places: Places::default(),
    };
    let azure = Azure::new(config, http().unwrap(), Arc::new(Real)).unwrap();
    let group = Address::new(Kind::ResourceGroup, &["sub", "rg-a"]).unwrap();
    match azure.read(&group).await {
        Ok(found) => println!("READ found {}", found.is_some()),
        Err(fault) => println!("READ {:?} {} {}", fault.class, fault.code, fault.message),
    }
}

#[track_caller]
fn refused(config: ServerConfig, roots: &Path, why: &str) {
    let (base, heard) = serve(config);
    let said = called(&base, roots);
    assert!(
        said.contains("BARE false true 127.0.0.1 is not trusted: "),
        "{said}"
    );
    assert!(said.contains("TOKEN Permanent NotTrusted"), "{said}");
    assert!(
        said.contains("READ Permanent NotTrusted 127.0.0.1 is not trusted: "),
        "{said}"
    );
    assert!(
        said.contains(why) && said.contains("SSL_CERT_FILE"),
        "{said}"
    );
    assert!(!said.contains("WAITS"), "{said}");
    assert_eq!(
        heard.calls.load(Ordering::SeqCst),
        3,
        "one call for each of three"
    );
    assert_eq!(
        heard.requests.load(Ordering::SeqCst),
        0,
        "nothing is sent to a stranger"
    );
}

#[test]
fn a_server_of_a_trusted_root_is_called() {
    let root = root("one");
    for version in [&TLS12, &TLS13] {
        let (base, heard) = serve(shows(&root, "127.0.0.1", 2999, version));
        let said = called(&base, trusting(&[&root]).path());
        assert!(said.contains("BARE 200"), "{said}");
        assert!(said.contains("TOKEN given"), "{said}");
        assert!(said.contains("READ found true"), "{said}");
        assert_eq!(heard.requests.load(Ordering::SeqCst), 3);
    }
}

#[test]
fn a_server_of_a_strange_root_is_refused() {
    let known = root("one");
    for (name, why) in [("other", "UnknownIssuer"), ("one", "BadSignature")] {
        let config = shows(&root(name), "127.0.0.1", 2999, &TLS13);
        refused(config, trusting(&[&known]).path(), why);
    }
}

#[test]
fn a_server_of_another_name_is_refused() {
    let root = root("one");
    let config = shows(&root, "management.example", 2999, &TLS13);
    refused(config, trusting(&[&root]).path(), "management.example");
}

#[test]
fn a_certificate_that_has_ended_is_refused() {
    let root = root("one");
    let config = shows(&root, "127.0.0.1", 2020, &TLS12);
    refused(config, trusting(&[&root]).path(), "expired");
}

#[test]
fn without_any_root_there_is_no_client() {
    let said = called("https://127.0.0.1:1", trusting(&[]).path());
    assert!(said.contains("NO CLIENT no HTTP client: "), "{said}");
    assert!(said.contains("SSL_CERT_FILE"), "{said}");
}
