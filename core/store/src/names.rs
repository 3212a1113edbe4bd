//! What collections are called in SQL: the one place where their names are quoted.
//!
//! A name of SQL's own, such as `order`, is quoted and means the collection then. A name by which
//! SQLite knows one of its virtual tables cannot be given to a view, quoted or not: the view would
//! stand before it in every query. Such a collection's view has a prefix with a colon, which no
//! other name has.

use dunlin_model::Collection;

/// Stands before the name of a collection that SQLite has another use for.
const PREFIX: &str = "collection:";

/// Beginnings of names that SQLite keeps for tables and functions of its own.
const KEPT_BEGINNINGS: &[&str] = &["sqlite_", "pragma_"];

/// SQLite's virtual tables and table-valued functions, in all of its builds; sorted. To add a name
/// takes a migration that makes the view of such a collection anew.
const KEPT: &[&str] = &[
    "bytecode",
    "carray",
    "completion",
    "dbstat",
    "fts3",
    "fts3tokenize",
    "fts4",
    "fts4aux",
    "fts5",
    "fts5vocab",
    "fuzzer",
    "generate_series",
    "geopoly",
    "json_each",
    "json_tree",
    "jsonb_each",
    "jsonb_tree",
    "rtree",
    "rtree_i32",
    "series",
    "tables_used",
];

/// The name of a collection in a query, quoted: `"tasks"`, `"order"`; of one that is called like a
/// virtual table of SQLite, `"collection:json_each"`.
pub fn sql_name(collection: &Collection) -> String {
    format!("\"{}\"", view(collection))
}

/// The name of a collection's view.
pub(crate) fn view(collection: &Collection) -> String {
    let name = collection.as_str();
    let prefix = if is_kept(name) { PREFIX } else { "" };
    format!("{prefix}{name}")
}

/// The collection that a query means by this name, which SQLite reports without quotes.
pub(crate) fn collection_called(name: &str) -> Option<Collection> {
    let name = name.strip_prefix("main.").unwrap_or(name);
    let (name, is_prefixed) = name.strip_prefix(PREFIX).map_or((name, false), |name| (name, true));
    let collection = name.to_ascii_lowercase().parse().ok()?;
    (is_prefixed == is_kept(name)).then_some(collection)
}

/// The collection to which a table belongs: that of its projections (`rows:NAME`), one of its
/// full-text indexes (`VIEW:PATH`), or its view where that has a prefix.
pub(crate) fn collection_of_table(table: &str) -> Option<Collection> {
    let mut parts = table.split(':');
    let (left, right) = (parts.next()?, parts.next()?);
    if right.starts_with('_') {
        return None;
    }
    if matches!(left, "rows" | "collection")
        && let Ok(collection) = right.parse()
    {
        return Some(collection);
    }
    left.parse().ok()
}

/// The name of the table that holds a collection's projections, quoted.
pub(crate) fn rows_table(collection: &Collection) -> String {
    format!("\"rows:{collection}\"")
}

fn is_kept(name: &str) -> bool {
    KEPT.binary_search(&name).is_ok() || KEPT_BEGINNINGS.iter().any(|kept| name.starts_with(kept))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    fn collection(name: &str) -> Collection {
        name.parse().unwrap()
    }

    #[test]
    fn every_virtual_table_of_this_sqlite_keeps_its_name() {
        assert!(KEPT.is_sorted());
        let connection = Connection::open_in_memory().unwrap();
        let mut select = connection.prepare("SELECT name FROM pragma_module_list").unwrap();
        let names: Vec<String> =
            select.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        assert!(names.iter().any(|name| name == "fts5"), "{names:?}");
        let free: Vec<_> = names.iter().filter(|name| !is_kept(name)).collect();
        assert!(free.is_empty(), "{free:?}");
        // Those of JSON are made known when they are first asked for.
        for name in ["json_each", "json_tree", "jsonb_each", "jsonb_tree"] {
            assert!(is_kept(name), "{name}");
        }
    }

    #[test]
    fn a_name_in_a_query_leads_back_to_the_collection() {
        for name in ["tasks", "order", "rows", "collection", "json_each", "sqlite_x"] {
            let quoted = sql_name(&collection(name));
            let unquoted = quoted.trim_matches('"');
            assert_eq!(collection_called(unquoted), Some(collection(name)), "{quoted}");
        }
        assert_eq!(collection_called("main.tasks"), Some(collection("tasks")));
        for other in ["json_each", "collection:tasks", "rows:tasks", "_meta", ""] {
            assert_eq!(collection_called(other), None, "{other}");
        }
    }

    #[test]
    fn a_table_belongs_to_the_collection_in_its_name() {
        for (table, name) in [
            ("rows:tasks", "tasks"),
            ("rows:rows", "rows"),
            ("rows:collection", "collection"),
            ("tasks:$.title", "tasks"),
            ("rows:$.title_data", "rows"),
            ("collection:$.title", "collection"),
            ("collection:json_each", "json_each"),
            ("collection:sqlite_x:$.title_data", "sqlite_x"),
        ] {
            assert_eq!(collection_of_table(table), Some(collection(name)), "{table}");
        }
        for other in ["tasks", "_documents"] {
            assert_eq!(collection_of_table(other), None, "{other}");
        }
    }
}
