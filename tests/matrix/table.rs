//! The matrix as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::fault::Column;

const LEGEND: &str = "\
The fault matrix: every request of every operation that a plan makes on Azure, and what comes of
it when that request goes wrong, once or for as long as it is made.

  ok   the run goes past it and ends in the world that the plan promised
  7    it stops with this exit code; when the fault is gone, it goes on to that world
  7*   it stops with this exit code; the fleet planned anew comes to that world
  -    there is nothing that the fault could strike

In every cell, in every state on the way: no core is lost, nothing of a stamp is deleted before
its quota is returned, no tenant's data is lost, and what is done is not done again.
";

/// Draws the matrix: rows in the order of their names.
pub(crate) fn draw(rows: &BTreeMap<String, BTreeMap<Column, String>>) -> String {
    let width = rows.keys().map(String::len).max().unwrap_or_default();
    let mut text = LEGEND.to_owned();
    for lasts in [false, true] {
        let columns: Vec<Column> = Column::all().filter(|one| one.lasts == lasts).collect();
        let how = if lasts { "until it is lifted" } else { "once" };
        let _ = write!(text, "\n{how:<width$}");
        for column in &columns {
            let _ = write!(text, "  {:<11}", column.word.title());
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
        for (row, cells) in rows {
            let _ = write!(text, "{row:<width$}");
            for column in &columns {
                let word = cells.get(column).map_or("?", String::as_str);
                let _ = write!(text, "  {word:<11}");
            }
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
    }
    text
}
