//! Peers without the sender's checks, over real QUIC: what they push changes nothing, and shows.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::{net::SocketAddr, path::Path, time::Duration};

use dunlin::{
    Carrier, Config, DeviceKind, DocId, Durability, Invitation, Node, Refusal, RefuseCode, Role,
    Space, SyncConfig, Ticket, Value,
};
use dunlin_model::{DocHash, Document, Incarnation, ListKeys, SpaceId};
use dunlin_net::{Closed, Connection, Endpoint};
use dunlin_proto::{
    error::CloseCode,
    frame::{Content, DocEntry, Frame},
    session::{self, Effect, Session, SpaceAccess},
    trust::{Profile, create_space},
};
use serde_json::json;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

const SECONDS: Duration = Duration::from_secs(30);
const SEED: [u8; 32] = [66; 32];

/// A node on loopback with one document.
struct Victim {
    dir: TempDir,
    node: Node,
    space: Space,
    address: SocketAddr,
}

impl Victim {
    async fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let config = Config { durability: Durability::Relaxed, ..Config::default() };
        let node = Node::create(dir.path(), "victim", DeviceKind::Human, config).await.unwrap();
        let space = node.create_space("farm").await.unwrap();
        let tasks = space.collection("tasks").unwrap();
        let value = Value::from_json(&json!({"title": "Count waders"})).unwrap();
        tasks.put(&"waders".parse().unwrap(), value).await.unwrap();
        let carrier = Carrier::Udp(SocketAddr::from(([127, 0, 0, 1], 0)));
        node.start_sync(SyncConfig {
            carrier,
            peers: Vec::new(),
            mdns: false,
            ..SyncConfig::default()
        })
        .await
        .unwrap();
        let address = node.status().await.unwrap().listen[0];
        Self { dir, node, space, address }
    }

    async fn ticket(&self, role: Role) -> Ticket {
        self.space.invite(&Invitation { role, ..Invitation::default() }).await.unwrap()
    }

    fn file(&self) -> rusqlite::Connection {
        let path = files(self.dir.path()).into_iter().find(|path| path.contains("spaces/"));
        rusqlite::Connection::open(path.unwrap()).unwrap()
    }

    /// All rows of all tables of the space's file that are about documents, quarantine aside.
    async fn tables(&self) -> Vec<String> {
        // Comes behind whatever was handed to the engine, and computes what was put off.
        self.node.status().await.unwrap();
        let connection = self.file();
        let names = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
        let tables: Vec<String> = connection
            .prepare(names)
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            // Statements are what lets a stranger in; the rest is about documents.
            .filter(|table: &String| !table.contains("statement") && !table.starts_with("sqlite"))
            .filter(|table| table != "_quarantine")
            .collect();
        assert!(tables.len() > 3, "{tables:?}");
        let mut rows = Vec::new();
        for table in tables {
            let mut all = connection.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
            let columns = all.column_count();
            let mut cursor = all.query([]).unwrap();
            while let Some(row) = cursor.next().unwrap() {
                let values: Vec<_> = (0..columns).map(|at| row.get_ref(at).unwrap()).collect();
                rows.push(format!("{table} {values:?}"));
            }
        }
        rows
    }

    /// Document and bytes of each row in quarantine, the oldest first.
    fn quarantine(&self) -> Vec<(String, Vec<u8>)> {
        let connection = self.file();
        let sql = "SELECT document, bytes FROM _quarantine ORDER BY id";
        let mut select = connection.prepare(sql).unwrap();
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    }

    async fn refusals(&self) -> Vec<Refusal> {
        self.node.status().await.unwrap().refusals
    }
}

fn files(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false if path.extension().is_some_and(|ending| ending == "sqlite") => {
                found.push(path.to_string_lossy().into_owned());
            }
            false => {}
        }
    }
    found
}

/// A client that says whatever it is told to.
struct Client {
    connection: dunlin_net::ConnectionHandle,
    sender: dunlin_net::FrameSender,
    receiver: dunlin_net::FrameReceiver,
    session: Session,
    /// By which number the victim knows the space.
    slot: Option<u16>,
    effects: Vec<Effect>,
    _endpoint: Endpoint,
}

impl Client {
    /// Connects and says hello with this access.
    async fn connect(to: SocketAddr, access: SpaceAccess) -> Self {
        let any = Carrier::Udp(SocketAddr::from(([127, 0, 0, 1], 0)));
        let endpoint = Endpoint::bind(dunlin_net::Config::new(SEED, any)).unwrap();
        let connection: Connection = endpoint.connect(to, None).await.unwrap();
        let (connection, sender, receiver) = connection.split();
        let session = Session::new(
            session::Config {
                local: endpoint.device(),
                peer: connection.peer(),
                dialer: true,
                exporter: connection.exporter(),
                random: [7; 32],
                wall_clock_ms: 1_800_000_000_000,
                spaces: vec![access],
            },
            0,
        );
        let _endpoint = endpoint;
        Self { connection, sender, receiver, session, slot: None, effects: Vec::new(), _endpoint }
    }

    /// Sends what the session wants to send, and notes what else it wants.
    async fn speak(&mut self) {
        while let Some(effect) = self.session.poll_effect(true) {
            match effect {
                Effect::Send(frame) => self.send(frame).await,
                other => self.effects.push(other),
            }
        }
    }

    async fn send(&mut self, frame: Vec<u8>) {
        if let Some(Frame::Open { space, .. }) = Frame::decode(&frame).unwrap() {
            self.slot = Some(space);
        }
        // The other side may have hung up.
        let _ = self.sender.send(frame).await;
    }

    /// Keeps to the protocol until the victim has let it in, or has hung up.
    async fn introduce(&mut self) -> bool {
        let introduction = async {
            loop {
                self.speak().await;
                let is_in = |effect: &Effect| matches!(effect, Effect::Opened { .. });
                if self.slot.is_some() && self.effects.iter().any(is_in) {
                    return true;
                }
                self.receiver.set_limit(1 << 20);
                match self.receiver.receive().await {
                    Ok(Some(frame)) => drop(self.session.handle_frame(&frame, 0)),
                    _ => return false,
                }
            }
        };
        timeout(SECONDS, introduction).await.expect("let in or turned away")
    }

    /// Says this without asking its session.
    async fn say(&mut self, frame: Frame) {
        self.send(frame.encode()).await;
    }

    async fn push(&mut self, space: u16, doc: &DocId, update: &[u8]) {
        let content = content(doc, update);
        self.say(Frame::Push { space, content: content.clone() }).await;
        self.say(Frame::Docs { space, content, missing: Vec::new() }).await;
    }

    /// Code and documents of the next so many refusals by the victim.
    async fn hear_refusals(&mut self, count: usize) -> Vec<(u16, Vec<DocHash>)> {
        let mut heard = Vec::new();
        while heard.len() < count {
            let frame = timeout(SECONDS, self.receiver.receive()).await.expect("an answer");
            let frame = frame.unwrap().expect("the connection stands");
            if let Some(Frame::Refuse { code, documents, .. }) = Frame::decode(&frame).unwrap() {
                heard.push((code, documents));
            }
        }
        heard
    }
}

fn content(doc: &DocId, update: &[u8]) -> Content {
    Content::pack_documents(&[DocEntry {
        collection: doc.collection.as_str(),
        key: doc.key.as_str(),
        generation: 0,
        state_vector: None,
        update: update.into(),
        total: None,
        digest: None,
    }])
}

fn access(ticket: &Ticket) -> SpaceAccess {
    let profile = Profile { name: "mallory".to_owned(), kind: DeviceKind::Agent };
    let joined = ticket.join(&SEED, &profile, 1_800_000_000_000).unwrap();
    SpaceAccess { roster: joined.roster, secrets: vec![*ticket.secret()] }
}

/// A document that an honest writer could have made.
fn forged() -> (DocId, Vec<u8>) {
    let mut document = Document::new(Incarnation::from_random([9; 8]));
    let value = Value::from_json(&json!({"title": "Mallory was here"})).unwrap();
    let change = document.merge(&value, None, &ListKeys::new(), 0).unwrap();
    (DocId::parse("tasks", "waders").unwrap(), change.update)
}

#[tokio::test]
async fn what_a_reader_pushes_changes_no_table_and_the_refusal_shows() {
    let victim = Victim::new().await;
    let ticket = victim.ticket(Role::Reader).await;
    let mut reader = Client::connect(victim.address, access(&ticket)).await;
    assert!(reader.introduce().await, "a reader is let in");
    let before = victim.tables().await;

    let (doc, update) = forged();
    let space = reader.slot.unwrap();
    reader.push(space, &doc, &update).await;
    reader.say(Frame::Chunk { space, content: Content::pack(update) }).await;
    reader.say(Frame::Offer { space, documents: vec![doc.hash()] }).await;
    // A chunk does not say what it is a part of.
    let named = || vec![doc.hash()];
    let expected = [named(), named(), Vec::new(), named()];
    let expected = expected.map(|documents| (RefuseCode::ReadOnly.code(), documents));
    assert_eq!(reader.hear_refusals(expected.len()).await, expected);
    let refusals = timeout(SECONDS, async {
        loop {
            match victim.refusals().await {
                refusals if refusals.is_empty() => sleep(Duration::from_millis(20)).await,
                refusals => return refusals,
            }
        }
    });
    let refusals = refusals.await.expect("the refusal shows in status");
    let peer = reader._endpoint.device();
    let space = victim.space.id();
    let expected =
        Refusal { peer, space, documents: vec![doc], by_us: true, code: RefuseCode::ReadOnly };
    assert_eq!(refusals.first(), Some(&expected));
    assert_eq!(victim.tables().await, before);
    assert_eq!(victim.quarantine(), []);
}

#[tokio::test]
async fn a_writer_whose_update_is_malformed_is_hung_up_on_and_changes_only_the_quarantine() {
    let victim = Victim::new().await;
    let ticket = victim.ticket(Role::Writer).await;
    let (doc, honest) = forged();
    let mut other_root = honest.clone();
    // The root that the entry's block names: a flag, the length of the name, the name.
    let root = other_root.windows(3).position(|bytes| bytes == b"\x01\x01f").unwrap();
    other_root[root + 2] = b'g';
    let hostile = [vec![0xff; 40], honest[..honest.len() - 1].to_vec(), other_root];
    let mut quarantined = Vec::new();
    for update in hostile {
        let mut writer = Client::connect(victim.address, access(&ticket)).await;
        assert!(writer.introduce().await, "a writer is let in");
        let before = victim.tables().await;
        let space = writer.slot.unwrap();
        // Unasked, as a driver gives what is missing; a push before that would only be wanted.
        let content = content(&doc, &update);
        writer.say(Frame::Docs { space, content, missing: Vec::new() }).await;
        let closed = timeout(SECONDS, writer.connection.closed()).await.expect("hung up");
        let misbehaved = u64::from(CloseCode::Misbehaved.code());
        assert!(matches!(closed, Closed::ByPeer { code, .. } if code == misbehaved), "{closed:?}");
        quarantined.push((doc.to_string(), update));
        assert_eq!(victim.quarantine(), quarantined);
        assert_eq!(victim.tables().await, before);
    }
    assert_eq!(CloseCode::Misbehaved.code(), 3);
    let listed = victim.space.quarantined().await.unwrap();
    let told = listed.into_iter().map(|it| (it.document, it.bytes)).collect::<Vec<_>>();
    assert_eq!(told, quarantined);
    assert_eq!(victim.space.empty_quarantine().await.unwrap(), 3);
    assert_eq!(victim.quarantine(), []);
}

/// A document of one writer, with a text at this path.
fn by_one_writer(path: &str, text: &str) -> Vec<u8> {
    let mut document = Document::new(Incarnation::from_random([8; 8]));
    // What it begins with is nobody's write.
    for content in [json!({}), json!({ path: {"$text": text} })] {
        let value = Value::from_json(&content).unwrap();
        document.merge(&value, None, &ListKeys::new(), 0).unwrap();
    }
    document.snapshot()
}

#[tokio::test]
async fn what_contradicts_the_document_here_is_set_aside_and_nobody_is_hung_up_on() {
    let victim = Victim::new().await;
    let ticket = victim.ticket(Role::Writer).await;
    let mut writer = Client::connect(victim.address, access(&ticket)).await;
    assert!(writer.introduce().await, "a writer is let in");
    let space = writer.slot.unwrap();
    let doc = |key: &str| DocId::parse("tasks", key).unwrap();
    let fork = [by_one_writer("a", "one"), by_one_writer("b", "another one")];
    let entries = [("forked", &fork[0]), ("forked", &fork[1]), ("fine", &fork[0])];
    for (key, update) in entries {
        let content = content(&doc(key), update);
        writer.say(Frame::Docs { space, content, missing: Vec::new() }).await;
    }
    let tasks = victim.space.collection("tasks").unwrap();
    let fine = doc("fine");
    let taken = async {
        while tasks.get(&fine.key).await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(SECONDS, taken).await.expect("the rest flows");
    assert_eq!(tasks.get(&doc("forked").key).await.unwrap().to_json(), json!({"a": "one"}));
    let diverged = async {
        while victim.node.status().await.unwrap().spaces[0].diverged != [doc("forked")] {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(SECONDS, diverged).await.expect("it shows");
    assert_eq!(victim.quarantine(), []);
    assert_eq!(victim.refusals().await, []);
    assert_eq!(victim.node.status().await.unwrap().peers.len(), 1);
}

#[tokio::test]
async fn the_same_push_by_a_writer_is_taken() {
    let victim = Victim::new().await;
    let ticket = victim.ticket(Role::Writer).await;
    let mut writer = Client::connect(victim.address, access(&ticket)).await;
    assert!(writer.introduce().await, "a writer is let in");
    let (doc, update) = forged();
    let slot = writer.slot.unwrap();
    writer.push(slot, &doc, &update).await;
    let tasks = victim.space.collection("tasks").unwrap();
    let taken = async {
        while !tasks.get(&doc.key).await.unwrap().has_conflicts() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(SECONDS, taken).await.expect("both writes are there");
    assert_eq!(victim.refusals().await, []);
}

#[tokio::test]
async fn a_stranger_that_pushes_is_hung_up_on_and_learns_and_changes_nothing() {
    let victim = Victim::new().await;
    let before = victim.tables().await;
    // A space of the stranger's own.
    let profile = Profile { name: "mallory".to_owned(), kind: DeviceKind::Agent };
    let device = dunlin_proto::trust::device_of(&SEED);
    let roster = create_space(&[5; 32], "farm", device, &profile, 0).unwrap();
    assert_ne!(roster.space(), victim.space.id());
    let own = SpaceAccess { roster, secrets: vec![[5; 32]] };
    let mut stranger = Client::connect(victim.address, own).await;
    stranger.speak().await;
    let (doc, update) = forged();
    for slot in 0..4 {
        stranger.push(slot, &doc, &update).await;
    }
    assert!(!stranger.introduce().await);
    timeout(SECONDS, stranger.connection.closed()).await.expect("hung up");
    assert!(stranger.effects.iter().all(|effect| !matches!(effect, Effect::Opened { .. })));
    assert_eq!(victim.tables().await, before);
    // It shows as somebody who was turned away.
    let status = victim.node.status().await.unwrap();
    let peer = status.peers.iter().find(|peer| peer.device == Some(device)).expect("shows");
    assert!(peer.reason.is_some() && peer.spaces.is_empty(), "{peer:?}");
}

#[tokio::test]
async fn whoever_knows_the_secret_and_is_no_member_changes_nothing() {
    let victim = Victim::new().await;
    let ticket = victim.ticket(Role::Writer).await;
    let before = victim.tables().await;
    // The secret of the space, with a chain that ends at the founder and not at this device.
    let space: SpaceId = victim.space.id();
    let mut outsider = access(&ticket);
    let founder = victim.node.device().id;
    let chain = outsider.roster.chain(founder);
    outsider.roster = dunlin_proto::trust::Roster::new(space);
    for statement in &chain {
        outsider.roster.add(statement).unwrap();
    }
    let mut client = Client::connect(victim.address, outsider).await;
    client.speak().await;
    let (doc, update) = forged();
    for slot in 0..4 {
        client.push(slot, &doc, &update).await;
    }
    client.introduce().await;
    timeout(SECONDS, client.connection.closed()).await.expect("hung up");
    assert_eq!(victim.tables().await, before);
    assert_eq!(victim.space.members().len(), 1);
}
