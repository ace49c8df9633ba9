//! Where a step is, and the one table of the moves that are legal. Pure.

use serde::Deserialize;
use serde::Serialize;

use super::Event;

/// Where a step is.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    /// It has not been begun, or everything it did was taken back.
    #[default]
    Planned,
    /// It was begun; how it ended is not written down.
    Started,
    /// It is a gate that was not due.
    Waiting,
    /// It is done.
    Succeeded,
    /// It is not done.
    Failed,
    /// Whether it is done has to be found out.
    Unknown,
    /// It is being taken back.
    Undoing,
    /// Taking it back has failed.
    UndoFailed,
}

impl StepStatus {
    /// Every status.
    pub const ALL: &'static [Self] = &[
        Self::Planned,
        Self::Started,
        Self::Waiting,
        Self::Succeeded,
        Self::Failed,
        Self::Unknown,
        Self::Undoing,
        Self::UndoFailed,
    ];

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Planned => "not started",
            Self::Started => "started",
            Self::Waiting => "waiting",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Unknown => "UNKNOWN",
            Self::Undoing => "being taken back",
            Self::UndoFailed => "not taken back",
        }
    }

    /// The status after an event about the step; `None` where the event cannot follow.
    pub const fn after(self, event: &Event) -> Option<Self> {
        match (self, event) {
            // A run that was cut off, refused or paused is taken up by a new attempt.
            (
                Self::Planned | Self::Started | Self::Waiting | Self::Failed | Self::Unknown,
                Event::Started { .. },
            )
            | (Self::Started, Event::CallStarted { .. } | Event::Accepted { .. }) => {
                Some(Self::Started)
            }
            // Succeeding and failing without a new attempt: what was in doubt was looked at.
            (Self::Started | Self::Unknown, Event::Succeeded { .. }) => Some(Self::Succeeded),
            (Self::Started | Self::Unknown, Event::Failed { .. }) => Some(Self::Failed),
            // A step whose expectations do not hold fails without having been begun.
            (Self::Planned | Self::Waiting | Self::Failed, Event::Failed { .. }) => {
                Some(Self::Failed)
            }
            (Self::Started | Self::Unknown, Event::Unknown { .. }) => Some(Self::Unknown),
            (Self::Started, Event::Waiting { .. }) | (Self::Waiting, Event::Confirmed { .. }) => {
                Some(Self::Waiting)
            }
            (Self::Succeeded | Self::Undoing | Self::UndoFailed, Event::UndoStarted { .. }) => {
                Some(Self::Undoing)
            }
            (Self::Undoing, Event::UndoFinished { .. })
            | (Self::Succeeded, Event::Reset { .. }) => Some(Self::Planned),
            (Self::Undoing, Event::UndoFailed { .. }) => Some(Self::UndoFailed),
            _ => None,
        }
    }
}
