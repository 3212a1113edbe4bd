//! What a command prints: the same lines on standard output and through the socket.

use std::io;

use serde_json::Value as Json;
use tokio::{
    io::{AsyncWriteExt, BufWriter, Stdout},
    net::unix::OwnedWriteHalf,
    sync::mpsc,
};

use crate::{
    failure::{Failure, Problem},
    socket::Response,
};

/// Where a command's lines go.
pub(crate) struct Out {
    json: bool,
    sink: Sink,
}

enum Sink {
    Stdout(BufWriter<Stdout>),
    Client { socket: BufWriter<OwnedWriteHalf>, delivered: mpsc::Receiver<()> },
}

impl Out {
    /// Prints here.
    pub(crate) fn stdout(json: bool) -> Self {
        Self { json, sink: Sink::Stdout(BufWriter::new(tokio::io::stdout())) }
    }

    /// Prints where the client runs; `delivered` tells each time it has flushed on request.
    pub(crate) fn client(
        json: bool,
        socket: OwnedWriteHalf,
        delivered: mpsc::Receiver<()>,
    ) -> Self {
        Self { json, sink: Sink::Client { socket: BufWriter::new(socket), delivered } }
    }

    /// Whether lines are JSON objects.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// One JSON object on a line.
    pub(crate) async fn json(&mut self, json: Json) -> Result<(), Failure> {
        self.text(&json.to_string()).await
    }

    /// One answer: its JSON on a line, or what a person reads, on one or more lines.
    pub(crate) async fn item(
        &mut self,
        json: Json,
        human: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        let text = if self.json { json.to_string() } else { human() };
        self.text(&text).await
    }

    /// Text as it is, on one or more lines.
    pub(crate) async fn text(&mut self, text: &str) -> Result<(), Failure> {
        match &mut self.sink {
            Sink::Stdout(stdout) => {
                stdout.write_all(text.as_bytes()).await?;
                stdout.write_all(b"\n").await?;
            }
            Sink::Client { socket, .. } => send(socket, &Response::Line(text.to_owned())).await?,
        }
        Ok(())
    }

    /// A refusal that does not end the command.
    pub(crate) async fn problem(&mut self, problem: Problem) -> Result<(), Failure> {
        match &mut self.sink {
            Sink::Stdout(stdout) => {
                stdout.flush().await?;
                problem.print(self.json);
            }
            Sink::Client { socket, .. } => send(socket, &Response::Problem(problem)).await?,
        }
        Ok(())
    }

    /// Hands on what has been printed so far.
    pub(crate) async fn flush(&mut self) -> Result<(), Failure> {
        match &mut self.sink {
            Sink::Stdout(stdout) => Ok(stdout.flush().await?),
            Sink::Client { socket, .. } => Ok(socket.flush().await?),
        }
    }

    /// Flushes, and returns only when everything printed has left the process that prints: what is
    /// acknowledged afterwards was not lost with a client.
    pub(crate) async fn deliver(&mut self) -> Result<(), Failure> {
        if let Sink::Client { socket, delivered } = &mut self.sink {
            send(socket, &Response::Deliver).await?;
            socket.flush().await?;
            return delivered.recv().await.ok_or(Failure::OutputClosed);
        }
        self.flush().await
    }

    /// Tells a client how the command ended.
    pub(crate) async fn finish(mut self, outcome: Result<(), Failure>) -> Result<(), Failure> {
        let Sink::Client { socket, .. } = &mut self.sink else { return outcome };
        if let Err(Failure::Refused(error)) = &outcome {
            send(socket, &Response::Problem(Problem::from(error))).await?;
        }
        send(socket, &Response::Exit(u8::from(outcome.is_err()))).await?;
        self.flush().await
    }
}

async fn send(socket: &mut BufWriter<OwnedWriteHalf>, response: &Response) -> io::Result<()> {
    let mut line = serde_json::to_vec(response)?;
    line.push(b'\n');
    socket.write_all(&line).await
}
