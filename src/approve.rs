//! Approvals: who may say yes to a plan, and how that is proved.
