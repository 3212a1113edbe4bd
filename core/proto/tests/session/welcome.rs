//! Who is let in, and who is not.

use dunlin_proto::{
    error::{CloseCode, RefuseCode},
    frame::{Frame, REVISION},
    limits::{ANSWER_MS, INTRODUCTION_MS, MAX_FRAME_BYTES, MAX_HELLO_BYTES, TAG_SLOTS},
    session::{Effect, Session, SpaceAccess},
    trust::Role,
};

use crate::world::{NOW, World, doc, profile, seed};

const HOUR: i64 = 3_600_000;

fn refusals(world: &World, link: usize, side: usize) -> Vec<(bool, RefuseCode)> {
    let told = world.links[link][side].told.iter().filter_map(|effect| match effect {
        Effect::Refused { code, .. } => Some((true, *code)),
        Effect::Denied { code, .. } => Some((false, *code)),
        _ => None,
    });
    told.collect()
}

#[test]
fn a_ticket_holder_is_admitted_by_any_member_and_becomes_known_to_all() {
    let mut world = World::of_strangers(3);
    let ticket = world.ticket(Role::Writer, 2, Some(NOW + HOUR));
    world.join(1, &ticket);
    world.join(2, &ticket);
    world.append(0, &doc(1), b"from the founder");
    world.append(2, &doc(2), b"from the newcomer");
    // The first newcomer meets the founder, the second one only the first.
    world.connect(1, 0);
    world.settle();
    assert_eq!(world.nodes[0].roster.role(world.nodes[1].device), Some(Role::Writer));
    world.connect(2, 1);
    world.settle();
    world.assert_converged();
    assert_eq!(world.nodes[0].roster.members().count(), 3);
    for node in &world.nodes {
        assert_eq!(node.roster.fingerprint(), world.nodes[0].roster.fingerprint());
    }
    for link in 0..2 {
        assert!(world.is_in_sync(link));
    }
    let opened =
        Effect::Opened { space: world.space, peer_role: Role::Admin, our_role: Role::Writer };
    assert!(world.links[0][0].told.contains(&opened));
}

#[test]
fn two_newcomers_who_know_nobody_admit_each_other() {
    let mut world = World::of_strangers(3);
    let ticket = world.ticket(Role::Writer, 2, None);
    world.join(1, &ticket);
    world.join(2, &ticket);
    world.append(1, &doc(1), b"one");
    world.append(2, &doc(2), b"two");
    let link = world.connect(1, 2);
    world.settle();
    assert!(world.is_in_sync(link));
    assert_eq!(world.nodes[1].replica.docs, world.nodes[2].replica.docs);
    assert_eq!(world.nodes[1].replica.docs.len(), 2);
}

#[test]
fn members_do_not_send_their_chains_again() {
    let mut world = World::of_strangers(2);
    let ticket = world.ticket(Role::Writer, 1, None);
    world.join(1, &ticket);
    world.connect(1, 0);
    world.settle();
    world.links.clear();
    let link = world.connect(0, 1);
    world.settle();
    assert!(world.is_in_sync(link));
    let kinds: Vec<Vec<u8>> = world.links[link]
        .iter()
        .map(|end| end.sent.iter().map(|frame| frame[0]).collect())
        .collect();
    // Hello, Open, Summary: nothing else.
    assert_eq!(kinds, [[1, 4, 7], [1, 4, 7]]);
}

#[test]
fn rosters_are_exchanged_before_documents() {
    let mut world = World::new(&[Role::Writer]);
    // Each side has heard of a member that the other has not.
    let ours = world.nodes[0].roster.clone();
    for (node, other) in [(0, 70), (1, 71)] {
        let mut roster = ours.clone();
        let device = dunlin_proto::trust::device_of(&[other; 32]);
        roster.grant(&seed(0), device, Role::Reader, &profile("other"), NOW).unwrap();
        world.nodes[node].roster = roster;
    }
    world.append(0, &doc(1), b"document");
    let link = world.connect(0, 1);
    world.settle();
    world.assert_converged();
    assert_eq!(world.nodes[0].roster.fingerprint(), world.nodes[1].roster.fingerprint());
    assert_eq!(world.nodes[0].roster.members().count(), 4);
    for end in &world.links[link] {
        let kinds: Vec<u8> = end.sent.iter().map(|frame| frame[0]).collect();
        let statements = kinds.iter().position(|kind| *kind == 6).unwrap();
        let documents = kinds.iter().position(|kind| (8..=14).contains(kind));
        assert!(documents.is_none_or(|documents| documents > statements), "{kinds:?}");
    }
    // Both granted at the same place of the founder's chain: visible.
    assert_eq!(world.nodes[1].roster.forks().len(), 1);
}

#[test]
fn a_statement_made_later_reaches_all_connected_members() {
    let mut world = World::new(&[Role::Writer, Role::Writer]);
    world.connect(0, 1);
    world.connect(1, 2);
    world.settle();
    let device = dunlin_proto::trust::device_of(&[70; 32]);
    let mut roster = world.nodes[0].roster.clone();
    let statement = roster.grant(&seed(0), device, Role::Reader, &profile("x"), NOW).unwrap();
    world.state(0, &statement);
    world.settle();
    assert_eq!(world.nodes[2].roster.role(device), Some(Role::Reader));
}

#[test]
fn a_reader_that_becomes_a_writer_hands_over_what_it_had_kept() {
    let mut world = World::new(&[Role::Reader]);
    let link = world.connect(1, 0);
    world.append(1, &doc("kept"), b"mine");
    world.settle();
    assert!(world.nodes[0].replica.docs.is_empty());
    let mut roster = world.nodes[0].roster.clone();
    let device = world.nodes[1].device;
    let statement = roster.grant(&seed(0), device, Role::Writer, &profile("x"), NOW).unwrap();
    world.state(0, &statement);
    world.settle();
    world.assert_converged();
    world.append(1, &doc("kept"), b"live");
    world.settle();
    world.assert_converged();
    assert!(world.is_in_sync(link));
}

#[test]
fn an_expired_invitation_admits_nobody_and_both_sides_can_say_why() {
    let mut world = World::of_strangers(2);
    let ticket = world.ticket(Role::Writer, 1, Some(NOW + HOUR));
    world.join(1, &ticket);
    world.append(0, &doc(1), b"secret");
    world.nodes[0].wall_ms = NOW + 2 * HOUR;
    let link = world.connect(1, 0);
    world.settle();
    assert_eq!(refusals(&world, link, 0), [(true, RefuseCode::Expired)]);
    assert_eq!(refusals(&world, link, 1), [(false, RefuseCode::Expired)]);
    assert_eq!(world.links[link][0].closed, Some(CloseCode::Stranger));
    assert!(world.nodes[1].replica.docs.is_empty());
    assert_eq!(world.nodes[0].roster.members().count(), 1);
}

#[test]
fn time_passes_during_a_session_too() {
    let mut world = World::of_strangers(2);
    let ticket = world.ticket(Role::Writer, 1, Some(NOW + HOUR));
    world.join(1, &ticket);
    let link = world.connect(1, 0);
    world.now += HOUR as u64 + 1;
    world.settle();
    assert_eq!(refusals(&world, link, 1), [(false, RefuseCode::Expired)]);
}

#[test]
fn a_used_up_invitation_admits_nobody_more() {
    let mut world = World::of_strangers(3);
    let ticket = world.ticket(Role::Writer, 1, None);
    world.join(1, &ticket);
    world.join(2, &ticket);
    world.connect(1, 0);
    world.settle();
    let link = world.connect(2, 0);
    world.settle();
    assert_eq!(refusals(&world, link, 0), [(true, RefuseCode::UsedUp)]);
    assert_eq!(world.links[link][0].closed, Some(CloseCode::Stranger));
    assert_eq!(world.nodes[0].roster.members().count(), 2);
}

#[test]
fn a_stranger_gets_a_closed_connection_and_not_one_byte() {
    let mut world = World::new(&[Role::Writer]);
    world.nodes[1].secrets = vec![[1; 32]];
    world.append(0, &doc(1), b"secret");
    let link = world.connect(1, 0);
    world.settle();
    let acceptor = &world.links[link][1];
    assert_eq!(acceptor.closed, Some(CloseCode::Stranger));
    assert!(acceptor.sent.is_empty());
    assert!(acceptor.told.is_empty() && acceptor.pending.is_empty());
    assert_eq!(world.links[link][0].sent.len(), 1);
}

#[test]
fn who_knows_the_secret_but_is_no_member_is_refused() {
    let mut world = World::of_strangers(2);
    world.append(0, &doc(1), b"secret");
    let link = world.connect(1, 0);
    world.settle();
    assert_eq!(refusals(&world, link, 1), [(false, RefuseCode::NotAMember)]);
    assert_eq!(world.links[link][0].closed, Some(CloseCode::Stranger));
    let kinds: Vec<u8> = world.links[link][1].sent.iter().map(|frame| frame[0]).collect();
    // Hello, Ask, our own chain, Refuse: no Open, no Summary, no document.
    assert_eq!(kinds, [1, 2, 3, 15]);
}

#[test]
fn a_secret_of_an_earlier_epoch_still_introduces() {
    let mut world = World::new(&[Role::Writer]);
    world.nodes[0].secrets = vec![[3; 32], [2; 32], [1; 32]];
    world.nodes[1].secrets = vec![[1; 32]];
    world.append(0, &doc(1), b"document");
    let link = world.connect(1, 0);
    world.settle();
    world.assert_converged();
    assert!(world.is_in_sync(link));
}

#[test]
fn a_hello_hides_how_many_secrets_it_holds() {
    let world = World::new(&[Role::Writer]);
    let roster = &world.nodes[0].roster;
    let mut lengths = Vec::new();
    for secrets in [0, 1, TAG_SLOTS, TAG_SLOTS + 1, 1000] {
        let mut config = world.config(0, 1, true, [5; 32]);
        let secrets = (0..secrets).map(|index| [index as u8; 32]).collect();
        config.spaces = vec![SpaceAccess { roster: roster.clone(), secrets }];
        let Some(Effect::Send(hello)) = Session::new(config, 0).poll_effect(true) else {
            panic!("a dialer says hello");
        };
        assert!(hello.len() <= MAX_HELLO_BYTES);
        lengths.push(hello.len());
    }
    assert!(lengths[0] == lengths[1] && lengths[1] == lengths[2]);
    assert!(lengths[3] > lengths[2] && lengths[4] > lengths[3]);
}

#[test]
fn tags_are_of_no_use_on_another_connection() {
    let world = World::new(&[Role::Writer]);
    let hello = |exporter| {
        let mut dialer = Session::new(world.config(1, 0, true, exporter), 0);
        match dialer.poll_effect(true) {
            Some(Effect::Send(hello)) => hello,
            other => panic!("{other:?}"),
        }
    };
    for (exporter, welcome) in [([5; 32], true), ([6; 32], false)] {
        let mut acceptor = Session::new(world.config(0, 1, false, [5; 32]), 0);
        acceptor.handle_frame(&hello(exporter), 0).unwrap();
        assert_eq!(acceptor.status(&world.space).is_some(), welcome);
    }
    // Nor can a hello be thrown back at its sender.
    let mut dialer = Session::new(world.config(0, 1, true, [5; 32]), 0);
    let Some(Effect::Send(own)) = dialer.poll_effect(true) else { panic!() };
    dialer.handle_frame(&own, 0).unwrap();
    assert_eq!(dialer.status(&world.space), None);
}

#[test]
fn revisions_that_do_not_overlap_part_with_a_reason() {
    let mut world = World::new(&[Role::Writer]);
    for (revision, oldest, fits) in [
        (REVISION, REVISION, true),
        (REVISION + 5, REVISION, true),
        (REVISION + 5, REVISION + 1, false),
        (0, 0, false),
    ] {
        world.links.clear();
        let link = world.connect(1, 0);
        world.poll(link, 0);
        let sent = world.links[link][0].sent[0].clone();
        let Ok(Some(Frame::Hello { tags, .. })) = Frame::decode(&sent) else { panic!() };
        world.inject(link, 1, &Frame::Hello { revision, oldest, tags }).unwrap();
        world.poll(link, 1);
        let expected = if fits { None } else { Some(CloseCode::Version) };
        assert_eq!(world.links[link][1].closed, expected);
    }
}

#[test]
fn who_does_not_introduce_itself_in_time_is_closed() {
    let mut world = World::new(&[Role::Writer]);
    let link = world.connect(1, 0);
    let start = world.now;
    let acceptor = &mut world.links[link][1].session;
    assert_eq!(acceptor.next_timeout(), Some(start + INTRODUCTION_MS));
    assert_eq!(acceptor.max_frame_bytes(), MAX_HELLO_BYTES);
    acceptor.handle_timeout(start + INTRODUCTION_MS - 1);
    assert_eq!(acceptor.poll_effect(true), None);
    acceptor.handle_timeout(start + INTRODUCTION_MS);
    let closed = acceptor.poll_effect(true);
    assert!(matches!(closed, Some(Effect::Close { code: CloseCode::Timeout, .. })));
    assert_eq!(acceptor.next_timeout(), None);
}

#[test]
fn a_peer_that_owes_an_answer_is_closed_and_an_idle_one_is_not() {
    let mut world = World::new(&[Role::Writer]);
    let link = world.connect(1, 0);
    world.settle();
    assert_eq!(world.links[link][0].session.next_timeout(), None);
    assert_eq!(world.links[link][0].session.max_frame_bytes(), MAX_FRAME_BYTES);
    let space = world.space;
    world.now += 1_000_000;
    world.links[link][0].session.reconcile(&space);
    world.poll(link, 0);
    world.answer(link, 0, 0);
    world.poll(link, 0);
    let due = world.now + ANSWER_MS;
    let waiting = &mut world.links[link][0].session;
    assert_eq!(waiting.next_timeout(), Some(due));
    waiting.handle_timeout(due);
    let closed = waiting.poll_effect(true);
    assert!(matches!(closed, Some(Effect::Close { code: CloseCode::Timeout, .. })));
}
