//! Whether a plan is approved: signatures, against the operator's trust. Pure.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ssh_key::Algorithm;
use ssh_key::LineEnding;
use ssh_key::PublicKey;
use ssh_key::SshSig;

use super::NAMESPACE;
use super::Trust;
use super::statement;
use crate::plan::format::Hazard;
use crate::plan::format::Plan;

/// A plan that may be applied, and by whose leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approvals {
    /// Who approved, in order of name.
    pub signers: Vec<String>,
    /// How many had to.
    pub required: u32,
    /// Signatures that did not count.
    pub rejected: Vec<Rejected>,
}

/// A signature that does not count, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The signature's file.
    pub file: String,
    /// Why it does not count.
    pub why: String,
    /// Whether it is what remains of a signature: it is damaged, or was altered.
    pub altered: bool,
}

/// A plan that not enough people have approved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} of {required} approvals are there", .signers.len())]
pub struct Unapproved {
    /// Who approved, in order of name.
    pub signers: Vec<String>,
    /// How many have to.
    pub required: u32,
    /// Signatures that did not count.
    pub rejected: Vec<Rejected>,
}

/// How many must approve a plan. The plan's own policy can only ask for more than the operator.
pub fn required(plan: &Plan, trust: &Trust) -> u32 {
    let policy = plan.body.policy.approvals;
    let irreversible = plan.body.steps.iter().any(|step| {
        step.hazard == Hazard::Irreversible || step.kind.hazard() == Hazard::Irreversible
    });
    let asked = if irreversible {
        policy.minimum.max(policy.minimum_irreversible)
    } else {
        policy.minimum
    };
    trust.minimum.max(asked)
}

/// Judges the approvals of a plan, given as the names and contents of signature files, at a time.
///
/// A person counts once, whatever the number of keys and signatures. A file that is named for this
/// plan and holds no signature of it was altered.
pub fn check(
    plan: &Plan,
    trust: &Trust,
    files: &[(String, Vec<u8>)],
    at: Timestamp,
) -> Result<Approvals, Unapproved> {
    let text = statement(plan);
    let mut people = BTreeSet::new();
    let mut rejected = Vec::new();
    for (file, bytes) in files {
        match signer(&text, trust, bytes, at) {
            Ok(principal) => {
                people.insert(principal);
            }
            Err(flaw) => rejected.push(Rejected {
                altered: match flaw {
                    Flaw::Broken(_) => true,
                    // One of another plan says so in its name.
                    Flaw::Foreign => file.starts_with(&plan.seal.digest.0),
                    Flaw::Void(_) => false,
                },
                file: file.clone(),
                why: flaw.why(),
            }),
        }
    }
    let required = required(plan, trust);
    let signers: Vec<String> = people.into_iter().collect();
    if signers.len() >= usize::try_from(required).unwrap_or(usize::MAX) {
        Ok(Approvals {
            signers,
            required,
            rejected,
        })
    } else {
        Err(Unapproved {
            signers,
            required,
            rejected,
        })
    }
}

/// Why a signature does not count.
enum Flaw {
    /// It is none.
    Broken(String),
    /// Whoever made it signed something else.
    Foreign,
    /// It is sound, and not one that counts.
    Void(String),
}

impl Flaw {
    fn why(self) -> String {
        match self {
            Self::Broken(why) | Self::Void(why) => why,
            Self::Foreign => "it is not a signature of this plan".to_owned(),
        }
    }
}

/// Who signed the text; else why the signature does not count.
fn signer(text: &str, trust: &Trust, bytes: &[u8], at: Timestamp) -> Result<String, Flaw> {
    let broken = |why: &str| Flaw::Broken(why.to_owned());
    let void = |why: String| Flaw::Void(why);
    let signature = SshSig::from_pem(bytes)
        .map_err(|e| Flaw::Broken(format!("it is no SSH signature: {e}")))?;
    if !is_canonical(&signature, bytes) {
        return Err(broken("it is not written as signatures are"));
    }
    // `ssh-rsa` alone is RSA with SHA-1.
    if signature.algorithm() == (Algorithm::Rsa { hash: None }) {
        return Err(void("it is made with SHA-1".to_owned()));
    }
    // By the key that it names itself: a stranger's signature is sound, an altered one is not.
    PublicKey::from(signature.public_key().clone())
        .verify(signature.namespace(), text.as_bytes(), &signature)
        .map_err(|_| Flaw::Foreign)?;
    if signature.namespace() != NAMESPACE {
        return Err(void(format!("it is not a signature for `{NAMESPACE}`")));
    }
    let signer = trust.find(signature.public_key(), at).map_err(void)?;
    PublicKey::from(signer.key.clone())
        .verify(NAMESPACE, text.as_bytes(), &signature)
        .map_err(|_| Flaw::Foreign)?;
    Ok(signer.principal.clone())
}

/// Whether a signature file has no byte that could be another without the reader noticing.
/// Where its lines are broken is of no matter.
fn is_canonical(signature: &SshSig, bytes: &[u8]) -> bool {
    let Ok(pem) = signature.to_pem(LineEnding::LF) else {
        return false;
    };
    let solid = |b: &&u8| !matches!(**b, b'\n' | b'\r');
    pem.as_bytes()
        .iter()
        .filter(solid)
        .eq(bytes.iter().filter(solid))
}
