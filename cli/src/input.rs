//! Reading what a command is fed, within bounds.

use std::io;

use dunlin::{Code, Error};
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
        return Err(Failure::Refused(too_long("standard input")));
    }
    text(bytes, "standard input")
}

/// The next line without its end, or the refusal of one that is too long, which is passed over;
/// none at the end of the input.
pub(crate) async fn line(lines: &mut Lines) -> Result<Option<Result<Vec<u8>, Error>>, Failure> {
    let mut line = Vec::new();
    let mut bounded = lines.take(MAX_BYTES as u64 + 1);
    if bounded.read_until(b'\n', &mut line).await.map_err(unreadable)? == 0 {
        return Ok(None);
    }
    if line.len() > MAX_BYTES {
        if line.last() != Some(&b'\n') {
            pass_over_line(lines).await?;
        }
        return Ok(Some(Err(too_long("it"))));
    }
    while line.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
        line.pop();
    }
    Ok(Some(Ok(line)))
}

/// Reads to the end of a line and keeps nothing of it.
async fn pass_over_line(lines: &mut Lines) -> Result<(), Failure> {
    loop {
        let buffered = lines.fill_buf().await.map_err(unreadable)?;
        let end = buffered.iter().position(|byte| *byte == b'\n');
        let length = end.map_or(buffered.len(), |end| end + 1);
        lines.consume(length);
        if end.is_some() || length == 0 {
            return Ok(());
        }
    }
}

/// Waits until the other side closes; calls for each line that it sends before.
pub(crate) async fn until_end(input: impl AsyncRead + Unpin, mut on_byte: impl FnMut()) {
    let mut input = input;
    let mut buffer = [0; 256];
    while let Ok(length @ 1..) = input.read(&mut buffer).await {
        (0..length).for_each(|_| on_byte());
    }
}

pub(crate) fn text(bytes: Vec<u8>, what: &str) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|_| {
        Failure::invalid(format!("{what} is not UTF-8"), "convert it to UTF-8; see iconv(1)")
    })
}

fn too_long(what: &str) -> Error {
    Error::new(
        Code::LimitExceeded,
        format!("{what} is longer than {MAX_BYTES} bytes"),
        "split it over several documents",
    )
}

fn unreadable(error: io::Error) -> Failure {
    Failure::Refused(Error::new(
        Code::Internal,
        format!("the input cannot be read: {error}"),
        "check where the input comes from",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_line_that_is_too_long_is_passed_over() {
        let mut input = vec![b'x'; MAX_BYTES + 10];
        input.extend_from_slice(b"\nnext\r\n\nlast");
        let mut lines: Lines = Box::new(std::io::Cursor::new(input));
        assert_eq!(
            line(&mut lines).await.unwrap().unwrap().unwrap_err().code(),
            Code::LimitExceeded
        );
        for expected in ["next", "", "last"] {
            assert_eq!(line(&mut lines).await.unwrap().unwrap().unwrap(), expected.as_bytes());
        }
        assert!(line(&mut lines).await.unwrap().is_none());
    }
}
