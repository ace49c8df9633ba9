//! Judges conditions against the live world: PASS, FAIL or UNKNOWN, with what was seen. What
//! could not be seen is UNKNOWN, and UNKNOWN never passes.

use std::cell::RefCell;
use std::collections::BTreeMap;

use jiff::Timestamp;
use stampctl_contract::Address;
use stampctl_contract::Fault;
use stampctl_contract::Kind;
use stampctl_contract::Provider;
use stampctl_contract::Query;
use stampctl_contract::Resource;
use stampctl_contract::Value;

use super::clock::later;
use crate::journal::StepProgress;
use crate::plan::format::Condition;
use crate::plan::format::StepId;
use crate::plan::format::condition::Matching;

/// What a condition came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It holds.
    Pass,
    /// Whether it holds was not seen.
    Unknown,
    /// It does not hold.
    Fail,
}

impl Verdict {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Unknown => "UNKNOWN",
            Self::Fail => "FAIL",
        }
    }
}

/// A condition, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Judgement {
    /// What it came to.
    pub(super) verdict: Verdict,
    /// What was seen; with foreign words in it.
    pub(super) evidence: String,
    /// When it will hold, where only time is missing.
    pub(super) due: Option<Timestamp>,
    /// Why it was not seen.
    pub(super) fault: Option<Fault>,
}

/// One look at the world: each resource is read once, so that what is judged and what is acted
/// on are the same version.
pub(super) struct Look<'a> {
    provider: &'a dyn Provider,
    read: RefCell<BTreeMap<Address, Result<Option<Resource>, Fault>>>,
}

/// What the journal knows.
pub(super) trait Memory {
    /// How far a step is.
    fn step(&self, step: &StepId) -> StepProgress;
}

/// For whom a condition is judged, and when.
pub(super) struct Asked<'a> {
    /// The step.
    pub(super) step: &'a StepId,
    /// The time.
    pub(super) now: Timestamp,
    /// The journal.
    pub(super) memory: &'a dyn Memory,
}

impl<'a> Look<'a> {
    /// A fresh look.
    pub(super) fn new(provider: &'a dyn Provider) -> Self {
        Self {
            provider,
            read: RefCell::new(BTreeMap::new()),
        }
    }

    /// The resource as this look sees it.
    pub(super) async fn read(&self, address: &Address) -> Result<Option<Resource>, Fault> {
        if let Some(seen) = self.read.borrow().get(address) {
            return seen.clone();
        }
        let seen = self.provider.read(address).await;
        self.read.borrow_mut().insert(address.clone(), seen.clone());
        seen
    }

    /// Judges a condition.
    pub(super) async fn judge(&self, condition: &Condition, asked: &Asked<'_>) -> Judgement {
        let judged = match condition {
            Condition::Absent { address } => self.read(address).await.map(|seen| match seen {
                None => pass(format!("{address} is not there")),
                Some(_) => fail(format!("{address} is there")),
            }),
            Condition::Present { address } => self.read(address).await.map(|seen| match seen {
                Some(_) => pass(format!("{address} is there")),
                None => fail(format!("{address} is not there")),
            }),
            Condition::Is {
                address,
                setting,
                value,
            } => {
                self.setting(address, setting, |seen| {
                    (seen == value, format!("wanted {value}"))
                })
                .await
            }
            Condition::AtMost {
                address,
                setting,
                limit,
            } => {
                self.number(address, setting, |n| {
                    (n <= *limit, format!("at most {limit}"))
                })
                .await
            }
            Condition::AtLeast {
                address,
                setting,
                limit,
            } => {
                self.number(address, setting, |n| {
                    (n >= *limit, format!("at least {limit}"))
                })
                .await
            }
            Condition::ChangedBy {
                address,
                setting,
                since,
                by,
            } => {
                let before = asked.memory.step(since).before(address, setting);
                self.changed(address, setting, since, before, *by).await
            }
            Condition::FewerThan { matching, count } => self.fewer(matching, *count).await,
            Condition::OnlyOwned { group, tag, owner } => self.owned(group, tag, owner).await,
            Condition::SameContent {
                source,
                destination,
            } => self.same(source, destination).await,
            Condition::Elapsed { since, seconds } => Ok(elapsed(since, seconds.0, asked)),
            Condition::Confirmed { question } => Ok(confirmed(question, asked)),
        };
        judged.unwrap_or_else(|fault| Judgement {
            evidence: format!("not seen: {fault}"),
            fault: Some(fault),
            verdict: Verdict::Unknown,
            due: None,
        })
    }

    async fn setting(
        &self,
        address: &Address,
        setting: &str,
        test: impl Fn(&Value) -> (bool, String),
    ) -> Result<Judgement, Fault> {
        let Some(resource) = self.read(address).await? else {
            return Ok(fail(format!("{address} is not there")));
        };
        let Some(seen) = resource.get(setting) else {
            return Ok(unknown(format!("{address} {setting} is not reported")));
        };
        let (holds, wanted) = test(seen);
        let evidence = format!("{address} {setting} is {seen}, {wanted}");
        Ok(if holds {
            pass(evidence)
        } else {
            fail(evidence)
        })
    }

    async fn number(
        &self,
        address: &Address,
        setting: &str,
        test: impl Fn(i64) -> (bool, String),
    ) -> Result<Judgement, Fault> {
        let Some(resource) = self.read(address).await? else {
            return Ok(fail(format!("{address} is not there")));
        };
        let Some(seen) = resource.int(setting) else {
            return Ok(unknown(format!("{address} {setting} is not reported")));
        };
        let (holds, wanted) = test(seen);
        let evidence = format!("{address} {setting} is {seen}, {wanted}");
        Ok(if holds {
            pass(evidence)
        } else {
            fail(evidence)
        })
    }

    async fn changed(
        &self,
        address: &Address,
        setting: &str,
        since: &StepId,
        before: Option<i64>,
        by: i64,
    ) -> Result<Judgement, Fault> {
        let Some(before) = before else {
            let what = format!("{address} {setting} before {since} is not known");
            return Ok(unknown(what));
        };
        let wanted = format!("was {before}, wanted a change by {by}");
        self.number(address, setting, |n| {
            (n.checked_sub(before) == Some(by), wanted.clone())
        })
        .await
    }

    async fn fewer(&self, matching: &Matching, count: u32) -> Result<Judgement, Fault> {
        let query = Query {
            kind: matching.kind,
            beneath: matching.beneath.clone(),
            equals: matching.equals.clone(),
        };
        let found = self.provider.list(&query).await?;
        let counted: Vec<&Resource> = found
            .iter()
            .filter(|resource| {
                let state = resource.text("state");
                !state.is_some_and(|state| matching.except_states.iter().any(|s| s == state))
            })
            .collect();
        let first = counted.first().map(|r| format!(", {} first", r.address));
        let evidence = format!(
            "{} beneath {}{}, fewer than {count} wanted",
            counted.len(),
            matching.beneath,
            first.unwrap_or_default()
        );
        let holds = counted.len() < usize::try_from(count).unwrap_or(usize::MAX);
        Ok(if holds {
            pass(evidence)
        } else {
            fail(evidence)
        })
    }

    /// Every resource of the group has to carry the tag. What is part of another resource, or
    /// only measured, has no tags of its own.
    async fn owned(&self, group: &Address, tag: &str, owner: &str) -> Result<Judgement, Fault> {
        let query = Query {
            kind: None,
            beneath: group.path().to_owned(),
            equals: None,
        };
        let found = self.provider.list(&query).await?;
        let mut unseen = None;
        let mut counted = 0_usize;
        for resource in &found {
            match resource.address.kind() {
                Kind::StampMetrics
                | Kind::Health
                | Kind::TenantSchema
                | Kind::BlobContainer
                | Kind::Lock => continue,
                _ => counted += 1,
            }
            if resource.tag(tag) == Some(owner) {
                continue;
            }
            let address = &resource.address;
            if has_tags(address.kind()) && resource.get("tags").is_none() {
                unseen = Some(format!("the tags of {address} are not reported"));
            } else {
                return Ok(fail(format!("{address} does not carry {tag}={owner}")));
            }
        }
        Ok(match unseen {
            Some(evidence) => unknown(evidence),
            None => pass(format!("all {counted} in {group} carry {tag}={owner}")),
        })
    }

    async fn same(&self, source: &Address, destination: &Address) -> Result<Judgement, Fault> {
        let mut contents = Vec::new();
        for address in [source, destination] {
            let Some(resource) = self.read(address).await? else {
                return Ok(fail(format!("{address} is not there")));
            };
            let content = (resource.int("records"), resource.get("digest").cloned());
            let (Some(records), Some(digest)) = content else {
                return Ok(unknown(format!("the content of {address} is not reported")));
            };
            contents.push((records, digest));
        }
        let told: Vec<String> = contents
            .iter()
            .map(|(records, digest)| format!("{records} records {digest}"))
            .collect();
        let evidence = format!("{source} and {destination}: {}", told.join(" and "));
        let same = contents.first() == contents.last();
        Ok(if same { pass(evidence) } else { fail(evidence) })
    }
}

fn elapsed(since: &StepId, seconds: u64, asked: &Asked<'_>) -> Judgement {
    let Some(from) = asked.memory.step(since).succeeded_at else {
        return unknown(format!("when {since} succeeded is not known"));
    };
    let due = later(from, seconds);
    if asked.now >= due {
        return pass(format!("due since {due}"));
    }
    Judgement {
        due: Some(due),
        ..fail(format!("due at {due}"))
    }
}

fn confirmed(question: &str, asked: &Asked<'_>) -> Judgement {
    match asked.memory.step(asked.step).confirmed_by {
        Some(by) => pass(format!("confirmed by {by}")),
        None => fail(format!("not confirmed: {question}")),
    }
}

/// Whether a kind has tags; see the list of kinds in the contract.
fn has_tags(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::ResourceGroup
            | Kind::CapacityReservation
            | Kind::ScaleSet
            | Kind::Cluster
            | Kind::NodePool
            | Kind::SqlServer
            | Kind::ElasticPool
            | Kind::SqlDatabase
            | Kind::StorageAccount
            | Kind::IngressProfile
            | Kind::IngressEndpoint
            | Kind::Origin
            | Kind::Alert
    )
}

fn pass(evidence: String) -> Judgement {
    Judgement {
        verdict: Verdict::Pass,
        evidence,
        due: None,
        fault: None,
    }
}

fn fail(evidence: String) -> Judgement {
    Judgement {
        verdict: Verdict::Fail,
        ..pass(evidence)
    }
}

fn unknown(evidence: String) -> Judgement {
    Judgement {
        verdict: Verdict::Unknown,
        ..pass(evidence)
    }
}

#[cfg(test)]
mod tests;
