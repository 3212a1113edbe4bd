//! Single documents: put, edit, get, delete.

use dunlin::{Code, CollectionHandle, Committed, DocKey, Error, JsonText, Node, Value, Version};
use serde_json::{Value as Json, json};

use super::conflicts;
use crate::{
    args::{Document, Edit, Get, Put},
    failure::Failure,
    human::pretty,
    out::Out,
};

pub(super) async fn put(
    node: &Node,
    put: &Put,
    id: Option<&str>,
    json: &str,
    out: &mut Out,
) -> Result<(), Failure> {
    let collection = node.space(&put.space)?.collection(&put.collection)?;
    let id = id.map(str::parse::<DocKey>).transpose()?;
    let value = JsonText::new(json, "the value").value(put.forms())?;
    let list_keys = put.list_keys()?;
    let Some(id) = id else {
        let committed = collection.insert(value).await?;
        // The id alone, for scripts.
        return out.item(done(&committed), || committed.id.to_string()).await;
    };
    let committed = match put.whole {
        true => collection.replace_based(&id, value, None, list_keys).await?,
        false => collection.put_based(&id, value, None, list_keys).await?,
    };
    report(&collection, &committed, out).await
}

pub(super) async fn edit(node: &Node, edit: &Edit, out: &mut Out) -> Result<(), Failure> {
    let (collection, id) = locate(node, &edit.document)?;
    let edits = JsonText::new(&edit.edits, "the list of edits").edits(edit.forms())?;
    let base = edit.base.as_deref().map(str::parse::<Version>).transpose()?;
    let committed = collection.edit(&id, edits, base).await?;
    report(&collection, &committed, out).await
}

pub(super) async fn get(node: &Node, get: &Get, out: &mut Out) -> Result<(), Failure> {
    let (collection, id) = locate(node, &get.document)?;
    let document = match collection.inspect(&id).await {
        // What lost against a deletion is the reason to look at the conflicts of such a document.
        Ok(document) if document.is_deleted && !get.conflicts => {
            return Err(Failure::Refused(Error::new(
                Code::NotFound,
                format!("{}/{id} was deleted", get.document.collection),
                "look at what it last was with --conflicts, or bring it back with `dunlin restore`",
            )));
        }
        outcome => outcome?,
    };
    let form = |value: &Value| if get.kinds { value.to_tagged_json() } else { value.to_json() };
    let value = form(&document.value);
    let answer = if get.version || get.conflicts {
        let mut answer = json!({"id": id.as_str(), "value": value});
        if get.version {
            answer["version"] = Json::from(document.version.to_string());
        }
        if get.conflicts {
            answer["deleted"] = Json::from(document.is_deleted);
            answer["conflicts"] = conflicts::to_json(&document.conflicts, form);
        }
        answer
    } else {
        value
    };
    let text = pretty(&answer);
    out.item(answer, || text).await
}

pub(super) async fn delete(node: &Node, document: &Document, out: &mut Out) -> Result<(), Failure> {
    let (collection, id) = locate(node, document)?;
    let committed = collection.delete(&id).await?;
    let json = json!({"id": id.as_str(), "seq": committed.seq});
    out.item(json, || format!("{}/{id} deleted", collection.name())).await
}

pub(super) async fn restore(
    node: &Node,
    document: &Document,
    out: &mut Out,
) -> Result<(), Failure> {
    let (collection, id) = locate(node, document)?;
    let committed = collection.restore(&id).await?;
    out.item(done(&committed), || format!("{}/{id} restored", collection.name())).await
}

pub(super) async fn refound(
    node: &Node,
    document: &Document,
    out: &mut Out,
) -> Result<(), Failure> {
    let (collection, id) = locate(node, document)?;
    let committed = collection.refound(&id).await?;
    out.item(done(&committed), || format!("{}/{id} begun anew", collection.name())).await
}

pub(super) fn locate(
    node: &Node,
    document: &Document,
) -> Result<(CollectionHandle, DocKey), Failure> {
    let collection = node.space(&document.space)?.collection(&document.collection)?;
    Ok((collection, document.id.parse()?))
}

pub(super) fn done(committed: &Committed) -> Json {
    json!({
        "id": committed.id.as_str(),
        "seq": committed.seq,
        "version": committed.version.to_string(),
    })
}

pub(super) async fn report(
    collection: &CollectionHandle,
    committed: &Committed,
    out: &mut Out,
) -> Result<(), Failure> {
    out.item(done(committed), || {
        let document = format!("{}/{}", collection.name(), committed.id);
        match committed.paths.len() {
            0 => format!("{document} is like that already"),
            1 => format!("{document} changed at {}", place(&committed.paths[0])),
            n => format!("{document} changed at {n} places"),
        }
    })
    .await
}

fn place(path: &str) -> &str {
    if path.is_empty() { "the top" } else { path }
}
