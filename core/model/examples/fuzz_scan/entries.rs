//! Entries of every kind, as the replicas of the corpus write them.

use std::sync::Arc;

use dunlin_model::{
    Dot, Element, Incarnation, ItemId, RegisterPath, Segment, Value,
    entry::{Body, ENTRIES_ROOT, Entry, EntryKey, Marker, Tree},
    limits::MAX_EPOCH,
};
use yrs::{Any, Doc, Map, MapRef, ReadTxn, Transact, TransactionMut, block::ClientID};

use crate::corpus::{Random, TEXTS};

/// Writes one entry, or over one.
pub(crate) fn write(doc: &Doc, client: u64, random: &mut Random) {
    let map = doc.get_or_insert_map(ENTRIES_ROOT);
    let mut txn = doc.transact_mut();
    let clock = txn.state_vector().get(&ClientID::new(client));
    let incarnation = Incarnation::from_client(client).expect("in bounds");
    let own = ItemId { dot: Dot { incarnation, clock } };
    let (path, marker, body) = write_what(&map, &txn, own, random);
    let covers = match body {
        Body::Value(_) | Body::Absent => last_dot(&map, &txn).into_iter().collect(),
        _ => Vec::new(),
    };
    let epoch = [0, 0, 0, 1, MAX_EPOCH][random.below(5) as usize];
    let time_ms = random.below(4) as i64;
    let number = random.below(2) as u32;
    let key = EntryKey { path, marker, incarnation, number };
    let entry = Entry { body, clock, time_ms, epoch, over: random.below(4) == 0, covers };
    map.insert(&mut txn, key.to_string(), Any::Buffer(entry.encode().into()));
}

fn write_what(
    map: &MapRef,
    txn: &TransactionMut<'_>,
    own: ItemId,
    random: &mut Random,
) -> (RegisterPath, Marker, Body) {
    let root = RegisterPath::root;
    let list = root().key("l");
    let field = root().key(["a", "b", "l", "n"][random.below(4) as usize]);
    let item = random.pick(&items(map, txn)).cloned();
    match (random.below(14), item) {
        (12, _) => (
            root().key("s").element(["1", "\"x\""][random.below(2) as usize]),
            Marker::Register,
            Body::Member,
        ),
        (13, _) => (root().key("s").element("1"), Marker::Register, Body::Absent),
        (0..3, _) => (field, Marker::Register, Body::Value(Arc::new(value(random)))),
        (3, _) => {
            let text = TEXTS[random.below(2) as usize].parse().expect("a path");
            (text, Marker::Register, Body::Value(Arc::new(Tree::Text(None))))
        }
        (4, Some(item)) => (item.key("x"), Marker::Register, Body::Value(Arc::new(value(random)))),
        (4 | 5, _) => (field, Marker::Register, Body::Absent),
        (6, Some(item)) => (item, Marker::Existence, Body::Absent),
        (7, Some(item)) => (item, Marker::Position, Body::Position(fraction(random))),
        (6..9, _) => {
            let body = Body::Item(fraction(random), Arc::new(value(random)));
            (list.item(own), Marker::Existence, body)
        }
        (9 | 10, _) => {
            let (plus, minus) = (random.below(9) as i64, random.below(9) as i64);
            let epoch = [0, 0, 1, MAX_EPOCH][random.below(4) as usize];
            (root().key("n"), Marker::Subtotal(epoch), Body::Subtotal { plus, minus })
        }
        _ => {
            let seen = txn.state_vector();
            let seen = seen.iter().filter_map(|(client, clock)| {
                Some((Incarnation::from_client(client.get())?, *clock))
            });
            (root(), Marker::Register, Body::Deleted(seen.collect()))
        }
    }
}

fn value(random: &mut Random) -> Tree {
    let null = || Tree::Scalar(Value::Null);
    match random.below(10) {
        0 => null(),
        1 => Tree::Counter(random.below(9) as i64),
        2 => Tree::List(vec![Tree::Scalar(Value::Int(1)), Tree::Text(None)]),
        3 => Tree::Object([("x".to_owned(), Tree::List(vec![null()]))].into()),
        4 => Tree::Whole(Value::List(vec![Value::Float(0.5)])),
        5 => Tree::Set(Element::new(Value::Int(1)).into_iter().collect()),
        6 => Tree::Text(Some([random.below(9) as u8; 16])),
        7 => Tree::Apart([random.below(9) as u8; 16]),
        _ => Tree::Scalar(Value::String("x".repeat(random.below(9) as usize))),
    }
}

fn fraction(random: &mut Random) -> Vec<u8> {
    vec![1 + random.below(254) as u8]
}

/// The list items that some entry is about.
fn items(map: &MapRef, txn: &TransactionMut<'_>) -> Vec<RegisterPath> {
    let paths = map.keys(txn).filter_map(|key| key.parse::<EntryKey>().ok()).map(|key| key.path);
    let mut items: Vec<_> =
        paths.filter(|path| matches!(path.segments().last(), Some(Segment::Item(_)))).collect();
    items.sort_unstable();
    items
}

fn last_dot(map: &MapRef, txn: &TransactionMut<'_>) -> Option<Dot> {
    let dots = map.iter(txn).filter_map(|(key, value)| {
        let yrs::Out::Any(Any::Buffer(payload)) = value else { return None };
        let incarnation = key.parse::<EntryKey>().ok()?.incarnation;
        Some(Dot { incarnation, clock: Entry::decode(&payload).ok()?.clock })
    });
    dots.max()
}
