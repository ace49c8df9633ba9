//! `--json-into`: every event of a run as a line of JSON. What cannot be written never stops a
//! run.

use std::cell::RefCell;
use std::fs::File;
use std::io::BufWriter;
use std::io::Write;
use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use crate::apply::ApplyEvent;
use crate::cli::exit::Exit;
use crate::cli::outfile;
use crate::cli::stop::Stop;
use crate::cli::ui::Ui;
use crate::cli::ui::harmless_json;

/// Where events go.
pub(super) struct EventFile {
    inner: RefCell<Inner>,
}

struct Inner {
    out: Option<BufWriter<File>>,
    last: u64,
    lost: Option<String>,
}

/// The last line.
#[derive(Serialize)]
struct Finished<'a> {
    sequence: u64,
    at: Timestamp,
    event: &'a str,
    exit: u8,
    meaning: &'a str,
}

impl EventFile {
    /// Makes the file, or nothing where none is wanted.
    pub(super) fn create(path: Option<&Path>) -> Result<Self, Stop> {
        let out = path.map(outfile::stream).transpose()?.map(BufWriter::new);
        Ok(Self {
            inner: RefCell::new(Inner {
                out,
                last: 0,
                lost: None,
            }),
        })
    }

    /// Writes an event.
    pub(super) fn write(&self, event: &ApplyEvent) {
        let mut inner = self.inner.borrow_mut();
        inner.last = event.sequence;
        inner.line(event);
    }

    /// Writes how the program ends.
    pub(super) fn finish(&self, at: Timestamp, exit: Exit, ui: &Ui) {
        let mut inner = self.inner.borrow_mut();
        let finished = Finished {
            sequence: inner.last + 1,
            at,
            event: "finished",
            exit: exit.code(),
            meaning: exit.meaning(),
        };
        inner.line(&finished);
        if let Some(why) = &inner.lost {
            ui.warn(&format!("the file of events is not whole: {why}"));
        }
    }
}

impl Inner {
    fn line<T: Serialize>(&mut self, what: &T) {
        let Some(out) = &mut self.out else {
            return;
        };
        let json = serde_json::to_string(what).map_err(std::io::Error::other);
        // Readers follow the file while it grows.
        let written = json
            .and_then(|json| writeln!(out, "{}", harmless_json(&json)).and_then(|()| out.flush()));
        if let Err(fault) = written {
            self.lost = Some(fault.to_string());
            self.out = None;
        }
    }
}
