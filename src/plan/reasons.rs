//! Why one step waits for another: the reason behind each rule that an edge may cite.

use super::format::RuleId;

/// Rule ids with the reason that a plan prints for them (requirements G, `docs/workflows.md`).
pub const REASONS: &[(&str, &str)] = &[
    (
        "O-1",
        "quota that is not returned before the delete is lost",
    ),
    (
        "O-2",
        "a return may fail silently; both sides are read before the delete",
    ),
    ("O-4", "a limit cannot go below usage, so machines go first"),
    ("O-5", "a reservation holds quota for as long as it stands"),
    (
        "O-6",
        "a stamp that still has tenants would lose their data",
    ),
    ("O-7", "a tenant may have arrived since the first check"),
    (
        "O-8",
        "a stamp that is still open may take a tenant while it is being emptied",
    ),
    ("O-9", "while traffic comes in, connections never end"),
    (
        "O-10",
        "jobs are waited for when no connection can start new ones",
    ),
    ("O-11", "stopping machines kills the jobs on them"),
    ("O-13", "without a backup there is no way back"),
    (
        "O-14",
        "alerts go when the drain has been watched to its end",
    ),
    (
        "O-17",
        "deleting the group takes its data, so that is decided first",
    ),
    (
        "O-18",
        "a group that holds something of someone else is not deleted",
    ),
    (
        "O-19",
        "the inventory says retired only when nothing is left",
    ),
    ("O-20", "what is on legal hold is not deleted"),
    (
        "O-22",
        "cores that the group does not have cannot be allocated",
    ),
    ("O-23", "a reservation consumes quota"),
    (
        "O-24",
        "machines are guaranteed before a stamp is built on them",
    ),
    ("O-25", "only what is built can be healthy"),
    ("O-26", "no traffic before health and smoke test"),
    (
        "O-27",
        "a stamp takes traffic and tenants only when it serves",
    ),
    ("O-28", "new capacity serves before old capacity goes"),
    (
        "O-30",
        "returned cores are spent again only when the return is verified",
    ),
    ("O-31", "a stamp may have filled up since the plan was made"),
    ("O-32", "the schema comes first; the rest refers to it"),
    ("O-33", "a tenant is routed only when it is whole"),
    ("O-34", "a subscription belongs to a user"),
    ("O-35", "a policy belongs to a subscription"),
    ("O-36", "without its policy a tenant would be unlimited"),
    ("O-37", "counts and tags are derived from the registry"),
    ("O-38", "users must not reach data that is being deleted"),
    ("O-39", "running requests finish first"),
    ("O-40", "what must be kept is exported and verified first"),
    ("O-45", "the destination stands before anything is copied"),
    ("O-46", "a snapshot exists before the tenant is touched"),
    ("O-47", "no write may fall between snapshot and copy"),
    ("O-50", "only a finished copy can be compared"),
    ("O-51", "traffic turns only when every record is equal"),
    (
        "O-54",
        "the source stays until the soak is over and a person agrees",
    ),
    ("O-55", "nothing is written to the source any more"),
    ("O-57", "the entry says settled when the source is empty"),
    ("O-85", "pools shrink when no traffic comes"),
    ("O-86", "traffic comes when the machines are up and healthy"),
    ("O-87", "one thing at a time on one stamp"),
    ("O-88", "tenants have left for good before machines go"),
    ("O-90", "a name that points at nothing can be taken over"),
    ("P-3", "a check judges what the step before it did"),
    ("P-5", "an entry says what is already true"),
    ("P-6", "quota of one account moves one step at a time"),
];

/// The reason behind a rule; the empty string for one that this planner does not cite.
pub fn reason(rule: &RuleId) -> &'static str {
    REASONS
        .iter()
        .find(|(id, _)| *id == rule.0)
        .map_or("", |(_, why)| why)
}
