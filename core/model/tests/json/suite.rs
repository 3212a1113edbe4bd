//! The kinds of texts that JSONTestSuite sorts: what every reader takes, what none takes, and what
//! each decides for itself.

use dunlin_model::{Forms, JsonText};
use serde_json::Value as Json;

/// Texts that are JSON, and what they say.
const TAKEN: &[&str] = &[
    // Arrays.
    "[]",
    "[ ]",
    " [1 , [ ] ]\r\n\t",
    "[[[]]]",
    "[null,true,false]",
    "[\"\"]",
    "[1,null,{}]",
    // Numbers.
    "0",
    "-0",
    "-1",
    "[1,-12,123]",
    "0.5",
    "-0.0000000000000000000000000000000000001",
    "1e0",
    "1E22",
    "1e+2",
    "1E-2",
    "0e1",
    "0E+1",
    "123.456e78",
    "9223372036854775807",
    "-9223372036854775808",
    "1.7976931348623157e308",
    "5e-324",
    "2.2250738585072014e-308",
    "105.32744387051825",
    "0.1000000000000000055511151231257827",
    "20",
    // Objects.
    "{}",
    "{ }",
    "{\"a\":1}",
    "{\"\":0}",
    "{\"a\":[],\"b\":{},\"c\":null}",
    " { \"a\" : { \"b\" : [ 1 ] } , \"c\" : \"d\" } ",
    "{\"\\u0000\":1}",
    "{\"a\\u0022b\":\"\\\"\"}",
    "{\"$ref\":\"#/a\",\"$schema\":\"x\"}",
    // Strings.
    "\"\"",
    "\" \"",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
    "\"\\u0061\\u30af\\u30EA\\u30b9\"",
    "\"\\ud83d\\uDE00\\uD834\\uDD1E\"",
    "\"\\u0000\\u001f\\u007f\"",
    "\"\u{7f}\u{2028}\u{2029}\u{feff}\u{fffe}\u{10ffff}\"",
    "\"\\uFFFF\\uFDD0\\uDBFF\\uDFFE\"",
    "\"é€𝄞\"",
    "\"a/*b*/c//\"",
    "\"\\\\u0061\"",
    "\"[],{}:\"",
    // Structure.
    "\n\ttrue ",
    "null",
    "false",
    "\u{feff}{\"a\":1}",
];

/// Texts that are no JSON.
const REFUSED: &[&str] = &[
    // Arrays.
    "[",
    "]",
    "[1",
    "[1,",
    "[1,]",
    "[,1]",
    "[1,,2]",
    "[,]",
    "[1 2]",
    "[1:2]",
    "[[1]",
    "[1]]",
    "[\"\": 1]",
    "[1}",
    "[*]",
    "['a']",
    // Numbers.
    "-",
    "+1",
    "01",
    "-01",
    "00",
    "1.",
    "-1.",
    ".5",
    "-.5",
    "1.e1",
    "1e",
    "1E+",
    "1e-",
    "1ee2",
    "1.2.3",
    "0x10",
    "1_000",
    "1,000",
    "1a",
    "- 1",
    "--1",
    "NaN",
    "-NaN",
    "Infinity",
    "-Infinity",
    "inf",
    "\u{ff11}",
    "1\u{0}",
    "0.3e",
    "2.e+3",
    // Objects.
    "{",
    "}",
    "{\"a\"",
    "{\"a\":",
    "{\"a\":1",
    "{\"a\":1,",
    "{\"a\":1,}",
    "{,\"a\":1}",
    "{\"a\":1,,\"b\":2}",
    "{\"a\" 1}",
    "{\"a\",1}",
    "{\"a\"::1}",
    "{a:1}",
    "{1:1}",
    "{null:null}",
    "{'a':1}",
    "{[]:1}",
    "{\"a\":1]",
    "{\"a\":1 \"b\":2}",
    "{\"a\":\"b\"}/**/",
    "{\"a\":1}}",
    "{\"a\":1}#",
    "{\"a\" b}",
    // Strings.
    "\"",
    "\"a",
    "\"\\",
    "\"\\\"",
    "\"\\a\"",
    "\"\\x41\"",
    "\"\\U0041\"",
    "\"\\u\"",
    "\"\\u00\"",
    "\"\\u00g0\"",
    "\"\\u+041\"",
    "\"\\u004é\"",
    "\"\\\u{1f600}\"",
    "\"\t\"",
    "\"\n\"",
    "\"\u{0}\"",
    "\"a\"b",
    "'a'",
    "`a`",
    "\\u0022a\\u0022",
    "“a”",
    // Structure.
    "",
    " ",
    "\u{feff}",
    "\u{feff}\u{feff}1",
    "\u{a0}1",
    "\u{b}1",
    "\u{c}[]",
    "\u{2060}1",
    "nul",
    "nulll",
    "tru",
    "True",
    "undefined",
    "true false",
    "1 2",
    "[][]",
    "{}{}",
    "// a\n1",
    "/* a */ 1",
    "# a\n1",
    "<html>",
    "[1],",
    "*",
    "\u{0}",
    "{\"a\":\u{0}1}",
];

/// Texts that some readers take and change: refused, with the reason.
const NOT_HELD: &[(&str, &str)] = &[
    ("1e400", "too large for a double"),
    ("-1e309", "too large for a double"),
    ("[1e999999999999999999999]", "too large for a double"),
    ("1e-400", "too close to zero"),
    ("-123e-10000000", "too close to zero"),
    ("9223372036854775809", "neither 64 bits"),
    ("-9223372036854775809", "neither 64 bits"),
    ("18446744073709551615", "neither 64 bits"),
    ("100000000000000000000000000000001", "neither 64 bits"),
    ("\"\\ud800\"", "half of a surrogate pair"),
    ("\"\\udc00\"", "half of a surrogate pair"),
    ("\"\\udc00\\ud800\"", "half of a surrogate pair"),
    ("\"\\ud800\\ud800\\udc00\"", "half of a surrogate pair"),
    ("\"\\ud800a\"", "half of a surrogate pair"),
    ("{\"\\ud800\":1}", "half of a surrogate pair"),
    ("{\"a\":1,\"a\":1}", "stands twice"),
    ("{\"a\":{\"b\":1,\"\\u0062\":2}}", "stands twice"),
];

fn read(text: &str) -> Result<Json, String> {
    JsonText::new(text, "the text").json().map_err(|error| error.reason)
}

#[test]
fn what_is_json_is_taken_as_it_is() {
    for text in TAKEN {
        let expected: Json = serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap();
        assert_eq!(read(text).map(numbers), Ok(numbers(expected)), "{text}");
    }
}

/// As doubles, where the two readers choose other forms of a number.
fn numbers(json: Json) -> Json {
    match json {
        Json::Number(number) if !number.is_i64() => number.as_f64().map(Json::from).unwrap(),
        Json::Number(number) if number.as_i64() == Some(0) => Json::from(0.0),
        Json::Array(items) => items.into_iter().map(numbers).collect(),
        Json::Object(fields) => {
            fields.into_iter().map(|(key, field)| (key, numbers(field))).collect()
        }
        other => other,
    }
}

#[test]
fn what_is_not_json_is_refused_with_line_and_column() {
    for text in REFUSED {
        let reason = read(text).expect_err(text);
        assert!(reason.contains("the text is not JSON: "), "{text}: {reason}");
        assert!(reason.contains("at line ") && reason.contains(" column "), "{text}: {reason}");
        for whole in [format!("[{text}]"), format!("{{\"a\":[{text}\n]}}")] {
            // Some are only wrong alone, such as two values.
            if serde_json::from_str::<Json>(&whole).is_err() {
                assert!(read(&whole).is_err(), "{whole}");
            }
        }
    }
}

#[test]
fn what_would_be_changed_is_refused_with_its_path() {
    for (text, why) in NOT_HELD {
        let reason = read(text).expect_err(text);
        assert!(reason.contains(why) && reason.contains("line 1 column "), "{text}: {reason}");
        let below = read(&format!("{{\"x\":[0,{text}]}}")).expect_err(text);
        assert!(below.contains("/x/1"), "{text}: {below}");
    }
}

#[test]
fn numbers_are_the_ones_that_are_written() {
    for (text, double) in [
        ("9223372036854775808", 9_223_372_036_854_775_808.0),
        ("-18446744073709551616", -18_446_744_073_709_551_616.0),
        // What JavaScript prints for 2⁶⁴ and 10²⁰.
        ("18446744073709552000", 18_446_744_073_709_551_616.0),
        ("100000000000000000000", 1e20),
        ("0.1000000000000000055511151231257827", 0.1),
        ("9007199254740993.5", 9_007_199_254_740_994.0),
        ("2.2250738585072011e-308", f64::from_bits(0x000f_ffff_ffff_ffff)),
    ] {
        assert_eq!(read(text).unwrap().as_f64(), Some(double), "{text}");
    }
    assert_eq!(read("9007199254740993").unwrap().as_i64(), Some(9_007_199_254_740_993));
}

#[test]
fn any_beginning_of_a_text_and_any_single_change_ends_in_an_answer() {
    for text in TAKEN.iter().chain(REFUSED).chain(NOT_HELD.iter().map(|(text, _)| text)) {
        for (end, _) in text.char_indices() {
            let _ = read(&text[..end]);
            for character in ['"', '\\', '{', '[', '0', 'e', '\u{1f600}', 'u'] {
                let changed = format!("{}{character}{}", &text[..end], &text[end..]);
                if let Ok(json) = read(&changed) {
                    assert!(
                        serde_json::from_str::<Json>(changed.trim_start_matches('\u{feff}'))
                            .is_ok()
                    );
                    let _ = JsonText::new(&json.to_string(), "it").value(Forms::Tagged);
                }
            }
        }
    }
}
