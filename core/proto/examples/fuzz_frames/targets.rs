//! The decoders, and valid input for each.

use std::cell::RefCell;

use coset::{CoseSign1, TaggedCborSerializable};
use dunlin_proto::{
    frame::{Content, Frame},
    session::Presence,
    trust::{Role, Roster, Ticket},
};
use ed25519_dalek::{Signer, SigningKey};

use crate::world::{Dice, NOW, World, doc, seed};

#[derive(Clone, Copy)]
pub(crate) enum Target {
    Frame,
    Statement,
    Ticket,
    Reconcile,
    Session,
}

/// Valid input, from sessions that say everything the protocol can say.
pub(crate) struct Corpus {
    frames: Vec<Vec<u8>>,
    statements: Vec<Vec<u8>>,
    tickets: Vec<String>,
    /// Worlds to start sessions in; the links of each are made afresh.
    worlds: RefCell<Vec<World>>,
}

impl Corpus {
    pub(crate) fn collect() -> Self {
        let mut joining = World::of_strangers(3);
        let invitation = joining.ticket(Role::Writer, 2, Some(NOW + 1));
        joining.join(1, &invitation);
        joining.join(2, &invitation);
        let mut tickets = vec![invitation.to_string()];
        tickets.push(joining.ticket(Role::Admin, 1, None).to_string());

        let filled = |role| {
            let mut world = World::new(&[role]);
            for name in 0..60 {
                world.append(name % 2, &doc(name / 2), format!("content of {name}").as_bytes());
            }
            world
        };
        let worlds = [joining, filled(Role::Writer), filled(Role::Reader)];
        let mut frames = Vec::new();
        let mut statements = Vec::new();
        for mut world in worlds {
            frames.extend(conversation(&mut world));
            let known = world.nodes[0].roster.statements();
            statements.extend(known.map(|statement| statement.bytes.to_vec()));
        }
        let worlds = vec![filled(Role::Writer), filled(Role::Reader)];
        Self { frames, statements, tickets, worlds: RefCell::new(worlds) }
    }
}

/// All frames of a catch-up, live edits and a slow peer.
fn conversation(world: &mut World) -> Vec<Vec<u8>> {
    let link = world.connect(1, 0);
    world.settle();
    world.links[link][1].window = 0;
    for edit in 0..400 {
        world.append(0, &doc(edit % 30), b"an edit that waits");
    }
    world.links[link][1].window = usize::MAX;
    world.append(1, &doc("live"), b"an edit");
    let presence = Presence { ttl_ms: 1000, state: r#"{"at":[1,2]}"#.into() };
    let space = world.space;
    world.links[link][1].session.set_presence(&space, Some(presence));
    world.settle();
    world.links.remove(link).into_iter().flat_map(|end| end.sent).collect()
}

impl Target {
    pub(crate) const ALL: [Self; 5] =
        [Self::Frame, Self::Statement, Self::Ticket, Self::Reconcile, Self::Session];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Frame => "frames",
            Self::Statement => "statements",
            Self::Ticket => "tickets",
            Self::Reconcile => "reconciliation messages",
            Self::Session => "sessions",
        }
    }

    /// Feeds one mutant; says whether the decoder took it.
    pub(crate) fn run(self, corpus: &Corpus, dice: &mut Dice) -> bool {
        match self {
            Self::Frame => read_frame(&mutate(&corpus.frames, dice)),
            Self::Statement => read_statement(corpus, dice),
            Self::Ticket => read_ticket(corpus, dice),
            Self::Reconcile => converse(corpus, dice, true),
            Self::Session => converse(corpus, dice, false),
        }
    }
}

fn read_frame(bytes: &[u8]) -> bool {
    let Ok(frame) = Frame::decode(bytes) else { return false };
    let Some(frame) = frame else { return true };
    if let Frame::Docs { content, .. } | Frame::Push { content, .. } = &frame {
        let unpacked = content.unpack();
        return unpacked.is_ok_and(|unpacked| Content::documents(&unpacked).is_ok());
    }
    // What was read can be written, and reads the same.
    assert_eq!(Frame::decode(&frame.encode()), Ok(Some(frame)));
    true
}

fn read_statement(corpus: &Corpus, dice: &mut Dice) -> bool {
    let original = dice.roll(corpus.statements.len());
    let worlds = corpus.worlds.borrow();
    let mut roster: Roster = worlds[dice.roll(2)].nodes[0].roster.clone();
    let mutant = if dice.roll(3) == 0 {
        mutate(&corpus.statements[original..=original], dice)
    } else {
        resign(&corpus.statements[original], dice)
    };
    let taken = roster.add(&mutant).is_ok();
    let chain = [corpus.statements[0].clone(), mutant];
    let _ = roster.admit(&chain, worlds[0].nodes[1].device, NOW);
    taken
}

/// A statement with altered claims and a proper signature, so that the claims are reached.
fn resign(statement: &[u8], dice: &mut Dice) -> Vec<u8> {
    let Ok(mut signed) = CoseSign1::from_tagged_slice(statement) else { return Vec::new() };
    let payload = mutate(&[signed.payload.take().unwrap_or_default()], dice);
    // The founder, the space itself, or somebody else.
    let seed = [seed(0), [99; 32], seed(1)][dice.roll(3)];
    let key = SigningKey::from_bytes(&seed);
    signed.payload = Some(payload);
    let bytes = signed.tbs_data(b"dunlin statement v1");
    signed.signature = key.sign(&bytes).to_bytes().to_vec();
    signed.to_tagged_vec().unwrap_or_default()
}

fn read_ticket(corpus: &Corpus, dice: &mut Dice) -> bool {
    let line = &corpus.tickets[dice.roll(corpus.tickets.len())];
    if dice.roll(2) == 0 {
        let mutant = mutate(&[line.clone().into_bytes()], dice);
        return String::from_utf8_lossy(&mutant).parse::<Ticket>().is_ok();
    }
    // With length and checksum made right again, so that the content is reached.
    use data_encoding::BASE32_NOPAD;
    let bytes = BASE32_NOPAD.decode(line[7..].to_ascii_uppercase().as_bytes());
    let bytes = bytes.unwrap_or_default();
    let content = mutate(&[bytes[2..bytes.len() - 6].to_vec()], dice);
    let mut sealed = (content.len() as u16).to_be_bytes().to_vec();
    sealed.extend_from_slice(&content);
    sealed.extend_from_slice(&blake3::derive_key("dunlin 2026 ticket checksum v1", &content)[..6]);
    format!("dunlin1{}", BASE32_NOPAD.encode(&sealed)).parse::<Ticket>().is_ok()
}

/// Runs two sessions and alters frames on their way: any, or reconciliation messages only.
fn converse(corpus: &Corpus, dice: &mut Dice, reconciliation: bool) -> bool {
    let mut worlds = corpus.worlds.borrow_mut();
    let pick = dice.roll(worlds.len());
    let world = &mut worlds[pick];
    world.links.clear();
    let replicas = [world.nodes[0].replica.clone(), world.nodes[1].replica.clone()];
    let dialer = dice.roll(2);
    let link = world.connect(dialer, 1 - dialer);
    let skip = if reconciliation { dice.roll(3) } else { dice.roll(14) };
    let mut seen = 0;
    let mut taken = false;
    for _ in 0..40 {
        for side in 0..2 {
            world.poll(link, side);
            world.answer(link, side, 0);
            let inbox = &mut world.links[link][side].inbox;
            let is_target =
                inbox.front().is_some_and(|frame| !reconciliation || frame.first() == Some(&8));
            if is_target {
                seen += 1;
                if seen == skip + 1 {
                    let original = inbox.pop_front().unwrap_or_default();
                    let mutant = if reconciliation {
                        alter_message(&original, dice)
                    } else {
                        mutate(&[original], dice)
                    };
                    inbox.push_front(mutant);
                    world.deliver(link, side);
                    taken = world.links[link][side].misbehaved.is_none();
                    continue;
                }
            }
            world.deliver(link, side);
        }
        check_bounds(world, link);
    }
    for (node, replica) in world.nodes.iter_mut().zip(replicas) {
        node.replica = replica;
    }
    taken
}

fn alter_message(frame: &[u8], dice: &mut Dice) -> Vec<u8> {
    match Frame::decode(frame) {
        Ok(Some(Frame::Reconcile { space, message })) => {
            Frame::Reconcile { space, message: mutate(&[message], dice) }.encode()
        }
        _ => frame.to_vec(),
    }
}

fn check_bounds(world: &World, link: usize) {
    for end in &world.links[link] {
        assert!(end.pending.len() < 100 && end.told.len() < 500 && end.sent.len() < 500);
        assert!(end.sent.iter().map(Vec::len).sum::<usize>() < 4 << 20);
    }
}

/// One valid input with a few things changed.
fn mutate(corpus: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = corpus[dice.roll(corpus.len())].clone();
    for _ in 0..=dice.roll(2) {
        if bytes.is_empty() {
            return bytes;
        }
        let at = dice.roll(bytes.len());
        match dice.roll(9) {
            0 | 1 => bytes[at] ^= 1 << dice.roll(8),
            2 => bytes[at] = dice.roll(256) as u8,
            3 => bytes.truncate(at),
            4 => bytes.insert(at, dice.roll(256) as u8),
            5 => {
                let end = (at + 1 + dice.roll(8)).min(bytes.len());
                bytes.drain(at..end);
            }
            // Heads of long items, of indefinite ones, and of deep nesting.
            6 => {
                let heads: [&[u8]; 8] = [
                    &[0x9a, 0xff, 0xff, 0xff, 0xff],
                    &[0xba, 0x7f, 0xff, 0xff, 0xff],
                    &[0x5b, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff],
                    &[0x9f],
                    &[0xbf],
                    &[0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
                    &[0x81; 64],
                    &[0xc1; 64],
                ];
                let head = heads[dice.roll(heads.len())];
                bytes.splice(at..at + 1, head.iter().copied());
            }
            7 => {
                let other = &corpus[dice.roll(corpus.len())];
                let from = dice.roll(other.len().max(1)).min(other.len());
                let to = (from + dice.roll(64)).min(other.len());
                bytes.splice(at..at, other[from..to].iter().copied());
            }
            _ => {
                let end = (at + dice.roll(32)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
        }
    }
    bytes
}
