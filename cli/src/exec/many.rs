//! `put --many`: documents as they stream in, each answered once it is on disk.
//!
//! Three things go on at once: lines are read and parsed, earlier ones are being committed, and
//! the answers to still earlier ones are printed. A batch is whatever arrived while the one
//! before it was being committed, so a slow producer waits for nobody and a fast one shares commits.

use dunlin::{
    Code, CollectionHandle, Committed, DocKey, Error, Forms, InvalidInput, JsonText, ListKeys,
    Node, Path, Value,
};
use serde_json::{Value as Json, json};
use tokio::sync::mpsc;

use crate::{
    args::Put,
    failure::{Failure, Problem},
    input::{self, Lines},
    out::Out,
};

/// Most lines of one batch, so that the first of them need not wait long.
const BATCH: usize = 256;
/// Batches that are committed and not printed yet.
const UNPRINTED: usize = 2;

/// How lines are read and written.
#[derive(Clone)]
struct Manner {
    forms: Forms,
    /// Ids may be missing.
    new: bool,
    /// Documents are replaced instead of merged.
    whole: bool,
    /// By which fields items of lists are told apart.
    list_keys: ListKeys,
}

/// One line: where it stands, and what to write or why not.
struct Parsed {
    number: u64,
    order: Result<(DocKey, Value), Error>,
}

pub(super) async fn put(
    node: &Node,
    put: &Put,
    fed: Option<Lines>,
    out: &mut Out,
) -> Result<(), Failure> {
    let collection = node.space(&put.space)?.collection(&put.collection)?;
    let lines = fed.ok_or_else(|| Failure::invalid("there is no input", "feed it lines"))?;
    let (sender, mut parsed) = mpsc::channel(BATCH);
    let (commits, mut committed) = mpsc::channel(UNPRINTED);
    let manner =
        Manner { forms: put.forms(), new: put.new, whole: put.whole, list_keys: put.list_keys()? };
    let reading = tokio::spawn(read(lines, collection.clone(), manner.clone(), sender));
    tokio::spawn(async move {
        let mut batch = Vec::new();
        while parsed.recv_many(&mut batch, BATCH).await > 0 {
            let answers = commit(&collection, &manner, std::mem::take(&mut batch)).await;
            if commits.send(answers).await.is_err() {
                return;
            }
        }
    });

    let mut is_complete = true;
    let mut outcome = Ok(());
    while let Some(answers) = committed.recv().await {
        for (number, answer) in answers? {
            match answer {
                Ok(done) => {
                    let json = json!({"id": done.id.as_str(), "seq": done.seq});
                    let human = || format!("{} {}", done.seq, done.id);
                    out.item(json, human).await?;
                }
                Err(error) if is_fatal(error.code()) => {
                    outcome = Err(Failure::Refused(at_line(number, &error)));
                    break;
                }
                Err(error) => {
                    is_complete = false;
                    out.problem(Problem::from(&at_line(number, &error))).await?;
                }
            }
        }
        out.flush().await?;
        if outcome.is_err() {
            break;
        }
    }
    outcome?;
    reading.await.unwrap_or(Ok(()))?;
    if is_complete { Ok(()) } else { Err(Failure::Reported) }
}

/// Reads and parses lines until the input or the interest ends.
async fn read(
    mut lines: Lines,
    collection: CollectionHandle,
    manner: Manner,
    parsed: mpsc::Sender<Parsed>,
) -> Result<(), Failure> {
    let mut number = 0;
    while let Some(line) = input::line(&mut lines).await? {
        number += 1;
        if line.as_ref().is_ok_and(|line| line.iter().all(u8::is_ascii_whitespace)) {
            continue;
        }
        let order = line.and_then(|line| parse(&line, &collection, &manner));
        if parsed.send(Parsed { number, order }).await.is_err() {
            break;
        }
    }
    Ok(())
}

fn parse(
    line: &[u8],
    collection: &CollectionHandle,
    manner: &Manner,
) -> Result<(DocKey, Value), Error> {
    let invalid = |reason: &str| {
        Error::from(InvalidInput::new(reason, r#"each line is {"id":"…","value":{…}}, in UTF-8"#))
    };
    let line = str::from_utf8(line).map_err(|_| invalid("it is not UTF-8"))?;
    let text = JsonText::line(line, "it");
    let Json::Object(mut fields) = text.envelope()? else {
        return Err(invalid("it is not an object"));
    };
    let (id, value) = (fields.remove("id"), fields.remove("value"));
    if let Some(unknown) = fields.keys().next() {
        return Err(invalid(&format!("there is a field {unknown:?}")));
    }
    let id = match id {
        Some(Json::String(id)) => id.parse()?,
        None | Some(Json::Null) if manner.new => collection.new_id()?,
        None => return Err(invalid("the field id is missing")),
        Some(_) => return Err(invalid("the field id is not a string")),
    };
    let value = value.ok_or_else(|| invalid("the field value is missing"))?;
    Ok((id, text.value_of(&value, &Path::default().child("value"), manner.forms)?))
}

/// Writes what can be written of a batch; the answers keep its order.
async fn commit(
    collection: &CollectionHandle,
    manner: &Manner,
    batch: Vec<Parsed>,
) -> Result<Vec<(u64, Result<Committed, Error>)>, Error> {
    let mut orders = Vec::with_capacity(batch.len());
    let mut answers = Vec::with_capacity(batch.len());
    for Parsed { number, order } in batch {
        match order {
            Ok(order) => {
                orders.push(order);
                answers.push((number, None));
            }
            Err(error) => answers.push((number, Some(Err(error)))),
        }
    }
    let list_keys = manner.list_keys.clone();
    let written = match manner.whole {
        true => collection.replace_many(orders, list_keys).await?,
        false => collection.put_many(orders, list_keys).await?,
    };
    let mut written = written.into_iter();
    let missing = || Error::new(Code::Internal, "an answer is missing", "report this bug");
    Ok(answers
        .into_iter()
        .map(|(number, answer)| {
            let answer = answer.or_else(|| written.next());
            (number, answer.unwrap_or_else(|| Err(missing())))
        })
        .collect())
}

/// Whether every further line would meet the same fate.
fn is_fatal(code: Code) -> bool {
    !matches!(code, Code::InvalidInput | Code::NotFound | Code::WrongKind | Code::LimitExceeded)
}

fn at_line(number: u64, error: &Error) -> Error {
    Error::new(error.code(), format!("line {number}: {}", error.reason()), error.remedy())
}
