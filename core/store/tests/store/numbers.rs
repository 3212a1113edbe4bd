//! Numbers in SQL are the ones of the documents, to the last bit.

use serde_json::{Value, json};

use crate::support::Space;

/// Doubles of every magnitude out of random bits (SplitMix64), halfway cases and the extremes.
fn doubles(count: usize) -> Vec<f64> {
    let hard = [
        105.32744387051825,
        1e22,
        1e23,
        f64::MAX,
        f64::MIN_POSITIVE,
        f64::MIN_POSITIVE - f64::from_bits(1),
        f64::from_bits(1),
        9007199254740993.5,
        0.1,
        5e15,
        9.5e18,
    ];
    let mut state = 3_u64;
    let random = std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        f64::from_bits(bits ^ (bits >> 31))
    });
    let finite = random.filter(|double| double.is_finite() && *double != 0.0);
    // As many again of the sizes that files hold.
    let common = (1..).map(|n| f64::from(n) * 0.001 + 1.0 / f64::from(n) - 77.7);
    let mixed = finite.zip(common).flat_map(|(random, common)| [random, common]);
    hard.into_iter().chain(mixed).take(count).collect()
}

#[track_caller]
fn assert_same(found: &Value, expected: f64, how: &str) {
    let bits = found.as_f64().map(f64::to_bits);
    assert_eq!(bits, Some(expected.to_bits()), "{expected:e} by {how} is {found}");
}

#[test]
fn every_double_of_a_document_is_read_exactly_by_sql() {
    let mut space = Space::new();
    let doubles = doubles(100_000);
    let documents: Vec<String> =
        doubles.chunks(100).map(|part| json!({ "list": part }).to_string()).collect();
    for (index, document) in documents.iter().enumerate() {
        space.put("numbers", &format!("{index:04}"), document);
    }
    let sql = "SELECT value, json_extract(doc, '$.list[' || key || ']'), \
               doc ->> ('$.list[' || key || ']') \
               FROM numbers AS n, json_each(doc, '$.list') WHERE substr(n.id, 1, 3) = ? ORDER BY n.id, key";
    for (part, batch) in doubles.chunks(1_000).enumerate() {
        let found = space.query(sql, &[json!(format!("{part:03}"))]).unwrap().rows;
        assert_eq!(found.len(), batch.len());
        for (row, double) in found.iter().zip(batch) {
            assert_same(&row[0], *double, "json_each");
            assert_same(&row[1], *double, "json_extract");
            assert_same(&row[2], *double, "->>");
        }
    }
}

#[test]
fn every_double_stays_the_same_as_a_parameter_and_through_functions_that_print() {
    let space = Space::new();
    let sql = "SELECT ?1, ?1 = json_extract(?2, '$[0]'), json_array(?1), \
               json_object('x', json_extract(?2, '$[0]')), ?2 -> '$[0]', json_group_array(?1)";
    for double in doubles(5_000) {
        let number = Value::from(double).to_string();
        let found = space.query(sql, &[json!(double), json!(format!("[{number}]"))]).unwrap();
        let row = &found.rows[0];
        assert_same(&row[0], double, "a parameter");
        assert_eq!(row[1], 1, "{number}");
        let printed = |cell: &Value, pointer: &str| -> Value {
            let json: Value = serde_json::from_str(cell.as_str().unwrap()).unwrap();
            json.pointer(pointer).unwrap().clone()
        };
        assert_same(&printed(&row[2], "/0"), double, "json_array");
        assert_same(&printed(&row[3], "/x"), double, "json_object");
        assert_eq!(row[4], number, "-> gives the text");
        assert_same(&printed(&row[5], "/0"), double, "json_group_array");
    }
}

#[test]
fn whole_numbers_are_exact_over_64_bits() {
    let space = Space::new();
    for whole in [i64::MIN, i64::MAX, (1 << 53) + 1, -(1 << 53) - 1] {
        let sql = "SELECT ?1, json_extract(?2, '$'), ?1 = json_extract(?2, '$')";
        let row = &space.query(sql, &[json!(whole), json!(whole.to_string())]).unwrap().rows[0];
        assert_eq!(row[..], [json!(whole), json!(whole), json!(1)]);
    }
    assert!(space.query("SELECT ?", &[json!(u64::MAX)]).is_err());
    let beyond = space.query("SELECT ?", &[json!(1_u64 << 63)]).unwrap();
    assert_same(&beyond.rows[0][0], 9_223_372_036_854_775_808.0, "a parameter");
}
