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
    wire::{Block, Content, Parts},
};

const DIVERGED: &str = "a reload differs";

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
    pub(crate) applied: u64,
    /// Whose content depends on the order in which it came: only a writer that lies about what it
    /// saw can write these, and digests show them.
    pub(crate) diverged: Vec<Finding>,
    /// Mutants that the scan should not have let through.
    pub(crate) failures: Vec<Finding>,
}

impl Report {
    /// Whether whatever passed the scan was good for yrs.
    pub(crate) fn is_clean(&self) -> bool {
        self.failures.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = (self.mutants - self.malformed - self.gaps) * 100 / self.mutants.max(1);
        writeln!(f, "mutants    {:>9}", self.mutants)?;
        writeln!(f, "malformed  {:>9}", self.malformed)?;
        writeln!(f, "gap        {:>9}", self.gaps)?;
        writeln!(f, "reached yrs {:>8} ({share} %)", self.mutants - self.malformed - self.gaps)?;
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
            Ok(scanned) => {
                let mut known = case.known.clone();
                let outcome = catch_unwind(AssertUnwindSafe(|| {
                    known.absorb(&scanned).map_err(|refusal| refusal.to_string())?;
                    feed(case, &mutant, &known)
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

fn mutate(update: &[u8], cases: &[Case], random: &mut Random) -> Vec<u8> {
    let Some(mut parts) = Parts::read(update).filter(|_| random.below(5) > 0) else {
        return mutate_bytes(update, cases, random);
    };
    for _ in 0..=random.below(3) {
        mutate_parts(&mut parts, cases, random);
    }
    parts.write()
}

/// Edits that know nothing of the form.
fn mutate_bytes(update: &[u8], cases: &[Case], random: &mut Random) -> Vec<u8> {
    let mut bytes = update.to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len() as u64) as usize;
        match random.below(6) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            1 if at < bytes.len() => bytes[at] = random.next() as u8,
            2 if at < bytes.len() => drop(bytes.remove(at)),
            3 => bytes.insert(at, random.next() as u8),
            4 => bytes.truncate(at),
            _ => {
                let Some(other) = random.pick(cases) else { continue };
                let from = random.below(other.update.len() as u64) as usize;
                let len = random.below(24) as usize;
                let piece = &other.update[from..(from + len).min(other.update.len())];
                let until = (at + random.below(24) as usize).min(bytes.len());
                bytes.splice(at..until, piece.iter().copied());
            }
        }
    }
    bytes
}

/// Edits that keep the form and break the sense, or keep both.
fn mutate_parts(parts: &mut Parts, cases: &[Case], random: &mut Random) {
    let dot = parts.some_dot(random);
    let deletes = |random: &mut Random| (dot.1, 1 + random.below(4));
    match random.below(12) {
        0 => match parts.deletions.iter_mut().find(|(client, _)| *client == dot.0) {
            Some((_, ranges)) => {
                ranges.push(deletes(random));
                ranges.sort_unstable();
            }
            None => {
                parts.deletions.push((dot.0, vec![deletes(random)]));
                parts.deletions.sort_unstable();
            }
        },
        1 => {
            if let Some((_, ranges)) = random.pick_mut(&mut parts.deletions)
                && let Some(range) = random.pick_mut(ranges)
            {
                *range = deletes(random);
            }
        }
        2 => {
            // Blocks of another update, under a writer of their own or among this one's.
            let Some(other) = random.pick(cases).and_then(|case| Parts::read(&case.update)) else {
                return;
            };
            parts.writers.extend(random.pick(&other.writers).cloned());
            parts.writers.sort_by_key(|writer| std::cmp::Reverse(writer.client));
            parts.writers.dedup_by_key(|writer| writer.client);
        }
        3 => {
            if let Some(writer) = random.pick_mut(&mut parts.writers) {
                writer.clock = writer.clock.saturating_sub(random.below(3));
            }
        }
        4 => {
            if let Some(writer) = random.pick_mut(&mut parts.writers)
                && !writer.blocks.is_empty()
            {
                let at = random.below(writer.blocks.len() as u64) as usize;
                match random.below(3) {
                    0 => drop(writer.blocks.remove(at)),
                    1 => writer.blocks.insert(at, writer.blocks[at].clone()),
                    _ => {
                        let other = random.below(writer.blocks.len() as u64) as usize;
                        writer.blocks.swap(at, other);
                    }
                }
            }
        }
        _ => {
            if let Some(writer) = random.pick_mut(&mut parts.writers)
                && let Some(block) = random.pick_mut(&mut writer.blocks)
            {
                mutate_block(block, dot, random);
            }
        }
    }
    state_clocks(parts);
}

fn mutate_block(block: &mut Block, dot: (u64, u64), random: &mut Random) {
    match random.below(9) {
        0 => block.origin = Some(dot),
        1 => block.right = Some(dot),
        2 => block.origin = None,
        3 => block.right = None,
        4 => block.has_key = !block.has_key,
        5 => {
            block.root = match random.below(4) {
                0 => ENTRIES_ROOT.as_bytes().to_vec(),
                1 => text_name(TEXTS[0]).into_bytes(),
                2 => text_name(TEXTS[1]).into_bytes(),
                _ => text_name("/other").into_bytes(),
            }
        }
        6 => {
            block.kind = 1;
            block.content = Content::Len(1 + random.below(4));
        }
        7 => {
            block.kind = 4;
            let run = ["a", "😀", "long run", "é", ""][random.below(5) as usize];
            block.content = Content::Bytes(run.as_bytes().to_vec());
        }
        _ => match &mut block.content {
            Content::Len(len) => *len = len.saturating_add(random.below(3)).saturating_sub(1),
            Content::Bytes(bytes) | Content::Buffer(bytes) => {
                if let Some(byte) = random.pick_mut(bytes) {
                    *byte = b'a' + random.below(26) as u8;
                }
            }
        },
    }
}

/// Makes most payloads state the clocks that their blocks have come to.
fn state_clocks(parts: &mut Parts) {
    for writer in &mut parts.writers {
        let mut clock = writer.clock;
        for block in &mut writer.blocks {
            if let Content::Buffer(payload) = &mut block.content
                && let Ok(entry) = Entry::decode(payload)
            {
                *payload = Entry { clock: clock as u32, ..entry }.encode();
            }
            clock = clock.saturating_add(block.content.len());
        }
    }
}
