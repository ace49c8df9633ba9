//! Runs a plan's steps: starts what is ready and nothing else, stops starting what a failure
//! forbids, and takes back what the plan says.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;

use super::attempt::attempt;
use super::claims::Claims;
use super::context::Context;
use super::context::End;
use super::drive::Driver;
use super::drive::Turn;
use super::event::What;
use super::log::Broken;
use super::rollback::Undo;
use super::rollback::roll_back;
use super::schedule::Lane;
use super::schedule::NoOrder;
use super::schedule::Schedule;
use super::stop::Stop;
use crate::journal::Cause;
use crate::journal::Event;
use crate::journal::Signal;
use crate::journal::StepProgress;
use crate::journal::StepStatus;
use crate::plan::format::Hazard;
use crate::plan::format::Step;
use crate::plan::format::StepId;
use crate::plan::format::Subject;

/// How many checks may be under way for each call that may.
const CHECKS_PER_CALL: usize = 16;

/// How a run's steps came to rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// Nothing more can be started.
    Still,
    /// It was stopped.
    Stopped(Signal),
    /// The journal cannot be written.
    Broken,
}

enum Job<'a> {
    Step(usize),
    Rollback(&'a Subject),
}

/// A run's steps.
pub(super) struct Runner<'r, 'a> {
    context: &'r Context<'a>,
    steps: &'a [Step],
    schedule: Schedule,
    claims: Claims,
    driver: Driver<'r, (Job<'a>, End)>,
    concurrency: usize,
    calls: usize,
    checks: usize,
    /// How many steps of each subject are under way.
    busy: BTreeMap<&'a Subject, usize>,
    /// The subjects of which a step has failed: nothing more of them is started.
    fallen: BTreeSet<&'a Subject>,
    waiting: BTreeMap<usize, Option<Timestamp>>,
    stopping: Option<Signal>,
    /// Whether what an earlier run began to take back is being finished.
    recovering: bool,
    of_subject: BTreeMap<&'a Subject, Vec<usize>>,
}

impl<'r, 'a> Runner<'r, 'a> {
    pub(super) fn new(context: &'r Context<'a>, concurrency: usize) -> Result<Self, NoOrder> {
        let steps = &context.plan.body.steps;
        let schedule = schedule(context)?;
        let mut of_subject: BTreeMap<&Subject, Vec<usize>> = BTreeMap::new();
        for (at, step) in steps.iter().enumerate() {
            of_subject.entry(&step.subject).or_default().push(at);
        }
        Ok(Self {
            context,
            steps,
            schedule,
            claims: Claims::default(),
            driver: Driver::new(context.stop.clone()),
            concurrency: concurrency.max(1),
            calls: 0,
            checks: 0,
            busy: BTreeMap::new(),
            fallen: BTreeSet::new(),
            waiting: BTreeMap::new(),
            stopping: None,
            recovering: false,
            of_subject,
        })
    }

    /// Runs until nothing more can be started.
    pub(super) async fn run(mut self) -> Rest {
        // Asked before the first step: nothing is started at all.
        self.stopping = self.context.stop.get().signal();
        self.finish_undoing();
        loop {
            self.start_ready();
            match self.driver.next(self.context).await {
                Turn::Finished((_, End::Broken)) | Turn::Broken => return Rest::Broken,
                Turn::Finished((Job::Step(at), end)) => self.finished(at, end),
                Turn::Finished((Job::Rollback(subject), _)) => self.undone(subject),
                Turn::Stopped => {
                    if let Some(rest) = self.stop().await {
                        return rest;
                    }
                }
                // Steps that saw the request ended before the driver was told of it.
                Turn::Idle if self.stopping.is_none() && self.context.is_stopping() => {
                    if let Some(rest) = self.stop().await {
                        return rest;
                    }
                }
                Turn::Idle if self.recovering && self.recovered() => {}
                Turn::Idle if self.wake_gates() => {}
                Turn::Idle => return self.rest().await,
            }
        }
    }

    /// An earlier run ended in the middle of taking something back. That is finished first, and
    /// then the steps are done again.
    fn finish_undoing(&mut self) {
        if self.stopping.is_some() {
            return;
        }
        let mut open: BTreeMap<&Subject, Vec<usize>> = BTreeMap::new();
        for (at, step) in self.steps.iter().enumerate().rev() {
            let status = self.context.log.with(|p| p.status(&step.id));
            if matches!(status, StepStatus::Undoing | StepStatus::UndoFailed) {
                open.entry(&step.subject).or_default().push(at);
            }
        }
        self.recovering = !open.is_empty();
        for (subject, steps) in open {
            self.start_rollback(subject, &steps);
        }
    }

    /// What could be taken back is planned again; a subject that could not stays as it is.
    fn recovered(&mut self) -> bool {
        self.recovering = false;
        let undoing = |step: &&Step| {
            let status = self.context.log.with(|p| p.status(&step.id));
            matches!(status, StepStatus::Undoing | StepStatus::UndoFailed)
        };
        let fallen = self.steps.iter().filter(undoing);
        self.fallen = fallen.map(|step| &step.subject).collect();
        // The order was found once already, so it is found again.
        match schedule(self.context) {
            Ok(schedule) => self.schedule = schedule,
            Err(_) => return false,
        }
        true
    }

    fn start_ready(&mut self) {
        if self.stopping.is_some() || self.recovering {
            return;
        }
        for lane in [Lane::Checks, Lane::Calls] {
            while self.has_room(lane) {
                let Some(at) = self.schedule.take(lane) else {
                    break;
                };
                self.start(at);
            }
        }
    }

    fn has_room(&self, lane: Lane) -> bool {
        match lane {
            Lane::Calls => self.calls < self.concurrency,
            Lane::Checks => self.checks < self.concurrency.saturating_mul(CHECKS_PER_CALL),
        }
    }

    /// Starts a ready step, unless a failure forbids it or somebody works where it would.
    fn start(&mut self, at: usize) {
        let step = &self.steps[at];
        let forbidden = self.fallen.contains(&step.subject)
            || (!self.fallen.is_empty() && is_irreversible(step));
        if forbidden || !self.claims.claim(step, at) {
            return;
        }
        *self.count(step) += 1;
        *self.busy.entry(&step.subject).or_default() += 1;
        let context = self.context;
        self.driver.start(Box::pin(async move {
            (Job::Step(at), attempt(context, step).await)
        }));
    }

    fn finished(&mut self, at: usize, end: End) {
        let step = &self.steps[at];
        *self.count(step) -= 1;
        for freed in self.claims.release(step) {
            self.schedule.put_back(freed);
        }
        if let Some(count) = self.busy.get_mut(&step.subject) {
            *count -= 1;
        }
        match end {
            End::Succeeded => self.schedule.done(at),
            End::Failed(_) | End::Unknown => {
                self.fallen.insert(&step.subject);
            }
            End::Waiting(until) => {
                self.waiting.insert(at, until);
            }
            End::Interrupted | End::Broken => {}
        }
        let quiet = self.busy.get(&step.subject) == Some(&0);
        if quiet && self.stopping.is_none() && self.fallen.contains(&step.subject) {
            self.consider_rollback(&step.subject);
        }
    }

    fn count(&mut self, step: &Step) -> &mut usize {
        match Lane::of(step) {
            Lane::Calls => &mut self.calls,
            Lane::Checks => &mut self.checks,
        }
    }

    /// Takes back what a fallen subject's steps did, if its point of no return is not passed and
    /// nothing of it is in doubt.
    fn consider_rollback(&mut self, subject: &'a Subject) {
        let own: &[usize] = self.of_subject.get(subject).map_or(&[], Vec::as_slice);
        let (kept, undoable) = self.context.log.with(|progress| {
            let begun = |step: &Step| {
                let known = progress.get(&step.id);
                known.is_some_and(|k| k.call.is_some() || k.status == StepStatus::Succeeded)
            };
            let steps = || own.iter().map(|at| (*at, &self.steps[*at]));
            // What is in doubt may have happened, and then undoing what led to it would have the
            // next run do things again that must not be: a copy over what was written since.
            let unknown = steps().any(|(_, step)| progress.status(&step.id) == StepStatus::Unknown);
            // What others rely on is not taken from under them: a tenant's new home after its
            // switch, the traffic of a stamp that serves.
            let effected = |step: &Step| {
                let known = progress.get(&step.id);
                begun(step) && known.is_none_or(|known| !was_refused(known))
            };
            let passed = steps().any(|(_, step)| {
                (is_irreversible(step) && begun(step))
                    || (step.kind.is_relied_on() && effected(step))
            });
            let done = |step: &Step| progress.status(&step.id) == StepStatus::Succeeded;
            let undoable = steps().filter(|(_, step)| !step.undo.is_empty() && done(step));
            let undoable: Vec<usize> = undoable.map(|(at, _)| at).rev().collect();
            (unknown || passed, undoable)
        });
        if kept {
            return;
        }
        self.start_rollback(subject, &undoable);
    }

    fn start_rollback(&mut self, subject: &'a Subject, steps: &[usize]) {
        if steps.is_empty() {
            return;
        }
        let undo: Vec<Undo<'a>> = steps
            .iter()
            .map(|at| Undo {
                step: &self.steps[*at],
                descendants: self.below(*at),
            })
            .collect();
        *self.busy.entry(subject).or_default() += 1;
        let context = self.context;
        self.driver.start(Box::pin(async move {
            let end = match roll_back(context, undo).await {
                Ok(_) => End::Interrupted,
                Err(Broken) => End::Broken,
            };
            (Job::Rollback(subject), end)
        }));
    }

    fn below(&self, at: usize) -> Vec<&'a StepId> {
        let below = self.schedule.descendants(at);
        below.into_iter().map(|at| &self.steps[at].id).collect()
    }

    fn undone(&mut self, subject: &'a Subject) {
        if let Some(count) = self.busy.get_mut(subject) {
            *count -= 1;
        }
    }

    /// Looks once more at the gates that came to be due while the run went on.
    fn wake_gates(&mut self) -> bool {
        if self.stopping.is_some() {
            return false;
        }
        let now = self.context.now();
        let is_due = |until: &Option<Timestamp>| until.is_some_and(|until| until <= now);
        let due = self.waiting.iter().filter(|(_, until)| is_due(until));
        let due: Vec<usize> = due.map(|(at, _)| *at).collect();
        for at in &due {
            self.waiting.remove(at);
            self.schedule.put_back(*at);
        }
        !due.is_empty()
    }

    /// Asked once, nothing new is started; asked twice, what is under way is left where it is.
    async fn stop(&mut self) -> Option<Rest> {
        let stop = self.context.stop.get();
        let signal = stop.signal()?;
        let now = matches!(stop, Stop::Now(_));
        self.context.tell(What::Stopping { signal, now });
        self.stopping = Some(signal);
        self.context.timers.stop();
        if !now {
            return None;
        }
        self.driver = Driver::new(self.context.stop.clone());
        for step in self.steps {
            let in_flight = self.context.log.with(|progress| {
                let known = progress.get(&step.id);
                known.is_some_and(|k| k.status == StepStatus::Started && k.call.is_some())
            });
            if in_flight {
                self.context.doubt(step, "the run was stopped at once");
            }
        }
        Some(self.rest().await)
    }

    /// Writes down how the run ends.
    async fn rest(&self) -> Rest {
        let all_done = self.context.log.with(|progress| {
            let done = |step: &Step| progress.status(&step.id) == StepStatus::Succeeded;
            self.steps.iter().all(done)
        });
        let last = match self.stopping {
            _ if all_done => Some(Event::Completed),
            Some(signal) => Some(Event::Stopped { signal }),
            None => None,
        };
        if let Some(event) = last
            && self.context.log.note(event).is_err()
        {
            return Rest::Broken;
        }
        if self.context.log.flush().await.is_err() {
            return Rest::Broken;
        }
        match self.stopping {
            Some(signal) if !all_done => Rest::Stopped(signal),
            _ => Rest::Still,
        }
    }
}

/// The schedule of what has not succeeded yet.
fn schedule(context: &Context<'_>) -> Result<Schedule, NoOrder> {
    context.log.with(|progress| {
        let done = |id: &StepId| progress.status(id) == StepStatus::Succeeded;
        Schedule::new(&context.plan.body.steps, done)
    })
}

/// Whether the step has failed and its first call certainly changed nothing.
fn was_refused(known: &StepProgress) -> bool {
    known.status == StepStatus::Failed
        && known.cause == Some(Cause::Refused)
        && known.call.as_ref().is_some_and(|call| call.operation == 0)
}

/// The kind's own hazard counts too: a plan cannot talk it away.
fn is_irreversible(step: &Step) -> bool {
    step.hazard == Hazard::Irreversible || step.kind.hazard() == Hazard::Irreversible
}
