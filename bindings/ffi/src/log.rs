//! What the library logs, handed to the platform's own log.
//!
//! Records wait in a bounded queue for a thread that calls the foreign side: logging never waits,
//! and nothing foreign runs while the library holds a lock.

use std::{
    fmt::{self, Write},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU8, AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use dunlin::{Code, Error};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::Interest,
};

use crate::error::{DunlinError, Result};

/// Records that wait; what comes beyond that is counted and dropped.
const QUEUE: usize = 1024;
/// Longest message, in bytes.
const MAX_MESSAGE_BYTES: usize = 4096;

/// How much a record matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum LogLevel {
    /// Something failed.
    Error,
    /// Something is not as it should be.
    Warn,
    /// What a person may want to know.
    Info,
    /// What helps to find a fault.
    Debug,
}

/// Takes what the library logs. Called one record at a time, on a thread of its own.
#[uniffi::export(foreign)]
pub trait LogSink: Send + Sync {
    /// A record; `target` is the part of the library.
    fn log(&self, level: LogLevel, target: String, message: String) -> Result<()>;
}

/// Hands records of this level and above to a sink, instead of the one before; none ends it.
///
/// Refuses with `AlreadyExists` if the process logs in another way already.
#[uniffi::export]
pub fn set_log_sink(level: LogLevel, sink: Option<Arc<dyn LogSink>>) -> Result<()> {
    STARTED.get_or_init(start).clone()?;
    VERBOSITY.store(if sink.is_some() { level as u8 + 1 } else { 0 }, Ordering::Release);
    *SINK.lock().unwrap_or_else(PoisonError::into_inner) = sink;
    Ok(())
}

static STARTED: OnceLock<Result<()>> = OnceLock::new();
static SINK: Mutex<Option<Arc<dyn LogSink>>> = Mutex::new(None);
/// Levels that are taken, from `Error` on.
static VERBOSITY: AtomicU8 = AtomicU8::new(0);

fn start() -> Result<()> {
    let (sender, records) = sync_channel(QUEUE);
    let logger = Logger { sender, dropped: Arc::default() };
    let dropped = logger.dropped.clone();
    tracing::subscriber::set_global_default(logger).map_err(|_| {
        let reason = "this process logs in another way already";
        DunlinError::from(Error::new(Code::AlreadyExists, reason, "do without a log sink"))
    })?;
    thread::Builder::new()
        .name("dunlin-log".to_owned())
        .spawn(move || deliver(&records, &dropped))
        .map_err(|error| DunlinError::internal(format!("no thread for the log: {error}")))?;
    Ok(())
}

struct Entry {
    level: LogLevel,
    target: &'static str,
    message: String,
}

fn deliver(records: &Receiver<Entry>, dropped: &AtomicU64) {
    while let Ok(Entry { level, target, message }) = records.recv() {
        let sink = SINK.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(sink) = sink else { continue };
        let lost = dropped.swap(0, Ordering::AcqRel);
        if lost > 0 {
            let said = format!("{lost} records were dropped: the log is too slow");
            // There is nobody else to tell.
            let _ = sink.log(LogLevel::Warn, "dunlin".to_owned(), said);
        }
        let _ = sink.log(level, target.to_owned(), message);
    }
}

/// Takes the events of this library; spans are not used in it.
struct Logger {
    sender: SyncSender<Entry>,
    dropped: Arc<AtomicU64>,
}

impl Subscriber for Logger {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        match metadata.is_event() && metadata.target().starts_with("dunlin") {
            true => Interest::sometimes(),
            false => Interest::never(),
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let level = level(metadata.level());
        level.is_some_and(|level| (level as u8) < VERBOSITY.load(Ordering::Acquire))
    }

    fn event(&self, event: &Event<'_>) {
        let Some(level) = level(event.metadata().level()) else { return };
        let mut message = Message(String::new());
        event.record(&mut message);
        let target = event.metadata().target();
        if self.sender.try_send(Entry { level, target, message: message.0 }).is_err() {
            self.dropped.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

fn level(level: &Level) -> Option<LogLevel> {
    Some(match *level {
        Level::ERROR => LogLevel::Error,
        Level::WARN => LogLevel::Warn,
        Level::INFO => LogLevel::Info,
        Level::DEBUG => LogLevel::Debug,
        _ => return None,
    })
}

/// The message first, then the fields as `name=value`.
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if self.0.len() >= MAX_MESSAGE_BYTES {
            return;
        }
        // Writing into a string does not fail.
        let _ = match field.name() {
            "message" if self.0.is_empty() => write!(self.0, "{value:?}"),
            "message" => write!(self.0, "; {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
        let end = self.0.floor_char_boundary(MAX_MESSAGE_BYTES);
        self.0.truncate(end);
    }
}
