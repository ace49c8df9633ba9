//! What is wrong, where, why, and what would make it right.
