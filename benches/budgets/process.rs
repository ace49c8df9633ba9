//! A program as a whole: how long it ran, how much CPU it took, and the most memory it held.

use std::io;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use nix::sys::resource::UsageWho;
use nix::sys::resource::getrusage;
use nix::sys::time::TimeVal;

/// What one run of a program took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    /// In KiB.
    pub(crate) memory: u64,
}

impl Cost {
    pub(crate) fn mib(self) -> u64 {
        self.memory / 1_024
    }
}

/// Runs a program to its end and weighs it. The kernel adds up what children took and keeps the
/// largest child's memory, so each program gets a parent of its own: this benchmark once more,
/// as [`weigh`].
pub(crate) fn cost(program: &Path, args: &[&str], folder: &Path) -> io::Result<Cost> {
    let own = std::env::current_exe()?;
    let out = Command::new(own)
        .arg("weigh")
        .arg(program)
        .args(args)
        .current_dir(folder)
        .stderr(Stdio::inherit())
        .output()?;
    let said = String::from_utf8_lossy(&out.stdout);
    let last = said.lines().last().unwrap_or_default();
    let numbers: Vec<u64> = last
        .split(' ')
        .filter_map(|number| number.parse().ok())
        .collect();
    match numbers[..] {
        [wall, cpu, memory] if out.status.success() => Ok(Cost {
            wall: Duration::from_micros(wall),
            cpu: Duration::from_micros(cpu),
            memory,
        }),
        _ => Err(io::Error::other(format!(
            "{} {args:?} failed: {said}",
            program.display()
        ))),
    }
}

/// The run that took the median time of `times` runs.
pub(crate) fn median(
    times: usize,
    program: &Path,
    args: &[&str],
    folder: &Path,
) -> io::Result<Cost> {
    let mut costs = (0..times)
        .map(|_| cost(program, args, folder))
        .collect::<io::Result<Vec<Cost>>>()?;
    costs.sort_by_key(|cost| cost.wall);
    Ok(costs[costs.len() / 2])
}

/// Runs a program and prints microseconds of time, microseconds of CPU, and KiB of memory.
pub(crate) fn weigh(words: &[&str]) -> io::Result<()> {
    let [program, args @ ..] = words else {
        return Err(io::Error::other("no program"));
    };
    let begun = Instant::now();
    let status = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()?;
    let wall = begun.elapsed();
    if !status.status.success() {
        let said = String::from_utf8_lossy(&status.stderr).into_owned();
        return Err(io::Error::other(format!(
            "{program}: {}: {said}",
            status.status
        )));
    }
    let used = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = |time: TimeVal| time.tv_sec() * 1_000_000 + time.tv_usec();
    let cpu = micros(used.user_time()) + micros(used.system_time());
    println!("{} {cpu} {}", wall.as_micros(), used.max_rss());
    Ok(())
}
