//! Does exactly what a plan says, and writes down each thing as it is done.
