use serde_json::{Value as Json, json};

use super::*;

fn value(json: Json) -> Value {
    Value::from_json(&json).unwrap()
}

fn steps_of(read: Json, new: Json) -> Result<Vec<Step>, EditError> {
    steps(&value(json!({ "a": read })), &value(json!({ "a": new })), &ListKeys::new())
}

fn set(new: Json) -> Vec<Step> {
    vec![Step::Edit(Edit::Set { path: "/a".parse().unwrap(), value: value(new) })]
}

#[test]
fn what_says_what_was_read_is_not_written() {
    for (read, new) in [
        (json!({"$text": "a"}), json!("a")),
        (json!({"$counter": 1}), json!(1)),
        (json!([{"$text": "a"}, {"x": {"$counter": 2}}]), json!(["a", {"x": 2}])),
        (json!({"$list": [1, [2]]}), json!([1, [2]])),
        (json!({"$set": [2, 1]}), json!([1, 2, 1])),
        (json!({"$set": ["b", "a"]}), json!(["b", "a"])),
        (json!({"$value": ["a", {"b": [1]}]}), json!(["a", {"b": [1]}])),
        (json!({"$value": {"b": ["x"]}}), json!({"b": ["x"]})),
        (json!([]), json!([])),
        (json!({"$value": []}), json!([])),
        (json!({"$set": []}), json!([])),
    ] {
        assert_eq!(steps_of(read.clone(), new.clone()), Ok(vec![]), "{read} {new}");
    }
}

#[test]
fn another_kind_that_is_asked_for_is_set() {
    for (read, new) in [
        (json!("a"), json!({"$text": "a"})),
        (json!(1), json!({"$counter": 1})),
        (json!({"$text": "a"}), json!(1)),
        (json!(["a"]), json!({"$value": ["a"]})),
        (json!(["a"]), json!({"$set": ["a"]})),
        (json!({"b": 1}), json!({"$value": {"b": 1}})),
        (json!({"$value": {"b": 1}}), json!({"$set": [1]})),
        (json!({"$value": [1]}), json!({"$text": "a"})),
        (json!({"$set": [1]}), json!({"b": 1})),
        (json!({"$set": [1]}), json!({"$value": {"b": 1}})),
        (json!(["a"]), json!({"b": 1})),
        (json!([]), json!([1, 2])),
        (json!([]), json!({"$value": []})),
        (json!([1, 2]), json!([1, 3])),
    ] {
        assert_eq!(steps_of(read.clone(), new.clone()), Ok(set(new.clone())), "{read} {new}");
    }
}

#[test]
fn a_value_is_replaced_whole_whatever_it_is_to_hold() {
    for (read, new) in [
        (json!([1, 2]), json!(["a", {"b": 1}])),
        (json!([1, 2]), json!([])),
        (json!({"$value": {"b": 1}}), json!({"b": 1, "c": ["x"]})),
        (json!({"$value": {"b": 1}}), json!([["x"]])),
    ] {
        assert_eq!(steps_of(read, new.clone()), Ok(set(json!({ "$value": new }))));
    }
    let refused = steps_of(json!([1, 2]), json!([{"$text": "a"}])).unwrap_err();
    assert!(refused.to_string().contains("/a") && refused.to_string().contains("a text"));
}

#[test]
fn a_patch_inside_of_a_value_makes_a_whole_one() {
    let read = value(json!({"a": {"$value": {"b": 1, "c": {"d": [1], "e": 2}}}}));
    let Value::Object(patch) = value(json!({"a": {"b": null, "c": {"e": 3}}})) else { panic!() };
    let new = patched(&read, &patch);
    let expected = set(json!({"$value": {"c": {"d": [1], "e": 3}}}));
    assert_eq!(steps(&read, &new, &ListKeys::new()), Ok(expected));
}

#[test]
fn an_array_over_a_set_is_what_was_added_and_what_was_taken_out() {
    let read = json!({"$set": [1, "a", null]});
    let element = |json| Element::new(value(json)).unwrap();
    let path: Path = "/a".parse().unwrap();
    let expected = vec![
        Step::Edit(Edit::Discard { path: path.clone(), element: element(json!(null)) }),
        Step::Edit(Edit::Discard { path: path.clone(), element: element(json!(1)) }),
        Step::Edit(Edit::Add { path: path.clone(), element: element(json!("b")) }),
    ];
    for new in [json!(["b", "a", "b"]), json!({"$set": ["a", "b"]})] {
        assert_eq!(steps_of(read.clone(), new), Ok(expected.clone()));
    }
    let numbers = steps_of(json!({"$set": [1, 2]}), json!([2.0, 3])).unwrap();
    assert_eq!(numbers.len(), 2);
    let refused = steps_of(read.clone(), json!([{"b": 1}])).unwrap_err();
    assert!(matches!(&refused, EditError::WrongKind { path, .. } if path == "/a/0"), "{refused}");
    let refused = steps_of(read, json!(["x".repeat(300)])).unwrap_err();
    assert!(matches!(&refused, EditError::Invalid(error) if error.reason.contains("/a")));
}

#[test]
fn an_array_over_a_list_keeps_its_items() {
    let arranged = |read: Json, new: Json| match &steps_of(read, new).unwrap()[..] {
        [Step::Arrange { slots, .. }] => slots.clone(),
        other => panic!("{other:?}"),
    };
    let insert = |json| Slot::Insert(value(json));
    assert_eq!(
        arranged(json!(["a", "b", "c"]), json!(["c", "x y z", "a"])),
        [Slot::Keep(2), insert(json!("x y z")), Slot::Keep(0)]
    );
    // Numbers that were samples of a list stay so; arrays in it are values.
    assert_eq!(
        arranged(json!({"$list": [1, 2]}), json!([2, 3, [4]])),
        [Slot::Keep(1), insert(json!(3)), insert(json!([4]))]
    );
    assert_eq!(arranged(json!(["a"]), json!([])), []);
    assert_eq!(arranged(json!([]), json!(["a"])), [insert(json!("a"))]);
}

#[test]
fn what_changes_inside_of_an_item_comes_first_at_its_old_index() {
    let read = json!([{"id": 1, "n": {"$text": "ab"}}, {"id": 2, "l": ["x", "y"]}]);
    let new = json!([{"id": 2, "l": ["y", "x"]}, {"id": 1, "n": "abc"}]);
    let steps = steps_of(read, new).unwrap();
    let paths: Vec<String> = steps
        .iter()
        .map(|step| match step {
            Step::Edit(edit) => edit.path().to_string(),
            Step::Arrange { path, .. } => path.to_string(),
        })
        .collect();
    assert_eq!(paths, ["/a/1/l", "/a/0/n", "/a"]);
}

#[test]
fn keys_are_declared_for_all_lists_that_a_pattern_fits() {
    let keys: ListKeys = [("/a/*/steps".parse().unwrap(), "no".to_owned())].into();
    let item = |steps: Json| json!({"a": [{"steps": steps}]});
    let read = value(item(json!([{"no": 1, "id": 5}, {"no": 2, "id": 6}])));
    let new = value(item(json!([{"no": 2, "id": 5}, {"no": 1, "id": 6}])));
    let found = steps(&read, &new, &keys).unwrap();
    let slots = vec![Slot::Keep(1), Slot::Keep(0)];
    let path = "/a/0/steps".parse().unwrap();
    assert!(found.contains(&Step::Arrange { path, slots }), "{found:?}");
}
