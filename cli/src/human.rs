//! What people read: tables, JSON over several lines.

use serde_json::Value as Json;

/// Columns side by side, as wide as their widest cell; the last one is not padded.
pub(crate) fn table(columns: &[&str], rows: &[Vec<String>]) -> String {
    let one_line = |cell: &str| cell.replace(['\n', '\r', '\t'], " ");
    let mut lines: Vec<Vec<String>> = vec![columns.iter().map(|name| one_line(name)).collect()];
    lines.extend(rows.iter().map(|row| row.iter().map(|cell| one_line(cell)).collect()));
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns.len()).map(|column| width(column).unwrap_or(0)).collect();
    let draw = |line: &Vec<String>| {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    lines.iter().map(draw).collect::<Vec<_>>().join("\n")
}

/// JSON over several lines.
pub(crate) fn pretty(json: &Json) -> String {
    serde_json::to_string_pretty(json).unwrap_or_else(|_| json.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tables_columns_line_up_whatever_the_cells_hold() {
        let rows =
            [vec!["é".to_owned(), "a\nb".to_owned()], vec!["long".to_owned(), String::new()]];
        assert_eq!(table(&["x", "y"], &rows), "x     y\né     a b\nlong");
    }
}
