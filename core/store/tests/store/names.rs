//! Whatever a collection is called, it is itself and hides nothing.

use std::collections::BTreeSet;

use dunlin_model::Collection;
use dunlin_store::{Beyond, IndexPath, Limits, sql_name};
use rusqlite::Connection;
use serde_json::json;

use crate::support::Space;

/// What SQLite keeps to itself in some build: <https://sqlite.org/lang_keywords.html>.
const KEYWORDS: &str = "abort action add after all alter always analyze and as asc attach \
    autoincrement before begin between by cascade case cast check collate column commit conflict \
    constraint create cross current current_date current_time current_timestamp database default \
    deferrable deferred delete desc detach distinct do drop each else end escape except exclude \
    exclusive exists explain fail filter first following for foreign from full generated glob \
    group groups having if ignore immediate in index indexed initially inner insert instead \
    intersect into is isnull join key last left like limit match materialized natural no not \
    nothing notnull null nulls of offset on or order others outer over partition plan pragma \
    preceding primary query raise range recursive references regexp reindex release rename \
    replace restrict returning right rollback row rows savepoint select set table temp temporary \
    then ties to transaction trigger unbounded union unique update using vacuum values view \
    virtual when where window with without";

/// Names that mean something in a query, in this file, or nearly do.
const OTHERS: &str = "tasks documents document rows row collection collections main temp id doc \
    has_conflicts text rank rowid oid new old excluded changes updates snapshots statements meta \
    devices sqlite_master sqlite_schema sqlite_sequence sqlite_stat1 sqlite_x pragma_x \
    pragma_table_info json_each json_tree jsonb_each jsonb_tree json jsonb true false";

fn names() -> BTreeSet<Collection> {
    let connection = Connection::open_in_memory().unwrap();
    let mut names: Vec<String> =
        KEYWORDS.split_whitespace().chain(OTHERS.split_whitespace()).map(str::to_owned).collect();
    for sql in [
        "SELECT lower(name) FROM pragma_module_list",
        "SELECT 'pragma_' || name FROM pragma_pragma_list",
        "SELECT DISTINCT lower(name) FROM pragma_function_list",
    ] {
        let mut select = connection.prepare(sql).unwrap();
        let found = select.query_map([], |row| row.get::<_, String>(0)).unwrap();
        names.extend(found.map(Result::unwrap));
    }
    // What is left out, such as the function `->`, is no collection's name.
    names.iter().filter_map(|name| name.parse().ok()).collect()
}

/// What queries say that name no collection, and one that looks into a document.
fn others(space: &Space) -> Vec<String> {
    [
        "SELECT group_concat(key || value) FROM json_each('{\"a\":1,\"b\":2}')",
        "SELECT count(*) FROM json_tree('[1,[2]]')",
        "SELECT t.id, e.value FROM \"order\" t, json_each(t.doc, '$.tags') e",
        "SELECT count(*), max(length(id)), replace(id, 'a', 'b') FROM \"group\"",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) \
         SELECT sum(i), row_number() OVER (), date('2026-01-01'), printf('%d', 1) FROM n",
        "SELECT * FROM sqlite_schema",
        "SELECT * FROM pragma_database_list",
        "SELECT * FROM dbstat",
        "SELECT * FROM _documents",
    ]
    .map(|sql| match space.query(sql, &[]) {
        Ok(rows) => format!("{:?}", rows.rows),
        Err(refused) => refused.to_string(),
    })
    .to_vec()
}

#[test]
fn a_collection_of_any_name_can_be_asked_and_hides_nothing() {
    let mut space = Space::new();
    for name in ["order", "group"] {
        space.put(name, "a", r#"{"tags":["wet"]}"#);
    }
    let before = others(&space);
    let names = names();
    assert!(names.len() > 250 && names.contains(&"json_each".parse().unwrap()), "{names:?}");
    for name in &names {
        space.put(name.as_str(), "a", &format!(r#"{{"of":"{name}","tags":["wet"]}}"#));
    }
    let space = space.reopen();
    assert_eq!(others(&space), before);
    for name in &names {
        let sql = format!(
            "SELECT id, json_extract(doc, '$.of') FROM {} WHERE has_conflicts = 0",
            sql_name(name)
        );
        let found = space.query(&sql, &[]).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(found.rows, [[json!("a"), json!(name.as_str())]], "{name}");
        assert_eq!(found.collections, [name.clone()].into(), "{name}");
    }
}

#[test]
fn indexes_of_any_collection_serve_and_warnings_name_it() {
    let mut space = Space::new();
    let (by_value, by_word): (IndexPath, IndexPath) =
        ("$.n".parse().unwrap(), "$.title".parse().unwrap());
    for name in ["order", "rows", "collection", "new", "old", "json_each", "sqlite_x", "text"] {
        space.put(name, "a", r#"{"n":1,"title":"wader"}"#);
        let collection: Collection = name.parse().unwrap();
        let from = sql_name(&collection);
        let sql = format!("SELECT id FROM {from} WHERE json_extract(doc, '$.n') > 0");
        let warnings = space.store.reader().explain(&sql).unwrap().warnings;
        assert!(warnings[0].starts_with(&format!("reads all of {name}:")), "{warnings:?}");

        let created = space.store.write(|writer| {
            writer.create_index(&collection, &by_value)?;
            writer.create_text_index(&collection, &by_word)
        });
        assert!(created.unwrap());
        assert!(space.store.reader().explain(&sql).unwrap().warnings.is_empty(), "{name}");
        space.put(name, "b", r#"{"n":2,"title":"plover"}"#);
        let words = format!(
            "SELECT t.id FROM \"{}:$.title\" s JOIN {from} t USING (id)
             WHERE s.text MATCH 'plover'",
            from.trim_matches('"')
        );
        let found = space.query(&words, &[]).unwrap();
        assert_eq!(
            (found.rows, found.collections),
            (vec![vec![json!("b")].into()], [collection.clone()].into())
        );
        assert_eq!(space.column(&sql), ["a", "b"], "{name}");
        let dropped = space.store.write(|writer| {
            writer.drop_text_index(&collection, &by_word)?;
            writer.drop_index(&collection, &by_value)
        });
        assert!(dropped.unwrap());
    }
}

#[test]
fn a_name_that_is_not_there_yet_says_which_collection_it_would_be() {
    let space = Space::new();
    for name in ["order", "json_each", "sqlite_x"] {
        let collection: Collection = name.parse().unwrap();
        let sql = format!("SELECT id FROM {}", sql_name(&collection));
        let refused =
            space.store.reader().run(&sql, &[], &Limits::default(), Beyond::LeaveOut).unwrap_err();
        let dunlin_store::QueryError::UnknownCollection { collection: meant, .. } = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(meant, Some(collection));
    }
}
