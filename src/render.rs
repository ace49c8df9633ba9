//! Plans, reports and status for people and machines; all formats come from one view. Pure.
