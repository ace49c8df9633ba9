//! Columns that line up, by the width that a terminal gives each character. Pure.

use unicode_width::UnicodeWidthStr;

use super::escape;

/// How a column's cells are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// Rows of cells beneath headings. Cells are escaped when they are set.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings.
    pub fn new(columns: &[(&str, Align)]) -> Self {
        Self {
            columns: columns
                .iter()
                .map(|(name, align)| ((*name).to_owned(), *align))
                .collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row. Cells that are missing stay blank, cells without a column are left out.
    pub fn row<I, T>(&mut self, cells: I)
    where
        I: IntoIterator<Item = T>,
        T: Into<String>,
    {
        let mut cells: Vec<String> = cells
            .into_iter()
            .map(|cell| escape::line(&cell.into()).into_owned())
            .collect();
        cells.resize(self.columns.len(), String::new());
        self.rows.push(cells);
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The lines: headings first, then the rows. No line ends in blanks.
    pub fn lines(&self) -> Vec<String> {
        let mut widths: Vec<usize> = self.columns.iter().map(|(name, _)| name.width()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        let headings: Vec<String> = self.columns.iter().map(|(name, _)| name.clone()).collect();
        std::iter::once(&headings)
            .chain(&self.rows)
            .map(|row| self.set(row, &widths))
            .collect()
    }

    fn set(&self, row: &[String], widths: &[usize]) -> String {
        let mut line = String::new();
        for ((cell, width), (_, align)) in row.iter().zip(widths).zip(&self.columns) {
            if !line.is_empty() {
                line.push_str("  ");
            }
            let blank = " ".repeat(width.saturating_sub(cell.width()));
            match align {
                Align::Left => {
                    line.push_str(cell);
                    line.push_str(&blank);
                }
                Align::Right => {
                    line.push_str(&blank);
                    line.push_str(cell);
                }
            }
        }
        line.truncate(line.trim_end().len());
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_count_as_wide() {
        let mut table = Table::new(&[("stamp", Align::Left), ("load", Align::Right)]);
        table.row(["東京", "7 %"]);
        table.row(["a", "100 %"]);
        assert_eq!(
            table.lines(),
            ["stamp   load", "東京     7 %", "a      100 %"]
        );
    }

    #[test]
    fn a_cell_cannot_break_its_row() {
        let mut table = Table::new(&[("a", Align::Left), ("b", Align::Left)]);
        table.row(["x\ny"]);
        assert_eq!(table.lines()[1], "x\\u{a}y");
    }
}
