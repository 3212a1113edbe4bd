//! Golden wire vectors: every frame, every kind of statement, a ticket, what goes into a hello, and
//! the hashes of documents. A change here is a change of the protocol; `docs/PROTOCOL.md` refers to
//! these bytes.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeSet;

use data_encoding::HEXLOWER;
use dunlin_model::{
    DeviceId, DeviceKind, Digest, DocHash, DocId, Fingerprint, Incarnation, Measure, NoRoom,
    SpaceId,
};
use dunlin_proto::{
    frame::{Content, DocEntry, Frame, KeptOut, WantEntry},
    session::{Config, Effect, Session, SpaceAccess},
    trust::{Profile, Role, Roster, Ticket, TicketContent, create_space, device_of},
};

const VECTORS: &str = include_str!("vectors/wire.txt");
const NOW: i64 = 1_790_000_000_000;

fn frames() -> Vec<(&'static str, Frame)> {
    let documents = || {
        Content::pack_documents(&[
            DocEntry {
                collection: "tasks",
                key: "1",
                generation: 0,
                state_vector: Some((&[0, 0, 0, 0, 0, 0, 7, 3][..]).into()),
                update: (&[1, 2, 3][..]).into(),
                total: None,
                digest: Some((&[0xda; 32][..]).into()),
            },
            DocEntry {
                collection: "tasks",
                key: "2",
                generation: 1,
                state_vector: None,
                update: (&[4, 5][..]).into(),
                total: Some(300_000),
                digest: None,
            },
        ])
    };
    let writer = Incarnation::from_client(7).unwrap();
    let wants = vec![
        WantEntry {
            document: DocHash([0xd0; 16]),
            generation: 0,
            state_vector: [(writer, 3)].into_iter().collect(),
            echo: true,
        },
        WantEntry {
            document: DocHash([0xd1; 16]),
            generation: 2,
            state_vector: Default::default(),
            echo: false,
        },
    ];
    let hashes = vec![DocHash([0xd0; 16]), DocHash([0xd1; 16])];
    let space = 5;
    vec![
        ("hello", Frame::Hello { revision: 1, oldest: 1, tags: vec![0xaa; 32] }),
        ("ask", Frame::Ask { space }),
        ("present", Frame::Present { space, chain: vec![vec![1, 2], vec![3]] }),
        ("open", Frame::Open { space, role: 2, roster: [0xbb; 16] }),
        ("have", Frame::Have { space, statements: vec![0xcc; 32] }),
        ("statements", Frame::Statements { space, statements: vec![vec![1, 2]], last: true }),
        ("summary", Frame::Summary { space, count: 10_000, sum: [0xee; 32] }),
        ("reconcile", Frame::Reconcile { space, message: vec![0x61, 0, 0, 2, 0] }),
        ("want", Frame::Want { space, documents: wants }),
        ("docs", Frame::Docs { space, content: documents(), missing: vec![DocHash([0xdd; 16])] }),
        ("chunk", Frame::Chunk { space, content: Content::pack(vec![6, 7, 8]) }),
        ("push", Frame::Push { space, content: documents() }),
        ("unit", Frame::Unit { space, content: documents() }),
        ("offer", Frame::Offer { space, documents: hashes.clone() }),
        ("done", Frame::Done { space, moved: true, diverged: hashes.clone(), aside: vec![] }),
        (
            "done-aside",
            Frame::Done { space, moved: false, diverged: vec![], aside: hashes.clone() },
        ),
        ("refuse", Frame::Refuse { space, code: 1, documents: hashes }),
        ("refuse-device", Frame::Refuse { space, code: 3, documents: vec![] }),
        ("presence", Frame::Presence { space, ttl_ms: 30_000, state: r#"{"at":7}"#.into() }),
        (
            "no-room",
            Frame::NoRoom {
                space,
                documents: vec![KeptOut {
                    document: DocHash([0xd0; 16]),
                    here: Digest([0xda; 32]),
                    there: Some(Digest([0xdb; 32])),
                    no_room: NoRoom {
                        measure: Measure::Bytes,
                        has: 3_000_000,
                        needs: 5_000_000,
                        bound: 4_128_768,
                    },
                }],
            },
        ),
        ("presence-none", Frame::Presence { space, ttl_ms: 0, state: String::new() }),
    ]
}

/// A space with a fixed key, its invitation, a ticket and an admission.
fn trust() -> Vec<(&'static str, Vec<u8>)> {
    let profile = |name: &str| Profile { name: name.into(), kind: DeviceKind::Sensor };
    let mut roster =
        create_space(&[1; 32], "field", device_of(&[2; 32]), &profile("base"), NOW).unwrap();
    let root = roster.statements().next().unwrap().bytes.to_vec();
    let grant =
        roster.grant(&[2; 32], device_of(&[5; 32]), Role::Reader, &profile("five"), NOW).unwrap();
    let (hash, invitation) =
        roster.invite(&[2; 32], &[3; 32], Role::Writer, 4, Some(NOW + 3_600_000), NOW).unwrap();
    let hints = vec!["192.0.2.1:4433".to_owned()];
    let ticket = Ticket::new(&roster, hash, &[3; 32], &[4; 32], hints).unwrap();
    let joined = ticket.join(&[6; 32], &profile("six"), NOW + 1).unwrap();
    vec![
        ("statement-root", root),
        ("statement-grant", grant.to_vec()),
        ("statement-invitation", invitation.to_vec()),
        ("statement-admission", joined.statements.last().unwrap().to_vec()),
        ("statement-hash", hash.0.to_vec()),
        ("roster-fingerprint", joined.roster.fingerprint().to_vec()),
        ("ticket", ticket.to_string().into_bytes()),
    ]
}

/// The first frame of a dialer with one space and one secret.
fn hello() -> Vec<u8> {
    let roster = create_space(
        &[1; 32],
        "field",
        device_of(&[2; 32]),
        &Profile { name: "base".into(), kind: DeviceKind::Human },
        NOW,
    );
    let config = Config {
        local: DeviceId([8; 32]),
        peer: DeviceId([9; 32]),
        dialer: true,
        exporter: [10; 32],
        random: [11; 32],
        wall_clock_ms: NOW,
        spaces: vec![SpaceAccess { roster: roster.unwrap(), secrets: vec![[4; 32]] }],
    };
    match Session::new(config, 0).poll_effect(true) {
        Some(Effect::Send(frame)) => frame,
        other => panic!("{other:?}"),
    }
}

/// The hash that frames name a document by, and what the document adds to a summary.
fn hashes() -> Vec<(&'static str, Vec<u8>)> {
    let hash = DocId::parse("tasks", "Grüße").unwrap().hash();
    let mut set = Fingerprint::default();
    set.insert(hash, Digest([0xd1; 32]));
    vec![("document-hash", hash.as_bytes().to_vec()), ("set-item", set.sum.to_vec())]
}

/// Documents that are long enough to be compressed.
fn long_update() -> Vec<u8> {
    (0..2000).map(|index| (index / 50) as u8).collect()
}

fn long_documents(update: &[u8]) -> [DocEntry<'_>; 2] {
    ["long", "longer"].map(|key| DocEntry {
        collection: "tasks",
        key,
        generation: 0,
        state_vector: None,
        update: update.into(),
        total: None,
        digest: None,
    })
}

fn expected(name: &str) -> Option<Vec<u8>> {
    let lines = VECTORS.lines().filter(|line| !line.starts_with('#'));
    let mut named = lines.filter_map(|line| line.split_once(' '));
    let (_, hex) = named.find(|(known, _)| *known == name)?;
    HEXLOWER.decode(hex.as_bytes()).ok()
}

#[test]
fn every_frame_statement_and_ticket_has_the_bytes_on_record() {
    let mut actual = trust();
    actual.extend(frames().into_iter().map(|(name, frame)| (name, frame.encode())));
    actual.push(("session-hello", hello()));
    actual.extend(hashes());
    let differ: Vec<_> = actual
        .iter()
        .filter(|(name, bytes)| expected(name).as_ref() != Some(bytes))
        .map(|(name, bytes)| format!("{name} {}\n", HEXLOWER.encode(bytes)))
        .collect();
    assert!(differ.is_empty(), "these differ from tests/vectors/wire.txt:\n{}", differ.concat());
}

#[test]
fn the_bytes_on_record_decode_to_the_frames_they_came_from() {
    for (name, frame) in frames() {
        let bytes = expected(name).unwrap();
        assert_eq!(Frame::decode(&bytes), Ok(Some(frame)), "{name}");
    }
}

#[test]
fn every_type_of_frame_is_on_record() {
    let types: BTreeSet<u8> =
        frames().into_iter().map(|(name, _)| expected(name).unwrap()[0]).collect();
    assert_eq!(types, (1..=18).collect());
    assert_eq!(Frame::decode(&[19, 0xa0]), Ok(None), "a type that has no vector yet");
}

#[test]
fn the_ticket_on_record_reads_as_what_it_was_made_of() {
    let line = String::from_utf8(expected("ticket").unwrap()).unwrap();
    let ticket: Ticket = line.parse().unwrap();
    let content = TicketContent {
        space: roster_on_record(&["statement-root"]).space(),
        space_name: "field".to_owned(),
        role: Role::Writer,
        expires_ms: Some(NOW + 3_600_000),
        uses: 4,
    };
    assert_eq!(*ticket.content(), content);
    assert_eq!((*ticket.secret(), ticket.hints()), ([4; 32], &["192.0.2.1:4433".to_owned()][..]));
    let profile = Profile { name: "six".into(), kind: DeviceKind::Sensor };
    let joined = ticket.join(&[6; 32], &profile, NOW + 1).unwrap();
    assert_eq!(joined.roster.fingerprint(), *expected("roster-fingerprint").unwrap());
}

/// The roster of statements on record, the first of which founds the space.
fn roster_on_record(names: &[&str]) -> Roster {
    let mut roster = Roster::new(SpaceId(device_of(&[1; 32]).0));
    for name in names {
        assert!(roster.add(&expected(name).unwrap()).unwrap(), "{name} is new");
    }
    roster
}

#[test]
fn the_statements_on_record_say_who_may_what() {
    let admitted =
        roster_on_record(&["statement-root", "statement-invitation", "statement-admission"]);
    assert_eq!(admitted.fingerprint(), *expected("roster-fingerprint").unwrap());
    let names =
        ["root", "grant", "invitation", "admission"].map(|kind| format!("statement-{kind}"));
    let roster = roster_on_record(&names.each_ref().map(String::as_str));
    assert_eq!(roster.space_name(), Some("field"));
    let of = |seed: u8| {
        let member = roster.member(device_of(&[seed; 32])).unwrap();
        assert_eq!(member.profile.kind, DeviceKind::Sensor);
        (roster.role(device_of(&[seed; 32])), member.profile.name.as_str())
    };
    assert_eq!(of(2), (Some(Role::Admin), "base"));
    assert_eq!(of(5), (Some(Role::Reader), "five"));
    assert_eq!(of(6), (Some(Role::Writer), "six"));
    assert_eq!(roster.members().count(), 3);
}

/// Compressors differ between releases and must not differ in what comes out again: these bytes
/// were written once and are read for ever.
#[test]
fn a_docs_frame_with_compressed_documents_on_record_unpacks() {
    let Some(Frame::Docs { space, content, missing }) =
        Frame::decode(&expected("docs-zstd").unwrap()).unwrap()
    else {
        panic!("a Docs frame")
    };
    assert_eq!((space, missing), (5, vec![]));
    let update = long_update();
    let documents = long_documents(&update);
    assert!(content.unpacked.is_some());
    assert_eq!(Content::documents(&content.unpack().unwrap()).unwrap(), documents);
    let again = Frame::Docs { space, content, missing: Vec::new() };
    assert_eq!(again.encode(), expected("docs-zstd").unwrap());
    // What this release writes in its place.
    let packed = Content::pack_documents(&documents);
    assert!(packed.unpacked.is_some());
    assert_eq!(Content::documents(&packed.unpack().unwrap()).unwrap(), documents);
}

#[test]
fn compressed_content_on_record_unpacks() {
    let bytes = expected("content-zstd").unwrap();
    let content = Content { bytes, unpacked: Some(2000) };
    assert_eq!(*content.unpack().unwrap(), [7; 2000]);
}
