//! Files as other programs write them, on two devices that met: the same number by number.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::{fs, net::SocketAddr, time::Duration};

use dunlin::{Carrier, Forms, Invitation, JsonText, Node, Space, SyncConfig};
use serde_json::{Value as Json, json};
use support::{Site, id};
use tokio::time::{sleep, timeout};

/// Far beyond what it takes.
const DEADLINE: Duration = Duration::from_secs(120);
const FILES: [&str; 5] = [
    "openapi.json",
    "fhir-bundle.json",
    "package-lock.json",
    "parcels.geojson",
    "earthquakes.geojson",
];

fn text(name: &str) -> String {
    fs::read_to_string(format!("{}/../../tests/data/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Compares with what another reader makes of the file; how many numbers are the same.
fn compare(found: &Json, file: &Json, path: &str) -> usize {
    match (found, file) {
        (Json::Object(found), Json::Object(file)) => {
            assert_eq!(found.keys().collect::<Vec<_>>(), file.keys().collect::<Vec<_>>(), "{path}");
            file.iter().map(|(key, it)| compare(&found[key], it, &format!("{path}/{key}"))).sum()
        }
        (Json::Array(found), Json::Array(file)) => {
            assert_eq!(found.len(), file.len(), "{path}");
            let pairs = found.iter().zip(file).enumerate();
            pairs.map(|(at, (found, it))| compare(found, it, &format!("{path}/{at}"))).sum()
        }
        (Json::Number(found), Json::Number(file)) => {
            let is_exact = file.as_i64().is_none_or(|whole| found.as_i64() == Some(whole));
            assert!(is_exact && found.as_f64() == file.as_f64(), "{path}: {found} for {file}");
            1
        }
        (found, file) => {
            assert_eq!(found, file, "{path}");
            0
        }
    }
}

/// What a device shows of a file by each of its doors.
async fn check(space: &Space, name: &str) {
    let file: Json = serde_json::from_str(&text(name)).unwrap();
    let document = space.collection("files").unwrap().get(&id(name)).await.unwrap();
    let numbers = compare(&document.to_json(), &file, name);
    assert!(document.conflicts.is_empty());
    let tagged = document.to_tagged_json().to_string();
    let again = JsonText::new(&tagged, name).value(Forms::Tagged).unwrap();
    assert_eq!(again, document.value, "{name}");

    let sql = "SELECT doc FROM files WHERE id = ?";
    let rows = space.query(sql, &[json!(name)]).await.unwrap().rows;
    let shown: Json = serde_json::from_str(rows[0][0].as_str().unwrap()).unwrap();
    compare(&shown, &file, name);
    let sql = "SELECT atom FROM files, json_tree(doc) WHERE files.id = ? \
               AND type IN ('integer', 'real')";
    let mut asked: Vec<f64> = space
        .query(sql, &[json!(name)])
        .await
        .unwrap()
        .rows
        .iter()
        .map(|row| row[0].as_f64().unwrap())
        .collect();
    let mut written = Vec::new();
    collect(&file, &mut written);
    asked.sort_by(f64::total_cmp);
    written.sort_by(f64::total_cmp);
    assert_eq!((asked.len(), asked), (numbers, written), "{name}");
}

fn collect(json: &Json, numbers: &mut Vec<f64>) {
    match json {
        // Zero has one sign.
        Json::Number(number) => numbers.push(number.as_f64().unwrap() + 0.0),
        Json::Array(items) => items.iter().for_each(|item| collect(item, numbers)),
        Json::Object(fields) => fields.values().for_each(|field| collect(field, numbers)),
        _ => {}
    }
}

async fn sync(node: &Node, peers: Vec<SocketAddr>) -> SocketAddr {
    let carrier = Carrier::Udp(SocketAddr::from(([127, 0, 0, 1], 0)));
    let config = SyncConfig { carrier, peers, mdns: false, ..SyncConfig::default() };
    node.start_sync(config).await.unwrap();
    node.status().await.unwrap().listen[0]
}

async fn settle(nodes: [&Node; 2]) {
    let settled = async {
        loop {
            let [a, b] = [nodes[0].status().await.unwrap(), nodes[1].status().await.unwrap()];
            let (a, b) = (&a.spaces[0], &b.spaces[0]);
            if a.in_sync && b.in_sync && a.digest == b.digest {
                return;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(DEADLINE, settled).await.expect("the nodes converge");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_the_same_on_both_devices_number_by_number() {
    let (a, b) = (Site::new("a").await, Site::new("b").await);
    let here = a.node.create_space("farm").await.unwrap();
    let ticket = here.invite(&Invitation::default()).await.unwrap();
    let there = b.node.join(&ticket, None).await.unwrap();
    for (index, name) in FILES.into_iter().enumerate() {
        // Each from one of the two.
        let space = if index % 2 == 0 { &here } else { &there };
        let value = JsonText::new(&text(name), name).value(Forms::Plain).unwrap();
        space.collection("files").unwrap().replace(&id(name), value).await.unwrap();
        check(space, name).await;
    }
    let address = sync(&a.node, vec![]).await;
    sync(&b.node, vec![address]).await;
    settle([&a.node, &b.node]).await;
    for name in FILES {
        check(&here, name).await;
        check(&there, name).await;
        // Loading it again changes nothing.
        let value = JsonText::new(&text(name), name).value(Forms::Plain).unwrap();
        let again = there.collection("files").unwrap().replace(&id(name), value).await.unwrap();
        assert_eq!(again.paths, [""; 0], "{name}");
    }
    // A number that one of them writes is the other's number.
    let edit =
        r#"[{"op":"set","path":"/features/1/properties/area_ha","value":39.88888888888889}]"#;
    let edits = JsonText::new(edit, "edits").edits(Forms::Tagged).unwrap();
    let parcels = id("parcels.geojson");
    there.collection("files").unwrap().edit(&parcels, edits, None).await.unwrap();
    let files = here.collection("files").unwrap();
    let arrives = async {
        loop {
            let seen = files.get(&parcels).await.unwrap().to_json();
            if seen["features"][1]["properties"]["area_ha"].as_f64() == Some(39.88888888888889) {
                return;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(DEADLINE, arrives).await.expect("the number arrives");
    a.node.shutdown().await.unwrap();
    b.node.shutdown().await.unwrap();
}
