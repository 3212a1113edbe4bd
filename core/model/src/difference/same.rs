//! Whether what is handed over says what was read, so that nothing is written.

use std::collections::BTreeSet;

use super::{array, contents, item_array};
use crate::{element::Element, error::InvalidInput, value::Value};

/// Whether plain JSON handed over says what was read of a richer kind, at every depth.
///
/// A kind that is asked for expressly and is not there says something else.
pub(super) fn says_the_same(new: &Value, read: &Value) -> bool {
    match (new, read) {
        (Value::String(new), Value::Text(read)) => new == read,
        (Value::Int(new), Value::Counter(read)) => new == read,
        (Value::List(_) | Value::Object(_), Value::Whole(read)) => same_content(new, read),
        (new, Value::List(read)) => {
            item_array(new).is_some_and(|new| all_same(new, read, says_the_same))
        }
        (Value::List(_) | Value::Whole(_), Value::Set(read)) => {
            array(new).is_some_and(|new| elements(new).is_ok_and(|new| new == *read))
        }
        (Value::Object(new), Value::Object(read)) => {
            new.len() == read.len()
                && new.iter().zip(read).all(|((new_key, new), (read_key, read))| {
                    new_key == read_key && says_the_same(new, read)
                })
        }
        _ => new == read,
    }
}

/// Whether two values are the same where neither merges.
fn same_content(left: &Value, right: &Value) -> bool {
    match (contents(left), contents(right)) {
        (Value::List(left), Value::List(right)) => all_same(left, right, same_content),
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|((left_key, left), (right_key, right))| {
                    left_key == right_key && same_content(left, right)
                })
        }
        (left, right) => left == right,
    }
}

fn all_same(left: &[Value], right: &[Value], same: impl Fn(&Value, &Value) -> bool) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
}

/// The items of an array as elements of a set; doubles are once in it.
pub(super) fn elements(items: &[Value]) -> Result<BTreeSet<Element>, InvalidInput> {
    items.iter().cloned().map(Element::new).collect()
}
