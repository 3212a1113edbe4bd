//! Every concurrent pair of `docs/MERGE.md`, on two devices and with a third that hears of both.

#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "../support/mod.rs"]
mod support;

mod counters;
mod deletion;
mod lists;
mod pair;
mod registers;
mod sets;
mod settling;
mod texts;
mod values;

#[test]
fn every_row_of_the_page_is_a_test() {
    let tests = [
        include_str!("counters.rs"),
        include_str!("deletion.rs"),
        include_str!("lists.rs"),
        include_str!("registers.rs"),
        include_str!("sets.rs"),
        include_str!("settling.rs"),
        include_str!("texts.rs"),
        include_str!("values.rs"),
    ]
    .concat();
    let rows = include_str!("../../../../docs/MERGE.md").lines().filter(|line| {
        line.starts_with('|') && !line.starts_with("|---") && !line.ends_with("| test |")
    });
    let mut named = 0;
    for row in rows {
        let name = row.rsplit('|').nth(1).unwrap().trim().trim_matches('`');
        assert!(tests.contains(&format!("#[test]\nfn {name}() {{")), "{row}");
        named += 1;
    }
    assert_eq!(named, tests.matches("#[test]").count());
}
