//! Values between JSON and SQL.

use data_encoding::BASE64;
use rusqlite::types::{Value as Owned, ValueRef};
use serde_json::{Value, json};

use super::QueryError;

/// Null, numbers and strings as they are, booleans as 0 and 1, everything else as its JSON text.
pub(super) fn from_json(value: &Value) -> Result<Owned, QueryError> {
    Ok(match value {
        Value::Null => Owned::Null,
        Value::Bool(flag) => Owned::Integer(i64::from(*flag)),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Owned::Integer(integer),
            (None, Some(float)) if !number.is_u64() => Owned::Real(float),
            // A whole number beyond 64 bits with a sign is a double, or nothing.
            _ => match dunlin_model::Value::from_json(value) {
                Ok(dunlin_model::Value::Float(float)) => Owned::Real(float),
                _ => {
                    let reason = format!("{number} is neither 64 bits with a sign nor a double");
                    return Err(QueryError::Invalid { reason });
                }
            },
        },
        Value::String(text) => Owned::Text(text.clone()),
        Value::Array(_) | Value::Object(_) => Owned::Text(value.to_string()),
    })
}

pub(super) fn to_json(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(integer) => integer.into(),
        // JSON has no infinity; SQLite itself turns what is not a number into null.
        ValueRef::Real(float) => serde_json::Number::from_f64(float).into(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
        ValueRef::Blob(bytes) => json!({ "$bytes": BASE64.encode(bytes) }),
    }
}

pub(super) fn size(value: ValueRef<'_>) -> usize {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len() + 8,
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => 8,
    }
}
