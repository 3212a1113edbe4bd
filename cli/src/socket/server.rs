//! Takes commands for the node that this process runs.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    sync::mpsc,
    task::JoinSet,
    time::timeout,
};

use super::{PROTOCOL, Request, Response, address, address::Address};
use crate::{
    exec,
    failure::Failure,
    host::Host,
    input::{self, Lines},
    out::Out,
};

/// Time for commands to end by themselves once the node has shut down.
const GRACE: Duration = Duration::from_secs(2);
/// Pause after an accept that failed, for lack of file descriptors as a rule.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A socket that serves a node until it is dropped.
pub(crate) struct Server {
    file: PathBuf,
    listener: UnixListener,
}

impl Server {
    /// Binds the socket. Whoever holds the directory's lock may take the place of a socket that a
    /// killed process left behind.
    pub(crate) fn bind(dir: &Path) -> io::Result<Self> {
        let file = address::file(dir);
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(Address::of(dir)?.path())?;
        // Nobody else can enter the directory (0700), so nobody got in before this.
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
        Ok(Self { file, listener })
    }

    /// Serves commands until `ended`, then shuts the node down, which ends the commands that wait.
    ///
    /// The socket goes first: a command that comes later finds no node and waits for the lock.
    pub(crate) async fn serve(
        self,
        host: Arc<Host>,
        ended: impl Future<Output = ()>,
    ) -> dunlin::Result<()> {
        let mut clients = JoinSet::new();
        tokio::pin!(ended);
        loop {
            tokio::select! {
                () = &mut ended => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        let host = host.clone();
                        clients.spawn(async move {
                            if let Err(error) = answer(stream, &host).await {
                                tracing::debug!("a client went away: {error:?}");
                            }
                        });
                    }
                    Err(error) => {
                        tracing::warn!("no client can connect: {error}");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
                Some(_) = clients.join_next() => {}
            }
        }
        drop(self);
        let outcome = host.node.shutdown().await;
        let finish = async { while clients.join_next().await.is_some() {} };
        let _ = timeout(GRACE, finish).await;
        outcome
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.file);
    }
}

async fn answer(stream: UnixStream, host: &Host) -> Result<(), Failure> {
    let (reader, mut writer) = stream.into_split();
    let node = Response::Node { protocol: PROTOCOL, release: env!("CARGO_PKG_VERSION").to_owned() };
    let mut hello = serde_json::to_vec(&node).map_err(io::Error::from)?;
    hello.push(b'\n');
    writer.write_all(&hello).await?;

    let mut lines: Lines = Box::new(BufReader::new(reader));
    let (deliver, delivered) = mpsc::channel(1);
    let line = match input::line(&mut lines).await? {
        Some(Ok(line)) => line,
        None => return Ok(()),
        Some(Err(error)) => {
            let refused = Err(Failure::Refused(error));
            return Out::client(true, writer, delivered).finish(refused).await;
        }
    };
    let request: Request = match serde_json::from_slice(&line) {
        Ok(request) => request,
        Err(error) => {
            let refused = Failure::invalid(
                format!("the node does not understand the command: {error}"),
                "use the same release of dunlin for the node and for commands",
            );
            return Out::client(true, writer, delivered).finish(Err(refused)).await;
        }
    };
    let mut out = Out::client(request.json, writer, delivered);
    let outcome = if request.command.is_fed() {
        exec::execute(host, request.command, Some(lines), &mut out).await
    } else {
        let confirm = || {
            // A byte that nobody asked for is nobody's.
            let _ = deliver.try_send(());
        };
        tokio::select! {
            outcome = exec::execute(host, request.command, None, &mut out) => outcome,
            () = input::until_end(lines, confirm) => return Err(Failure::OutputClosed),
        }
    };
    out.finish(outcome).await
}
