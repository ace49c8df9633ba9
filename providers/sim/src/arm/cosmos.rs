//! x

use super::face::Face;
use super::wire::Answer;
use super::wire::Request;

pub(crate) fn answer(_face: &Face, _request: &Request) -> Option<Answer> {
    None
}
pub(crate) const TYPES: &[super::types::Type] = &[];
