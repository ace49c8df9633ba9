//! How much of an input is read before it is refused. Every limit is far above what a fleet of
//! 15,000 stamps and a million tenants needs.

/// The longest YAML file, in bytes.
pub(crate) const YAML_BYTES: u64 = 256 << 20;
/// The longest HCL file, in bytes. Its syntax tree takes about thirty times as much memory.
pub(crate) const HCL_BYTES: u64 = 32 << 20;
/// The longest tenant list, in bytes.
pub(crate) const LIST_BYTES: u64 = 1 << 30;
/// The longest line of a tenant list, in bytes.
pub(crate) const LINE_BYTES: usize = 1 << 20;
/// How deeply values may be nested.
pub(crate) const NESTING: usize = 64;
/// The most files of one fleet.
pub(crate) const FILES: usize = 4_096;
/// The longest text of one value, in bytes.
pub(crate) const TEXT_BYTES: usize = 1 << 16;

/// How many values aliases, merge keys and expressions may add to a text of this length.
pub(crate) fn expansion(bytes: usize) -> u64 {
    100_000 + 4 * bytes as u64
}

/// How many steps the expressions of HCL files of this length may take, and values they may make.
pub(crate) fn steps(bytes: usize) -> u64 {
    5_000_000 + 4 * bytes as u64
}
