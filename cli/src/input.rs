//! Reading what a command is fed, within bounds.

use std::io;

use dunlin::{Code, Error, InvalidInput};
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

/// Parses JSON, naming what it was meant to be and where it goes wrong.
pub(crate) fn json(text: &str, what: &str) -> Result<Json, Failure> {
    let json = serde_json::from_str(text).map_err(|error| {
        Failure::invalid(
            format!("{what} is not JSON: {error}"),
            "write JSON, in single quotes for the shell, such as '{\"done\":true}'; \"-\" reads \
             it from standard input",
        )
    })?;
    check_integers(text.as_bytes()).map_err(|error| Failure::Refused(error.into()))?;
    Ok(json)
}

/// Refuses whole numbers beyond 64 bits, which parsing would round without a word.
pub(crate) fn check_integers(json: &[u8]) -> Result<(), InvalidInput> {
    let mut rest = json;
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b'-' | b'0'..=b'9')) {
        rest = &rest[at..];
        let length = if rest[0] == b'"' { string_length(rest) } else { number_length(rest) };
        let (token, behind) = rest.split_at(length);
        rest = behind;
        let number = str::from_utf8(token).unwrap_or_default();
        let is_whole = number.bytes().all(|byte| matches!(byte, b'-' | b'0'..=b'9'));
        if is_whole && number.parse::<i64>().is_err() {
            return Err(InvalidInput::new(
                format!("the number {number:.40} is not between {} and {}", i64::MIN, i64::MAX),
                "store it as a string",
            ));
        }
    }
    Ok(())
}

/// Bytes of the string that begins here, with its quotes.
fn string_length(json: &[u8]) -> usize {
    let mut is_escaped = false;
    let end = json[1..].iter().position(|byte| {
        let ends = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        ends
    });
    end.map_or(json.len(), |end| end + 2)
}

/// Bytes of the number that begins here.
fn number_length(json: &[u8]) -> usize {
    let is_part = |byte: &u8| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
    json.iter().position(|byte| !is_part(byte)).unwrap_or(json.len())
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

    #[test]
    fn whole_numbers_beyond_64_bits_are_refused_wherever_they_stand() {
        for json in ["9223372036854775808", r#"{"a":[true,-9223372036854775809]}"#] {
            let refused = check_integers(json.as_bytes()).unwrap_err();
            assert!(refused.reason.contains("922337203685477580"), "{json}: {refused:?}");
        }
        for json in [
            r#"{"a":9223372036854775807,"b":-9223372036854775808}"#,
            r#"["99999999999999999999","\\\"99999999999999999999"]"#,
            r#"{"99999999999999999999":1e30,"c":99999999999999999999.5}"#,
            "",
            "\"",
        ] {
            assert_eq!(check_integers(json.as_bytes()), Ok(()), "{json}");
        }
    }

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
