//! Five hundred independent steps under the cloud's own limit of writes, alone and beside another
//! client.
//!
//! The steps are those of five hundred tenants that come: a blob container each, on ten stamps of
//! one subscription. Each is one write (PUT) and a few reads.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::json;
use stampctl::model::Policy;
use stampctl::plan::format::Act;
use stampctl::plan::format::Body;
use stampctl::plan::format::Bounds;
use stampctl::plan::format::Digest;
use stampctl::plan::format::Opening;
use stampctl::plan::format::Plan;
use stampctl::plan::format::Step;
use stampctl::plan::format::StepId;
use stampctl::plan::format::StepKind;
use stampctl::plan::format::Subject;
use stampctl_azure::Places;
use stampctl_azure::Rates;
use stampctl_azure::throttle::Class;
use stampctl_azure::throttle::Rate;
use stampctl_contract::Address;
use stampctl_contract::Kind;
use stampctl_contract::Operation;
use stampctl_contract::Precondition;
use stampctl_contract::Provider as _;
use stampctl_contract::Settings;
use stampctl_contract::Verb;
use stampctl_sim::WorldSpec;
use stampctl_sim::arm;

use crate::cloud::Log;
use crate::cloud::Served;

const STEPS: usize = 500;
const STAMPS: usize = 10;
const ID: &str = "11111111-1111-1111-1111-111111111111";
/// Writes that the cloud takes at once, and then a second.
const BURST: u32 = 200;
const RATE: u32 = 12;
/// How many steps may change the cloud at a time.
const CONCURRENCY: usize = 10;

fn world() -> WorldSpec {
    let mut text = format!("registry: registry\nsubscriptions: {{ sub: {ID} }}\nresources:\n");
    for at in 0..STAMPS {
        let group = format!("resource_group/sub/rg-{at}");
        let account = format!("storage_account/sub/rg-{at}/st{at}");
        let _ = writeln!(
            text,
            "  - {{ address: {group}, settings: {{ region: eastus2, tags: {{}} }} }}\n  - {{ \
             address: {account}, settings: {{ region: eastus2, sku: Standard_LRS, tags: {{}} }} }}"
        );
    }
    WorldSpec::from_yaml(&text).expect("a world")
}

fn plan(at: jiff::Timestamp) -> Plan {
    let steps = (0..STEPS).map(|number| {
        let tenant = format!("t-{number:03}");
        let (group, account) = (
            format!("rg-{}", number % STAMPS),
            format!("st{}", number % STAMPS),
        );
        let container = format!("tenant-{tenant}");
        let parts = ["sub", &group, &account, &container];
        let operation = Operation {
            address: Address::new(Kind::BlobContainer, &parts).expect("an address"),
            verb: Verb::Put {
                settings: Settings::from([("tenant".to_owned(), tenant.as_str().into())]),
            },
            precondition: Precondition::Any,
        };
        let subject = Subject::Tenant(tenant.parse().expect("a name"));
        let kind = StepKind::TenantBlob;
        Step {
            id: StepId::of(&subject, kind),
            kind,
            subject,
            stamps: vec![],
            why: "it comes".to_owned(),
            act: Act::Call {
                operations: vec![operation],
            },
            expects: vec![],
            after: vec![],
            undo: vec![],
            hazard: kind.hazard(),
        }
    });
    let body = Body {
        fleet: "limits".parse().expect("a name"),
        environment: None,
        provider: "azure".to_owned(),
        registry: "registry".to_owned(),
        manifest: Digest::of(b""),
        policy: Policy::default(),
        tenants: 0,
        opening: Opening::default(),
        changes: vec![],
        steps: steps.collect(),
        rules: BTreeMap::new(),
        ledger: vec![],
        decisions: BTreeMap::new(),
        bounds: Bounds::default(),
        findings: vec![],
    };
    Plan::seal(body, "test", at, Digest::of(b"")).expect("seals")
}

/// The cloud's buckets: writes as tight as the case says, reads as wide.
fn served(reads: (u32, u32)) -> Served {
    let buckets = arm::Buckets {
        reads: reads.0,
        reads_per_second: reads.1,
        writes: BURST,
        writes_per_second: RATE,
    };
    let options = arm::Options {
        buckets: Some(buckets),
        ..arm::Options::default()
    };
    Served::start(&world(), options)
}

fn rates(reads: (u32, u32)) -> Rates {
    let rate = |(burst, per_second): (u32, u32)| Rate {
        burst,
        per_kilosecond: per_second * 1000,
    };
    Rates::default()
        .with(Class::Writes, rate((BURST, RATE)))
        .with(Class::Reads, rate(reads))
}

fn places() -> Places {
    Places {
        subscriptions: [("sub".to_owned(), ID.to_owned())].into(),
        ..Places::default()
    }
}

/// Applies the plan while time passes and `others` do what they do; the seconds that it took.
async fn applied(served: &Served, reads: (u32, u32), others: impl Future<Output = ()>) -> i64 {
    let azure = served.azure(places(), rates(reads));
    let begin = azure.now();
    let plan = plan(begin);
    served.apply(&plan, &azure, CONCURRENCY, others).await;
    azure.now().as_second() - begin.as_second()
}

/// Writes of this program to Resource Manager by path, how many times each was sent, and how many
/// calls were refused.
fn writes(log: &Log) -> (BTreeMap<&str, usize>, usize) {
    let mut sent: BTreeMap<&str, usize> = BTreeMap::new();
    let mut refused = 0;
    for (method, path, status) in log.all() {
        if !path.contains("/containers/") {
            continue;
        }
        refused += usize::from(status == 429);
        if method == "PUT" {
            *sent.entry(path).or_default() += 1;
        }
    }
    (sent, refused)
}

#[tokio::test]
async fn five_hundred_steps_take_as_long_as_the_limit_says() {
    let reads = (100_000, 10_000);
    let served = served(reads);
    let took = applied(&served, reads, async {}).await;
    let log = served.log().await;
    let (sent, refused) = writes(&log);
    let calls = log.all().count();
    let puts: usize = sent.values().sum();
    println!(
        "{STEPS} steps, {puts} writes and {calls} calls in all: {took} s at {RATE} writes a second \
         after {BURST} at once; {refused} refused"
    );
    let ideal = (STEPS as u64 - u64::from(BURST)) * 10 / u64::from(RATE);
    let most = i64::try_from(ideal * 11 / 100).expect("short");
    assert!(took <= most, "{took} s, at most {most} s");
    assert_eq!(puts, STEPS, "each is written once");
    assert!(refused * 100 <= calls, "{refused} of {calls} were refused");
}

#[tokio::test]
async fn reads_keep_to_their_own_limit() {
    // Azure's own: each step reads before and after it writes, so reads are what it waits for.
    let reads = (250, 25);
    let served = served(reads);
    let took = applied(&served, reads, async {}).await;
    let log = served.log().await;
    let (_, refused) = writes(&log);
    let read = log.count(|method, _, _| method == "GET");
    println!(
        "{STEPS} steps with {read} reads at 25 a second after 250: {took} s; {refused} refused"
    );
    let most = i64::try_from((read - 250) * 11 / 10 / 25).expect("short");
    assert!(took <= most, "{took} s, at most {most} s");
    assert_eq!(refused, 0);
}

#[tokio::test]
async fn another_client_slows_the_apply_and_starts_no_storm() {
    let reads = (100_000, 10_000);
    let served = served(reads);
    // Three quarters of the burst at once, and then a third of what comes back.
    let other = async {
        let path =
            format!("/subscriptions/{ID}/resourceGroups/rg-elsewhere?api-version=2021-04-01");
        let body = json!({ "location": "eastus2", "tags": {} });
        for _ in 0..BURST * 3 / 4 {
            served.elsewhere(&path, &body).await;
        }
        loop {
            let now = served.sim.now();
            served
                .clock
                .until(now + jiff::SignedDuration::from_secs(1))
                .await;
            for _ in 0..RATE / 3 {
                served.elsewhere(&path, &body).await;
            }
        }
    };
    let took = applied(&served, reads, other).await;
    let log = served.log().await;
    let (sent, refused) = writes(&log);
    let ours = log.count(|_, path, _| path.contains("/containers/"));
    let most = sent.values().copied().max().unwrap_or(0);
    println!(
        "beside another client: {took} s, {} writes of {STEPS} steps, {refused} of our {ours} \
         calls refused, a write was sent {most} times at most",
        sent.values().sum::<usize>()
    );
    let left = (STEPS as u64 - u64::from(BURST) / 4) * 3 / 2 / u64::from(RATE);
    let bound = i64::try_from(left * 12 / 10).expect("short");
    assert!(took <= bound, "{took} s, at most {bound} s");
    assert!(refused > 0, "the other client was not felt");
    assert!(refused * 100 <= ours, "{refused} of {ours} were refused");
    assert!(most <= 3, "a write was sent {most} times");
}
