//! What all handles of one space share.

use std::sync::{
    Arc, Mutex, MutexGuard,
    atomic::{AtomicBool, Ordering},
};

use dunlin_model::{DeviceId, SpaceId};
use dunlin_proto::trust::{Roster, StatementHash};

use super::{
    Member,
    presence::{Board, Presence},
};
use crate::{config::Config, engine::EngineHandle, error::Result, lock::lock};

/// One space of a node.
pub(crate) struct SpaceInner {
    pub(crate) id: SpaceId,
    pub(crate) secret: [u8; 32],
    device: DeviceId,
    names: Mutex<Names>,
    roster: Mutex<Roster>,
    may_write: Arc<AtomicBool>,
    engine: EngineHandle,
    presence: Board,
    config: Config,
}

/// What a space is called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Names {
    pub(crate) name: String,
    pub(crate) alias: Option<String>,
}

impl SpaceInner {
    pub(crate) fn new(
        secret: [u8; 32],
        device: DeviceId,
        names: Names,
        roster: Roster,
        may_write: Arc<AtomicBool>,
        engine: EngineHandle,
        config: Config,
    ) -> Self {
        let (id, names) = (roster.space(), Mutex::new(names));
        let inner = Self {
            id,
            secret,
            device,
            names,
            roster: Mutex::new(roster),
            may_write,
            engine,
            presence: Board::new(),
            config,
        };
        inner.follow_roster(&inner.roster());
        inner
    }

    pub(crate) fn engine(&self) -> &EngineHandle {
        &self.engine
    }

    pub(crate) fn presence(&self) -> &Board {
        &self.presence
    }

    /// What members other than this device are about.
    pub(crate) fn present(&self) -> Vec<Presence> {
        let roster = self.roster();
        let said = self.presence.others().into_iter();
        let present = said.filter_map(|(device, state)| {
            let profile = &roster.member(device)?.profile;
            Some(Presence { device, name: profile.name.clone(), kind: profile.kind, state })
        });
        present.collect()
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn names(&self) -> Names {
        lock(&self.names).clone()
    }

    pub(crate) fn set_alias(&self, alias: Option<String>) {
        lock(&self.names).alias = alias;
    }

    /// The roster as it is; a cheap clone.
    pub(crate) fn roster(&self) -> Roster {
        self.lock_roster().clone()
    }

    pub(crate) fn members(&self) -> Vec<Member> {
        let member = |member: &dunlin_proto::trust::Member| Member {
            device: member.device,
            name: member.profile.name.clone(),
            kind: member.profile.kind,
            role: member.role,
            since_ms: member.since_ms,
        };
        self.roster().members().map(member).collect()
    }

    /// Stores statements, adds them to the roster and tells connections other than the one they
    /// came by; returns those that were new and stand.
    pub(crate) async fn add_statements<B: AsRef<[u8]>>(
        &self,
        statements: &[B],
        from: Option<u64>,
    ) -> Result<Vec<Arc<[u8]>>> {
        let mut grown = self.roster();
        let new: Vec<Arc<[u8]>> = statements
            .iter()
            .map(AsRef::as_ref)
            .filter(|bytes| match grown.add(bytes) {
                Ok(is_new) => is_new,
                Err(error) => {
                    tracing::debug!(space = %self.id.short(), "a statement does not stand: {error}");
                    false
                }
            })
            .map(Arc::from)
            .collect();
        if new.is_empty() {
            return Ok(new);
        }
        let stored = new.clone();
        self.engine
            .call(move |engine| {
                Ok(engine.store.write(|writer| {
                    stored.iter().try_for_each(|bytes| {
                        writer.insert_statement(StatementHash::of(bytes).0, bytes).map(drop)
                    })
                })?)
            })
            .await?;
        let mut roster = self.lock_roster();
        for bytes in &new {
            // Somebody else may have added it meanwhile.
            let _ = roster.add(bytes);
        }
        self.follow_roster(&roster);
        drop(roster);
        self.engine.outlets().announce_statements(&new, from);
        Ok(new)
    }

    /// Takes in statements that are stored already; whether the roster grew.
    pub(crate) fn learn<B: AsRef<[u8]>>(&self, stored: &[B]) -> bool {
        let mut roster = self.lock_roster();
        let known = roster.len();
        for bytes in stored {
            // What does not stand was logged when it was stored.
            let _ = roster.add(bytes.as_ref());
        }
        self.follow_roster(&roster);
        roster.len() > known
    }

    fn follow_roster(&self, roster: &Roster) {
        let role = roster.role(self.device);
        self.may_write.store(role.is_some_and(|role| role.may_write()), Ordering::Release);
    }

    fn lock_roster(&self) -> MutexGuard<'_, Roster> {
        lock(&self.roster)
    }
}
