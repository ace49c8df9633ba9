//! Planned faults of the wire, throttling, tokens, and the control endpoints.

use serde_json::Value as Json;
use serde_json::json;
use stampctl_sim::arm::Buckets;
use stampctl_sim::arm::Options;

use crate::bench::A;
use crate::bench::Bench;
use crate::bench::V;

fn plan(bench: &Bench, rule: &Json) {
    let body = json!({ "rules": [rule] }).to_string();
    bench
        .raw("POST", "/_sim/faults", &[], &body)
        .expect("an answer")
        .ok(204);
}

const SQL: &str = "2021-11-01";

fn scene() -> (Bench, String) {
    let bench = Bench::new("");
    let group = bench.group(A, "rg");
    let path = format!("{group}/providers/Microsoft.Sql/servers/sql-a");
    (bench, path)
}

fn put(bench: &Bench, path: &str) -> Option<crate::bench::Response> {
    let body = json!({ "location": "eastus2" }).to_string();
    bench.raw("PUT", &format!("{path}?api-version={SQL}"), &[], &body)
}

#[test]
fn a_connection_breaks_before_or_after_the_effect() {
    for (fault, status) in [("drop_before", 404), ("drop_after", 200)] {
        let (bench, path) = scene();
        plan(
            &bench,
            &json!({ "fault": fault, "method": "PUT", "path": "*/servers/*" }),
        );
        assert!(put(&bench, &path).is_none(), "{fault}");
        bench.get(&path, SQL).ok(status);
    }
}

#[test]
fn calls_are_refused_as_planned() {
    for (fault, status, code) in [
        ("throttle", 429, "TooManyRequests"),
        ("conflict", 409, "AnotherOperationInProgress"),
        ("fail", 503, "ServiceUnavailable"),
    ] {
        let (bench, path) = scene();
        plan(
            &bench,
            &json!({ "fault": fault, "path": "*/servers/*", "seconds": 7 }),
        );
        let refused = put(&bench, &path).expect("an answer").refused(status, code);
        assert_eq!(refused.header("retry-after"), Some("7"));
        bench.get(&path, SQL).ok(404);
        put(&bench, &path).expect("an answer").ok(201);
    }
}

#[test]
fn an_operation_never_ends_or_fails_late() {
    for (fault, word) in [("never", "InProgress"), ("fail_late", "Failed")] {
        let (bench, path) = scene();
        plan(&bench, &json!({ "fault": fault, "path": "*/servers/*" }));
        let first = put(&bench, &path).expect("an answer").ok(201);
        bench.sim.advance(86_400).expect("time passes");
        let url = first.header("azure-asyncoperation").expect("a way");
        let poll = url.split_once(&bench.at.to_string()).expect("this host").1;
        assert_eq!(bench.get(poll, "").ok(200).body["status"], word);
        bench.get(&path, SQL).ok(404);
    }
}

#[test]
fn a_resource_is_not_found_after_its_creation() {
    let (bench, path) = scene();
    put(&bench, &path).expect("an answer").ok(201);
    plan(
        &bench,
        &json!({ "fault": "not_found", "path": "*/servers/*", "times": 2 }),
    );
    bench.get(&path, SQL).ok(404);
    bench.get(&path, SQL).ok(404);
    bench.get(&path, SQL).ok(200);
}

#[test]
fn faults_of_the_world_come_in_azures_words() {
    let (bench, path) = scene();
    let rule = json!({ "rules": [{ "fault": "fail_before", "kind": "sql_server", "class": "capacity", "times": 1 }] });
    bench
        .raw("POST", "/_sim/world_faults", &[], &rule.to_string())
        .expect("an answer")
        .ok(204);
    put(&bench, &path)
        .expect("an answer")
        .refused(409, "AllocationFailed");
    let rule = json!({ "rules": [{ "fault": "fail_after", "kind": "sql_server", "times": 1 }] });
    bench
        .raw("POST", "/_sim/world_faults", &[], &rule.to_string())
        .expect("an answer")
        .ok(204);
    assert!(put(&bench, &path).is_none(), "the answer is lost");
    bench.get(&path, SQL).ok(200);
}

#[test]
fn buckets_empty_and_fill_with_the_clouds_time() {
    let buckets = Buckets {
        writes: 3,
        writes_per_second: 1,
        ..Buckets::default()
    };
    let options = Options {
        buckets: Some(buckets),
        ..Options::default()
    };
    let bench = Bench::with("", options);
    for at in 0..3 {
        bench.group(A, &format!("rg-{at}"));
    }
    let body = json!({ "location": "eastus2" });
    let path = format!("/subscriptions/{A}/resourceGroups/rg-x");
    let refused = bench.put(&path, V, &body).refused(429, "TooManyRequests");
    assert_eq!(refused.header("retry-after"), Some("1"));
    bench.sim.advance(1).expect("time passes");
    let done = bench.put(&path, V, &body).ok(201);
    assert_eq!(
        done.header("x-ms-ratelimit-remaining-subscription-writes"),
        Some("0")
    );
}

#[test]
fn tokens_are_issued_and_checked() {
    let options = Options {
        require_tokens: true,
        ..Options::default()
    };
    let bench = Bench::with("", options);
    let raw = |method: &str, path: &str, headers: &[(&str, &str)], body: &str| {
        bench.raw(method, path, headers, body).expect("an answer")
    };
    let path = "/subscriptions?api-version=2022-12-01";
    raw("GET", path, &[], "").refused(401, "AuthenticationFailed");
    raw("GET", path, &[("Authorization", "Bearer x")], "")
        .refused(401, "InvalidAuthenticationToken");
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let ask = |rest: &str| {
        let body = format!(
            "grant_type=client_credentials&client_id=c&scope=https%3A%2F%2Fmanagement.azure.com%2F.default&{rest}"
        );
        raw("POST", "/tenant/oauth2/v2.0/token", &[form], &body)
    };
    ask("client_secret=wrong").ok(401);
    let oidc = raw(
        "GET",
        "/_github/oidc?audience=x",
        &[("Authorization", "bearer run")],
        "",
    )
    .ok(200);
    let assertion = oidc.body["value"].as_str().expect("a token").to_owned();
    let federated = format!(
        "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={assertion}"
    );
    let machine = raw(
        "GET",
        "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=x",
        &[("Metadata", "true")],
        "",
    );
    raw("GET", "/metadata/identity/oauth2/token?resource=x", &[], "").ok(400);
    for granted in [ask("client_secret=s"), ask(&federated), machine] {
        let token = granted.ok(200).body["access_token"]
            .as_str()
            .expect("a token")
            .to_owned();
        raw(
            "GET",
            path,
            &[("Authorization", &format!("Bearer {token}"))],
            "",
        )
        .ok(200);
    }
}

#[test]
fn time_and_calls_are_under_control() {
    let bench = Bench::new("");
    bench.group(A, "rg");
    let moved = bench
        .raw("POST", "/_sim/advance", &[], "{\"seconds\": 3600}")
        .expect("an answer")
        .ok(200);
    assert_eq!(moved.body["now"], "2026-01-01T01:00:00Z");
    let seen = bench
        .get(&format!("/subscriptions/{A}/resourceGroups/rg"), V)
        .ok(200);
    assert_eq!(seen.header("date"), Some("Thu, 01 Jan 2026 01:00:00 GMT"));
    let calls = bench
        .raw("GET", "/_sim/calls", &[], "")
        .expect("an answer")
        .ok(200)
        .body;
    assert_eq!(
        (&calls["total"], &calls["methods"]["PUT"]),
        (&json!(2), &json!(1))
    );
}
