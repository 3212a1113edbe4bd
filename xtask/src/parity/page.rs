//! The page: tables of what there is in each language, and of what needs no row.
//!
//! ```text
//! | capability | Rust | Kotlin | Swift | command line |
//! | language | in no row | why |
//! ```
//!
//! Names stand in code font. A cell without one refers to a footnote, `[^why]`.

use std::collections::{BTreeMap, BTreeSet};

/// What a column is about, in the order of the table.
pub(super) const LANGUAGES: [&str; 4] = ["Rust", "Kotlin", "Swift", "command line"];

/// The page, read.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) rows: Vec<Row>,
    pub(super) exempt: Vec<Exempt>,
    /// Footnotes by name, with their line and whether they say anything.
    pub(super) footnotes: BTreeMap<String, (usize, bool)>,
    /// Footnotes that the text refers to.
    pub(super) referred: BTreeSet<String>,
    /// What could not be read, with its line.
    pub(super) broken: Vec<(usize, String)>,
}

/// One capability.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) line: usize,
    pub(super) capability: String,
    /// One for each of [`LANGUAGES`].
    pub(super) cells: Vec<Cell>,
}

/// Names in code font, and footnotes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) names: Vec<String>,
    pub(super) footnotes: Vec<String>,
}

/// What stands in no row, for a reason.
#[derive(Debug)]
pub(super) struct Exempt {
    pub(super) line: usize,
    /// The index in [`LANGUAGES`].
    pub(super) language: usize,
    /// Names; one that ends in `*` is a type with all that belongs to it.
    pub(super) names: Vec<String>,
    pub(super) why: String,
}

/// What the lines of a table are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Table {
    None,
    Rows,
    Exempt,
    Other,
}

/// Reads the page.
pub(super) fn read(text: &str) -> Page {
    let mut page = Page::default();
    let mut table = Table::None;
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        page.referred.extend(footnotes(line));
        if let Some((name, why)) = definition(line) {
            let is_new =
                page.footnotes.insert(name.to_owned(), (number, !why.trim().is_empty())).is_none();
            if !is_new {
                page.broken.push((number, format!("footnote [^{name}] is there twice")));
            }
        }
        if !line.trim_start().starts_with('|') {
            table = Table::None;
            continue;
        }
        let cells = cells(line);
        if table == Table::None {
            table = kind(&cells);
        } else if cells.iter().all(|cell| is_rule(cell)) {
            continue;
        } else {
            page.line(table, number, &cells);
        }
    }
    page
}

impl Page {
    fn line(&mut self, table: Table, line: usize, cells: &[String]) {
        let columns = match table {
            Table::Rows => LANGUAGES.len() + 1,
            Table::Exempt => 3,
            Table::None | Table::Other => return,
        };
        if cells.len() != columns {
            let what = format!("the row has {} cells instead of {columns}", cells.len());
            self.broken.push((line, what));
        } else if table == Table::Rows {
            let read = |text: &String| Cell { names: names(text), footnotes: footnotes(text) };
            let capability = cells[0].clone();
            self.rows.push(Row { line, capability, cells: cells[1..].iter().map(read).collect() });
        } else {
            match LANGUAGES.iter().position(|language| *language == cells[0]) {
                Some(language) => {
                    let (names, why) = (names(&cells[1]), cells[2].clone());
                    self.exempt.push(Exempt { line, language, names, why });
                }
                None => self.broken.push((line, format!("there is no language {:?}", cells[0]))),
            }
        }
    }
}

fn kind(header: &[String]) -> Table {
    let is_rows = header.first().is_some_and(|first| first == "capability");
    match header {
        _ if is_rows && header[1..] == LANGUAGES => Table::Rows,
        [_, second, third] if second == "in no row" && third == "why" => Table::Exempt,
        _ => Table::Other,
    }
}

/// Between the bars; a bar in code font or after a backslash is text.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut is_code = false;
    let mut is_escaped = false;
    for letter in line.trim().trim_start_matches('|').chars() {
        match letter {
            '|' if !is_code && !is_escaped => cells.push(String::new()),
            _ => {
                is_code ^= letter == '`';
                if let Some(cell) = cells.last_mut() {
                    cell.push(letter);
                }
            }
        }
        is_escaped = letter == '\\';
    }
    // After the last bar there is no cell.
    if cells.last().is_some_and(|cell| cell.trim().is_empty()) {
        cells.pop();
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

fn is_rule(cell: &str) -> bool {
    !cell.is_empty() && cell.chars().all(|letter| matches!(letter, '-' | ':'))
}

/// What is in code font.
fn names(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(|name| name.trim().to_owned()).collect()
}

/// The names of all `[^name]`, but for one that begins its definition.
fn footnotes(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("[^") {
        let Some((name, rest)) = text[at + 2..].split_once(']') else { continue };
        if at > 0 || !rest.starts_with(':') {
            found.push(name.to_owned());
        }
    }
    found
}

fn definition(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("[^")?.split_once("]:")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\
# Parity

| capability | Rust | Kotlin | Swift | command line |
|---|:-:|---|---|---|
| Open a node | `Node::open`, `Node::create` | `Dunlin.open` | `Dunlin.open(at:_:)` | –[^cli] |
| Sum | `a|b` | x \\| y[^sum][^cli] | | `dunlin --dir` |
| short | `a` |

| other | table |
|---|---|
| `x` | `y` |

| language | in no row | why |
|---|---|---|
| Rust | `Clock::*`, `Entropy` | For tests. |
| Perl | `x` | |

[^cli]: It opens the node with every command.
[^sum]:
[^sum]: Again.
";

    #[test]
    fn rows_have_names_and_footnotes_by_language() {
        let page = read(PAGE);
        assert_eq!(page.rows.len(), 2);
        let row = &page.rows[0];
        assert_eq!((row.line, row.capability.as_str()), (5, "Open a node"));
        assert_eq!(row.cells[0].names, ["Node::open", "Node::create"]);
        assert_eq!(row.cells[2].names, ["Dunlin.open(at:_:)"]);
        assert_eq!(row.cells[3], Cell { names: vec![], footnotes: vec!["cli".to_owned()] });
        assert_eq!(page.rows[1].cells[0].names, ["a|b"]);
        assert_eq!(page.rows[1].cells[1].footnotes, ["sum", "cli"]);
        assert_eq!(page.rows[1].cells[2], Cell { names: vec![], footnotes: vec![] });
    }

    #[test]
    fn exemptions_have_a_language_and_a_reason() {
        let page = read(PAGE);
        let [exempt] = page.exempt.as_slice() else { panic!("{:?}", page.exempt) };
        assert_eq!((exempt.line, exempt.language, exempt.why.as_str()), (15, 0, "For tests."));
        assert_eq!(exempt.names, ["Clock::*", "Entropy"]);
    }

    #[test]
    fn footnotes_are_found_where_they_are_defined_and_where_they_are_used() {
        let page = read(PAGE);
        assert_eq!(page.footnotes["cli"], (18, true));
        assert_eq!(page.footnotes["sum"], (20, true));
        assert_eq!(page.referred.iter().collect::<Vec<_>>(), ["cli", "sum"]);
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_line() {
        let told: Vec<String> =
            read(PAGE).broken.iter().map(|(line, what)| format!("{line}: {what}")).collect();
        assert_eq!(
            told,
            [
                "7: the row has 2 cells instead of 5",
                "16: there is no language \"Perl\"",
                "20: footnote [^sum] is there twice",
            ]
        );
    }
}
