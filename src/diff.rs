//! What differs between the blueprint and the world. Pure.
