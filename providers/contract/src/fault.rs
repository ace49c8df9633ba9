//! Why a call failed, in the seven classes that decide what to do next.

use std::fmt;

use serde::Deserialize;
use serde::Serialize;

/// The classes of failure. They decide whether to retry, to plan again, or to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultClass {
    /// It may work if tried again.
    Transient,
    /// Too many calls; the fault says how long to wait.
    Throttled,
    /// The resource was changed or is being changed by someone else.
    Conflict,
    /// The caller may not do this.
    Denied,
    /// The subscription or group has not enough quota.
    Quota,
    /// The region or zone has no machines left of this size.
    Capacity,
    /// It will never work as asked.
    Permanent,
}

impl FaultClass {
    /// Every class.
    pub const ALL: &'static [FaultClass] = &[
        Self::Transient,
        Self::Throttled,
        Self::Conflict,
        Self::Denied,
        Self::Quota,
        Self::Capacity,
        Self::Permanent,
    ];

    /// The word for the class in messages and files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Throttled => "throttled",
            Self::Conflict => "conflict",
            Self::Denied => "denied",
            Self::Quota => "quota",
            Self::Capacity => "capacity",
            Self::Permanent => "permanent",
        }
    }
}

impl fmt::Display for FaultClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A failed call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{class} ({code}): {message}")]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What kind of failure it is.
    pub class: FaultClass,
    /// The cloud's own code, as in `QuotaExceeded`.
    pub code: String,
    /// The cloud's own words; foreign text, to be escaped before it is shown.
    pub message: String,
    /// Seconds that the cloud asks the caller to wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u32>,
    /// Whether the change may have happened all the same (the answer was lost on the way).
    #[serde(default)]
    pub ambiguous: bool,
}

impl Fault {
    /// A fault of this class that certainly changed nothing.
    pub fn new(class: FaultClass, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            class,
            code: code.into(),
            message: message.into(),
            retry_after_seconds: None,
            ambiguous: false,
        }
    }

    /// The same fault, after which it is not known whether the change happened.
    #[must_use]
    pub fn ambiguous(mut self) -> Self {
        self.ambiguous = true;
        self
    }

    /// The same fault, with the wait that the cloud asks for.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }
}
