//! Number literals: exactly an `i64`, or the nearest double.

use serde_json::Number;

use crate::{error::InvalidInput, value::Value};

/// Reads the literal of a JSON number; why not, if no `i64` and no double holds it.
///
/// A whole number is an `i64`, or a double that is exactly as large, or the shortest writing of a
/// double with zeros behind it (`18446744073709552000`, as JavaScript prints 2⁶⁴). A number with a
/// fraction or an exponent is the nearest double.
pub(super) fn parse(literal: &str) -> Result<Number, String> {
    if let Ok(whole) = literal.parse::<i64>() {
        return Ok(whole.into());
    }
    // Correctly rounded, as std promises.
    let float = literal.parse::<f64>().unwrap_or(f64::INFINITY);
    let is_whole = literal.bytes().all(|byte| matches!(byte, b'-' | b'0'..=b'9'));
    if is_whole && !is_written_as(float, literal) {
        return Err(format!(
            "is the whole number {literal:.40}, which neither 64 bits with a sign nor a double hold"
        ));
    }
    let digits = literal.split(['e', 'E']).next().unwrap_or_default();
    let is_nothing = float == 0.0 && digits.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
    if is_nothing {
        return Err(format!("is the number {literal:.40}, too close to zero for a double"));
    }
    Number::from_f64(float)
        .ok_or_else(|| format!("is the number {literal:.40}, too large for a double"))
}

/// Whether a whole number in digits says this double and no other number.
fn is_written_as(float: f64, digits: &str) -> bool {
    float.is_finite() && (digits == float.to_string() || digits == format!("{float:.0}"))
}

/// A parsed number as a value.
///
/// # Errors
/// Why not: a whole number that neither an `i64` nor a double is.
pub(crate) fn from_number(number: &Number) -> Result<Value, String> {
    let exact = match number.as_i64() {
        Some(whole) => return Ok(Value::Int(whole)),
        // Only a whole number above `i64::MAX` has to be looked at again.
        None if number.is_u64() => parse(&number.to_string())?,
        None => number.clone(),
    };
    let float = exact.as_f64().unwrap_or(f64::INFINITY);
    Value::float(float).map_err(|InvalidInput { reason, .. }| format!("holds {reason}"))
}
