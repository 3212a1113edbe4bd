//! Mutants, and what becomes of them.

use std::{
    fmt::{self, Write},
    panic::{AssertUnwindSafe, catch_unwind},
};

use dunlin_model::{
    Incarnation, StateVector,
    entry::{ENTRIES_ROOT, Entry},
    scan::{self, Known, Refusal},
};
use yrs::{Doc, GetString, Map, ReadTxn, Transact, Update, updates::decoder::Decode};

use crate::{
    corpus::{self, Case, Random, TEXTS, document, encoding, text_name},
    mutate::mutate,
    through_document,
};

const DIVERGED: &str = "a reload differs";

/// A run in which fewer mutants reach yrs says little.
const LEAST_PERCENT: u64 = 20;

/// Documents that have grown to this many bytes grow no more.
const MAX_HELD: usize = 4096;

/// What went wrong, what the replica held, and the mutant.
pub(crate) type Finding = (String, Vec<u8>, Vec<u8>);

/// What became of the mutants.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) mutants: u64,
    pub(crate) malformed: u64,
    pub(crate) gaps: u64,
    pub(crate) set_aside: u64,
    pub(crate) applied: u64,
    /// Whose content depends on the order in which it came: only a writer that lies about what it
    /// saw can write these, and digests show them.
    pub(crate) diverged: Vec<Finding>,
    /// Mutants that the scan should not have let through.
    pub(crate) failures: Vec<Finding>,
}

impl Report {
    /// Whether whatever passed the scan was good for yrs, and enough did to say so.
    pub(crate) fn is_clean(&self) -> bool {
        self.failures.is_empty() && self.percent_reached() >= LEAST_PERCENT
    }

    fn reached_yrs(&self) -> u64 {
        self.mutants - self.malformed - self.gaps - self.set_aside
    }

    fn percent_reached(&self) -> u64 {
        self.reached_yrs() * 100 / self.mutants.max(1)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = self.percent_reached();
        writeln!(f, "mutants    {:>9}", self.mutants)?;
        writeln!(f, "malformed  {:>9}", self.malformed)?;
        writeln!(f, "gap        {:>9}", self.gaps)?;
        writeln!(f, "set aside  {:>9}", self.set_aside)?;
        writeln!(f, "reached yrs {:>8} ({share} %)", self.reached_yrs())?;
        writeln!(f, "applied    {:>9}", self.applied)?;
        writeln!(f, "diverged   {:>9}", self.diverged.len())?;
        write!(f, "failed     {:>9}", self.failures.len())?;
        for (reason, held, update) in self.diverged.iter().take(3).chain(&self.failures).take(20) {
            write!(f, "\n{reason}\n  held {}\n  update {}", hex(held), hex(update))?;
        }
        Ok(())
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Runs so many mutants; `before` sees each before yrs does.
pub(crate) fn run(count: u64, seed: u64, mut before: impl FnMut(&[u8])) -> Report {
    let mut random = Random::new(seed);
    let mut cases = corpus::cases(&mut random);
    let mut report = Report::default();
    while report.mutants < count {
        let index = random.below(cases.len() as u64) as usize;
        let case = &cases[index];
        let mutant = mutate(&case.update, &cases, &mut random);
        before(&mutant);
        report.mutants += 1;
        let verdict = scan::read(&mutant)
            .map_err(Refusal::from)
            .and_then(|scanned| case.known.check(&scanned).map(|()| scanned));
        match verdict {
            Err(Refusal::Malformed(_)) => report.malformed += 1,
            Err(Refusal::Gap(_)) => report.gaps += 1,
            // The cases are small: nothing of them is full.
            Err(Refusal::NoRoom(_) | Refusal::Diverged(_)) => report.set_aside += 1,
            Ok(scanned) => {
                let mut known = case.known.clone();
                let outcome = catch_unwind(AssertUnwindSafe(|| {
                    known.absorb(&scanned).map_err(|refusal| refusal.to_string())?;
                    let held = feed(case, &mutant, &known)?;
                    through_document::feed(&case.held, &mutant)?;
                    Ok(held)
                }));
                let outcome = outcome.unwrap_or_else(|panic| {
                    let text = panic.downcast_ref::<String>().cloned();
                    let text = text.or(panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
                    Err(format!("panic: {}", text.unwrap_or_default()))
                });
                match outcome {
                    Ok(held) => {
                        report.applied += 1;
                        // Mutants build on mutants.
                        if random.below(8) == 0 && held.len() < MAX_HELD {
                            cases[index].held = held;
                            cases[index].known = known;
                        }
                    }
                    Err(reason) => {
                        let findings = if reason == DIVERGED {
                            &mut report.diverged
                        } else {
                            &mut report.failures
                        };
                        findings.push((reason, case.held.clone(), mutant));
                    }
                }
            }
        }
    }
    report
}

/// Gives yrs the update, looks at all it then says, and hands back the encoding.
fn feed(case: &Case, update: &[u8], known: &Known) -> Result<Vec<u8>, String> {
    let doc = document(1);
    corpus::apply(&doc, &case.held);
    let decoded = Update::decode_v1(update).map_err(|error| format!("decode: {error}"))?;
    let mut txn = doc.transact_mut();
    txn.apply_update(decoded).map_err(|error| format!("apply: {error}"))?;
    drop(txn);
    if doc.transact().has_missing_updates() {
        return Err("something is pending".to_owned());
    }
    let after = contents(&doc);
    if after.vector != known.state_vector() {
        return Err("yrs and the scan count differently".to_owned());
    }
    let encoding = encoding(&doc);
    let reread = scan::read(&encoding).map_err(|rule| format!("encoding is refused: {rule}"))?;
    let mut rebuilt = Known::new();
    rebuilt.absorb(&reread).map_err(|rule| format!("encoding is refused: {rule}"))?;
    let reloaded = document(2);
    corpus::apply(&reloaded, &encoding);
    if contents(&reloaded) != after {
        return Err(DIVERGED.to_owned());
    }
    Ok(encoding)
}

#[derive(PartialEq)]
struct Contents {
    vector: StateVector,
    entries: Vec<(String, Option<Entry>)>,
    texts: Vec<String>,
}

fn contents(doc: &Doc) -> Contents {
    let map = doc.get_or_insert_map(ENTRIES_ROOT);
    let texts = TEXTS.map(|path| doc.get_or_insert_text(text_name(path)));
    let txn = doc.transact();
    let mut entries: Vec<_> = map
        .iter(&txn)
        .map(|(key, value)| {
            let yrs::Out::Any(yrs::Any::Buffer(payload)) = value else {
                return (key.to_owned(), None);
            };
            (key.to_owned(), Entry::decode(&payload).ok())
        })
        .collect();
    entries.sort_by(|left, right| left.0.cmp(&right.0));
    let clocks = txn.state_vector();
    let vector = clocks
        .iter()
        .filter_map(|(client, clock)| Some((Incarnation::from_client(client.get())?, *clock)));
    Contents {
        vector: vector.collect(),
        entries,
        texts: texts.iter().map(|text| text.get_string(&txn)).collect(),
    }
}
