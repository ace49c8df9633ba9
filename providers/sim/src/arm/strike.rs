//! Planned faults of the wire: which HTTP calls fail, and how. Pure. Faults of the cloud itself
//! are the world's.

use serde::Deserialize;
use serde::Serialize;

use super::wire::Refusal;

/// How a call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Word {
    /// The connection breaks before the effect.
    DropBefore,
    /// The connection breaks after the effect.
    DropAfter,
    /// 429 with `seconds` to wait.
    Throttle,
    /// 409.
    Conflict,
    /// 503, or `status`.
    Fail,
    /// Accepted, and it never ends.
    Never,
    /// Accepted, and it fails.
    FailLate,
    /// 404 to the GETs that match.
    NotFound,
}

/// One planned fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Strike {
    fault: Word,
    /// Only this method; GET for `not_found`, every change else.
    #[serde(default)]
    method: Option<String>,
    /// Only paths that match; `*` stands for any text, and letter case for nothing.
    #[serde(default)]
    path: Option<String>,
    /// From the n-th match on, counted from 1.
    #[serde(default)]
    nth: Option<u64>,
    /// How often at most; once where nothing is said.
    #[serde(default)]
    times: Option<u64>,
    #[serde(default)]
    seconds: Option<u32>,
    #[serde(default)]
    status: Option<u16>,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default, skip_deserializing)]
    seen: u64,
    #[serde(default, skip_deserializing)]
    pub(crate) fired: u64,
}

/// What a fault does to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hit {
    DropBefore,
    DropAfter,
    Refuse(Refusal),
    /// An answer that leads to an operation of this id, and no effect.
    Operation(String),
}

/// All planned faults. The first that strikes decides.
#[derive(Clone, Debug, Default)]
pub(crate) struct Strikes {
    pub(crate) all: Vec<Strike>,
}

impl Strikes {
    /// The fault that strikes a call, counted.
    pub(crate) fn strike(&mut self, method: &str, path: &str) -> Option<Hit> {
        let mut hit = None;
        for (at, one) in self.all.iter_mut().enumerate() {
            if !one.admits(method, path) {
                continue;
            }
            one.seen += 1;
            let due = one.seen >= one.nth.unwrap_or(1) && one.fired < one.times.unwrap_or(1);
            if due && hit.is_none() {
                one.fired += 1;
                hit = Some(one.hit(at));
            }
        }
        hit
    }
}

impl Strike {
    fn admits(&self, method: &str, path: &str) -> bool {
        let meant = match (&self.method, self.fault) {
            (Some(wanted), _) => wanted.eq_ignore_ascii_case(method),
            (None, Word::NotFound) => method == "GET",
            (None, _) => !["GET", "HEAD"].contains(&method),
        };
        meant && self.path.as_deref().is_none_or(|glob| matches(glob, path))
    }

    fn hit(&self, at: usize) -> Hit {
        let refuse = |status: u16, code: &str, message: &str| {
            let status = self.status.unwrap_or(status);
            let code = self.code.as_deref().unwrap_or(code);
            let message = self.message.as_deref().unwrap_or(message);
            let mut refusal = Refusal::new(status, code, message);
            refusal.retry_after = self.seconds;
            Hit::Refuse(refusal)
        };
        match self.fault {
            Word::DropBefore => Hit::DropBefore,
            Word::DropAfter => Hit::DropAfter,
            Word::Throttle => {
                let Hit::Refuse(mut refusal) =
                    refuse(429, "TooManyRequests", "too many requests, as planned")
                else {
                    return Hit::DropBefore;
                };
                refusal.retry_after = Some(self.seconds.unwrap_or(30));
                Hit::Refuse(refusal)
            }
            Word::Conflict => refuse(409, "AnotherOperationInProgress", "a conflict, as planned"),
            Word::Fail => refuse(503, "ServiceUnavailable", "a failure, as planned"),
            Word::NotFound => refuse(404, "ResourceNotFound", "not found, as planned"),
            Word::Never => Hit::Operation(format!("never-{at}-{}", self.fired)),
            Word::FailLate => Hit::Operation(format!("fails-{at}-{}", self.fired)),
        }
    }
}

/// Whether a text matches a pattern in which `*` stands for any text.
fn matches(glob: &str, text: &str) -> bool {
    let (glob, text) = (glob.to_ascii_lowercase(), text.to_ascii_lowercase());
    let mut parts = glob.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strike_counts_and_ends() {
        let rule = r#"{ "fault": "throttle", "path": "*/servers/*", "nth": 2, "times": 1 }"#;
        let mut strikes = Strikes {
            all: vec![serde_json::from_str(rule).expect("a rule")],
        };
        let mut hit = || strikes.strike("PUT", "/a/Servers/b").is_some();
        assert_eq!([hit(), hit(), hit()], [false, true, false]);
        assert!(strikes.strike("GET", "/a/servers/b").is_none());
    }
}
