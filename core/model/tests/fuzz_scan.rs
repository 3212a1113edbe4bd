//! A short run of the fuzz harness; `cargo run --example fuzz_scan` is the long one.

#[path = "../examples/fuzz_scan/corpus.rs"]
mod corpus;
#[path = "../examples/fuzz_scan/fuzz.rs"]
mod fuzz;
#[path = "../examples/fuzz_scan/wire.rs"]
mod wire;

#[test]
fn what_passes_the_scan_is_good_for_yrs() {
    let report = fuzz::run(10_000, 7, |_| ());
    assert!(report.is_clean(), "{report}");
    let reached = report.mutants - report.malformed - report.gaps;
    assert!(reached * 5 >= report.mutants && report.malformed > 0 && report.gaps > 0, "{report}");
}
