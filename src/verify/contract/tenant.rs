//! Steps of tenants: what they may and must do. Data.

use stampctl_contract::Kind;

use super::Call;
use super::Must;
use super::Sets;
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
    const WRITE: Way = Way::Write;
    const DATA: Whose = Whose::Data;
    const DB: Kind = Kind::SqlDatabase;
    const SCHEMA: Kind = Kind::TenantSchema;
    const BLOB: Kind = Kind::BlobContainer;
    const BACKUP: Sets = &[("tenant", Must::OwnTenant)];
    match kind {
        StepKind::TenantData => {
            const { &[may(WRITE, DB, DATA, &[]), may(WRITE, SCHEMA, DATA, &[])] }
        }
        StepKind::TenantBlob => const { &[must(WRITE, BLOB, DATA, &[])] },
        StepKind::ApiUser => const { &[must(WRITE, Kind::ApiUser, Whose::Gateway, &[])] },
        StepKind::ApiSubscribe => {
            const { &[must(WRITE, Kind::ApiSubscription, Whose::Gateway, &[])] }
        }
        StepKind::ApiPolicy => const { &[must(WRITE, Kind::ApiPolicy, Whose::Gateway, &[])] },
        StepKind::RouteRegister => {
            const HOME: Sets = &[
                ("stamp", Must::NamedStamp),
                ("state", Must::Text("active")),
                ("routed", Must::Be(true)),
            ];
            const { &[entry(HOME, &["frozen", "held"])] }
        }
        StepKind::TenantUpdate => const { &[entry(&[], &["held", "state", "routed", "frozen"])] },
        StepKind::TenantSnapshot | StepKind::TenantExport => {
            const { &[must(Way::Put, Kind::Backup, Whose::Snapshot, BACKUP)] }
        }
        StepKind::TenantFreeze => {
            const FROZEN: Sets = &[
                ("frozen", Must::Be(true)),
                ("state", Must::Text("migrating")),
            ];
            const { &[entry(FROZEN, &[])] }
        }
        StepKind::TenantCopy => {
            const {
                &[
                    may(Way::Copy, DB, DATA, &[]),
                    may(Way::Copy, SCHEMA, DATA, &[]),
                    may(Way::Copy, BLOB, DATA, &[]),
                ]
            }
        }
        StepKind::TenantSwitch => {
            const HOME: Sets = &[
                ("stamp", Must::NamedStamp),
                ("moved_from", Must::Given),
                ("frozen", Must::Be(false)),
                ("state", Must::Text("active")),
            ];
            const { &[entry(HOME, &["routed"])] }
        }
        StepKind::SourceDelete | StepKind::TenantDelete => {
            const {
                &[
                    may(Way::Delete, DB, DATA, &[]),
                    may(Way::Delete, SCHEMA, DATA, &[]),
                    may(Way::Delete, BLOB, DATA, &[]),
                ]
            }
        }
        StepKind::TenantSettle => {
            const {
                &[entry(
                    &[("moved_from", Must::Gone)],
                    &["stamp", "state", "routed"],
                )]
            }
        }
        StepKind::TenantLeave => const { &[entry(&[("state", Must::Text("offboarding"))], &[])] },
        StepKind::RouteRemove => const { &[entry(&[("routed", Must::Be(false))], &[])] },
        StepKind::ApiRevoke => {
            const {
                &[
                    may(Way::Delete, Kind::ApiPolicy, Whose::Gateway, &[]),
                    may(Way::Delete, Kind::ApiSubscription, Whose::Gateway, &[]),
                    may(Way::Delete, Kind::ApiUser, Whose::Gateway, &[]),
                    may(WRITE, Kind::ApiSubscription, Whose::Gateway, &[]),
                    may(WRITE, Kind::ApiUser, Whose::Gateway, &[]),
                ]
            }
        }
        StepKind::TenantTombstone => {
            const {
                &[entry(
                    &[("state", Must::Text("offboarded"))],
                    &["stamp", "routed", "moved_from"],
                )]
            }
        }
        _ => &[],
    }
}
