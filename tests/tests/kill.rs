//! `kill -9` under `put --many`: what was answered is there.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::{
    collections::BTreeSet,
    io::Write,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use dunlin_tests::program::{Dir, Running, await_agreement};
use serde_json::{Value as Json, json};

const KILLS: usize = 30;
const IN_FLIGHT: usize = 20;
/// Rows that are fed in one round if nobody is killed before.
const ROWS: usize = 9_000;

struct Round {
    /// Ids that were answered.
    printed: Vec<String>,
    /// Rows that had been handed over when the process was killed.
    fed: usize,
}

/// Feeds rows until so many were answered, then kills the process a moment later.
fn round(dir: &Dir, number: usize) -> Round {
    let mut command = dir.command(&["put", "farm", "tasks", "--many"]);
    command.stdin(Stdio::piped());
    let mut running = Running::start(command);
    let mut input = running.child().stdin.take().unwrap();
    let fed = Arc::new(AtomicUsize::new(0));
    let feeder = thread::spawn({
        let fed = fed.clone();
        move || {
            for n in 0..ROWS {
                let value = json!({"n": n, "text": "wader ".repeat(1 + n % 40)});
                let line = json!({"id": format!("r{number:02}-{n:05}"), "value": value});
                if writeln!(input, "{line}").is_err() {
                    return;
                }
                fed.fetch_add(1, Ordering::AcqRel);
            }
        }
    });
    // From the first answer to some thousand later, and at any moment of the writing of one.
    let enough = 1 + number * 97 % 1_500;
    let mut printed = Vec::new();
    let mut fed_at_kill = None;
    for line in running.lines() {
        // The last line may be torn.
        let Ok(line) = serde_json::from_str::<Json>(&line.unwrap()) else { break };
        printed.push(line["id"].as_str().unwrap().to_owned());
        if printed.len() == enough {
            thread::sleep(Duration::from_micros((number * 1_237 % 9_000) as u64));
            fed_at_kill = Some(fed.load(Ordering::Acquire));
            running.kill();
        }
    }
    running.kill();
    feeder.join().unwrap();
    Round { printed, fed: fed_at_kill.expect("killed before it was done") }
}

/// The ids of a round that are stored, whole.
fn stored(dir: &Dir, number: usize) -> BTreeSet<String> {
    let sql = format!(
        "SELECT id, json_extract(doc, '$.n') AS n, length(json_extract(doc, '$.text')) AS length \
         FROM tasks WHERE id LIKE 'r{number:02}-%'"
    );
    let rows = dir.json(&["query", "farm", &sql]);
    let ids = rows.into_iter().map(|row| {
        let n = row["n"].as_u64().unwrap();
        assert_eq!(row["id"], format!("r{number:02}-{n:05}"));
        assert_eq!(row["length"], 6 * (1 + n % 40), "{row}");
        row["id"].as_str().unwrap().to_owned()
    });
    ids.collect()
}

/// Documents of one transaction.
const TOGETHER: usize = 400;
/// Kills at moments that lie this far apart, from the end of the input on.
const STEP: Duration = Duration::from_micros(1_500);

#[test]
fn a_kill_leaves_all_of_a_transaction_or_nothing() {
    let root = tempfile::tempdir().unwrap();
    let here = Dir::init(root.path().join("here"), "here");
    here.json(&["space", "create", "farm"]);
    let (mut whole, mut answered) = (0, 0);
    for round in 0..KILLS {
        let mut command = here.command(&["transaction", "farm"]);
        command.stdin(Stdio::piped());
        let mut running = Running::start(command);
        let mut input = running.child().stdin.take().unwrap();
        for n in 0..TOGETHER {
            let line = json!({
                "collection": "tasks", "id": format!("r{round:02}-{n:03}"), "put": {"n": n},
            });
            writeln!(input, "{line}").unwrap();
        }
        drop(input);
        thread::sleep(STEP * round as u32);
        running.kill();
        let is_answered = running.lines().next().is_some();
        let sql = format!("SELECT id FROM tasks WHERE id LIKE 'r{round:02}-%'");
        // Where nothing was ever written there is no collection.
        here.json(&["put", "farm", "tasks", "there", "{}"]);
        let stored = here.json(&["query", "farm", &sql]).len();
        assert!(stored == TOGETHER || stored == 0 && !is_answered, "{stored} in round {round}");
        whole += usize::from(stored == TOGETHER);
        answered += usize::from(is_answered);
    }
    println!("{KILLS} kills: {whole} whole, {answered} of them answered");
}

#[test]
fn what_was_answered_survives_thirty_kills_and_reaches_the_other_side() {
    let root = tempfile::tempdir().unwrap();
    let here = Dir::init(root.path().join("here"), "here");
    let there = Dir::init(root.path().join("there"), "there");
    here.json(&["space", "create", "farm"]);
    let ticket = here.json(&["invite", "farm"])[0]["ticket"].as_str().unwrap().to_owned();
    there.json(&["join", &ticket]);

    let (mut in_flight, mut unanswered) = (0, 0);
    let mut promised = BTreeSet::new();
    for number in 0..KILLS {
        let Round { printed, fed } = round(&here, number);
        in_flight += usize::from(fed > printed.len());
        let printed: BTreeSet<String> = printed.into_iter().collect();
        let stored = stored(&here, number);
        let lost: Vec<_> = printed.difference(&stored).collect();
        assert_eq!(lost, [""; 0], "answered in round {number} and lost");
        unanswered += stored.len() - printed.len();
        promised.extend(printed);
    }
    println!(
        "{KILLS} kills, {in_flight} with rows in flight; {} rows answered and there, \
         {unanswered} there and not answered",
        promised.len()
    );
    assert!(in_flight >= IN_FLIGHT, "{in_flight} kills with rows in flight");

    let mut first = Running::start(here.command(&["run", "--listen", "127.0.0.1:0", "--no-mdns"]));
    // Read to the end: it would end with whoever reads it.
    let mut said = first.lines();
    let up: Json = serde_json::from_str(&said.next().unwrap().unwrap()).unwrap();
    let listener = thread::spawn(move || said.for_each(drop));
    let address = up["listen"][0].as_str().unwrap();
    let listen = ["run", "--listen", "127.0.0.1:0", "--no-mdns", "--peer", address];
    let mut command = there.command(&listen);
    command.stdout(Stdio::null());
    let _second = Running::start(command);
    let agreed = await_agreement(&[&here, &there], Duration::from_secs(120));
    assert_eq!(agreed["documents"], promised.len() + unanswered);
    first.kill();
    listener.join().unwrap();
    let there: BTreeSet<String> = (0..KILLS).flat_map(|number| stored(&there, number)).collect();
    assert_eq!(promised.difference(&there).collect::<Vec<_>>(), [""; 0]);
}
