//! Finds who carries a command out: a node that runs already, or this process.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use dunlin::{Code, Config, Node};

use crate::{
    args::NodeCommand,
    failure::Failure,
    host, input, signals,
    socket::{Client, Request},
};

/// Time to wait for another process to release the directory.
const PATIENCE: Duration = Duration::from_secs(5);
/// Time to wait for the lock before looking for a socket again: whoever has it may be starting up.
const ATTEMPT: Duration = Duration::from_millis(100);

/// Carries out a command on the node of a directory.
pub(crate) async fn run(dir: &Path, json: bool, mut command: NodeCommand) -> Result<(), Failure> {
    if let Some(argument) = command.stdin_argument() {
        *argument = input::stdin().await?;
    }
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(client) = Client::connect(dir).await? {
            let (is_fed, is_long) = (command.is_fed(), command.is_long());
            let request = Request { json, command };
            return tokio::select! {
                outcome = client.run(&request, is_fed) => outcome,
                () = signals::asked_to_end_during(&request.command) => {
                    if is_long { Ok(()) } else { Err(host::interrupted()) }
                }
            };
        }
        let config = Config { lock_wait: ATTEMPT, ..Config::default() };
        match Node::open(dir, config).await {
            Ok(node) => return host::run(node, dir, json, command).await,
            Err(error) if error.code() == Code::AlreadyOpen && Instant::now() < deadline => {}
            Err(error) => return Err(error.into()),
        }
    }
}
