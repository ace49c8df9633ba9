//! What a table says of each resource type. The tables stand with their namespaces. Pure.

use serde_json::Value as Json;
use stampctl_contract::Kind;
use stampctl_contract::Resource;
use stampctl_contract::Settings;

use super::face::Face;
use super::path::Target;
use super::wire::Refusal;

/// Which headers lead to an operation in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lead {
    /// `Azure-AsyncOperation`.
    Status,
    /// `Location`.
    Location,
    /// Both.
    Both,
}

/// How a type answers writes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flow {
    pub(crate) create: u16,
    pub(crate) update: u16,
    pub(crate) patch: u16,
    /// Of something that was there, where it is gone at once.
    pub(crate) delete: u16,
    pub(crate) lead: Lead,
    pub(crate) retry_after: Option<u32>,
    /// Whether it leads to an operation even where the world is done at once.
    pub(crate) always: bool,
}

/// Answers at once.
pub(crate) const AT_ONCE: Flow = Flow {
    create: 201,
    update: 200,
    patch: 200,
    delete: 200,
    lead: Lead::Both,
    retry_after: None,
    always: false,
};

/// Leads to an operation always.
pub(crate) const SLOW: Flow = Flow {
    always: true,
    ..AT_ONCE
};

/// What a caller wants a resource to be.
pub(crate) struct Wanted<'a> {
    /// The whole body; of a PATCH, merged with what is there.
    pub(crate) body: &'a Json,
    pub(crate) old: Option<&'a Settings>,
    pub(crate) face: &'a Face,
    pub(crate) target: &'a Target,
}

/// A resource of the world, to be shown.
pub(crate) struct Seen<'a> {
    pub(crate) resource: &'a Resource,
    pub(crate) face: &'a Face,
    pub(crate) target: &'a Target,
}

pub(crate) type Read = fn(&Wanted<'_>) -> Result<Settings, Refusal>;
pub(crate) type Write = fn(&Seen<'_>, &mut Json);

/// One resource type.
#[derive(Clone, Copy)]
pub(crate) struct Type {
    pub(crate) name: &'static str,
    /// What it is in the world; what is nothing there is kept beside it.
    pub(crate) kind: Option<Kind>,
    /// Which of the path's names stand in the world's address.
    pub(crate) pick: &'static [usize],
    pub(crate) flow: Flow,
    /// Of a type that is not in the world: it is there, unmade, where the world has this beneath.
    pub(crate) implied: Option<Kind>,
    pub(crate) read: Read,
    pub(crate) write: Write,
}

/// A type that is kept beside the world.
pub(crate) const fn opaque(name: &'static str, flow: Flow, implied: Option<Kind>) -> Type {
    Type {
        name,
        kind: None,
        pick: &[],
        flow,
        implied,
        read: |_| Ok(Settings::new()),
        write: |_, _| {},
    }
}

const TABLES: &[&[Type]] = &[
    super::apim::TYPES,
    super::cdn::TYPES,
    super::compute::TYPES,
    super::cosmos::TYPES,
    super::insights::TYPES,
    super::kubernetes::TYPES,
    super::network::TYPES,
    super::sql::TYPES,
    super::storage::TYPES,
];

/// All types.
pub(crate) fn all() -> impl Iterator<Item = &'static Type> {
    TABLES.iter().flat_map(|table| table.iter())
}

/// The type of this lower-cased name.
pub(crate) fn find(key: &str) -> Option<&'static Type> {
    all().find(|one| one.name.eq_ignore_ascii_case(key))
}
