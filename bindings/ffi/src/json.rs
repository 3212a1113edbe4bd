//! JSON text from outside.

use dunlin::{Forms, InvalidInput, JsonText, Value};
use serde_json::Value as Json;

/// Reads text that should be JSON; `what` names it.
pub(crate) fn parse(text: &str, what: &str) -> Result<Json, InvalidInput> {
    JsonText::new(text, what).json()
}

/// Reads text that should be a document's value.
pub(crate) fn value(text: &str, forms: Forms) -> Result<Value, InvalidInput> {
    JsonText::new(text, "the value").value(forms)
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
