//! What an item was whose late edits are conflicts: noted on the devices that had it, for good.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use dunlin::{Code, CollectionHandle, Edit};
use serde_json::{Value as Json, json};

use support::{Site, devices, id, meet, value};

fn tasks(site: &Site) -> CollectionHandle {
    site.node.space("farm").unwrap().collection("tasks").unwrap()
}

async fn put(site: &Site, json: Json) {
    tasks(site).put(&id("a"), value(json)).await.unwrap();
}

async fn edit(site: &Site, edit: Json) {
    let edits = Edit::list_from_json(&json!([edit])).unwrap();
    tasks(site).edit(&id("a"), edits, None).await.unwrap();
}

/// Of each conflict the item that is gone.
async fn gone(site: &Site) -> Vec<Option<String>> {
    let document = tasks(site).get(&id("a")).await.unwrap();
    document.conflicts.into_iter().map(|conflict| conflict.item).collect()
}

fn named(name: &str) -> Vec<Option<String>> {
    vec![Some(name.to_owned())]
}

#[tokio::test(flavor = "multi_thread")]
async fn both_devices_that_had_an_item_name_it_also_after_a_restart_and_a_third_does_not() {
    let [editor, deleter, third] = devices().await;
    let steps = json!([{"id": "tern", "done": false}, {"id": "eider", "done": false}]);
    put(&editor, json!({ "steps": steps })).await;
    meet(&editor.node, &deleter.node).await;

    edit(&editor, json!({"op":"set","path":"/steps/0/done","value":true})).await;
    put(&deleter, json!({"steps": [{"id": "eider", "done": false}]})).await;
    // The editor hears of a deletion over its edit, the deleter of a late edit.
    meet(&editor.node, &deleter.node).await;
    meet(&deleter.node, &third.node).await;
    assert_eq!((gone(&editor).await, gone(&deleter).await), (named("tern"), named("tern")));
    assert_eq!(gone(&third).await, [None]);

    let (editor, deleter) = (editor.reopen().await, deleter.reopen().await);
    assert_eq!((gone(&editor).await, gone(&deleter).await), (named("tern"), named("tern")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_comes_long_after_the_deletion_and_a_restart_finds_the_name() {
    let [editor, deleter] = devices().await;
    put(&editor, json!({"steps": ["count the terns", "count the eiders"]})).await;
    meet(&editor.node, &deleter.node).await;
    edit(&deleter, json!({"op":"delete-item","path":"/steps","at":0})).await;
    assert_eq!(gone(&deleter).await, []);
    let deleter = deleter.reopen().await;
    edit(&editor, json!({"op":"set","path":"/steps/0","value":"count all terns"})).await;
    meet(&editor.node, &deleter.node).await;
    assert_eq!(gone(&deleter).await, named("count the terns"));
    assert_eq!(gone(&editor).await, named("count all terns"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_begun_anew_still_names_the_item_of_an_older_conflict() {
    let [editor, deleter] = devices().await;
    put(&editor, json!({"steps": [{"id": "tern", "done": false}]})).await;
    meet(&editor.node, &deleter.node).await;
    edit(&editor, json!({"op":"set","path":"/steps/0/done","value":true})).await;
    edit(&deleter, json!({"op":"delete-item","path":"/steps","at":0})).await;
    meet(&editor.node, &deleter.node).await;
    tasks(&deleter).refound(&id("a")).await.unwrap();
    assert!(gone(&deleter).await.contains(&Some("tern".to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_edit_of_a_deleted_document_is_listed_until_somebody_settles_it() {
    let [editor, deleter] = devices().await;
    put(&editor, json!({"title": "dyke", "long": "x".repeat(40_000)})).await;
    meet(&editor.node, &deleter.node).await;
    put(&editor, json!({"title": "ditch"})).await;
    tasks(&deleter).delete(&id("a")).await.unwrap();
    meet(&editor.node, &deleter.node).await;

    for site in [&editor, &deleter] {
        let space = site.node.space("farm").unwrap();
        for listed in [space.contested(None, None).await, space.deleted(Some("tasks"), None).await]
        {
            let [listed] = &listed.unwrap()[..] else { panic!("one") };
            assert!(listed.is_deleted && listed.has_conflicts);
            assert_eq!(listed.doc.to_string(), "tasks/a");
        }
    }
    let read = tasks(&deleter).inspect(&id("a")).await.unwrap();
    let [conflict] = &read.conflicts[..] else { panic!("{read:?}") };
    tasks(&deleter).take(&read, conflict).await.unwrap();
    meet(&editor.node, &deleter.node).await;
    let refused = tasks(&deleter).keep(&read, conflict).await.unwrap_err();
    assert_eq!(refused.code(), Code::StaleVersion);
    let read = tasks(&editor).get(&id("a")).await.unwrap();
    assert_eq!((&read.to_json()["title"], &read.conflicts[..]), (&json!("ditch"), &[][..]));
    let space = editor.node.space("farm").unwrap();
    assert!(space.contested(None, None).await.unwrap().is_empty());
    assert!(space.deleted(None, None).await.unwrap().is_empty());
}
