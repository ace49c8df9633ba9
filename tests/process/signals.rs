//! Asked to stop, the program stops with the code of the signal, and the run goes on later; and
//! while one applies, another may not.

use std::io::BufRead as _;
use std::io::BufReader;
use std::process::Child;
use std::time::Duration;

use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::kill_process;

use crate::fleet::Fleet;
use crate::fleet::Ran;

const APPLY: &[&str] = &["apply", "fleet", "--auto-approve"];

fn send(child: &Child, signal: Signal) {
    let pid = i32::try_from(child.id()).expect("a pid");
    kill_process(Pid::from_raw(pid).expect("a pid"), signal).expect("sent");
}

/// Starts an apply and stands it still as soon as its run has begun; `None` where it was over
/// before.
fn frozen(fleet: &Fleet, args: &[&str]) -> Option<Child> {
    let mut child = fleet.command(args).spawn().expect("stampctl runs");
    let said = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut lines = said.lines();
    let begun = lines
        .by_ref()
        .map_while(Result::ok)
        .any(|line| line.starts_with("run ") && (line.contains("begins") || line.contains("goes")));
    if begun {
        send(&child, Signal::STOP);
    }
    // Nobody may meet a closed pipe because of this test.
    std::thread::spawn(move || lines.for_each(drop));
    if begun && child.try_wait().expect("a child").is_none() {
        return Some(child);
    }
    child.wait().expect("a child");
    None
}

#[test]
fn a_signal_ends_the_run_with_its_own_code_and_the_run_goes_on() {
    let calm = Fleet::copy("quickstart");
    calm.to_the_end(APPLY);
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let mut codes = Vec::new();
        // A process may be faster than the signal; then it is tried again.
        while !codes.contains(&Some(code)) {
            assert!(codes.len() < 20, "{signal:?}: {codes:?}");
            let fleet = Fleet::copy("quickstart");
            if let Some(child) = frozen(&fleet, APPLY) {
                send(&child, signal);
                send(&child, Signal::CONT);
                let ran = Ran::from(child.wait_with_output().expect("a child"));
                assert!(
                    ran.code == code || ran.code == 0,
                    "{signal:?}: {}\n{}\n{}",
                    ran.code,
                    ran.out,
                    String::from_utf8_lossy(&std::fs::read(fleet.journal()).unwrap())
                );
                codes.push(Some(ran.code));
            } else {
                codes.push(None);
            }
            fleet.to_the_end(APPLY);
            assert_eq!(fleet.picture(), calm.picture(), "{signal:?}");
            assert_eq!(fleet.calls(), calm.calls(), "{signal:?}");
        }
    }
}

#[test]
fn the_second_of_two_applies_is_told_who_the_first_is() {
    let mut seen = false;
    for _ in 0..20 {
        let fleet = Fleet::copy("quickstart");
        fleet.ends(&["plan", "fleet", "--out", "p.json"], 0);
        let apply = ["apply", "p.json", "--fleet", "fleet"];
        let Some(mut first) = frozen(&fleet, &apply) else {
            continue;
        };
        let second = fleet.command(&apply).spawn().expect("stampctl runs");
        let Some(second) = within(second, Duration::from_secs(10)) else {
            // The first was frozen with the simulated cloud's own lock in hand.
            send(&first, Signal::CONT);
            first.wait().expect("a child");
            continue;
        };
        send(&first, Signal::CONT);
        let pid = first.id();
        let ended = first.wait().expect("a child").code();
        assert_eq!(ended, Some(0));
        assert_eq!(second.code, 8, "{}\n{}", second.out, second.err);
        let holder = "tester@";
        assert!(
            second.err.contains(holder) && second.err.contains(&format!("pid {pid}")),
            "{}",
            second.err
        );
        seen = true;
        break;
    }
    assert!(seen, "the first was never caught with the lock");
}

/// What a process came to, if it ends in time; else it is killed.
fn within(mut child: Child, time: Duration) -> Option<Ran> {
    let step = Duration::from_millis(20);
    let mut waited = Duration::ZERO;
    while waited < time {
        if child.try_wait().expect("a child").is_some() {
            return Some(child.wait_with_output().expect("a child").into());
        }
        std::thread::sleep(step);
        waited += step;
    }
    child.kill().expect("killed");
    child.wait().expect("a child");
    None
}
