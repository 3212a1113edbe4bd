//! Lists of documents that somebody has to look at.

use dunlin_store::{Commit, Listing, Projection};

use crate::support::{Space, commit, deleted, dirty, doc, gone, plain, row, shown};

#[test]
fn contested_and_deleted_documents_are_listed_and_leave_the_lists_when_that_is_over() {
    let mut space = Space::new();
    let contested = || Projection { has_conflicts: true, ..shown("{}") };
    space
        .store
        .write(|writer| {
            for key in ["1", "2", "3", "4"] {
                commit(writer, "tasks", key, plain("{}"))?;
            }
            commit(writer, "notes", "1", Commit { projection: contested(), ..plain("{}") })?;
            commit(writer, "tasks", "2", Commit { projection: contested(), ..plain("{}") })?;
            commit(writer, "tasks", "3", gone())?;
            let late = Projection { has_conflicts: true, ..deleted() };
            commit(writer, "tasks", "4", Commit { projection: late, ..plain("{}") })
        })
        .unwrap();
    let mut space = space.reopen();
    let list = |space: &Space, listing, only: Option<&str>, after: Option<&str>, limit| {
        let only = only.map(|name| doc(name, "1").collection);
        let after = after.and_then(|name| name.split_once('/'));
        let after = after.map(|(collection, key)| doc(collection, key));
        let found = space.store.list(listing, only.as_ref(), after.as_ref(), limit).unwrap();
        found.into_iter().map(|it| format!("{} {}", it.doc, it.is_deleted)).collect::<Vec<_>>()
    };
    let all = ["tasks/2 false", "tasks/4 true", "notes/1 false"];
    assert_eq!(list(&space, Listing::Contested, None, None, 9), all);
    assert_eq!(list(&space, Listing::Contested, Some("tasks"), None, 9), all[..2]);
    assert_eq!(list(&space, Listing::Contested, Some("elsewhere"), None, 9), [""; 0]);
    assert_eq!(list(&space, Listing::Contested, None, None, 1), all[..1]);
    assert_eq!(list(&space, Listing::Contested, None, Some("tasks/2"), 9), all[1..]);
    assert_eq!(list(&space, Listing::Deleted, None, None, 9), ["tasks/3 true", "tasks/4 true"]);
    assert!(space.store.list(Listing::Deleted, None, Some(&doc("tasks", "9")), 9).is_err());

    space
        .store
        .write(|writer| {
            // Until it is rebuilt, a long document counts as it did.
            commit(writer, "tasks", "2", Commit { projection: dirty(), ..plain("{}") })?;
            commit(writer, "tasks", "4", plain("{}"))
        })
        .unwrap();
    assert_eq!(list(&space, Listing::Contested, None, None, 9), ["tasks/2 false", "notes/1 false"]);
    assert_eq!(list(&space, Listing::Deleted, None, None, 9), ["tasks/3 true"]);
    space
        .store
        .write(|writer| {
            let two = row(writer, "tasks", "2")?;
            writer.set_projection(two, &shown("{}"))
        })
        .unwrap();
    assert_eq!(list(&space, Listing::Contested, None, None, 9), ["notes/1 false"]);
}
