//! The seal: digest, times, and the rule that a plan file is exactly its canonical bytes. Pure.

use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use sha2::Digest as _;
use sha2::Sha256;

use super::Body;
use super::FORMAT;
use super::Forecast;
use super::Plan;
use super::lines;

/// SHA-256 of something, in lower-case hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
#[derive(schemars::JsonSchema)]
pub struct Digest(pub String);

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(hex(&Sha256::digest(bytes)))
    }

    /// The digest of a value's compact JSON. Our types have ordered maps and no floats, so equal
    /// values have equal JSON.
    pub fn of_value<T: Serialize>(value: &T) -> Result<Self, PlanError> {
        let bytes = serde_json::to_vec(value).map_err(unwritten)?;
        Ok(Self::of(&bytes))
    }

    /// The first twelve digits, for names and messages.
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

/// A digest of bytes that come one after the other.
#[derive(Clone, Default)]
pub(crate) struct Hash(Sha256);

impl Hash {
    /// Takes in more bytes.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all of them.
    pub(crate) fn digest(self) -> Digest {
        Digest(hex(&self.0.finalize()))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 15)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(*byte)])
        .collect()
}

/// When a plan was made, from what, and until when it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// Digest of the body's canonical bytes: the plan's identity.
    pub digest: Digest,
    /// The program that made it.
    pub tool: String,
    /// When the world was observed.
    #[schemars(with = "String")]
    pub observed_at: Timestamp,
    /// Until when its first mutating step may start (design §11.20).
    #[schemars(with = "String")]
    pub expires_at: Timestamp,
    /// Until when any later step may start.
    #[schemars(with = "String")]
    pub resume_until: Timestamp,
    /// Digest of what was observed and not touched.
    pub rest: Digest,
    /// What it takes of a cloud that limits its calls; absent where nothing limits them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast: Option<Forecast>,
    /// Digest of this seal without this line, so that no byte of the file can change unseen.
    pub check: Digest,
}

/// Why a file is no plan that may be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// It is not JSON of a plan.
    #[error("the file is not a plan: {0}")]
    Unreadable(String),
    /// It is a plan of another format.
    #[error("the plan has format `{0}`, this program reads `{FORMAT}`")]
    Format(String),
    /// Its bytes are not the bytes that were sealed.
    #[error("the plan was altered after it was sealed: {0}")]
    Altered(&'static str),
}

impl Plan {
    /// Seals a body.
    pub fn seal(
        body: Body,
        tool: &str,
        observed_at: Timestamp,
        rest: Digest,
    ) -> Result<Self, PlanError> {
        let digest = Digest::of(&body_bytes(&body)?);
        Self::with_digest(body, digest, tool, observed_at, rest)
    }

    /// Seals a body whose digest is known.
    pub(crate) fn with_digest(
        body: Body,
        digest: Digest,
        tool: &str,
        observed_at: Timestamp,
        rest: Digest,
    ) -> Result<Self, PlanError> {
        let after = |seconds: u64| {
            let span = jiff::SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
            observed_at.checked_add(span).unwrap_or(Timestamp::MAX)
        };
        let mut seal = Seal {
            digest,
            tool: tool.to_owned(),
            observed_at,
            expires_at: after(body.policy.plan.expires_after.0),
            resume_until: after(body.policy.plan.resume_within.0),
            rest,
            forecast: None,
            check: Digest(String::new()),
        };
        seal.check = Digest::of_value(&seal)?;
        Ok(Self {
            format: FORMAT.to_owned(),
            body,
            seal,
        })
    }

    /// The same plan, whose seal says what it takes.
    pub fn foreseen(mut self, forecast: Option<Forecast>) -> Result<Self, PlanError> {
        self.seal.forecast = forecast;
        self.seal.check = Digest(String::new());
        self.seal.check = Digest::of_value(&self.seal)?;
        Ok(self)
    }

    /// The plan's canonical bytes: what is written to a file, a line for each thing.
    pub fn to_bytes(&self) -> Result<Vec<u8>, PlanError> {
        let mut bytes = head(&self.format)?;
        lines::body(&self.body, &mut bytes).map_err(unwritten)?;
        bytes.extend(foot(&self.seal)?);
        Ok(bytes)
    }

    /// Reads a plan without judging its seal; see [`Plan::check_seal`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PlanError> {
        let plan: Self =
            serde_json::from_slice(bytes).map_err(|e| PlanError::Unreadable(e.to_string()))?;
        if plan.format != FORMAT {
            return Err(PlanError::Format(plan.format));
        }
        Ok(plan)
    }

    /// Whether `bytes` are exactly what was sealed.
    pub fn check_seal(&self, bytes: &[u8]) -> Result<(), PlanError> {
        let body = body_bytes(&self.body)?;
        if self.seal.digest != Digest::of(&body) {
            return Err(PlanError::Altered("its body does not have its digest"));
        }
        let blank = Seal {
            check: Digest(String::new()),
            ..self.seal.clone()
        };
        if self.seal.check != Digest::of_value(&blank)? {
            return Err(PlanError::Altered("its seal does not have its check"));
        }
        let canonical = bytes
            .strip_prefix(&*head(&self.format)?)
            .and_then(|rest| rest.strip_prefix(&*body))
            .is_some_and(|rest| foot(&self.seal).is_ok_and(|foot| rest == foot));
        if canonical {
            Ok(())
        } else {
            Err(PlanError::Altered("it is not in its canonical form"))
        }
    }
}

/// What stands before the body in a plan's bytes.
pub(crate) fn head(format: &str) -> Result<Vec<u8>, PlanError> {
    let format = serde_json::to_string(format).map_err(unwritten)?;
    Ok(format!("{{\n\"format\":{format},\n\"body\":").into_bytes())
}

/// What stands after the body in a plan's bytes.
pub(crate) fn foot(seal: &Seal) -> Result<Vec<u8>, PlanError> {
    let mut bytes = b",\n\"seal\":".to_vec();
    lines::write(seal, 1, &mut bytes).map_err(unwritten)?;
    bytes.extend(b"\n}\n");
    Ok(bytes)
}

/// The body's canonical bytes: what the digest is of.
fn body_bytes(body: &Body) -> Result<Vec<u8>, PlanError> {
    let mut bytes = Vec::new();
    lines::body(body, &mut bytes).map_err(unwritten)?;
    Ok(bytes)
}

#[expect(clippy::needless_pass_by_value, reason = "it stands behind `map_err`")]
fn unwritten(fault: serde_json::Error) -> PlanError {
    PlanError::Unreadable(fault.to_string())
}
