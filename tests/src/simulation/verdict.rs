//! Waits until the devices have nothing left to say, then compares them.

use std::{collections::BTreeMap, time::Duration};

use dunlin::{Code, PeerState};
use serde_json::{Value as Json, json};
use tokio::time::{Instant, sleep};

use super::{
    ledger::Shown,
    site::Site,
    world::{Outcome, World, text},
    write::{CHAOS, LEDGER, NOTES},
};

/// Virtual time after which devices that can all reach each other must agree.
const QUIET_WITHIN: Duration = Duration::from_secs(600);
/// Virtual time between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);

type Documents = BTreeMap<(&'static str, String), Shown>;

impl World<'_> {
    /// Waits until all neighbours are connected and in sync and all digests are equal.
    ///
    /// # Errors
    /// How the devices stand if that takes too long.
    pub(super) async fn quiesce(&mut self) -> Outcome<()> {
        let deadline = Instant::now() + QUIET_WITHIN;
        loop {
            match self.unrest().await? {
                None => break,
                Some(unrest) if Instant::now() > deadline => {
                    return Err(format!("no quiescence within {QUIET_WITHIN:?}: {unrest}"));
                }
                Some(_) => sleep(LOOK_EVERY).await,
            }
        }
        self.note("quiet");
        Ok(())
    }

    /// Why the devices are not done.
    async fn unrest(&self) -> Outcome<Option<String>> {
        let mut digests = BTreeMap::new();
        let mut unrest = Vec::new();
        for site in &self.sites {
            let node = site.node().map_err(text)?;
            let status = node.status().await.map_err(text)?;
            for &(from, to, _) in &self.plan.edges {
                let other = match site.index {
                    index if index == from => to,
                    index if index == to => from,
                    _ => continue,
                };
                let peer = status.peers.iter().find(|peer| {
                    peer.device == Some(self.sites[other].id) && peer.state == PeerState::Connected
                });
                match peer {
                    None => unrest.push(format!("{} has no connection to {other}", site.index)),
                    Some(peer) if !peer.in_sync => {
                        unrest.push(format!("{} is not in sync with {other}", site.index));
                    }
                    Some(_) => {}
                }
            }
            let Some(space) = status.spaces.first() else {
                return Err(format!("device {} has no space", site.index));
            };
            if !space.diverged.is_empty() || !status.refusals.is_empty() {
                return Err(format!(
                    "device {}: diverged {:?}, refused {:?}",
                    site.index, space.diverged, status.refusals
                ));
            }
            let members = site.space().map_err(text)?.members().len();
            if members != self.sites.len() {
                unrest.push(format!("{} knows {members} members", site.index));
            }
            digests.entry(space.digest.clone()).or_insert_with(Vec::new).push(site.index);
        }
        if digests.len() > 1 {
            unrest.push(format!("digests differ: {digests:?}"));
        }
        Ok((!unrest.is_empty()).then(|| unrest.join("; ")))
    }

    /// Compares what the devices show with one another and with what was acknowledged.
    ///
    /// # Errors
    /// The first difference.
    pub(super) async fn judge(&mut self) -> Outcome<()> {
        let names = self.documents();
        let first = documents(&self.sites[0], &names).await?;
        self.promises.check(&first).map_err(|error| format!("device 0: {error}"))?;
        for site in &self.sites[1..] {
            let theirs = documents(site, &names).await?;
            let kept = self.promises.check(&theirs);
            kept.map_err(|error| format!("device {}: {error}", site.index))?;
            compare(&self.sites[0], &first, site, &theirs)?;
        }
        for site in &self.sites {
            projections(site, &first).await?;
        }
        let of = |wanted: &str| -> BTreeMap<String, Shown> {
            let of_collection = first.iter().filter(|((collection, _), _)| *collection == wanted);
            of_collection.map(|((_, key), shown)| (key.clone(), shown.clone())).collect()
        };
        let (ledger, notes) = (of(LEDGER), of(NOTES));
        let (committed, lost) = self.ledger.settle(&ledger)?;
        self.coverage.add("write-under-way-was-committed", committed);
        self.coverage.add("write-under-way-was-lost", lost);
        self.ledger.check(&ledger, &notes)?;
        self.coverage.add("signature-unseen-by-deletion", self.ledger.unseen_signatures() as u64);
        for shown in first.values() {
            self.coverage.add("conflict-at-the-end", shown.conflicts.len() as u64);
            self.coverage.add("deleted-at-the-end", u64::from(shown.is_deleted));
        }
        for ((collection, key), shown) in &first {
            self.note(&format!("{collection}/{key} {} {:?}", shown.tagged, shown.conflicts));
        }
        Ok(())
    }

    /// Ends all devices and opens them again: they must show the same as before.
    pub(super) async fn reopen(&mut self) -> Outcome<()> {
        let names = self.documents();
        for index in 0..self.sites.len() {
            let before = documents(&self.sites[index], &names).await?;
            let digest = digest(&self.sites[index]).await?;
            self.sites[index].shut_down().await.map_err(text)?;
            self.start_alone(index).await?;
            let site = &self.sites[index];
            compare(site, &before, site, &documents(site, &names).await?)
                .map_err(|error| format!("after reopening: {error}"))?;
            let after = self::digest(site).await?;
            if digest != after {
                return Err(format!("device {index}: digest {digest}, after reopening {after}"));
            }
            self.sites[index].shut_down().await.map_err(text)?;
        }
        Ok(())
    }
}

async fn digest(site: &Site) -> Outcome<String> {
    let status = site.node().map_err(text)?.status().await.map_err(text)?;
    Ok(status.spaces.first().map(|space| space.digest.clone()).unwrap_or_default())
}

async fn documents(site: &Site, names: &[(&'static str, String)]) -> Outcome<Documents> {
    let space = site.space().map_err(text)?;
    let mut documents = Documents::new();
    for (collection, key) in names {
        let handle = space.collection(collection).map_err(text)?;
        let read = handle.inspect(&key.parse().map_err(|error| format!("{error:?}"))?).await;
        let document = match read {
            Ok(document) => document,
            Err(error) if error.code() == Code::NotFound => continue,
            Err(error) => return Err(format!("device {}: {error:?}", site.index)),
        };
        let plain = |conflict: &dunlin::Conflict| {
            let value =
                conflict.lost.value.as_ref().map_or(json!("absent"), dunlin::Value::to_json);
            (conflict.path.clone(), value)
        };
        let everywhere = document.conflicts.iter().cloned().map(|mut conflict| {
            // A note of the device that had the item, which others may not have had.
            conflict.item = None;
            // Whether it was this device that wrote it.
            (conflict.shown.author, conflict.lost.author) = (None, None);
            conflict
        });
        let shown = Shown {
            json: document.to_json(),
            tagged: document.to_tagged_json(),
            is_deleted: document.is_deleted,
            conflicts: document.conflicts.iter().map(plain).collect(),
            conflicts_in_full: format!("{:?}", everywhere.collect::<Vec<_>>()),
            state_vector: document.version.state_vector.clone(),
        };
        documents.insert((*collection, key.clone()), shown);
    }
    Ok(documents)
}

fn compare(here: &Site, ours: &Documents, there: &Site, theirs: &Documents) -> Outcome<()> {
    for (name, shown) in ours {
        let other = theirs.get(name);
        if other != Some(shown) {
            return Err(format!(
                "{name:?} on device {}: {shown:?}\non device {}: {other:?}",
                here.index, there.index
            ));
        }
    }
    match theirs.keys().find(|name| !ours.contains_key(*name)) {
        Some(name) => Err(format!("{name:?} is on device {} alone", there.index)),
        None => Ok(()),
    }
}

/// What SQL shows must be what reading shows.
async fn projections(site: &Site, documents: &Documents) -> Outcome<()> {
    let space = site.space().map_err(text)?;
    for collection in [LEDGER, NOTES, CHAOS] {
        let expected: Vec<Vec<Json>> = documents
            .iter()
            .filter(|((of, _), shown)| *of == collection && !shown.is_deleted)
            .map(|((_, key), shown)| {
                vec![json!(key), shown.json.clone(), json!(i64::from(!shown.conflicts.is_empty()))]
            })
            .collect();
        if expected.is_empty() {
            continue;
        }
        let sql = format!("SELECT id, doc, has_conflicts FROM {collection} ORDER BY id");
        let found = space.query(&sql, &[]).await.map_err(text)?.rows;
        let mut rows: Vec<Vec<Json>> = found.iter().map(|row| row.to_vec()).collect();
        for row in &mut rows {
            if let Some(text) = row[1].as_str() {
                row[1] = serde_json::from_str(text).map_err(|error| error.to_string())?;
            }
        }
        if rows != expected {
            let other = rows.iter().zip(&expected).find(|(row, expected)| row != expected);
            return Err(format!("device {}: {collection} in SQL: {other:?}", site.index));
        }
    }
    Ok(())
}
