//! Queries: what they see, what they may not, and where they stop.

use std::time::Duration;

use dunlin_model::Collection;
use dunlin_store::{Beyond, Limits, QueryError};
use serde_json::{Value, json};

use crate::support::Space;

fn filled() -> Space {
    let mut space = Space::new();
    for number in 0..20 {
        space.put("tasks", &format!("{number:02}"), &format!(r#"{{"n":{number}}}"#));
    }
    space.put("birds", "dunlin", r#"{"name":"Dunlin"}"#);
    space.store.write(|writer| writer.insert_statement([1; 32], b"secret grant")).unwrap();
    space
}

#[test]
fn a_query_returns_columns_rows_and_the_collections_that_it_read() {
    let space = filled();
    let found = space
        .query(
            "SELECT t.id, json_extract(t.doc, '$.n') AS n, b.doc ->> 'name'
             FROM tasks t, birds b WHERE n >= ? AND b.id = ? ORDER BY n DESC",
            &[json!(18), json!("dunlin")],
        )
        .unwrap();
    assert_eq!(found.columns[..2], ["id", "n"]);
    assert_eq!(
        found.rows,
        [[json!("19"), json!(19), json!("Dunlin")], [json!("18"), json!(18), json!("Dunlin")]]
    );
    let collections: Vec<_> = found.collections.iter().map(Collection::as_str).collect();
    assert_eq!(collections, ["birds", "tasks"]);
    assert_eq!(found.seq, 21);
}

#[test]
fn only_collections_that_count_for_the_result_are_reported() {
    let space = filled();
    let read = |sql: &str| {
        let found = space.query(sql, &[]).unwrap().collections;
        found.iter().map(|name| name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(read("SELECT count(*) FROM tasks"), ["tasks"]);
    assert_eq!(read("WITH tasks AS (SELECT id FROM birds) SELECT * FROM tasks"), ["birds"]);
    assert_eq!(read("WITH x AS (SELECT 1) SELECT count(*) FROM x"), [""; 0]);
    assert_eq!(read("SELECT value FROM birds, json_each(birds.doc)"), ["birds"]);
}

#[test]
fn a_query_sees_the_last_commit_and_keeps_no_lock() {
    let mut space = filled();
    let reader = space.store.reader();
    let count = |reader: &dunlin_store::Reader| {
        reader.query("SELECT count(*) FROM tasks", &[], &Limits::default()).unwrap().rows[0][0]
            .clone()
    };
    assert_eq!(count(&reader), 20);
    space.put("tasks", "new", "{}");
    assert_eq!(count(&reader), 21);
    space.store.checkpoint().unwrap();
    let log = space.directory.path().join("space.sqlite-wal");
    assert_eq!(std::fs::metadata(log).unwrap().len(), 0);
    assert_eq!(count(&reader.clone()), 21);
}

#[test]
fn values_cross_as_json() {
    let space = filled();
    let parameters =
        [json!(null), json!(true), json!(-3), json!(1.5), json!("text"), json!([1, {"a": 2}])];
    let found = space.query("SELECT ?, ?, ?, ?, ?, ?, json(?6) ->> '$[1].a'", &parameters).unwrap();
    assert_eq!(
        found.rows[0],
        [
            json!(null),
            json!(1),
            json!(-3),
            json!(1.5),
            json!("text"),
            json!(r#"[1,{"a":2}]"#),
            json!(2)
        ]
    );
    let odd = space.query("SELECT x'00ff', 9e999, 9223372036854775807", &[]).unwrap();
    assert_eq!(odd.rows[0], [json!({"$bytes": "AP8="}), json!(null), json!(i64::MAX)]);
    let refused = |sql: &str, parameters: &[Value]| space.query(sql, parameters).unwrap_err();
    assert!(matches!(refused("SELECT ?", &[]), QueryError::Invalid { .. }));
    assert!(matches!(refused("SELECT 1", &[json!(1)]), QueryError::Invalid { .. }));
    assert!(matches!(refused("SELECT ?", &[json!(u64::MAX)]), QueryError::Invalid { .. }));
}

#[test]
fn a_collection_that_is_not_there_is_named_with_those_that_are() {
    let mut space = filled();
    let refused = space.query("SELECT * FROM taks", &[]).unwrap_err();
    assert!(matches!(&refused, QueryError::UnknownCollection { name, .. } if name == "taks"));
    assert!(refused.remedy().contains("\"tasks\", \"birds\""), "{}", refused.remedy());
    let collection = "taks".parse().unwrap();
    space.store.write(|writer| writer.ensure_collection(&collection)).unwrap();
    assert!(space.query("SELECT * FROM taks", &[]).unwrap().rows.is_empty());
}

#[test]
fn wrong_sql_is_refused_in_sqlites_words() {
    let space = filled();
    for (sql, part) in [
        ("SELEC 1", "syntax error"),
        ("SELECT title FROM tasks", "no such column: title"),
        ("SELECT \"misspelt\" FROM tasks", "no such column"),
        ("SELECT json_extract('{', '$.a')", "malformed JSON"),
        ("", "not a SELECT"),
        ("-- nothing", "not a SELECT"),
        ("SELECT 1; SELECT 2", "Multiple statements"),
    ] {
        let refused = space.query(sql, &[]).unwrap_err();
        assert!(matches!(refused, QueryError::Invalid { .. }), "{sql}: {refused:?}");
        assert!(refused.to_string().contains(part), "{sql}: {refused}");
    }
}

#[test]
fn a_query_cannot_write_attach_or_set_anything() {
    let space = filled();
    for sql in [
        "INSERT INTO \"rows:tasks\" (row, id) VALUES (99, 'x')",
        "UPDATE \"rows:tasks\" SET doc = '{}'",
        "DELETE FROM \"rows:tasks\"",
        "DELETE FROM tasks",
        "DROP VIEW tasks",
        "DROP TABLE _statements",
        "CREATE TABLE t (x)",
        "CREATE TEMP TABLE t (x)",
        "CREATE TEMP VIEW birds AS SELECT body FROM _statements",
        "CREATE VIRTUAL TABLE t USING fts5 (x)",
        "ALTER TABLE _statements RENAME TO tasks2",
        "ATTACH ':memory:' AS other",
        "ATTACH 'file.sqlite' AS other",
        "DETACH main",
        "VACUUM",
        "VACUUM INTO 'copy.sqlite'",
        "REINDEX",
        "ANALYZE",
        "BEGIN",
        "COMMIT",
        "SAVEPOINT s",
        "PRAGMA user_version",
        "PRAGMA user_version = 9",
        "PRAGMA journal_mode = delete",
        "PRAGMA query_only = 0",
        "PRAGMA writable_schema = 1",
        "PRAGMA table_list",
        "SELECT load_extension('x')",
        "SELECT sqlite_log(1, 'x')",
        "SELECT fts3_tokenizer('simple')",
        "SELECT writefile('x', 'y')",
        "EXPLAIN DELETE FROM \"rows:tasks\"",
    ] {
        let refused = space.query(sql, &[]);
        assert!(
            matches!(refused, Err(QueryError::Forbidden { .. } | QueryError::Invalid { .. })),
            "{sql}: {refused:?}"
        );
    }
    assert_eq!(space.column("SELECT count(*) FROM tasks"), [20]);
    assert_eq!(space.store.statements().unwrap().len(), 1);
}

#[test]
fn a_query_cannot_read_what_is_not_a_document() {
    let space = filled();
    for sql in [
        "SELECT body FROM _statements",
        "SELECT body FROM main._statements",
        "SELECT count(*) FROM _statements",
        "SELECT 1 FROM _statements",
        "SELECT body FROM \"_STATEMENTS\"",
        "WITH tasks AS (SELECT body FROM _statements) SELECT * FROM tasks",
        "WITH tasks AS (SELECT body FROM _statements) SELECT count(*) FROM tasks",
        "WITH RECURSIVE tasks AS (SELECT body FROM _statements UNION SELECT 1 FROM tasks)
         SELECT * FROM tasks",
        "SELECT id FROM tasks UNION SELECT hex(body) FROM _statements",
        "SELECT (SELECT hex(body) FROM _statements) FROM tasks",
        "SELECT id FROM tasks WHERE EXISTS (SELECT 1 FROM _statements WHERE body > x'00')",
        "SELECT id FROM tasks WHERE id IN _devices",
        "SELECT id FROM tasks ORDER BY (SELECT max(digest) FROM _documents)",
        "SELECT data FROM _updates",
        "SELECT * FROM _meta",
        "SELECT * FROM sqlite_master",
        "SELECT count(*) FROM sqlite_schema",
        "SELECT sql FROM main.sqlite_schema",
        "SELECT * FROM sqlite_temp_master",
        "SELECT * FROM pragma_table_info('_statements')",
        "SELECT * FROM pragma_database_list",
        "SELECT * FROM dbstat",
        "SELECT count(*) FROM dbstat",
        "SELECT * FROM sqlite_dbpage",
        "SELECT * FROM fts3tokenize",
        "SELECT * FROM bytecode('SELECT 1')",
    ] {
        let refused = space.query(sql, &[]);
        let is_refused = matches!(
            refused,
            Err(QueryError::Forbidden { .. } | QueryError::UnknownCollection { .. })
        );
        assert!(is_refused, "{sql}: {refused:?}");
    }
    // What exists is forbidden, never merely unknown.
    let bypass = "WITH tasks AS (SELECT body FROM _statements) SELECT * FROM tasks";
    let refused = space.query(bypass, &[]).unwrap_err();
    assert_eq!(refused.to_string(), "a query may not read _statements");
}

#[test]
fn every_table_in_the_file_is_either_a_projection_or_closed() {
    let space = filled();
    let file = rusqlite::Connection::open(space.path()).unwrap();
    let names: Vec<String> = file
        .prepare("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let mut open: Vec<_> = names
        .iter()
        .filter(|name| space.query(&format!("SELECT count(*) FROM \"{name}\""), &[]).is_ok())
        .collect();
    open.sort();
    assert_eq!(open, ["birds", "rows:birds", "rows:tasks", "tasks"]);
    assert!(names.len() > open.len() + 5);
}

#[test]
fn a_runaway_query_is_stopped_and_the_reader_goes_on() {
    let space = filled();
    let reader = space.store.reader();
    let runaway = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                   SELECT max(i) FROM n";
    let few = Limits { steps: 100_000, ..Limits::default() };
    let stopped = reader.query(runaway, &[], &few).unwrap_err();
    assert!(matches!(stopped, QueryError::TooManySteps { steps: 100_000 }), "{stopped:?}");
    let short = Limits { time: Duration::from_millis(20), steps: u64::MAX, ..Limits::default() };
    let stopped = reader.query(runaway, &[], &short).unwrap_err();
    assert!(matches!(stopped, QueryError::TooSlow { .. }) && stopped.is_limit_exceeded());
    let join = "SELECT count(*) FROM tasks a, tasks b, tasks c, tasks d, tasks e, tasks f";
    assert!(reader.query(join, &[], &few).unwrap_err().is_limit_exceeded());
    let one = reader.query("SELECT 1", &[], &few).unwrap();
    assert_eq!(one.rows, [[json!(1)]]);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the query and the closing meet on two threads")]
fn closing_the_store_stops_a_query_that_runs() {
    let space = filled();
    let reader = space.store.reader();
    let running = std::thread::spawn(move || {
        let forever = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                       SELECT max(i) FROM n";
        let limits =
            Limits { time: Duration::from_secs(600), steps: u64::MAX, ..Limits::default() };
        reader.query(forever, &[], &limits)
    });
    let path = space.path();
    space.store.close().unwrap();
    assert!(!path.with_extension("sqlite-shm").exists());
    assert!(matches!(running.join().unwrap(), Err(QueryError::Closed)));
}

#[test]
fn results_are_bounded_in_rows_and_bytes() {
    let space = filled();
    let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
                   SELECT i FROM n";
    assert_eq!(space.query(numbers, &[json!(10_000)]).unwrap().rows.len(), 10_000);
    let refused = space.query(numbers, &[json!(10_001)]).unwrap_err();
    assert!(matches!(refused, QueryError::TooManyRows { rows: 10_000 }));
    assert!(refused.remedy().contains("WHERE id > ? ORDER BY id LIMIT"), "{}", refused.remedy());

    let bytes = "SELECT printf('%.*c', ?, 'x')";
    assert!(space.query(bytes, &[json!((8 << 20) - 8)]).is_ok());
    let refused = space.query(bytes, &[json!(8 << 20)]).unwrap_err();
    assert!(matches!(refused, QueryError::TooManyBytes { .. }), "{refused:?}");

    let first = |sql: &str, parameter: Value| {
        let reader = space.store.reader();
        let run = reader.run(sql, &[parameter], &Limits::default(), Beyond::LeaveOut);
        let rows = run.unwrap().unwrap();
        (rows.rows.len(), rows.more)
    };
    assert_eq!(first(numbers, json!(10_000)), (10_000, false));
    assert_eq!(first(numbers, json!(10_001)), (10_000, true));
    let mebibytes = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
                     SELECT printf('%.*c', (1 << 20) - 8, 'x') FROM n";
    assert_eq!(first(mebibytes, json!(8)), (8, false));
    assert_eq!(first(mebibytes, json!(9)), (8, true));

    let huge = space.query("SELECT length(zeroblob(2000000000))", &[]).unwrap_err();
    assert!(huge.is_limit_exceeded() || matches!(huge, QueryError::Forbidden { .. }), "{huge:?}");
}

#[test]
fn a_query_that_fails_on_what_documents_hold_says_what_would_mend_it() {
    let mut space = filled();
    let reader = space.store.reader();
    let run = |sql: &str| reader.run(sql, &[], &Limits::default(), Beyond::LeaveOut);
    let sql = "SELECT json_extract(doc ->> '$.raw', '$.a') FROM tasks";
    assert!(run(sql).unwrap().is_ok());
    let seq = space.put("tasks", "odd", r#"{"raw":"{"}"#);
    let failed = run(sql).unwrap().unwrap_err();
    assert!(failed.error.to_string().contains("malformed JSON"), "{failed:?}");
    assert_eq!(failed.collections, ["tasks".parse().unwrap()].into());
    assert_eq!(failed.seq, seq);
    for never in ["SELEC", "SELECT * FROM taks", "DELETE FROM tasks", "SELECT * FROM _meta"] {
        assert!(run(never).is_err(), "{never}");
    }
}
