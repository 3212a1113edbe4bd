//! SQL queries beside the writer: read-only connections, and nothing but documents to see.

mod authorizer;
mod document;
mod error;
mod explain;
mod pool;
mod row;
mod values;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use dunlin_model::Collection;
use rusqlite::{Statement, types::ValueRef};
use serde_json::Value;

use self::pool::Guarded;
pub(crate) use self::pool::Pool;
pub use self::{error::QueryError, explain::Plan, pool::Reader, row::Row};
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
    pub rows: Vec<Row>,
    /// Whether there are more rows than these, left out by [`Beyond::LeaveOut`].
    pub more: bool,
    /// The collections that it read: only their changes can change the result.
    pub collections: BTreeSet<Collection>,
    /// The last change that the result takes into account.
    pub seq: i64,
}

/// What becomes of rows beyond the [`Limits`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Beyond {
    /// The query is refused.
    Refuse,
    /// The result has the first rows, and says that there are more.
    LeaveOut,
}

/// One run of a query whose SQL is right.
pub type Run = Result<Rows, Failed>;

/// A query that cannot be carried out on what the documents hold: a later change may mend it.
#[derive(Debug)]
pub struct Failed {
    /// Why not.
    pub error: QueryError,
    /// The collections that it reads: only their changes can mend it.
    pub collections: BTreeSet<Collection>,
    /// The last change that it takes into account.
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
        self.run(sql, parameters, limits, Beyond::Refuse)?.map_err(|failed| failed.error)
    }

    /// [`query`](Self::query) that tells a query which cannot be right from one that fails on what
    /// the documents hold at the moment.
    ///
    /// # Errors
    /// [`QueryError`] for what no change of a document mends.
    pub fn run(
        &self,
        sql: &str,
        parameters: &[Value],
        limits: &Limits,
        beyond: Beyond,
    ) -> Result<Run, QueryError> {
        self.at_one_moment(|connection, seq| {
            connection.meter(limits)?;
            let table = collect(connection, sql, parameters, limits, beyond);
            connection.unmeter();
            let collections = connection.reads();
            Ok(match table? {
                Ok(Table { columns, rows, more }) => {
                    Ok(Rows { columns, rows, more, collections, seq })
                }
                Err(error) => Err(Failed { error, collections, seq }),
            })
        })
    }

    /// Works in one transaction, with the last change that it sees. SQLite knows of collections and
    /// indexes that came since the connection was used last.
    fn at_one_moment<T>(
        &self,
        work: impl FnOnce(&mut Guarded, i64) -> Result<T, QueryError>,
    ) -> Result<T, QueryError> {
        self.with_connection(|connection| {
            let seq = connection.trusted(|trusted| {
                trusted.execute_batch("BEGIN")?;
                trusted
                    .prepare_cached("SELECT ifnull(max(seq), 0) FROM _changes")?
                    .query_row([], |row| row.get(0))
            });
            let outcome = seq
                .map_err(|error| StoreError::from(error).into())
                .and_then(|seq| work(connection, seq));
            connection.trusted(|trusted| trusted.execute_batch("ROLLBACK")).ok();
            outcome
        })
    }
}

struct Table {
    columns: Vec<String>,
    rows: Vec<Row>,
    more: bool,
}

/// Compiles and runs a query; the inner error is one that depends on the documents.
fn collect(
    connection: &Guarded,
    sql: &str,
    parameters: &[Value],
    limits: &Limits,
    beyond: Beyond,
) -> Result<Result<Table, QueryError>, QueryError> {
    let mut statement = connection.prepare(sql)?;
    bind(&mut statement, parameters)?;
    match step(connection, &mut statement, limits, beyond) {
        Err(error) if !error.depends_on_documents() => Err(error),
        table => Ok(table),
    }
}

fn step(
    connection: &Guarded,
    statement: &mut Statement<'_>,
    limits: &Limits,
    beyond: Beyond,
) -> Result<Table, QueryError> {
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut found = statement.raw_query();
    let mut table = Table { columns, rows: Vec::new(), more: false };
    let mut bytes = 0;
    while let Some(row) = found.next().map_err(|error| connection.explain_failure(error))? {
        let refusal = if table.rows.len() == limits.rows {
            Some(QueryError::TooManyRows { rows: limits.rows })
        } else {
            bytes += size(connection, row, table.columns.len())?;
            (bytes > limits.bytes).then_some(QueryError::TooManyBytes { bytes: limits.bytes })
        };
        match (refusal, beyond) {
            (None, _) => table.rows.push(cells(connection, row, table.columns.len())?),
            (Some(refusal), Beyond::Refuse) => return Err(refusal),
            (Some(_), Beyond::LeaveOut) => {
                table.more = true;
                break;
            }
        }
    }
    Ok(table)
}

fn size(
    connection: &Guarded,
    row: &rusqlite::Row<'_>,
    columns: usize,
) -> Result<usize, QueryError> {
    (0..columns).try_fold(0, |sum, index| Ok(sum + values::size(cell(connection, row, index)?)))
}

fn cells(connection: &Guarded, row: &rusqlite::Row<'_>, columns: usize) -> Result<Row, QueryError> {
    let value = |index| Ok(values::to_json(cell(connection, row, index)?));
    (0..columns).map(value).collect::<Result<Vec<_>, QueryError>>().map(Row::from)
}

fn cell<'a>(
    connection: &Guarded,
    row: &'a rusqlite::Row<'_>,
    index: usize,
) -> Result<ValueRef<'a>, QueryError> {
    row.get_ref(index).map_err(|error| connection.explain_failure(error))
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
