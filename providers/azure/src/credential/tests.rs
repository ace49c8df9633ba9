//! Every flow against a scripted authority.

use super::*;
use crate::testing::Scripted;
use crate::testing::Virtual;
use crate::testing::says;
use crate::wire::Body;
use crate::wire::Lost;
use crate::wire::Response;

type Answers = Vec<Result<Response, Lost>>;

fn tokens(
    credential: Credential,
    endpoints: Endpoints,
    answers: Answers,
) -> (Tokens, Arc<Scripted>, Arc<Virtual>) {
    let (script, clock) = (Scripted::new(answers), Virtual::new());
    let tokens = Tokens::new(credential, endpoints, script.clone(), clock.clone());
    (tokens, script, clock)
}

fn here() -> Endpoints {
    Endpoints::at("http://127.0.0.1:1")
}

fn form(script: &Scripted, at: usize) -> String {
    match &script.asked()[at].body {
        Body::Form(form) => form.clone(),
        other => panic!("{other:?}"),
    }
}

fn secret() -> Credential {
    Credential::ClientSecret {
        tenant: "T".to_owned(),
        client: "C".to_owned(),
        secret: Secret::new("p&ss"),
    }
}

const TOKEN: &str = "{\"access_token\":\"A\",\"expires_in\":3600}";

#[tokio::test]
async fn a_client_secret_gives_a_token_that_is_kept_until_shortly_before_its_end() {
    let answers = vec![
        says(200, &[], TOKEN),
        says(200, &[], TOKEN),
        says(200, &[], TOKEN),
    ];
    let (tokens, script, clock) = tokens(secret(), here(), answers);
    assert!(tokens.get("s1").await.unwrap().expose() == "A");
    tokens.get("s1").await.unwrap();
    assert_eq!(script.asked().len(), 1);
    tokens.get("s2").await.unwrap();
    assert_eq!(script.asked().len(), 2, "each scope has a token of its own");
    clock.pass(std::time::Duration::from_secs(3_301));
    tokens.get("s1").await.unwrap();
    assert_eq!(script.asked().len(), 3);
    let request = &script.asked()[0];
    assert!(request.url.ends_with("/T/oauth2/v2.0/token"));
    assert_eq!(
        form(&script, 0),
        "grant_type=client_credentials&client_id=C&scope=s1&client_secret=p%26ss"
    );
}

#[tokio::test]
async fn github_actions_exchanges_its_own_token() {
    let credential = Credential::GitHubActions {
        tenant: "T".to_owned(),
        client: "C".to_owned(),
        request_url: "https://pipelines.example/token?x=1".to_owned(),
        request_token: Secret::new("job"),
    };
    let answers = vec![says(200, &[], "{\"value\":\"jwt\"}"), says(200, &[], TOKEN)];
    let (tokens, script, _) = tokens(credential, here(), answers);
    tokens.get("s").await.unwrap();
    let asked = script.asked();
    assert!(
        asked[0]
            .url
            .contains("x=1&audience=api%3A%2F%2FAzureADTokenExchange")
    );
    assert!(
        asked[0]
            .headers
            .contains(&("authorization", "Bearer job".to_owned()))
    );
    assert!(form(&script, 1).contains("client_assertion=jwt"));
    assert!(form(&script, 1).contains("jwt-bearer"));
}

#[tokio::test]
async fn a_token_file_is_read_for_each_token() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let credential = Credential::FederatedFile {
        tenant: "T".to_owned(),
        client: "C".to_owned(),
        path: path.clone(),
    };
    let (tokens, script, _) = tokens(credential, here(), vec![says(200, &[], TOKEN)]);
    let fault = tokens.get("s").await.err().unwrap();
    assert_eq!(fault.class, FaultClass::Denied);
    #[expect(clippy::disallowed_methods, reason = "a test's own file")]
    std::fs::write(&path, "filed\n").unwrap();
    tokens.get("s").await.unwrap();
    assert!(form(&script, 0).ends_with("client_assertion=filed"));
}

#[tokio::test]
async fn the_machines_identity_is_asked_of_its_metadata_service() {
    let credential = Credential::ManagedIdentity {
        client: Some("me".to_owned()),
    };
    let expires = "{\"access_token\":\"A\",\"expires_on\":\"1800003600\"}";
    let answers = vec![says(429, &[], ""), says(200, &[], expires)];
    let (tokens, script, _) = tokens(credential, Endpoints::of(crate::Cloud::Public), answers);
    tokens
        .get("https://management.azure.com/.default")
        .await
        .unwrap();
    tokens
        .get("https://management.azure.com/.default")
        .await
        .unwrap();
    let asked = script.asked();
    assert_eq!(asked.len(), 2);
    assert!(
        asked[1]
            .url
            .starts_with("http://169.254.169.254/metadata/identity/")
    );
    assert!(
        asked[1]
            .url
            .ends_with("resource=https%3A%2F%2Fmanagement.azure.com&client_id=me")
    );
    assert!(asked[1].headers.contains(&("metadata", "true".to_owned())));
}

#[tokio::test]
async fn a_refusal_says_its_code_and_quotes_nothing() {
    let body = "{\"error\":\"invalid_client\",\"error_description\":\"you sent p&ss\"}";
    let (tokens, _, _) = tokens(secret(), here(), vec![says(401, &[], body)]);
    let fault = tokens.get("s").await.err().unwrap();
    assert_eq!(fault.message, "token: invalid_client");
}

#[tokio::test]
async fn a_static_token_stays_on_loopback() {
    let fixed = || Credential::Static {
        token: Secret::new("x"),
    };
    let (local, _, _) = tokens(fixed(), here(), Vec::new());
    assert!(local.get("s").await.is_ok());
    let (abroad, _, _) = tokens(fixed(), Endpoints::of(crate::Cloud::Public), Vec::new());
    assert!(abroad.get("s").await.is_err());
}

#[tokio::test]
async fn a_foreign_token_is_not_asked_for_in_the_clear() {
    let credential = Credential::GitHubActions {
        tenant: "T".to_owned(),
        client: "C".to_owned(),
        request_url: "http://pipelines.example/token".to_owned(),
        request_token: Secret::new("job"),
    };
    let (tokens, script, _) = tokens(credential, here(), Vec::new());
    assert!(tokens.get("s").await.is_err());
    assert!(script.asked().is_empty());
}

#[cfg(unix)]
#[tokio::test]
async fn the_command_line_tool_gives_its_logins_token() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("az");
    let script = "#!/bin/sh\n[ \"$5\" = --scope ] || exit 1\n\
                  echo '{\"accessToken\":\"cli-'\"$6\"'\",\"expires_on\":1800003600}'\n";
    #[expect(clippy::disallowed_methods, reason = "a test's own file")]
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let (with, _, _) = tokens(Credential::AzureCli { program }, here(), Vec::new());
    assert!(with.get("s").await.unwrap().expose() == "cli-s");
    let program = folder.path().join("none");
    let (without, _, _) = tokens(Credential::AzureCli { program }, here(), Vec::new());
    assert_eq!(
        without.get("s").await.err().unwrap().class,
        FaultClass::Denied
    );
}
