//! Statements, signatures and trust: what counts as an approval, and every way in which it does not.

#![expect(
    clippy::disallowed_methods,
    reason = "a test writes its own files; nobody reads them after a crash"
)]

use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use jiff::Timestamp;

use super::*;
use crate::plan::format::Act;
use crate::plan::format::Digest;
use crate::plan::format::Hazard;
use crate::plan::format::Patience;
use crate::plan::format::Plan;
use crate::plan::format::Step;
use crate::plan::format::StepId;
use crate::plan::format::StepKind;
use crate::plan::format::Subject;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn plan(kinds: &[StepKind]) -> Plan {
    let subject = Subject::Stamp("shared-eastus2-001".parse().expect("an id"));
    let steps = kinds
        .iter()
        .map(|kind| Step {
            id: StepId::of(&subject, *kind),
            kind: *kind,
            subject: subject.clone(),
            stamps: vec![],
            why: "because".to_owned(),
            act: Act::Check {
                conditions: vec![],
                patience: Patience::NONE,
            },
            expects: vec![],
            after: vec![],
            undo: vec![],
            hazard: kind.hazard(),
        })
        .collect();
    let body = crate::apply::tests_support::body(steps);
    Plan::seal(body, "test", NOW, Digest::of(b"")).expect("seals")
}

/// Runs `ssh-keygen`, or says that the test did not run.
#[expect(
    clippy::print_stderr,
    reason = "a test that is skipped must not look like one that passed"
)]
fn ssh_keygen(args: &[&str], input: Option<&Path>) -> Option<bool> {
    let stdin = match input {
        Some(path) => Stdio::from(std::fs::File::open(path).expect("opens")),
        None => Stdio::null(),
    };
    let run = Command::new("ssh-keygen")
        .args(args)
        .stdin(stdin)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match run {
        Ok(status) => Some(status.success()),
        Err(error) => {
            eprintln!("SKIPPED: ssh-keygen cannot be run: {error}");
            None
        }
    }
}

#[test]
fn the_statement_says_what_is_approved() {
    let plan = plan(&[StepKind::StampDelete]);
    let text = statement(&plan);
    let digest = &plan.seal.digest;
    assert!(text.contains(&format!("plan: {digest}\n")));
    assert!(text.contains("stamps_deleted: shared-eastus2-001\n"));
    assert!(text.contains("fleet: contoso\n"));
    let mut lines: Vec<&str> = text.lines().collect();
    let written = lines.clone();
    lines.sort_unstable();
    assert_eq!(lines, written);
}

#[test]
fn a_plan_can_only_ask_for_more() {
    let mut plan = plan(&[StepKind::StampDelete]);
    assert_eq!(plan.body.steps[0].hazard, Hazard::Irreversible);
    let trust = Trust::default().at_least(2);
    assert_eq!(required(&plan, &trust), 2);
    plan.body.policy.approvals.minimum_irreversible = 3;
    assert_eq!(required(&plan, &trust), 3);
    // The hazard that a plan states cannot talk the kind's own away.
    plan.body.steps[0].hazard = Hazard::Safe;
    assert_eq!(required(&plan, &trust), 3);
    plan.body.steps.clear();
    assert_eq!(required(&plan, &trust), 2);
}

#[test]
fn signatures_go_both_ways_with_ssh_keygen() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let plan = plan(&[StepKind::StampDelete]);
    std::fs::write(at("statement"), statement(&plan)).expect("writes");
    for (kind, bits) in [("ed25519", "256"), ("ecdsa", "256"), ("rsa", "3072")] {
        let key = at(kind);
        let made = [
            "-q",
            "-t",
            kind,
            "-b",
            bits,
            "-N",
            "open sesame",
            "-f",
            &key,
        ];
        let Some(made) = ssh_keygen(&made, None) else {
            return;
        };
        assert!(made);
        let public = std::fs::read_to_string(at(&format!("{kind}.pub"))).expect("reads");
        let allowed = format!("ada@example.com namespaces=\"{NAMESPACE}\" {public}");
        std::fs::write(at("allowed"), &allowed).expect("writes");
        let private = std::fs::read(&key).expect("reads");

        let (input, list) = (at("statement"), at("allowed"));
        if kind == "rsa" {
            assert_eq!(sign(&plan, &private, None), Err(SignError::Rsa));
        } else {
            // Ours, judged by ssh-keygen.
            assert_eq!(sign(&plan, &private, None), Err(SignError::NeedsPassphrase));
            let wrong = sign(&plan, &private, Some(b"wrong"));
            assert_eq!(wrong, Err(SignError::WrongPassphrase));
            let ours = sign(&plan, &private, Some(b"open sesame")).expect(kind);
            let signature = at("ours.sig");
            std::fs::write(&signature, &ours).expect("writes");
            let verify = [
                "-Y",
                "verify",
                "-f",
                &list,
                "-I",
                "ada@example.com",
                "-n",
                NAMESPACE,
                "-s",
                &signature,
            ];
            let judged = ssh_keygen(&verify, Some(Path::new(&input)));
            assert_eq!(judged, Some(true), "{kind}");
        }

        // Theirs, judged by us.
        let unlocked = ["-q", "-p", "-P", "open sesame", "-N", "", "-f", &key];
        assert_eq!(ssh_keygen(&unlocked, None), Some(true));
        let signing = ["-q", "-Y", "sign", "-f", &key, "-n", NAMESPACE, &input];
        assert_eq!(ssh_keygen(&signing, None), Some(true));
        let theirs = std::fs::read(at("statement.sig")).expect("reads");
        std::fs::remove_file(at("statement.sig")).expect("removes");
        let trust = Trust::parse(&allowed).expect("reads").at_least(1);
        let files = [("theirs".to_owned(), theirs)];
        let approved = check(&plan, &trust, &files, NOW).expect("is approved");
        assert_eq!(approved.signers, ["ada@example.com"], "{kind}");
    }
}

/// A key pair: the private key's file, and the public key's line.
fn pair(seed: u8) -> (String, String) {
    let keypair = ssh_key::private::Ed25519Keypair::from_seed(&[seed; 32]);
    let key = ssh_key::PrivateKey::from(keypair);
    let private = key.to_openssh(ssh_key::LineEnding::LF).expect("encodes");
    let public = key.public_key().to_openssh().expect("encodes");
    (private.to_string(), public)
}

#[test]
fn only_signatures_of_trusted_people_over_this_plan_count() {
    let plan = plan(&[StepKind::StampDelete]);
    let (ada, ada_public) = pair(1);
    let (ada_two, ada_two_public) = pair(2);
    let (eve, _) = pair(3);
    let trust = format!("# minimum: 2\nada {ada_public}\nada {ada_two_public}\n");
    let trust = Trust::parse(&trust).expect("reads");
    assert_eq!((trust.minimum, trust.people()), (2, 1));
    let signed = |plan: &Plan, key: &str| {
        let signature = sign(plan, key.as_bytes(), None).expect("signs");
        ("file.sig".to_owned(), signature.into_bytes())
    };
    let why = |files: &[(String, Vec<u8>)]| {
        let refused = check(&plan, &trust, files, NOW).expect_err("is not approved");
        (refused.signers.len(), refused.rejected)
    };
    // One person with two keys is one person.
    let (count, rejected) = why(&[signed(&plan, &ada), signed(&plan, &ada_two)]);
    assert_eq!((count, rejected), (1, vec![]));
    // A stranger, another plan, and what is no signature.
    let mut other = plan.clone();
    other.seal.digest = Digest::of(b"other");
    let garbage = ("file.sig".to_owned(), b"yes".to_vec());
    let (count, rejected) = why(&[signed(&plan, &eve), signed(&other, &ada), garbage]);
    assert_eq!(count, 0);
    let reasons: Vec<&str> = rejected.iter().map(|r| r.why.as_str()).collect();
    assert_eq!(reasons[0], "its key is not in the trust file");
    assert_eq!(reasons[1], "it is not a signature of this plan");
    assert!(reasons[2].starts_with("it is no SSH signature"));
}

#[test]
fn every_changed_byte_of_a_signature_is_refused() {
    let plan = plan(&[StepKind::StampDelete]);
    let (ada, public) = pair(1);
    let trust = Trust::parse(&format!("# minimum: 1\nada {public}\n")).expect("reads");
    let good = sign(&plan, ada.as_bytes(), None)
        .expect("signs")
        .into_bytes();
    let name = crate::approve::file_name(&plan.seal.digest, "ada");
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        let judged = check(&plan, &trust, &[(name.clone(), bad)], NOW);
        let refused = judged.expect_err("no byte may be changed");
        assert!(refused.rejected[0].altered, "byte {at}: {refused:?}");
    }
}

#[test]
fn what_a_trust_file_cannot_mean_is_refused_with_its_line() {
    let (_, key) = pair(1);
    let bad = [
        format!("ada cert-authority {key}"),
        format!("*@example.com {key}"),
        format!("ada namespaces=\"*\" {key}"),
        format!("ada valid-before=\"20260101\" {key}"),
        format!("ada no-touch-required {key}"),
        "ada".to_owned(),
        "ada ssh-ed25519 AAAA".to_owned(),
        "ada namespaces=\"x".to_owned(),
        "# minimum: two".to_owned(),
    ];
    for line in bad {
        let text = format!("# people\n{line}\n");
        let error = Trust::parse(&text).expect_err(&line);
        assert_eq!(error.line, 2, "{line}");
    }
}

#[test]
fn a_key_has_its_time_and_its_purpose() {
    let plan = plan(&[]);
    let (ada, key) = pair(1);
    let signature = sign(&plan, ada.as_bytes(), None).expect("signs");
    let files = [("f".to_owned(), signature.into_bytes())];
    let approved = |options: &str, at: &str| {
        let trust = Trust::parse(&format!("# minimum: 1\nada {options} {key}")).expect("reads");
        check(&plan, &trust, &files, at.parse().expect("a time")).is_ok()
    };
    let window = "valid-after=\"20260101Z\",valid-before=\"202602010800Z\"";
    assert!(!approved(window, "2025-12-31T23:59:59Z"));
    assert!(approved(window, "2026-01-01T00:00:00Z"));
    assert!(approved(window, "2026-02-01T07:59:59Z"));
    assert!(!approved(window, "2026-02-01T08:00:00Z"));
    assert!(!approved("namespaces=\"git,file\"", "2026-01-01T00:00:00Z"));
    assert!(approved(
        "namespaces=\"git,stampctl-approval@v1\"",
        "2026-01-01T00:00:00Z"
    ));
}
