//! What this device alone had of documents that another generation replaced.

use dunlin_store::MAX_NOTES;

use crate::support::{Space, doc, plain, put, row};

#[test]
fn a_document_of_another_generation_takes_the_place_of_log_and_snapshot() {
    let mut space = Space::new();
    let seq = space
        .store
        .write(|writer| {
            put(writer, "tasks", "1", r#"{"old":1}"#)?;
            let row = row(writer, "tasks", "1")?;
            writer.append(row, plain("{}"))?;
            let commit = plain(r#"{"new":1}"#);
            writer.refound(row, 1, commit)
        })
        .unwrap();
    let head = space.store.head(&doc("tasks", "1")).unwrap().unwrap();
    assert_eq!((head.generation, head.last_seq, head.log.updates), (1, seq, 0));
    let stored = space.store.load(&head).unwrap();
    assert_eq!((stored.generation, stored.updates.len()), (1, 0));
    assert_eq!(stored.snapshot.unwrap(), plain(r#"{"new":1}"#).update);
    assert_eq!(space.store.changes(0, 10).unwrap().last().unwrap().seq, seq);
}

#[test]
fn notes_are_kept_for_each_document_and_the_oldest_go_first() {
    let mut space = Space::new();
    space
        .store
        .write(|writer| {
            put(writer, "tasks", "1", "{}")?;
            put(writer, "tasks", "2", "{}")?;
            let (one, two) = (row(writer, "tasks", "1")?, row(writer, "tasks", "2")?);
            writer.note_in_journal(two, "/a", None, 7)?;
            for note in 0..MAX_NOTES as i64 + 2 {
                writer.note_in_journal(one, "/a", Some("1"), note)?;
            }
            Ok::<_, dunlin_store::StoreError>(())
        })
        .unwrap();
    let (one, two) = {
        let head = |key| space.store.head(&doc("tasks", key)).unwrap().unwrap();
        (head("1").row, head("2").row)
    };
    let notes = space.store.journal(one).unwrap();
    assert_eq!((notes.len(), notes[0].time_ms), (MAX_NOTES, 2));
    let [note] = &space.store.journal(two).unwrap()[..] else { panic!("one note") };
    assert_eq!((note.path.as_str(), &note.value, note.time_ms), ("/a", &None, 7));
    assert_eq!(space.store.journaled().unwrap(), [one, two].into());
    let id = note.id;
    space.store.write(|writer| writer.forget_in_journal(id)).unwrap();
    assert_eq!(space.store.journaled().unwrap(), [one].into());
}
