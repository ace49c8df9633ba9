//! Turns the working state into the answer. Pure.

use std::collections::BTreeMap;

use super::board::Board;
use super::bounds;
use super::explain::Funnel;
use super::home::Home;
use super::home::Other;
use super::home::Placement;
use super::home::Settled;
use super::placement::Decision;
use super::placement::PlacedStamp;
use super::placement::Unplaceable;
use super::resident::Fate;
use super::sticky::Overload;

/// The answer with its explanations and bounds.
pub(super) fn of<'a>(board: &Board<'a>, overloads: &[Overload]) -> Placement<'a> {
    let mut homes = Vec::with_capacity(board.residents.len());
    let mut others = Vec::new();
    let mut unplaceable = BTreeMap::new();
    let mut funnel = Funnel::new(board);
    for (index, resident) in board.residents.iter().enumerate() {
        let (id, meant, seen) = (resident.id, resident.meant, resident.seen);
        let settled = match &resident.fate {
            Fate::Undecided | Fate::Pending(_) => {
                others.extend(seen.map(|seen| Other { id, meant, seen }));
                continue;
            }
            Fate::Stays => Settled::Stays(resident.demand.unwrap_or_default()),
            Fate::Placed(site, row, why) => {
                let stamp = board.sites[*site].stamp.id.clone();
                Settled::Goes(Box::new(Decision {
                    // What is built again under the id of a tombstone holds nothing of the old.
                    was: resident.was().filter(|was| **was != stamp).cloned(),
                    stamp,
                    row: *row,
                    why: why.clone(),
                    demand: resident.demand.unwrap_or_default(),
                    passed_over: funnel.passed_over(board, index, Some(*site)),
                }))
            }
            Fate::Refused(leaves, pools) => {
                let refusal = Unplaceable {
                    was: resident.was().cloned(),
                    leaves: leaves.clone(),
                    passed_over: funnel.passed_over(board, index, None),
                    pools: pools.clone(),
                };
                unplaceable.insert(id.clone(), refusal);
                continue;
            }
        };
        homes.push(Home {
            id,
            meant,
            seen,
            settled,
        });
    }
    Placement {
        homes,
        others,
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
