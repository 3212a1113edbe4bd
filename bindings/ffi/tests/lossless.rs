//! JSON text across the surface that Kotlin and Swift call: it comes out as it went in.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::{collections::HashMap, sync::Arc};

use dunlin_ffi::{Collection, Config, DeviceKind, DunlinError, Durability, ErrorCode, Node, Patch};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

async fn node(dir: &TempDir) -> Arc<Node> {
    let directory = dir.path().to_str().unwrap().to_owned();
    let durability = Durability::Relaxed;
    let config =
        Config { directory, durability, lock_wait_ms: None, open_documents: None, sealer: None };
    Node::create(config, "a".to_owned(), DeviceKind::Human).await.unwrap()
}

/// Doubles out of random bits: SplitMix64.
fn doubles(count: usize) -> Vec<f64> {
    let mut state = 11_u64;
    let random = std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        f64::from_bits(bits ^ (bits >> 31))
    });
    // Whole numbers within 64 bits come out without a fraction, which `Json` tells apart.
    let is_kept = |it: &f64| it.is_finite() && (it.fract() != 0.0 || it.abs() > 1e19);
    random.filter(is_kept).take(count).collect()
}

fn content() -> Json {
    json!({
        "doubles": doubles(1_000),
        "fields": doubles(50).iter().map(|it| json!({"x": it})).collect::<Vec<_>>(),
        "whole": [i64::MIN, i64::MAX, 9_007_199_254_740_993_i64],
        "hard": [105.32744387051825, 1e22, f64::MAX, 5e-324],
        "forms": [{"$text": "x"}, {"$counter": "no"}, {"$ref": "#/a"}, {"$set": [1, 1]}],
        "nulls": {"a": null, "b": [null, {"c": null}]},
        "text": "é\u{0}\u{1f986}\u{2028}",
    })
}

async fn read(collection: &Collection, id: &str) -> Json {
    serde_json::from_str(&collection.get(id.to_owned()).await.unwrap().json).unwrap()
}

#[tokio::test]
async fn json_text_comes_out_of_a_plain_collection_as_it_went_in() {
    let dir = TempDir::new().unwrap();
    let node = node(&dir).await;
    let space = node.create_space("farm".to_owned()).await.unwrap();
    let plain = space.collection("files".to_owned(), true).unwrap();
    let tagged = space.collection("files".to_owned(), false).unwrap();
    let (content, text) = (content(), content().to_string());

    plain.insert(Some("inserted".to_owned()), text.clone()).await.unwrap();
    assert_eq!(read(&plain, "inserted").await, content);
    plain
        .replace("replaced".to_owned(), format!("\u{feff}{text}"), None, HashMap::new())
        .await
        .unwrap();
    assert_eq!(read(&plain, "replaced").await, content);
    plain
        .put_many(vec![Patch { id: "many".to_owned(), json: text.clone() }], HashMap::new())
        .await
        .unwrap();
    assert_eq!(read(&plain, "many").await["doubles"], content["doubles"]);
    plain.put("put".to_owned(), "{\"a\":1}".to_owned(), None, HashMap::new()).await.unwrap();
    let edits = json!([{"op": "set", "path": "/all", "value": content}]).to_string();
    plain.edit("put".to_owned(), edits, None).await.unwrap();
    assert_eq!(read(&plain, "put").await["all"], content);

    let document = plain.get("replaced".to_owned()).await.unwrap();
    tagged
        .replace("copy".to_owned(), document.tagged_json.clone(), None, HashMap::new())
        .await
        .unwrap();
    assert_eq!(read(&tagged, "copy").await, content);

    let mut changed = content.clone();
    changed["forms"][1] = json!({"$counter": 5});
    plain.save(document, text, changed.to_string(), HashMap::new()).await.unwrap();
    assert_eq!(read(&plain, "replaced").await, changed);
    node.shutdown().await.unwrap();
}

#[tokio::test]
async fn numbers_are_the_same_as_parameters_and_in_rows() {
    let dir = TempDir::new().unwrap();
    let node = node(&dir).await;
    let space = node.create_space("farm".to_owned()).await.unwrap();
    let files = space.collection("files".to_owned(), true).unwrap();
    files.put("a".to_owned(), content().to_string(), None, HashMap::new()).await.unwrap();
    let sql = "SELECT value, value = ?1 FROM files, json_each(doc, '$.doubles') ORDER BY key";
    for (index, double) in doubles(20).into_iter().enumerate() {
        let rows = space.query(sql.to_owned(), json!([double]).to_string()).await.unwrap().rows;
        let row: Json = serde_json::from_str(&rows[index]).unwrap();
        assert_eq!((row[0].as_f64(), &row[1]), (Some(double), &json!(1)), "{double:e}");
    }
    node.shutdown().await.unwrap();
}

#[tokio::test]
async fn text_that_would_be_changed_is_refused_with_its_path() {
    let dir = TempDir::new().unwrap();
    let node = node(&dir).await;
    let space = node.create_space("farm".to_owned()).await.unwrap();
    let files = space.collection("files".to_owned(), true).unwrap();
    for (text, path) in [
        ("{\"a\":[0,1e400]}", "/a/1"),
        ("{\"a\":{\"b\":18446744073709551615}}", "/a/b"),
        ("{\"a\":{\"b\":1,\"b\":1}}", "/a/b"),
        ("{\"a\":[\"\\ud800\"]}", "/a/0"),
    ] {
        let refused =
            files.put("a".to_owned(), text.to_owned(), None, HashMap::new()).await.unwrap_err();
        let DunlinError::Refused { code, reason, .. } = refused;
        assert!(matches!(code, ErrorCode::InvalidInput) && reason.contains(path), "{reason}");
        assert!(space.query("SELECT ?".to_owned(), format!("[{text}]")).await.is_err());
    }
    node.shutdown().await.unwrap();
}

#[tokio::test]
async fn items_are_told_apart_by_the_keys_that_cross() {
    let dir = TempDir::new().unwrap();
    let node = node(&dir).await;
    let space = node.create_space("farm".to_owned()).await.unwrap();
    let forms = space.collection("forms".to_owned(), false).unwrap();
    let keys = |list: &str| HashMap::from([(list.to_owned(), "no".to_owned())]);
    let rows = json!({"r": [{"no": 1, "t": {"$text": "a"}}, {"no": 2, "t": {"$text": "b"}}]});
    let turned = json!({"r": [{"no": 2, "t": "x"}, {"no": 1, "t": "y"}]}).to_string();
    let kept = json!({"r": [{"no": 2, "t": {"$text": "x"}}, {"no": 1, "t": {"$text": "y"}}]});
    for id in ["put", "replace", "put_many", "save"] {
        forms.insert(Some(id.to_owned()), rows.to_string()).await.unwrap();
    }
    forms.put("put".to_owned(), turned.clone(), None, keys("/r")).await.unwrap();
    forms.replace("replace".to_owned(), turned.clone(), None, keys("/r")).await.unwrap();
    let patch = Patch { id: "put_many".to_owned(), json: turned.clone() };
    forms.put_many(vec![patch], keys("/r")).await.unwrap();
    let read = forms.get("save".to_owned()).await.unwrap();
    forms.save(read.clone(), read.json, turned.clone(), keys("/r")).await.unwrap();
    for id in ["put", "replace", "put_many", "save"] {
        let document = forms.get(id.to_owned()).await.unwrap();
        let tagged: Json = serde_json::from_str(&document.tagged_json).unwrap();
        assert_eq!(tagged, kept, "{id}");
    }
    let DunlinError::Refused { code, .. } =
        forms.put("put".to_owned(), turned, None, keys("r")).await.unwrap_err();
    assert_eq!(code, ErrorCode::InvalidInput);
}
