//! Indexes on values and on words.

use dunlin_store::{IndexPath, StoreError};

use crate::support::{Space, doc, gone};

fn path(text: &str) -> IndexPath {
    text.parse().unwrap()
}

fn birds() -> Space {
    let mut space = Space::new();
    for number in 0..50 {
        let json = format!(r#"{{"count":{number},"name":"wader number {number}"}}"#);
        space.put("birds", &format!("{number:02}"), &json);
    }
    space
}

#[test]
fn an_index_serves_the_documented_form_and_no_other() {
    let mut space = birds();
    let collection = doc("birds", "1").collection;
    let documented = "SELECT id FROM birds WHERE json_extract(doc, '$.count') > 47";
    let other = "SELECT id FROM birds WHERE doc ->> '$.count' > 47";
    assert_eq!(space.store.reader().explain(documented).unwrap().warnings.len(), 1);
    let created = space.store.write(|writer| {
        Ok::<_, StoreError>([
            writer.create_index(&collection, &path("$.count"))?,
            writer.create_index(&collection, &path("$.count"))?,
        ])
    });
    assert_eq!(created.unwrap(), [true, false]);
    let mut space = space.reopen();
    let plan = space.store.reader().explain(documented).unwrap();
    assert!(plan.warnings.is_empty(), "{plan:?}");
    assert!(plan.steps.iter().any(|step| step.contains("$.count")), "{plan:?}");
    assert_eq!(space.store.reader().explain(other).unwrap().warnings.len(), 1);
    assert_eq!(space.column(documented), ["48", "49"]);
    space.put("birds", "00", r#"{"count":99}"#);
    assert_eq!(space.column(documented), ["48", "49", "00"]);
    assert_eq!(space.store.indexes(&collection).unwrap(), [path("$.count")]);
    let dropped = space.store.write(|writer| writer.drop_index(&collection, &path("$.count")));
    assert!(dropped.unwrap());
    assert!(space.store.indexes(&collection).unwrap().is_empty());
}

#[test]
fn an_id_needs_no_index_and_a_scan_is_named() {
    let space = birds();
    let plan = |sql: &str| space.store.reader().explain(sql).unwrap();
    assert!(plan("SELECT * FROM birds WHERE id = '1'").warnings.is_empty());
    assert!(plan("SELECT * FROM birds WHERE id > '1' ORDER BY id LIMIT 9").warnings.is_empty());
    let warnings = plan("SELECT * FROM birds b WHERE b.doc LIKE '%x%'").warnings;
    assert!(warnings.len() == 1 && warnings[0].contains("birds"), "{warnings:?}");
}

#[test]
fn words_are_found_as_documents_come_change_and_go() {
    let mut space = birds();
    let collection = doc("birds", "1").collection;
    let name = path("$.name");
    space.store.write(|writer| writer.create_text_index(&collection, &name)).unwrap();
    let again = space.store.write(|writer| writer.create_text_index(&collection, &name));
    assert!(!again.unwrap());
    let mut space = space.reopen();
    let search = "SELECT t.id FROM \"birds:$.name\" s JOIN birds t USING (id)
                  WHERE s.text MATCH 'wader AND 17' ORDER BY s.rank";
    assert_eq!(space.column(search), ["17"]);
    let found = space.query(search, &[]).unwrap();
    assert_eq!(found.collections, [collection.clone()].into());
    assert!(space.store.reader().explain(search).unwrap().warnings.is_empty());

    space.put("birds", "17", r#"{"name":"plover"}"#);
    assert!(space.column(search).is_empty());
    space.put("birds", "new", r#"{"name":"another wader of 17 grams"}"#);
    assert_eq!(space.column(search), ["new"]);
    let snippet = "SELECT snippet(\"birds:$.name\", 1, '[', ']', '…', 3)
                   FROM \"birds:$.name\" WHERE text MATCH 'grams'";
    assert_eq!(space.column(snippet), ["…of 17 [grams]"]);
    let row = space.store.head(&doc("birds", "new")).unwrap().unwrap().row;
    space.store.write(|writer| writer.append(row, gone())).unwrap();
    assert!(space.column(search).is_empty());
    // A document without the path, and one where it is no text.
    space.put("birds", "bare", "{}");
    space.put("birds", "odd", r#"{"name":["wader",17]}"#);
    assert_eq!(space.column(search), ["odd"]);

    assert_eq!(space.store.text_indexes(&collection).unwrap(), [path("$.name")]);
    let dropped = space.store.write(|writer| writer.drop_text_index(&collection, &name));
    assert!(dropped.unwrap());
    space.put("birds", "17", "{}");
    assert!(space.query(search, &[]).is_err());
}

#[test]
fn there_is_a_limit_on_indexes() {
    let mut space = birds();
    let collection = doc("birds", "1").collection;
    let refused = space.store.write(|writer| {
        (0..17).try_for_each(|number| {
            writer.create_index(&collection, &path(&format!("$.f{number}"))).map(drop)
        })
    });
    assert!(matches!(refused, Err(StoreError::LimitExceeded { .. })));
}
