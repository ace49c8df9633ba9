//! What the tests of this module and its neighbours are made of.

pub(crate) mod cloud;
pub(crate) mod memory;
pub(crate) mod plans;

pub(crate) use plans::body;
