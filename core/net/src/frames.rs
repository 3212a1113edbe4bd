//! Frames on a QUIC stream: one byte that says the stream's kind, then for each frame a length
//! (32 bits, big-endian) and that many bytes.
//!
//! The kind byte goes out with the handshake, so that the acceptor learns of the stream before
//! the dialler has anything to say, and later versions can open streams for other purposes.
//! A frame's length is the peer's claim: memory grows with the bytes that arrive.

mod assembler;

use quinn::{ReadError, RecvStream, SendStream, WriteError};

use crate::error::{Closed, ReceiveError, SendError};

use self::assembler::Assembler;

/// The kind of the stream that carries the sync protocol.
const KIND_FRAMES: u8 = 0;

/// Longest frame that a peer may send before [`FrameReceiver::set_limit`] says otherwise.
pub const STRANGER_FRAME_BYTES: usize = 4 * 1024;

/// The sending half of a connection's stream.
///
/// Two ways to use it: [`send`](Self::send) one frame after the other, or, from a loop that must
/// not wait, [`start`](Self::start) when [`is_writable`](Self::is_writable) and poll
/// [`flush`](Self::flush) beside other events. Dropping it finishes the stream.
#[derive(Debug)]
pub struct FrameSender {
    stream: SendStream,
    /// What is left to hand to the transport: the frame under way and how much of it is gone.
    pending: Option<Pending>,
}

#[derive(Debug)]
struct Pending {
    head: [u8; 4],
    body: Vec<u8>,
    written: usize,
}

impl Pending {
    fn rest(&self) -> &[u8] {
        match self.written.checked_sub(self.head.len()) {
            None => &self.head[self.written..],
            Some(of_body) => &self.body[of_body..],
        }
    }

    fn is_done(&self) -> bool {
        self.written == self.head.len() + self.body.len()
    }
}

impl FrameSender {
    /// Announces the stream to the other side.
    pub(crate) async fn open(mut stream: SendStream) -> Result<Self, SendError> {
        stream.write_all(&[KIND_FRAMES]).await?;
        Ok(Self { stream, pending: None })
    }

    /// Whether [`start`](Self::start) would take a frame now.
    pub fn is_writable(&self) -> bool {
        self.pending.is_none()
    }

    /// Takes a frame that [`flush`](Self::flush) will hand over.
    ///
    /// # Errors
    /// [`SendError::Busy`] while another frame is under way, [`SendError::TooLarge`] from 4 GiB.
    pub fn start(&mut self, frame: Vec<u8>) -> Result<(), SendError> {
        if self.pending.is_some() {
            return Err(SendError::Busy);
        }
        let length = u32::try_from(frame.len()).map_err(|_| SendError::TooLarge(frame.len()))?;
        self.pending = Some(Pending { head: length.to_be_bytes(), body: frame, written: 0 });
        Ok(())
    }

    /// Waits until the transport has taken the frame under way; at once if there is none.
    ///
    /// Cancelling loses nothing: the next call goes on where this one stopped.
    ///
    /// # Errors
    /// [`SendError::Closed`] or [`SendError::Finished`]; no further frame can be sent then.
    pub async fn flush(&mut self) -> Result<(), SendError> {
        while let Some(pending) = &mut self.pending {
            pending.written += self.stream.write(pending.rest()).await?;
            if pending.is_done() {
                self.pending = None;
            }
        }
        Ok(())
    }

    /// Sends one frame: [`flush`](Self::flush), [`start`](Self::start), `flush`.
    ///
    /// Cancelled, it has sent the frame wholly (the next call completes it) or not at all.
    ///
    /// # Errors
    /// As the calls that it makes.
    pub async fn send(&mut self, frame: Vec<u8>) -> Result<(), SendError> {
        self.flush().await?;
        self.start(frame)?;
        self.flush().await
    }

    /// Ends the stream after the frame under way and waits until the peer's transport has
    /// everything; a [`close`](crate::ConnectionHandle::close) after that takes nothing away.
    ///
    /// # Errors
    /// [`SendError::Closed`] or [`SendError::Finished`] if it did not get there.
    pub async fn finish(mut self) -> Result<(), SendError> {
        self.flush().await?;
        self.stream.finish().map_err(|_| SendError::Finished)?;
        match self.stream.stopped().await {
            Ok(None) => Ok(()),
            Ok(Some(_)) => Err(SendError::Finished),
            Err(quinn::StoppedError::ConnectionLost(error)) => {
                Err(SendError::Closed(Closed::from(error)))
            }
            Err(_) => Err(SendError::Finished),
        }
    }
}

impl From<WriteError> for SendError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::ConnectionLost(error) => Self::Closed(Closed::from(error)),
            _ => Self::Finished,
        }
    }
}

/// The receiving half of a connection's stream.
#[derive(Debug)]
pub struct FrameReceiver {
    stream: RecvStream,
    kind_known: bool,
    assembler: Assembler,
}

impl FrameReceiver {
    pub(crate) fn new(stream: RecvStream) -> Self {
        Self { stream, kind_known: false, assembler: Assembler::new(STRANGER_FRAME_BYTES) }
    }

    /// Sets the longest frame that is accepted from here on, in bytes. It starts at
    /// [`STRANGER_FRAME_BYTES`]; raise it when the peer has proved that it may talk.
    pub fn set_limit(&mut self, bytes: usize) {
        self.assembler.set_limit(bytes);
    }

    /// Waits for the next frame; none when the peer has finished its half in good order.
    ///
    /// Cancelling loses nothing.
    ///
    /// # Errors
    /// See [`ReceiveError`]; all are final, except that [`ReceiveError::TooLarge`] can be
    /// followed by [`set_limit`](Self::set_limit).
    pub async fn receive(&mut self) -> Result<Option<Vec<u8>>, ReceiveError> {
        if !self.kind_known {
            match self.stream.read_chunk(1, true).await?.as_ref().and_then(|c| c.bytes.first()) {
                Some(&KIND_FRAMES) => self.kind_known = true,
                Some(&kind) => return Err(ReceiveError::UnknownStream(kind)),
                None => return Ok(None),
            }
        }
        loop {
            let wanted = self.assembler.wanted()?;
            let Some(chunk) = self.stream.read_chunk(wanted, true).await? else {
                return match self.assembler.is_between_frames() {
                    true => Ok(None),
                    false => Err(ReceiveError::Truncated),
                };
            };
            if let Some(frame) = self.assembler.push(&chunk.bytes) {
                return Ok(Some(frame));
            }
        }
    }
}

impl From<ReadError> for ReceiveError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::ConnectionLost(error) => Self::Closed(Closed::from(error)),
            _ => Self::Abandoned,
        }
    }
}
