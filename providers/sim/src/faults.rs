//! Planned faults: which calls fail, how, and when. Seeded, counted, and part of the world, so
//! that a replay meets the same faults. Pure.

use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;
use stampctl_contract::Fault;
use stampctl_contract::FaultClass;
use stampctl_contract::Gap;
use stampctl_contract::Kind;
use stampctl_contract::Operation;
use stampctl_contract::Verb;

/// What a call does, as rules name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallVerb {
    /// [`Verb::Put`].
    Put,
    /// [`Verb::Patch`].
    Patch,
    /// [`Verb::Delete`].
    Delete,
    /// [`Verb::Copy`].
    Copy,
    /// A read of one resource.
    Read,
    /// A list.
    List,
    /// A look at everything; a rule that strikes leaves a gap.
    Observe,
    /// A question after an operation in progress.
    Poll,
}

/// How a call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultWord {
    /// Fails and changes nothing.
    FailBefore,
    /// Changes what was asked for, and the answer is lost.
    FailAfter,
    /// Fails with a wait of `seconds`.
    Throttle,
    /// Is accepted and never ends.
    NeverComplete,
    /// Reports success and changes nothing.
    Lie,
    /// Reports success; the effect comes `seconds` later.
    Late,
    /// The calling process dies before the effect. Needs `allow_die`.
    DieBefore,
    /// The calling process dies after the effect. Needs `allow_die`.
    DieAfter,
}

/// One planned fault. What is not said matches every mutating call; reads must be named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// How it goes wrong.
    pub fault: FaultWord,
    /// The class of the fault; `transient` where nothing is said (`throttled` for a throttle).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<FaultClass>,
    /// Seconds, for `throttle` and `late`; 30 where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
    /// With `fail_before`: whether the caller is left in doubt, as when a connection breaks.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ambiguous: bool,
    /// Only calls of this verb.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verb: Option<CallVerb>,
    /// Only this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// Only addresses that match; `*` stands for any text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Only calls whose idempotency key contains this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Only the n-th call that matches, counted from 1, and those after it up to `times`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// How often it strikes at most; with `nth` once where nothing is said, else without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// How many of 10,000 matching calls it strikes, by the plan's seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
}

/// The faults of a world file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultPlan {
    /// Decides which calls a `rate` strikes.
    pub seed: u64,
    /// Whether `die_before` and `die_after` may abort the process. For tests that kill.
    pub allow_die: bool,
    /// The first rule that strikes decides.
    pub rules: Vec<FaultRule>,
}

/// A fault plan at work.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Faults {
    seed: u64,
    allow_die: bool,
    armed: Vec<Armed>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Armed {
    rule: FaultRule,
    seen: u64,
    fired: u64,
}

/// A call as rules see it.
pub(crate) struct Call<'a> {
    pub(crate) verb: CallVerb,
    pub(crate) kind: Option<Kind>,
    pub(crate) address: String,
    pub(crate) key: &'a str,
}

/// What a fault does to a mutating call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Strike {
    Before(Fault),
    After(Fault),
    Never,
    Lie,
    Late(u32),
    DieBefore,
    DieAfter,
}

impl<'a> Call<'a> {
    pub(crate) fn of(operation: &Operation, key: &'a str) -> Self {
        let verb = match operation.verb {
            Verb::Put { .. } => CallVerb::Put,
            Verb::Patch { .. } => CallVerb::Patch,
            Verb::Delete => CallVerb::Delete,
            Verb::Copy { .. } => CallVerb::Copy,
        };
        Self {
            verb,
            kind: Some(operation.address.kind()),
            address: operation.address.to_string(),
            key,
        }
    }
}

impl From<&FaultPlan> for Faults {
    fn from(plan: &FaultPlan) -> Self {
        let mut faults = Self {
            seed: plan.seed,
            allow_die: plan.allow_die,
            armed: Vec::new(),
        };
        for rule in &plan.rules {
            faults.inject(rule.clone());
        }
        faults
    }
}

impl Faults {
    pub(crate) fn inject(&mut self, rule: FaultRule) {
        self.armed.push(Armed {
            rule,
            seen: 0,
            fired: 0,
        });
    }

    /// How often each rule has struck.
    pub(crate) fn fired(&self) -> Vec<(FaultRule, u64)> {
        let armed = self.armed.iter();
        armed.map(|one| (one.rule.clone(), one.fired)).collect()
    }

    /// The fault that strikes a mutating call, counted.
    pub(crate) fn strike(&mut self, call: &Call<'_>) -> Option<Strike> {
        let struck = self.struck_by(call);
        let first = struck.iter().find(|(_, fires)| *fires).map(|(at, _)| *at);
        for (at, _) in struck {
            self.count(at, Some(at) == first);
        }
        let rule = &self.armed.get(first?)?.rule;
        let seconds = rule.seconds.unwrap_or(30);
        Some(match rule.fault {
            FaultWord::FailBefore | FaultWord::Throttle => Strike::Before(fault_of(rule)),
            FaultWord::FailAfter => Strike::After(fault_of(rule)),
            FaultWord::NeverComplete => Strike::Never,
            FaultWord::Lie => Strike::Lie,
            FaultWord::Late => Strike::Late(seconds),
            FaultWord::DieBefore => Strike::DieBefore,
            FaultWord::DieAfter => Strike::DieAfter,
        })
    }

    /// The rules that match a call, and whether each would strike it. Counts nothing.
    pub(crate) fn struck_by(&self, call: &Call<'_>) -> Vec<(usize, bool)> {
        let armed = self.armed.iter().enumerate();
        armed
            .filter(|(_, one)| one.rule.admits(call))
            .map(|(at, one)| (at, self.fires(at, one)))
            .collect()
    }

    pub(crate) fn count(&mut self, at: usize, fired: bool) {
        if let Some(one) = self.armed.get_mut(at) {
            one.seen += 1;
            one.fired += u64::from(fired);
        }
    }

    /// The fault of a rule that strikes a read.
    pub(crate) fn fault(&self, at: usize) -> Option<Fault> {
        self.armed.get(at).map(|one| fault_of(&one.rule))
    }

    /// What a rule that strikes `observe` hides.
    pub(crate) fn gap(&self, at: usize) -> Option<Gap> {
        let rule = &self.armed.get(at)?.rule;
        let fault = fault_of(rule);
        let glob = rule.address.as_deref().unwrap_or("");
        let path = glob.split_once('/').map_or("", |(_, path)| path);
        // Whole parts only, so that the gap hides no less than what the rule names.
        let known: Vec<&str> = path
            .split('/')
            .take_while(|part| !part.contains('*'))
            .collect();
        Some(Gap {
            kind: rule.kind.or_else(|| glob.split('/').next()?.parse().ok()),
            beneath: known.join("/"),
            class: fault.class,
            reason: fault.message,
        })
    }

    fn fires(&self, at: usize, one: &Armed) -> bool {
        let rule = &one.rule;
        let dies = matches!(rule.fault, FaultWord::DieBefore | FaultWord::DieAfter);
        if dies && !self.allow_die {
            return false;
        }
        let nth = one.seen + 1;
        if rule.nth.is_some_and(|first| nth < first) {
            return false;
        }
        let most = rule.times.or(rule.nth.map(|_| 1));
        if most.is_some_and(|most| one.fired >= most) {
            return false;
        }
        rule.rate.is_none_or(|rate| self.dice(at, nth) < rate)
    }

    /// A number below 10,000 that depends on the seed, the rule and the call alone.
    fn dice(&self, at: usize, nth: u64) -> u32 {
        let digest = Sha256::digest(format!("{}/{at}/{nth}", self.seed).as_bytes());
        let (first, _) = digest.split_at(4);
        first.iter().fold(0_u32, |sum, byte| {
            sum.wrapping_mul(256).wrapping_add(u32::from(*byte))
        }) % 10_000
    }
}

impl FaultRule {
    /// A rule that strikes every mutating call.
    pub fn new(fault: FaultWord) -> Self {
        Self {
            fault,
            class: None,
            seconds: None,
            ambiguous: false,
            verb: None,
            kind: None,
            address: None,
            key: None,
            nth: None,
            times: None,
            rate: None,
        }
    }

    fn admits(&self, call: &Call<'_>) -> bool {
        use CallVerb::List;
        use CallVerb::Observe;
        use CallVerb::Poll;
        use CallVerb::Read;
        let verb = match self.verb {
            Some(verb) => verb == call.verb,
            None => !matches!(call.verb, Read | List | Observe | Poll),
        };
        // What a look at everything hides is decided by the gap, not by the call.
        let place = call.verb == Observe
            || (self.kind.is_none_or(|kind| call.kind == Some(kind))
                && self
                    .address
                    .as_deref()
                    .is_none_or(|glob| matches(glob, &call.address)));
        let key = self.key.as_deref();
        verb && place && key.is_none_or(|part| call.key.contains(part))
    }
}

fn fault_of(rule: &FaultRule) -> Fault {
    let throttle = rule.fault == FaultWord::Throttle;
    let class = rule.class.unwrap_or(if throttle {
        FaultClass::Throttled
    } else {
        FaultClass::Transient
    });
    let mut fault = Fault::new(class, "Injected", "a planned fault of the simulated cloud");
    if throttle || class == FaultClass::Throttled {
        fault = fault.retry_after(rule.seconds.unwrap_or(30));
    }
    if rule.ambiguous {
        fault = fault.ambiguous();
    }
    fault
}

/// Whether `text` is `glob`, in which `*` stands for any text. Linear but for the stars.
fn matches(glob: &str, text: &str) -> bool {
    let mut pieces = glob.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else {
        return rest.is_empty();
    };
    for piece in pieces {
        let Some(at) = rest.find(piece) else {
            return false;
        };
        rest = rest.get(at + piece.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        assert!(matches(
            "scale_set/*/vmss-*1",
            "scale_set/s/rg/vmss-a-zone1"
        ));
        assert!(!matches(
            "scale_set/*/vmss-*1",
            "scale_set/s/rg/vmss-a-zone2"
        ));
        assert!(matches("a", "a"));
        assert!(!matches("a", "ab"));
        assert!(!matches("ab*ba", "aba"));
    }

    #[test]
    fn a_rate_strikes_about_as_often_as_it_says() {
        let mut faults = Faults::default();
        let mut rule = FaultRule::new(FaultWord::FailBefore);
        rule.rate = Some(1_000);
        faults.inject(rule);
        let struck = (0..2_000).filter(|_| {
            let call = Call {
                verb: CallVerb::Put,
                kind: None,
                address: String::new(),
                key: "",
            };
            faults.strike(&call).is_some()
        });
        let struck = struck.count();
        assert!((120..280).contains(&struck), "{struck} of 2,000");
    }
}
