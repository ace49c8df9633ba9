//! The operator's trust: who may approve, and how many must. Pure.
//!
//! The file is the one that `ssh-keygen -Y verify -f` reads: one signer a line, as
//! `principal [options] key-type key [comment]`. A line `# minimum: 2`, which is a comment to
//! `ssh-keygen`, says how many must approve. What this reader does not understand it refuses:
//! a line that is passed over could be a restriction.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use ssh_key::PublicKey;
use ssh_key::public::KeyData;

use super::NAMESPACE;

/// Who may approve, and how many must.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// The fewest approvals of any plan.
    pub minimum: u32,
    signers: Vec<Signer>,
}

/// Somebody who may approve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Signer {
    pub(super) principal: String,
    pub(super) key: KeyData,
    for_approvals: bool,
    after: Option<Timestamp>,
    before: Option<Timestamp>,
}

/// What is wrong with a trust file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the trust file: {why}")]
pub struct TrustError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it, and what would be right.
    pub why: String,
}

impl Trust {
    /// Reads an operator's trust file.
    pub fn parse(text: &str) -> Result<Self, TrustError> {
        let mut trust = Self::default();
        for (index, line) in text.lines().enumerate() {
            let told = |why: String| TrustError {
                line: index + 1,
                why,
            };
            let line = line.trim();
            if let Some(comment) = line.strip_prefix('#') {
                if let Some(minimum) = comment.trim().strip_prefix("minimum:") {
                    let minimum = minimum.trim().parse().map_err(|_| {
                        told("`minimum` is a whole number, as in `# minimum: 2`".to_owned())
                    })?;
                    trust.minimum = trust.minimum.max(minimum);
                }
            } else if !line.is_empty() {
                trust.signers.push(Signer::parse(line).map_err(told)?);
            }
        }
        Ok(trust)
    }

    /// The same trust, asking for at least this many approvals.
    #[must_use]
    pub fn at_least(mut self, minimum: u32) -> Self {
        self.minimum = self.minimum.max(minimum);
        self
    }

    /// How many people may approve.
    pub fn people(&self) -> usize {
        let principals = self.signers.iter().map(|s| s.principal.as_str());
        principals
            .collect::<std::collections::BTreeSet<&str>>()
            .len()
    }

    /// Who has this key, and may use it at this time for approvals; else why not.
    pub(super) fn find(&self, key: &KeyData, at: Timestamp) -> Result<&Signer, String> {
        let mut why = "its key is not in the trust file".to_owned();
        for signer in self.signers.iter().filter(|signer| signer.key == *key) {
            match signer.refuses(at) {
                None => return Ok(signer),
                Some(reason) => why = reason,
            }
        }
        Err(why)
    }
}

impl Signer {
    fn parse(line: &str) -> Result<Self, String> {
        let mut words = Words(line);
        let principals = words.take()?.ok_or("it is empty")?;
        let principal = principals.split(',').next().unwrap_or_default();
        if principals.contains(['*', '?', '!']) {
            return Err("a signer is named, patterns are not taken".to_owned());
        }
        if principal.is_empty() {
            return Err("it has no principal".to_owned());
        }
        let mut signer = Self {
            principal: principal.to_owned(),
            key: KeyData::Ed25519(ssh_key::public::Ed25519PublicKey([0; 32])),
            for_approvals: true,
            after: None,
            before: None,
        };
        let mut word = words.take()?.ok_or("it has no key")?;
        if !is_key_type(&word) {
            for option in split_options(&word) {
                signer.restrict(option)?;
            }
            word = words.take()?.ok_or("it has no key")?;
        }
        let key = words.take()?.ok_or("it has no key")?;
        let key = PublicKey::from_openssh(&format!("{word} {key}"))
            .map_err(|e| format!("its key cannot be read: {e}"))?;
        signer.key = key.key_data().clone();
        Ok(signer)
    }

    fn restrict(&mut self, option: &str) -> Result<(), String> {
        let (name, value) = match option.split_once('=') {
            Some((name, value)) => (name, value.trim_matches('"')),
            None => (option, ""),
        };
        match name.to_ascii_lowercase().as_str() {
            "namespaces" => {
                if value.contains(['*', '?', '!']) {
                    return Err("a namespace is named, patterns are not taken".to_owned());
                }
                self.for_approvals = value.split(',').any(|one| one == NAMESPACE);
                Ok(())
            }
            "valid-after" => {
                self.after = Some(time(value)?);
                Ok(())
            }
            "valid-before" => {
                self.before = Some(time(value)?);
                Ok(())
            }
            "cert-authority" => {
                let why = "`cert-authority` is not taken: name each signer's own key";
                Err(why.to_owned())
            }
            _ => Err(format!(
                "the option `{}` is not known",
                option.escape_debug()
            )),
        }
    }

    fn refuses(&self, at: Timestamp) -> Option<String> {
        let who = &self.principal;
        if !self.for_approvals {
            Some(format!("the key of {who} is not for `{NAMESPACE}`"))
        } else if self.after.is_some_and(|after| at < after) {
            Some(format!("the key of {who} is not valid yet"))
        } else if self.before.is_some_and(|before| at >= before) {
            Some(format!("the key of {who} is no longer valid"))
        } else {
            None
        }
    }
}

/// The words of a line; a quoted part may hold spaces.
struct Words<'a>(&'a str);

impl Words<'_> {
    fn take(&mut self) -> Result<Option<String>, String> {
        let text = self.0.trim_start();
        let mut quoted = false;
        let end = text.find(|c: char| {
            if c == '"' {
                quoted = !quoted;
            }
            c.is_whitespace() && !quoted
        });
        if quoted && end.is_none() {
            return Err("a quotation mark is not closed".to_owned());
        }
        let (word, rest) = text.split_at(end.unwrap_or(text.len()));
        self.0 = rest;
        Ok((!word.is_empty()).then(|| word.to_owned()))
    }
}

fn is_key_type(word: &str) -> bool {
    word.starts_with("ssh-") || word.starts_with("ecdsa-") || word.starts_with("sk-")
}

/// Options are divided by commas that are not in quotation marks.
fn split_options(word: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    word.split(move |c: char| {
        if c == '"' {
            quoted = !quoted;
        }
        c == ',' && !quoted
    })
}

/// A time as OpenSSH writes it, `YYYYMMDD[HHMM[SS]]Z`. Without the `Z` it would mean another time
/// on every machine.
fn time(value: &str) -> Result<Timestamp, String> {
    let bad = || {
        format!(
            "`{}` is no time in UTC, as in 20260131Z",
            value.escape_debug()
        )
    };
    let digits = value.strip_suffix('Z').ok_or_else(bad)?;
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(bad());
    }
    let number = |from: usize, to: usize| -> Result<i16, String> {
        digits
            .get(from..to)
            .and_then(|d| d.parse().ok())
            .ok_or_else(bad)
    };
    let small = |from: usize| -> Result<i8, String> {
        number(from, from + 2)?.try_into().map_err(|_| bad())
    };
    let (hour, minute, second) = match digits.len() {
        8 => (0, 0, 0),
        12 => (small(8)?, small(10)?, 0),
        14 => (small(8)?, small(10)?, small(12)?),
        _ => return Err(bad()),
    };
    let civil = DateTime::new(number(0, 4)?, small(4)?, small(6)?, hour, minute, second, 0)
        .map_err(|_| bad())?;
    let zoned = civil.to_zoned(TimeZone::UTC).map_err(|_| bad())?;
    Ok(zoned.timestamp())
}
