//! What a device is about at the moment: the last word arrives, and documents go before chatter.

use dunlin_proto::{
    error::{FrameError, PeerMisbehaved},
    frame::Frame,
    limits::{MAX_PRESENCE_BYTES, MAX_PRESENCE_MS},
    session::{Effect, Presence},
    trust::Role,
};

use crate::world::{World, doc};

const PRESENCE: u8 = 16;

fn about(state: impl ToString) -> Presence {
    Presence { ttl_ms: 30_000, state: state.to_string().into() }
}

/// What this end has been told of its peer's presence.
fn told(world: &World, link: usize, side: usize) -> Vec<Option<Presence>> {
    let told = world.links[link][side].told.iter().filter_map(|effect| match effect {
        Effect::Presence { presence, .. } => Some(presence.clone()),
        _ => None,
    });
    told.collect()
}

fn set(world: &mut World, link: usize, side: usize, presence: Option<Presence>) {
    let space = world.space;
    world.links[link][side].session.set_presence(&space, presence);
}

#[test]
fn a_reader_too_says_what_it_is_about_and_takes_it_back() {
    let mut world = World::new(&[Role::Reader]);
    let link = world.connect(1, 0);
    world.settle();
    set(&mut world, link, 0, Some(about(1)));
    world.settle();
    set(&mut world, link, 0, None);
    world.settle();
    assert_eq!(told(&world, link, 1), [Some(about(1)), None]);
}

#[test]
fn of_what_a_slow_peer_was_not_told_only_the_last_word_counts() {
    let mut world = World::new(&[Role::Writer]);
    let link = world.connect(1, 0);
    world.settle();
    world.links[link][0].window = 0;
    for number in 0..1000 {
        set(&mut world, link, 0, Some(about(number)));
        world.settle();
    }
    world.links[link][0].window = usize::MAX;
    world.settle();
    assert_eq!(told(&world, link, 1), [Some(about(999))]);
}

#[test]
fn what_nobody_was_told_is_not_taken_back() {
    let mut world = World::new(&[Role::Writer]);
    let link = world.connect(1, 0);
    world.settle();
    set(&mut world, link, 0, None);
    world.links[link][0].window = 0;
    set(&mut world, link, 0, Some(about(1)));
    set(&mut world, link, 0, None);
    world.links[link][0].window = usize::MAX;
    world.settle();
    assert_eq!(told(&world, link, 1), []);
}

#[test]
fn chatter_does_not_keep_documents_waiting() {
    let mut world = World::new(&[Role::Writer]);
    let link = world.connect(1, 0);
    world.settle();
    let before = world.links[link][0].sent.len();
    for number in 0..50 {
        world.append(1, &doc(number), b"an edit");
        // Something new to say before each frame.
        set(&mut world, link, 0, Some(about(number)));
        let end = &mut world.links[link][0];
        if let Some(Effect::Send(frame)) = end.session.poll_effect(true) {
            end.sent.push(frame.clone());
            world.links[link][1].inbox.push_back(frame);
        }
    }
    let sent = &world.links[link][0].sent[before..];
    let chatter = sent.iter().filter(|frame| frame[0] == PRESENCE).count();
    assert_eq!((sent.len(), chatter), (50, 25));
    world.settle();
    world.assert_converged();
}

#[test]
fn a_stranger_and_one_who_says_too_much_are_closed() {
    let oversized = "1".repeat(MAX_PRESENCE_BYTES + 1);
    let mut world = World::new(&[Role::Writer]);
    let link = world.connect(1, 0);
    world.settle();
    let space = world.slot(link, 1);
    let most =
        Frame::Presence { space, ttl_ms: MAX_PRESENCE_MS, state: "1".repeat(MAX_PRESENCE_BYTES) };
    assert_eq!(world.inject(link, 1, &most), Ok(()));
    let refused = Err(PeerMisbehaved::Frame(FrameError::Malformed { kind: PRESENCE.into() }));
    let long = Frame::Presence { space, ttl_ms: 1, state: oversized };
    assert_eq!(world.inject(link, 1, &long), refused);

    let mut world = World::new(&[Role::Writer]);
    let link = world.connect(1, 0);
    world.settle();
    let for_ever = Frame::Presence { space, ttl_ms: MAX_PRESENCE_MS + 1, state: "1".into() };
    assert_eq!(world.inject(link, 1, &for_ever), refused);

    let mut world = World::of_strangers(2);
    let link = world.connect(1, 0);
    world.settle();
    let early = Frame::Presence { space: 0, ttl_ms: 1, state: "1".into() };
    assert!(matches!(
        world.inject(link, 1, &early),
        Err(PeerMisbehaved::Unauthorised | PeerMisbehaved::UnknownSpace)
    ));
}
