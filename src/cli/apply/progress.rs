//! A run as people follow it: a line when a step ends, a live line for each step under way on a
//! terminal, a heartbeat elsewhere.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::mpsc;
use std::sync::mpsc::RecvTimeoutError;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

use indicatif::MultiProgress;
use indicatif::ProgressBar;
use indicatif::ProgressDrawTarget;
use indicatif::ProgressStyle;
use jiff::Timestamp;

use crate::apply::ApplyEvent;
use crate::apply::What;
use crate::cli::context::Context;
use crate::cli::context::moment;
use crate::cli::ui::Ui;
use crate::cli::ui::talk;
use crate::journal::FailedWith;
use crate::plan::format::Plan;
use crate::plan::format::StepId;
use crate::render::escape;
use crate::render::page::Setting;
use crate::render::progress;
use crate::render::progress::Happened;
use crate::render::progress::News;

/// After so long without a word there is one.
const HEARTBEAT: Duration = Duration::from_secs(9);

/// How often it is looked whether a word is due.
const LOOK: Duration = Duration::from_secs(1);

/// The most live lines; a terminal has few.
const MOST_LIVE: usize = 20;

/// Follows a run.
pub(super) struct Follower {
    shared: Arc<Shared>,
    /// Dropping it ends the heartbeat.
    beat: Option<(mpsc::Sender<()>, JoinHandle<()>)>,
}

struct Shared {
    setting: Setting,
    numbers: BTreeMap<StepId, u64>,
    live: Option<MultiProgress>,
    state: Mutex<State>,
}

struct State {
    running: BTreeMap<StepId, Running>,
    said: Instant,
}

struct Running {
    since: Timestamp,
    begun: Instant,
    /// Calls that were made again, and the first.
    tries: u32,
    bar: Option<ProgressBar>,
}

impl Follower {
    /// Follows a run of this plan.
    pub(super) fn new(plan: &Plan, context: &Context, ui: &Ui) -> Self {
        let steps = plan.body.steps.iter().zip(1..);
        let live = context
            .stderr_is_terminal
            .then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr()));
        let shared = Arc::new(Shared {
            setting: ui.talk_setting(),
            numbers: steps
                .map(|(step, number)| (step.id.clone(), number))
                .collect(),
            live,
            state: Mutex::new(State {
                running: BTreeMap::new(),
                said: moment(),
            }),
        });
        let beating = Arc::clone(&shared);
        let (end, ended) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("heartbeat".to_owned())
            .spawn(move || {
                while ended.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                    beating.beat();
                }
            });
        // Without a heartbeat a run is as good; it is only quieter.
        Self {
            shared,
            beat: thread.ok().map(|thread| (end, thread)),
        }
    }

    /// Takes an event.
    pub(super) fn hear(&self, event: &ApplyEvent) {
        self.shared.hear(event);
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        for running in self.shared.lock().running.values() {
            if let Some(bar) = &running.bar {
                bar.finish_and_clear();
            }
        }
        if let Some((end, thread)) = self.beat.take() {
            drop(end);
            let _ = thread.join();
        }
    }
}

impl Shared {
    #[expect(clippy::too_many_lines, reason = "one arm for each event")]
    fn hear(&self, event: &ApplyEvent) {
        let at = event.at;
        match &event.what {
            What::Opened {
                run,
                resumed,
                steps,
                done,
            } => {
                let begins = if *resumed { "goes on" } else { "begins" };
                self.say(&format!(
                    "run {run} {begins}: {done} of {steps} steps are done"
                ));
            }
            What::Started { step, .. } => self.begin(step, at),
            What::Looking {
                step,
                evidence,
                until,
                ..
            } => self.look(step, evidence, *until),
            What::Retrying { step, fault, until } => {
                let why = said_by_cloud(fault);
                let after = seconds(at, *until);
                let attempt = self.next_try(step);
                self.tell(
                    step,
                    at,
                    Happened::Retrying {
                        attempt,
                        after,
                        why,
                    },
                );
            }
            What::Waiting {
                step,
                until,
                evidence,
            } => {
                let until = until.map(|until| until.to_string());
                let what = evidence.join("; ");
                self.end(step, at, Happened::NotDue { what, until });
            }
            What::Succeeded { step } => self.end(step, at, Happened::Succeeded),
            What::Failed {
                step,
                cause,
                fault,
                evidence,
            } => {
                let said = fault.iter().map(said_by_cloud);
                let parts = std::iter::once(cause.word().to_owned()).chain(said);
                let parts: Vec<String> = parts.chain(evidence.iter().cloned()).collect();
                let why = parts.join("; ");
                self.end(step, at, Happened::Failed { why });
            }
            What::Unknown { step, why } => {
                let why = why.clone();
                self.end(step, at, Happened::Unknown { why });
            }
            What::UndoStarted { step } => self.say(&format!("{step}: taking it back")),
            What::UndoFinished { step } => self.end(step, at, Happened::Undone),
            What::UndoFailed { step, fault } => {
                let why = fault.as_ref().map(|fault| format!(": {}", fault.message));
                let why = why.unwrap_or_default();
                self.say(&format!("{step}: could not be taken back{why}"));
            }
            What::Stopping { now, .. } => self.say(if *now {
                "stopping now; what runs is left where it is and is looked at by the next run"
            } else {
                "stopping: nothing new is started, what runs is finished; once more to stop now"
            }),
        }
    }

    fn begin(&self, step: &StepId, at: Timestamp) {
        let mut state = self.lock();
        let room = state.running.len() < MOST_LIVE;
        let bar = self.live.as_ref().filter(|_| room).map(|live| {
            let bar = live.add(ProgressBar::new_spinner());
            // The template is ours and is right; a bar without one would only look different.
            if let Ok(style) =
                ProgressStyle::with_template("  {spinner} {prefix} {elapsed} {wide_msg}")
            {
                bar.set_style(style);
            }
            bar.set_prefix(escape::line(&step.0).into_owned());
            bar.enable_steady_tick(Duration::from_millis(250));
            bar
        });
        let running = Running {
            since: at,
            begun: moment(),
            tries: 1,
            bar,
        };
        state.running.insert(step.clone(), running);
    }

    fn look(&self, step: &StepId, evidence: &[String], until: Timestamp) {
        let state = self.lock();
        if let Some(bar) = state
            .running
            .get(step)
            .and_then(|running| running.bar.as_ref())
        {
            let told = format!("until {until}: {}", evidence.join("; "));
            bar.set_message(escape::line(&told).into_owned());
        }
    }

    /// Which try of the step's call comes next.
    fn next_try(&self, step: &StepId) -> u32 {
        let mut state = self.lock();
        state.running.get_mut(step).map_or(2, |running| {
            running.tries = running.tries.saturating_add(1);
            running.tries
        })
    }

    /// A step is not under way any more.
    fn end(&self, step: &StepId, at: Timestamp, what: Happened) {
        let running = self.lock().running.remove(step);
        if let Some(bar) = running.as_ref().and_then(|running| running.bar.as_ref()) {
            bar.finish_and_clear();
        }
        let elapsed = running.map_or(0, |running| seconds(running.since, at));
        self.news(step, elapsed, what);
    }

    fn tell(&self, step: &StepId, at: Timestamp, what: Happened) {
        let since = self.lock().running.get(step).map(|running| running.since);
        self.news(step, since.map_or(0, |since| seconds(since, at)), what);
    }

    fn news(&self, step: &StepId, elapsed: u64, what: Happened) {
        let news = News {
            number: self.numbers.get(step).copied().unwrap_or(0),
            of: u64::try_from(self.numbers.len()).unwrap_or(u64::MAX),
            step: step.to_string(),
            elapsed,
            what,
        };
        self.put(&progress::line(&news, self.setting));
    }

    fn say(&self, text: &str) {
        self.put(&escape::line(text));
    }

    /// One finished line.
    fn put(&self, line: &str) {
        self.lock().said = moment();
        match &self.live {
            Some(multi) => {
                let _ = multi.println(line);
            }
            None => talk(&format!("{line}\n")),
        }
    }

    /// Where there is no live line, nobody should have to wonder whether anything goes on.
    fn beat(&self) {
        let state = self.lock();
        if self.live.is_some() || state.said.elapsed() < HEARTBEAT {
            return;
        }
        let oldest = state
            .running
            .iter()
            .min_by_key(|(_, running)| running.begun);
        let line = match oldest {
            None => "still here; nothing is under way".to_owned(),
            Some((step, running)) => format!(
                "still here: {} under way, longest {step} for {} s",
                state.running.len(),
                running.begun.elapsed().as_secs()
            ),
        };
        drop(state);
        self.say(&line);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic in between leaves at worst a line that is not cleared.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the cloud said, in one line.
fn said_by_cloud(fault: &FailedWith) -> String {
    format!("{} ({}): {}", fault.class, fault.code, fault.message)
}

fn seconds(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.duration_since(from).as_secs()).unwrap_or(0)
}
