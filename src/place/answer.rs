//! Turns the working state into the answer. Pure.

use std::collections::BTreeMap;

use super::board::Board;
use super::bounds;
use super::explain::Funnel;
use super::placement::Decision;
use super::placement::PlacedStamp;
use super::placement::Placement;
use super::placement::Unplaceable;
use super::placement::Why;
use super::resident::Fate;
use super::sticky::Overload;

/// The answer with its explanations and bounds.
pub(super) fn of(board: &Board, overloads: &[Overload]) -> Placement {
    let mut decisions = BTreeMap::new();
    let mut unplaceable = BTreeMap::new();
    let mut funnel = Funnel::new(board);
    for (index, resident) in board.residents.iter().enumerate() {
        match &resident.fate {
            Fate::Undecided | Fate::Pending(_) => {}
            Fate::Stays => {
                let Some(home) = resident.home else { continue };
                let decision = Decision {
                    stamp: board.sites[home].stamp.id.clone(),
                    was: resident.was.cloned(),
                    row: 1,
                    why: Why::Stays,
                    demand: resident.demand.unwrap_or_default(),
                    passed_over: Vec::new(),
                };
                decisions.insert(resident.id.clone(), decision);
            }
            Fate::Placed(site, row, why) => {
                let stamp = board.sites[*site].stamp.id.clone();
                let decision = Decision {
                    // What is built again under the id of a tombstone holds nothing of the old.
                    was: resident.was.filter(|was| **was != stamp).cloned(),
                    stamp,
                    row: *row,
                    why: why.clone(),
                    demand: resident.demand.unwrap_or_default(),
                    passed_over: funnel.passed_over(board, index, Some(*site)),
                };
                decisions.insert(resident.id.clone(), decision);
            }
            Fate::Refused(leaves, pools) => {
                let refusal = Unplaceable {
                    was: resident.was.cloned(),
                    leaves: leaves.clone(),
                    passed_over: funnel.passed_over(board, index, None),
                    pools: pools.clone(),
                };
                unplaceable.insert(resident.id.clone(), refusal);
            }
        }
    }
    Placement {
        decisions,
        unplaceable,
        stamps: stamps(board),
        bounds: bounds::of(board, overloads),
    }
}

fn stamps(board: &Board) -> BTreeMap<crate::model::StampId, PlacedStamp> {
    let policy = &board.fleet.policy;
    let placed = |site: &super::site::Site| PlacedStamp {
        stamp: site.stamp.clone(),
        origin: site.origin.clone(),
        load_before: site.load_before(),
        load_after: site.load_after(),
        tenants_before: site.tenants_before,
        tenants_after: site.tenants_after(),
        band: site.band(policy),
        young: site.young,
    };
    board
        .sites
        .iter()
        .map(|site| (site.stamp.id.clone(), placed(site)))
        .collect()
}
