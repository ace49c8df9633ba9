//! The tests that every provider must pass, as a library for the providers' own test suites.
