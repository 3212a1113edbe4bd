//! Row 22: a line into `dunlin put --many` until a line out of `dunlin watch` on the other node.

use std::{
    env,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::tempdir;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use super::{Setting, live};
use crate::{
    Result,
    measure::Sample,
    table::{Bar, Outcome},
    task::EDITED,
};

/// Lines of one run, after some that warm up.
const PUTS: usize = 300;
const WARM_UP: usize = 20;

/// Row 22.
pub(super) fn put_to_watch(setting: &Setting) -> Result<Vec<Outcome>> {
    let (mut inside, mut outside) = (Vec::new(), Vec::new());
    for _ in 0..setting.runs {
        inside.push(setting.runtime.block_on(live::our_chain())?.quantile(0.5));
        outside.push(setting.runtime.block_on(through_sockets())?.quantile(0.5));
    }
    Ok(vec![Outcome {
        row: 22,
        what: "put by socket → watch prints there, p50".to_owned(),
        unit: "µs",
        floor: Some(Sample::new(inside)),
        ours: Sample::new(outside),
        must: Bar::Times(10.0),
        goal: Bar::Times(4.0),
    }])
}

async fn through_sockets() -> Result<Sample> {
    let dir = tempdir()?;
    let [here, there] = ["here", "there"].map(|name| Terminal { dir: dir.path().join(name) });
    here.say(&["init", "--name", "here"]).await?;
    here.say(&["space", "create", "bench"]).await?;
    let ticket = here.say(&["invite", "bench"]).await?;
    there.say(&["init", "--name", "there"]).await?;
    there.say(&["join", ticket.trim()]).await?;

    let _here_runs = here.start(&["run", "--listen", "127.0.0.1:0", "--no-mdns"])?;
    let address = here.listen_address().await?;
    let _there_runs =
        there.start(&["run", "--listen", "127.0.0.1:0", "--no-mdns", "--peer", &address])?;
    there.until_in_sync().await?;

    let mut watch = there.start(&["watch", "bench", "--json"])?;
    let mut seen = lines(&mut watch)?;
    let mut put = here.start(&["put", "bench", "tasks", "--many"])?;
    let mut stdin = put.stdin.take().ok_or("no stdin")?;
    let mut times = Vec::new();
    for number in 0..PUTS + WARM_UP {
        let line = json!({"id": "task", "value": {EDITED: number}}).to_string() + "\n";
        let start = Instant::now();
        stdin.write_all(line.as_bytes()).await?;
        stdin.flush().await?;
        seen.next_line().await?.ok_or("watch ended")?;
        if number >= WARM_UP {
            times.push(start.elapsed().as_secs_f64() * 1e6);
        }
    }
    Ok(Sample::new(times))
}

/// A directory that the command line works on.
struct Terminal {
    dir: PathBuf,
}

impl Terminal {
    fn command(&self, words: &[&str]) -> Result<Command> {
        let mut command = Command::new(dunlin()?);
        command.args(words).env("DUNLIN_DIR", &self.dir).kill_on_drop(true);
        Ok(command)
    }

    /// Runs a command to its end; what it printed.
    async fn say(&self, words: &[&str]) -> Result<String> {
        let mut command = self.command(words)?;
        let output = command.stdin(Stdio::null()).output().await?;
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr);
            return Err(format!("dunlin {}: {why}", words.join(" ")).into());
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Asks the running node until its answer has what is looked for.
    async fn until<T>(&self, find: impl Fn(&Value) -> Option<T>) -> Result<T> {
        const PATIENCE: Duration = Duration::from_secs(30);
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Ok(status) = self.say(&["status", "--json"]).await
                && let Some(found) = find(&serde_json::from_str(&status)?)
            {
                return Ok(found);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err("the node did not get there in time".into())
    }

    /// Where the running node listens.
    async fn listen_address(&self) -> Result<String> {
        self.until(|status| Some(status["listen"].get(0)?.as_str()?.to_owned())).await
    }

    async fn until_in_sync(&self) -> Result<()> {
        self.until(|status| {
            let peers = status["peers"].as_array()?;
            peers.iter().any(|peer| peer["in_sync"] == true).then_some(())
        })
        .await
    }

    /// Starts a command that stays; it ends with its handle.
    fn start(&self, words: &[&str]) -> Result<Child> {
        let mut command = self.command(words)?;
        Ok(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?)
    }
}

fn lines(child: &mut Child) -> Result<Lines<BufReader<ChildStdout>>> {
    Ok(BufReader::new(child.stdout.take().ok_or("no stdout")?).lines())
}

/// The command line, built beside this program.
fn dunlin() -> Result<PathBuf> {
    let program = env::current_exe()?.with_file_name("dunlin");
    if !Path::new(&program).exists() {
        return Err("build dunlin-cli in release first, as `cargo xtask bench` does".into());
    }
    Ok(program)
}
