//! Writes updates byte by byte, also those that yrs never would.

use std::sync::Arc;

use yrs::{
    Doc, OffsetKind, Options, ReadTxn, Transact, Update, block::ClientID, updates::decoder::Decode,
};

use crate::{
    Dot, Incarnation, Value,
    entry::{Body, Entry, Tree},
    scan::{Diverged, Known, Malformed, Refusal, read},
};

/// Two writers, in the order in which the wire wants them.
pub(super) const B: u64 = 9;
pub(super) const A: u64 = 7;

pub(super) fn writer(client: u64) -> Incarnation {
    Incarnation::from_client(client).unwrap()
}

pub(super) fn dot(client: u64, clock: u32) -> Dot {
    Dot { incarnation: writer(client), clock }
}

pub(super) fn int(value: u64) -> Vec<u8> {
    let (mut value, mut out) = (value, Vec::new());
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

pub(super) fn bytes(bytes: &[u8]) -> Vec<u8> {
    [&int(bytes.len() as u64), bytes].concat()
}

/// One writer's blocks.
pub(super) fn span(client: u64, clock: u32, blocks: &[Vec<u8>]) -> Vec<u8> {
    let head = [int(blocks.len() as u64), int(client), int(u64::from(clock))].concat();
    [head, blocks.concat()].concat()
}

/// One writer's deleted ranges.
pub(super) fn deleted(client: u64, ranges: &[(u32, u32)]) -> Vec<u8> {
    let head = [int(client), int(ranges.len() as u64)].concat();
    let numbers = ranges.iter().flat_map(|(clock, len)| [*clock, *len]);
    [head, numbers.flat_map(|number| int(u64::from(number))).collect()].concat()
}

pub(super) fn update(spans: &[Vec<u8>], deletions: &[Vec<u8>]) -> Vec<u8> {
    [int(spans.len() as u64), spans.concat(), int(deletions.len() as u64), deletions.concat()]
        .concat()
}

/// A block's place.
#[derive(Clone)]
pub(super) enum At<'a> {
    Root(&'a str),
    Key(&'a str, String),
    After(u64, u32),
    Before(u64, u32),
    Between((u64, u32), (u64, u32)),
}

pub(super) const STRING: u8 = 4;
pub(super) const DELETED: u8 = 1;
pub(super) const ANY: u8 = 8;

pub(super) fn block(at: &At<'_>, kind: u8, content: &[u8]) -> Vec<u8> {
    let id = |(client, clock): (u64, u32)| [int(client), int(u64::from(clock))].concat();
    let head = match at {
        At::Root(name) => [vec![kind, 1], bytes(name.as_bytes())].concat(),
        At::Key(root, key) => {
            [vec![kind | 0x20, 1], bytes(root.as_bytes()), bytes(key.as_bytes())].concat()
        }
        At::After(client, clock) => [vec![kind | 0x80], id((*client, *clock))].concat(),
        At::Before(client, clock) => [vec![kind | 0x40], id((*client, *clock))].concat(),
        At::Between(left, right) => [vec![kind | 0xc0], id(*left), id(*right)].concat(),
    };
    [head, content.to_vec()].concat()
}

pub(super) fn text(at: &At<'_>, run: &str) -> Vec<u8> {
    block(at, STRING, &bytes(run.as_bytes()))
}

pub(super) fn gone(at: &At<'_>, len: u32) -> Vec<u8> {
    block(at, DELETED, &int(u64::from(len)))
}

/// A block that holds an entry.
pub(super) fn entry(at: &At<'_>, payload: &[u8]) -> Vec<u8> {
    block(at, ANY, &[vec![1, 116], bytes(payload)].concat())
}

/// The key of this writer's entry at `/a`.
pub(super) fn key(client: u64) -> At<'static> {
    At::Key("f", format!("/a@{}", writer(client)))
}

/// The payload of an entry that states this clock.
pub(super) fn payload(clock: u32) -> Entry {
    let body = Body::Value(Arc::new(Tree::Scalar(Value::Int(1))));
    Entry { body, clock, time_ms: 0, epoch: 0, over: false, covers: Vec::new() }
}

pub(super) fn value(clock: u32) -> Vec<u8> {
    payload(clock).encode()
}

/// The text that most tests write into.
pub(super) const BODY: At<'static> = At::Root("t0/body");

/// What both passes say of an update, for a replica that has taken in those before it.
pub(super) fn scan_after(held: &[Vec<u8>], update: &[u8]) -> Result<(), Refusal> {
    known(held).check(&read(update)?)
}

pub(super) fn scan(update: &[u8]) -> Result<(), Refusal> {
    scan_after(&[], update)
}

pub(super) fn known(held: &[Vec<u8>]) -> Known {
    let mut known = Known::new();
    for update in held {
        known.absorb(&read(update).unwrap()).unwrap();
    }
    known
}

/// The verdict on an update that contradicts what is held.
pub(super) fn diverged(rule: Diverged) -> Result<(), Refusal> {
    Err(Refusal::Diverged(rule))
}

pub(super) fn refused(rule: Malformed) -> Result<(), Refusal> {
    Err(Refusal::Malformed(rule))
}

pub(super) fn document(client: u64) -> Doc {
    let mut options = Options::with_guid_and_client_id("test".into(), ClientID::new(client));
    options.offset_kind = OffsetKind::Utf16;
    Doc::with_options(options)
}

/// Asserts that the scan allows an update and that yrs then takes it whole.
#[track_caller]
pub(super) fn assert_taken_after(held: &[Vec<u8>], update: &[u8]) {
    assert_eq!(scan_after(held, update), Ok(()));
    let doc = document(1);
    for update in held.iter().map(Vec::as_slice).chain([update]) {
        let mut txn = doc.transact_mut();
        txn.apply_update(Update::decode_v1(update).unwrap()).unwrap();
        drop(txn);
        assert!(!doc.transact().has_missing_updates());
    }
    let mut known = known(held);
    known.absorb(&read(update).unwrap()).unwrap();
    let vector = known.state_vector();
    let of_yrs = doc.transact().state_vector();
    assert_eq!(vector.len(), of_yrs.len());
    for (writer, clock) in vector.iter() {
        assert_eq!(of_yrs.get(&ClientID::new(writer.client())), clock);
    }
}

#[track_caller]
pub(super) fn assert_taken(update: &[u8]) {
    assert_taken_after(&[], update);
}
