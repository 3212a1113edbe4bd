//! What a document does after yrs has failed it.

mod positions;

use yrs::{Transact, Update, updates::decoder::Decode};

use super::{Applied, ApplyError, Change, Document};
use crate::{Edit, EditError, Incarnation, Value};

fn content(document: &Document) -> String {
    let (_, content) = document.text(&"/t".parse().unwrap()).unwrap();
    content
}

fn document(client: u64, state: &[u8]) -> Document {
    let writer = Incarnation::from_client(client).unwrap();
    Document::load(0, Some(state), &[], writer, 0).unwrap()
}

fn text() -> Vec<u8> {
    let mut document = Document::new(Incarnation::from_client(1).unwrap());
    let content = [("t".to_owned(), Value::Text("start".to_owned()))];
    document.insert(&Value::Object(content.into()), 0).unwrap();
    document.snapshot()
}

fn type_at_the_end(document: &mut Document, insert: &str) -> Result<Change, EditError> {
    let Value::Object(fields) = document.value() else { panic!("a document is an object") };
    let Some(Value::Text(content)) = fields.get("t") else { panic!("a text is there") };
    let at = content.encode_utf16().count() as u32;
    let path = "/t".parse().unwrap();
    document.edit(&[Edit::Splice { path, at, delete: 0, insert: insert.to_owned() }], None, 0)
}

/// A document in which yrs waits for an operation that it never gets, as after an update that the
/// scan should have refused.
fn with_something_pending(stored: &[u8]) -> Document {
    let mut peer = document(3, stored);
    type_at_the_end(&mut peer, "lost").unwrap();
    let late = type_at_the_end(&mut peer, "late").unwrap().update;
    let document = document(2, stored);
    document.doc.transact_mut().apply_update(Update::decode_v1(&late).unwrap()).unwrap();
    document
}

#[test]
fn an_apply_that_fails_has_changed_the_copy_in_memory_and_poisons_it() {
    let stored = text();
    let mut failing = with_something_pending(&stored);
    let update = type_at_the_end(&mut document(4, &stored), " OK!").unwrap().update;
    let failed = failing.apply(&update);
    assert!(matches!(failed, Err(ApplyError::Poisoned(_))), "{failed:?}");
    assert!(failing.is_poisoned());
    assert_eq!(content(&failing), "start OK!");

    let mut reloaded = document(5, &stored);
    assert_eq!(content(&reloaded), "start");
    assert!(matches!(reloaded.apply(&update), Ok(Applied::Changed(_))));
    assert!(!reloaded.is_poisoned());
    assert_eq!(content(&reloaded), "start OK!");
}

#[test]
fn a_poisoned_document_takes_neither_updates_nor_edits() {
    let stored = text();
    let mut poisoned = with_something_pending(&stored);
    let update = type_at_the_end(&mut document(4, &stored), " OK!").unwrap().update;
    assert!(poisoned.apply(&update).is_err());
    let next = type_at_the_end(&mut document(6, &stored), "next").unwrap().update;
    let refused = poisoned.apply(&next);
    assert!(matches!(refused, Err(ApplyError::Poisoned(_))), "{refused:?}");
    let refused = type_at_the_end(&mut poisoned, "mine");
    assert!(matches!(refused, Err(EditError::Internal { .. })), "{refused:?}");
    assert_eq!(content(&poisoned), "start OK!");
}
