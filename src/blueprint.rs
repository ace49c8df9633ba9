//! Every resource and every setting that the fleet means, with no choice left. Pure.
