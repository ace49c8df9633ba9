//! Does exactly what a plan says, and writes down each thing as it is done.

#[cfg(test)]
pub(crate) mod tests_support;
