//! SQL queries beside the writer: read-only connections, and nothing but documents to see.

mod authorizer;
mod document;
mod error;
mod explain;
mod pool;
mod values;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use dunlin_model::Collection;
use rusqlite::Statement;
use serde_json::Value;

use self::pool::Guarded;
pub(crate) use self::pool::Pool;
pub use self::{error::QueryError, explain::Plan, pool::Reader};
use crate::error::StoreError;

/// Virtual-machine steps between two looks at the clock.
const STEPS_PER_LOOK: u32 = 1000;

/// What one query may use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Rows in the result.
    pub rows: usize,
    /// Bytes of text and blobs in the result, plus eight for every other value.
    pub bytes: usize,
    /// Steps of SQLite's virtual machine: about ten a row that is looked at.
    pub steps: u64,
    /// Time.
    pub time: Duration,
}

/// 10,000 rows, 8 MiB, 100 million steps, 5 seconds.
impl Default for Limits {
    fn default() -> Self {
        Self { rows: 10_000, bytes: 8 << 20, steps: 100_000_000, time: Duration::from_secs(5) }
    }
}

/// The result of a query.
#[derive(Clone, PartialEq, Debug)]
pub struct Rows {
    /// The columns' names.
    pub columns: Vec<String>,
    /// The rows; a blob is `{"$bytes": base64}`, infinity is null.
    pub rows: Vec<Vec<Value>>,
    /// The collections that it read: only their changes can change the result.
    pub collections: BTreeSet<Collection>,
    /// The last change that the result takes into account.
    pub seq: i64,
}

impl Reader {
    /// Runs one `SELECT` over the collections' views, `NAME(id, doc, has_conflicts)`, with the
    /// values for its `?` in order.
    ///
    /// `doc` is the document's JSON as text. To compare or sort by something in it quickly, create
    /// an index and write `json_extract(doc, '$.path')`, in exactly that form.
    ///
    /// # Errors
    /// [`QueryError`]; the store is as it was in every case.
    pub fn query(
        &self,
        sql: &str,
        parameters: &[Value],
        limits: &Limits,
    ) -> Result<Rows, QueryError> {
        self.with_connection(|connection| {
            let seq = connection.trusted(|trusted| {
                trusted.execute_batch("BEGIN")?;
                trusted
                    .prepare_cached("SELECT ifnull(max(seq), 0) FROM _changes")?
                    .query_row([], |row| row.get(0))
            });
            let rows = seq
                .map_err(|error| StoreError::from(error).into())
                .and_then(|seq| run(connection, sql, parameters, limits, seq));
            connection.trusted(|trusted| trusted.execute_batch("ROLLBACK")).ok();
            rows
        })
    }
}

fn run(
    connection: &mut Guarded,
    sql: &str,
    parameters: &[Value],
    limits: &Limits,
    seq: i64,
) -> Result<Rows, QueryError> {
    connection.meter(limits)?;
    let outcome = collect(connection, sql, parameters, limits);
    connection.unmeter();
    let (columns, rows) = outcome?;
    Ok(Rows { columns, rows, collections: connection.reads(), seq })
}

type Table = (Vec<String>, Vec<Vec<Value>>);

fn collect(
    connection: &Guarded,
    sql: &str,
    parameters: &[Value],
    limits: &Limits,
) -> Result<Table, QueryError> {
    let mut statement = connection.prepare(sql)?;
    bind(&mut statement, parameters)?;
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut found = statement.raw_query();
    let mut rows = Vec::new();
    let mut bytes = 0;
    while let Some(row) = found.next().map_err(|error| connection.explain_failure(error))? {
        if rows.len() == limits.rows {
            return Err(QueryError::TooManyRows { rows: limits.rows });
        }
        let mut values = Vec::with_capacity(columns.len());
        for index in 0..columns.len() {
            let value = row.get_ref(index).map_err(|error| connection.explain_failure(error))?;
            bytes += values::size(value);
            if bytes > limits.bytes {
                return Err(QueryError::TooManyBytes { bytes: limits.bytes });
            }
            values.push(values::to_json(value));
        }
        rows.push(values);
    }
    Ok((columns, rows))
}

fn bind(statement: &mut Statement<'_>, parameters: &[Value]) -> Result<(), QueryError> {
    let expected = statement.parameter_count();
    if expected != parameters.len() {
        return Err(QueryError::Invalid {
            reason: format!("the query has {expected} parameters, {} came", parameters.len()),
        });
    }
    for (index, parameter) in parameters.iter().enumerate() {
        let value = values::from_json(parameter)?;
        statement
            .raw_bind_parameter(index + 1, value)
            .map_err(|error| QueryError::Invalid { reason: error.to_string() })?;
    }
    Ok(())
}

/// The one place where the store looks at a clock.
#[allow(clippy::disallowed_methods, reason = "a query's deadline is real time by nature")]
fn now() -> Instant {
    Instant::now()
}
