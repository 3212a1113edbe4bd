//! Golden wire vectors: every frame, a statement, a ticket, and what goes into a hello. A change
//! here is a change of the protocol; `docs/PROTOCOL.md` refers to these bytes.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use data_encoding::HEXLOWER;
use dunlin_model::{DeviceId, DeviceKind, DocHash, Incarnation};
use dunlin_proto::{
    frame::{Content, DocEntry, Frame, WantEntry},
    session::{Config, Effect, Session, SpaceAccess},
    trust::{Profile, Role, Ticket, create_space, device_of},
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
            },
            DocEntry {
                collection: "tasks",
                key: "2",
                generation: 1,
                state_vector: None,
                update: (&[4, 5][..]).into(),
                total: Some(300_000),
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
        ("offer", Frame::Offer { space, documents: hashes.clone() }),
        ("done", Frame::Done { space, moved: true, diverged: hashes.clone() }),
        ("done-plain", Frame::Done { space, moved: false, diverged: vec![] }),
        ("refuse", Frame::Refuse { space, code: 1, documents: hashes }),
        ("refuse-device", Frame::Refuse { space, code: 3, documents: vec![] }),
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
fn compressed_content_on_record_unpacks() {
    let bytes = expected("content-zstd").unwrap();
    let content = Content { bytes, unpacked: Some(2000) };
    assert_eq!(*content.unpack().unwrap(), [7; 2000]);
}
