//! What comes in through any door of the command line goes out the same, number by number.

use serde_json::{Map, Value as Json, json};

use crate::node::Node;

/// Doubles of every magnitude out of random bits, and what is known to be hard.
fn doubles(count: usize) -> Vec<f64> {
    let hard = [
        "105.32744387051825",
        "1e22",
        "1e23",
        "1.7976931348623157e308",
        "5e-324",
        "2.2250738585072014e-308",
        "2.225073858507201e-308",
        "9007199254740993.5",
        "0.1",
        "-0.3333333333333333",
    ];
    let hard = hard.iter().map(|text| text.parse::<f64>().unwrap());
    // SplitMix64.
    let mut state = 7_u64;
    let random = std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        f64::from_bits(bits ^ (bits >> 31))
    });
    hard.chain(random.filter(|double| double.is_finite() && *double != 0.0)).take(count).collect()
}

/// The same numbers as Dunlin prints them: a whole number without a fraction.
fn printed(json: Json) -> Json {
    match json {
        Json::Number(number) => match number.as_f64() {
            Some(double) if double.fract() == 0.0 && double.abs() < 9.2e18 && !number.is_i64() => {
                Json::from(double as i64)
            }
            _ => Json::Number(number),
        },
        Json::Array(items) => items.into_iter().map(printed).collect(),
        Json::Object(fields) => {
            fields.into_iter().map(|(key, field)| (key, printed(field))).collect()
        }
        other => other,
    }
}

/// A document with everything that plain JSON can say.
fn document() -> Json {
    let floats: Vec<Json> = doubles(500).into_iter().map(Json::from).collect();
    let named: Map<String, Json> =
        doubles(200).iter().enumerate().map(|(i, it)| (format!("n{i}"), json!([*it]))).collect();
    json!({
        "numbers": floats,
        "each": named,
        "whole": [i64::MIN, i64::MAX, 0, -1, 9_007_199_254_740_993_i64],
        "$ref": "#/a", "$schema": "x", "$id": 5, "$text": "not alone",
        "tagged": [
            {"$text": 1}, {"$text": "x"}, {"$counter": "x"}, {"$counter": 3}, {"$bytes": "?"},
            {"$value": {"$value": [1]}}, {"$set": [1, 1]}, {"$list": {}}, {"$attachment": null},
            {"$object": {"$object": {}}}, {"$money": 1},
        ],
        "nulls": {"a": null, "b": [null, {"c": null}], "d": {"e": {"f": null}}},
        "empty": {"": {}, " ": [], "list": [[], [[]], [{}]]},
        "text": "é\u{0}\u{1f986}\u{2028}\"\\/\u{7f}\u{feff}\u{fffe}",
        "\u{0}\u{1f986}~/@": {"@x": 1, "~0": 2, "a/b": 3},
        "mixed": [1, "1", 1.5, true, null, [1, 2], {"x": [0.1]}],
    })
}

/// Puts a document in by each door and takes it out by each.
fn through_every_door(node: &Node) {
    let document = printed(document());
    let text = self::document().to_string();
    let tagged = |node: &Node, id: &str| node.one(&["get", "barn", "files", id, "--kinds"]);
    let take = |id: &str| {
        let mut taken = node.one(&["get", "barn", "files", id, "--version", "--conflicts"]);
        assert_eq!(node.one(&["get", "barn", "files", id]), taken["value"], "{id}");
        let rows =
            node.one(&["query", "barn", "SELECT doc FROM files WHERE id = ?", "--param", id]);
        let shown: Json = serde_json::from_str(rows["doc"].as_str().unwrap()).unwrap();
        assert_eq!(shown, taken["value"], "{id}");
        taken["value"].take()
    };

    node.ok_fed(&["put", "barn", "files", "plain", "--plain", "--whole", "-"], text.as_bytes());
    assert_eq!(take("plain"), document);
    // Once more, over what is there.
    node.ok_fed(&["put", "barn", "files", "plain", "--plain", "--whole", "-"], text.as_bytes());
    assert_eq!(take("plain"), document);

    let kinds = tagged(node, "plain");
    assert_ne!(kinds, document, "objects that read as forms are wrapped");
    let input = kinds.to_string();
    node.ok_fed(&["put", "barn", "files", "kinds", "--whole", "-"], input.as_bytes());
    assert_eq!(take("kinds"), document);
    assert_eq!(tagged(node, "kinds"), kinds);

    let new = node.ok_fed(&["put", "barn", "files", "--new", "--plain", "-"], text.as_bytes());
    assert_eq!(take(new[0]["id"].as_str().unwrap()), document);

    let line = format!("\u{feff}{}\r\n", json!({"id": "many", "value": document}));
    let many = ["put", "barn", "files", "--many", "--plain", "--whole"];
    node.ok_fed(&many, line.as_bytes());
    assert_eq!(take("many"), document);
    let line =
        json!({"id": "many", "value": {"text": "changed", "nulls": {"d": null}}}).to_string();
    node.ok_fed(&["put", "barn", "files", "--many"], line.as_bytes());
    let merged = take("many");
    assert_eq!((&merged["text"], &merged["whole"]), (&json!("changed"), &document["whole"]));
    assert_eq!(merged["nulls"], json!({"a": null, "b": [null, {"c": null}]}));

    node.ok(&["put", "barn", "files", "edit", "{}"]);
    let edit = json!([{"op": "set", "path": "/all", "value": document}]).to_string();
    node.ok_fed(&["edit", "barn", "files", "edit", "--plain", "-"], edit.as_bytes());
    assert_eq!(take("edit")["all"], document);
    let edit = json!([{"op": "set", "path": "/all", "value": kinds}]).to_string();
    node.ok_fed(&["edit", "barn", "files", "edit", "-"], edit.as_bytes());
    assert_eq!(take("edit")["all"], document);
}

#[test]
fn documents_are_the_same_by_every_door_with_and_without_a_node_that_runs() {
    let node = Node::with_barn();
    through_every_door(&node);
    let node = Node::with_barn();
    let (_run, _) = node.run(&[]);
    through_every_door(&node);
}

#[test]
fn numbers_are_the_same_as_parameters_and_in_what_a_query_answers() {
    let node = Node::with_barn();
    let (_run, _) = node.run(&[]);
    for (index, double) in doubles(40).into_iter().enumerate() {
        let number = Json::from(double).to_string();
        let id = format!("n{index}");
        node.ok(&["put", "barn", "numbers", &id, &format!("{{\"x\":{number}}}")]);
        let sql = "SELECT doc->>'$.x' AS a, json_extract(doc, '$.x') AS b, doc->'$.x' AS c, ?1 AS d \
                   FROM numbers WHERE json_extract(doc, '$.x') = ?1";
        let row = node.one(&["query", "barn", sql, "--param", &number]);
        assert_eq!(row["a"].as_f64(), Some(double), "{number}: {row}");
        assert_eq!(row["b"].as_f64(), Some(double), "{number}: {row}");
        let text: f64 = row["c"].as_str().unwrap().parse().unwrap();
        assert_eq!(text, double, "{row}");
        assert_eq!(row["d"].as_f64(), Some(double), "{number}: {row}");
    }
    for refused in ["1e400", "18446744073709551615", "\"\\ud800\""] {
        let refusal = node.refused(&["query", "barn", "SELECT ?", "--param", refused]);
        assert_eq!(refusal.code, "InvalidInput", "{refused}");
    }
}

#[test]
fn a_whole_document_replaces_what_is_there_and_keeps_its_kinds() {
    let node = Node::with_barn();
    let first =
        r#"{"t":{"$text":"abc"},"n":{"$counter":1},"l":["a","b"],"gone":1,"o":{"x":1,"y":2}}"#;
    node.ok(&["put", "barn", "tasks", "a", first]);
    let second = r#"{"t":"abcd","n":5,"l":["b"],"o":{"x":null},"z":null}"#;
    node.ok(&["put", "barn", "tasks", "a", "--whole", second]);
    assert_eq!(
        node.one(&["get", "barn", "tasks", "a", "--kinds"]),
        json!({"t":{"$text":"abcd"},"n":{"$counter":5},"l":["b"],"o":{"x":null},"z":null})
    );
    let same = node.fed(&["put", "barn", "tasks", "a", "--whole", second], b"");
    assert!(String::from_utf8_lossy(&same.stdout).contains("like that already"));
    node.ok(&["put", "barn", "tasks", "a", r#"{"z":null,"o":null}"#]);
    assert_eq!(node.one(&["get", "barn", "tasks", "a"]), json!({"t":"abcd","n":5,"l":["b"]}));
    node.ok(&["delete", "barn", "tasks", "a"]);
    node.ok(&["put", "barn", "tasks", "a", "--whole", r#"{"again":null}"#]);
    assert_eq!(node.one(&["get", "barn", "tasks", "a"]), json!({"again":null}));
    let refusal = node.refused(&["put", "barn", "tasks", "a", "--whole", "[1]"]);
    assert!(refusal.reason.contains("object"), "{refusal:?}");
}

#[test]
fn items_are_told_apart_by_a_declared_key() {
    let node = Node::with_barn();
    let rows = r#"{"r":[{"no":1,"t":{"$text":"a"}},{"no":2,"t":{"$text":"b"}}]}"#;
    let turned = r#"{"r":[{"no":2,"t":"x"},{"no":1,"t":"y"}]}"#;
    let kept = json!({"r":[{"no":2,"t":{"$text":"x"}},{"no":1,"t":{"$text":"y"}}]});
    let line = format!(r#"{{"id":"a","value":{turned}}}"#);
    for (flags, input) in [
        (&["a", turned][..], ""),
        (&["a", "--whole", turned], ""),
        (&["--many"], &line[..]),
        (&["--many", "--whole"], &line[..]),
    ] {
        node.ok(&["put", "barn", "forms", "a", "--whole", rows]);
        let put = [&["put", "barn", "forms", "--key", "/r=no"][..], flags].concat();
        node.ok_fed(&put, input.as_bytes());
        assert_eq!(node.one(&["get", "barn", "forms", "a", "--kinds"]), kept, "{flags:?}");
    }
    for key in ["/r", "r=no"] {
        let refusal = node.refused(&["put", "barn", "forms", "a", "{}", "--key", key]);
        assert_eq!(refusal.code, "InvalidInput", "{refusal:?}");
    }
}

#[test]
fn merge_patches_do_what_rfc_7396_shows() {
    let node = Node::with_barn();
    let mut input = String::new();
    // Appendix A. A document is an object: other targets and patches stand in a field of one.
    let examples = [
        (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"a":null}"#, "{}"),
        (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
        (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
        (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#),
        (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
        (r#"["a","b"]"#, r#"["c","d"]"#, r#"["c","d"]"#),
        (r#"{"a":"b"}"#, r#"["c"]"#, r#"["c"]"#),
        (r#"{"a":"foo"}"#, r#""bar""#, r#""bar""#),
        (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
        ("[1,2]", r#"{"a":"b","c":null}"#, r#"{"a":"b"}"#),
        ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
    ];
    for (index, (target, ..)) in examples.iter().enumerate() {
        input += &format!("{{\"id\":\"in{index}\",\"value\":{{\"x\":{target}}}}}\n");
        if target.starts_with('{') {
            input += &format!("{{\"id\":\"at{index}\",\"value\":{target}}}\n");
        }
    }
    node.ok_fed(&["put", "barn", "patches", "--many", "--whole"], input.as_bytes());
    let get = |id: &str| node.one(&["get", "barn", "patches", id]);
    for (index, (target, patch, result)) in examples.iter().enumerate() {
        let expected: Json = serde_json::from_str(result).unwrap();
        let id = format!("in{index}");
        node.ok(&["put", "barn", "patches", &id, &format!("{{\"x\":{patch}}}")]);
        assert_eq!(get(&id)["x"], expected, "{target} and {patch}");
        if target.starts_with('{') && patch.starts_with('{') {
            let id = format!("at{index}");
            node.ok(&["put", "barn", "patches", &id, patch]);
            assert_eq!(get(&id), expected, "{target} and {patch}");
        }
    }
    // `{"a":"foo"}` and `null`: a field goes; a whole document is deleted, not put.
    node.ok(&["put", "barn", "patches", "in0", r#"{"x":null}"#]);
    assert_eq!(get("in0"), json!({}));
    assert_eq!(node.refused(&["put", "barn", "patches", "in0", "null"]).code, "InvalidInput");
}

#[test]
fn real_files_come_back_number_by_number() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data");
    let node = Node::with_barn();
    for name in [
        "openapi.json",
        "fhir-bundle.json",
        "package-lock.json",
        "parcels.geojson",
        "earthquakes.geojson",
    ] {
        let text = std::fs::read(format!("{folder}/{name}")).unwrap();
        let file = printed(serde_json::from_slice(&text).unwrap());
        node.ok_fed(&["put", "barn", "files", name, "--plain", "--whole", "-"], &text);
        assert_eq!(node.one(&["get", "barn", "files", name]), file, "{name}");
        let kinds = node.one(&["get", "barn", "files", name, "--kinds"]).to_string();
        node.ok_fed(&["put", "barn", "copies", name, "--whole", "-"], kinds.as_bytes());
        assert_eq!(node.one(&["get", "barn", "copies", name]), file, "{name}");
    }
}
