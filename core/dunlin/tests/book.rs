//! Who wrote what: known also where it came by a third device, from what devices say of themselves.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use dunlin::{Code, Conflict, Edit, Evidence, Side};
use serde_json::json;

use support::{Site, devices, id, meet, value};

async fn put(site: &Site, title: &str) {
    let tasks = site.node.space("farm").unwrap().collection("tasks").unwrap();
    tasks.put(&id("a"), value(json!({"title": title}))).await.unwrap();
}

async fn conflict(site: &Site) -> Conflict {
    let tasks = site.node.space("farm").unwrap().collection("tasks").unwrap();
    let read = tasks.get(&id("a")).await.unwrap();
    let [conflict] = &read.conflicts[..] else { panic!("{read:?}") };
    conflict.clone()
}

/// Name and how that is known.
fn by(side: &Side) -> (&str, Evidence) {
    let author = side.author.as_ref().unwrap_or_else(|| panic!("nobody is named: {side:?}"));
    (&author.name, author.known)
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_that_never_met_name_each_other_and_a_third_names_both_also_after_a_restart() {
    let [relay, one, other] = devices().await;
    put(&relay, "begun").await;
    meet(&relay.node, &one.node).await;
    meet(&relay.node, &other.node).await;
    put(&one, "of one").await;
    put(&other, "of another").await;
    for _ in 0..2 {
        meet(&relay.node, &one.node).await;
        meet(&relay.node, &other.node).await;
    }
    // Two writes in one millisecond are ordered by chance: asked is who wrote which of the two.
    let known = async |site: &Site, text: &str| {
        let Conflict { shown, lost, .. } = conflict(site).await;
        let said = Some(value(json!(text)));
        let side = [shown, lost].into_iter().find(|side| side.value == said).unwrap();
        let (name, known) = by(&side);
        (name.to_owned(), known)
    };
    for (site, of_one, of_another) in [
        (&relay, Evidence::Book, Evidence::Book),
        (&one, Evidence::Own, Evidence::Book),
        (&other, Evidence::Book, Evidence::Own),
    ] {
        assert_eq!(known(site, "of one").await, ("device 1".to_owned(), of_one));
        assert_eq!(known(site, "of another").await, ("device 2".to_owned(), of_another));
    }

    // Another run is another writer, whom the same book names.
    let one = one.reopen().await;
    assert_eq!(known(&one, "of one").await, ("device 1".to_owned(), Evidence::Own));
    let Conflict { shown, lost, .. } = conflict(&one).await;
    let devices = [shown, lost].map(|side| side.author.unwrap().device);
    assert!(devices.contains(&one.node.device().id) && devices[0] != devices[1]);
    let tasks = one.node.space("farm").unwrap().collection("tasks").unwrap();
    let edit =
        Edit::list_from_json(&json!([{"op":"set","path":"/title","value":"again"}])).unwrap();
    tasks.edit(&id("a"), edit, None).await.unwrap();
    put(&other, "at the same time").await;
    meet(&relay.node, &one.node).await;
    meet(&relay.node, &other.node).await;
    let conflict = conflict(&relay).await;
    let mut names = [by(&conflict.shown).0, by(&conflict.lost).0];
    names.sort_unstable();
    assert_eq!(names, ["device 1", "device 2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn books_are_in_no_list_feed_count_or_query() {
    let [here, reader] = devices().await;
    put(&here, "x").await;
    meet(&here.node, &reader.node).await;
    for site in [&here, &reader] {
        let space = site.node.space("farm").unwrap();
        let names: Vec<_> = space.collections().await.unwrap();
        assert_eq!(names.iter().map(|name| name.as_str()).collect::<Vec<_>>(), ["tasks"]);
        assert_eq!(site.node.status().await.unwrap().spaces[0].documents, 1);
        let events = space.changes("all").await.unwrap().next().await.unwrap().unwrap();
        assert_eq!(events.iter().map(|it| it.doc.to_string()).collect::<Vec<_>>(), ["tasks/a"]);
        assert_eq!(space.collection("_writers").err().unwrap().code(), Code::InvalidInput);
        let asked = space.query("SELECT * FROM _writers", &[]).await.unwrap_err();
        assert!(matches!(asked.code(), Code::NotFound | Code::Denied), "{asked:?}");
        let asked = space.query("SELECT * FROM \"rows:_writers\"", &[]).await.unwrap_err();
        assert_eq!(asked.code(), Code::Denied, "{asked:?}");
        assert!(space.contested(None, None).await.unwrap().is_empty());
    }
}
