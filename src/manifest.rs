//! From text to a fleet: read, parse, decode, lower; all diagnostics, not just the first.
