//! The chain of records and the fold of events: what a journal takes, and what it calls damaged.

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::plan::format::Digest;
use crate::plan::format::StepId;

fn run_id() -> RunId {
    "abc-1".parse().expect("a run's id")
}

fn step(name: &str) -> StepId {
    StepId(name.into())
}

fn opened(steps: u64) -> Event {
    Event::Opened(Opened {
        plan: Digest::of(b"plan"),
        fleet: "contoso".parse().expect("a name"),
        environment: None,
        provider: "sim".to_owned(),
        tool: "test".to_owned(),
        steps,
        expires_at: Timestamp::MAX,
        resume_until: Timestamp::MAX,
    })
}

fn started(name: &str, attempt: u32) -> Event {
    Event::Started {
        step: step(name),
        attempt,
        baseline: vec![],
        saw: vec!["quota/a/b/c limit is 64".to_owned()],
    }
}

fn call(name: &str, operation: u32) -> Event {
    Event::CallStarted {
        step: step(name),
        operation,
    }
}

fn succeeded(name: &str) -> Event {
    Event::Succeeded {
        step: step(name),
        evidence: vec![],
    }
}

/// A run with most things in it that can be.
fn story() -> Vec<Event> {
    let fault = stampctl_contract::Fault::new(
        stampctl_contract::FaultClass::Quota,
        "QuotaExceeded",
        "ü".repeat(500),
    );
    vec![
        opened(3),
        Event::Approved {
            signers: vec!["ada".to_owned()],
            required: 1,
        },
        Event::BurnStarted,
        Event::Burnt,
        started("a", 1),
        call("a", 0),
        call("a", 1),
        succeeded("a"),
        started("b", 1),
        call("b", 0),
        Event::Failed {
            step: step("b"),
            cause: Cause::Refused,
            fault: Some((&fault).into()),
            evidence: vec![],
        },
        Event::UndoStarted { step: step("a") },
        Event::UndoFinished { step: step("a") },
        started("c", 1),
        Event::Waiting {
            step: step("c"),
            until: None,
            evidence: vec![],
        },
        Event::Stopped {
            signal: Signal::Interrupt,
        },
        Event::TakenOver {
            by: "ada".to_owned(),
            purpose: "confirm".to_owned(),
        },
        Event::Confirmed {
            step: step("c"),
            by: "ada".to_owned(),
        },
        started("a", 2),
        call("a", 0),
        succeeded("a"),
        started("b", 2),
        call("b", 0),
        Event::Unknown {
            step: step("b"),
            why: "stopped".to_owned(),
        },
        succeeded("b"),
        started("c", 2),
        succeeded("c"),
        Event::Completed,
    ]
}

fn written(events: &[Event]) -> Vec<u8> {
    let (bytes, _, _) = Tail::default()
        .extend(&run_id(), Epoch(1), Timestamp::UNIX_EPOCH, events)
        .expect("writes");
    bytes
}

fn folded(bytes: &[u8]) -> Result<(Contents, Progress), JournalError> {
    let contents = Contents::read(bytes, &run_id())?;
    let progress = Progress::of(&contents.records)?;
    Ok((contents, progress))
}

#[test]
fn a_journal_is_read_back_as_it_was_written() {
    let bytes = written(&story());
    let (contents, progress) = folded(&bytes).expect("is whole");
    let events: Vec<Event> = contents.records.into_iter().map(|r| r.event).collect();
    assert_eq!(events, story());
    assert!(progress.completed);
    assert_eq!(progress.step(&step("a")).round, 1);
    assert_eq!(
        progress.step(&step("c")).confirmed_by.as_deref(),
        Some("ada")
    );
}

#[test]
fn every_prefix_folds_and_every_torn_tail_is_cut_off() {
    let bytes = written(&story());
    for length in 0..bytes.len() {
        let prefix = &bytes[..length];
        let (contents, _) = folded(prefix).expect("a prefix is what a crash leaves");
        let whole = prefix.split(|byte| *byte == b'\n').count() - 1;
        assert_eq!(contents.records.len(), whole, "at byte {length}");
        assert_eq!(
            contents.torn,
            !prefix.is_empty() && !prefix.ends_with(b"\n")
        );
    }
}

#[test]
fn every_changed_byte_is_found() {
    let events: Vec<Event> = story().into_iter().take(8).collect();
    let bytes = written(&events);
    for at in 0..bytes.len() {
        // A bit of its own for each place, the bit between cases, and what makes a newline of it.
        for change in [1 << (at % 8), 0x20, bytes[at] ^ b'\n'] {
            if change == 0 {
                continue;
            }
            let mut changed = bytes.clone();
            changed[at] ^= change;
            assert!(folded(&changed).is_err(), "byte {at} ^ {change:#x}");
        }
    }
}

#[test]
fn a_record_is_small() {
    let bytes = written(&story());
    let longest = bytes.split(|byte| *byte == b'\n').map(<[u8]>::len).max();
    assert!(longest < Some(1_000), "{longest:?}");
}

#[test]
fn another_runs_journal_is_not_taken() {
    let bytes = written(&story());
    let other = "abc-2".parse().expect("a run's id");
    assert!(Contents::read(&bytes, &other).is_err());
}

#[test]
fn what_cannot_follow_is_refused_by_number() {
    let beginning = &story()[..4];
    let bad: &[(&[Event], u64)] = &[
        (&[opened(1)], 5),
        (&[succeeded("a")], 5),
        (&[call("a", 0)], 5),
        (&[started("a", 2)], 5),
        (&[started("a", 1), call("a", 1)], 6),
        (&[started("a", 1), succeeded("a"), started("a", 2)], 7),
        (
            &[started("a", 1), Event::UndoStarted { step: step("a") }],
            6,
        ),
        (
            &[Event::Confirmed {
                step: step("a"),
                by: "eve".to_owned(),
            }],
            5,
        ),
        (&[Event::Completed], 5),
    ];
    for (events, record) in bad {
        let all: Vec<Event> = beginning.iter().chain(*events).cloned().collect();
        match folded(&written(&all)) {
            Err(JournalError::Damaged { record: found, .. }) => assert_eq!(found, *record),
            other => panic!("{events:?} was taken: {other:?}"),
        }
    }
    let unapproved = [opened(1), started("a", 1)];
    assert!(folded(&written(&unapproved)).is_err());
    let unmarked: Vec<Event> = [&story()[..2], &[started("a", 1), call("a", 0)]].concat();
    assert!(folded(&written(&unmarked)).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn lines_cannot_be_removed_doubled_or_swapped(one in 0..28usize, two in 0..28usize) {
        let bytes = written(&story());
        let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        prop_assert_eq!(lines.len(), 28);

        let mut doubled = lines.clone();
        doubled.insert(two, lines[one]);
        prop_assert!(folded(&doubled.concat()).is_err());

        // The last line can be missing: that is a prefix.
        if one < 27 {
            let mut removed = lines.clone();
            removed.remove(one);
            prop_assert!(folded(&removed.concat()).is_err());
        }
        if one != two {
            let mut swapped = lines.clone();
            swapped.swap(one, two);
            prop_assert!(folded(&swapped.concat()).is_err());
        }
    }

    #[test]
    fn any_bytes_are_a_journal_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = folded(&bytes);
    }
}
