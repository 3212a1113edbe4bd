//! Nodes with replicas, links with sessions, and a schedule that decides what happens next.

use std::collections::{BTreeMap, VecDeque};

use dunlin_model::{DeviceId, DeviceKind, DocId, SpaceId, StateVector};
use dunlin_proto::{
    error::{CloseCode, PeerMisbehaved},
    frame::Frame,
    session::{Config, Effect, Session, SpaceAccess},
    trust::{Profile, Role, Roster, Ticket, create_space, device_of},
};

use crate::replica::Replica;

pub(crate) const NOW: i64 = 1_790_000_000_000;
pub(crate) const SECRET: [u8; 32] = [77; 32];

pub(crate) fn doc(name: impl ToString) -> DocId {
    DocId::parse("tasks", &name.to_string()).unwrap()
}

pub(crate) fn profile(name: &str) -> Profile {
    Profile { name: name.to_owned(), kind: DeviceKind::Human }
}

pub(crate) fn seed(node: usize) -> [u8; 32] {
    [node as u8 + 1; 32]
}

/// A small generator, so that a schedule is its seed.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % sides
    }
}

pub(crate) struct Node {
    pub(crate) seed: [u8; 32],
    pub(crate) device: DeviceId,
    pub(crate) replica: Replica,
    pub(crate) roster: Roster,
    pub(crate) secrets: Vec<[u8; 32]>,
    pub(crate) wall_ms: i64,
    /// Never re-used: a restart draws the next one.
    pub(crate) writer: u64,
}

pub(crate) struct End {
    pub(crate) node: usize,
    pub(crate) session: Session,
    pub(crate) inbox: VecDeque<Vec<u8>>,
    /// Effects that wait for the host's answer.
    pub(crate) pending: VecDeque<Effect>,
    /// Effects that tell something, in order.
    pub(crate) told: Vec<Effect>,
    /// All frames that this end sent.
    pub(crate) sent: Vec<Vec<u8>>,
    /// How many unread frames the other end holds for this one at most.
    pub(crate) window: usize,
    pub(crate) closed: Option<CloseCode>,
    pub(crate) misbehaved: Option<PeerMisbehaved>,
    pub(crate) applied: usize,
}

pub(crate) struct World {
    pub(crate) space: SpaceId,
    pub(crate) nodes: Vec<Node>,
    pub(crate) links: Vec<[End; 2]>,
    pub(crate) now: u64,
    connections: u64,
    /// What the author of each operation had: document, writer, and the clock after it.
    causes: BTreeMap<(DocId, u64, u32), StateVector>,
}

impl World {
    /// Node 0 founds the space; the others are members with these roles, known to all.
    pub(crate) fn new(roles: &[Role]) -> Self {
        let mut world = Self::of_strangers(roles.len() + 1);
        let mut roster = world.nodes[0].roster.clone();
        for (index, role) in roles.iter().enumerate() {
            let device = world.nodes[index + 1].device;
            roster.grant(&seed(0), device, *role, &profile("member"), NOW).unwrap();
        }
        for node in &mut world.nodes {
            node.roster = roster.clone();
        }
        world
    }

    /// Node 0 founds a space; the others know its secret and nothing else.
    pub(crate) fn of_strangers(count: usize) -> Self {
        let founder = device_of(&seed(0));
        let roster = create_space(&[99; 32], "space", founder, &profile("founder"), NOW).unwrap();
        let nodes = (0..count).map(|index| Node {
            seed: seed(index),
            device: device_of(&seed(index)),
            replica: Replica::default(),
            roster: if index == 0 { roster.clone() } else { Roster::new(roster.space()) },
            secrets: vec![SECRET],
            wall_ms: NOW,
            writer: 1000 + index as u64,
        });
        Self {
            space: roster.space(),
            nodes: nodes.collect(),
            links: Vec::new(),
            now: 1_000_000,
            connections: 0,
            causes: BTreeMap::new(),
        }
    }

    pub(crate) fn ticket(&mut self, role: Role, uses: u32, expires: Option<i64>) -> Ticket {
        let key = [200 + self.nodes[0].roster.len() as u8; 32];
        let roster = &mut self.nodes[0].roster;
        let (invitation, _) = roster.invite(&seed(0), &key, role, uses, expires, NOW).unwrap();
        Ticket::new(roster, invitation, &key, &SECRET, vec![]).unwrap()
    }

    pub(crate) fn join(&mut self, node: usize, ticket: &Ticket) {
        let joined = ticket.join(&seed(node), &profile("joined"), NOW).unwrap();
        self.nodes[node].roster = joined.roster;
    }

    /// Connects two nodes; the first dials. Returns the link.
    pub(crate) fn connect(&mut self, dialer: usize, acceptor: usize) -> usize {
        self.connections += 1;
        let exporter = *blake3::hash(&self.connections.to_le_bytes()).as_bytes();
        let end = |node: usize, other: usize| End {
            node,
            session: Session::new(self.config(node, other, node == dialer, exporter), self.now),
            inbox: VecDeque::new(),
            pending: VecDeque::new(),
            told: Vec::new(),
            sent: Vec::new(),
            window: usize::MAX,
            closed: None,
            misbehaved: None,
            applied: 0,
        };
        let ends = [end(dialer, acceptor), end(acceptor, dialer)];
        self.links.push(ends);
        self.links.len() - 1
    }

    pub(crate) fn config(
        &self,
        node: usize,
        other: usize,
        dialer: bool,
        exporter: [u8; 32],
    ) -> Config {
        let node = &self.nodes[node];
        Config {
            local: node.device,
            peer: self.nodes[other].device,
            dialer,
            exporter,
            random: [node.seed[0] ^ exporter[0]; 32],
            wall_clock_ms: node.wall_ms,
            spaces: vec![SpaceAccess {
                roster: node.roster.clone(),
                secrets: node.secrets.clone(),
            }],
        }
    }

    pub(crate) fn append(&mut self, node: usize, doc: &DocId, operation: &[u8]) {
        let Node { replica, writer, .. } = &mut self.nodes[node];
        let before = replica.held(doc.hash()).state_vector;
        let update = replica.append(doc, *writer, operation);
        let clock = replica.docs[doc].clock(*writer);
        self.causes.insert((doc.clone(), *writer, clock), before);
        self.spread(node, usize::MAX, &[update]);
    }

    /// Appends to several documents as one.
    pub(crate) fn append_together(&mut self, node: usize, docs: &[DocId], operation: &[u8]) {
        let Node { replica, writer, .. } = &mut self.nodes[node];
        let append = |doc| replica.append(doc, *writer, operation);
        let updates: Vec<_> = docs.iter().map(append).collect();
        self.spread(node, usize::MAX, &updates);
    }

    /// Whoever holds an operation must hold all that its author had.
    fn assert_causes_are_held(&self, node: usize, doc: &DocId) {
        let Some(document) = self.nodes[node].replica.docs.get(doc) else { return };
        let held = document.state_vector();
        let first = (doc.clone(), 0, 0);
        let known = self.causes.range(first..).take_while(|((of, ..), _)| of == doc);
        for ((_, writer, clock), before) in known {
            if *clock <= document.clock(*writer) {
                assert!(
                    held.covers_all(before),
                    "{node} holds {writer}:{clock} without its causes"
                );
            }
        }
    }

    pub(crate) fn delete(&mut self, node: usize, doc: &DocId) {
        if let Some(update) = self.nodes[node].replica.delete(doc) {
            self.spread(node, usize::MAX, &[update]);
        }
    }

    /// Adds statements at a node as if made there.
    pub(crate) fn state(&mut self, node: usize, statement: &std::sync::Arc<[u8]>) {
        self.nodes[node].roster.add(statement).unwrap();
        let statements = [statement.clone()];
        let space = self.space;
        for end in self.ends_of(node, usize::MAX) {
            end.session.statements_added(&space, &statements);
        }
    }

    /// Runs until nothing is left to do.
    pub(crate) fn settle(&mut self) {
        for _ in 0..2_000_000 {
            let mut progress = false;
            for link in 0..self.links.len() {
                for side in 0..2 {
                    progress |= self.poll(link, side);
                    progress |= self.answer(link, side, 0);
                    progress |= self.deliver(link, side);
                }
            }
            if !progress {
                return;
            }
        }
        panic!("no end in sight");
    }

    /// Takes effects until there are none.
    pub(crate) fn poll(&mut self, link: usize, side: usize) -> bool {
        let mut progress = false;
        loop {
            let unread = self.links[link][1 - side].inbox.len();
            let end = &mut self.links[link][side];
            let Some(effect) = end.session.poll_effect(unread < end.window) else { break };
            progress = true;
            match effect {
                Effect::Send(frame) => {
                    end.session.frame_written(self.now);
                    end.sent.push(frame.clone());
                    self.links[link][1 - side].inbox.push_back(frame);
                }
                Effect::Close { code, .. } => {
                    end.closed = Some(code);
                }
                Effect::Statements { space, statements } => {
                    let node = end.node;
                    for bytes in &statements {
                        self.nodes[node].roster.add(bytes).unwrap();
                    }
                    for end in self.ends_of(node, link) {
                        end.session.statements_added(&space, &statements);
                    }
                }
                Effect::NeedSummary { .. }
                | Effect::NeedItems { .. }
                | Effect::NeedVectors { .. }
                | Effect::NeedDiffs { .. }
                | Effect::Apply { .. } => end.pending.push_back(effect),
                told => end.told.push(told),
            }
        }
        progress
    }

    /// Answers one effect; applies only in their order.
    pub(crate) fn answer(&mut self, link: usize, side: usize, pick: usize) -> bool {
        let end = &mut self.links[link][side];
        if end.pending.is_empty() {
            return false;
        }
        let mut pick = pick % end.pending.len();
        if matches!(end.pending[pick], Effect::Apply { .. }) {
            let is_apply = |effect: &Effect| matches!(effect, Effect::Apply { .. });
            pick = end.pending.iter().position(is_apply).unwrap();
        }
        let effect = end.pending.remove(pick).unwrap();
        let Node { replica, .. } = &mut self.nodes[end.node];
        match effect {
            Effect::NeedSummary { space } => end.session.handle_summary(&space, replica.summary()),
            Effect::NeedItems { space } => {
                let result = end.session.handle_items(&space, replica.items());
                end.misbehaved = result.err().or(end.misbehaved.take());
            }
            Effect::NeedVectors { space, documents } => {
                let held = documents.iter().map(|document| replica.held(*document)).collect();
                end.session.handle_vectors(&space, held);
            }
            Effect::NeedDiffs { space, wants, budget } => {
                let mut bytes = 0;
                let mut diffs = Vec::new();
                for want in &wants {
                    let diff = replica.diff(want);
                    bytes += diff.as_ref().map_or(0, |diff| diff.update.len());
                    diffs.push(diff);
                    if bytes > budget {
                        break;
                    }
                }
                end.session.handle_diffs(&space, diffs);
            }
            Effect::Apply { space, updates, unit, .. } => {
                end.applied += updates.len();
                let (outcomes, changed) = match unit {
                    true => replica.apply_together(&updates),
                    false => replica.apply_each(&updates),
                };
                let result = end.session.handle_applied(&space, outcomes);
                end.misbehaved = result.err().or(end.misbehaved.take());
                let node = end.node;
                for update in &changed {
                    self.assert_causes_are_held(node, &update.doc);
                }
                if unit && !changed.is_empty() {
                    self.spread(node, link, &changed);
                } else {
                    changed.iter().for_each(|it| self.spread(node, link, std::slice::from_ref(it)));
                }
            }
            other => panic!("no answer to {other:?}"),
        }
        true
    }

    pub(crate) fn deliver(&mut self, link: usize, side: usize) -> bool {
        let end = &mut self.links[link][side];
        if end.closed.is_some() || !end.session.is_ready_for_frame() {
            return false;
        }
        let Some(frame) = end.inbox.pop_front() else { return false };
        let result = end.session.handle_frame(&frame, self.now);
        end.misbehaved = result.err().or(end.misbehaved.take());
        true
    }

    /// Hands a frame to one end as if the other had sent it.
    pub(crate) fn inject(
        &mut self,
        link: usize,
        side: usize,
        frame: &Frame,
    ) -> Result<(), PeerMisbehaved> {
        self.links[link][side].session.handle_frame(&frame.encode(), self.now)
    }

    /// The number by which this end knows the space, as the other end uses it.
    pub(crate) fn slot(&self, link: usize, side: usize) -> u16 {
        let frames = self.links[link][1 - side].sent.iter();
        let mut slots = frames.filter_map(|frame| match Frame::decode(frame).unwrap()? {
            Frame::Ask { space } | Frame::Open { space, .. } => Some(space),
            _ => None,
        });
        slots.next_back().unwrap()
    }

    pub(crate) fn bytes_sent(&self, link: usize) -> usize {
        // With the length prefix of the carrier.
        self.links[link].iter().flat_map(|end| &end.sent).map(|frame| frame.len() + 4).sum()
    }

    pub(crate) fn is_in_sync(&self, link: usize) -> bool {
        let space = &self.space;
        self.links[link]
            .iter()
            .all(|end| end.session.status(space).is_some_and(|status| status.in_sync))
    }

    pub(crate) fn assert_converged(&self) {
        let docs = &self.nodes[0].replica.docs;
        for node in &self.nodes[1..] {
            assert_eq!(node.replica.docs.len(), docs.len());
            assert!(node.replica.docs == *docs);
            assert_eq!(node.replica.summary(), self.nodes[0].replica.summary());
        }
    }

    fn spread(&mut self, node: usize, from: usize, updates: &[dunlin_proto::session::DocUpdate]) {
        let space = self.space;
        for end in self.ends_of(node, from) {
            end.session.local_change(&space, updates);
        }
    }

    fn ends_of(&mut self, node: usize, except: usize) -> impl Iterator<Item = &mut End> {
        let links = self.links.iter_mut().enumerate().filter(move |(link, _)| *link != except);
        links.flat_map(|(_, ends)| ends).filter(move |end| end.node == node)
    }
}

/// What one end was told about a refusal or an end of reconciliation, in short.
pub(crate) fn in_sync(end: &End) -> Vec<bool> {
    let told = end.told.iter().filter_map(|effect| match effect {
        Effect::InSync { equal, .. } => Some(*equal),
        _ => None,
    });
    told.collect()
}
