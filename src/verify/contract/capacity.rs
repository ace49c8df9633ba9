//! Quota and reservations: what their steps may and must do. Data.

use stampctl_contract::Kind;

use super::Call;
use super::Must;
use super::Sets;
use super::Way;
use super::Whose;
use super::may;
use super::must;
use crate::plan::format::StepKind;

pub(super) fn calls(kind: StepKind) -> &'static [Call] {
    const CORES: Sets = &[("cores", Must::Given)];
    const INSTANCES: Sets = &[("instances", Must::Given)];
    const ALLOCATION: Call = must(Way::Put, Kind::QuotaAllocation, Whose::Allocation, CORES);
    const RESERVED: Kind = Kind::CapacityReservation;
    match kind {
        StepKind::QuotaGroupCreate => {
            const { &[must(Way::Put, Kind::QuotaGroup, Whose::QuotaGroup, &[])] }
        }
        StepKind::QuotaIncrease => {
            const LIMIT: Sets = &[("limit", Must::Given)];
            const { &[must(Way::Write, Kind::GroupQuota, Whose::GroupQuota, LIMIT)] }
        }
        StepKind::QuotaAllocate | StepKind::QuotaReturn => const { &[ALLOCATION] },
        StepKind::ReservationEnsure => {
            const {
                &[
                    may(
                        Way::Write,
                        Kind::ResourceGroup,
                        Whose::ReservationGroup,
                        &[],
                    ),
                    must(Way::Write, RESERVED, Whose::Reservation, INSTANCES),
                ]
            }
        }
        StepKind::ReservationReduce => {
            const {
                &[
                    Call {
                        needed: false,
                        ..must(
                            Way::Write,
                            Kind::ScaleSet,
                            Whose::Inside,
                            &[("reservation", Must::Gone)],
                        )
                    },
                    must(Way::Write, RESERVED, Whose::Reservation, INSTANCES),
                ]
            }
        }
        _ => &[],
    }
}
