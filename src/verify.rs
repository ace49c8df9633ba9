//! The independent checker: re-plays a plan over an abstract world and refuses it if a rule breaks.
