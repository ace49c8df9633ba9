//! The command line: what was typed, what was meant, and the exit code.
