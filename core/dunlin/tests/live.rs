//! Lists on a screen: queries that are followed, whatever documents hold and collections are called.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::time::Duration;

use dunlin::{Code, CollectionHandle, LiveQuery, QueryChange, Row, Selection, Space};
use serde_json::{Value as Json, json};
use tokio::time::timeout;

use support::{id, tasks, value};

const DEADLINE: Duration = Duration::from_secs(60);
/// 4,000 rows for each document.
const MANY: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
    SELECT t.id || '/' || i AS id FROM tasks t, n ORDER BY t.id, i";

async fn next(live: &mut LiveQuery) -> QueryChange {
    timeout(DEADLINE, live.next()).await.unwrap().unwrap().unwrap()
}

/// What a list shows after the next change, and whether there is more.
async fn show(live: &mut LiveQuery, shown: &mut Vec<Row>) -> bool {
    match next(live).await {
        QueryChange::Snapshot(rows) => {
            *shown = rows.rows;
            rows.more
        }
        QueryChange::Difference(difference) => {
            difference.apply(shown);
            difference.more
        }
        QueryChange::Failed(error) => panic!("{error:?}"),
    }
}

async fn put(tasks: &CollectionHandle, key: &str, json: Json) {
    tasks.put(&id(key), value(json)).await.unwrap();
}

#[tokio::test]
async fn a_list_that_outgrows_its_bound_shows_its_first_rows_and_goes_on() {
    let (_site, space, tasks) = tasks().await;
    for key in ["a", "b"] {
        put(&tasks, key, json!({})).await;
    }
    let (mut live, mut shown) = (space.watch(MANY, &[]), Vec::new());
    assert!(!show(&mut live, &mut shown).await);
    assert_eq!(shown.len(), 8000);
    put(&tasks, "c", json!({})).await;
    assert!(show(&mut live, &mut shown).await);
    assert_eq!((shown.len(), &shown[9999]), (10_000, &vec![json!("c/2000")].into()));
    assert_eq!(space.query(MANY, &[]).await.unwrap_err().code(), Code::LimitExceeded);
    tasks.delete(&id("a")).await.unwrap();
    assert!(!show(&mut live, &mut shown).await);
    assert_eq!((shown.len(), &shown[0]), (8000, &vec![json!("b/1")].into()));
}

#[tokio::test]
async fn whether_there_are_more_is_told_although_no_row_changes() {
    let (_site, _space, tasks) = tasks().await;
    let (mut live, mut shown) = (tasks.watch(&Selection::default().limit(1)), Vec::new());
    put(&tasks, "a", json!({})).await;
    assert!(!show(&mut live, &mut shown).await);
    put(&tasks, "b", json!({})).await;
    assert!(show(&mut live, &mut shown).await);
    assert_eq!(shown, [[json!("a"), json!("{}")]]);
    tasks.delete(&id("b")).await.unwrap();
    assert!(!show(&mut live, &mut shown).await);
    assert_eq!(shown.len(), 1);
}

#[tokio::test]
async fn a_list_is_bounded_in_bytes_too() {
    let (_site, space, tasks) = tasks().await;
    put(&tasks, "a", json!({"n": 8})).await;
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20)
        SELECT printf('%.*c', (1 << 20) - 8, 'x') FROM tasks, n
        WHERE i <= json_extract(doc, '$.n')";
    let (mut live, mut shown) = (space.watch(sql, &[]), Vec::new());
    assert!(!show(&mut live, &mut shown).await);
    assert_eq!(shown.len(), 8);
    put(&tasks, "a", json!({"n": 9})).await;
    assert!(show(&mut live, &mut shown).await);
    assert_eq!(shown.len(), 8);
    put(&tasks, "a", json!({"n": 2})).await;
    assert!(!show(&mut live, &mut shown).await);
    assert_eq!(shown.len(), 2);
}

#[tokio::test]
async fn what_a_document_holds_ends_no_list() {
    let (_site, space, tasks) = tasks().await;
    let sql = "SELECT id, json_extract(doc ->> '$.raw', '$.n') AS n FROM tasks ORDER BY id";
    put(&tasks, "a", json!({"raw": "{\"n\":1}"})).await;
    let (mut live, mut shown) = (space.watch(sql, &[]), Vec::new());
    show(&mut live, &mut shown).await;
    let failed = async |live: &mut LiveQuery| match next(live).await {
        QueryChange::Failed(error) => assert_eq!(error.code(), Code::InvalidInput),
        other => panic!("{other:?}"),
    };
    // One that was slow has not seen the row that comes first.
    let (mut slow, mut shown_slowly) = (space.watch(sql, &[]), Vec::new());
    show(&mut slow, &mut shown_slowly).await;
    put(&tasks, "0", json!({})).await;
    show(&mut live, &mut shown).await;
    put(&tasks, "odd", json!({"raw": "{"})).await;
    failed(&mut live).await;
    failed(&mut slow).await;
    let mut late = space.watch(sql, &[]);
    failed(&mut late).await;
    // Neither row has changed: that it is mended is told all the same.
    tasks.delete(&id("odd")).await.unwrap();
    show(&mut live, &mut shown).await;
    assert_eq!(shown, [[json!("0"), json!(null)], [json!("a"), json!(1)]]);
    show(&mut slow, &mut shown_slowly).await;
    assert_eq!(shown_slowly, shown);
    let mut shown_late = Vec::new();
    show(&mut late, &mut shown_late).await;
    assert_eq!(shown_late, shown);
    put(&tasks, "b", json!({"raw": "{\"n\":2}"})).await;
    show(&mut live, &mut shown).await;
    assert_eq!(shown[2], [json!("b"), json!(2)]);
}

#[tokio::test]
async fn those_who_follow_one_query_share_its_rows_until_the_last_has_gone() {
    let (_site, space, tasks) = tasks().await;
    for key in ["a", "b", "c"] {
        put(&tasks, key, json!({"n": 1})).await;
    }
    let sql = "SELECT id, doc FROM tasks WHERE id >= ? ORDER BY id";
    let watch = || space.watch(sql, &[json!("a")]);
    let (mut one, mut other, mut third) = (watch(), watch(), watch());
    let (mut by_one, mut by_other, mut by_third) = (Vec::new(), Vec::new(), Vec::new());
    show(&mut one, &mut by_one).await;
    let first = by_one.clone();
    show(&mut other, &mut by_other).await;
    show(&mut third, &mut by_third).await;
    let same =
        |a: &[Row], b: &[Row]| a.iter().zip(b).map(|(a, b)| a.is_same(b)).collect::<Vec<_>>();
    assert_eq!(same(&by_one, &by_other), [true, true, true]);

    put(&tasks, "b", json!({"n": 2})).await;
    show(&mut one, &mut by_one).await;
    show(&mut other, &mut by_other).await;
    assert_eq!(same(&by_one, &by_other), [true, true, true]);
    assert_eq!(same(&by_one, &first), [true, false, true], "only what has changed is new");
    // One that was slow gets there in one step.
    put(&tasks, "d", json!({"n": 3})).await;
    show(&mut one, &mut by_one).await;
    show(&mut third, &mut by_third).await;
    assert_eq!(same(&by_one, &by_third), [true, true, true, true]);

    drop((one, other, third));
    let mut by_last = Vec::new();
    show(&mut watch(), &mut by_last).await;
    assert_eq!(by_last, by_one);
    assert_eq!(same(&by_last, &by_one), [false; 4], "what they shared is given back");
}

async fn count(live: &mut LiveQuery) -> Json {
    let mut shown = Vec::new();
    show(live, &mut shown).await;
    shown[0][0].clone()
}

#[tokio::test]
async fn documents_are_selected_sorted_limited_and_counted() {
    let (_site, space, _) = tasks().await;
    for name in ["order", "group", "json_each", "sqlite_x", "select"] {
        let collection = space.collection(name).unwrap();
        let open = Selection::default()
            .filter("json_extract(doc, '$.done') = ? -- a comment", [false.into()])
            .order_by("json_extract(doc, '$.n') DESC")
            .limit(2);
        let (mut live, mut shown) = (collection.watch(&open), Vec::new());
        let mut counted = collection.watch_count(&open);
        assert!(!show(&mut live, &mut shown).await);
        assert_eq!((shown.len(), count(&mut counted).await), (0, json!(0)), "{name}");
        let documents = [("a", 1, false), ("b", 2, true), ("c", 3, false), ("d", 3, false)];
        let patches =
            documents.map(|(key, n, done)| (id(key), value(json!({"n": n, "done": done}))));
        collection.put_many(patches, Default::default()).await.unwrap();
        assert!(show(&mut live, &mut shown).await);
        let ids: Vec<&Json> = shown.iter().map(|row| &row[0]).collect();
        assert_eq!(ids, ["c", "d"], "{name}");
        assert_eq!(count(&mut collection.watch_count(&open)).await, json!(3));
    }
    let odd = space.collection("order").unwrap();
    let wrong = Selection::default().filter("json_extract(doc, '$.done'", []);
    assert_eq!(odd.watch(&wrong).next().await.unwrap_err().code(), Code::InvalidInput);
}

async fn functions(space: &Space) -> Vec<Row> {
    let sql = "SELECT e.value, (SELECT count(*) FROM json_tree(t.doc)) FROM tasks t, \
               json_each(t.doc, '$.tags') e ORDER BY 1";
    space.query(sql, &[]).await.unwrap().rows
}

#[tokio::test]
async fn a_collection_called_like_a_function_hides_nothing_from_others() {
    let (_site, space, tasks) = tasks().await;
    put(&tasks, "a", json!({"tags": ["dry", "wet"]})).await;
    let before = functions(&space).await;
    assert_eq!(before, [[json!("dry"), json!(4)], [json!("wet"), json!(4)]]);
    for name in ["json_each", "json_tree"] {
        put(&space.collection(name).unwrap(), "x", json!({"value": "mine"})).await;
    }
    assert_eq!(functions(&space).await, before);
    let mine = space.query("SELECT id FROM \"collection:json_each\"", &[]).await.unwrap();
    assert_eq!(mine.rows, [[json!("x")]]);
}
