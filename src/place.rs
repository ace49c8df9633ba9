//! Decides which stamp each tenant lives on, and which stamps the pools must open. Pure.
//!
//! Decision table DT-1, in this order: who may stay stays (row 1); stamps that pools owe are
//! opened; then pinned tenants (row 2), tenants that need a stamp of their own (row 3), and all
//! others from the largest to the smallest, on stamps that serve (row 4), on stamps that are
//! being built (row 5), and on stamps that pools open for them (row 6, which row 7 leads to:
//! a reservation grows with its stamps). What is left is refused with every reason (row 8).
//! Nothing is chosen later, and nothing here depends on the order of the input.

pub mod home;
pub mod pack;
pub mod placement;

mod answer;
mod assign;
mod batch;
mod board;
mod bounds;
mod choose;
mod consolidate;
mod exact;
mod explain;
mod naming;
mod open;
mod quota;
mod resident;
mod site;
mod size;
mod sticky;
mod universe;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod table;
#[cfg(test)]
mod testing;

use crate::model::Fleet;
use crate::observe::Inventory;

use assign::Assignment;
use board::Board;

pub use explain::why_not;
pub use home::Placement;
pub use placement::Decision;

/// Where every tenant lives when the plan is done, and which stamps there are.
///
/// Never fails: tenants that nothing can take are in the answer, with the reasons.
pub fn place<'a>(fleet: &'a Fleet, inventory: &'a Inventory) -> Placement<'a> {
    let mut board = Board::new(fleet, inventory);
    let overloads = sticky::sort_out(&mut board);
    let mut assignment = Assignment::new(&board);
    assignment.open_minimums(&mut board);
    assignment.place_pinned(&mut board);
    assignment.place_dedicated(&mut board);
    assignment.place_shared(&mut board);
    assignment.open_for_bands(&mut board);
    assignment.refuse_the_rest(&mut board);
    consolidate::within_budget(&mut board);
    board.retire_empty_dedicated();
    answer::of(&board, &overloads)
}
