//! A space: its collections, queries, change feed and members.

use std::{sync::Arc, time::Duration};

use dunlin::Forms;

use crate::{
    collection::Collection,
    counted::Counted,
    device::{Device, DeviceKind},
    document::Listed,
    error::Result,
    feed::ChangeFeed,
    json,
    presence::PresenceWatch,
    query::{LiveQuery, Plan, Rows},
    runtime::{call, run},
    turn::Turn,
};

/// A set of documents that this device shares with others.
#[derive(uniffi::Object)]
pub struct Space(dunlin::Space, Counted);

/// A device that belongs to a space.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Member {
    /// The device.
    pub device: Device,
    /// What it may do.
    pub role: Role,
    /// When it was given that role, by the clock of whoever gave it; milliseconds since 1970.
    pub since_ms: i64,
}

/// What a member of a space may do.
#[derive(Clone, Copy, Debug, uniffi::Enum)]
pub enum Role {
    /// Read.
    Reader,
    /// Read and write.
    Writer,
    /// Read, write and say who else may.
    Admin,
}

/// What an invitation allows.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Invitation {
    /// The role of whoever joins with it.
    pub role: Role,
    /// How many devices it admits.
    #[uniffi(default = 1)]
    pub uses: u32,
    /// How many milliseconds it is good for; without an end if none.
    #[uniffi(default)]
    pub expires_in_ms: Option<u64>,
}

impl Space {
    pub(crate) fn shared(space: dunlin::Space) -> Arc<Self> {
        Arc::new(Self(space, Counted::new()))
    }
}

#[uniffi::export]
impl Space {
    /// The space's id, in hexadecimal.
    pub fn id(&self) -> String {
        self.0.id().to_string()
    }

    /// The name that all members see.
    pub fn name(&self) -> String {
        self.0.name()
    }

    /// This device's own name for it, if it was given one.
    pub fn alias(&self) -> Option<String> {
        self.0.alias()
    }

    /// What this device may do here.
    pub fn role(&self) -> Option<Role> {
        self.0.role().map(Role::from)
    }

    /// Opens a collection by name; it comes into being with its first document. With `plain`, what
    /// is written through it is read as it is: `{"$text":"x"}` is an object like any other.
    ///
    /// Refuses with `InvalidInput` for a name that does not match `[a-z][a-z0-9_]{0,62}`.
    pub fn collection(&self, name: String, plain: bool) -> Result<Arc<Collection>> {
        let forms = if plain { Forms::Plain } else { Forms::Tagged };
        call(|| Ok(Collection::shared(self.0.collection(&name)?, forms)))
    }

    /// The names of the collections that there are.
    ///
    /// Refuses with `Closed` after shutdown.
    pub async fn collections(&self) -> Result<Vec<String>> {
        let space = self.0.clone();
        run(async move {
            let collections = space.collections().await?;
            Ok::<_, dunlin::Error>(collections.iter().map(ToString::to_string).collect())
        })
        .await
    }

    /// Documents in which something lost against a concurrent write and nobody has settled it, and
    /// deleted ones that somebody wrote without having seen that: of all collections or of one, at
    /// most 1,000, those behind `after`.
    ///
    /// Refuses with `InvalidInput` for names that cannot be, `NotFound` where there is no document
    /// `after`, `Closed` after shutdown.
    pub async fn contested(
        &self,
        collection: Option<String>,
        after: Option<Listed>,
    ) -> Result<Vec<Listed>> {
        let space = self.0.clone();
        run(async move {
            let after = after.as_ref().map(Listed::document).transpose()?;
            let listed = space.contested(collection.as_deref(), after.as_ref()).await?;
            Ok::<_, dunlin::Error>(listed.into_iter().map(Listed::from).collect())
        })
        .await
    }

    /// Documents that are deleted, in the order in which they came into being: of all collections or
    /// of one, at most 1,000, those behind `after`.
    ///
    /// Refuses as `contested` does.
    pub async fn deleted(
        &self,
        collection: Option<String>,
        after: Option<Listed>,
    ) -> Result<Vec<Listed>> {
        let space = self.0.clone();
        run(async move {
            let after = after.as_ref().map(Listed::document).transpose()?;
            let listed = space.deleted(collection.as_deref(), after.as_ref()).await?;
            Ok::<_, dunlin::Error>(listed.into_iter().map(Listed::from).collect())
        })
        .await
    }

    /// Waits for its turn to read, change and write. `inside` are the names of the turns that the
    /// caller is in.
    ///
    /// Refuses with `InvalidInput` inside a turn on this space, which it would wait for.
    pub async fn turn(&self, inside: Vec<u64>) -> Result<Arc<Turn>> {
        let space = self.0.clone();
        run(async move { space.turn(&inside).await.map(Turn::shared) }).await
    }

    /// What turns on this space are called, as nothing else in this process is.
    pub fn turn_name(&self) -> u64 {
        self.0.turn_name()
    }

    /// Runs a query; `parameters` is a JSON array. Each collection is a view with the columns
    /// `id`, `doc` (JSON) and `has_conflicts`.
    ///
    /// Refuses with `InvalidInput` for SQL that does not parse or writes to a collection, `Denied`
    /// for what touches anything but collections, `NotFound` for a collection that is not there,
    /// `LimitExceeded` over 10,000 rows, 8 MiB or the time limit.
    pub async fn query(&self, sql: String, parameters: String) -> Result<Rows> {
        let space = self.0.clone();
        run(async move {
            let parameters = json::parameters(&parameters)?;
            space.query(&sql, &parameters).await.map(Rows::from)
        })
        .await
    }

    /// Tells how a query would be carried out, with a warning for each whole collection read.
    ///
    /// Refuses as `query` does.
    pub async fn explain_query(&self, sql: String) -> Result<Plan> {
        let space = self.0.clone();
        run(async move { space.explain_query(&sql).await.map(Plan::from) }).await
    }

    /// Follows a query: a snapshot first, then what changed.
    ///
    /// Refuses with `InvalidInput` for parameters that are not a JSON array.
    pub fn watch(&self, sql: String, parameters: String) -> Result<Arc<LiveQuery>> {
        call(|| Ok(LiveQuery::shared(self.0.watch(&sql, &json::parameters(&parameters)?))))
    }

    /// Makes queries by `json_extract(doc, PATH)` fast, where `path` is such as `$.due`; false if
    /// there is such an index already.
    ///
    /// Refuses with `InvalidInput` for a path that SQLite does not know, `LimitExceeded`,
    /// `StorageFull`.
    pub async fn create_index(&self, collection: String, path: String) -> Result<bool> {
        let space = self.0.clone();
        run(async move { space.create_index(&collection, &path).await }).await
    }

    /// Follows the change feed as a named consumer, from where it last acknowledged; a new one is
    /// told of every document that is there.
    ///
    /// Refuses with `InvalidInput` for an improper name, `LimitExceeded` for too many consumers.
    pub async fn changes(&self, consumer: String) -> Result<Arc<ChangeFeed>> {
        let space = self.0.clone();
        run(async move {
            let feed = space.changes(&consumer).await?;
            Ok::<_, dunlin::Error>(ChangeFeed::shared(feed, space, Some(consumer)))
        })
        .await
    }

    /// Follows the change feed without a name, after this sequence number or from now on.
    pub fn changes_after(&self, seq: Option<i64>) -> Arc<ChangeFeed> {
        ChangeFeed::shared(self.0.changes_after(seq), self.0.clone(), None)
    }

    /// Tells the connected members what this device is about at the moment: JSON text of at most
    /// 4 KiB, in the place of what it said before. It reaches members that connect later too, but
    /// is not passed on by them, and is gone after `ttl_ms`, at most an hour, unless it is said
    /// again. None takes back what was said.
    ///
    /// Refuses with `LimitExceeded`, `InvalidInput`, `Suspended`, `Closed` after shutdown.
    pub async fn set_presence(&self, state: Option<String>, ttl_ms: u32) -> Result<()> {
        let space = self.0.clone();
        run(async move {
            match state {
                Some(state) => {
                    let state = json::parse(&state, "the presence")?;
                    space.set_presence(&state, Duration::from_millis(ttl_ms.into()))
                }
                None => space.clear_presence(),
            }
        })
        .await
    }

    /// Follows what other devices are about.
    pub fn watch_presence(&self) -> Arc<PresenceWatch> {
        PresenceWatch::shared(self.0.watch_presence())
    }

    /// The devices that belong to the space, as far as this device has heard.
    pub fn members(&self) -> Vec<Member> {
        self.0.members().into_iter().map(Member::from).collect()
    }

    /// Makes a ticket: whoever holds it can join, offline, and any member admits it.
    ///
    /// Refuses with `Denied` unless this device administers the space; `InvalidInput` for zero
    /// uses.
    pub async fn invite(&self, invitation: Invitation) -> Result<String> {
        let space = self.0.clone();
        run(async move { space.invite(&invitation.into()).await.map(|ticket| ticket.to_string()) })
            .await
    }
}

impl From<dunlin::Member> for Member {
    fn from(member: dunlin::Member) -> Self {
        let kind = DeviceKind::from(member.kind);
        Self {
            device: Device { id: member.device.to_string(), name: member.name, kind },
            role: member.role.into(),
            since_ms: member.since_ms,
        }
    }
}

impl From<Invitation> for dunlin::Invitation {
    fn from(invitation: Invitation) -> Self {
        Self {
            role: invitation.role.into(),
            uses: invitation.uses,
            expires_in: invitation.expires_in_ms.map(Duration::from_millis),
        }
    }
}

impl From<dunlin::Role> for Role {
    fn from(role: dunlin::Role) -> Self {
        match role {
            dunlin::Role::Reader => Self::Reader,
            dunlin::Role::Writer => Self::Writer,
            dunlin::Role::Admin => Self::Admin,
        }
    }
}

impl From<Role> for dunlin::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Reader => Self::Reader,
            Role::Writer => Self::Writer,
            Role::Admin => Self::Admin,
        }
    }
}
