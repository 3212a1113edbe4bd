//! Elements of sets: scalars with one name each, and one order.

use std::cmp::Ordering;

use serde_json::Value as Json;

use crate::{error::InvalidInput, value::Value};

/// Longest name of an element, in bytes of its canonical JSON text.
pub const MAX_ELEMENT_BYTES: usize = 256;
/// Most elements that a local write leaves in a set.
pub const MAX_ELEMENTS: usize = 10_000;

/// An element of a set: null, a boolean, a number or a string.
///
/// Two elements are one where their canonical JSON text is: `1` and `1.0`, never `1` and `"1"`.
/// Strings are compared by their bytes, without Unicode normalization. Order: null, false, true,
/// numbers by value, strings.
#[derive(Clone, Debug, PartialEq)]
pub struct Element(Value);

impl Element {
    /// Takes a scalar.
    ///
    /// # Errors
    /// `InvalidInput` for any other kind, and for a scalar whose canonical JSON text is longer than
    /// [`MAX_ELEMENT_BYTES`].
    pub fn new(value: Value) -> Result<Self, InvalidInput> {
        if !matches!(
            value,
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::String(_)
        ) {
            return Err(InvalidInput::new(
                format!("an element of a set is a scalar, not {}", value.kind()),
                "store null, booleans, numbers and strings in sets, and objects in lists",
            ));
        }
        let element = Self(value);
        let bytes = element.name().len();
        if bytes > MAX_ELEMENT_BYTES {
            return Err(InvalidInput::new(
                format!("an element of {bytes} bytes is over the {MAX_ELEMENT_BYTES} bytes"),
                "store long strings in a list",
            ));
        }
        Ok(element)
    }

    /// The scalar.
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// Its canonical JSON text, by which its register is named.
    pub fn name(&self) -> String {
        self.0.to_json_text()
    }

    /// Reads a canonical name; none for any other text.
    pub fn from_name(name: &str) -> Option<Self> {
        let json: Json = serde_json::from_str(name).ok()?;
        if !matches!(json, Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_)) {
            return None;
        }
        let element = Self::new(Value::from_json(&json).ok()?).ok()?;
        (element.name() == name).then_some(element)
    }

    fn rank(&self) -> u8 {
        match self.0 {
            Value::Null => 0,
            Value::Bool(false) => 1,
            Value::Bool(true) => 2,
            Value::Int(_) | Value::Float(_) => 3,
            _ => 4,
        }
    }
}

impl Eq for Element {}

impl Ord for Element {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_content = || match (&self.0, &other.0) {
            (Value::String(left), Value::String(right)) => left.cmp(right),
            (Value::Int(left), Value::Int(right)) => left.cmp(right),
            (Value::Float(left), Value::Float(right)) => left.total_cmp(right),
            (Value::Int(left), Value::Float(right)) => {
                (*left as f64).total_cmp(right).then(Ordering::Less)
            }
            (Value::Float(left), Value::Int(right)) => {
                left.total_cmp(&(*right as f64)).then(Ordering::Greater)
            }
            _ => Ordering::Equal,
        };
        self.rank().cmp(&other.rank()).then_with(by_content)
    }
}

impl PartialOrd for Element {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(json: &str) -> Element {
        Element::new(Value::from_json(&serde_json::from_str(json).unwrap()).unwrap()).unwrap()
    }

    #[test]
    fn elements_have_one_name_and_one_order() {
        let sorted = [
            "null", "false", "true", "-1e300", "-1", "0", "0.5", "1", "1e300", "\"\"", "\"1\"",
            "\"a\"",
        ];
        let elements: Vec<Element> = sorted.iter().map(|json| element(json)).collect();
        assert!(elements.is_sorted_by(|left, right| left < right));
        for element in &elements {
            assert_eq!(Element::from_name(&element.name()).as_ref(), Some(element));
        }
        assert_eq!(element("1.0"), element("1"));
        assert_ne!(element("1"), element("\"1\""));
        for refused in ["1.0", " 1", "[]", "{}", "", "\"a", "-0"] {
            assert_eq!(Element::from_name(refused), None, "{refused}");
        }
    }

    #[test]
    fn only_short_scalars_are_elements() {
        assert!(Element::new(Value::List(vec![])).is_err());
        assert!(Element::new(Value::Bytes(vec![])).is_err());
        assert!(Element::new(Value::String("x".repeat(MAX_ELEMENT_BYTES - 2))).is_ok());
        assert!(Element::new(Value::String("x".repeat(MAX_ELEMENT_BYTES - 1))).is_err());
    }
}
