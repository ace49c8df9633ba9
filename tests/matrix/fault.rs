//! The columns of the matrix: how one request goes wrong, once or for as long as it is asked.

use serde_json::Value as Json;
use serde_json::json;

/// How a request goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Word {
    DropBefore,
    DropAfter,
    Throttle,
    Conflict,
    Fail,
    Never,
    FailLate,
    NotFound,
}

impl Word {
    pub(crate) const ALL: [Self; 8] = [
        Self::DropBefore,
        Self::DropAfter,
        Self::Throttle,
        Self::Conflict,
        Self::Fail,
        Self::Never,
        Self::FailLate,
        Self::NotFound,
    ];

    /// As issue and table call it.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::DropBefore => "drop before",
            Self::DropAfter => "drop after",
            Self::Throttle => "429",
            Self::Conflict => "409",
            Self::Fail => "503",
            Self::Never => "202 forever",
            Self::FailLate => "Failed",
            Self::NotFound => "404 after",
        }
    }

    /// As the simulated cloud calls it.
    const fn word(self) -> &'static str {
        match self {
            Self::DropBefore => "drop_before",
            Self::DropAfter => "drop_after",
            Self::Throttle => "throttle",
            Self::Conflict => "conflict",
            Self::Fail => "fail",
            Self::Never => "never",
            Self::FailLate => "fail_late",
            Self::NotFound => "not_found",
        }
    }
}

/// A fault, and whether it strikes once or until it is lifted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Column {
    pub(crate) word: Word,
    pub(crate) lasts: bool,
}

impl Column {
    /// Every fault once, and those that a run meets again while they last: the others end it, or
    /// are seen through, at the first.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let once = Word::ALL.map(|word| Self { word, lasts: false });
        let lasting = [
            Word::DropBefore,
            Word::Throttle,
            Word::Conflict,
            Word::Fail,
            Word::NotFound,
        ];
        let lasting = lasting.map(|word| Self { word, lasts: true });
        once.into_iter().chain(lasting)
    }

    /// The rule for one request. What is not found is not found by those who look afterwards.
    pub(crate) fn rule(self, method: &str, path: &str) -> Json {
        if self.word == Word::NotFound {
            let times = if self.lasts { u64::MAX } else { 3 };
            return json!({ "fault": "not_found", "path": path, "times": times });
        }
        json!({ "fault": self.word.word(), "method": method, "path": path })
    }
}
