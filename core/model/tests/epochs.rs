//! Epochs at the bound: what a peer may claim, and what local edits then do.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::sync::Arc;

use dunlin_model::{
    Applied, ApplyError, Edit, EditError, Incarnation, ListKeys, StateVector, Value,
    entry::{Body, ENTRIES_ROOT, Entry, Tree},
    limits::MAX_EPOCH,
};
use serde_json::{Value as Json, json};
use support::Device;
use yrs::{Any, Doc, Map, Options, ReadTxn, Text, Transact, block::ClientID};

const HOSTILE: u64 = 66;

/// The update of a peer that writes what it likes.
fn forged(write: impl FnOnce(&Doc)) -> Vec<u8> {
    let doc =
        Doc::with_options(Options::with_guid_and_client_id("".into(), ClientID::new(HOSTILE)));
    write(&doc);
    doc.transact().encode_diff_v1(&yrs::StateVector::default())
}

fn entry(key: &str, body: Body, epoch: u32) -> Vec<u8> {
    let writer = Incarnation::from_client(HOSTILE).unwrap();
    let entry = Entry { body, clock: 0, time_ms: 0, epoch, over: false, covers: Vec::new() };
    forged(|doc| {
        let entries = doc.get_or_insert_map(ENTRIES_ROOT);
        let payload = Any::Buffer(entry.encode().into());
        entries.insert(&mut doc.transact_mut(), format!("{key}@{writer}"), payload);
    })
}

fn in_a_payload(epoch: u32) -> Vec<u8> {
    entry("/n", Body::Value(Arc::new(Tree::Counter(1))), epoch)
}

fn in_a_key(epoch: u32) -> Vec<u8> {
    entry(&format!("+{epoch}/n"), Body::Subtotal { plus: 1, minus: 0 }, 0)
}

fn in_the_name_of_a_text(epoch: u32) -> Vec<u8> {
    forged(|doc| {
        let text = doc.get_or_insert_text(format!("t{epoch}/n"));
        text.insert(&mut doc.transact_mut(), 0, "x");
    })
}

fn attempt(device: &mut Device, edit: Json) -> Result<(), EditError> {
    let edits = Edit::list_from_json(&json!([edit])).unwrap();
    device.document.edit(&edits, None, 9_000).map(drop)
}

#[test]
fn an_epoch_over_the_bound_is_refused_wherever_it_is_claimed() {
    for claim in [in_a_payload, in_a_key, in_the_name_of_a_text] {
        let mut device = Device::new(1);
        for over in [MAX_EPOCH + 1, u32::MAX] {
            let refused = device.document.apply(&claim(over));
            assert!(matches!(refused, Err(ApplyError::Malformed(_))), "{refused:?}");
        }
        let taken = device.document.apply(&claim(MAX_EPOCH));
        assert!(matches!(taken, Ok(Applied::Changed(_))), "{taken:?}");
    }
}

#[test]
fn above_the_highest_epoch_nothing_is_made_anew_and_everything_else_goes_on() {
    for claim in [in_a_payload, in_a_key, in_the_name_of_a_text] {
        let mut device = Device::new(1);
        device.put(json!({"x": 1}));
        device.document.apply(&claim(MAX_EPOCH)).unwrap();
        for value in [json!({"$counter": 0}), json!({"$text": "t"}), json!(["x"]), json!({"a": 1})]
        {
            let refused = attempt(&mut device, json!({"op":"set","path":"/n","value":value}));
            assert!(matches!(refused, Err(EditError::LimitExceeded { .. })), "{refused:?}");
            assert!(!device.document.is_poisoned());
        }
        assert_eq!(attempt(&mut device, json!({"op":"set","path":"/n","value":7})), Ok(()));
        assert_eq!(attempt(&mut device, json!({"op":"set","path":"/x","value":{"a":2}})), Ok(()));
        assert_eq!(device.json(), json!({"n": 7, "x": {"a": 2}}));
        assert_eq!(device.restarted(2).json(), device.json());
    }
}

#[test]
fn a_deleted_document_at_the_highest_epoch_is_not_made_anew_and_can_be_restored() {
    let mut device = Device::new(1);
    device.put(json!({"x": 1}));
    let deletion = Body::Deleted(StateVector::default());
    device.document.apply(&entry("", deletion, MAX_EPOCH)).unwrap();
    assert!(device.document.is_deleted());
    let anew = Value::from_json(&json!({"y": 2})).unwrap();
    let refused = device.document.merge(&anew, None, &ListKeys::new(), 9_000);
    assert!(matches!(refused, Err(EditError::LimitExceeded { .. })), "{refused:?}");
    assert!(!device.document.is_poisoned());
    device.restore();
    assert_eq!(device.json(), json!({"x": 1}));
}
