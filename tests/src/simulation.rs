//! Whole nodes on a network in memory and a clock that jumps: the code of production from the
//! packet carrier up, with the schedule, the weather and the randomness drawn from one seed.
//!
//! A schedule is two to six devices, each of which writes at least fifty times with every operation,
//! while packets get lost, late, doubled and out of order, the network falls apart, nodes end and
//! crash and begin again, and clocks are years off. When all is calm again every device must hold
//! the same documents, conflicts included, and everything that any of them was told is stored.
//! One seed is one run, packet by packet.

mod alarm;
mod author;
mod chaos;
mod coverage;
mod ledger;
mod plan;
mod promises;
mod random;
mod site;
mod verdict;
mod world;
mod write;
mod writing;

use std::{fmt, time::Duration};

use dunlin::Config;
use tokio::time::Instant;

pub use self::coverage::{CERTAIN, Coverage, FAULTS, OPERATIONS};
use self::{alarm::Alarm, site::Site, world::World};

/// Writes that every device must make in every schedule.
const MIN_WRITES: usize = 50;

/// What to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// What everything is drawn from.
    pub seed: u64,
    /// Whether to print what happens.
    pub prints: bool,
}

/// What a run that found nothing wrong looked like.
#[derive(Clone, Debug)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// What each device did.
    pub devices: Vec<Share>,
    /// How long it took on the devices' own clock.
    pub virtual_time: Duration,
    /// What happened.
    pub coverage: Coverage,
    /// A hash over everything that happened, packets included.
    pub trace: String,
}

/// What one device did in a run.
#[derive(Clone, Debug)]
pub struct Share {
    /// How many writes were acknowledged to it and changed something.
    pub writes: usize,
    /// Which ones.
    pub coverage: Coverage,
}

impl Report {
    /// How many writes were acknowledged and changed something.
    pub fn writes(&self) -> usize {
        self.devices.iter().map(|share| share.writes).sum()
    }

    /// What the run lacks of what every schedule must contain.
    pub fn shortcomings(&self) -> Vec<String> {
        let mut short = Vec::new();
        for (device, share) in self.devices.iter().enumerate() {
            if share.writes < MIN_WRITES {
                short.push(format!("device {device} wrote {} times", share.writes));
            }
            let missing = share.coverage.missing(&OPERATIONS);
            if !missing.is_empty() {
                short.push(format!("device {device} never did {missing:?}"));
            }
        }
        let missing = self.coverage.missing(&CERTAIN);
        if !missing.is_empty() {
            short.push(format!("there was no {missing:?}"));
        }
        if self.coverage.times("shutdown") + self.coverage.times("crash") == 0 {
            short.push("nothing ended".to_owned());
        }
        short
    }
}

/// What a run found wrong.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, what } = self;
        write!(f, "seed {seed}: {what}\nreplay: cargo xtask simulate --schedules 1 --seed {seed}")
    }
}

/// Runs the schedule of a seed.
///
/// # Errors
/// What is wrong with the devices in the end, or happened on the way.
pub fn run(options: &Options) -> Result<Report, Failure> {
    run_with(options, &|config| config)
}

/// Runs the schedule of a seed on nodes whose configuration is changed.
///
/// # Errors
/// As [`run`].
pub fn run_with(options: &Options, config: &dyn Fn(Config) -> Config) -> Result<Report, Failure> {
    let alarm = Alarm::set();
    let root = tempfile::tempdir().map_err(|error| error.to_string());
    let result = root.and_then(|root| {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        runtime.block_on(simulate(options, root.path(), config))
    });
    let heard = alarm.heard();
    let result = match result {
        Ok(report) if heard.is_empty() => Ok(report),
        Ok(_) => Err("all is well in the end, but".to_owned()),
        Err(what) => Err(what),
    };
    result.map_err(|mut what| {
        for line in heard.iter().take(20) {
            what.push_str("\n  heard: ");
            what.push_str(line);
        }
        Failure { seed: options.seed, what }
    })
}

fn share(site: &Site) -> Share {
    Share { writes: site.writes, coverage: site.coverage.clone() }
}

async fn simulate(
    options: &Options,
    root: &std::path::Path,
    config: &dyn Fn(Config) -> Config,
) -> Result<Report, String> {
    let start = Instant::now();
    let mut world = World::create(options.seed, root, config, options.prints).await?;
    world.run().await?;
    world.calm().await?;
    world.quiesce().await?;
    world.judge().await?;
    world.reopen().await?;
    let packets = format!("{:?}", world.network.statistics());
    world.note(&packets);
    Ok(Report {
        seed: options.seed,
        devices: world.sites.iter().map(share).collect(),
        virtual_time: start.elapsed(),
        coverage: world.coverage.clone(),
        trace: world.trace(),
    })
}
