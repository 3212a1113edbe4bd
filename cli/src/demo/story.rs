//! The steps of the demo, and what a person sees of them.

mod edits;
mod meet;

use std::{
    io::{IsTerminal, Write},
    path::Path,
    time::{Duration, Instant},
};

use serde_json::{Value as Json, json};

use super::{
    device::{Device, internal},
    input,
    trace::Trace,
};
use crate::{failure::Failure, out::Out};

/// What the two devices share.
const SPACE: &str = "field";
/// Keystrokes of the text, and how many of them one edit carries.
const KEYSTROKES: usize = 40_000;
const KEYSTROKES_AN_EDIT: usize = 1_000;

/// The demo as it goes.
pub(super) struct Story {
    ann: Device,
    ben: Device,
    out: Out,
    step: u32,
    /// Whether mDNS has failed, so that it need not be tried again.
    is_static: bool,
    /// The report that both change.
    quake: String,
}

impl Story {
    pub(super) fn new(root: &Path, out: Out) -> Result<Self, Failure> {
        let program = std::env::current_exe()
            .map_err(|error| internal(format!("this program does not find itself: {error}")))?;
        let ann = Device::new("ann", program.clone(), root);
        let ben = Device::new("ben", program, root);
        Ok(Self { ann, ben, out, step: 0, is_static: false, quake: String::new() })
    }

    /// Tells all of it.
    pub(super) async fn tell(&mut self) -> Result<(), Failure> {
        let begun = Instant::now();
        self.pair().await?;
        self.load().await?;
        self.meet("Ben comes up and catches up").await?;
        self.part().await?;
        self.meet("Both come up again").await?;
        self.look().await?;
        let seconds = begun.elapsed().as_secs_f64();
        self.say(json!({"step": "done", "seconds": seconds}), || {
            format!(
                "\nDone in {seconds:.1} s. Both processes have ended, their directories are gone."
            )
        })
        .await
    }

    /// Ends the processes that are up.
    pub(super) async fn end(&mut self) {
        tokio::join!(self.ann.stop(), self.ben.stop());
    }

    async fn pair(&mut self) -> Result<(), Failure> {
        self.title("Two devices pair with a ticket, offline").await?;
        let begun = Instant::now();
        self.ann.ask(&["init", "--name", "ann"]).await?;
        self.ben.ask(&["init", "--name", "ben"]).await?;
        let space = self.ann.ask(&["space", "create", SPACE]).await?;
        let ticket = self.ann.ask(&["invite", SPACE]).await?;
        let ticket = ticket["ticket"].as_str().unwrap_or_default();
        self.ben.ask(&["join", ticket]).await?;
        let (seconds, length) = (begun.elapsed().as_secs_f64(), ticket.len());
        let head: String = ticket.chars().take(32).collect();
        let space = space["id"].as_str().unwrap_or_default().to_owned();
        self.say(json!({"step": "pair", "space": space, "seconds": seconds}), || {
            format!(
                "ann  dunlin space create {SPACE}; dunlin invite {SPACE}\n\
                 ben  dunlin join {head}…  ({length} characters, or a QR code)\n\
                 Ben is a member now, and nobody had to be reached: {seconds:.2} s"
            )
        })
        .await
    }

    async fn load(&mut self) -> Result<(), Failure> {
        self.title("Ann loads a week of earthquake reports, and types a text").await?;
        let options: &[&str] = if self.is_static { &["--no-mdns"] } else { &[] };
        self.ann.start(options).await?;
        let (lines, count) = input::earthquakes()?;
        let begun = Instant::now();
        let written = self.ann.command_fed(&["put", SPACE, "quakes", "--many"], lines).await?;
        if written.len() != count {
            return Err(internal(format!("{} of {count} reports were written", written.len())));
        }
        let seconds = begun.elapsed().as_secs_f64();
        self.say(json!({"step": "load", "documents": count, "seconds": seconds}), || {
            let rate = count as f64 / seconds;
            format!("{count} reports, each on disk: {seconds:.2} s, {rate:.0} a second")
        })
        .await?;

        let trace = Trace::of(KEYSTROKES);
        self.ann.ask(&["put", SPACE, "papers", "paper", r#"{"title": "paper"}"#]).await?;
        let begun = Instant::now();
        let mut typed = 0;
        for batch in trace.batches("/body", KEYSTROKES_AN_EDIT) {
            let edits = batch.to_string().into_bytes();
            self.ann.command_fed(&["edit", SPACE, "papers", "paper", "-"], edits).await?;
            typed += batch.as_array().map_or(0, Vec::len);
            self.progress(&format!("typing: {typed} of {KEYSTROKES} keystrokes"));
        }
        let seconds = begun.elapsed().as_secs_f64();
        let paper = self.ann.ask(&["get", SPACE, "papers", "paper"]).await?;
        if paper["body"] != trace.text.as_str() {
            return Err(internal("the text is not what was typed".to_owned()));
        }
        let length = trace.text.chars().count();
        self.ann.ask(&["put", SPACE, "plans", "survey", edits::PLAN]).await?;
        let json = json!({
            "step": "type", "keystrokes": KEYSTROKES, "characters": length, "seconds": seconds
        });
        self.say(json, || {
            format!("{KEYSTROKES} keystrokes make a text of {length} characters: {seconds:.2} s")
        })
        .await
    }

    async fn title(&mut self, title: &str) -> Result<(), Failure> {
        self.step += 1;
        if !self.out.is_json() {
            self.out.text(&format!("\n{}. {title}", self.step)).await?;
        }
        self.out.flush().await
    }

    async fn say(&mut self, json: Json, human: impl FnOnce() -> String) -> Result<(), Failure> {
        self.progress("");
        self.out.item(json, || indent(&human())).await?;
        self.out.flush().await
    }

    /// A line that the next one replaces; only where somebody looks.
    fn progress(&self, text: &str) {
        if !self.out.is_json() && std::io::stderr().is_terminal() {
            // Clears the line (ECMA-48 EL).
            eprint!("\r\x1b[2K{}{text}", if text.is_empty() { "" } else { "   " });
            let _ = std::io::stderr().flush();
        }
    }
}

fn indent(text: &str) -> String {
    if text.starts_with('\n') {
        return text.to_owned();
    }
    text.lines().map(|line| format!("   {line}")).collect::<Vec<_>>().join("\n")
}

/// How long to wait for something that happens in milliseconds as a rule.
const SOON: Duration = Duration::from_millis(25);
