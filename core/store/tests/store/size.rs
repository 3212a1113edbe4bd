//! How much the store adds to what it keeps.

use std::fs;

use dunlin_store::{Commit, StoreError};

use crate::support::{Space, change, doc, plain};

/// The shape of TARGETS row 7: ten fields, a UUID for an id, a base entry of 220 bytes.
#[test]
fn ten_thousand_documents_take_less_than_three_times_their_json() {
    let mut space = Space::new();
    let mut json_bytes = 0;
    for batch in 0..100u64 {
        space
            .store
            .write(|writer| {
                for number in batch * 100..batch * 100 + 100 {
                    let id = format!("0192f0c1-{:04x}-7000-8000-{number:012x}", number % 65536);
                    let json = ten_fields(number);
                    json_bytes += json.len();
                    let doc = doc("reports", &id);
                    let update: Vec<u8> = (0..220u64)
                        .map(|at| (number.wrapping_mul(at * at + 7) >> 3) as u8)
                        .collect();
                    let (row, _) = writer.create(
                        &doc,
                        0,
                        Commit { update: &update, change: change(&[""]), ..plain(&json) },
                    )?;
                    let mut digest = [0; 32];
                    digest[..16].copy_from_slice(&doc.hash().0);
                    writer.set_digest(row, dunlin_model::Digest(digest))?;
                }
                Ok::<_, StoreError>(())
            })
            .unwrap();
    }
    let path = space.path();
    space.store.close().unwrap();
    let per_document = fs::metadata(path).unwrap().len() / 10_000;
    let json = json_bytes as u64 / 10_000;
    println!("{per_document} bytes a document, {json} of JSON");
    assert!((240..300).contains(&json));
    assert!(per_document <= 3 * json);
}

fn ten_fields(number: u64) -> String {
    format!(
        r#"{{"place":"{number} km NNE of Somewhere, Alaska","magnitude":2.{},"depth":{}.5,"time":1700000{number:06},"status":"reviewed","station":"ak{number:010}","longitude":-150.{number:04},"latitude":61.{number:04},"felt":null,"notes":"Recorded by the night watch, checked twice by hand"}}"#,
        number % 10,
        number % 100,
    )
}
