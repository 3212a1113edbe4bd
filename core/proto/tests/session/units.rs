//! Updates that were committed as one: all of them at a peer, or none.

use dunlin_model::DocId;
use dunlin_proto::{frame::Frame, limits::UNIT_BYTES, trust::Role};

use crate::world::{World, doc};

/// A chain of three nodes that have everything in common.
fn chain() -> (World, [usize; 2]) {
    let mut world = World::new(&[Role::Writer, Role::Writer]);
    (0..3).for_each(|name| world.append(0, &doc(name), b"first"));
    let links = [world.connect(0, 1), world.connect(1, 2)];
    world.settle();
    world.assert_converged();
    (world, links)
}

fn sent(world: &World, link: usize, from: usize) -> Vec<Frame> {
    let frames = world.links[link][0].sent[from..].iter();
    frames.map(|frame| Frame::decode(frame).unwrap().unwrap()).collect()
}

fn docs() -> Vec<DocId> {
    (0..3).map(doc).collect()
}

#[test]
fn a_unit_travels_in_one_frame_and_is_handed_on_as_one() {
    let (mut world, links) = chain();
    let before = links.map(|link| world.links[link][0].sent.len());
    world.append_together(0, &docs(), b"together");
    world.settle();
    world.assert_converged();
    for (link, before) in links.into_iter().zip(before) {
        let sent = sent(&world, link, before);
        assert!(matches!(sent[..], [Frame::Unit { .. }]), "{sent:?}");
    }
}

#[test]
fn if_one_document_of_a_unit_is_not_taken_none_is_and_all_are_wanted() {
    let (mut world, links) = chain();
    world.nodes[1].replica.room = Some(1);
    let free = [doc("new"), doc("other")];
    let unit = [free[0].clone(), doc(1), free[1].clone()];
    let before = links.map(|link| world.links[link][0].sent.len());
    world.append_together(0, &unit, b"together");
    world.settle();
    let there = &world.nodes[1].replica.docs;
    assert_ne!(there[&doc(1)], world.nodes[0].replica.docs[&doc(1)]);
    for document in &free {
        assert_eq!(there[document], world.nodes[0].replica.docs[document]);
    }
    // They came one by one, and so they were handed on.
    let sent = links.map(|link| sent(&world, link, before[link]));
    let is_docs = |frame: &Frame| matches!(frame, Frame::Docs { .. });
    assert!(matches!(sent[0][0], Frame::Unit { .. }) && sent[0].iter().any(is_docs));
    assert!(!sent[1].iter().any(|frame| matches!(frame, Frame::Unit { .. })), "{sent:?}");
}

#[test]
fn a_unit_to_a_slow_peer_that_misses_something_else_comes_document_by_document() {
    let (mut world, links) = chain();
    let before = world.links[links[0]][0].sent.len();
    // The first outgrows what waits, so that the second builds on what is told by name only.
    world.append(0, &doc(1), &vec![7; 2 * UNIT_BYTES]);
    world.append_together(0, &docs(), b"together");
    world.settle();
    world.assert_converged();
    let sent = sent(&world, links[0], before);
    assert!(!sent.iter().any(|frame| matches!(frame, Frame::Unit { .. })));
}

#[test]
fn a_readers_unit_is_refused() {
    let mut world = World::new(&[Role::Reader]);
    let link = world.connect(0, 1);
    world.append(0, &doc(0), b"first");
    world.settle();
    world.append_together(1, &docs(), b"together");
    world.settle();
    assert_eq!(world.nodes[0].replica.docs.len(), 1);
    assert!(world.links[link].iter().all(|end| end.misbehaved.is_none()));
}
