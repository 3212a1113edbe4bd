//! The members of a space: every statement that stands, and what they add up to.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use dunlin_model::{DeviceId, SpaceId};

use super::{
    error::{AdmissionError, StatementError},
    statement::{Act, Link, Profile, Role, Statement, StatementHash, proves},
};
use crate::limits::{MAX_CHAIN, MAX_STATEMENTS, MAX_STATEMENTS_OF_MEMBER};

/// A grow-only set of statements about one space, each resting on another down to the root.
///
/// Whether a statement stands depends only on the statements above it, so rosters that hold the
/// same statements agree, in whatever order those arrived. Clones share what they hold until one
/// of them grows.
#[derive(Clone, Debug)]
pub struct Roster(Arc<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    space: SpaceId,
    /// In order of arrival, so that each statement comes after the one it rests on.
    order: Vec<StatementHash>,
    entries: BTreeMap<StatementHash, Entry>,
    members: BTreeMap<DeviceId, Member>,
    admitted: BTreeMap<StatementHash, BTreeSet<DeviceId>>,
    chains: BTreeMap<DeviceId, BTreeMap<u64, Vec<StatementHash>>>,
    space_name: Option<String>,
}

#[derive(Clone, Debug)]
struct Entry {
    statement: Statement,
    depth: usize,
    role: Option<Role>,
}

/// A device that belongs to a space.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// The device.
    pub device: DeviceId,
    /// The greatest role it was given.
    pub role: Role,
    /// What it calls itself.
    pub profile: Profile,
    /// When the statement that gives the role was issued, by its issuer's clock.
    pub since_ms: i64,
    /// The statement that gives the role.
    pub statement: StatementHash,
}

/// An invitation that admitted more devices than it allows, in parts of the space that could not
/// see each other. All of them are members; a person decides what to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OverUse {
    /// The invitation.
    pub invitation: StatementHash,
    /// How many devices it allows.
    pub uses: u32,
    /// Whom it admitted.
    pub devices: Vec<DeviceId>,
}

/// An issuer with two statements at one place of its chain: its key is in use twice (a restored
/// backup, a copied directory, a thief).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fork {
    /// The issuer.
    pub issuer: DeviceId,
    /// The place in its chain.
    pub seq: u64,
    /// The statements there.
    pub statements: Vec<StatementHash>,
}

impl Roster {
    /// Makes the empty roster of a space.
    pub fn new(space: SpaceId) -> Self {
        Self(Arc::new(Inner {
            space,
            order: Vec::new(),
            entries: BTreeMap::new(),
            members: BTreeMap::new(),
            admitted: BTreeMap::new(),
            chains: BTreeMap::new(),
            space_name: None,
        }))
    }

    /// The space.
    pub fn space(&self) -> SpaceId {
        self.0.space
    }

    /// The space's name, once its root is known.
    pub fn space_name(&self) -> Option<&str> {
        self.0.space_name.as_deref()
    }

    /// Adds a statement that a member handed over or this device stored; says whether it is new.
    ///
    /// Expiry and use counts are not judged here: the member that admitted did that.
    ///
    /// # Errors
    /// Why the statement does not stand. The roster is unchanged.
    pub fn add(&mut self, bytes: &[u8]) -> Result<bool, StatementError> {
        if self.contains(&StatementHash::of(bytes)) {
            return Ok(false);
        }
        let entry = self.judge(Statement::read(bytes)?)?;
        Arc::make_mut(&mut self.0).insert(entry);
        Ok(true)
    }

    /// Judges a chain that its holder presents, at the time of this member's clock, and adds it;
    /// returns the statements that were new.
    ///
    /// An expired or used-up invitation is refused unless its admission is known here already. A
    /// clock that stands before the invitation was issued judges no expiry.
    ///
    /// # Errors
    /// Why the chain does not make `device` a member. The roster is unchanged.
    pub fn admit<B: AsRef<[u8]>>(
        &mut self,
        chain: &[B],
        device: DeviceId,
        now_ms: i64,
    ) -> Result<Vec<Arc<[u8]>>, AdmissionError> {
        let mut grown = self.clone();
        let last = grown.add_chain(chain)?;
        let gives = grown.entry(&last).and_then(|entry| entry.statement.member());
        if gives.is_none_or(|(subject, _)| subject != device) {
            return Err(AdmissionError::OtherDevice);
        }
        if !self.contains(&last) {
            grown.judge_use(&last, now_ms)?;
        }
        let new = grown.0.order[self.0.order.len()..]
            .iter()
            .filter_map(|hash| grown.bytes(hash))
            .collect();
        *self = grown;
        Ok(new)
    }

    /// Adds statements that hang one below the other from the root; returns the last one's name.
    pub(super) fn add_chain<B: AsRef<[u8]>>(
        &mut self,
        chain: &[B],
    ) -> Result<StatementHash, AdmissionError> {
        if chain.len() > MAX_CHAIN {
            return Err(AdmissionError::TooLong);
        }
        let mut above = None;
        for bytes in chain {
            let hash = StatementHash::of(bytes.as_ref());
            self.add(bytes.as_ref())?;
            if self.entry(&hash).is_none_or(|entry| entry.statement.by != above) {
                return Err(AdmissionError::NotAChain);
            }
            above = Some(hash);
        }
        above.ok_or(AdmissionError::NotAChain)
    }

    /// The member that this device is, or none.
    pub fn member(&self, device: DeviceId) -> Option<&Member> {
        self.0.members.get(&device)
    }

    /// The role of this device, or none.
    pub fn role(&self, device: DeviceId) -> Option<Role> {
        self.member(device).map(|member| member.role)
    }

    /// All members, by device id.
    pub fn members(&self) -> impl Iterator<Item = &Member> + '_ {
        self.0.members.values()
    }

    /// The number of statements.
    pub fn len(&self) -> usize {
        self.0.order.len()
    }

    /// Whether there are no statements.
    pub fn is_empty(&self) -> bool {
        self.0.order.is_empty()
    }

    /// Whether the statement is among those held.
    pub fn contains(&self, hash: &StatementHash) -> bool {
        self.0.entries.contains_key(hash)
    }

    /// All statements, each after the one it rests on.
    pub fn statements(&self) -> impl Iterator<Item = &Statement> + '_ {
        self.0.order.iter().filter_map(|hash| Some(&self.entry(hash)?.statement))
    }

    /// One statement by name.
    pub fn statement(&self, hash: &StatementHash) -> Option<&Statement> {
        self.entry(hash).map(|entry| &entry.statement)
    }

    /// Hash of the set of statements: equal for equal sets.
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key("dunlin 2026 roster v1");
        for hash in self.0.entries.keys() {
            hasher.update(&hash.0);
        }
        *hasher.finalize().as_bytes()
    }

    /// The statements from the root down to the one that makes this device a member: what it
    /// presents where it is not known yet. Empty if it is no member.
    pub fn chain(&self, device: DeviceId) -> Vec<Arc<[u8]>> {
        self.member(device).map(|member| self.chain_to(member.statement)).unwrap_or_default()
    }

    /// The statements from the root down to this one.
    pub fn chain_to(&self, statement: StatementHash) -> Vec<Arc<[u8]>> {
        let mut chain = Vec::new();
        let mut next = Some(statement);
        while let Some(entry) = next.and_then(|hash| self.entry(&hash)) {
            chain.push(entry.statement.bytes.clone());
            next = entry.statement.by;
        }
        chain.reverse();
        chain
    }

    /// Invitations that admitted more devices than they allow.
    pub fn over_used(&self) -> Vec<OverUse> {
        self.0
            .admitted
            .iter()
            .filter_map(|(invitation, devices)| {
                let uses = self.uses_of(invitation)?;
                (devices.len() > uses as usize).then(|| OverUse {
                    invitation: *invitation,
                    uses,
                    devices: devices.iter().copied().collect(),
                })
            })
            .collect()
    }

    /// Issuers whose chains fork.
    pub fn forks(&self) -> Vec<Fork> {
        let places = self.0.chains.iter().flat_map(|(issuer, chain)| {
            chain.iter().map(move |(seq, statements)| (*issuer, *seq, statements))
        });
        places
            .filter(|(.., statements)| statements.len() > 1)
            .map(|(issuer, seq, statements)| Fork { issuer, seq, statements: statements.clone() })
            .collect()
    }

    /// How many devices this invitation has admitted as far as is known here.
    pub fn admitted(&self, invitation: &StatementHash) -> usize {
        self.0.admitted.get(invitation).map_or(0, BTreeSet::len)
    }

    /// The place that this issuer's next statement takes.
    pub(super) fn next_link(&self, issuer: DeviceId) -> Link {
        let last = self.0.chains.get(&issuer).and_then(BTreeMap::last_key_value);
        last.map_or(Link { seq: 0, prev: None }, |(seq, statements)| Link {
            seq: seq.saturating_add(1),
            prev: statements.iter().min().copied(),
        })
    }

    fn entry(&self, hash: &StatementHash) -> Option<&Entry> {
        self.0.entries.get(hash)
    }

    fn bytes(&self, hash: &StatementHash) -> Option<Arc<[u8]>> {
        self.entry(hash).map(|entry| entry.statement.bytes.clone())
    }

    fn uses_of(&self, invitation: &StatementHash) -> Option<u32> {
        match self.entry(invitation)?.statement.act {
            Act::Invitation { uses, .. } => Some(uses),
            _ => None,
        }
    }

    fn judge(&self, statement: Statement) -> Result<Entry, StatementError> {
        if statement.space != self.0.space {
            return Err(StatementError::OtherSpace(statement.space));
        }
        if self.len() >= MAX_STATEMENTS {
            return Err(StatementError::Full);
        }
        let Some(by) = statement.by else {
            return match statement.act {
                Act::Root { .. } if statement.issuer.0 == self.0.space.0 => {
                    Ok(Entry { statement, depth: 1, role: Some(Role::Admin) })
                }
                _ => Err(StatementError::NotPermitted),
            };
        };
        let above = self.entry(&by).ok_or(StatementError::UnknownAuthority(by))?;
        let depth = above.depth + 1;
        if depth > MAX_CHAIN {
            return Err(StatementError::TooDeep);
        }
        let role = self.permit(&statement, above)?;
        let issued = self
            .0
            .chains
            .get(&statement.issuer)
            .map_or(0, |places| places.values().map(Vec::len).sum());
        if issued >= MAX_STATEMENTS_OF_MEMBER && above.role != Some(Role::Admin) {
            return Err(StatementError::Full);
        }
        Ok(Entry { statement, depth, role })
    }

    /// The role that the statement gives, if the one above it allows it.
    fn permit(&self, statement: &Statement, above: &Entry) -> Result<Option<Role>, StatementError> {
        let is_above = above.statement.member().is_some_and(|(who, _)| who == statement.issuer);
        match (&statement.act, &above.statement.act) {
            (Act::Grant { role, .. } | Act::Invitation { role, .. }, _)
                if is_above && above.role == Some(Role::Admin) =>
            {
                Ok(Some(*role))
            }
            (Act::Admission { .. }, Act::Invitation { key, role, .. }) => {
                let invitation = above.statement.hash;
                let proved = statement.proof.as_ref().is_some_and(|proof| {
                    proves(proof, key, self.0.space, invitation, statement.issuer)
                });
                if proved { Ok(Some(*role)) } else { Err(StatementError::NotPermitted) }
            }
            (Act::Unknown { .. }, _) if is_above => Ok(None),
            _ => Err(StatementError::NotPermitted),
        }
    }

    /// Judges expiry and uses of the invitation behind a new admission.
    fn judge_use(&self, admission: &StatementHash, now_ms: i64) -> Result<(), AdmissionError> {
        let above = self
            .statement(admission)
            .and_then(|statement| statement.by)
            .and_then(|by| self.statement(&by));
        let Some(Statement { hash, issued_ms, act, .. }) = above else { return Ok(()) };
        let Act::Invitation { expires_ms, uses, .. } = act else { return Ok(()) };
        if let Some(at_ms) = *expires_ms
            && now_ms >= *issued_ms
            && now_ms > at_ms
        {
            return Err(AdmissionError::Expired { at_ms });
        }
        if self.admitted(hash) > *uses as usize {
            return Err(AdmissionError::UsedUp { uses: *uses });
        }
        Ok(())
    }
}

impl Inner {
    fn insert(&mut self, entry: Entry) {
        let Entry { statement, role, .. } = &entry;
        let hash = statement.hash;
        self.order.push(hash);
        let places = self.chains.entry(statement.issuer).or_default();
        places.entry(statement.link.seq).or_default().push(hash);
        if let (Act::Admission { .. }, Some(by)) = (&statement.act, statement.by) {
            self.admitted.entry(by).or_default().insert(statement.issuer);
        }
        if let Act::Root { space_name, .. } = &statement.act {
            // Two roots can only come from the space's own key; all replicas pick the same one.
            let known = self.space_name.take();
            self.space_name = Some(known.map_or(space_name.clone(), |k| k.min(space_name.clone())));
        }
        if let (Some((device, profile)), Some(role)) = (statement.member(), *role) {
            let member = Member {
                device,
                role,
                profile: profile.clone(),
                since_ms: statement.issued_ms,
                statement: hash,
            };
            let rank = |member: &Member| (member.role, member.statement);
            let known = self.members.get(&device);
            if known.is_none_or(|known| rank(&member) > rank(known)) {
                self.members.insert(device, member);
            }
        }
        self.entries.insert(hash, entry);
    }
}
