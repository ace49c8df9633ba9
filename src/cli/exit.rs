//! The exit codes. They are an interface: a number never changes its meaning (design §4).

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exit {
    /// Done, or nothing to do.
    Done,
    /// An error: bad arguments, a manifest with errors, a file that cannot be read or written.
    Error,
    /// Changes are pending. Only with `--detailed-exitcode`.
    Pending,
    /// Refused by a safety rule, by policy or by a limit.
    Refused,
    /// An approval is missing or not valid.
    NotApproved,
    /// The world moved since the plan was made, or the plan is too old: plan again.
    Moved,
    /// Paused: a soak, a window or a gate is not due. The same command goes on later.
    Paused,
    /// Some steps failed. The rest of the plan can be resumed.
    Incomplete,
    /// Somebody else holds the fleet's lock.
    Locked,
    /// A journal, a plan or an approval file is damaged or was altered.
    Damaged,
    /// Stopped by `SIGHUP`; can be resumed.
    HungUp,
    /// Stopped by `SIGINT`; can be resumed.
    Interrupted,
    /// Stopped by `SIGTERM`; can be resumed.
    Terminated,
}

impl Exit {
    /// Every way to end, in order of code.
    pub const ALL: &'static [Self] = &[
        Self::Done,
        Self::Error,
        Self::Pending,
        Self::Refused,
        Self::NotApproved,
        Self::Moved,
        Self::Paused,
        Self::Incomplete,
        Self::Locked,
        Self::Damaged,
        Self::HungUp,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// The number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::Pending => 2,
            Self::Refused => 3,
            Self::NotApproved => 4,
            Self::Moved => 5,
            Self::Paused => 6,
            Self::Incomplete => 7,
            Self::Locked => 8,
            Self::Damaged => 9,
            Self::HungUp => 129,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// What the number means, in one line.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done, or nothing to do",
            Self::Error => "an error",
            Self::Pending => "changes are pending (only where asked for)",
            Self::Refused => "refused by a safety rule, by policy or by a limit",
            Self::NotApproved => "an approval is missing or not valid",
            Self::Moved => "the world moved or the plan is too old: plan again",
            Self::Paused => "paused: something is not due yet; run the same command then",
            Self::Incomplete => "some steps failed; the rest can be resumed",
            Self::Locked => "locked by somebody else",
            Self::Damaged => "a journal, plan or approval is damaged or was altered",
            Self::HungUp => "stopped by SIGHUP; can be resumed",
            Self::Interrupted => "stopped by SIGINT; can be resumed",
            Self::Terminated => "stopped by SIGTERM; can be resumed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_ways_to_end_share_a_code() {
        let codes: Vec<u8> = Exit::ALL.iter().map(|exit| exit.code()).collect();
        let mut sorted = codes.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(codes, sorted);
    }
}
