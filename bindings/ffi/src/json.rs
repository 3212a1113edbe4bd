//! JSON text from outside.

use dunlin::{InvalidInput, Value};
use serde_json::Value as Json;

/// Reads text that should be JSON.
pub(crate) fn parse(text: &str, what: &str) -> Result<Json, InvalidInput> {
    serde_json::from_str(text).map_err(|error| {
        InvalidInput::new(format!("{what} is not JSON: {error}"), "hand over one JSON value")
    })
}

/// Reads text that should be a document's value, plain or with tagged kinds.
pub(crate) fn value(text: &str) -> Result<Value, InvalidInput> {
    Value::from_json(&parse(text, "the value")?)
}

/// Reads text that should be a JSON array: a query's parameters.
pub(crate) fn parameters(text: &str) -> Result<Vec<Json>, InvalidInput> {
    match parse(text, "the list of parameters")? {
        Json::Array(parameters) => Ok(parameters),
        _ => Err(InvalidInput::new(
            "a query's parameters are a JSON array",
            "hand over [] for a query without parameters",
        )),
    }
}

/// A row, or many, as a JSON array.
pub(crate) fn array(values: &[Json]) -> String {
    Json::from(values).to_string()
}
