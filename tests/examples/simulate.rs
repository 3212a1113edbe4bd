//! Runs seeded schedules on the simulated network: `cargo xtask simulate`.
//!
//! `simulate [--schedules N | --minutes M] [--seed S] [--threads T] [--print]`

use std::{
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use dunlin_tests::simulation::{Coverage, FAULTS, Options, Report, run};

const USAGE: &str = "simulate [--schedules N | --minutes M] [--seed S] [--threads T] [--print]";
const SCHEDULES: u64 = 300;
const SPEAK_EVERY: Duration = Duration::from_secs(10);
/// Schedules after which every kind of fault must have happened.
const ENOUGH: u64 = 300;

struct Arguments {
    schedules: Option<u64>,
    minutes: Option<u64>,
    seed: u64,
    threads: usize,
    prints: bool,
}

impl Arguments {
    fn read() -> Result<Self, String> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let mut arguments =
            Self { schedules: None, minutes: None, seed: 1, threads, prints: false };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            if word == "--print" {
                arguments.prints = true;
                continue;
            }
            let value = words.next().ok_or_else(|| format!("{word} wants a value"))?;
            let value: u64 = value.parse().map_err(|_| format!("{value} is not a number"))?;
            match word.as_str() {
                "--schedules" => arguments.schedules = Some(value),
                "--minutes" => arguments.minutes = Some(value),
                "--seed" => arguments.seed = value,
                "--threads" => {
                    arguments.threads = usize::try_from(value.clamp(1, 256)).unwrap_or(1)
                }
                _ => return Err(format!("{word} is unknown")),
            }
        }
        Ok(arguments)
    }
}

#[derive(Default)]
struct Totals {
    schedules: u64,
    writes: usize,
    virtual_time: Duration,
    coverage: Coverage,
    failed: Vec<u64>,
    spoke: Option<Instant>,
}

impl Totals {
    fn add(&mut self, report: &Report) {
        self.schedules += 1;
        self.writes += report.writes();
        self.virtual_time += report.virtual_time;
        self.coverage.merge(&report.coverage);
    }

    fn speak(&mut self, start: Instant, always: bool) {
        if !always && self.spoke.is_some_and(|spoke| spoke.elapsed() < SPEAK_EVERY) {
            return;
        }
        self.spoke = Some(Instant::now());
        println!(
            "{:>6.0} s: {} schedules, {} writes, {:.1} h of their time, {} failed",
            start.elapsed().as_secs_f64(),
            self.schedules,
            self.writes,
            self.virtual_time.as_secs_f64() / 3600.0,
            self.failed.len()
        );
    }
}

fn main() -> ExitCode {
    let arguments = match Arguments::read() {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("{error}\nusage: {USAGE}");
            return ExitCode::from(2);
        }
    };
    let start = Instant::now();
    let end = arguments.minutes.map(|minutes| start + Duration::from_secs(60 * minutes));
    let schedules = match end {
        Some(_) => arguments.schedules.unwrap_or(u64::MAX),
        None => arguments.schedules.unwrap_or(SCHEDULES),
    };
    println!("seeds from {} on, {} threads", arguments.seed, arguments.threads);
    let next = AtomicU64::new(0);
    let totals = Mutex::new(Totals::default());
    std::thread::scope(|scope| {
        for _ in 0..arguments.threads {
            scope.spawn(|| {
                while end.is_none_or(|end| Instant::now() < end) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= schedules {
                        return;
                    }
                    let seed = arguments.seed.wrapping_add(index);
                    let result = run(&Options { seed, prints: arguments.prints });
                    let mut totals = totals.lock().unwrap_or_else(|poison| poison.into_inner());
                    match result {
                        Ok(report) => {
                            totals.add(&report);
                            let shortcomings = report.shortcomings();
                            if !shortcomings.is_empty() {
                                totals.failed.push(seed);
                                println!("seed {seed}: {}", shortcomings.join("; "));
                            }
                        }
                        Err(failure) => {
                            totals.failed.push(seed);
                            println!("{failure}");
                        }
                    }
                    totals.speak(start, false);
                }
            });
        }
    });
    let mut totals = totals.into_inner().unwrap_or_else(|poison| poison.into_inner());
    totals.speak(start, true);
    print!("{}", totals.coverage);
    let missing = match totals.schedules >= ENOUGH {
        true => totals.coverage.missing(&FAULTS),
        false => Vec::new(),
    };
    if !missing.is_empty() {
        println!("never happened: {}", missing.join(", "));
    }
    if !totals.failed.is_empty() {
        println!("failing seeds: {:?}", totals.failed);
    }
    ExitCode::from(u8::from(!totals.failed.is_empty() || !missing.is_empty()))
}
