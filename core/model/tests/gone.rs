//! What an item was whose late edits are conflicts, as its devices tell it.

mod support;

use dunlin_model::{Document, Edit, ListKeys, MAX_GONE, Value};
use serde_json::{Value as Json, json};

use support::{Device, meet};

/// Lets one device edit and one delete what both have, and a third hear of all of it at the end;
/// returns the editor, the deleter and the third.
fn apart(start: Json, edited: impl Fn(&mut Device), deleted: impl Fn(&mut Device)) -> [Device; 3] {
    let mut devices = [11, 12, 13].map(Device::new);
    let [editor, deleter, third] = &mut devices;
    editor.put(start);
    deleter.pull(editor);
    edited(editor);
    deleted(deleter);
    // One hears of a deletion over its edit, one of an edit of what it has deleted.
    editor.pull(deleter);
    deleter.pull(editor);
    third.pull(editor);
    meet(&mut devices);
    devices
}

fn edit(edit: Json) -> impl Fn(&mut Device) {
    move |device| drop(device.edit(json!([edit])))
}

fn named(name: &str) -> Vec<Option<String>> {
    vec![Some(name.to_owned())]
}

#[test]
fn an_item_is_named_by_its_key_on_both_devices_that_had_it_and_by_nothing_on_others() {
    for (id, name) in [(json!("tern"), "tern"), (json!(7), "7"), (json!(0.5), "0.5")] {
        let begun = json!({"l": [{"id": id, "done": false}]});
        let done = || edit(json!({"op":"set","path":"/l/0/done","value":true}));
        let deleted = edit(json!({"op":"delete-item","path":"/l","at":0}));
        let [editor, deleter, third] = apart(begun, done(), &deleted);
        assert_eq!(editor.gone_items(), named(name));
        assert_eq!(deleter.gone_items(), named(name));
        assert_eq!(third.gone_items(), [None]);
    }
}

#[test]
fn an_inserted_item_is_named_like_one_that_the_list_began_with() {
    let mut devices = [11, 12, 13].map(Device::new);
    let [editor, deleter, third] = &mut devices;
    editor.put(json!({"l": ["b"]}));
    let tern = json!({"id": "tern", "note": {"$text": "seen"}});
    editor.edit(json!([{"op":"insert","path":"/l","at":0,"value":tern}]));
    deleter.pull(editor);
    editor.edit(json!([{"op":"splice","path":"/l/0/note","at":4,"insert":" twice"}]));
    deleter.edit(json!([{"op":"delete-item","path":"/l","at":0}]));
    editor.pull(deleter);
    deleter.pull(editor);
    third.pull(deleter);
    assert_eq!((editor.gone_items(), deleter.gone_items()), (named("tern"), named("tern")));
    assert_eq!(third.gone_items(), [None]);
}

#[test]
fn an_item_without_a_key_is_named_by_what_the_device_showed_of_it() {
    let deleted = || edit(json!({"op":"delete-item","path":"/l","at":0}));
    let set = |value: Json| edit(json!({"op":"set","path":"/l/0","value":value}));
    let [editor, deleter, _] = apart(json!({"l": ["tern", "b"]}), set(json!("eider")), deleted());
    assert_eq!((editor.gone_items(), deleter.gone_items()), (named("eider"), named("tern")));

    let text = json!({"l": [{"$text": "tern"}]});
    let typed = edit(json!({"op":"splice","path":"/l/0","at":4,"insert":"s"}));
    let [editor, deleter, _] = apart(text, typed, deleted());
    assert_eq!((editor.gone_items(), deleter.gone_items()), (named("terns"), named("tern")));

    let object = json!({"l": [{"n": 1, "note": {"$text": "tern"}}]});
    let [editor, deleter, _] =
        apart(object, edit(json!({"op":"set","path":"/l/0/n","value":2})), deleted());
    assert_eq!(editor.gone_items(), named(r#"{"n":2,"note":"tern"}"#));
    assert_eq!(deleter.gone_items(), named(r#"{"n":1,"note":"tern"}"#));
}

#[test]
fn a_name_is_cut_at_a_character_within_48_bytes() {
    let begun = json!({"l": [format!("{}öö", "x".repeat(45)), format!("{}ö", "y".repeat(46))]});
    let mut device = Device::new(11);
    device.put(begun);
    for _ in 0..2 {
        device.edit(json!([{"op":"delete-item","path":"/l","at":0}]));
    }
    let mut names: Vec<_> = device.gone.values().cloned().collect();
    names.sort();
    assert_eq!(names, [format!("{}ö", "x".repeat(45)), format!("{}ö", "y".repeat(46))]);
}

#[test]
fn an_item_inside_a_deleted_one_is_named_by_itself_and_a_new_one_by_what_is_around_it() {
    let begun = || json!({"l": [{"id": "tern", "eggs": [{"id": "first", "n": 1}]}]});
    let deleted = || edit(json!({"op":"delete-item","path":"/l","at":0}));
    let counted = edit(json!({"op":"set","path":"/l/0/eggs/0/n","value":2}));
    let [editor, deleter, third] = apart(begun(), counted, deleted());
    for device in [&editor, &deleter] {
        let names = device.gone_items();
        assert!(names.contains(&Some("first".to_owned())), "{names:?}");
        assert!(names.iter().all(Option::is_some), "{names:?}");
    }
    assert!(third.gone_items().iter().all(Option::is_none));

    let inserted =
        edit(json!({"op":"insert","path":"/l/0/eggs","at":1,"value":{"id":"second","n":1}}));
    let [editor, deleter, _] = apart(begun(), inserted, deleted());
    assert!(deleter.gone_items().iter().all(|name| *name == Some("tern".to_owned())));
    // It had the new one too.
    assert!(!editor.gone_items().is_empty() && editor.gone_items().iter().all(Option::is_some));
}

#[test]
fn whole_arrays_that_are_handed_over_name_what_they_leave_out() {
    let rows =
        |ids: &[&str]| -> Json { ids.iter().map(|id| json!({"id": id, "done": false})).collect() };
    let start = || json!({"l": rows(&["dunlin", "tern"])});
    let kept = || json!({"l": rows(&["dunlin"])});
    let put = |device: &mut Device| drop(device.put(kept()));
    let replace = |device: &mut Device| {
        let new = Value::from_json(&kept()).unwrap();
        let change = device.document.replace(&new, None, &ListKeys::new(), 5_000).unwrap();
        device.keep(change);
    };
    let save = |device: &mut Device| {
        let new = Value::from_json(&kept()).unwrap();
        let read = device.document.value();
        let change =
            device.document.save(&read, &read, &new, None, &ListKeys::new(), 5_000).unwrap();
        device.keep(change);
    };
    let set = edit(json!({"op":"set","path":"/l","value":rows(&["dunlin"])}));
    let number = edit(json!({"op":"set","path":"/l","value":1}));
    let remove = edit(json!({"op":"remove","path":"/l"}));
    let by_path = |device: &mut Device| {
        device.edit(json!([{"op":"remove","path":"/l/1"}]));
    };
    let ways: [&dyn Fn(&mut Device); 7] = [&put, &replace, &save, &set, &number, &remove, &by_path];
    for deleted in ways {
        let done = edit(json!({"op":"set","path":"/l/1/done","value":true}));
        let [editor, deleter, third] = apart(start(), done, deleted);
        assert_eq!(editor.gone_items(), named("tern"));
        assert_eq!(deleter.gone_items(), named("tern"));
        assert_eq!(third.gone_items(), [None]);
    }
}

#[test]
fn items_below_an_object_that_is_removed_or_replaced_are_named() {
    let start = || json!({"o": {"l": [{"id": "tern", "done": false}], "x": 1}});
    let done = || edit(json!({"op":"set","path":"/o/l/0/done","value":true}));
    let number = edit(json!({"op":"set","path":"/o","value":1}));
    let [editor, deleter, _] = apart(start(), done(), number);
    assert_eq!((editor.gone_items(), deleter.gone_items()), (named("tern"), named("tern")));
}

#[test]
fn settling_one_edit_of_a_gone_item_leaves_its_name_to_the_next() {
    let start = json!({"l": [{"id": "tern", "done": false, "n": 1}]});
    let deleted = edit(json!({"op":"delete-item","path":"/l","at":0}));
    let done = edit(json!({"op":"set","path":"/l/0/done","value":true}));
    let mut devices = apart(start.clone(), done, deleted);
    let mut late = Device::new(14);
    late.put(start);
    edit(json!({"op":"set","path":"/l/0/n","value":2}))(&mut late);
    let path = devices[1].conflicts()[0][0].clone();
    devices[1].edit(json!([{"op":"remove","path":path}]));
    assert_eq!(devices[1].gone_items(), []);
    devices[1].pull(&late);
    let (editor, others) = devices.split_at_mut(1);
    editor[0].pull(&others[0]);
    assert_eq!(devices[1].gone_items(), named("tern"));
    assert_eq!(devices[0].gone_items(), named("tern"));
}

#[test]
fn a_conflict_in_an_item_that_is_there_says_nothing_of_it() {
    let mut devices = [Device::new(11), Device::new(12)];
    let [one, two] = &mut devices;
    one.put(json!({"l": [{"id": "tern", "n": 1}]}));
    two.pull(one);
    one.edit(json!([{"op":"set","path":"/l/0/n","value":2}]));
    two.edit(json!([{"op":"set","path":"/l/0/n","value":3}]));
    meet(&mut devices);
    let mut conflicts = devices[0].document.conflicts();
    assert_eq!(conflicts.len(), 1);
    devices[0].document.name_items(&mut conflicts, |_| Some("a stale note".to_owned()));
    assert_eq!(conflicts[0].item, None);
}

#[test]
fn edits_that_delete_no_item_tell_of_none() {
    let mut device = Device::new(11);
    device.put(json!({"l": ["a", "b", {"n": 1}], "o": {"l": ["c"]}, "s": {"$set": [1]}}));
    for edit in [
        json!({"op":"move","path":"/l","from":0,"to":1}),
        json!({"op":"insert","path":"/l","at":0,"value":"d"}),
        json!({"op":"set","path":"/l/0","value":"e"}),
        json!({"op":"set","path":"/o/x","value":1}),
        json!({"op":"discard","path":"/s","value":1}),
    ] {
        assert_eq!(device.edit(json!([edit])).gone, []);
    }
    let mut other = Device::new(12);
    other.pull(&device);
    other.edit(json!([{"op":"move","path":"/l","from":0,"to":1}]));
    device.pull(&other);
    assert!(device.gone.is_empty() && other.gone.is_empty());
}

#[test]
fn a_refused_batch_tells_of_nothing_and_the_next_of_its_own_items() {
    let mut device = Device::new(11);
    device.put(json!({"l": ["a", "b"]}));
    let edits = json!([
        {"op":"delete-item","path":"/l","at":0},
        {"op":"delete-item","path":"/l","at":7},
    ]);
    let edits = Edit::list_from_json(&edits).unwrap();
    assert!(device.document.edit(&edits, None, 1).is_err());
    device.edit(json!([{"op":"delete-item","path":"/l","at":1}]));
    assert_eq!(device.gone.values().collect::<Vec<_>>(), ["b"]);
}

#[test]
fn one_change_tells_of_a_bounded_number_of_items_the_outer_ones_first() {
    let inner: Vec<Json> = (0..MAX_GONE).map(|n| json!(format!("inner {n}"))).collect();
    let mut device = Device::new(11);
    device.put(json!({"l": [{"id": "outer", "inner": inner}]}));
    let change = device.edit(json!([{"op":"delete-item","path":"/l","at":0}]));
    assert_eq!(change.gone.len(), MAX_GONE);
    assert_eq!(change.gone.last().unwrap().name, "outer");
}

#[test]
fn loading_a_document_tells_of_nothing() {
    let mut device = Device::new(11);
    device.put(json!({"l": ["a"]}));
    device.edit(json!([{"op":"delete-item","path":"/l","at":0}]));
    let mut reader = Document::new(device.restarted(13).document.incarnation());
    let applied = reader.apply(&device.document.snapshot()).unwrap();
    let dunlin_model::Applied::Changed(change) = applied else { panic!("news") };
    assert_eq!(change.gone, []);
}
