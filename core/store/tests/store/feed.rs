//! The change feed and its consumers.

use dunlin_model::{DeviceId, DeviceKind};
use dunlin_store::{Change, Commit, KEPT, Origin, StoreError};

use crate::support::{Space, TIME, change, commit, doc, plain, put};

#[test]
fn an_event_says_what_changed_where_and_by_whom() {
    let mut space = Space::new();
    let theirs = Change {
        paths: vec!["/title".to_owned(), "/ü/0".to_owned()],
        device: DeviceId([2; 32]),
        kind: DeviceKind::Sensor,
        origin: Origin::Remote,
        time_ms: TIME,
    };
    space
        .store
        .write(|writer| {
            let theirs = Commit { change: theirs.clone(), ..plain("{}") };
            commit(writer, "tasks", "1", theirs)?;
            commit(writer, "tasks", "1", Commit { change: change(&[]), ..plain("{}") })
        })
        .unwrap();
    let events = space.reopen().store.changes(0, 10).unwrap();
    assert_eq!(events.len(), 2);
    assert_eq!((events[0].seq, &events[0].doc), (1, &doc("tasks", "1")));
    assert_eq!(events[0].change, theirs);
    assert_eq!(events[1].change, change(&[]));
}

#[test]
fn the_feed_is_read_in_pages() {
    let mut space = Space::new();
    for number in 0..5 {
        space.put("tasks", &number.to_string(), "{}");
    }
    let page = space.store.changes(1, 2).unwrap();
    assert_eq!(page.iter().map(|event| event.seq).collect::<Vec<_>>(), [2, 3]);
    assert!(space.store.changes(5, 2).unwrap().is_empty());
}

#[test]
fn a_unit_is_handed_out_whole_and_undone_whole() {
    let mut space = Space::new();
    space.put("tasks", "before", "{}");
    let ((), unit) = space
        .store
        .write(|writer| {
            writer.unit(|writer| {
                ["1", "2", "3"].iter().try_for_each(|key| put(writer, "tasks", key, "{}").map(drop))
            })
        })
        .unwrap();
    assert_eq!(unit, 2);
    let refused: Result<_, StoreError> = space.store.write(|writer| {
        put(writer, "tasks", "alone", "{}")?;
        let undone = writer.unit(|writer| {
            put(writer, "tasks", "undone", "{}")?;
            Err::<(), _>(StoreError::StorageFull)
        });
        assert!(undone.is_err());
        put(writer, "tasks", "after", "{}")
    });
    assert_eq!(refused.unwrap(), 6);
    let space = space.reopen();
    let read = |after, limit| {
        let page = space.store.changes(after, limit).unwrap();
        page.iter().map(|event| event.seq).collect::<Vec<_>>()
    };
    assert_eq!(read(0, 1), [1]);
    assert_eq!(read(0, 2), [1, 2, 3, 4]);
    assert_eq!(read(1, 3), [2, 3, 4]);
    assert_eq!(read(4, 1), [5]);
    assert_eq!(read(0, 99), [1, 2, 3, 4, 5, 6]);
    assert_eq!(space.store.document_count().unwrap(), 6);
}

#[test]
fn a_consumer_goes_on_where_it_acknowledged() {
    let mut space = Space::new();
    space.put("tasks", "1", "{}");
    space.put("tasks", "2", "{}");
    assert_eq!(space.store.consumer("backup").unwrap(), None);
    space
        .store
        .write(|writer| {
            assert_eq!(writer.add_consumer("backup")?, 0);
            writer.ack("backup", 2)?;
            writer.ack("backup", 1)
        })
        .unwrap();
    let mut space = space.reopen();
    assert_eq!(space.store.consumer("backup").unwrap(), Some(2));
    let again = space.store.write(|writer| writer.add_consumer("backup"));
    assert_eq!(again.unwrap(), 2);
    assert_eq!(space.store.consumers().unwrap()[0].name, "backup");
    let removed = space.store.write(|writer| {
        Ok::<_, StoreError>((writer.remove_consumer("backup")?, writer.remove_consumer("backup")?))
    });
    assert_eq!(removed.unwrap(), (true, false));
}

#[test]
fn wrong_acknowledgements_and_names_are_refused() {
    let mut space = Space::new();
    space.put("tasks", "1", "{}");
    let mut refused = |name: &str, seq| {
        space
            .store
            .write(|writer| {
                writer.add_consumer("ours")?;
                writer.ack(name, seq)
            })
            .unwrap_err()
    };
    assert!(matches!(refused("ours", 2), StoreError::Invalid(_)));
    assert!(matches!(refused("ours", -1), StoreError::Invalid(_)));
    assert!(matches!(refused("theirs", 1), StoreError::NotFound { .. }));
    for name in ["", "a\nb", &"a".repeat(129)] {
        let refused = space.store.write(|writer| writer.add_consumer(name)).unwrap_err();
        assert!(matches!(refused, StoreError::Invalid(_)), "{name:?}");
    }
    let many = space.store.write(|writer| {
        (0..65).try_for_each(|number| writer.add_consumer(&number.to_string()).map(drop))
    });
    assert!(matches!(many, Err(StoreError::LimitExceeded { .. })));
}

/// Edits one document many times after another was made.
fn edit_often(space: &mut Space, edits: i64) {
    for batch in 0..edits / 100 {
        space
            .store
            .write(|writer| {
                if batch == 0 {
                    put(writer, "tasks", "quiet", "{}")?;
                }
                (0..100).try_for_each(|_| put(writer, "tasks", "busy", "{}").map(drop))
            })
            .unwrap();
    }
}

#[test]
fn without_consumers_the_feed_keeps_its_end_and_each_documents_last_change() {
    let mut space = Space::new();
    edit_often(&mut space, 6 * KEPT);
    let last = space.store.last_seq().unwrap();
    let events = space.reopen().store.changes(0, usize::MAX >> 1).unwrap();
    assert!(events.len() as i64 <= 3 * KEPT, "{} entries", events.len());
    assert_eq!((events[0].seq, &events[0].doc), (1, &doc("tasks", "quiet")));
    let end: Vec<_> = events[events.len() - KEPT as usize..].iter().map(|row| row.seq).collect();
    assert_eq!(end, (last - KEPT + 1..=last).collect::<Vec<_>>());
}

#[test]
fn a_change_kept_for_its_document_goes_with_the_next_one() {
    let mut space = Space::new();
    edit_often(&mut space, 6 * KEPT);
    space.put("tasks", "quiet", "{}");
    let first = &space.store.changes(0, 1).unwrap()[0];
    assert_eq!(first.doc, doc("tasks", "busy"));
}

#[test]
fn the_feed_waits_for_the_slowest_consumer() {
    let mut space = Space::new();
    space
        .store
        .write(|writer| {
            writer.add_consumer("slow")?;
            writer.add_consumer("fast").map(drop)
        })
        .unwrap();
    edit_often(&mut space, 3 * KEPT);
    let all = space.store.last_seq().unwrap();
    space.store.write(|writer| writer.ack("fast", all)).unwrap();
    edit_often(&mut space, 3 * KEPT);
    let last = space.store.last_seq().unwrap();
    assert_eq!(space.store.changes(0, usize::MAX >> 1).unwrap().len() as i64, last);
    space
        .store
        .write(|writer| {
            writer.ack("slow", last)?;
            writer.ack("fast", last)
        })
        .unwrap();
    for _ in 0..4 {
        space.put("tasks", "busy", "{}");
    }
    let left = space.store.changes(0, usize::MAX >> 1).unwrap().len() as i64;
    assert!(left <= 2 * KEPT + 4, "{left} entries");
}
