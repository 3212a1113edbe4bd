//! What lost against concurrent writes, and what was deleted.

use dunlin::{Code, Conflict, Document, Error, Node, Side, Space, Value, rfc3339};
use serde_json::{Value as Json, json};

use super::documents::{locate, report};
use crate::{
    args::{Listing, Settle},
    failure::Failure,
    human::table,
    out::Out,
};

pub(super) async fn conflicts(
    node: &Node,
    listing: &Listing,
    out: &mut Out,
) -> Result<(), Failure> {
    let space = node.space(&listing.space)?;
    let mut after = None;
    let mut rows = Vec::new();
    loop {
        let listed = space.contested(listing.collection.as_deref(), after.as_ref()).await?;
        let Some(last) = listed.last() else { break };
        after = Some(last.doc.clone());
        for listed in listed {
            // It may have been settled since.
            let Some(document) = inspect(&space, &listed.doc).await? else { continue };
            if out.is_json() {
                out.json(json!({
                    "collection": listed.doc.collection.as_str(),
                    "id": listed.doc.key.as_str(),
                    "deleted": document.is_deleted,
                    "version": document.version.to_string(),
                    "conflicts": to_json(&document.conflicts, Value::to_tagged_json),
                }))
                .await?;
            } else {
                let name = listed.doc.to_string();
                rows.extend(numbered(&document.conflicts).map(|(n, it)| row(&name, n, it)));
            }
        }
    }
    match (out.is_json(), rows.is_empty()) {
        (true, _) => Ok(()),
        (false, true) => out.text("nothing is contested").await,
        (false, false) => {
            let columns = ["document", "path", "n", "lost", "by", "shown", "by"];
            out.text(&table(&columns, &rows)).await
        }
    }
}

pub(super) async fn deleted(node: &Node, listing: &Listing, out: &mut Out) -> Result<(), Failure> {
    let space = node.space(&listing.space)?;
    let (mut after, mut is_empty) = (None, true);
    loop {
        let listed = space.deleted(listing.collection.as_deref(), after.as_ref()).await?;
        let Some(last) = listed.last() else { break };
        after = Some(last.doc.clone());
        is_empty = false;
        for listed in listed {
            let json = json!({
                "collection": listed.doc.collection.as_str(),
                "id": listed.doc.key.as_str(),
                "late_edits": listed.has_conflicts,
            });
            let late = if listed.has_conflicts { ", written by others since" } else { "" };
            out.item(json, || format!("{}{late}", listed.doc)).await?;
        }
    }
    if is_empty && !out.is_json() {
        return out.text("nothing is deleted").await;
    }
    Ok(())
}

pub(super) async fn settle(node: &Node, settle: &Settle, out: &mut Out) -> Result<(), Failure> {
    let (collection, id) = locate(node, &settle.document)?;
    let document = collection.inspect(&id).await?;
    if settle.base.as_ref().is_some_and(|base| *base != document.version.to_string()) {
        return Err(Failure::Refused(Error::new(
            Code::StaleVersion,
            format!("{}/{id} has changed since that version was read", collection.name()),
            "look at its conflicts again with `dunlin get --conflicts --version`",
        )));
    }
    let wanted = settle.take.unwrap_or(1) as usize;
    let found =
        numbered(&document.conflicts).find(|(n, it)| *n == wanted && it.path == settle.path);
    let Some((_, conflict)) = found else {
        return Err(Failure::Refused(Error::new(
            Code::NotFound,
            format!("{}/{id} has no conflict {wanted} at {:?}", collection.name(), settle.path),
            "see its paths and numbers with `dunlin get --conflicts`",
        )));
    };
    let committed = match settle.keep {
        true => collection.keep(&document, conflict).await?,
        false => collection.take(&document, conflict).await?,
    };
    report(&collection, &committed, out).await
}

/// Conflicts as JSON, their values in a form.
pub(super) fn to_json(conflicts: &[Conflict], form: impl Fn(&Value) -> Json) -> Json {
    let side = |side: &Side| {
        json!({
            "value": side.value.as_ref().map(&form),
            "absent": side.value.is_none(),
            "writer": side.writer.map(|writer| writer.to_string()),
            "device": side.author.as_ref().map(|author| author.device.to_string()),
            "name": side.author.as_ref().map(|author| &author.name),
            "kind": side.author.as_ref().map(|author| author.kind.as_str()),
            "known": side.author.as_ref().map_or("unknown", |author| author.known.as_str()),
            "time": side.time_ms.map(rfc3339),
            "at_creation": side.at_creation,
        })
    };
    let conflict = |(n, conflict): (usize, &Conflict)| {
        json!({
            "path": conflict.path,
            "n": n,
            "id": conflict.id.to_string(),
            "shown": side(&conflict.shown),
            "lost": side(&conflict.lost),
            "item": conflict.item,
        })
    };
    numbered(conflicts).map(conflict).collect()
}

/// Conflicts with the number that each has among those of its path, from 1.
fn numbered(conflicts: &[Conflict]) -> impl Iterator<Item = (usize, &Conflict)> {
    conflicts.iter().enumerate().map(|(index, conflict)| {
        let before = conflicts[..index].iter().filter(|other| other.path == conflict.path);
        (before.count() + 1, conflict)
    })
}

async fn inspect(space: &Space, doc: &dunlin::DocId) -> Result<Option<Document>, Failure> {
    match space.collection(doc.collection.as_str())?.inspect(&doc.key).await {
        Ok(document) => Ok(Some(document)),
        Err(error) if error.code() == Code::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn row(document: &str, n: usize, conflict: &Conflict) -> Vec<String> {
    let value = |side: &Side| match &side.value {
        Some(value) => value.to_json().to_string(),
        None => "nothing".to_owned(),
    };
    let Conflict { path, shown, lost, .. } = conflict;
    let (lost_by, shown_by) = (by(lost), by(shown));
    vec![
        document.to_owned(),
        path.clone(),
        n.to_string(),
        value(lost),
        lost_by,
        value(shown),
        shown_by,
    ]
}

/// Who wrote a side, and when.
fn by(side: &Side) -> String {
    if side.at_creation {
        return "at creation".to_owned();
    }
    let name = side.author.as_ref().map_or("unknown", |author| &author.name);
    match side.time_ms {
        Some(time) => format!("{name}, {}", rfc3339(time)),
        None => name.to_owned(),
    }
}
