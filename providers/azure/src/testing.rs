//! What tests share: a clock that they move, and a cloud that answers from a script.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use jiff::SignedDuration;
use jiff::Timestamp;

use crate::clock::Clock;
use crate::wire::Lost;
use crate::wire::Request;
use crate::wire::Response;
use crate::wire::Transport;

/// A clock that moves only when somebody sleeps.
pub(crate) struct Virtual(Mutex<Timestamp>);

impl Virtual {
    pub(crate) fn new() -> Arc<Self> {
        let start = Timestamp::from_second(1_800_000_000).unwrap();
        Arc::new(Self(Mutex::new(start)))
    }

    pub(crate) fn pass(&self, time: Duration) {
        let mut now = self.0.lock().unwrap();
        *now += SignedDuration::try_from(time).unwrap();
    }
}

#[async_trait]
impl Clock for Virtual {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    async fn sleep(&self, time: Duration) {
        self.pass(time);
    }
}

/// Answers in order, and remembers what it was asked.
#[derive(Default)]
pub(crate) struct Scripted {
    answers: Mutex<VecDeque<Result<Response, Lost>>>,
    asked: Mutex<Vec<Request>>,
}

impl Scripted {
    pub(crate) fn new(answers: Vec<Result<Response, Lost>>) -> Arc<Self> {
        Arc::new(Self {
            answers: Mutex::new(answers.into()),
            asked: Mutex::default(),
        })
    }

    pub(crate) fn asked(&self) -> Vec<Request> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait]
impl Transport for Scripted {
    async fn send(&self, request: Request) -> Result<Response, Lost> {
        self.asked.lock().unwrap().push(request);
        let next = self.answers.lock().unwrap().pop_front();
        next.unwrap_or_else(|| panic!("the script is at its end"))
    }
}

/// An answer of the script.
#[expect(
    clippy::unnecessary_wraps,
    reason = "a script's lines may be lost answers too"
)]
pub(crate) fn says(status: u16, headers: &[(&str, &str)], body: &str) -> Result<Response, Lost> {
    Ok(Response {
        status,
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        text: body.to_owned(),
    })
}
