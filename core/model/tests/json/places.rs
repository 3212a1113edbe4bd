//! Refusals tell where: path, line and column.

use dunlin_model::{Forms, JsonText, Path, limits::MAX_DEPTH};

fn reason(text: &str, forms: Forms) -> String {
    JsonText::new(text, "the value").value(forms).unwrap_err().reason
}

fn nested(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

#[test]
fn a_fault_is_told_by_line_and_column() {
    assert_eq!(
        reason("{\"a\":", Forms::Tagged),
        "the value is not JSON: it ends where a value should be at line 1 column 6"
    );
    assert_eq!(
        reason("\u{feff}{\n  \"ä\": x}", Forms::Tagged),
        "the value is not JSON: there is no value at line 2 column 8"
    );
    assert_eq!(
        reason("{\"a\":{\r\n\"b\":[1,\n 2e999]}}", Forms::Plain),
        "what stands at /a/b/1 is the number 2e999, too large for a double (line 3 column 2)"
    );
    assert_eq!(
        reason("{\"a\":1,\n\"a\":2}", Forms::Plain),
        "the key at /a stands twice in one object (line 2 column 1)"
    );
    assert_eq!(
        reason("{\"a\":[{}, \"\\ud800\"]}", Forms::Tagged),
        "a string at /a/1 holds \\ud800, half of a surrogate pair, which is no character \
         (line 1 column 12)"
    );
}

#[test]
fn what_a_form_cannot_hold_is_told_with_path_and_place_also_inside_other_forms() {
    let text = "{\"a\":{\"$list\":[1,\n {\"b\":{\"$text\":5}}]}}";
    let found = reason(text, Forms::Tagged);
    assert!(found.starts_with("what stands at /a/1/b is no value that \"$text\""), "{found}");
    assert!(found.ends_with("(line 2 column 16)"), "{found}");
    assert!(JsonText::new(text, "it").value(Forms::Plain).is_ok());
}

#[test]
fn nesting_is_refused_by_one_rule_with_one_place_whatever_the_text() {
    let taken = nested(MAX_DEPTH + 1);
    assert!(JsonText::new(&taken, "it").value(Forms::Tagged).is_ok());
    assert!(JsonText::new(&taken, "it").json().is_ok());
    for depth in [MAX_DEPTH + 2, 60, 100, 127, 128, 129, 1_000, 100_000, 1_000_000] {
        let text = format!("\n{}", nested(depth));
        for found in [
            reason(&text, Forms::Tagged),
            reason(&text, Forms::Plain),
            JsonText::new(&text, "it").json().unwrap_err().reason,
        ] {
            assert_eq!(found.matches("nested deeper than 32").count(), 1, "{depth}: {found}");
            assert_eq!(found.matches("line ").count(), 1, "{depth}: {found}");
            assert!(found.ends_with("(line 2 column 34)"), "{depth}: {found}");
        }
    }
    let objects = "{\"a\":".repeat(500) + "1" + &"}".repeat(500);
    let found = reason(&objects, Forms::Tagged);
    assert!(found.contains("/a/a/a") && found.ends_with("(line 1 column 166)"), "{found}");
    let values = "{\"$value\":".repeat(500) + "1" + &"}".repeat(500);
    assert!(reason(&values, Forms::Tagged).contains("nested deeper than 32"));
}

#[test]
fn edits_and_lines_tell_the_place_in_the_whole_text() {
    let edits = "[{\"op\":\"remove\",\"path\":\"/x\"},\n{\"op\":\"set\",\"path\":\"/a\",\"value\":{\"b\":{\"$text\":5}}}]";
    let found = JsonText::new(edits, "the list of edits").edits(Forms::Tagged).unwrap_err().reason;
    assert!(found.starts_with("edit 1: what stands at /b is no value"), "{found}");
    assert!(found.ends_with("(line 2 column 47)"), "{found}");
    let deep = format!("[{{\"op\":\"set\",\"path\":\"\",\"value\":{}}}]", nested(200));
    let found = JsonText::new(&deep, "the list of edits").edits(Forms::Tagged).unwrap_err().reason;
    assert!(found.contains("nested deeper than 32") && found.contains("column 65"), "{found}");

    let line = "{\"id\":\"a\",\"value\":{\"b\":{\"$text\":5}}}";
    let text = JsonText::line(line, "it");
    let json = text.envelope().unwrap();
    let at = Path::default().child("value");
    let found = text.value_of(&json["value"], &at, Forms::Tagged).unwrap_err().reason;
    assert!(found.starts_with("what stands at /b is no value"), "{found}");
    assert!(found.ends_with("(column 33)"), "{found}");
    assert!(text.value_of(&json["value"], &at, Forms::Plain).is_ok());
    assert_eq!(
        JsonText::line("{\"id\":1,}", "it").envelope().unwrap_err().reason,
        "it is not JSON: a key in double quotes is missing at column 9"
    );
}

#[test]
fn long_keys_do_not_make_long_refusals() {
    let text = format!("{{\"{}\":1e999}}", "k".repeat(100_000));
    assert!(reason(&text, Forms::Tagged).len() < 400);
}
