//! A node that this process runs: for one command, or for everybody while a long one lasts.

use std::{path::Path, sync::Arc};

use dunlin::Node;
use tokio::sync::{Mutex, oneshot};

use crate::{
    args::NodeCommand, exec, failure::Failure, input::Lines, out::Out, signals, socket::Server,
};

/// The node and what its commands share.
pub(crate) struct Host {
    pub(crate) node: Node,
    /// Held by the command that syncs.
    pub(crate) syncing: Mutex<()>,
}

/// Carries out a command on a node that this process has opened, and closes the node.
pub(crate) async fn run(
    node: Node,
    dir: &Path,
    json: bool,
    command: NodeCommand,
) -> Result<(), Failure> {
    let host = Arc::new(Host { node, syncing: Mutex::default() });
    let is_long = command.is_long();
    let asked = command.clone();
    let asked_to_end = signals::asked_to_end_during(&asked);
    let (end, ended) = oneshot::channel::<()>();
    let serving = is_long.then(|| Server::bind(dir)).and_then(|bound| match bound {
        Ok(server) => {
            let ended = async { drop(ended.await) };
            Some(tokio::spawn(server.serve(host.clone(), ended)))
        }
        Err(error) => {
            tracing::warn!("other commands cannot reach this node, it has no socket: {error}");
            None
        }
    });

    let outcome = tokio::select! {
        outcome = carry_out(&host, json, command) => outcome,
        () = asked_to_end => if is_long { Ok(()) } else { Err(interrupted()) },
    };
    drop(end);
    let closed = match serving {
        Some(serving) => serving.await.unwrap_or(Ok(())),
        None => host.node.shutdown().await,
    };
    if let Err(error) = closed {
        // Everything acknowledged is on disk; the next opening repeats what was left undone.
        tracing::warn!("the node did not close in good order: {error}");
    }
    outcome
}

async fn carry_out(host: &Host, json: bool, command: NodeCommand) -> Result<(), Failure> {
    let mut out = Out::stdout(json);
    let fed: Option<Lines> =
        command.is_fed().then(|| Box::new(tokio::io::BufReader::new(tokio::io::stdin())) as Lines);
    let outcome = exec::execute(host, command, fed, &mut out).await;
    let flushed = out.flush().await;
    outcome.and(flushed)
}

pub(crate) fn interrupted() -> Failure {
    Failure::Refused(dunlin::Error::new(
        dunlin::Code::Closed,
        "the command was interrupted",
        "run it again; a write may have happened or not, and is safe to repeat by id",
    ))
}
