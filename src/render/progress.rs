//! What a run says while it goes on, one line at a time, and what it says at its end. Pure: the
//! times are given.

use serde::Serialize;

use super::page::Ink;
use super::page::Page;
use super::page::Setting;
use super::words;

/// More steps than this in one list of an ending are counted, not named.
const SHOWN: usize = 10;

/// One piece of news about a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct News {
    /// The step's place in the plan, from 1.
    pub number: u64,
    /// How many steps the plan has.
    pub of: u64,
    /// The step.
    pub step: String,
    /// Seconds since it started.
    pub elapsed: u64,
    /// What happened.
    pub what: Happened,
}

/// What happened to a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Happened {
    /// It began.
    Started,
    /// It goes on; seconds that are left, if anyone can say.
    Running {
        /// Seconds.
        left: Option<u64>,
    },
    /// It looks again and again: what it waits for.
    Waiting {
        /// The condition, as a sentence.
        what: String,
        /// Until when it looks, as a time.
        until: Option<String>,
    },
    /// A call failed and is tried again.
    Retrying {
        /// Which attempt comes next.
        attempt: u32,
        /// Seconds until then.
        after: u64,
        /// What the cloud said.
        why: String,
    },
    /// It is done.
    Succeeded,
    /// It was found done by an earlier attempt; nothing was called.
    FoundDone,
    /// It failed.
    Failed {
        /// What went wrong.
        why: String,
    },
    /// Whether it was done is not known.
    Unknown {
        /// What went wrong.
        why: String,
    },
    /// It is not due yet; the run goes on with the others, or pauses.
    NotDue {
        /// What it waits for.
        what: String,
        /// When it is due, as a time, if anyone can say.
        until: Option<String>,
    },
    /// It was taken back.
    Undone,
}

/// The news in one line, without a line break at its end. It is not wrapped: a log's reader
/// searches lines.
pub fn line(news: &News, setting: Setting) -> String {
    let digits = words::number(news.of).len();
    let place = format!(
        "[{:>digits$}/{}]",
        words::number(news.number),
        words::number(news.of)
    );
    let elapsed = words::duration(news.elapsed);
    let until = |until: &Option<String>| match until {
        Some(time) => format!(", until {time}"),
        None => String::new(),
    };
    let (sign, ink, told) = match &news.what {
        Happened::Started => ("▸", Ink::Plain, "started".to_owned()),
        Happened::Running { left: None } => ("…", Ink::Faint, format!("running for {elapsed}")),
        Happened::Running { left: Some(left) } => {
            let left = words::duration(*left);
            (
                "…",
                Ink::Faint,
                format!("running for {elapsed}, about {left} left"),
            )
        }
        Happened::Waiting { what, until: time } => {
            let time = until(time);
            (
                "…",
                Ink::Faint,
                format!("waiting for {elapsed}{time}: {what}"),
            )
        }
        Happened::Retrying {
            attempt,
            after,
            why,
        } => {
            let after = words::duration(*after);
            (
                "~",
                Ink::Care,
                format!("attempt {attempt} in {after}: {why}"),
            )
        }
        Happened::Succeeded => ("✓", Ink::Gain, format!("done in {elapsed}")),
        Happened::FoundDone => ("✓", Ink::Gain, "was done already".to_owned()),
        Happened::Failed { why } => ("✗", Ink::Loss, format!("FAILED after {elapsed}: {why}")),
        Happened::Unknown { why } => ("?", Ink::Loss, format!("UNKNOWN after {elapsed}: {why}")),
        Happened::NotDue { what, until: time } => {
            (":", Ink::Care, format!("not due{}: {what}", until(time)))
        }
        Happened::Undone => ("<", Ink::Care, format!("taken back in {elapsed}")),
    };
    let mut page = Page::new(Setting {
        width: usize::MAX,
        ..setting
    });
    page.item(
        0,
        &format!("{place} {sign}"),
        ink,
        &format!("{} {told}", news.step),
    );
    page.finish().trim_end_matches('\n').to_owned()
}

/// How a run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ending {
    /// The run.
    pub run: String,
    /// The plan's digest.
    pub plan: String,
    /// Seconds from the run's start.
    pub elapsed: u64,
    /// Steps that are done, those of earlier runs of the plan included.
    pub done: u64,
    /// Steps that failed, with what went wrong.
    pub failed: Vec<(String, String)>,
    /// Steps of which it is not known whether they were done.
    pub unknown: Vec<(String, String)>,
    /// Steps that are not due, with what they wait for and until when.
    pub waiting: Vec<(String, String, Option<String>)>,
    /// Steps that were taken back.
    pub undone: Vec<String>,
    /// Steps that were not started.
    pub not_started: Vec<String>,
    /// What stopped it, if someone did: `a second interrupt`.
    pub stopped: Option<String>,
    /// The command that goes on.
    pub resume: Option<String>,
}

/// The ending as text: what is done, failed, unknown, waiting and not started, and how to go on.
pub fn ending(ending: &Ending, setting: Setting) -> String {
    let mut page = Page::new(setting);
    let elapsed = words::duration(ending.elapsed);
    let verdict = verdict(ending);
    let title = format!(
        "Run {} of plan {} {verdict} ({elapsed})",
        ending.run, ending.plan
    );
    page.item(0, "", Ink::Heading, &title);
    page.line(
        2,
        &format!(
            "{} done, {} failed, {} unknown, {} waiting, {} taken back, {} not started",
            words::number(ending.done),
            ending.failed.len(),
            ending.unknown.len(),
            ending.waiting.len(),
            ending.undone.len(),
            words::number(ending.not_started.len() as u64),
        ),
    );
    let told = |(step, why): &(String, String)| format!("{step}: {why}");
    list(
        &mut page,
        "failed",
        "✗",
        Ink::Loss,
        ending.failed.iter().map(told),
    );
    list(
        &mut page,
        "unknown, looked at first when the run goes on",
        "?",
        Ink::Loss,
        ending.unknown.iter().map(told),
    );
    let waiting = ending.waiting.iter().map(|(step, what, until)| {
        let until = until
            .as_ref()
            .map(|until| format!(" (until {until})"))
            .unwrap_or_default();
        format!("{step}{until}: {what}")
    });
    list(&mut page, "waiting", ":", Ink::Care, waiting);
    list(
        &mut page,
        "taken back",
        "<",
        Ink::Care,
        ending.undone.iter().cloned(),
    );
    list(
        &mut page,
        "not started",
        "·",
        Ink::Faint,
        ending.not_started.iter().cloned(),
    );
    if let Some(resume) = &ending.resume {
        page.gap();
        page.item(0, "", Ink::Heading, "To go on:");
        page.raw(2, Ink::Plain, resume);
    }
    page.finish()
}

/// How it ended, in a few words. A step of which nothing is known is no success.
fn verdict(ending: &Ending) -> String {
    if let Some(stopped) = &ending.stopped {
        format!("stopped by {stopped}")
    } else if !ending.failed.is_empty() || !ending.unknown.is_empty() {
        "not finished: steps failed".to_owned()
    } else if !ending.waiting.is_empty() {
        "paused: nothing failed, some steps are not due".to_owned()
    } else if !ending.not_started.is_empty() {
        "not finished".to_owned()
    } else {
        "finished: everything is done".to_owned()
    }
}

fn list(
    page: &mut Page,
    heading: &str,
    sign: &str,
    ink: Ink,
    lines: impl ExactSizeIterator<Item = String>,
) {
    let count = lines.len();
    if count == 0 {
        return;
    }
    page.gap();
    page.item(2, "", Ink::Heading, heading);
    let shown = if page.is_full() { count } else { SHOWN };
    for line in lines.take(shown) {
        page.item(4, sign, ink, &line);
    }
    if count > shown {
        let rest = words::number((count - shown) as u64);
        page.line(4, &format!("… and {rest} more"));
    }
}
