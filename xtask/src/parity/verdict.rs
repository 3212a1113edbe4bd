//! Whether the page says what the sources have, all of it, and nothing else.

use std::collections::BTreeSet;

use super::{
    page::{Cell, LANGUAGES, Page},
    symbol::{Catalogue, Kind, Symbol},
};

/// What one language declares, and where.
pub(super) struct Declared {
    pub(super) catalogue: Catalogue,
    /// Where its sources are, for whoever has to look.
    pub(super) place: &'static str,
}

/// Everything that is wrong, as lines that begin with where.
pub(super) fn problems(path: &str, page: &Page, declared: &[Declared; 4]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut tell = |line: usize, what: String| wrong.push(format!("{path}:{line}: {what}"));
    for (line, what) in &page.broken {
        tell(*line, what.clone());
    }
    for row in &page.rows {
        for (language, cell) in row.cells.iter().enumerate() {
            let whose = format!("row {:?}, column {}", row.capability, LANGUAGES[language]);
            for what in cell_problems(cell, page, &declared[language]) {
                tell(row.line, format!("{whose}: {what}"));
            }
        }
    }
    for exempt in &page.exempt {
        if exempt.names.is_empty() || exempt.why.is_empty() {
            tell(exempt.line, "name what needs no row, in code font, and say why".to_owned());
        }
        for name in &exempt.names {
            if let Some(what) = exempt_problem(name, exempt.language, page, declared) {
                tell(exempt.line, what);
            }
        }
    }
    for (name, (line, _)) in &page.footnotes {
        if !page.referred.contains(name) {
            tell(*line, format!("no cell refers to footnote [^{name}]: take it out"));
        }
    }
    for (language, declared) in declared.iter().enumerate() {
        let missing = missing(language, page, &declared.catalogue);
        wrong.extend(missing.into_iter().map(|symbol| {
            format!(
                "{}: `{}` is in no row of {path}: add it to one in the column {}, or to the table \
                 of what is in no row, with the reason",
                symbol.file, symbol.name, LANGUAGES[language]
            )
        }));
    }
    wrong
}

fn cell_problems(cell: &Cell, page: &Page, declared: &Declared) -> Vec<String> {
    let mut wrong = Vec::new();
    if cell.names.is_empty() && cell.footnotes.is_empty() {
        wrong.push("it is empty: name what does it, or write –[^why] and explain below".to_owned());
    }
    for name in cell.names.iter().filter(|name| !declared.catalogue.has(name)) {
        let place = declared.place;
        wrong.push(format!("{place} declares no `{name}`: name it as it is there, or explain"));
    }
    for name in &cell.footnotes {
        match page.footnotes.get(name) {
            Some((_, true)) => {}
            Some((line, false)) => {
                wrong.push(format!("footnote [^{name}] on line {line} is empty"))
            }
            None => wrong.push(format!("there is no footnote [^{name}]: write one")),
        }
    }
    wrong
}

fn exempt_problem(
    name: &str,
    language: usize,
    page: &Page,
    declared: &[Declared; 4],
) -> Option<String> {
    let Declared { catalogue, place } = &declared[language];
    if !catalogue.symbols.iter().any(|symbol| is_meant(symbol, name)) {
        return Some(format!("{place} declares no `{name}`: take it out"));
    }
    let row = page.rows.iter().find(|row| row.cells[language].names.iter().any(|n| n == name))?;
    Some(format!("`{name}` is in no row, and in row {:?} on line {}", row.capability, row.line))
}

/// Whether an exemption of `name` is about it.
fn is_meant(symbol: &Symbol, name: &str) -> bool {
    match name.strip_suffix('*') {
        Some(owner) => symbol.is_within(owner.trim_end_matches(['.', ':', ' '])),
        None => symbol.is_named(name),
    }
}

/// What no row names and nothing exempts. A type stands for its parts, and one of its members for
/// the type, but no function for another.
fn missing<'c>(language: usize, page: &Page, catalogue: &'c Catalogue) -> Vec<&'c Symbol> {
    let exempt = page.exempt.iter().filter(|exempt| exempt.language == language);
    let exempt: Vec<&String> = exempt.flat_map(|exempt| &exempt.names).collect();
    let named: BTreeSet<&str> = page
        .rows
        .iter()
        .flat_map(|row| &row.cells[language].names)
        .chain(exempt.iter().copied())
        .map(String::as_str)
        .collect();
    let is_named = |symbol: &Symbol| {
        named.iter().any(|name| symbol.is_named(name))
            || exempt.iter().any(|name| is_meant(symbol, name))
    };
    let found: BTreeSet<&Symbol> = catalogue.symbols.iter().filter(|one| is_named(one)).collect();
    let stands_for = |symbol: &Symbol| match symbol.kind {
        Kind::Function => false,
        Kind::Part => symbol.owner().is_some_and(|owner| named.contains(owner)),
        Kind::Type => found.iter().any(|member| member.owner() == Some(&symbol.name)),
    };
    let symbols = catalogue.symbols.iter();
    symbols.filter(|symbol| !found.contains(symbol) && !stands_for(symbol)).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::page, *};

    fn declared(names: &[(&str, Kind)]) -> Declared {
        let mut catalogue = Catalogue::default();
        for (name, kind) in names {
            catalogue.add((*name).to_owned(), *kind, "a/file");
        }
        Declared { catalogue, place: "a" }
    }

    /// Everything in order, to be broken one by one.
    fn all() -> [Declared; 4] {
        [
            declared(&[
                ("Node", Kind::Type),
                ("Node::open", Kind::Function),
                ("Clock", Kind::Type),
                ("Clock::system", Kind::Function),
            ]),
            declared(&[("Node", Kind::Type), ("Node.open", Kind::Function)]),
            declared(&[
                ("Node.open(at:)", Kind::Function),
                ("Status", Kind::Type),
                ("Status.peers", Kind::Part),
                ("Status.init(peers:)", Kind::Part),
            ]),
            declared(&[("dunlin get", Kind::Function), ("dunlin get --kinds", Kind::Part)]),
        ]
    }

    const PAGE: &str = "\
| capability | Rust | Kotlin | Swift | command line |
|---|---|---|---|---|
| Open | `Node::open` | `Node.open` | `Node.open(at:)` | –[^cli] |
| Look | –[^no] | –[^nor] | `Status` | `dunlin get` |

| language | in no row | why |
|---|---|---|
| Rust | `Clock::*` | For tests. |

[^cli]: Every command does.
[^no]: Not there.
[^nor]: Neither there.
";

    fn told(page: &str, declared: &[Declared; 4]) -> Vec<String> {
        problems("p.md", &page::read(page), declared)
    }

    /// The one problem after a change of the page.
    fn after(from: &str, to: &str) -> String {
        let changed = PAGE.replacen(from, to, 1);
        assert_ne!(changed, PAGE, "{from} is not in the page");
        let told = told(&changed, &all());
        assert_eq!(told.len(), 1, "{told:#?}");
        told[0].clone()
    }

    #[test]
    fn a_page_that_says_what_is_there_passes() {
        assert_eq!(told(PAGE, &all()), Vec::<String>::new());
    }

    #[test]
    fn a_name_that_does_not_exist_is_told_with_its_row() {
        let told = after("| `Node.open` |", "| `Node.open`, `Node.opened` |");
        assert!(
            told.starts_with("p.md:3: row \"Open\", column Kotlin: a declares no `Node.opened`")
        );
    }

    #[test]
    fn an_empty_cell_is_told() {
        let told = after("| Look | –[^no] | –[^nor] |", "| Look | –[^no] [^nor] | – |");
        assert!(told.starts_with("p.md:4: row \"Look\", column Kotlin: it is empty"), "{told}");
    }

    #[test]
    fn an_explanation_that_is_not_there_is_told() {
        assert!(after("| Look | –[^no]", "| Look | –[^no][^nil]").contains("no footnote [^nil]"));
        assert!(after(": Not there.", ":").contains("footnote [^no] on line 11 is empty"));
    }

    #[test]
    fn every_declaration_without_a_row_is_told_with_its_file() {
        let mut more = all();
        more[0].catalogue.add("Node::close".to_owned(), Kind::Function, "core/node.rs");
        more[1].catalogue.add("Late".to_owned(), Kind::Type, "late.kt");
        more[2].catalogue.add("Node.spaces".to_owned(), Kind::Part, "node.swift");
        more[3].catalogue.add("dunlin --dir".to_owned(), Kind::Part, "args.rs");
        let told = told(PAGE, &more);
        let starts = [
            "core/node.rs: `Node::close` is in no row of p.md",
            "late.kt: `Late` is in no row of p.md",
            "node.swift: `Node.spaces` is in no row of p.md",
            "args.rs: `dunlin --dir` is in no row of p.md",
        ];
        assert_eq!(told.len(), starts.len(), "{told:#?}");
        for (told, start) in told.iter().zip(starts) {
            assert!(told.starts_with(start), "{told}");
        }
    }

    #[test]
    fn a_type_stands_for_its_parts_and_not_for_its_functions() {
        let mut more = all();
        more[2].catalogue.add("Status.next".to_owned(), Kind::Part, "f");
        assert_eq!(told(PAGE, &more), Vec::<String>::new());
        more[2].catalogue.add("Status.refresh()".to_owned(), Kind::Function, "f");
        assert_eq!(told(PAGE, &more).len(), 1);
    }

    #[test]
    fn an_exemption_must_be_needed_and_explained() {
        assert!(after("`Clock::*`", "`Clock::*`, `Gone`").contains("declares no `Gone`"));
        assert!(after("| For tests. |", "| |").starts_with("p.md:8: name what needs no row"));
        let told = after("`Clock::*`", "`Clock::*`, `Node::open`");
        assert!(
            told.ends_with("`Node::open` is in no row, and in row \"Open\" on line 3"),
            "{told}"
        );
    }

    #[test]
    fn a_footnote_that_nobody_needs_is_told() {
        let told = after("[^no]: Not", "[^old]: Was once.\n[^no]: Not");
        assert!(told.starts_with("p.md:11: no cell refers to footnote [^old]"), "{told}");
    }
}
