//! A short run of the fuzz harness; `cargo run --example fuzz_scan` is the long one.

#[path = "../examples/fuzz_scan/corpus.rs"]
mod corpus;
#[path = "../examples/fuzz_scan/entries.rs"]
mod entries;
#[path = "../examples/fuzz_scan/fuzz.rs"]
mod fuzz;
#[path = "../examples/fuzz_scan/mutate.rs"]
mod mutate;
#[path = "../examples/fuzz_scan/through_document.rs"]
mod through_document;
#[path = "../examples/fuzz_scan/wire.rs"]
mod wire;

#[test]
fn what_passes_the_scan_is_good_for_yrs() {
    let report = fuzz::run(10_000, 7, |_| ());
    assert!(report.is_clean(), "{report}");
    assert!(report.malformed > 0 && report.gaps > 0, "{report}");
}
