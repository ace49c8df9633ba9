//! What people are shown of a plan: every format against a snapshot, and the laws that all of
//! them keep.

macro_rules! golden {
    ($name:literal, $text:expr) => {
        insta::with_settings!({
            snapshot_path => "../snapshots/render",
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, { insta::assert_snapshot!($name, $text) })
    };
}

#[path = "render/sample.rs"]
mod sample;
#[path = "render/formats.rs"]
mod formats;
#[path = "render/laws.rs"]
mod laws;
#[path = "render/answers.rs"]
mod answers;
#[path = "render/runs.rs"]
mod runs;
