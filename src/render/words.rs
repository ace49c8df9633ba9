//! Every heading, plural, sign and sentence, so that all formats say the same thing. Pure.
//!
//! Sentences hold foreign text as it is; the renderers escape it.

use std::borrow::Cow;
use std::fmt::Write as _;

use stampctl_contract::Operation;
use stampctl_contract::Precondition;
use stampctl_contract::Settings;
use stampctl_contract::Value;
use stampctl_contract::Verb;

use crate::model::StampId;
use crate::place::placement::ClassRule;
use crate::place::placement::Ineligible;
use crate::place::placement::LeaveReason;
use crate::place::placement::PassedOver;
use crate::place::placement::Why;
use crate::plan::format::Action;
use crate::plan::format::Condition;
use crate::plan::format::Forecast;
use crate::plan::format::Hazard;
use crate::plan::format::OnTimeout;
use crate::plan::format::Patience;
use crate::plan::format::Subject;
use crate::plan::format::condition::Matching;

/// The heading of each part of a plan, in the order in which they are shown.
pub mod heading {
    /// Findings that refuse the plan.
    pub const REFUSED: &str = "Refused";
    /// What the plan reaches.
    pub const BLAST: &str = "Blast radius";
    /// Differences.
    pub const CHANGES: &str = "Changes, what is lost first";
    /// Tenants that change their stamp.
    pub const MOVES: &str = "Tenants that move";
    /// Steps.
    pub const STEPS: &str = "Steps, in the order of the plan";
    /// The rules behind the order.
    pub const RULES: &str = "Why steps wait";
    /// Cores.
    pub const LEDGER: &str = "Quota ledger";
    /// Where tenants go.
    pub const PLACEMENT: &str = "Placement";
    /// What waits for a clock or a person.
    pub const WAITS: &str = "What waits for time or for a person";
    /// Findings that do not refuse the plan.
    pub const HELD_BACK: &str = "Found and left alone";
    /// Policy that is not the default.
    pub const POLICY: &str = "Policy that differs from the defaults";
    /// The opening world.
    pub const WORLD: &str = "The world that the plan starts from";
    /// The counts.
    pub const SUMMARY: &str = "Summary";
    /// What to type next.
    pub const NEXT: &str = "Next";
}

/// A whole number with a comma between thousands.
pub fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number of things: `1 stamp`, `2,000 stamps`.
pub fn count(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(n), if n == 1 { one } else { many })
}

/// A difference in cores with its sign: `+64`.
pub fn signed(n: i64) -> String {
    format!("{n:+}")
}

/// A length of time in full: `1d 2h 3m 4s`. Nothing is rounded.
pub fn duration(seconds: u64) -> String {
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (size, letter) in [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")] {
        if rest >= size {
            parts.push(format!("{}{letter}", rest / size));
            rest %= size;
        }
    }
    if parts.is_empty() {
        "0s".to_owned()
    } else {
        parts.join(" ")
    }
}

/// What a plan takes of a cloud: `at least 1,240 calls to azure; at least 1m 44s by its limits`.
pub fn forecast(forecast: Forecast, provider: &str) -> String {
    let calls = count(forecast.calls, "call", "calls");
    let limits = match forecast.at_least.0 {
        0 => "its limits do not hold that up".to_owned(),
        seconds => format!("at least {} by its limits", duration(seconds)),
    };
    format!("at least {calls} to {provider}; {limits}")
}

/// Whom a change or step is about.
pub fn subject(subject: &Subject) -> String {
    match subject {
        Subject::Fleet => "the fleet".to_owned(),
        Subject::Quota(key) => format!("quota {key}"),
        Subject::Reservation(name) => format!("capacity reservation {name}"),
        Subject::Stamp(stamp) => format!("stamp {stamp}"),
        Subject::Tenant(tenant) => format!("tenant {tenant}"),
    }
}

/// What a change's sign means.
pub const fn sign(action: Action) -> &'static str {
    match action {
        Action::Retire | Action::Offboard => "is deleted",
        Action::Move => "moves to another stamp",
        Action::Drain | Action::Isolate => "leaves service and stays",
        Action::Create | Action::Onboard => "is made or taken in",
        Action::Activate => "serves again",
        Action::Update => "changes in place",
        Action::Repair => "is set right after drift",
    }
}

/// What was done to how many: `1 stamp retired`.
pub fn done(action: Action, n: u64) -> String {
    let (one, many, verb) = match action {
        Action::Retire => ("stamp", "stamps", "retired"),
        Action::Offboard => ("tenant", "tenants", "offboarded"),
        Action::Move => ("tenant", "tenants", "moved"),
        Action::Drain => ("stamp", "stamps", "drained"),
        Action::Isolate => ("stamp", "stamps", "isolated"),
        Action::Create => ("thing", "things", "created"),
        Action::Onboard => ("tenant", "tenants", "onboarded"),
        Action::Activate => ("stamp", "stamps", "activated"),
        Action::Update => ("thing", "things", "updated"),
        Action::Repair => ("thing", "things", "repaired"),
    };
    format!("{} {verb}", count(n, one, many))
}

/// What a step may break, in words.
pub const fn hazard(hazard: Hazard) -> &'static str {
    match hazard {
        Hazard::Safe => "safe",
        Hazard::Disruptive => "disruptive",
        Hazard::Irreversible => "CANNOT BE UNDONE",
    }
}

/// What giving up on a check means.
pub const fn on_timeout(then: OnTimeout) -> &'static str {
    match then {
        OnTimeout::Fail => "the step fails",
        OnTimeout::Pause => "the run pauses, and the same command goes on later",
    }
}

/// How long a check waits.
pub fn patience(patience: Patience) -> String {
    let looks = count(u64::from(patience.good), "good look", "good looks in a row");
    let then = on_timeout(patience.then);
    if patience.every.0 == 0 && patience.within.0 == 0 {
        return format!("{looks}, at once; otherwise {then}");
    }
    let every = duration(patience.every.0);
    let within = duration(patience.within.0);
    format!("{looks}, one every {every}, within {within}; otherwise {then}")
}

/// A condition as a sentence.
pub fn condition(condition: &Condition) -> String {
    match condition {
        Condition::Absent { address } => format!("`{address}` does not exist"),
        Condition::Present { address } => format!("`{address}` exists"),
        Condition::Is {
            address,
            setting,
            value,
        } => {
            format!("`{setting}` of `{address}` is {value}")
        }
        Condition::AtMost {
            address,
            setting,
            limit,
        } => {
            format!("`{setting}` of `{address}` is at most {limit}")
        }
        Condition::AtLeast {
            address,
            setting,
            limit,
        } => {
            format!("`{setting}` of `{address}` is at least {limit}")
        }
        Condition::ChangedBy {
            address,
            setting,
            since,
            by,
        } => {
            let way = if *by < 0 { "fallen" } else { "risen" };
            let by = by.unsigned_abs();
            format!(
                "`{setting}` of `{address}` has {way} by exactly {by} since just before `{since}`"
            )
        }
        Condition::FewerThan { matching, count } => {
            format!("fewer than {count} of {}", matches(matching))
        }
        Condition::OnlyOwned { group, tag, owner } => {
            format!("everything in `{group}` carries the tag `{tag}` = `{owner}`")
        }
        Condition::SameContent {
            source,
            destination,
        } => {
            format!("`{source}` and `{destination}` hold the same content")
        }
        Condition::Elapsed { since, seconds } => {
            format!(
                "at least {} have passed since `{since}` succeeded",
                duration(seconds.0)
            )
        }
        Condition::Confirmed { question } => {
            format!("a person has answered yes with `stampctl confirm` to: {question}")
        }
    }
}

fn matches(matching: &Matching) -> String {
    let kind = matching
        .kind
        .map_or("resource", stampctl_contract::Kind::word);
    let mut out = format!("any `{kind}` beneath `{}`", matching.beneath);
    if let Some((setting, value)) = &matching.equals {
        let _ = write!(out, " with `{setting}` = {value}");
    }
    if !matching.except_states.is_empty() {
        let _ = write!(
            out,
            ", not counting state {}",
            matching.except_states.join(", ")
        );
    }
    out
}

/// What a call does, without its settings: `puts quota_allocation/…`.
pub fn operation(operation: &Operation) -> String {
    let address = &operation.address;
    let mut out = match &operation.verb {
        Verb::Put { .. } => format!("puts {address}"),
        Verb::Patch { .. } => format!("sets in {address}"),
        Verb::Delete => format!("deletes {address} with everything inside it"),
        Verb::Copy { from, tenant } => {
            format!(
                "copies the content of tenant `{tenant}`, and no other's, from {from} to {address}"
            )
        }
    };
    match &operation.precondition {
        Precondition::Any => {}
        Precondition::Absent => out.push_str(", only if it does not exist"),
        Precondition::Version(etag) => {
            let _ = write!(out, ", only at version `{etag}`");
        }
    }
    out
}

/// The word for what a call does.
pub const fn verb(verb: &Verb) -> &'static str {
    match verb {
        Verb::Put { .. } => "put",
        Verb::Patch { .. } => "patch",
        Verb::Delete => "delete",
        Verb::Copy { .. } => "copy",
    }
}

/// The settings that a call writes.
pub fn settings(operation: &Operation) -> Option<&Settings> {
    match &operation.verb {
        Verb::Put { settings } | Verb::Patch { settings } => Some(settings),
        Verb::Delete | Verb::Copy { .. } => None,
    }
}

/// A value on one line.
pub fn value(value: &Value) -> String {
    value.to_string()
}

/// Why a tenant lives where it lives.
pub fn why(why: &Why) -> Cow<'static, str> {
    match why {
        Why::Stays => "it lives there and nothing forces it away".into(),
        Why::Pinned => "the manifest pins it there".into(),
        Why::Dedicated(rule) => {
            format!("it needs a stamp of its own: {}", class_rule(*rule)).into()
        }
        Why::BestFit => "the best shared stamp that can take it".into(),
        Why::OpenedStamp => "the plan opens this stamp".into(),
        Why::Left(reason) => format!("it had to leave: {}", leave_reason(reason)).into(),
        Why::Consolidated(stamp) => format!("a voluntary move that empties {stamp}").into(),
    }
}

/// Why a tenant must leave its stamp.
pub fn leave_reason(reason: &LeaveReason) -> String {
    match reason {
        LeaveReason::StampRetired => "its stamp is retired".to_owned(),
        LeaveReason::StampMissing => "its stamp is gone or is none of the fleet's".to_owned(),
        LeaveReason::Region => "its region is another now".to_owned(),
        LeaveReason::Dedicated(rule) => {
            format!("it needs a stamp of its own: {}", class_rule(*rule))
        }
        LeaveReason::Pinned => "the manifest pins it elsewhere".to_owned(),
        LeaveReason::Overload(dimension) => {
            format!("its stamp is in the deny band in {}", dimension.word())
        }
        LeaveReason::AntiAffinity(group) => {
            format!("one of its group `{group}` lives on the same stamp")
        }
    }
}

/// The rule that forces a dedicated stamp.
pub const fn class_rule(rule: ClassRule) -> &'static str {
    match rule {
        ClassRule::Tier => "tier enterprise",
        ClassRule::Contract => "an enterprise contract",
        ClassRule::Users => "more users than the policy's limit",
        ClassRule::Cpu => "more than the noisy share of a shared stamp's cpu (R3)",
        ClassRule::Requests => "more requests a day than the noisy limit (R4)",
        ClassRule::Storage => "a larger database than the noisy limit (R5)",
        ClassRule::Size => "85 % or more of the largest shared stamp (R6)",
    }
}

/// Why a stamp cannot take a tenant.
pub fn ineligible(reason: Ineligible) -> String {
    match reason {
        Ineligible::Region => "in another region".to_owned(),
        Ineligible::Kind => "of the other kind or for another tenant".to_owned(),
        Ineligible::State => "not active".to_owned(),
        Ineligible::Closed => "closed for new tenants".to_owned(),
        Ineligible::Dr => "kept for disasters".to_owned(),
        Ineligible::Unknown(dimension) => format!("UNKNOWN in {}", dimension.word()),
        Ineligible::Band(dimension) => {
            format!("in the provision band or above in {}", dimension.word())
        }
        Ineligible::WouldReach(dimension) => {
            format!("would reach the provision band in {}", dimension.word())
        }
        Ineligible::Full => "full in number of tenants".to_owned(),
        Ineligible::AntiAffinity => "home of one of its group".to_owned(),
    }
}

/// Stamps that were passed over for one reason: `3 closed for new tenants (a, b, …)`.
pub fn passed_over(passed: &PassedOver) -> String {
    let names: Vec<&str> = passed.first.iter().map(StampId::as_str).collect();
    let more = usize::try_from(passed.count).is_ok_and(|count| count > names.len());
    let dots = if more { ", …" } else { "" };
    format!(
        "{} {} ({}{dots})",
        passed.count,
        ineligible(passed.why),
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_say_them() {
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(count(1, "stamp", "stamps"), "1 stamp");
        assert_eq!(count(0, "stamp", "stamps"), "0 stamps");
        assert_eq!(duration(93_784), "1d 2h 3m 4s");
        assert_eq!(duration(0), "0s");
        assert_eq!(signed(64), "+64");
    }
}
