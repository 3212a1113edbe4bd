//! The real input: a week of earthquake reports.

use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::{Value as Json, json};

use super::device::internal;
use crate::failure::Failure;

/// One week of the feed of the United States Geological Survey; public domain.
static EARTHQUAKES: &[u8] = include_bytes!("../../data/earthquakes.geojson.gz");

/// The reports as lines for `put --many`, and how many there are.
pub(super) fn earthquakes() -> Result<(Vec<u8>, usize), Failure> {
    let damaged = |_| internal("the earthquake reports in this program are damaged".to_owned());
    let mut text = String::new();
    GzDecoder::new(EARTHQUAKES).read_to_string(&mut text).map_err(|error| {
        internal(format!("the earthquake reports in this program are damaged: {error}"))
    })?;
    let feed: Json = serde_json::from_str(&text).map_err(damaged)?;
    let reports = feed["features"].as_array().map_or(&[][..], Vec::as_slice);
    let mut lines = Vec::new();
    for report in reports {
        serde_json::to_writer(&mut lines, &json!({"id": report["id"], "value": report}))
            .map_err(damaged)?;
        lines.push(b'\n');
    }
    Ok((lines, reports.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reports_are_in_the_program() {
        let (lines, count) = earthquakes().unwrap();
        assert_eq!(count, 1_707);
        assert_eq!(lines.iter().filter(|byte| **byte == b'\n').count(), count);
    }
}
