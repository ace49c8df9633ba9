//! The tests that every provider must pass.
