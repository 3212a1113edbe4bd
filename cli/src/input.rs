//! Reading what a command is fed, within bounds.

use std::io;

use dunlin::{Code, Error};
use serde_json::Value as Json;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt};

use crate::failure::Failure;

/// Longest line, and longest value on standard input: a document at its largest, escaped.
pub(crate) const MAX_BYTES: usize = 32 << 20;

/// Lines that a command is fed.
pub(crate) type Lines = Box<dyn AsyncBufRead + Send + Unpin>;

/// Reads all of standard input.
pub(crate) async fn stdin() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let mut input = tokio::io::stdin().take(MAX_BYTES as u64 + 1);
    input.read_to_end(&mut bytes).await.map_err(unreadable)?;
    if bytes.len() > MAX_BYTES {
        return Err(too_long("standard input"));
    }
    text(bytes, "standard input")
}

/// The next line without its end; none at the end of the input.
pub(crate) async fn line(lines: &mut Lines) -> Result<Option<Vec<u8>>, Failure> {
    let mut line = Vec::new();
    let mut bounded = lines.take(MAX_BYTES as u64 + 1);
    if bounded.read_until(b'\n', &mut line).await.map_err(unreadable)? == 0 {
        return Ok(None);
    }
    if line.len() > MAX_BYTES {
        return Err(too_long("a line"));
    }
    while line.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
        line.pop();
    }
    Ok(Some(line))
}

/// Waits until the other side closes; calls for each line that it sends before.
pub(crate) async fn until_end(input: impl AsyncRead + Unpin, mut on_byte: impl FnMut()) {
    let mut input = input;
    let mut buffer = [0; 256];
    while let Ok(length @ 1..) = input.read(&mut buffer).await {
        (0..length).for_each(|_| on_byte());
    }
}

/// Parses JSON, naming what it was meant to be and where it goes wrong.
pub(crate) fn json(text: &str, what: &str) -> Result<Json, Failure> {
    serde_json::from_str(text).map_err(|error| {
        Failure::invalid(
            format!("{what} is not JSON: {error}"),
            "write JSON, in single quotes for the shell, such as '{\"done\":true}'; \"-\" reads \
             it from standard input",
        )
    })
}

pub(crate) fn text(bytes: Vec<u8>, what: &str) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|_| {
        Failure::invalid(format!("{what} is not UTF-8"), "convert it to UTF-8; see iconv(1)")
    })
}

fn too_long(what: &str) -> Failure {
    Failure::Refused(Error::new(
        Code::LimitExceeded,
        format!("{what} is longer than {MAX_BYTES} bytes"),
        "split it over several documents",
    ))
}

fn unreadable(error: io::Error) -> Failure {
    Failure::Refused(Error::new(
        Code::Internal,
        format!("the input cannot be read: {error}"),
        "check where the input comes from",
    ))
}
