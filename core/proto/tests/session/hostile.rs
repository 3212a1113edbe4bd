//! Peers that do not keep to the rules: clients with the checks taken out, and plain noise.

use dunlin_model::DocHash;
use dunlin_proto::{
    error::{CloseCode, FrameError, PeerMisbehaved, RefuseCode},
    frame::{Content, DocEntry, Frame, WantEntry},
    limits::{
        BATCH_DOCUMENTS, MAX_HELLO_BYTES, MAX_INTRODUCTION_BYTES, MAX_PEER_WANTS,
        MAX_RECONCILE_BYTES, MAX_REFUSALS, MAX_ROUNDS, MAX_UNAPPLIED_BYTES,
    },
    session::Effect,
    trust::Role,
};

use crate::world::{Dice, World, doc};

fn entry<'b>(key: &'b str, update: &'b [u8], total: Option<u32>) -> DocEntry<'b> {
    let update = update.into();
    DocEntry {
        collection: "tasks",
        key,
        generation: 0,
        state_vector: None,
        update,
        total,
        digest: None,
    }
}

fn content(key: &str, update: &[u8], total: Option<u32>) -> Content {
    Content::pack_documents(&[entry(key, update, total)])
}

/// A connected pair; node 1 has this role and is the one that misbehaves, at side 0.
fn pair(role: Role) -> (World, usize, u16) {
    let mut world = World::new(&[role]);
    world.append(0, &doc(1), b"one");
    let link = world.connect(1, 0);
    world.settle();
    let slot = world.slot(link, 1);
    (world, link, slot)
}

#[track_caller]
fn assert_closes(world: &mut World, link: usize, frame: &Frame, expected: PeerMisbehaved) {
    assert_eq!(world.inject(link, 1, frame), Err(expected));
    world.poll(link, 1);
    assert_eq!(world.links[link][1].closed, Some(CloseCode::Misbehaved));
}

#[test]
fn documents_from_a_reader_are_refused_visibly_and_never_applied() {
    let (mut world, link, space) = pair(Role::Reader);
    let mut update = crate::replica::Doc::default();
    let update = update.append(5, b"smuggled".to_vec());
    let frames = [
        Frame::Push { space, content: content("1", &update, None) },
        Frame::Docs { space, content: content("1", &update, None), missing: vec![] },
        Frame::Docs { space, content: content("1", &update, Some(100)), missing: vec![] },
        Frame::Chunk { space, content: Content::pack(update.clone()) },
        Frame::Offer { space, documents: vec![doc(1).hash()] },
    ];
    let before = world.nodes[0].replica.summary();
    for frame in &frames {
        let told = world.links[link][1].told.len();
        world.inject(link, 1, frame).unwrap();
        world.settle();
        let end = &world.links[link][1];
        assert_eq!(end.applied, 0);
        assert!(matches!(end.told[told..], [Effect::Denied { code: RefuseCode::ReadOnly, .. }]));
        let refused = &world.links[link][0].told;
        assert!(matches!(refused.last(), Some(Effect::Refused { code: RefuseCode::ReadOnly, .. })));
    }
    let named = Effect::Denied {
        space: world.space,
        documents: vec![doc(1).hash()],
        code: RefuseCode::ReadOnly,
    };
    assert_eq!(world.links[link][1].told.iter().filter(|told| **told == named).count(), 4);
    assert_eq!(world.nodes[0].replica.summary(), before);
    // The connection goes on: the reader still receives.
    world.append(0, &doc(2), b"two");
    world.settle();
    world.assert_converged();
}

#[test]
fn a_reader_that_keeps_pushing_is_closed() {
    let (mut world, link, space) = pair(Role::Reader);
    let push = Frame::Push { space, content: content("1", b"x", None) };
    for _ in 0..MAX_REFUSALS {
        world.inject(link, 1, &push).unwrap();
    }
    assert_closes(&mut world, link, &push, PeerMisbehaved::KeepsPushing);
    assert_eq!(world.links[link][1].applied, 0);
}

#[test]
fn before_it_is_let_in_a_peer_can_do_nothing_with_documents() {
    let frames = |space| {
        let content = content("1", b"x", None);
        [
            Frame::Push { space, content: content.clone() },
            Frame::Unit { space, content: content.clone() },
            Frame::Docs { space, content: content.clone(), missing: vec![] },
            Frame::Chunk { space, content },
            Frame::Offer { space, documents: vec![] },
            Frame::Want { space, documents: vec![] },
            Frame::Have { space, statements: vec![] },
            Frame::Statements { space, statements: vec![], last: true },
            Frame::Reconcile { space, message: vec![] },
            Frame::Done { space, moved: false, diverged: vec![], aside: vec![] },
        ]
    };
    for index in 0..frames(0).len() {
        // Knows the secret, but is no member.
        let mut world = World::of_strangers(2);
        world.append(0, &doc(1), b"secret");
        let link = world.connect(1, 0);
        world.poll(link, 0);
        world.deliver(link, 1);
        world.poll(link, 1);
        world.deliver(link, 0);
        world.poll(link, 0);
        let frame = frames(world.slot(link, 1)).into_iter().nth(index).unwrap();
        assert_closes(&mut world, link, &frame, PeerMisbehaved::Unauthorised);
        assert!(world.links[link][1].pending.is_empty());
    }
}

#[test]
fn frames_are_short_until_the_peer_has_been_let_in() {
    let mut world = World::of_strangers(2);
    let link = world.connect(1, 0);
    let too_long = |length| Err(FrameError::TooLong { length }.into());
    let session = &mut world.links[link][1].session;
    let long = vec![0; MAX_HELLO_BYTES + 1];
    assert_eq!(session.handle_frame(&long, 0), too_long(MAX_HELLO_BYTES + 1));

    let link = world.connect(1, 0);
    world.poll(link, 0);
    world.deliver(link, 1);
    world.poll(link, 1);
    let session = &mut world.links[link][1].session;
    assert_eq!(session.max_frame_bytes(), MAX_INTRODUCTION_BYTES);
    let long = vec![0; MAX_INTRODUCTION_BYTES + 1];
    assert_eq!(session.handle_frame(&long, 0), too_long(MAX_INTRODUCTION_BYTES + 1));
}

#[test]
fn the_first_frame_is_a_hello_and_there_is_only_one() {
    let mut world = World::new(&[Role::Writer]);
    for frame in [Frame::Ask { space: 0 }.encode(), vec![0x18, 99, 0xa0]] {
        let link = world.connect(1, 0);
        let session = &mut world.links[link][1].session;
        let refused = session.handle_frame(&frame, 0);
        assert!(matches!(refused, Err(PeerMisbehaved::Unexpected(_))));
    }
    let link = world.connect(1, 0);
    world.settle();
    let hello = Frame::decode(&world.links[link][0].sent[0]).unwrap().unwrap();
    assert_closes(&mut world, link, &hello, PeerMisbehaved::Unexpected("a second hello"));
}

#[test]
fn frames_that_have_no_place_close_the_connection() {
    let unexpected = PeerMisbehaved::Unexpected;
    type Make = fn(u16) -> Frame;
    let cases: Vec<(Make, PeerMisbehaved)> = vec![
        (|_| Frame::Ask { space: 999 }, PeerMisbehaved::UnknownSpace),
        (|space| Frame::Open { space, role: 9, roster: [0; 16] }, unexpected("an unknown role")),
        (|space| Frame::Have { space, statements: vec![] }, unexpected("a list of statements")),
        (
            |space| Frame::Statements { space, statements: vec![], last: true },
            unexpected("the end of a list of statements"),
        ),
        (
            |space| Frame::Reconcile { space, message: vec![0x61] },
            unexpected("a reconciliation message"),
        ),
        (
            |space| Frame::Done { space, moved: true, diverged: vec![], aside: vec![] },
            unexpected("the end of no reconciliation"),
        ),
        (
            |space| Frame::Chunk { space, content: Content::pack(vec![1]) },
            unexpected("a chunk of nothing"),
        ),
        (
            |space| Frame::Push { space, content: content("1", b"x", Some(10)) },
            unexpected("a partial document"),
        ),
        (
            |space| Frame::Unit { space, content: content("1", b"x", Some(10)) },
            unexpected("a partial document"),
        ),
        (
            |space| {
                let entries = vec![entry("1", b"x", None); BATCH_DOCUMENTS + 1];
                Frame::Unit { space, content: Content::pack_documents(&entries) }
            },
            PeerMisbehaved::TooMany("updates in a unit"),
        ),
        (
            |space| Frame::Docs { space, content: content("1", b"xy", Some(2)), missing: vec![] },
            unexpected("a partial document"),
        ),
        (
            |space| {
                let content = content("1", b"x", Some(4 << 20 | 1));
                Frame::Docs { space, content, missing: vec![] }
            },
            PeerMisbehaved::TooMany("bytes in a document"),
        ),
        (|space| Frame::Push { space, content: content("", b"x", None) }, PeerMisbehaved::Name),
        (
            |space| Frame::Push { space, content: Content::pack(vec![0xff; 10]) },
            PeerMisbehaved::Frame(FrameError::Content),
        ),
    ];
    for (frame, expected) in cases {
        let (mut world, link, slot) = pair(Role::Writer);
        assert_closes(&mut world, link, &frame(slot), expected);
    }
}

#[test]
fn a_second_summary_before_the_first_is_answered_is_refused() {
    let (mut world, link, space) = pair(Role::Writer);
    let summary = Frame::Summary { space, count: 5, sum: [1; 32] };
    world.inject(link, 1, &summary).unwrap();
    assert_closes(&mut world, link, &summary, PeerMisbehaved::Unexpected("a second summary"));
}

#[test]
fn a_reconciliation_message_over_its_bound_or_without_sense_is_refused() {
    for (message, expected) in [
        (
            vec![0x61; MAX_RECONCILE_BYTES + 1],
            PeerMisbehaved::TooMany("bytes in a reconciliation message"),
        ),
        (vec![0x61, 0, 0, 7], PeerMisbehaved::Reconcile),
    ] {
        // Node 0 must follow: its id is the greater one in one of the two directions.
        let mut world = World::new(&[Role::Writer]);
        world.append(0, &doc(1), b"one");
        let (driver, follower) =
            if world.nodes[0].device < world.nodes[1].device { (0, 1) } else { (1, 0) };
        let link = world.connect(driver, follower);
        world.append(1, &doc(2), b"two");
        world.append(0, &doc(3), b"three");
        world.settle();
        let space = world.slot(link, 1);
        world.append(follower, &doc(4), b"kept back");
        let summary = Frame::Summary { space, count: 5, sum: [1; 32] };
        world.inject(link, 1, &summary).unwrap();
        world.poll(link, 1);
        world.answer(link, 1, 0);
        let first = world.inject(link, 1, &Frame::Reconcile { space, message });
        world.poll(link, 1);
        world.answer(link, 1, 0);
        let misbehaved = first.err().or(world.links[link][1].misbehaved.take());
        assert_eq!(misbehaved, Some(expected));
        world.poll(link, 1);
        assert_eq!(world.links[link][1].closed, Some(CloseCode::Misbehaved));
    }
}

#[test]
fn more_rounds_than_a_reconciliation_may_take_are_refused() {
    let mut world = World::new(&[Role::Writer]);
    let (driver, follower) =
        if world.nodes[0].device < world.nodes[1].device { (0, 1) } else { (1, 0) };
    for name in 0..40 {
        world.append(follower, &doc(name), b"here");
    }
    world.nodes[driver].replica = world.nodes[follower].replica.clone();
    let link = world.connect(driver, follower);
    world.settle();
    let space = world.slot(link, 1);
    world.inject(link, 1, &Frame::Summary { space, count: 5, sum: [1; 32] }).unwrap();
    world.poll(link, 1);
    world.answer(link, 1, 0);
    // "I have nothing": a message that makes sense each time.
    let message = || vec![0x61, 0, 0, 2, 0];
    let mut rounds = 0;
    let refused = loop {
        if let Err(refused) = world.inject(link, 1, &Frame::Reconcile { space, message: message() })
        {
            break refused;
        }
        rounds += 1;
        assert!(rounds <= MAX_ROUNDS);
        world.poll(link, 1);
        world.answer(link, 1, 0);
        world.poll(link, 1);
    };
    assert_eq!(refused, PeerMisbehaved::TooMany("rounds of reconciliation"));
    assert_eq!(rounds, MAX_ROUNDS);
}

#[test]
fn no_frame_is_taken_while_much_waits_to_be_applied() {
    let (mut world, link, space) = pair(Role::Writer);
    let update = crate::replica::Doc::default().append(5, vec![7; 100 << 10]);
    let mut taken = 0;
    while world.links[link][1].session.is_ready_for_frame() {
        let docs = Frame::Docs { space, content: content("1", &update, None), missing: vec![] };
        world.inject(link, 1, &docs).unwrap();
        world.poll(link, 1);
        taken += update.len();
    }
    assert!(taken <= MAX_UNAPPLIED_BYTES + update.len());
    world.answer(link, 1, 0);
    assert!(world.links[link][1].session.is_ready_for_frame());
    world.settle();
    assert_eq!(world.links[link][1].closed, None);
}

#[test]
fn more_wants_than_the_window_allows_are_refused() {
    let (mut world, link, space) = pair(Role::Writer);
    world.links[link][1].window = 0;
    let want = |index: usize| WantEntry {
        document: DocHash([index as u8; 16]),
        generation: 0,
        state_vector: Default::default(),
        echo: false,
    };
    let documents: Vec<_> = (0..MAX_PEER_WANTS).map(want).collect();
    world.inject(link, 1, &Frame::Want { space, documents }).unwrap();
    // Answered by the host, but not yet read by the peer: they still count.
    world.settle();
    let one_more = Frame::Want { space, documents: vec![want(0)] };
    let expected = PeerMisbehaved::TooMany("documents wanted at once");
    assert_closes(&mut world, link, &one_more, expected);
}

#[test]
fn a_peer_that_asks_and_never_reads_is_closed_before_it_costs_much() {
    let (mut world, link, space) = pair(Role::Writer);
    world.links[link][1].window = 0;
    let mut refused = None;
    for round in 0..200_000u64 {
        // Summaries that differ, then the end of the run that follows, over and over.
        let frames = [
            Frame::Summary { space, count: 0, sum: [round as u8; 32] },
            Frame::Summary { space, count: 9, sum: [round as u8; 32] },
        ];
        let frame = &frames[usize::from(world.nodes[0].device > world.nodes[1].device)];
        let done = Frame::Done { space, moved: true, diverged: vec![], aside: vec![] };
        for frame in [frame, &done] {
            refused = refused.or(world.inject(link, 1, frame).err());
            world.poll(link, 1);
            world.answer(link, 1, 0);
            world.poll(link, 1);
        }
        if refused.is_some() {
            break;
        }
    }
    assert!(refused.is_some());
}

#[test]
fn chunks_beyond_the_announced_length_are_refused() {
    let (mut world, link, space) = pair(Role::Writer);
    let docs = Frame::Docs { space, content: content("1", b"xx", Some(5)), missing: vec![] };
    world.inject(link, 1, &docs).unwrap();
    let chunk = Frame::Chunk { space, content: Content::pack(vec![0; 4]) };
    let expected = PeerMisbehaved::TooMany("bytes in a chunk");
    assert_closes(&mut world, link, &chunk, expected);
}

#[test]
fn a_malformed_update_closes_the_connection_and_names_the_document() {
    let (mut world, link, space) = pair(Role::Writer);
    let before = world.nodes[0].replica.summary();
    let push = Frame::Push { space, content: content("7", &[0xff, 0xff], None) };
    world.inject(link, 1, &push).unwrap();
    world.settle();
    let end = &world.links[link][1];
    assert_eq!(end.closed, Some(CloseCode::Misbehaved));
    let reason = "not an update".to_owned();
    let expected = PeerMisbehaved::Update { document: doc(7), reason };
    assert_eq!(end.misbehaved, Some(expected));
    assert_eq!(world.nodes[0].replica.summary(), before);
}

#[test]
fn what_later_releases_add_is_skipped() {
    let (mut world, link, slot) = pair(Role::Writer);
    // A type of frame that does not exist yet, and a known one with a key that does not.
    let session = &mut world.links[link][1].session;
    session.handle_frame(&[0x19, 0x01, 0x00, 0xa1, 0x00, 0x82, 0x01, 0x61, b'x'], 0).unwrap();
    let mut ask = vec![0x02, 0xa2, 0x00];
    ask.extend_from_slice(&minicbor::to_vec(slot).unwrap());
    ask.extend_from_slice(&[0x18, 0x63, 0x81, 0xf6]);
    session.handle_frame(&ask, 0).unwrap();
    world.append(1, &doc(5), b"still fine");
    world.settle();
    world.assert_converged();
}

#[test]
fn duplicated_frames_harm_nobody() {
    let mut world = World::new(&[Role::Writer]);
    world.append(0, &doc(1), b"one");
    let link = world.connect(1, 0);
    world.settle();
    world.append(1, &doc(2), b"two");
    world.settle();
    let pushed = world.links[link][0].sent.last().unwrap().clone();
    for _ in 0..10 {
        world.links[link][1].session.handle_frame(&pushed, 0).unwrap();
    }
    let space = world.slot(link, 1);
    for frame in [
        Frame::Ask { space },
        Frame::Present { space, chain: vec![] },
        Frame::Open { space, role: 2, roster: [0; 16] },
    ] {
        world.inject(link, 1, &frame).unwrap();
    }
    world.settle();
    world.assert_converged();
    assert!(world.is_in_sync(link));
    let third = Frame::Present { space, chain: vec![] };
    world.inject(link, 1, &third).unwrap();
    assert_closes(&mut world, link, &third, PeerMisbehaved::TooMany("chains"));
}

#[test]
fn truncated_and_altered_frames_never_panic() {
    let mut dice = Dice::new(11);
    for _ in 0..400 {
        let mut world = World::new(&[[Role::Reader, Role::Writer][dice.roll(2)]]);
        for name in 0..20 {
            world.append(dice.roll(2), &doc(name), b"text");
        }
        let link = world.connect(dice.roll(2), 0);
        if world.links[link][0].node == 0 {
            world.links.clear();
            world.connect(0, 1);
        }
        for step in 0..40 {
            let side = dice.roll(2);
            world.poll(0, side);
            world.answer(0, side, 0);
            if dice.roll(6) == 0
                && let Some(frame) = world.links[0][side].inbox.front_mut()
                && !frame.is_empty()
            {
                let at = dice.roll(frame.len());
                match dice.roll(3) {
                    0 => frame[at] ^= 1 << dice.roll(8),
                    1 => frame.truncate(at),
                    _ => frame.insert(at, dice.roll(256) as u8),
                }
            }
            world.deliver(0, side);
            if step % 10 == 0 {
                world.append(side, &doc(step), b"more");
            }
        }
    }
}
