//! What a node takes from its surroundings: durability, threads, the clock, randomness, what seals
//! its key.

mod sealer;

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rand::{Rng, SeedableRng, rngs::StdRng};

pub use self::sealer::{KeySealer, SealError, Sealer};
use crate::{
    error::{Error, Result},
    lock::lock,
};

/// How a node runs.
///
/// The default is production: flushed commits, one thread a space, the system's clock and
/// randomness.
#[derive(Clone, Debug)]
pub struct Config {
    /// When a commit counts as durable.
    pub durability: Durability,
    /// Where the engines run.
    pub engines: Engines,
    /// Wall-clock time; only ever written into entries, rows and statements.
    pub clock: Clock,
    /// Where incarnations, keys and jitter come from.
    pub entropy: Entropy,
    /// How long to wait for another process to release the directory.
    pub lock_wait: Duration,
    /// The number of documents that one space keeps in memory.
    pub open_documents: usize,
    /// What seals the seed of the device's key where it is stored; a seed that was stored before
    /// without one is sealed when the node is opened.
    pub sealer: Option<Sealer>,
    /// A bug to commit, so that tests can be tested.
    #[cfg(feature = "sabotage")]
    pub sabotage: Option<Sabotage>,
}

/// A deliberate bug. A simulation that stays green with one of them proves nothing.
#[cfg(feature = "sabotage")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sabotage {
    /// Acknowledges a write and drops its delta: the local write of this number, counted from one
    /// in each space and run.
    DropDelta(u64),
    /// Ignores what peers have deleted in one document: the first one in which a peer does.
    IgnoreDelete,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            durability: Durability::Flushed,
            engines: Engines::Threads,
            clock: Clock::system(),
            entropy: Entropy::system(),
            lock_wait: Duration::from_secs(5),
            open_documents: 256,
            sealer: None,
            #[cfg(feature = "sabotage")]
            sabotage: None,
        }
    }
}

/// When a commit counts as durable.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Durability {
    /// After it has reached the disk (`synchronous=FULL`).
    #[default]
    Flushed,
    /// After it has reached the operating system: survives a crash of the process, not a power
    /// failure, after which peers hand the lost tail back.
    Relaxed,
}

/// Where the engines run: the same code either way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Engines {
    /// Each space on a thread of its own with an 8 MiB stack.
    #[default]
    Threads,
    /// As tasks of the current tokio runtime, for simulations on its paused clock.
    Tasks,
}

/// Tells wall-clock milliseconds since 1970.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> i64 + Send + Sync>);

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::new(|| {
            let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX)
        })
    }

    /// A clock of the caller's making, such as one that is years ahead.
    pub fn new(now_ms: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(now_ms))
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now_ms())
    }
}

/// Gives random bytes.
#[derive(Clone)]
pub struct Entropy(Source);

#[derive(Clone)]
enum Source {
    System,
    Seeded(Arc<Mutex<StdRng>>),
}

impl Entropy {
    /// The operating system's generator.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A generator that gives the same bytes for the same seed, for simulations only.
    ///
    /// Every node and every restart needs a seed of its own: an incarnation is never re-used.
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(Arc::new(Mutex::new(StdRng::seed_from_u64(seed)))))
    }

    /// Random bytes.
    ///
    /// # Errors
    /// `Internal` where the operating system has none to give.
    pub fn bytes<const N: usize>(&self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        match &self.0 {
            Source::System => getrandom::fill(&mut bytes).map_err(|error| {
                Error::internal("the operating system gave no random bytes").with_source(error)
            })?,
            Source::Seeded(rng) => {
                lock(rng).fill_bytes(&mut bytes);
            }
        }
        Ok(bytes)
    }

    /// Whether a simulation drives this node.
    pub(crate) fn is_seeded(&self) -> bool {
        matches!(self.0, Source::Seeded(_))
    }

    /// A factor between 0.5 and 1.5, to spread what would otherwise happen at once.
    pub(crate) fn jitter(&self) -> f64 {
        let bytes = self.bytes::<2>().unwrap_or([0, 0x80]);
        0.5 + f64::from(u16::from_le_bytes(bytes)) / f64::from(u16::MAX)
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::System => "Entropy::System",
            Source::Seeded(_) => "Entropy::Seeded",
        })
    }
}

impl From<Durability> for dunlin_store::Durability {
    fn from(durability: Durability) -> Self {
        match durability {
            Durability::Flushed => Self::Flushed,
            Durability::Relaxed => Self::Relaxed,
        }
    }
}
