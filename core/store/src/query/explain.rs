//! How SQLite would run a query.

use super::{Limits, QueryError, Reader};

/// How SQLite would run a query, and what is slow about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// SQLite's own words, a step each.
    pub steps: Vec<String>,
    /// One sentence for each collection that is read from end to end, with the remedy.
    pub warnings: Vec<String>,
}

impl Reader {
    /// Says how a query would be run, without running it, and warns where a whole collection is
    /// read.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub fn explain(&self, sql: &str) -> Result<Plan, QueryError> {
        self.at_one_moment(|connection, _| {
            connection.meter(&Limits::default())?;
            // Alone first, so that its own faults are reported as those of the query.
            connection.prepare(sql)?;
            let explained = format!("EXPLAIN QUERY PLAN {sql}");
            let mut statement = connection.prepare(&explained)?;
            let steps = statement
                .raw_query()
                .mapped(|row| row.get::<_, String>(3))
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| connection.explain_failure(error))?;
            let warnings = steps.iter().filter_map(|step| warning(step)).collect();
            Ok(Plan { steps, warnings })
        })
    }
}

fn warning(step: &str) -> Option<String> {
    let scanned = step.strip_prefix("SCAN rows:")?;
    let collection = scanned.split_whitespace().next()?;
    Some(format!(
        "reads all of {collection}: compare `id`, or create an index for the path that it \
         compares and write that as json_extract(doc, '$.path')"
    ))
}
