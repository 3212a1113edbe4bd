//! Read-only connections, each under its own guard, re-used between queries.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU8, Ordering::SeqCst},
    },
    time::Duration,
};

use dunlin_model::Collection;
use rusqlite::{
    Connection, ErrorCode, OpenFlags, Statement, config::DbConfig, hooks::Authorization,
    limits::Limit,
};

use super::{
    Limits, QueryError, STEPS_PER_LOOK,
    authorizer::{Verdict, judge},
    now,
};
use crate::{error::StoreError, names::collection_called};

/// Idle connections kept; each has a page cache of its own.
const MAX_IDLE: usize = 2;
/// How long closing waits for queries that have been interrupted to let go of the file.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// Longest value that a query may make or read, in bytes.
const MAX_VALUE_BYTES: i32 = 64 << 20;

/// Runs queries on one space; clones share their connections.
///
/// A query that runs holds no lock that the writer needs. It does keep the write-ahead log from
/// being emptied, which is why it has a time limit.
#[derive(Clone)]
pub struct Reader(Arc<Pool>);

/// The read-only connections of one file.
pub(crate) struct Pool {
    path: PathBuf,
    connections: Mutex<Connections>,
    returned: Condvar,
    is_closed: Arc<AtomicBool>,
}

#[derive(Default)]
struct Connections {
    idle: Vec<Guarded>,
    in_use: usize,
}

/// A read-only connection whose every statement passes the authorizer.
pub(super) struct Guarded {
    connection: Connection,
    guard: Arc<Guard>,
}

/// What the callbacks of one connection share with it.
struct Guard {
    /// The statement is one of ours.
    is_trusted: AtomicBool,
    noted: Mutex<Noted>,
    stopped: AtomicU8,
    limits: Mutex<Limits>,
    is_closed: Arc<AtomicBool>,
}

#[derive(Default)]
struct Noted {
    reads: BTreeSet<Collection>,
    denied: Option<String>,
}

const RUNNING: u8 = 0;
const OUT_OF_STEPS: u8 = 1;
const OUT_OF_TIME: u8 = 2;

impl Reader {
    pub(crate) fn new(pool: Arc<Pool>) -> Self {
        Self(pool)
    }

    pub(super) fn with_connection<T>(
        &self,
        work: impl FnOnce(&mut Guarded) -> Result<T, QueryError>,
    ) -> Result<T, QueryError> {
        let mut lent = Lent { pool: &self.0, connection: Some(self.0.take()?) };
        match &mut lent.connection {
            Some(connection) => work(connection),
            None => Err(QueryError::Closed),
        }
    }
}
impl Pool {
    pub(crate) fn new(path: PathBuf) -> Self {
        let (connections, returned) = (Mutex::default(), Condvar::new());
        Self { path, connections, returned, is_closed: Arc::default() }
    }

    /// Interrupts the queries that run and closes every connection.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, SeqCst);
        let mut connections = lock(&self.connections);
        connections.idle.clear();
        let in_use = |connections: &mut Connections| connections.in_use > 0;
        // A query stops at its next look at the clock; whatever the outcome, closing goes on.
        drop(self.returned.wait_timeout_while(connections, CLOSE_TIMEOUT, in_use));
    }

    fn take(&self) -> Result<Guarded, QueryError> {
        let idle = {
            let mut connections = lock(&self.connections);
            // Asked under the lock: whoever closes sets the flag first and looks at the list then.
            if self.is_closed.load(SeqCst) {
                return Err(QueryError::Closed);
            }
            connections.in_use += 1;
            connections.idle.pop()
        };
        if let Some(connection) = idle {
            return Ok(connection);
        }
        Guarded::open(&self.path, self.is_closed.clone()).map_err(|error| {
            self.put_back(None);
            StoreError::from(error).into()
        })
    }

    fn put_back(&self, connection: Option<Guarded>) {
        let mut connections = lock(&self.connections);
        connections.in_use -= 1;
        if let Some(connection) = connection
            && connection.connection.is_autocommit()
            && connections.idle.len() < MAX_IDLE
            && !self.is_closed.load(SeqCst)
        {
            connections.idle.push(connection);
        }
        self.returned.notify_all();
    }
}

/// Gives the connection back, also where a query panics.
struct Lent<'a> {
    pool: &'a Pool,
    connection: Option<Guarded>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.pool.put_back(self.connection.take());
    }
}

impl Guarded {
    fn open(path: &Path, is_closed: Arc<AtomicBool>) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(Duration::from_secs(1))?;
        connection.pragma_update(None, "query_only", true)?;
        connection.pragma_update(None, "temp_store", 2)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        // A misspelt column in double quotes is an error, not a string.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)?;
        connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
        let modules: Vec<String> = connection
            .prepare("SELECT lower(name) FROM pragma_module_list")?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let guard = Arc::new(Guard {
            is_trusted: AtomicBool::new(false),
            noted: Mutex::default(),
            stopped: AtomicU8::new(RUNNING),
            limits: Mutex::default(),
            is_closed,
        });
        let watching = guard.clone();
        connection.authorizer(Some(move |context: rusqlite::hooks::AuthContext<'_>| {
            if watching.is_trusted.load(SeqCst) {
                return Authorization::Allow;
            }
            let verdict = judge(&context.action, &modules);
            let authorization = verdict.authorization();
            let mut noted = lock(&watching.noted);
            match verdict {
                Verdict::Allow => {}
                Verdict::Read(collection) => drop(noted.reads.insert(collection)),
                Verdict::Deny(what) => drop(noted.denied.get_or_insert(what)),
            }
            authorization
        }))?;
        Ok(Self { connection, guard })
    }

    /// Runs statements of our own, past the authorizer.
    pub(super) fn trusted<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        self.guard.is_trusted.store(true, SeqCst);
        let outcome = work(&self.connection);
        self.guard.is_trusted.store(false, SeqCst);
        outcome
    }

    /// Starts the clock and the count of steps.
    pub(super) fn meter(&mut self, limits: &Limits) -> Result<(), QueryError> {
        *lock(&self.guard.noted) = Noted::default();
        *lock(&self.guard.limits) = *limits;
        self.guard.stopped.store(RUNNING, SeqCst);
        let guard = self.guard.clone();
        let deadline = now() + limits.time;
        let mut looks = limits.steps / u64::from(STEPS_PER_LOOK);
        let look = move || {
            let verdict = match looks.checked_sub(1) {
                None => OUT_OF_STEPS,
                Some(_) if now() > deadline => OUT_OF_TIME,
                Some(left) => {
                    looks = left;
                    RUNNING
                }
            };
            guard.stopped.store(verdict, SeqCst);
            verdict != RUNNING || guard.is_closed.load(SeqCst)
        };
        self.connection
            .progress_handler(STEPS_PER_LOOK as i32, Some(look))
            .map_err(|error| StoreError::from(error).into())
    }

    pub(super) fn unmeter(&mut self) {
        self.connection.progress_handler(0, None::<fn() -> bool>).ok();
    }

    /// The collections that the statements since [`meter`](Self::meter) read.
    pub(super) fn reads(&self) -> BTreeSet<Collection> {
        lock(&self.guard.noted).reads.clone()
    }

    /// Compiles one statement that returns rows.
    pub(super) fn prepare(&self, sql: &str) -> Result<Statement<'_>, QueryError> {
        let statement =
            self.connection.prepare(sql).map_err(|error| self.explain_failure(error))?;
        if statement.column_count() == 0 || !statement.readonly() {
            return Err(QueryError::Invalid { reason: "that is not a SELECT".to_owned() });
        }
        Ok(statement)
    }

    /// Finds out why SQLite refused or stopped.
    pub(super) fn explain_failure(&self, error: rusqlite::Error) -> QueryError {
        if let Some(what) = lock(&self.guard.noted).denied.take() {
            return QueryError::Forbidden { what };
        }
        let limits = *lock(&self.guard.limits);
        match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => match self.guard.stopped.load(SeqCst) {
                OUT_OF_STEPS => QueryError::TooManySteps { steps: limits.steps },
                OUT_OF_TIME => QueryError::TooSlow { time: limits.time },
                _ => QueryError::Closed,
            },
            Some(ErrorCode::TooBig) => QueryError::TooManyBytes { bytes: MAX_VALUE_BYTES as usize },
            Some(ErrorCode::Unknown) | None => self.explain_sql(&error),
            Some(_) => StoreError::from(error).into(),
        }
    }

    fn explain_sql(&self, error: &rusqlite::Error) -> QueryError {
        let reason = match error {
            rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
            rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
            other => other.to_string(),
        };
        let missing = reason.strip_prefix("no such table: ").map(str::to_owned);
        match (missing, self.collections()) {
            (Some(name), Ok(known)) => {
                let collection = collection_called(&name);
                QueryError::UnknownCollection { name, collection, known }
            }
            _ => QueryError::Invalid { reason },
        }
    }

    fn collections(&self) -> rusqlite::Result<Vec<Collection>> {
        self.trusted(|trusted| {
            let mut select = trusted.prepare_cached("SELECT name FROM _collections ORDER BY id")?;
            let names = select.query_map([], |row| row.get::<_, String>(0))?;
            names.filter_map(|name| name.map(|name| name.parse().ok()).transpose()).collect()
        })
    }
}

/// The lists behind these locks are whole even if a thread panicked while it held one.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
