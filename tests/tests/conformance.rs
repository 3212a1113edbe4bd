//! The conformance list, run through the Rust API; see `tests/conformance/README.md`.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::Path as FilePath,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use dunlin::{
    Anchor, Carrier, ChangeFeed, CollectionHandle, Config, DeviceKind, DocKey, Document,
    Durability, Edit, Error, Forms, Invitation, JsonText, ListKeys, Listed, LiveQuery, Node,
    QueryChange, Role, Row, Rows, Selection, Space, SyncConfig, Transaction, Value, Version,
};
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

/// Far beyond what any step takes.
const DEADLINE: Duration = Duration::from_secs(60);

type Outcome = Result<Option<Json>, Error>;
type Shown = Arc<Mutex<Option<List>>>;

/// What a live query showed last.
#[derive(Default)]
struct List {
    rows: Vec<Row>,
    more: bool,
    failed: Option<Error>,
}

struct Device {
    node: Node,
    space: Space,
    feeds: BTreeMap<String, ChangeFeed>,
    _dir: TempDir,
}

#[derive(Default)]
struct Case {
    devices: BTreeMap<String, Device>,
    read: BTreeMap<String, Document>,
    anchors: BTreeMap<String, Anchor>,
    shown: BTreeMap<String, Shown>,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_case_of_the_list_holds() {
    let folder = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("conformance");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let cases: Json = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        for case in cases.as_array().unwrap() {
            let name = format!("{}: {}", path.file_stem().unwrap().display(), text(&case["name"]));
            println!("{name}");
            timeout(DEADLINE, run(&name, case)).await.unwrap_or_else(|_| panic!("{name}: no end"));
            count += 1;
        }
    }
    assert!(count >= 20, "{count} cases");
}

async fn run(name: &str, description: &Json) {
    let names = |key: &str| -> Vec<String> {
        let named = description[key].as_array().into_iter().flatten();
        named.map(|name| text(name).to_owned()).collect()
    };
    let mut case = Case::default();
    case.found().await;
    let readers = names("readers");
    for device in names("devices").into_iter().filter(|device| device != "a") {
        let role = if readers.contains(&device) { Role::Reader } else { Role::Writer };
        case.admit(&device, role).await;
    }
    for (index, step) in description["steps"].as_array().unwrap().iter().enumerate() {
        tick().await;
        let outcome = case.step(step).await;
        let place = format!("{name}, step {}: {step}", index + 1);
        match (step.get("refused"), outcome) {
            (Some(code), Err(error)) => assert_eq!(text(code), error.code().as_str(), "{place}"),
            (Some(_), Ok(given)) => panic!("{place}: not refused, but {given:?}"),
            (None, Err(error)) => panic!("{place}: {error:?}"),
            (None, Ok(Some(wrong))) => panic!("{place}: {wrong}"),
            (None, Ok(None)) => {}
        }
    }
    for device in case.devices.into_values() {
        device.node.shutdown().await.unwrap();
    }
}

/// Waits until the wall clock shows another millisecond.
async fn tick() {
    let now =
        || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    let before = now();
    while now() <= before {
        sleep(Duration::from_millis(1)).await;
    }
}

fn text(json: &Json) -> &str {
    json.as_str().unwrap_or_else(|| panic!("{json} is not a string"))
}

/// Nothing if the two are equal, else what is there.
fn compare(found: Json, expected: &Json) -> Outcome {
    Ok((found != *expected).then_some(found))
}

fn rows(rows: &[Row]) -> Json {
    rows.iter().map(|row| Json::from(row.to_vec())).collect()
}

fn names_of(listed: &[Listed]) -> Json {
    listed.iter().map(|it| Json::from(it.doc.to_string())).collect()
}

impl Case {
    async fn open(name: &str) -> (Node, TempDir) {
        let dir = TempDir::new().unwrap();
        let config = Config { durability: Durability::Relaxed, ..Config::default() };
        let node = Node::create(dir.path(), name, DeviceKind::Human, config).await.unwrap();
        (node, dir)
    }

    async fn found(&mut self) {
        let (node, dir) = Self::open("a").await;
        let space = node.create_space("farm").await.unwrap();
        self.insert("a", node, space, dir);
    }

    async fn admit(&mut self, name: &str, role: Role) {
        let (node, dir) = Self::open(name).await;
        let invitation = Invitation { role, ..Invitation::default() };
        let ticket = self.devices["a"].space.invite(&invitation).await.unwrap();
        let space = node.join(&ticket, None).await.unwrap();
        self.insert(name, node, space, dir);
    }

    fn insert(&mut self, name: &str, node: Node, space: Space, dir: TempDir) {
        let device = Device { node, space, feeds: BTreeMap::new(), _dir: dir };
        self.devices.insert(name.to_owned(), device);
    }

    async fn step(&mut self, step: &Json) -> Outcome {
        let on = step.get("on").map_or("a", text);
        let device = self.devices.get_mut(on).unwrap();
        let field = |name: &str| step.get(name);
        let named = |name: &str| step.get(name).map(text);
        if field("meet").is_some() {
            self.meet().await;
            return Ok(None);
        } else if field("suspend").is_some() {
            return device.node.suspend(DEADLINE).await.map(|()| None);
        } else if field("resume").is_some() {
            return device.node.resume().await.map(|()| None);
        } else if let Some(sql) = named("query") {
            let parameters = step["parameters"].as_array().cloned().unwrap_or_default();
            let found = device.space.query(sql, &parameters).await?;
            return compare(rows(&found.rows), &step["rows"]);
        } else if let Some(name) = named("as") {
            if let Some(live) = follow(&device.space, step)? {
                let shown = self.shown.entry(name.to_owned()).or_default();
                tokio::spawn(keep_up(live, shown.clone()));
                return Ok(None);
            }
        } else if let Some(watch) = named("shows") {
            let shown = &self.shown[watch];
            while !shown.lock().unwrap().as_ref().is_some_and(|list| list.shows(step)) {
                sleep(Duration::from_millis(5)).await;
            }
            return Ok(None);
        } else if let Some(expected) = field("contested") {
            let listed = device.space.contested(None, None).await?;
            return compare(names_of(&listed), expected);
        } else if let Some(expected) = field("deleted") {
            let listed = device.space.deleted(None, None).await?;
            return compare(names_of(&listed), expected);
        } else if let Some(steps) = field("transaction") {
            return device.transact(steps.as_array().unwrap()).await;
        } else if let Some(consumer) = named("feed") {
            return device.feed(consumer, &step["tells"]).await;
        }
        self.on_document(step).await
    }

    async fn on_document(&mut self, step: &Json) -> Outcome {
        const STEPS: [&str; 13] = [
            "put", "insert", "replace", "edit", "save", "keep", "take", "delete", "restore",
            "read", "get", "anchor", "resolve",
        ];
        let what = STEPS.into_iter().find(|what| step.get(*what).is_some());
        let what = what.unwrap_or_else(|| panic!("no such step: {step}"));
        let device = &self.devices[step.get("on").map_or("a", text)];
        let (collection, id) = text(&step[what]).split_once('/').unwrap();
        let documents: CollectionHandle = device.space.collection(collection)?;
        let id: DocKey = id.parse()?;
        let forms = if step.get("plain").is_some() { Forms::Plain } else { Forms::Tagged };
        let value = || JsonText::new(&step["value"].to_string(), "the value").value(forms);
        let base: Option<Version> =
            step.get("base").map(|name| self.read[text(name)].version.clone());
        match what {
            "put" => drop(documents.put_based(&id, value()?, base, ListKeys::default()).await?),
            "insert" => drop(documents.insert_with_id(&id, value()?).await?),
            "replace" => {
                drop(documents.replace_based(&id, value()?, base, ListKeys::default()).await?)
            }
            "edit" => {
                let text = step["edits"].to_string();
                let edits = JsonText::new(&text, "the list of edits").edits(forms)?;
                drop(documents.edit(&id, edits, base).await?);
            }
            "save" => {
                let read = &self.read[text(&step["read"])];
                let seen = Value::from_json(&read.to_json())?;
                drop(documents.save_model(read, seen, value()?, ListKeys::default()).await?);
            }
            "keep" | "take" => {
                let read = match step.get("read") {
                    Some(name) => self.read[text(name)].clone(),
                    None => documents.inspect(&id).await?,
                };
                let mut conflicts = read.conflicts.iter();
                let conflict = conflicts.find(|it| it.path == text(&step["path"])).unwrap();
                match what {
                    "keep" => drop(documents.keep(&read, conflict).await?),
                    _ => drop(documents.take(&read, conflict).await?),
                }
            }
            "delete" => drop(documents.delete(&id).await?),
            "restore" => drop(documents.restore(&id).await?),
            "read" => {
                let read = documents.get(&id).await?;
                self.read.insert(text(&step["as"]).to_owned(), read);
            }
            "get" => {
                let read = documents.get(&id).await?;
                if let Some(expected) = step.get("conflicts") {
                    let mut found: Vec<Json> = read.conflicts.iter().map(conflict).collect();
                    found.sort_by_key(Json::to_string);
                    if let Some(wrong) = compare(json!(found), expected)? {
                        return Ok(Some(wrong));
                    }
                }
                if let Some(expected) = step.get("gone") {
                    let gone: Vec<_> = read.conflicts.iter().map(|it| it.item.clone()).collect();
                    if let Some(wrong) = compare(json!(gone), expected)? {
                        return Ok(Some(wrong));
                    }
                }
                return compare(read.to_json(), &step["is"]);
            }
            "anchor" => {
                let (path, at) = (text(&step["path"]).parse()?, step["at"].as_u64().unwrap());
                let anchor = documents.anchor(&id, &path, at as u32).await?;
                self.anchors.insert(text(&step["as"]).to_owned(), anchor);
            }
            _ => {
                let anchor = &self.anchors[text(&step["to"])];
                return compare(json!(documents.resolve(&id, anchor).await?), &step["at"]);
            }
        }
        Ok(None)
    }

    /// Connects everybody to the first device until all have the same documents.
    async fn meet(&self) {
        let loopback = |peers| SyncConfig {
            carrier: Carrier::Udp(SocketAddr::from(([127, 0, 0, 1], 0))),
            peers,
            mdns: false,
            ..SyncConfig::default()
        };
        let first = &self.devices["a"].node;
        first.start_sync(loopback(vec![])).await.unwrap();
        let address = first.status().await.unwrap().listen[0];
        let others = || self.devices.iter().filter(|(name, _)| *name != "a");
        for (_, device) in others() {
            device.node.start_sync(loopback(vec![address])).await.unwrap();
        }
        loop {
            let mut digests = Vec::new();
            let mut connected = 0;
            for device in self.devices.values() {
                let status = device.node.status().await.unwrap();
                connected += status.peers.iter().filter(|peer| peer.in_sync).count();
                digests.push(status.spaces[0].digest.clone());
            }
            digests.dedup();
            if digests.len() == 1 && connected == 2 * others().count() {
                break;
            }
            sleep(Duration::from_millis(10)).await;
        }
        for device in self.devices.values() {
            device.node.stop_sync().await;
        }
    }
}

impl Device {
    /// Carries out steps, all or none.
    async fn transact(&self, steps: &[Json]) -> Outcome {
        let run = |tx| async move {
            for step in steps {
                if let Some(wrong) = self.step_of(&tx, step).await? {
                    return Ok(Some(wrong));
                }
            }
            Ok(None)
        };
        self.space.transaction(run).await
    }

    async fn step_of(&self, tx: &Transaction, step: &Json) -> Outcome {
        const STEPS: [&str; 8] =
            ["put", "insert", "replace", "edit", "delete", "restore", "update", "get"];
        let what = STEPS.into_iter().find(|what| step.get(*what).is_some());
        let what = what.unwrap_or_else(|| panic!("no such step: {step}"));
        let (collection, id) = text(&step[what]).split_once('/').unwrap();
        let (documents, id) = (self.space.collection(collection)?, id.parse()?);
        let (value, keys) = (|| Value::from_json(&step["value"]), ListKeys::default());
        match what {
            "put" => tx.put(&documents, &id, value()?, None, keys)?,
            "insert" => tx.insert(&documents, &id, value()?)?,
            "replace" => tx.replace(&documents, &id, value()?, None, keys)?,
            "edit" => tx.edit(&documents, &id, Edit::list_from_json(&step["edits"])?, None)?,
            "delete" => tx.delete(&documents, &id)?,
            "restore" => tx.restore(&documents, &id)?,
            "update" => {
                let read = tx.get(&documents, &id).await?;
                let mut new = read.to_json();
                for (field, value) in step["value"].as_object().unwrap() {
                    new[field] = value.clone();
                }
                tx.save(&documents, &read, Value::from_json(&new)?, keys)?;
            }
            _ => return compare(tx.get(&documents, &id).await?.to_json(), &step["is"]),
        }
        Ok(None)
    }

    /// Reads what the consumer was not told yet, and acknowledges it.
    async fn feed(&mut self, consumer: &str, expected: &Json) -> Outcome {
        if !self.feeds.contains_key(consumer) {
            let feed = self.space.changes(consumer).await?;
            self.feeds.insert(consumer.to_owned(), feed);
        }
        let feed = self.feeds.get_mut(consumer).unwrap();
        let mut told = Vec::new();
        while told.len() < expected.as_array().unwrap().len() {
            let events = feed.next().await?.unwrap();
            feed.acknowledge(events[events.len() - 1].seq).await?;
            told.extend(
                events.into_iter().map(|event| {
                    json!([event.doc.to_string(), event.paths, event.origin.as_str()])
                }),
            );
        }
        compare(json!(told), expected)
    }
}

fn conflict(conflict: &dunlin::Conflict) -> Json {
    match &conflict.lost.value {
        Some(value) => json!([conflict.path, value.to_tagged_json()]),
        None => json!([conflict.path]),
    }
}

impl List {
    /// Whether this is what a step expects.
    fn shows(&self, step: &Json) -> bool {
        let expects = |name, found: Json| step.get(name).is_none_or(|expected| found == *expected);
        expects("rows", rows(&self.rows))
            && expects("documents", documents(&self.rows))
            && expects("more", self.more.into())
            && self.failed.as_ref().map(|error| error.code().as_str())
                == step.get("failed").map(text)
    }
}

/// The documents that rows have as text.
fn documents(rows: &[Row]) -> Json {
    let document = |row: &Row| {
        let value: Json = row.get(1)?.as_str().and_then(|text| serde_json::from_str(text).ok())?;
        Some(json!([row[0], value]))
    };
    rows.iter().map(document).collect::<Option<Json>>().unwrap_or_default()
}

/// What a step wants to be followed, if it does.
fn follow(space: &Space, step: &Json) -> Result<Option<LiveQuery>, Error> {
    let named = |name: &str| step.get(name).map(text);
    let parameters = step["parameters"].as_array().cloned().unwrap_or_default();
    if let Some(sql) = named("watch") {
        return Ok(Some(space.watch(sql, &parameters)));
    }
    let mut selection = Selection::default();
    if let Some(condition) = named("where") {
        selection = selection.filter(condition, parameters);
    }
    if let Some(order) = named("order") {
        selection = selection.order_by(order);
    }
    if let Some(limit) = step["limit"].as_u64() {
        selection = selection.limit(limit as usize);
    }
    Ok(match (named("select"), named("count")) {
        (Some(collection), _) => Some(space.collection(collection)?.watch(&selection)),
        (_, Some(collection)) => Some(space.collection(collection)?.watch_count(&selection)),
        _ => None,
    })
}

/// Keeps what a live query shows up to date, until the node is shut down.
async fn keep_up(mut live: LiveQuery, shown: Shown) {
    while let Some(change) = live.next().await.unwrap() {
        let mut shown = shown.lock().unwrap();
        let list = shown.get_or_insert_default();
        list.failed = None;
        match change {
            QueryChange::Snapshot(Rows { rows, more, .. }) => {
                (list.rows, list.more) = (rows, more);
            }
            QueryChange::Difference(difference) => {
                difference.apply(&mut list.rows);
                list.more = difference.more;
            }
            QueryChange::Failed(error) => list.failed = Some(error),
        }
    }
}
