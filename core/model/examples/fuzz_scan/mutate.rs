//! Edits of valid updates: of their bytes, or of their parts.

use dunlin_model::{
    entry::{Body, ENTRIES_ROOT, Entry},
    limits::{MAX_COUNTER, MAX_EPOCH},
};

use crate::{
    corpus::{Case, Random, TEXTS, text_name},
    wire::{Block, Content, Parts},
};

/// Some edits of an update.
pub(crate) fn mutate(update: &[u8], cases: &[Case], random: &mut Random) -> Vec<u8> {
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
    match random.below(10) {
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
        8 => {
            if let Content::Buffer(payload) = &mut block.content
                && let Ok(entry) = Entry::decode(payload)
            {
                *payload = mutate_entry(entry, random).encode();
            }
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

fn mutate_entry(mut entry: Entry, random: &mut Random) -> Entry {
    match random.below(4) {
        0 => entry.epoch = [0, 1, MAX_EPOCH, MAX_EPOCH + 1, u32::MAX][random.below(5) as usize],
        1 => entry.time_ms = [0, -1, i64::MIN, i64::MAX][random.below(4) as usize],
        2 => entry.covers.clear(),
        _ => {
            entry.body = match entry.body {
                Body::Subtotal { .. } => Body::Subtotal { plus: MAX_COUNTER, minus: 0 },
                Body::Item(_, value) => Body::Value(value),
                Body::Position(_) => Body::Position(vec![0]),
                _ => Body::Absent,
            }
        }
    }
    entry
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
