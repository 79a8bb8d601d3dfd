//! Tables without lines, which stay readable in a log.

use std::fmt::Display;
use std::ops::Range;

use comfy_table::{CellAlignment, ContentArrangement, Table};

/// A table with these headings; the columns in `right` are aligned right.
pub(super) struct Columns {
    table: Table,
    right: Range<usize>,
}

impl Columns {
    pub(super) fn new(headings: &[&str], right: Range<usize>) -> Self {
        let mut table = Table::new();
        table
            .load_style(comfy_table::presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(headings);
        Self { table, right }
    }

    pub(super) fn row<C: Display>(&mut self, cells: impl IntoIterator<Item = C>) {
        let cells: Vec<String> = cells.into_iter().map(|cell| cell.to_string()).collect();
        self.table.add_row(cells);
    }

    /// The lines of the table, without spaces at their ends.
    pub(super) fn lines(mut self) -> Vec<String> {
        for (index, column) in self.table.column_iter_mut().enumerate() {
            column.set_padding((0, 2));
            if self.right.contains(&index) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let lines = self.table.lines();
        lines.map(|line| line.trim_end().to_owned()).collect()
    }
}

/// A whole number with its thousands apart, such as `12,345`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let texts = [0, 999, 1_000, 12_345, 1_234_567].map(grouped);
        assert_eq!(texts, ["0", "999", "1,000", "12,345", "1,234,567"]);
    }

    #[test]
    fn columns_line_up() {
        let mut columns = Columns::new(&["name", "runs"], 1..2);
        columns.row(["a", "5"]);
        columns.row(["longer", "1,000"]);
        assert_eq!(
            columns.lines(),
            ["name     runs", "a           5", "longer  1,000"]
        );
    }
}
