//! From changes to an ordered plan: steps, edges with reasons, and the quota ledger. Pure.

pub mod format;
