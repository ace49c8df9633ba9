//! Steps with which a stamp comes, serves and changes: what they may and must do. Data.

use stampctl_contract::Kind;

use super::Call;
use super::Must;
use super::Sets;
use super::TAGS;
use super::Way;
use super::Whose;
use super::entry;
use super::may;
use super::must;
use crate::plan::format::StepKind;

pub(super) fn calls(kind: StepKind) -> &'static [Call] {
    const ON: Sets = &[("enabled", Must::Be(true))];
    const OFF: Sets = &[("enabled", Must::Be(false))];
    const SCALE: &[&str] = &["instances", "power", "reservation"];
    match kind {
        StepKind::StampRegister => {
            const MAY: &[&str] = &["accepting", "protected", "generation", "held"];
            const { &[entry(&[("state", Must::Text("creating"))], MAY), TAGS] }
        }
        StepKind::StampDeploy => {
            const {
                &[
                    must(Way::Put, Kind::ResourceGroup, Whose::Group, &[]),
                    Call {
                        may: SCALE,
                        ..must(Way::Put, Kind::ScaleSet, Whose::Inside, &[])
                    },
                    must(Way::Put, Kind::SqlServer, Whose::Inside, &[]),
                    may(Way::Put, Kind::SqlDatabase, Whose::Inside, &[]),
                    must(Way::Put, Kind::StorageAccount, Whose::Inside, &[]),
                    must(Way::Put, Kind::Alert, Whose::Inside, &[]),
                    may(Way::Put, Kind::Lock, Whose::Inside, &[]),
                    Call {
                        needed: false,
                        ..must(Way::Put, Kind::Origin, Whose::Origin, OFF)
                    },
                ]
            }
        }
        StepKind::IngressAdd => const { &[must(Way::Write, Kind::Origin, Whose::Origin, ON)] },
        StepKind::StampActivate => {
            const ACTIVE: Sets = &[("state", Must::Text("active"))];
            const MAY: &[&str] = &["accepting", "protected", "generation"];
            const { &[entry(ACTIVE, MAY), TAGS] }
        }
        StepKind::ComputeStart => {
            const {
                &[Call {
                    may: &["instances", "power"],
                    ..must(Way::Write, Kind::ScaleSet, Whose::Inside, &[])
                }]
            }
        }
        StepKind::PlacementClose => {
            const { &[entry(&[("accepting", Must::Be(false))], &[]), TAGS] }
        }
        StepKind::PlacementOpen => const { &[entry(&[("accepting", Must::Be(true))], &[]), TAGS] },
        _ => changes(kind),
    }
}

/// Steps that change a stamp in place.
#[expect(
    clippy::too_many_lines,
    reason = "a closed table: one arm for each kind of step"
)]
fn changes(kind: StepKind) -> &'static [Call] {
    match kind {
        StepKind::StampUpdate => {
            const {
                &[
                    Call {
                        needed: false,
                        ..entry(&[], &[])
                    },
                    TAGS,
                    may(
                        Way::Write,
                        Kind::ScaleSet,
                        Whose::Inside,
                        &["instances", "reservation"],
                    ),
                    may(Way::Write, Kind::SqlServer, Whose::Inside, &[]),
                    may(Way::Write, Kind::SqlDatabase, Whose::Inside, &[]),
                    may(Way::Write, Kind::StorageAccount, Whose::Inside, &[]),
                    may(Way::Write, Kind::Alert, Whose::Inside, &[]),
                    may(Way::Write, Kind::Origin, Whose::Origin, &[]),
                ]
            }
        }
        StepKind::StampProtect => {
            const {
                &[
                    Call {
                        needed: false,
                        ..entry(&[], &["protected"])
                    },
                    TAGS,
                    may(Way::Write, Kind::Lock, Whose::Inside, &[]),
                    may(Way::Delete, Kind::Lock, Whose::Inside, &[]),
                ]
            }
        }
        StepKind::ProjectionSync => {
            const {
                &[
                    Call {
                        needed: true,
                        ..TAGS
                    },
                    Call {
                        needed: false,
                        ..entry(&[], &[])
                    },
                ]
            }
        }
        StepKind::DriftRepair => {
            const {
                &[
                    Call {
                        needed: false,
                        ..entry(&[], &[])
                    },
                    TAGS,
                    may(
                        Way::Write,
                        Kind::ScaleSet,
                        Whose::Inside,
                        &["instances", "power", "reservation"],
                    ),
                    may(Way::Write, Kind::SqlServer, Whose::Inside, &[]),
                    may(Way::Write, Kind::SqlDatabase, Whose::Inside, &[]),
                    may(Way::Write, Kind::StorageAccount, Whose::Inside, &[]),
                    may(Way::Write, Kind::Alert, Whose::Inside, &[]),
                    may(Way::Write, Kind::Lock, Whose::Inside, &[]),
                    may(Way::Write, Kind::Origin, Whose::Origin, &["enabled"]),
                ]
            }
        }
        _ => &[],
    }
}
