//! Getting into spaces: founding, inviting, joining.

use std::sync::Arc;

use dunlin_model::SpaceId;
use dunlin_proto::trust::{self, Profile, Ticket};
use dunlin_store::SpaceRow;

use super::{Core, open::check_name};
use crate::{
    error::{Code, Error, Result},
    space::{Invitation, SpaceInner},
};

impl Core {
    pub(super) async fn create_space(&self, name: &str) -> Result<Arc<SpaceInner>> {
        check_name(name)?;
        self.check_free(name, None)?;
        let space_seed = self.config.entropy.bytes::<32>()?;
        let secret = self.config.entropy.bytes::<32>()?;
        let now = self.config.clock.now_ms();
        let roster = trust::create_space(&space_seed, name, self.device.id, &self.profile(), now)?;
        let row = SpaceRow {
            id: roster.space(),
            name: name.to_owned(),
            alias: None,
            secret: secret.to_vec(),
            extra: Vec::new(),
        };
        self.enter(row, roster).await
    }

    pub(super) async fn join(
        &self,
        ticket: &Ticket,
        alias: Option<&str>,
    ) -> Result<Arc<SpaceInner>> {
        let content = ticket.content();
        if let Some(alias) = alias {
            check_name(alias)?;
            self.check_free(alias, Some(content.space))?;
        }
        let now = self.config.clock.now_ms();
        if let Some(space) = self.space(&content.space) {
            return self.join_again(&space, ticket, alias, now).await;
        }
        let joined = ticket.join(&self.seed, &self.profile(), now)?;
        let row = SpaceRow {
            id: content.space,
            name: content.space_name.clone(),
            alias: alias.map(str::to_owned),
            secret: ticket.secret().to_vec(),
            extra: ticket.hints().join("\n").into_bytes(),
        };
        self.enter(row, joined.roster).await
    }

    /// A second ticket of a space: for a greater role, or another alias.
    async fn join_again(
        &self,
        space: &Arc<SpaceInner>,
        ticket: &Ticket,
        alias: Option<&str>,
        now: i64,
    ) -> Result<Arc<SpaceInner>> {
        let role = space.roster().role(self.device.id);
        if role.is_none_or(|role| role < ticket.content().role) {
            let joined = ticket.join(&self.seed, &self.profile(), now)?;
            space.add_statements(&joined.statements, None).await?;
            self.memberships_changed();
        }
        if let Some(alias) = alias {
            let (id, stored) = (space.id, alias.to_owned());
            self.with_dir(move |dir| match dir.spaces()?.into_iter().find(|row| row.id == id) {
                Some(row) => Ok(dir.update_space(&SpaceRow { alias: Some(stored), ..row })?),
                None => Ok(()),
            })
            .await?;
            space.set_alias(Some(alias.to_owned()));
        }
        Ok(space.clone())
    }

    /// Opens a space's file with its first statements, then makes the space known.
    async fn enter(&self, row: SpaceRow, roster: trust::Roster) -> Result<Arc<SpaceInner>> {
        let space = self.open_space(row.clone(), Some(roster)).await?;
        self.with_dir(move |dir| Ok(dir.insert_space(&row)?)).await?;
        self.insert_space(space.clone());
        self.memberships_changed();
        Ok(space)
    }

    pub(crate) async fn invite(
        &self,
        space: &SpaceInner,
        invitation: &Invitation,
    ) -> Result<Ticket> {
        let seed = self.config.entropy.bytes::<32>()?;
        let now = self.config.clock.now_ms();
        let expires_ms = invitation
            .expires_in
            .map(|time| now.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)));
        let mut roster = space.roster();
        let (hash, statement) =
            roster.invite(&self.seed, &seed, invitation.role, invitation.uses, expires_ms, now)?;
        space.add_statements(&[statement], None).await?;
        let hints = self.listen().iter().take(8).map(ToString::to_string).collect();
        Ok(Ticket::new(&space.roster(), hash, &seed, &space.secret, hints)?)
    }

    /// Refuses a name that another space here goes by already.
    fn check_free(&self, name: &str, except: Option<SpaceId>) -> Result<()> {
        let taken = self.spaces().into_iter().find(|space| {
            let names = space.names();
            Some(space.id) != except && (names.name == name || names.alias.as_deref() == Some(name))
        });
        match taken {
            None => Ok(()),
            Some(space) => Err(Error::new(
                Code::AlreadyExists,
                format!("a space called {name:?} is here already ({})", space.id.short()),
                "choose another name",
            )),
        }
    }

    fn profile(&self) -> Profile {
        Profile { name: self.device.name.clone(), kind: self.device.kind }
    }
}
