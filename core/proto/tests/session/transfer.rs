//! Documents between members: catching up, live edits, slow peers, budgets of bytes.

use dunlin_proto::{
    frame::Frame,
    limits::{DIRTY_DOCUMENTS, MAX_DIFFERENCES, MAX_FRAME_BYTES},
    session::Effect,
    trust::Role,
};

use crate::world::{Dice, World, doc, in_sync};

fn fill(world: &mut World, node: usize, names: std::ops::Range<usize>) {
    for name in names {
        world.append(node, &doc(name), format!("report {name} of node {node}").as_bytes());
    }
}

#[test]
fn two_members_exchange_what_each_lacks_and_agree() {
    for (dialer, acceptor) in [(0, 1), (1, 0)] {
        let mut world = World::new(&[Role::Writer]);
        fill(&mut world, 0, 0..500);
        fill(&mut world, 1, 400..700);
        let link = world.connect(dialer, acceptor);
        world.settle();
        world.assert_converged();
        assert_eq!(world.nodes[0].replica.docs.len(), 700);
        assert!(world.is_in_sync(link));
        assert_eq!(in_sync(&world.links[link][0]), [true]);
        assert_eq!(in_sync(&world.links[link][1]), [true]);
    }
}

#[test]
fn deletions_travel_though_state_vectors_do_not_show_them() {
    let mut world = World::new(&[Role::Writer]);
    fill(&mut world, 0, 0..50);
    let link = world.connect(0, 1);
    world.settle();
    world.links.remove(link);
    for name in 0..50 {
        world.delete(name % 2, &doc(name));
    }
    let link = world.connect(0, 1);
    world.settle();
    world.assert_converged();
    assert!(world.is_in_sync(link));
}

#[test]
fn with_nothing_to_exchange_bytes_are_few_and_do_not_grow_with_documents() {
    let mut bytes = Vec::new();
    for documents in [0, 100, 5_000] {
        let mut world = World::new(&[Role::Writer]);
        fill(&mut world, 0, 0..documents);
        world.nodes[1].replica = world.nodes[0].replica.clone();
        let link = world.connect(0, 1);
        world.settle();
        assert!(world.is_in_sync(link));
        bytes.push(world.bytes_sent(link));
    }
    // The count itself is a CBOR number of up to nine bytes.
    assert!(bytes.iter().max().unwrap() - bytes.iter().min().unwrap() <= 8, "{bytes:?}");
    assert!(bytes.iter().all(|bytes| *bytes <= 500), "{bytes:?}");
}

#[test]
fn one_difference_in_ten_thousand_documents_takes_under_two_kilobytes() {
    let mut world = World::new(&[Role::Writer]);
    fill(&mut world, 0, 0..10_000);
    world.nodes[1].replica = world.nodes[0].replica.clone();
    world.append(1, &doc(4711), b"more");
    let link = world.connect(0, 1);
    world.settle();
    world.assert_converged();
    let bytes = world.bytes_sent(link);
    assert!(bytes <= 2_000, "{bytes} bytes");
}

#[test]
fn ten_thousand_documents_to_an_empty_peer_cost_less_than_their_own_bytes() {
    for empty in [0, 1] {
        let mut world = World::new(&[Role::Writer]);
        fill(&mut world, 1 - empty, 0..10_000);
        let payload: usize = world.nodes[1 - empty].replica.docs.len() * 60;
        let link = world.connect(0, 1);
        world.settle();
        world.assert_converged();
        let bytes = world.bytes_sent(link);
        assert!(bytes < payload, "{bytes} bytes for {payload}");
        // No documents are asked for one by one where the peer has none.
        let frames = world.links[link].iter().flat_map(|end| &end.sent);
        let is_want = |frame: &&Vec<u8>| {
            matches!(Frame::decode(frame), Ok(Some(Frame::Want { .. } | Frame::Reconcile { .. })))
        };
        assert_eq!(frames.filter(is_want).count(), 0);
    }
}

#[test]
fn more_differences_than_one_run_collects_are_found_by_the_next() {
    let mut world = World::new(&[Role::Writer]);
    fill(&mut world, 0, 0..MAX_DIFFERENCES + 1_000);
    fill(&mut world, 1, MAX_DIFFERENCES + 1_000..MAX_DIFFERENCES + 1_100);
    let link = world.connect(0, 1);
    world.settle();
    world.assert_converged();
    assert!(world.is_in_sync(link));
    assert_eq!(in_sync(&world.links[link][0]), [true]);
}

#[test]
fn a_large_document_travels_in_chunks_and_arrives_whole() {
    let mut world = World::new(&[Role::Writer]);
    let mut dice = Dice::new(3);
    let noise: Vec<u8> = (0..3_500_000).map(|_| dice.roll(256) as u8).collect();
    world.append(0, &doc("large"), &noise);
    fill(&mut world, 0, 0..20);
    fill(&mut world, 1, 20..30);
    let link = world.connect(0, 1);
    world.settle();
    world.assert_converged();
    assert!(world.is_in_sync(link));
    let longest = world.links[link].iter().flat_map(|end| &end.sent).map(Vec::len).max();
    assert!(longest.unwrap() <= MAX_FRAME_BYTES);
    // Live, too.
    world.append(1, &doc("large"), &noise[..2_000_000]);
    world.settle();
    world.assert_converged();
}

#[test]
fn a_committed_change_goes_out_at_once_as_one_small_frame() {
    let mut world = World::new(&[Role::Writer]);
    let link = world.connect(0, 1);
    world.settle();
    let before = world.links[link][0].sent.len();
    world.append(0, &doc(1), b"hello");
    world.settle();
    world.assert_converged();
    let new = &world.links[link][0].sent[before..];
    assert_eq!(new.len(), 1);
    assert!(new[0].len() < 80, "{} bytes", new[0].len());
    assert!(matches!(Frame::decode(&new[0]), Ok(Some(Frame::Push { .. }))));
    assert_eq!(world.links[link][1].sent.iter().filter(|f| f[0] == 12).count(), 0);
}

#[test]
fn what_changes_during_a_catch_up_is_offered_since_a_push_would_hide_what_it_builds_on() {
    let mut world = World::new(&[Role::Writer]);
    fill(&mut world, 0, 0..300);
    fill(&mut world, 1, 200..400);
    let link = world.connect(0, 1);
    for _ in 0..6 {
        for side in 0..2 {
            world.poll(link, side);
            world.answer(link, side, 0);
            world.deliver(link, side);
        }
    }
    assert!(world.links[link][0].session.status(&world.space).is_some());
    // Two processes of node 1, one after the other: the second builds on what the first wrote.
    world.append(1, &doc(250), b"one");
    world.nodes[1].writer += 100;
    world.append(1, &doc(250), b"two, which builds on one");
    world.settle();
    world.assert_converged();
    let sent = |kind: u8| world.links[link][1].sent.iter().filter(|frame| frame[0] == kind).count();
    assert_eq!((sent(12), sent(13)), (0, 1));
}

#[test]
fn edits_during_the_catch_up_are_not_lost() {
    let mut world = World::new(&[Role::Writer]);
    fill(&mut world, 0, 0..300);
    fill(&mut world, 1, 200..400);
    let link = world.connect(0, 1);
    for step in 0..3000 {
        for side in 0..2 {
            world.poll(link, side);
            world.answer(link, side, step);
            world.deliver(link, side);
        }
        if step % 7 == 0 {
            world.append(step % 2, &doc(step % 400), b"meanwhile");
        }
    }
    world.settle();
    world.assert_converged();
    assert!(world.is_in_sync(link));
}

#[test]
fn a_document_crosses_devices_that_never_meet() {
    let mut world = World::new(&[Role::Writer, Role::Writer]);
    fill(&mut world, 0, 0..50);
    fill(&mut world, 2, 50..80);
    world.connect(0, 1);
    world.connect(1, 2);
    world.settle();
    world.assert_converged();
    world.append(0, &doc("new"), b"live");
    world.append(2, &doc("new"), b"live too");
    world.settle();
    world.assert_converged();
    assert_eq!(world.nodes[1].replica.docs.len(), 81);
}

#[test]
fn in_a_triangle_a_change_does_not_circle_for_ever() {
    let mut world = World::new(&[Role::Writer, Role::Writer]);
    for (from, to) in [(0, 1), (1, 2), (2, 0)] {
        world.connect(from, to);
    }
    world.settle();
    let before: usize = world.links.iter().flatten().map(|end| end.sent.len()).sum();
    world.append(0, &doc(1), b"once");
    world.settle();
    world.assert_converged();
    let after: usize = world.links.iter().flatten().map(|end| end.sent.len()).sum();
    assert!(after - before <= 4, "{} frames", after - before);
}

#[test]
fn a_slow_peer_costs_little_and_gets_everything_when_it_reads_again() {
    for documents in [3, 700, 5_000] {
        let mut world = World::new(&[Role::Writer]);
        let link = world.connect(0, 1);
        world.settle();
        world.links[link][0].window = 0;
        for edit in 0..20_000 {
            world.append(0, &doc(edit % documents), b"edit");
        }
        world.poll(link, 0);
        let status = world.links[link][0].session.status(&world.space).unwrap();
        assert!(status.queued <= 128 && status.dirty <= DIRTY_DOCUMENTS, "{status:?}");
        assert!(!status.in_sync);
        world.links[link][0].window = usize::MAX;
        world.settle();
        world.assert_converged();
        assert!(world.is_in_sync(link));
    }
}

#[test]
fn a_connection_cut_in_the_middle_resumes_where_it_stopped() {
    let mut world = World::new(&[Role::Writer]);
    fill(&mut world, 0, 0..2_000);
    fill(&mut world, 1, 1_500..3_000);
    let mut arrived = 0;
    for cut in 0..6 {
        let link = world.connect(cut % 2, 1 - cut % 2);
        for _ in 0..14 {
            for side in 0..2 {
                world.poll(link, side);
                world.answer(link, side, 0);
                world.deliver(link, side);
            }
        }
        world.links.clear();
        let now = world.nodes[0].replica.docs.len() + world.nodes[1].replica.docs.len();
        assert!(now >= arrived);
        arrived = now;
    }
    world.connect(0, 1);
    world.settle();
    world.assert_converged();
}

#[test]
fn another_reconciliation_can_be_asked_for_and_costs_two_summaries() {
    let mut world = World::new(&[Role::Writer]);
    fill(&mut world, 0, 0..100);
    let link = world.connect(0, 1);
    world.settle();
    let before = world.bytes_sent(link);
    let space = world.space;
    for side in 0..2 {
        world.links[link][side].session.reconcile(&space);
        world.settle();
    }
    assert!(world.bytes_sent(link) - before <= 4 * 50);
    assert_eq!(in_sync(&world.links[link][0]).len(), 3);
    // Both at once.
    world.links[link][0].session.reconcile(&space);
    world.links[link][1].session.reconcile(&space);
    world.settle();
    assert!(world.is_in_sync(link));
}

#[test]
fn a_reader_receives_but_its_own_changes_stay_with_it() {
    for reader_fills in [false, true] {
        let mut world = World::new(&[Role::Reader]);
        fill(&mut world, 0, 0..40);
        if reader_fills {
            fill(&mut world, 1, 30..60);
        }
        let link = world.connect(1, 0);
        world.settle();
        world.append(1, &doc("mine"), b"unsent");
        world.append(0, &doc(2), b"more");
        world.settle();
        assert_eq!(world.nodes[0].replica.docs.len(), 40);
        let [reader, writer] = &world.links[link];
        assert_eq!((reader.closed, writer.closed), (None, None));
        assert_eq!(writer.applied, 0);
        assert!(writer.told.iter().all(|effect| !matches!(effect, Effect::Denied { .. })));
        for name in 0..40 {
            let held = world.nodes[1].replica.held(doc(name).hash());
            let full = world.nodes[0].replica.held(doc(name).hash());
            assert!(held.state_vector.covers_all(&full.state_vector), "{name}");
        }
        assert_eq!(in_sync(reader).last(), Some(&!reader_fills));
        assert_eq!(in_sync(writer).last(), Some(&!reader_fills));
    }
}

#[test]
fn diverged_documents_are_reported_on_both_sides_and_the_rest_converges() {
    let mut world = World::new(&[Role::Writer]);
    fill(&mut world, 0, 0..20);
    fill(&mut world, 1, 20..40);
    // One writer's number in use twice: equal vectors, different content.
    world.nodes[1].writer = world.nodes[0].writer;
    world.append(1, &doc("forked"), b"left");
    world.append(0, &doc("forked"), b"right");
    let link = world.connect(0, 1);
    world.settle();
    assert_eq!(world.nodes[0].replica.docs.len(), 41);
    assert_eq!(world.nodes[1].replica.docs.len(), 41);
    for end in &world.links[link] {
        let documents = vec![doc("forked").hash()];
        assert!(end.told.contains(&Effect::Diverged { space: world.space, documents }));
        assert_eq!(in_sync(end).last(), Some(&false));
        assert_eq!(end.closed, None);
    }
}

#[test]
fn a_document_that_cannot_be_stored_does_not_stop_the_others() {
    let mut world = World::new(&[Role::Writer]);
    fill(&mut world, 0, 0..20);
    fill(&mut world, 1, 20..22);
    world.nodes[1].replica.full.insert(doc(7));
    world.connect(0, 1);
    world.settle();
    assert_eq!(world.nodes[1].replica.docs.len(), 21);
    // Room again: the next connection brings it.
    world.nodes[1].replica.full.clear();
    world.links.clear();
    world.connect(1, 0);
    world.settle();
    world.assert_converged();
}

#[test]
fn after_something_could_not_be_stored_the_next_that_can_brings_everything() {
    let mut world = World::new(&[Role::Writer]);
    fill(&mut world, 0, 0..20);
    let link = world.connect(0, 1);
    world.settle();
    world.nodes[1].replica.full.extend([doc(7), doc(8)]);
    for name in [7, 8] {
        world.append(0, &doc(name), b"lost");
        world.settle();
    }
    assert!(!world.is_in_sync(link));
    // Another process of the writer goes on: nothing in its update says what it builds on.
    world.nodes[0].writer += 100;
    world.nodes[1].replica.full.clear();
    world.append(0, &doc(7), b"later");
    world.settle();
    world.assert_converged();
    assert!(world.is_in_sync(link));
}
