//! What steps are called, whom they are about, and the ids of rules.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use super::StepKind;
use crate::model::QuotaKey;
use crate::model::ReservationName;
use crate::model::StampId;
use crate::model::TenantId;

/// A step's name, unique in its plan: `subject/kind` or `subject/kind@stamp`, as in
/// `stamp/shared-eastus2-001/quota.return`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[derive(schemars::JsonSchema)]
pub struct StepId(#[schemars(with = "String")] pub Arc<str>);

impl StepId {
    /// The id of the step of this kind for this subject.
    pub fn of(subject: &Subject, kind: StepKind) -> Self {
        Self::which(subject, kind, "")
    }

    /// The id of one of several steps of this kind for this subject, told apart by `which`.
    pub fn which(subject: &Subject, kind: StepKind, which: &str) -> Self {
        let mut id = String::with_capacity(64);
        subject.push_to(&mut id);
        id.push('/');
        id.push_str(kind.word());
        if !which.is_empty() {
            id.push('@');
            id.push_str(which);
        }
        Self(id.into())
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The id of a rule: `O-1`, `I-4`, `P-2`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[derive(schemars::JsonSchema)]
pub struct RuleId(#[schemars(with = "String")] pub Cow<'static, str>);

impl RuleId {
    /// A rule known at compile time.
    pub const fn known(id: &'static str) -> Self {
        Self(Cow::Borrowed(id))
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Whom a step is about. Steps of one subject are shown together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[derive(schemars::JsonSchema)]
pub enum Subject {
    /// The fleet as a whole.
    Fleet,
    /// One account of quota.
    Quota(QuotaKey),
    /// One capacity reservation group.
    Reservation(ReservationName),
    /// One stamp.
    Stamp(StampId),
    /// One tenant.
    Tenant(TenantId),
}

impl Subject {
    /// Appends the subject's text.
    fn push_to(&self, text: &mut String) {
        let (word, name) = match self {
            Self::Fleet => ("fleet", ""),
            Self::Quota(key) => {
                // Writing to a string cannot fail.
                let _ = write!(text, "quota/{key}");
                return;
            }
            Self::Reservation(name) => ("reservation/", name.as_str()),
            Self::Stamp(stamp) => ("stamp/", stamp.as_str()),
            Self::Tenant(tenant) => ("tenant/", tenant.as_str()),
        };
        text.push_str(word);
        text.push_str(name);
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.push_to(&mut text);
        f.write_str(&text)
    }
}
