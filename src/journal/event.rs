//! The events of a run, in the words of the journal.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use stampctl_contract::Address;
use stampctl_contract::FaultClass;
use stampctl_contract::Ticket;

use crate::model::EnvironmentName;
use crate::model::FleetName;
use crate::plan::format::Digest;
use crate::plan::format::StepId;

/// The longest text of foreign origin in one event, in bytes, so that a record stays below 2 KB.
pub const LONGEST_EVIDENCE: usize = 160;

/// The most lines of evidence in one event.
pub const MOST_EVIDENCE: usize = 6;

/// One application of one plan, resumes included. Unique among all stores that share a cloud.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(Arc<str>);

impl RunId {
    /// The id of the run of this plan that was opened at this time by this process.
    ///
    /// It begins with the plan's digest, and differs between two machines that apply the same
    /// plan, so that the fleet's registry entry can tell them apart.
    pub fn new(plan: &Digest, at: Timestamp, opened_by: &str) -> Self {
        let salt = Digest::of(format!("{plan}\n{at}\n{opened_by}").as_bytes());
        let tail = salt.0.get(..6).unwrap_or_default();
        Self(format!("{}-{tail}", plan.short()).into())
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that is no run's id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a run's id has only `a-z`, `0-9` and `-`, and 1 to 64 of them")]
pub struct BadRunId;

impl FromStr for RunId {
    type Err = BadRunId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '-');
        if text.is_empty() || text.len() > 64 || !text.chars().all(plain) || text.starts_with('-') {
            return Err(BadRunId);
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for RunId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RunId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What stopped a run from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// `SIGINT`: somebody pressed Ctrl-C.
    Interrupt,
    /// `SIGTERM`: the machine wants the process to end.
    Terminate,
    /// `SIGHUP`: the terminal has gone.
    HangUp,
}

impl Signal {
    /// The exit code of a process that was stopped by it (design §4).
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
            Self::HangUp => 129,
        }
    }
}

/// What a run is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Opened {
    /// The plan's digest.
    pub plan: Digest,
    /// The fleet.
    #[schemars(with = "String")]
    pub fleet: FleetName,
    /// The environment, where the plan has one.
    #[schemars(with = "Option<String>")]
    pub environment: Option<EnvironmentName>,
    /// The cloud's name.
    pub provider: String,
    /// The program that opened the run.
    pub tool: String,
    /// How many steps the plan has.
    pub steps: u64,
    /// Until when the first mutating step may start.
    #[schemars(with = "String")]
    pub expires_at: Timestamp,
    /// Until when any later step may start.
    #[schemars(with = "String")]
    pub resume_until: Timestamp,
}

/// A value as it was immediately before a step's first call: what a later step compares with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// The resource.
    #[schemars(with = "String")]
    pub address: Address,
    /// The setting.
    pub setting: String,
    /// Its value.
    pub value: i64,
}

/// Why a step has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// What the step expects does not hold: the world is not as the plan says.
    Moved,
    /// What the step expects could not be seen.
    Unseen,
    /// A check did not come to hold in its time.
    Check,
    /// The cloud refused the call.
    Refused,
    /// The call went on for longer than it may.
    TimedOut,
    /// The plan's time was up before the step could start.
    Expired,
}

impl Cause {
    /// The words for it in text.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Moved => "the world has moved",
            Self::Unseen => "could not be seen",
            Self::Check => "the check did not hold in time",
            Self::Refused => "refused by the cloud",
            Self::TimedOut => "took too long",
            Self::Expired => "the plan has expired",
        }
    }
}

/// A fault as the journal keeps it: foreign words cut short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FailedWith {
    /// Its class.
    #[schemars(with = "String")]
    pub class: FaultClass,
    /// The cloud's code.
    pub code: String,
    /// The cloud's words, cut short.
    pub message: String,
}

impl From<&stampctl_contract::Fault> for FailedWith {
    fn from(fault: &stampctl_contract::Fault) -> Self {
        Self {
            class: fault.class,
            code: cut(&fault.code),
            message: cut(&fault.message),
        }
    }
}

/// Something that happened in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// The run begins. Always the first record, and never another.
    Opened(Opened),
    /// The plan may be applied.
    Approved {
        /// Who signed; empty where nobody needed to.
        signers: Vec<String>,
        /// How many had to.
        required: u32,
    },
    /// The fleet's registry entry is about to be marked with the plan's digest.
    BurnStarted,
    /// It is marked: nobody can use the plan, and its approvals, in another run.
    Burnt,
    /// A step is about to be attempted.
    Started {
        /// The step.
        step: StepId,
        /// Which attempt it is, from 1.
        attempt: u32,
        /// What later steps compare with.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        baseline: Vec<Baseline>,
        /// What was seen of what the step expects, cut short.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        saw: Vec<String>,
    },
    /// The next record's effect may happen from here on: this call is about to be made.
    CallStarted {
        /// The step.
        step: StepId,
        /// The operation's place in the step, from 0. Those before it are done.
        operation: u32,
    },
    /// The cloud has accepted the call and goes on by itself.
    Accepted {
        /// The step.
        step: StepId,
        /// The operation's place in the step.
        operation: u32,
        /// What to ask after.
        #[schemars(with = "serde_json::Value")]
        ticket: Ticket,
    },
    /// The step is done.
    Succeeded {
        /// The step.
        step: StepId,
        /// What shows it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        evidence: Vec<String>,
    },
    /// The step is not done.
    Failed {
        /// The step.
        step: StepId,
        /// Why.
        cause: Cause,
        /// What the cloud said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fault: Option<FailedWith>,
        /// What was seen.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        evidence: Vec<String>,
    },
    /// Whether the step's call has had its effect is not known.
    Unknown {
        /// The step.
        step: StepId,
        /// Why it is not known.
        why: String,
    },
    /// The step is a gate that is not due.
    Waiting {
        /// The step.
        step: StepId,
        /// When it will be, if the clock alone decides.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        until: Option<Timestamp>,
        /// What it waits for.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        evidence: Vec<String>,
    },
    /// A person has answered the gate.
    Confirmed {
        /// The step.
        step: StepId,
        /// Who.
        by: String,
    },
    /// A step that succeeded is about to be taken back.
    UndoStarted {
        /// The step.
        step: StepId,
    },
    /// It is taken back.
    UndoFinished {
        /// The step.
        step: StepId,
    },
    /// It could not be taken back.
    UndoFailed {
        /// The step.
        step: StepId,
        /// What the cloud said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fault: Option<FailedWith>,
    },
    /// What the step did stands on a step that is taken back, so it has to be done again.
    Reset {
        /// The step.
        step: StepId,
        /// The step that is taken back.
        because: StepId,
    },
    /// A process goes on with the run, or writes something into it.
    TakenOver {
        /// Who.
        by: String,
        /// What for: `apply`, `confirm`.
        purpose: String,
    },
    /// The lock was taken from its holder.
    Unlocked {
        /// Who did it.
        by: String,
    },
    /// The run was stopped from outside; it can be resumed.
    Stopped {
        /// By what.
        signal: Signal,
    },
    /// Every step has succeeded. Always the last record.
    Completed,
}

impl Event {
    /// The step that the event is about, if it is about one.
    pub fn step(&self) -> Option<&StepId> {
        match self {
            Self::Started { step, .. }
            | Self::CallStarted { step, .. }
            | Self::Accepted { step, .. }
            | Self::Succeeded { step, .. }
            | Self::Failed { step, .. }
            | Self::Unknown { step, .. }
            | Self::Waiting { step, .. }
            | Self::Confirmed { step, .. }
            | Self::UndoStarted { step }
            | Self::UndoFinished { step }
            | Self::UndoFailed { step, .. }
            | Self::Reset { step, .. } => Some(step),
            Self::Opened(_)
            | Self::Approved { .. }
            | Self::BurnStarted
            | Self::Burnt
            | Self::TakenOver { .. }
            | Self::Unlocked { .. }
            | Self::Stopped { .. }
            | Self::Completed => None,
        }
    }
}

/// The beginning of a text, at most [`LONGEST_EVIDENCE`] bytes of it.
pub fn cut(text: &str) -> String {
    if text.len() <= LONGEST_EVIDENCE {
        return text.to_owned();
    }
    let end = (0..=LONGEST_EVIDENCE - '…'.len_utf8())
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0);
    format!("{}…", text.get(..end).unwrap_or_default())
}

/// The first [`MOST_EVIDENCE`] lines, each cut short.
pub fn cut_all(lines: &[String]) -> Vec<String> {
    lines.iter().take(MOST_EVIDENCE).map(|l| cut(l)).collect()
}
