//! Letting each other in: chains, then rosters, before any document.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    event::Effect,
    space::{Out, Space},
};
use crate::{
    error::{PeerMisbehaved, RefuseCode},
    frame::Frame,
    limits::BATCH_BYTES,
    trust::{AdmissionError, Role, StatementError},
};

/// Most chains that a peer may present for one space.
const MAX_PRESENTATIONS: u32 = 2;

#[derive(Debug, Default)]
pub(super) struct Door {
    /// The peer's role, once this side has accepted it.
    pub(super) peer_role: Option<Role>,
    /// Our role, once the peer has said that it accepted us.
    pub(super) our_role: Option<Role>,
    /// Whether the peer said that it will not accept us.
    pub(super) refused_by_peer: bool,
    presented: bool,
    presentations: u32,
    /// The fingerprints in the first `Open` each way: both sides know both, so both decide alike.
    sent: Option<[u8; 16]>,
    received: Option<[u8; 16]>,
    exchange: Exchange,
    /// New since the peer was let in, not yet passed on.
    unsent: Vec<Arc<[u8]>>,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Exchange {
    #[default]
    NotYet,
    /// The rosters differ; what is still missing for both to have everything.
    Running {
        answered: bool,
        complete: bool,
    },
    Done,
}

impl Door {
    pub(super) fn is_open(&self) -> bool {
        self.exchange == Exchange::Done
    }

    pub(super) fn awaits_peer(&self) -> bool {
        matches!(self.exchange, Exchange::Running { .. })
    }
}

impl Space {
    /// The tags matched: introduce ourselves.
    pub(super) fn greet(&mut self, out: &mut Out) {
        match self.roster.role(self.peer) {
            Some(role) => self.let_in(role, out),
            None => {
                out.send(&Frame::Ask { space: self.slot });
                // Whom we do not know probably does not know us.
                self.present(out);
            }
        }
    }

    pub(super) fn on_ask(&mut self, out: &mut Out) {
        if !self.door.presented {
            self.present(out);
        }
    }

    pub(super) fn on_present(
        &mut self,
        chain: &[Vec<u8>],
        wall_ms: i64,
        out: &mut Out,
    ) -> Result<(), PeerMisbehaved> {
        self.door.presentations += 1;
        if self.door.presentations > MAX_PRESENTATIONS {
            return Err(PeerMisbehaved::TooMany("chains"));
        }
        if self.door.peer_role.is_some() {
            return Ok(());
        }
        let refused = match self.roster.admit(chain, self.peer, wall_ms) {
            Ok(statements) => {
                if !statements.is_empty() {
                    out.effect(Effect::Statements { space: self.id, statements });
                }
                if let Some(role) = self.roster.role(self.peer) {
                    self.let_in(role, out);
                }
                return Ok(());
            }
            Err(AdmissionError::Expired { .. }) => RefuseCode::Expired,
            Err(AdmissionError::UsedUp { .. }) => RefuseCode::UsedUp,
            Err(AdmissionError::Statement(StatementError::Full)) => RefuseCode::RosterFull,
            Err(_) => RefuseCode::NotAMember,
        };
        let (space, code) = (self.slot, refused.code());
        out.send(&Frame::Refuse { space, code, documents: Vec::new() });
        out.effect(Effect::Denied { space: self.id, documents: Vec::new(), code: refused });
        Ok(())
    }

    pub(super) fn on_open(
        &mut self,
        role: u8,
        roster: [u8; 16],
        out: &mut Out,
    ) -> Result<(), PeerMisbehaved> {
        let role = Role::from_code(role).ok_or(PeerMisbehaved::Unexpected("an unknown role"))?;
        self.door.our_role = Some(role);
        self.door.received.get_or_insert(roster);
        if !role.may_write() {
            self.live.clear();
        }
        self.meet(out);
        Ok(())
    }

    pub(super) fn on_have(
        &mut self,
        statements: &[u8],
        out: &mut Out,
    ) -> Result<(), PeerMisbehaved> {
        let Exchange::Running { answered: answered @ false, .. } = &mut self.door.exchange else {
            return Err(PeerMisbehaved::Unexpected("a list of statements"));
        };
        *answered = true;
        let (known, _) = statements.as_chunks::<16>();
        let known: BTreeSet<_> = known.iter().collect();
        let lacking = self.roster.statements().filter(|statement| {
            statement.hash.0.first_chunk::<16>().is_some_and(|start| !known.contains(start))
        });
        let lacking: Vec<_> = lacking.map(|statement| statement.bytes.clone()).collect();
        self.send_statements(lacking, true, out);
        self.conclude(out);
        Ok(())
    }

    pub(super) fn on_statements(
        &mut self,
        statements: &[Vec<u8>],
        last: bool,
        out: &mut Out,
    ) -> Result<(), PeerMisbehaved> {
        let mut new = Vec::new();
        for bytes in statements {
            match self.roster.add(bytes) {
                Ok(true) => new.push(bytes.as_slice().into()),
                // A full roster has holes, and what rests on those cannot be judged.
                Ok(false) | Err(StatementError::Full | StatementError::UnknownAuthority(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if !new.is_empty() {
            out.effect(Effect::Statements { space: self.id, statements: new });
            self.reconsider(out);
        }
        if last {
            let Exchange::Running { complete, .. } = &mut self.door.exchange else {
                return Err(PeerMisbehaved::Unexpected("the end of a list of statements"));
            };
            *complete = true;
            self.conclude(out);
        }
        Ok(())
    }

    /// The roster grew elsewhere.
    pub(super) fn statements_added(&mut self, statements: &[Arc<[u8]>], out: &mut Out) {
        for bytes in statements {
            if matches!(self.roster.add(bytes), Ok(true)) {
                self.door.unsent.push(bytes.clone());
            }
        }
        self.reconsider(out);
        self.pass_on(out);
    }

    fn present(&mut self, out: &mut Out) {
        self.door.presented = true;
        let chain = self.roster.chain(self.local).iter().map(|bytes| bytes.to_vec()).collect();
        out.send(&Frame::Present { space: self.slot, chain });
    }

    fn let_in(&mut self, role: Role, out: &mut Out) {
        self.door.peer_role = Some(role);
        self.door.unsent.clear();
        self.say_open(role, out);
        self.live.subscribe();
        self.begin_run(out);
        self.meet(out);
    }

    fn say_open(&mut self, role: Role, out: &mut Out) {
        let roster = half(&self.roster.fingerprint());
        self.door.sent.get_or_insert(roster);
        out.send(&Frame::Open { space: self.slot, role: role.code(), roster });
    }

    /// Compares rosters once both sides are in.
    fn meet(&mut self, out: &mut Out) {
        let Door { peer_role: Some(peer_role), our_role: Some(our_role), .. } = self.door else {
            return;
        };
        if self.door.exchange != Exchange::NotYet {
            return;
        }
        out.effect(Effect::Opened { space: self.id, peer_role, our_role });
        if self.door.sent == self.door.received {
            self.door.exchange = Exchange::Done;
        } else {
            self.door.exchange = Exchange::Running { answered: false, complete: false };
            let hashes = self.roster.statements().map(|statement| half(&statement.hash.0));
            let statements = hashes.flatten().collect();
            out.send(&Frame::Have { space: self.slot, statements });
        }
        self.pass_on(out);
    }

    fn conclude(&mut self, out: &mut Out) {
        if self.door.exchange == (Exchange::Running { answered: true, complete: true }) {
            self.door.exchange = Exchange::Done;
            self.pass_on(out);
        }
    }

    fn pass_on(&mut self, out: &mut Out) {
        if self.door.exchange != Exchange::NotYet && !self.door.unsent.is_empty() {
            let unsent = std::mem::take(&mut self.door.unsent);
            self.send_statements(unsent, false, out);
        }
    }

    /// New statements may let the peer in, or give it another role.
    fn reconsider(&mut self, out: &mut Out) {
        let role = self.roster.role(self.peer);
        match (self.door.peer_role, role) {
            (None, Some(role)) => self.let_in(role, out),
            (Some(before), Some(role)) if before != role => {
                self.door.peer_role = Some(role);
                self.say_open(role, out);
                // What was not taken before may be taken from here on.
                self.run.again();
            }
            _ => {}
        }
    }

    fn send_statements(&self, statements: Vec<Arc<[u8]>>, last: bool, out: &mut Out) {
        let mut rest = statements.into_iter().peekable();
        loop {
            let mut bytes = 0;
            let mut batch = Vec::new();
            while let Some(statement) = rest.next_if(|statement| {
                bytes += statement.len() + 3;
                bytes <= BATCH_BYTES
            }) {
                batch.push(statement.to_vec());
            }
            let ends = rest.peek().is_none();
            let last = last && ends;
            out.send(&Frame::Statements { space: self.slot, statements: batch, last });
            if ends {
                break;
            }
        }
    }
}

fn half(hash: &[u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&hash[..16]);
    half
}
