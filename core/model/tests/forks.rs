//! Two documents under one client id: what a cloned directory or a lost commit leads to.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use serde_json::{Value as Json, json};
use support::{Device, meet};

/// Two devices that go on from one document under one client id, each with its own edit.
fn forked(client: u64, one: Json, other: Json) -> [Device; 2] {
    let mut origin = Device::new(1);
    origin.put(json!({"x": 0, "t": {"$text": "t"}, "n": {"$counter": 0}}));
    [one, other].map(|edit| {
        let mut device = origin.restarted(client);
        device.edit(json!([edit]));
        device
    })
}

#[test]
fn forks_under_one_client_id_with_the_same_clocks_and_other_content_have_other_digests() {
    for (one, other) in [
        (json!({"op":"set","path":"/x","value":1}), json!({"op":"set","path":"/x","value":2})),
        (
            json!({"op":"splice","path":"/t","at":1,"insert":"AAAA"}),
            json!({"op":"splice","path":"/t","at":1,"insert":"BBBB"}),
        ),
        (
            json!({"op":"increment","path":"/n","by":1}),
            json!({"op":"increment","path":"/n","by":2}),
        ),
        (json!({"op":"set","path":"/x","value":1}), json!({"op":"set","path":"/y","value":1})),
    ] {
        let [mut left, mut right] = forked(7, one.clone(), other.clone());
        assert_eq!(left.document.state_vector(), right.document.state_vector());
        assert_ne!(left.document.digest(), right.document.digest(), "{one} {other}");
        // Nor does an exchange tell them: neither has anything that the other seems to miss.
        left.pull(&right);
        right.pull(&left);
        assert_eq!(left.document.state_vector(), right.document.state_vector());
        assert_ne!(left.document.digest(), right.document.digest(), "{one} {other}");
    }
}

#[test]
fn forks_that_made_the_same_edit_are_one_document() {
    let edit = json!({"op":"set","path":"/x","value":1});
    let [left, right] = forked(7, edit.clone(), edit);
    assert_eq!(left.document.digest(), right.document.digest());
}

#[test]
fn copies_under_fresh_client_ids_converge() {
    let mut origin = Device::new(1);
    origin.put(json!({"x": 0, "t": {"$text": "t"}}));
    let mut devices = [origin.restarted(7), origin.restarted(8)];
    devices[0].edit(json!([{"op":"splice","path":"/t","at":1,"insert":"AAAA"}]));
    devices[1].edit(json!([{"op":"splice","path":"/t","at":1,"insert":"BBBB"}]));
    meet(&mut devices);
    let text = devices[0].json()["t"].clone();
    assert!([json!("tAAAABBBB"), json!("tBBBBAAAA")].contains(&text), "{text}");
}
