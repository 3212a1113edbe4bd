//! What list items were that are gone.

use dunlin_store::{MAX_GONE_NOTED, StoreError};

use crate::support::{Space, doc, put, row};

#[test]
fn gone_items_are_noted_for_each_document_and_the_first_to_go_are_forgotten_first() {
    let mut space = Space::new();
    let paths: Vec<String> = (0..MAX_GONE_NOTED + 2).map(|n| format!("/l/@{n}")).collect();
    space
        .store
        .write(|writer| {
            put(writer, "tasks", "1", "{}")?;
            put(writer, "tasks", "2", "{}")?;
            let (one, two) = (row(writer, "tasks", "1")?, row(writer, "tasks", "2")?);
            writer.note_gone(two, [("/l/@0", "tern")])?;
            writer.note_gone(one, paths[..9].iter().map(|path| (path.as_str(), "old")))?;
            writer.note_gone(one, paths[9..].iter().map(|path| (path.as_str(), "new")))?;
            // Said again, the later name counts.
            writer.note_gone(two, [("/l/@0", "eider")])?;
            writer.note_gone(two, [])
        })
        .unwrap();
    let space = space.reopen();
    let gone = |key| {
        let (doc, store) = (doc("tasks", key), &space.store);
        let gone = store.gone(store.head(&doc).unwrap().unwrap().row).unwrap();
        assert_eq!(store.reader().gone(&doc).unwrap(), gone);
        gone
    };
    let one = gone("1");
    assert_eq!(one.len(), MAX_GONE_NOTED);
    assert!(!one.contains_key("/l/@1") && one["/l/@2"] == "old" && one["/l/@9"] == "new");
    assert_eq!(gone("2").into_iter().collect::<Vec<_>>(), [("/l/@0".into(), "eider".into())]);
    assert!(space.store.reader().gone(&doc("tasks", "3")).unwrap().is_empty());
}

#[test]
fn a_transaction_that_fails_notes_nothing() {
    let mut space = Space::new();
    space.put("tasks", "1", "{}");
    let failed: Result<(), StoreError> = space.store.write(|writer| {
        let row = row(writer, "tasks", "1")?;
        writer.note_gone(row, [("/l/@0", "tern")])?;
        Err(StoreError::RolledBack)
    });
    assert!(failed.is_err());
    assert!(space.store.reader().gone(&doc("tasks", "1")).unwrap().is_empty());
}
