//! Three sizes of one fleet: what each stage takes, how it grows, and the whole program.

use std::io;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::fleet;
use super::fleet::Size;
use super::process;
use super::process::Cost;
use super::stages;

/// Where the program under test is.
pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_stampctl"))
}

/// What one size took.
struct Measured {
    tenants: usize,
    stages: Vec<(String, Duration, u64)>,
    parse: Cost,
    plan: Cost,
    verify: Cost,
}

/// Measures up to this many tenants and prints the table.
pub(crate) fn run(tenants: usize) -> io::Result<()> {
    let sizes = [tenants / 100, tenants / 10, tenants];
    let measured = sizes
        .into_iter()
        .map(|size| measure(Size::of(size)))
        .collect::<io::Result<Vec<_>>>()?;
    stage_table(&measured);
    whole_table(&measured);
    small()
}

fn measure(size: Size) -> io::Result<Measured> {
    let folder = tempfile::tempdir()?;
    let at = folder.path();
    fleet::write(size, at)?;
    let own = std::env::current_exe()?;
    let said = Command::new(&own).arg("stages").arg(at).output()?;
    eprint!("{}", String::from_utf8_lossy(&said.stderr));
    let text = at.display().to_string();
    let args = [
        "plan",
        ".",
        "--observed",
        "observed.json",
        "--out",
        "p.json",
    ];
    Ok(Measured {
        tenants: size.tenants,
        stages: stages::read(&String::from_utf8_lossy(&said.stdout)),
        parse: process::median(3, &own, &["parse", &text], at)?,
        plan: process::median(3, program(), &args, at)?,
        verify: process::median(3, program(), &["verify", "p.json"], at)?,
    })
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// The exponent k of `time ~ size^k` between two measurements.
fn exponent(small: (usize, Duration), large: (usize, Duration)) -> f64 {
    let log = |ratio: f64| ratio.ln();
    #[expect(clippy::cast_precision_loss, reason = "a ratio of sizes")]
    let sizes = log(large.0 as f64 / small.0 as f64);
    log(large.1.as_secs_f64() / small.1.as_secs_f64().max(1e-6)) / sizes
}

fn stage_table(measured: &[Measured]) {
    let [small, middle, large] = measured else {
        return;
    };
    println!(
        "{:<10} {:>10} {:>10} {:>10}   growth   MiB at {}",
        "ms", small.tenants, middle.tenants, large.tenants, large.tenants
    );
    for (at, (stage, took, memory)) in large.stages.iter().enumerate() {
        let of = |m: &Measured| m.stages.get(at).map_or(Duration::ZERO, |stage| stage.1);
        let growth = exponent((middle.tenants, of(middle)), (large.tenants, *took));
        println!(
            "{stage:<10} {:>10.1} {:>10.1} {:>10.1}   n^{growth:.2}   {:>6}",
            ms(of(small)),
            ms(of(middle)),
            ms(*took),
            memory / 1_024
        );
    }
}

fn whole_table(measured: &[Measured]) {
    println!("\nwhole programs, median of 3");
    for m in measured {
        let ratio = |a: Duration, b: Duration| a.as_secs_f64() / b.as_secs_f64();
        println!(
            "{:>8} tenants: parse {:>8.1} ms, plan {:>8.1} ms = {:.2} x parse (budget 2.5), {} MiB \
             (budget 2048); verify {:>8.1} ms = {:.2} x plan (budget 1)",
            m.tenants,
            ms(m.parse.wall),
            ms(m.plan.wall),
            ratio(m.plan.wall, m.parse.wall),
            m.plan.mib(),
            ms(m.verify.wall),
            ratio(m.verify.wall, m.plan.wall),
        );
    }
    for pair in measured.windows(2) {
        let [small, large] = pair else { continue };
        let grown = large.plan.wall.as_secs_f64() / small.plan.wall.as_secs_f64();
        println!(
            "{} to {} tenants: {grown:.1} x the time (budget 11 from 100000 on)",
            small.tenants, large.tenants
        );
    }
}

/// What a person waits for at a prompt.
fn small() -> io::Result<()> {
    let quickstart = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/fleets/quickstart");
    for args in [["--help", ""], ["validate", "."]] {
        let args: Vec<&str> = args.into_iter().filter(|arg| !arg.is_empty()).collect();
        let cost = process::median(5, program(), &args, &quickstart)?;
        println!(
            "stampctl {}: {:.1} ms of CPU (budget 20)",
            args.join(" "),
            ms(cost.cpu)
        );
    }
    Ok(())
}
