//! `demo`: two devices in two processes pair, part, edit offline, find each other and converge.
//!
//! It does nothing that a person could not do with two terminals: every step is a command of this
//! program, run as a process of its own. Directories and processes are gone when it ends, however
//! it ends.

mod device;
mod input;
mod story;
mod trace;

use tempfile::TempDir;

use self::story::Story;
use crate::{failure::Failure, host, out::Out, signals};

/// Tells the story and cleans up.
pub(crate) async fn run(json: bool) -> Result<(), Failure> {
    let root = tempfile::Builder::new().prefix("dunlin-demo-").tempdir().map_err(|error| {
        Failure::invalid(
            format!("no temporary directory can be made: {error}"),
            "set TMPDIR to a directory that can be written to",
        )
    })?;
    let mut story = Story::new(root.path(), Out::stdout(json))?;
    let outcome = tokio::select! {
        outcome = story.tell() => outcome,
        () = signals::asked_to_end() => Err(host::interrupted()),
    };
    story.end().await;
    let gone = remove(root);
    outcome.and(gone)
}

fn remove(root: TempDir) -> Result<(), Failure> {
    let path = root.path().to_owned();
    root.close().map_err(|error| {
        Failure::invalid(format!("{} is left behind: {error}", path.display()), "remove it")
    })
}
