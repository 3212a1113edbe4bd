//! `transaction`: several documents from JSON lines, all or nothing.

use std::collections::BTreeSet;

use dunlin::{
    Attempt, Code, CollectionHandle, DocKey, Edit, Error, Forms, InvalidInput, JsonText, ListKeys,
    MAX_TRANSACTION_WRITES, Node, Path, Space, Value,
};
use serde_json::{Map, Value as Json, json};

use crate::{
    args::Transaction,
    failure::Failure,
    input::{self, Lines, MAX_BYTES},
    out::Out,
};

/// What a line looks like.
const SHAPE: &str =
    r#"each line is {"collection":"…","id":"…","put":{…}}, or with "edit":[…] or "delete":true"#;

/// One line: a document, and what is to become of it.
struct Write {
    collection: CollectionHandle,
    id: DocKey,
    what: What,
}

enum What {
    Put(Value),
    Edit(Vec<Edit>),
    Delete,
}

pub(super) async fn transaction(
    node: &Node,
    transaction: &Transaction,
    fed: Option<Lines>,
    out: &mut Out,
) -> Result<(), Failure> {
    let space = node.space(&transaction.space)?;
    let lines = fed.ok_or_else(|| Failure::invalid("there is no input", "feed it lines"))?;
    // Nobody waits for its turn behind whoever writes the lines.
    let writes = read(lines, &space, transaction).await?;
    let turn = space.turn(&[]).await?;
    let committed = loop {
        stage(&turn.transaction(), &writes, transaction.whole)?;
        if let Attempt::Committed(committed) = turn.commit().await? {
            break committed;
        }
    };
    let name = |write: &Write| (write.collection.name().clone(), write.id.clone());
    let documents = writes.iter().map(name).collect::<BTreeSet<_>>().len();
    let seq = committed.iter().map(|write| write.seq).max();
    let json = json!({"documents": documents, "writes": writes.len(), "seq": seq});
    out.item(json, || match documents {
        1 => "1 document written".to_owned(),
        count => format!("{count} documents written"),
    })
    .await
}

async fn read(
    mut lines: Lines,
    space: &Space,
    transaction: &Transaction,
) -> Result<Vec<Write>, Failure> {
    let forms = if transaction.plain { Forms::Plain } else { Forms::Tagged };
    let (mut writes, mut number, mut bytes) = (Vec::new(), 0, 0);
    while let Some(line) = input::line(&mut lines).await? {
        number += 1;
        let write = line.and_then(|line| {
            bytes += line.len();
            if bytes > MAX_BYTES || writes.len() >= MAX_TRANSACTION_WRITES {
                return Err(too_much());
            }
            let is_blank = line.iter().all(u8::is_ascii_whitespace);
            if is_blank { Ok(None) } else { parse(&line, space, forms).map(Some) }
        });
        writes.extend(write.map_err(|error| {
            let reason = format!("line {number}: {}", error.reason());
            Error::new(error.code(), reason, error.remedy())
        })?);
    }
    Ok(writes)
}

fn parse(line: &[u8], space: &Space, forms: Forms) -> Result<Write, Error> {
    let line = str::from_utf8(line).map_err(|_| invalid("it is not UTF-8"))?;
    let text = JsonText::line(line, "it");
    let Json::Object(mut fields) = text.envelope()? else {
        return Err(invalid("it is not an object"));
    };
    let collection = space.collection(&string(&mut fields, "collection")?)?;
    let id = string(&mut fields, "id")?.parse()?;
    let mut fields = fields.into_iter();
    let (Some((name, json)), None) = (fields.next(), fields.next()) else {
        return Err(invalid("it has to have one of put, edit and delete, and nothing else"));
    };
    let path = Path::default().child(&name);
    let what = match (name.as_str(), &json) {
        ("put", json) => What::Put(text.value_of(json, &path, forms)?),
        ("edit", json) => What::Edit(text.edits_of(json, &path, forms)?),
        ("delete", Json::Bool(true)) => What::Delete,
        ("delete", _) => return Err(invalid("delete takes true")),
        _ => return Err(invalid(&format!("there is a field {name:?}"))),
    };
    Ok(Write { collection, id, what })
}

fn string(fields: &mut Map<String, Json>, name: &str) -> Result<String, Error> {
    match fields.remove(name) {
        Some(Json::String(text)) => Ok(text),
        None => Err(invalid(&format!("the field {name} is missing"))),
        Some(_) => Err(invalid(&format!("the field {name} is not a string"))),
    }
}

fn stage(run: &dunlin::Transaction, writes: &[Write], is_whole: bool) -> Result<(), Error> {
    for Write { collection, id, what } in writes {
        match what {
            What::Put(value) if is_whole => {
                run.replace(collection, id, value.clone(), None, ListKeys::default())?;
            }
            What::Put(patch) => {
                run.put(collection, id, patch.clone(), None, ListKeys::default())?;
            }
            What::Edit(edits) => run.edit(collection, id, edits.clone(), None)?,
            What::Delete => run.delete(collection, id)?,
        }
    }
    Ok(())
}

fn invalid(reason: &str) -> Error {
    InvalidInput::new(reason, SHAPE).into()
}

fn too_much() -> Error {
    let reason = format!("a transaction has at most {MAX_TRANSACTION_WRITES} writes and 8 MiB");
    Error::new(Code::LimitExceeded, reason, "make several transactions of it")
}
