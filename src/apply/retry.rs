//! What to do after a fault, by its class. Pure.

use jiff::SignedDuration;
use sha2::Digest as _;
use sha2::Sha256;
use stampctl_contract::Fault;
use stampctl_contract::FaultClass;

/// Retries after a fault that may pass.
const TRANSIENT_RETRIES: u32 = 5;

/// Retries after a conflict whose step may still be done.
const CONFLICT_RETRIES: u32 = 6;

/// Retries after being told to wait.
const THROTTLED_RETRIES: u32 = 20;

/// The longest wait of our own choice, in milliseconds.
const LONGEST_WAIT: u64 = 60_000;

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Look again, and if it still may and has to be done, do it again after this long.
    After(SignedDuration),
    /// It is over.
    GiveUp,
}

/// What to do after a fault that came after `tries` earlier ones. `seed` makes the waits of
/// different steps differ, the same way every time.
pub fn next(fault: &Fault, tries: u32, seed: &str) -> Next {
    let retries = match fault.class {
        FaultClass::Transient => TRANSIENT_RETRIES,
        FaultClass::Throttled => THROTTLED_RETRIES,
        FaultClass::Conflict => CONFLICT_RETRIES,
        FaultClass::Denied | FaultClass::Quota | FaultClass::Capacity | FaultClass::Permanent => 0,
    };
    if tries >= retries {
        return Next::GiveUp;
    }
    let grown = 1_000_u64
        .checked_shl(tries.min(16))
        .unwrap_or(LONGEST_WAIT)
        .min(LONGEST_WAIT);
    let asked = u64::from(fault.retry_after_seconds.unwrap_or(0)) * 1_000;
    let base = grown.max(asked);
    // Up to a quarter more, so that many steps do not come back at once; never less than asked.
    let wait = base + jitter(seed, tries) % (base / 4 + 1);
    Next::After(SignedDuration::from_millis(
        i64::try_from(wait).unwrap_or(i64::MAX),
    ))
}

/// What a class of fault means for a step, and what would help.
pub const fn advice(class: FaultClass) -> &'static str {
    match class {
        FaultClass::Transient => "the cloud did not answer well for a while; run it again later",
        FaultClass::Throttled => "the cloud asks for fewer calls; run it again later",
        FaultClass::Conflict => "something else is changing it; see what, and run it again",
        FaultClass::Denied => {
            "the identity that applies may not do this; grant it and run it again"
        }
        FaultClass::Quota => {
            "the subscription or the group has not enough cores; get more and run it again"
        }
        FaultClass::Capacity => {
            "the region or zone has no such machines left; a reservation or another size helps"
        }
        FaultClass::Permanent => "it will not work as planned; change the fleet and plan again",
    }
}

fn jitter(seed: &str, tries: u32) -> u64 {
    let sum = Sha256::digest(format!("{seed}/{tries}").as_bytes());
    sum.iter()
        .take(8)
        .fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(fault: &Fault) -> Vec<i128> {
        let waits = (0..).map_while(|tries| match next(fault, tries, "step") {
            Next::After(wait) => Some(wait.as_millis()),
            Next::GiveUp => None,
        });
        waits.collect()
    }

    #[test]
    fn what_may_pass_is_retried_more_and_more_slowly() {
        let waits = waits(&Fault::new(FaultClass::Transient, "500", ""));
        assert_eq!(waits.len(), 5);
        assert!(waits.is_sorted());
        assert!(waits.iter().all(|wait| (1_000..=75_000).contains(wait)));
    }

    #[test]
    fn what_the_cloud_asks_for_is_waited() {
        let fault = Fault::new(FaultClass::Throttled, "429", "").retry_after(90);
        let waits = waits(&fault);
        assert_eq!(waits.len(), 20);
        assert!(waits.iter().all(|wait| (90_000..=112_500).contains(wait)));
    }

    #[test]
    fn what_will_not_pass_is_not_retried() {
        for class in [
            FaultClass::Denied,
            FaultClass::Quota,
            FaultClass::Capacity,
            FaultClass::Permanent,
        ] {
            assert_eq!(next(&Fault::new(class, "no", ""), 0, "step"), Next::GiveUp);
        }
    }

    #[test]
    fn waits_differ_between_steps_and_not_between_runs() {
        let fault = Fault::new(FaultClass::Transient, "500", "");
        assert_eq!(next(&fault, 3, "a"), next(&fault, 3, "a"));
        assert_ne!(next(&fault, 3, "a"), next(&fault, 3, "b"));
    }
}
