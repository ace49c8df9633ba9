//! What was done, written down before and after it is done.
