//! Steps with which a stamp rests or goes: what they may and must do. Data.

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

#[expect(
    clippy::too_many_lines,
    reason = "a closed table: one arm for each kind of step"
)]
pub(super) fn calls(kind: StepKind) -> &'static [Call] {
    const DELETING: Call = Call {
        needed: false,
        ..entry(&[("state", Must::Text("deleting"))], &[])
    };
    const OFF: Sets = &[("enabled", Must::Be(false))];
    const SET: Kind = Kind::ScaleSet;
    match kind {
        StepKind::IngressRemove => const { &[must(Way::Write, Kind::Origin, Whose::Origin, OFF)] },
        StepKind::StampDrain => const { &[entry(&[("state", Must::Text("draining"))], &[]), TAGS] },
        StepKind::StampStandby => {
            const {
                &[
                    entry(&[("state", Must::Text("ready"))], &[]),
                    TAGS,
                    may(Way::Write, SET, Whose::Inside, &["instances"]),
                ]
            }
        }
        StepKind::StampIsolate => {
            const ISOLATED: Sets = &[("state", Must::Text("isolated"))];
            const { &[entry(ISOLATED, &["accepting"]), TAGS] }
        }
        StepKind::StampBackup => const { &[must(Way::Put, Kind::Backup, Whose::Backup, &[])] },
        StepKind::MonitoringRemove => {
            const {
                &[
                    may(Way::Delete, Kind::Alert, Whose::Inside, &[]),
                    Call {
                        needed: false,
                        ..must(Way::Write, Kind::Alert, Whose::Inside, OFF)
                    },
                ]
            }
        }
        StepKind::ComputeRelease => {
            const {
                &[
                    entry(&[("state", Must::Text("releasing"))], &[]),
                    TAGS,
                    must(
                        Way::Write,
                        SET,
                        Whose::Inside,
                        &[("power", Must::Text("deallocated"))],
                    ),
                    must(Way::Write, SET, Whose::Inside, &[("instances", Must::Zero)]),
                ]
            }
        }
        StepKind::StampReleased => {
            const { &[entry(&[("state", Must::Text("quota_returned"))], &[]), TAGS] }
        }
        StepKind::IngressDelete => {
            const {
                &[
                    DELETING,
                    must(Way::Delete, Kind::Origin, Whose::Origin, &[]),
                ]
            }
        }
        StepKind::DataDelete => {
            const {
                &[
                    DELETING,
                    TAGS,
                    must(Way::Delete, Kind::SqlServer, Whose::Inside, &[]),
                    must(Way::Delete, Kind::StorageAccount, Whose::Inside, &[]),
                    may(Way::Delete, Kind::SqlDatabase, Whose::Inside, &[]),
                ]
            }
        }
        StepKind::StampDelete => {
            const {
                &[
                    DELETING,
                    TAGS,
                    must(Way::Delete, Kind::ResourceGroup, Whose::Group, &[]),
                ]
            }
        }
        StepKind::StampTombstone => const { &[entry(&[("state", Must::Text("deleted"))], &[])] },
        _ => &[],
    }
}
