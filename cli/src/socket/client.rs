//! Has a command carried out by the node that another process runs.

use std::{io, path::Path};

use dunlin::{Code, Error};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, BufWriter},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use super::{PROTOCOL, Request, Response, address::Address};
use crate::failure::Failure;

/// A connection to a running node.
pub(crate) struct Client {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

impl Client {
    /// Connects, if a node runs on the directory.
    ///
    /// # Errors
    /// `AlreadyOpen` if that node is a release that this one does not understand.
    pub(crate) async fn connect(dir: &Path) -> Result<Option<Self>, Failure> {
        let Ok(stream) = dial(dir).await else { return Ok(None) };
        let (reader, writer) = stream.into_split();
        let mut client = Self { reader: BufReader::new(reader), writer };
        match client.receive().await {
            Some(Response::Node { protocol: PROTOCOL, .. }) => Ok(Some(client)),
            Some(Response::Node { release, .. }) => Err(Failure::Refused(
                Error::new(
                    Code::AlreadyOpen,
                    format!("the node that runs on {} is dunlin {release}", dir.display()),
                    "stop it and start it with this release",
                )
                .for_good(),
            )),
            // It was about to end; by the next attempt the directory is free.
            _ => Ok(None),
        }
    }

    /// Carries a command over and prints what comes back; `fed` commands get standard input.
    pub(crate) async fn run(mut self, request: &Request, fed: bool) -> Result<(), Failure> {
        let mut line = serde_json::to_vec(request).map_err(io::Error::from)?;
        line.push(b'\n');
        // A node that takes no more of it may have said why.
        let _ = self.writer.write_all(&line).await;
        let Self { reader, writer } = self;
        let mut answers = Answers { reader, json: request.json };
        if !fed {
            return answers.print(Some(writer)).await;
        }
        let mut writer = writer;
        let feeding = tokio::spawn(async move {
            let _ = tokio::io::copy(&mut tokio::io::stdin(), &mut writer).await;
            let _ = writer.shutdown().await;
            // Closing it whole would cancel the command.
            writer
        });
        let outcome = answers.print(None).await;
        feeding.abort();
        outcome
    }

    async fn receive(&mut self) -> Option<Response> {
        receive(&mut self.reader).await
    }
}

struct Answers {
    reader: BufReader<OwnedReadHalf>,
    json: bool,
}

impl Answers {
    async fn print(&mut self, mut confirm: Option<OwnedWriteHalf>) -> Result<(), Failure> {
        let mut stdout = BufWriter::new(tokio::io::stdout());
        loop {
            // A line waits for its neighbours only while they are here already.
            if self.reader.buffer().is_empty() {
                stdout.flush().await?;
            }
            match receive(&mut self.reader).await {
                Some(Response::Line(text)) => {
                    stdout.write_all(text.as_bytes()).await?;
                    stdout.write_all(b"\n").await?;
                }
                Some(Response::Problem(problem)) => {
                    stdout.flush().await?;
                    problem.print(self.json);
                }
                Some(Response::Deliver) => {
                    stdout.flush().await?;
                    if let Some(writer) = &mut confirm {
                        // A node that is gone shows in the next answer.
                        let _ = writer.write_all(b".").await;
                    }
                }
                Some(Response::Exit(code)) => {
                    stdout.flush().await?;
                    return if code == 0 { Ok(()) } else { Err(Failure::Reported) };
                }
                Some(Response::Node { .. }) => {}
                None => {
                    stdout.flush().await?;
                    return Err(Failure::node_stopped());
                }
            }
        }
    }
}

async fn receive(reader: &mut BufReader<OwnedReadHalf>) -> Option<Response> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line).await.ok()?;
    serde_json::from_slice(&line).ok()
}

async fn dial(dir: &Path) -> io::Result<UnixStream> {
    let address = Address::of(dir)?;
    UnixStream::connect(address.path()).await
}
