//! Where the journal, the approvals and the lock are kept.
