//! Measures Dunlin beside its floor: what yrs, SQLite and quinn can do with no product around
//! them, in the same run, on the same machine, taking turns.
//!
//! Absolute times on a shared machine mean little; the ratio to a floor measured a moment before
//! means something. `cargo xtask bench` builds in release and runs this.

mod cpu;
mod floor;
mod foreign;
mod measure;
mod product;
mod random;
mod relay;
mod rows;
mod stand;
mod table;
mod task;
mod trace;

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
};

use crate::rows::{ROWS, Setting};

/// Nobody handles these: they end the run.
type Error = Box<dyn std::error::Error + Send + Sync>;
type Result<T> = std::result::Result<T, Error>;

const HELP: &str = "dunlin-bench [--json] [--rows 1,2] [--runs N] [--trace PATH]

    --json         one JSON object a line, with every run
    --rows 1,2     only these rows of the table of targets
    --runs N       runs of each side, taking turns; 5 unless told, and fewer only for a look
    --trace PATH   a recorded editing history (.json or .json.gz: startContent, endContent,
                   txns[].patches[] = [position, deleted, inserted]) in place of the generated one
";

struct Options {
    json: bool,
    rows: Option<Vec<u32>>,
    runs: usize,
    trace: Option<PathBuf>,
}

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    if words.iter().any(|word| word == "--help" || word == "-h") {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    if let [child, what, arguments @ ..] = words.as_slice()
        && child == "--child"
    {
        return exit(run_child(what, arguments));
    }
    let options = match parse(&words) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("{error}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    exit(run(&options))
}

fn exit(result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("dunlin-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A process of its own, for what is measured from outside: `--child WHAT DIR [PEER]`.
fn run_child(what: &str, arguments: &[String]) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    match (what, arguments) {
        ("open", [dir]) => runtime.block_on(rows::open_child(Path::new(dir))),
        ("edit", [dir]) => runtime.block_on(rows::edit_child(Path::new(dir), None)),
        ("edit", [dir, peer]) => {
            runtime.block_on(rows::edit_child(Path::new(dir), Some(peer.parse()?)))
        }
        _ => Err("only this program starts children of itself".into()),
    }
}

fn parse(words: &[String]) -> Result<Options> {
    let mut options = Options { json: false, rows: None, runs: measure::RUNS, trace: None };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--json" => options.json = true,
            "--runs" => options.runs = value()?.parse::<usize>()?.max(1),
            "--trace" => options.trace = Some(value()?.into()),
            "--rows" => {
                let numbers = value()?.split(',').map(str::parse);
                options.rows = Some(numbers.collect::<std::result::Result<_, _>>()?);
            }
            _ => return Err(format!("nobody expects {word:?} here").into()),
        }
    }
    Ok(options)
}

fn run(options: &Options) -> Result<()> {
    let setting = Setting::new(options.runs, options.trace.as_deref())?;
    let wanted = |row: u32| options.rows.as_ref().is_none_or(|rows| rows.contains(&row));
    if !options.json {
        println!("{}", table::HEAD);
    }
    for row in ROWS.iter().filter(|row| row.numbers.iter().any(|number| wanted(*number))) {
        for outcome in (row.run)(&setting)? {
            if !wanted(outcome.row) {
                continue;
            }
            let line = if options.json { outcome.json().to_string() } else { outcome.line() };
            println!("{line}");
        }
    }
    Ok(())
}
