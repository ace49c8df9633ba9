//! The acceptance gates: what was measured, what is asked, and whether it holds.

use std::time::Duration;

use super::course;
use super::fleet;
use super::fleet::History;
use super::generator;
use super::generator::Family;
use super::generator::NONE;
use super::generator::Tenant;
use super::measure;
use super::pack;
use super::pack::Budget;
use super::pack::bound::of_set;
use super::pack::explain;
use super::pack::grow;
use super::pack::revision::Revision;
use super::pack::state::State;
use super::problem;
use super::problem::D;
use super::suite;

/// How much longer than asked a gate may take on a shared machine.
const PATIENCE: u32 = 2;

/// The seeds that every greenfield size is measured on.
const SEEDS: [u64; 5] = [42, 1, 2, 3, 4];

/// What the gates found.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) failed: usize,
    /// Hard rules that were broken anywhere.
    broken: usize,
    /// Packings and move orders that were judged.
    judged: usize,
}

impl Report {
    fn line(&mut self, gate: &str, holds: bool, figure: &str, bound: &str) {
        let verdict = if holds { "PASS" } else { "FAIL" };
        self.failed += usize::from(!holds);
        println!("{gate:<4} {verdict}  {figure}   [{bound}]");
    }

    fn judge(&mut self, state: &State<D>) {
        self.broken += problem::violations(state);
        self.judged += 1;
    }

    /// Judges the plan and every prefix of its order.
    fn judge_plan(&mut self, revision: &Revision<D>) {
        self.judge(&revision.state);
        self.judged += 1;
        match pack::order::moves(&revision.state) {
            Some(order) => self.broken += problem::prefix_violations(&revision.state, &order),
            None => self.broken += 1,
        }
    }

    /// A1, once everything else has run.
    pub(crate) fn close(&mut self) {
        let figure = format!(
            "{} hard rules broken in {} checks",
            self.broken, self.judged
        );
        self.line("A1", self.broken == 0, &figure, "0, every prefix included");
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.3} s", time.as_secs_f64())
}

struct Anew {
    ratio: f64,
    stamps: usize,
    least: u32,
    time: Duration,
}

fn anew(report: &mut Report, n: u32, seed: u64, family: Family) -> Anew {
    let tenants = generator::tenants(n, seed, family, false);
    let (items, pools) = (problem::items(&tenants), problem::pools());
    drop(tenants);
    let ((least, state), time) = measure::timed(|| {
        let least = problem::least(&items, &pools);
        (least, grow::anew(&items, &pools))
    });
    report.judge(&state);
    Anew {
        ratio: state.bins.len() as f64 / f64::from(least),
        stamps: state.bins.len(),
        least,
        time,
    }
}

/// A2 to A4: fleets from nothing.
pub(crate) fn greenfield(report: &mut Report) {
    let asked = [
        ("A2", 10_000, 1.025, Some(1.015)),
        ("A3", 100_000, 1.015, None),
    ];
    for (gate, n, most, mean_most) in asked {
        let runs: Vec<Anew> = SEEDS
            .iter()
            .map(|&seed| anew(report, n, seed, Family::Mixed))
            .collect();
        let worst = runs.iter().map(|run| run.ratio).fold(0.0, f64::max);
        let mean = runs.iter().map(|run| run.ratio).sum::<f64>() / runs.len() as f64;
        let time = runs.iter().map(|run| run.time).max().unwrap_or_default();
        let counts: Vec<String> = runs
            .iter()
            .map(|run| format!("{}/{}", run.stamps, run.least))
            .collect();
        let limit = Duration::from_millis(500) * PATIENCE;
        let holds = worst <= most && mean_most.is_none_or(|m| mean <= m) && time <= limit;
        let figure = format!(
            "{n} tenants: {} stamps, worst {worst:.4}, mean {mean:.4}, {}",
            counts.join(" "),
            seconds(time)
        );
        let mean_bound = mean_most.map_or(String::new(), |m| format!(", mean {m}"));
        let bound = format!("worst {most}{mean_bound}, 0.5 s x {PATIENCE}");
        report.line(gate, holds, &figure, &bound);
    }
    measure::reset_peak();
    let run = anew(report, 1_000_000, 42, Family::Mixed);
    let peak = measure::peak_mib();
    let fast = run.time <= Duration::from_secs(5) * PATIENCE;
    let small = peak.is_none_or(|peak| peak <= 512);
    let peak = peak.map_or("unknown".into(), |peak| format!("{peak} MiB"));
    let figure = format!(
        "1000000 tenants: {}/{} stamps, {:.4}, {}, peak {peak}",
        run.stamps,
        run.least,
        run.ratio,
        seconds(run.time)
    );
    let holds = run.ratio <= 1.007 && fast && small;
    report.line("A4", holds, &figure, "1.007, 5 s x 2, 512 MiB");
}

/// A5: other families.
pub(crate) fn families(report: &mut Report) {
    let asked = [
        (Family::CpuBound, 1.006),
        (Family::Tiny, 1.006),
        (Family::Affinity, 1.015),
    ];
    let mut figures = Vec::new();
    let mut holds = true;
    for (family, most) in asked {
        let run = anew(report, 100_000, 42, family);
        holds &= run.ratio <= most;
        figures.push(format!(
            "{family:?} {}/{} {:.4}",
            run.stamps, run.least, run.ratio
        ));
    }
    report.line("A5", holds, &figures.join(", "), "1.006, 1.006, 1.015");
}

/// A6: the small suite. The lower bound is the optimum wherever it is hit, so no solver is
/// better there; on planted instances CP-SAT (60 s, two workers) ends at most one stamp above.
pub(crate) fn small_suite(report: &mut Report) {
    let (mut hits, mut plain, mut stamps, mut least) = (0, 0, 0, 0);
    let mut worst = Duration::ZERO;
    let mut beyond = 0;
    for small in suite::all() {
        let (items, pools) = (problem::items(&small.tenants), problem::one_pool());
        let (batch, time) = measure::timed(|| pack::batch(&items, &pools[0]));
        let bound = of_set(&items, &pools, 1).stamps;
        report.judge(&problem::unpacked(&items, &pools, &batch));
        worst = worst.max(time);
        stamps += batch.stamps;
        least += bound;
        if small.planted {
            beyond += usize::from(batch.stamps > bound + 1);
        } else {
            plain += 1;
            hits += usize::from(batch.stamps == bound);
        }
    }
    let ratio = f64::from(stamps) / f64::from(least);
    let fast = worst <= Duration::from_millis(100) * PATIENCE;
    let holds = hits == plain && plain == 101 && ratio <= 1.003 && beyond == 0 && fast;
    let figure = format!(
        "bound hit {hits}/{plain}, {stamps}/{least} stamps {ratio:.4}, worse than CP-SAT {beyond}, at most {}",
        seconds(worst)
    );
    report.line("A6", holds, &figure, "101/101, 1.003, 0, 0.1 s x 2");
}

/// A fleet that has grown, as the core takes it.
struct Grown {
    items: Vec<pack::Item<D>>,
    pools: Vec<pack::Pool<D>>,
    bins: Vec<u32>,
    /// Tenants that leave for a stamp of their own.
    class: u32,
}

fn grown(history: History) -> Grown {
    let fleet = fleet::grown(history);
    let leaves = |(tenant, home): &(&Tenant, &u32)| tenant.rule != 0 && **home != NONE;
    let class = fleet
        .tenants
        .iter()
        .zip(&fleet.homes)
        .filter(leaves)
        .count();
    Grown {
        items: problem::living(&fleet.tenants, &fleet.homes),
        pools: if history.one_pool {
            problem::one_pool()
        } else {
            problem::pools()
        },
        bins: fleet.stamps.iter().map(|&pool| u32::from(pool)).collect(),
        class: class as u32,
    }
}

fn budget(grown: &Grown, moves: u32, percent: u64) -> Budget<D> {
    Budget {
        moves,
        stamps: u32::MAX,
        fill: problem::fill(&grown.pools, percent),
        reserve: 0,
        keep: 0,
    }
}

/// A7: nobody moves who need not.
pub(crate) fn incremental(report: &mut Report) {
    let runs = [
        (10_000, 42),
        (10_000, 1),
        (10_000, 2),
        (100_000, 42),
        (100_000, 1),
        (100_000, 2),
        (1_000_000, 42),
    ];
    let mut holds = true;
    let mut figures = Vec::new();
    for (n, seed) in runs {
        let grown = grown(fleet::usual(n, seed));
        let (revision, time) = measure::timed(|| {
            grow::revise(&grown.items, &grown.pools, &grown.bins, &Budget::none())
        });
        report.judge_plan(&revision);
        let (moves, forced) = (revision.moves(), revision.forced);
        let needless = explain::needless(&revision.state).len();
        let limit = Duration::from_millis(if n > 100_000 { 1_000 } else { 50 }) * PATIENCE;
        holds &= moves == forced && revision.exact && needless == 0 && time <= limit;
        let figure = format!(
            "{}/{} {}",
            moves + grown.class,
            forced + grown.class,
            seconds(time)
        );
        figures.push(figure);
    }
    let bound = "moves = exact minimum, none needless; 0.05 s x 2, 1 s x 2 at a million";
    report.line("A7", holds, &figures.join(", "), bound);
}

/// Stamps and moves of each case of A8 as this program first found them.
const RECORDED: [(u32, u32); 20] = [
    (6, 0),
    (6, 0),
    (6, 0),
    (6, 0),
    (6, 0),
    (8, 0),
    (7, 1),
    (7, 1),
    (7, 1),
    (7, 1),
    (11, 0),
    (10, 1),
    (10, 1),
    (10, 1),
    (10, 1),
    (15, 0),
    (14, 1),
    (14, 1),
    (13, 12),
    (13, 12),
];

/// A8: small fleets with budgets, against the bounds and against what was found before.
pub(crate) fn recorded_cases(report: &mut Report) {
    let mut found = Vec::new();
    let mut minimal = true;
    let (mut stamps, mut least) = (0, 0);
    for n in [200, 400, 600, 800] {
        for moves in [0, 5, 10, 20, 40] {
            let grown = grown(History {
                one_pool: true,
                arrivals: 50,
                growth: 1_000,
                ..fleet::usual(n, 7)
            });
            let budget = budget(&grown, moves, 85);
            let revision = grow::revise(&grown.items, &grown.pools, &grown.bins, &budget);
            report.judge_plan(&revision);
            minimal &= revision.moves() <= revision.forced + moves;
            let open = problem::open(&revision.state);
            stamps += open;
            least += of_set(&grown.items, &grown.pools, 1).stamps;
            found.push((open, revision.moves()));
        }
    }
    let no_worse = found.iter().zip(RECORDED).all(|(found, recorded)| {
        found.0 < recorded.0 || (found.0 == recorded.0 && found.1 <= recorded.1)
    });
    let moves: u32 = found.iter().map(|found| found.1).sum();
    let figure = format!("{stamps} stamps and {moves} moves in 20 cases, bound {least} stamps");
    let holds = no_worse && minimal;
    report.line(
        "A8",
        holds,
        &figure,
        "within budget, no worse than recorded",
    );
}

/// A9: what a budget buys.
pub(crate) fn budgets(report: &mut Report) {
    let contraction = History {
        contraction: 400,
        ..fleet::usual(100_000, 42)
    };
    let asked = [
        (fleet::usual(10_000, 42), 100, 7),
        (fleet::usual(100_000, 42), 1_000, 25),
        (contraction, 5_000, 175),
    ];
    let mut holds = true;
    let mut figures = Vec::new();
    for (history, moves, retires) in asked {
        let grown = grown(history);
        let budget = budget(&grown, moves, 85);
        let (revision, time) =
            measure::timed(|| grow::revise(&grown.items, &grown.pools, &grown.bins, &budget));
        report.judge_plan(&revision);
        let pays = |r: &pack::Retired| revision.state.pool(r.bin).cost >= r.copy;
        let spent = revision.moves() - revision.forced;
        let retired = revision.retired.len();
        holds &= retired >= retires && spent <= moves && revision.retired.iter().all(pays);
        figures.push(format!("{retired} for {spent} moves {}", seconds(time)));
    }
    let bound = "7 for 100, 25 for 1000, 175 for 5000; each pays back";
    report.line("A9", holds, &figures.join(", "), bound);
}

/// A10: a year of plans at the shipped default.
pub(crate) fn trajectory(report: &mut Report) {
    let year = course::year(83);
    let ratio = year.end as f64 / f64::from(year.least);
    let work = f64::from(year.moves) / f64::from(year.forced.max(1));
    let figure = format!(
        "{} to {} stamps, bound {} {ratio:.4}; {} moves, {} forced, {work:.2}; {} opened, {} retired, {} flaps",
        year.start,
        year.end,
        year.least,
        year.moves,
        year.forced,
        year.opened,
        year.retired,
        year.flaps
    );
    let holds = ratio <= 1.08 && work <= 2.0 && year.flaps == 0;
    report.line("A10", holds, &figure, "1.08, 2 x forced, no flap");
}

/// What A11's plans were on the machine that recorded them.
const PLANS: [u64; 2] = [0xf42e_b6af_8d47_e432, 0x73ce_f5fa_ca4d_e982];

/// A11: the same plan for shuffled input, on other threads and in every build profile.
pub(crate) fn determinism(report: &mut Report) {
    let plans = course::plans();
    let threads: Vec<_> = (0..2).map(|_| std::thread::spawn(course::plans)).collect();
    let same = threads
        .into_iter()
        .all(|thread| thread.join().is_ok_and(|others| others == plans));
    let again = course::moves_again();
    let holds = same && course::ignores_order() && plans == PLANS && again == 0;
    let figure = format!(
        "{:016x} {:016x} shuffled, on 2 threads, {}; planning again moves {again}",
        plans[0],
        plans[1],
        if cfg!(debug_assertions) {
            "debug"
        } else {
            "optimised"
        }
    );
    report.line("A11", holds, &figure, "as recorded, 0");
}

/// A12: every stamp is accounted for, every move has a cause, and reasons agree with the judge.
pub(crate) fn explanations(report: &mut Report) {
    let grown = grown(fleet::usual(10_000, 42));
    let revision = grow::revise(&grown.items, &grown.pools, &grown.bins, &Budget::none());
    let state = &revision.state;
    let count = state.items.len() as u32;
    let (sums, time) = measure::timed(|| {
        let adds_up =
            |&item: &u32| explain::funnel(state, item).total() as usize == state.bins.len();
        (0..count).filter(adds_up).count()
    });
    let each = time.as_secs_f64() * 1e6 / f64::from(count);
    let away = |&item: &u32| state.of[item as usize] != state.items[item as usize].home;
    let uncaused = (0..count)
        .filter(away)
        .filter(|&item| revision.causes[item as usize].is_none())
        .count();
    let dice = generator::Dice(9);
    let disagree = (0..10_000)
        .filter(|&pair| {
            let item = dice.below(pair, 0, u64::from(count)) as u32;
            let bin = dice.below(pair, 1, state.bins.len() as u64) as u32;
            explain::why_not(state, item, bin).is_none() != problem::could_live(state, item, bin)
        })
        .count();
    let holds = sums == count as usize && uncaused == 0 && disagree == 0 && each <= 10.0;
    let figure = format!(
        "{sums}/{count} add up, {uncaused} moves without cause, {disagree} of 10000 pairs disagree, {each:.1} us each"
    );
    report.line("A12", holds, &figure, "all, 0, 0, 5 us x 2");
}

/// A13: first fit decreasing with the same pools wastes stamps; else the instances are trivial.
pub(crate) fn control(report: &mut Report) {
    let mut holds = true;
    let mut figures = Vec::new();
    for n in [10_000, 100_000] {
        let tenants = generator::tenants(n, 42, Family::Mixed, false);
        let (items, pools) = (problem::items(&tenants), problem::pools());
        let least = problem::least(&items, &pools);
        let stamps = problem::first_fit_decreasing(&grow::anew(&items, &pools));
        let ratio = stamps as f64 / f64::from(least);
        holds &= ratio >= 1.15;
        figures.push(format!("{n}: {stamps}/{least} {ratio:.3}"));
    }
    report.line(
        "A13",
        holds,
        &figures.join(", "),
        "first fit decreasing at least 1.15",
    );
}
