//! What `stampctl explain` says of each code.
