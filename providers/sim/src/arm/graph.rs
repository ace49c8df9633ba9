//! x

use super::face::Face;
use super::wire::Answer;
use super::wire::Refusal;
use super::wire::Request;

pub(crate) fn answer(_face: &Face, _request: &Request) -> Answer {
    Err(Refusal::bad("x", "x"))
}
