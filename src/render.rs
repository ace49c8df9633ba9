//! Plans, reports and status for people and machines; all formats come from one view. Pure.
//!
//! A renderer takes data and returns a string. The one place where foreign text is made harmless
//! for a terminal is [`page::Page`]; for Markdown, HTML and workflow commands it is [`escape`].

pub mod escape;
pub mod words;
pub mod table;
pub mod page;
pub mod view;
pub mod text;
pub mod sections;
pub mod json;
pub mod markdown;
pub mod github;
pub mod sarif;
pub mod dot;
pub mod html;
pub mod plan_diff;
pub mod explain;
pub mod progress;
pub mod status;

pub use plan_diff::plan_diff;
pub use text::text;
pub use view::Level;
pub use view::View;
