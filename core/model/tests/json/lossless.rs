//! Values through text and back: nothing is changed.

use std::collections::{BTreeMap, BTreeSet};

use dunlin_model::{Element, Forms, JsonText, Value};
use proptest::prelude::*;
use serde_json::Value as Json;

/// Doubles of every magnitude: random bits.
fn double() -> impl Strategy<Value = f64> {
    any::<u64>()
        .prop_map(f64::from_bits)
        .prop_filter("JSON has finite numbers", |it| it.is_finite())
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => double().prop_map(|float| Value::float(float).unwrap()),
        2 => any::<i64>().prop_map(Value::Int),
        1 => prop::sample::select(vec![i64::MIN, i64::MAX, 0, -1, (1 << 53) + 1, 1 << 62])
            .prop_map(Value::Int),
    ]
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => any::<String>(),
        3 => prop::sample::select(vec![
            "$text", "$counter", "$bytes", "$value", "$set", "$list", "$attachment", "$object",
            "$ref", "$schema", "$id", "$", "$$", "@", "~", "/", "", "a", "b",
        ])
        .prop_map(str::to_owned),
    ]
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => number(),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::Bool),
        2 => any::<String>().prop_map(Value::String),
    ]
}

/// What plain JSON says.
fn plain() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(6, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::List),
            prop::collection::btree_map(key(), inner, 0..4).prop_map(Value::Object),
        ]
    })
}

/// Everything that the tagged forms say.
fn tagged() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        6 => scalar(),
        1 => any::<String>().prop_map(Value::Text),
        1 => any::<i64>().prop_map(Value::Counter),
        1 => prop::collection::vec(any::<u8>(), 0..9).prop_map(Value::Bytes),
        1 => prop::collection::vec(scalar(), 0..4).prop_map(|items| {
            let elements = items.into_iter().filter_map(|item| Element::new(item).ok());
            Value::Set(elements.collect::<BTreeSet<_>>())
        }),
        1 => plain().prop_map(|value| value.into_whole().unwrap()),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::List),
            prop::collection::btree_map(key(), inner, 0..4).prop_map(Value::Object),
        ]
    })
}

/// All arrays and objects of the value, however it merges, as what plain JSON says.
fn as_content(value: Value) -> Value {
    match value {
        Value::Whole(content) => as_content(*content),
        Value::List(items) => Value::List(items.into_iter().map(as_content).collect()),
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(key, field)| (key, as_content(field)));
            Value::Object(fields.collect::<BTreeMap<_, _>>())
        }
        other => other,
    }
}

fn read(text: &str, forms: Forms) -> Value {
    JsonText::new(text, "it").value(forms).unwrap_or_else(|error| panic!("{text}: {error}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn every_value_comes_back_from_its_tagged_text(value in tagged()) {
        let text = value.to_tagged_json().to_string();
        prop_assert_eq!(&read(&text, Forms::Tagged), &value);
        let spread = serde_json::to_string_pretty(&value.to_tagged_json()).unwrap();
        prop_assert_eq!(read(&spread, Forms::Tagged), value);
    }

    #[test]
    fn plain_text_goes_in_as_it_is_and_comes_out_the_same(value in plain()) {
        let text = value.to_json().to_string();
        let stored = read(&text, Forms::Plain);
        prop_assert_eq!(stored.to_json().to_string(), text);
        prop_assert_eq!(as_content(stored.clone()), value);
        prop_assert_eq!(read(&stored.to_tagged_json().to_string(), Forms::Tagged), stored);
    }

    #[test]
    fn every_double_and_every_integer_is_read_from_any_of_its_shortest_forms(
        float in double(),
        whole in any::<i64>(),
    ) {
        let expected = Value::float(float).unwrap();
        for text in [
            format!("{float:e}"),
            format!("{float:?}"),
            format!("{float:E}"),
            Json::from(float).to_string(),
            format!("{float:.17e}"),
        ] {
            prop_assert_eq!(read(&text, Forms::Plain), expected.clone(), "{}", text);
        }
        // As JavaScript prints it: between 2⁵³ and 2⁶³ that is some whole number nearest to it.
        let in_digits = read(&float.to_string(), Forms::Plain).to_json().as_f64();
        prop_assert_eq!(in_digits, Some(float));
        prop_assert_eq!(read(&whole.to_string(), Forms::Plain), Value::Int(whole));
    }

    #[test]
    fn what_is_taken_is_what_another_reader_takes(text in "[\\[\\]{},:\"\\\\0-9a-fnrtul.eE+ -]{0,24}") {
        if let Ok(json) = JsonText::new(&text, "it").json() {
            let other: Json = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(as_doubles(json), as_doubles(other));
        }
    }
}

fn as_doubles(json: Json) -> Json {
    match json {
        Json::Number(number) => {
            // Two ways to say zero.
            let double = number.as_f64().unwrap();
            Json::from(if double == 0.0 { 0.0 } else { double })
        }
        Json::Array(items) => items.into_iter().map(as_doubles).collect(),
        Json::Object(fields) => {
            fields.into_iter().map(|(key, field)| (key, as_doubles(field))).collect()
        }
        other => other,
    }
}
