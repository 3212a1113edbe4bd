//! The life of one connection: frames in, effects out, questions to the engines between.

use std::{sync::Arc, time::Duration};

use dunlin_net::{Closed, Connection, FrameReceiver, FrameSender, ReceiveError, SendError};
use dunlin_proto::{error::CloseCode, session::Effect};
use tokio::time::{Instant, sleep_until, timeout};

use super::{
    close,
    hub::{Admission, Hub},
    link::Link,
    questions,
};
use crate::error::Error;

/// The wait before what could not be stored is fetched again.
const UNFINISHED_WAIT: Duration = Duration::from_secs(30);
/// Time for the last frames to arrive before a connection is closed.
const FAREWELL: Duration = Duration::from_secs(2);

/// How a connection ended, as whoever dialled it needs to know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Ended {
    /// Another connection to the same device is kept instead.
    Duplicate,
    /// It was of use, until this happened; or it never came to a greeting.
    Lost(String),
    /// The peer shares no space with this device, or one side broke the rules.
    Unwelcome(String),
}

/// Why the loop stopped.
enum Stop {
    /// The connection is over.
    Over(Closed),
    /// The peer's framing is broken.
    Misbehaved(String),
    /// The session has come to an end.
    Closing { code: CloseCode, reason: String },
    /// A failure here.
    Failed(Error),
    /// Another connection to the same device is kept.
    Superseded,
}

/// Serves a connection from handshake to end.
pub(super) async fn serve(hub: Arc<Hub>, connection: Connection) -> Ended {
    let (handle, sender, receiver) = connection.split();
    let link = match hub.link(handle) {
        Ok(link) => link,
        Err(error) => return Ended::Lost(error.to_string()),
    };
    // A dialler's connection counts at once; an acceptor's once the dialler has said something,
    // because a dialler that finds it has another one says nothing.
    let is_admitted = link.handle.is_dialer();
    if is_admitted && hub.admit(&link) == Admission::Duplicate {
        link.handle.close(close::DUPLICATE, "duplicate");
        hub.dismiss(&link, &Ended::Duplicate);
        return Ended::Duplicate;
    }
    let (retry_at, stood) = (None, (false, false));
    let mut pump = Pump { hub: &hub, link: &link, sender, receiver, is_admitted, retry_at, stood };
    let stop = pump.run().await;
    let ended = pump.finish(stop).await;
    hub.dismiss(&link, &ended);
    ended
}

struct Pump<'a> {
    hub: &'a Arc<Hub>,
    link: &'a Arc<Link>,
    sender: FrameSender,
    receiver: FrameReceiver,
    is_admitted: bool,
    retry_at: Option<Instant>,
    /// Whether all was settled, and all in sync, when somebody was told last.
    stood: (bool, bool),
}

impl Pump<'_> {
    async fn run(&mut self) -> Stop {
        loop {
            if let Err(stop) = self.drain().await {
                return stop;
            }
            let stands = (self.link.is_all_settled(), self.link.is_all_in_sync());
            if stands != self.stood {
                self.stood = stands;
                self.hub.core.peers_changed();
            }
            if self.retry_at.is_none() && self.link.has_unfinished() {
                self.retry_at = Some(Instant::now() + UNFINISHED_WAIT);
            }
            let (is_ready, due) = {
                let session = self.link.session();
                self.receiver.set_limit(session.max_frame_bytes());
                (session.is_ready_for_frame(), session.next_timeout())
            };
            let due = due.map(|due| self.hub.instant(due));
            let never = self.hub.instant(u64::from(u32::MAX));
            tokio::select! {
                biased;
                flushed = self.sender.flush(), if !self.sender.is_writable() => match flushed {
                    Ok(()) => self.link.session().frame_written(self.hub.uptime_ms()),
                    Err(error) => return Stop::from(error),
                },
                frame = self.receiver.receive(), if is_ready => {
                    if let Err(stop) = self.frame(frame) {
                        return stop;
                    }
                }
                () = self.link.woken() => {}
                () = sleep_until(self.retry_at.unwrap_or(never)), if self.retry_at.is_some() => {
                    self.retry_at = None;
                    self.link.reconcile_unfinished();
                }
                () = sleep_until(due.unwrap_or(never)), if due.is_some() => {
                    self.link.session().handle_timeout(self.hub.uptime_ms());
                }
                closed = self.link.handle.closed() => return Stop::Over(closed),
            }
        }
    }

    /// Carries out what the session wants, as far as it can be done at present.
    async fn drain(&mut self) -> Result<(), Stop> {
        loop {
            let effect = self.link.session().poll_effect(self.sender.is_writable());
            match effect {
                None => return Ok(()),
                Some(Effect::Send(frame)) => self.sender.start(frame)?,
                Some(Effect::Close { code, reason }) => return Err(Stop::Closing { code, reason }),
                Some(effect) => {
                    questions::carry_out(self.hub, self.link, effect)
                        .await
                        .map_err(Stop::Failed)?;
                }
            }
        }
    }

    fn frame(&mut self, frame: Result<Option<Vec<u8>>, ReceiveError>) -> Result<(), Stop> {
        let frame = match frame {
            Ok(Some(frame)) => frame,
            Ok(None) => return Err(Stop::Over(Closed::Here)),
            Err(ReceiveError::Closed(closed)) => return Err(Stop::Over(closed)),
            Err(error) => return Err(Stop::Misbehaved(error.to_string())),
        };
        if !self.is_admitted {
            if self.hub.admit(self.link) == Admission::Duplicate {
                return Err(Stop::Superseded);
            }
            self.is_admitted = true;
        }
        let now = self.hub.uptime_ms();
        self.link.answer(|session| session.handle_frame(&frame, now));
        Ok(())
    }

    /// Says goodbye as far as the reason for it allows.
    async fn finish(self, stop: Stop) -> Ended {
        let handle = self.link.handle.clone();
        let was_useful = !self.link.standing().is_empty();
        let ended = |reason: String| match was_useful {
            true => Ended::Lost(reason),
            false => Ended::Unwelcome(reason),
        };
        match stop {
            Stop::Over(Closed::ByPeer { code, reason }) => match u32::try_from(code) {
                Ok(close::DUPLICATE) => Ended::Duplicate,
                Ok(close::GOODBYE | close::INTERNAL | close::BUSY | close::GREET_ANEW) => {
                    Ended::Lost(reason)
                }
                _ => ended(format!("closed by the peer: {}", explain(code))),
            },
            Stop::Over(closed) => Ended::Lost(closed.to_string()),
            Stop::Superseded => {
                handle.close(close::DUPLICATE, "duplicate");
                Ended::Duplicate
            }
            Stop::Misbehaved(reason) => {
                tracing::warn!(peer = %self.link.peer().short(), "closing: {reason}");
                handle.close(CloseCode::Misbehaved.code(), "");
                Ended::Unwelcome(reason)
            }
            Stop::Closing { code, reason } => {
                tracing::debug!(peer = %self.link.peer().short(), ?code, "closing: {reason}");
                if code != CloseCode::Misbehaved {
                    // The peer may lose the last frames otherwise; if it does not listen, so be it.
                    let _ = timeout(FAREWELL, self.sender.finish()).await;
                }
                handle.close(code.code(), "");
                match code {
                    CloseCode::Timeout => Ended::Lost(reason),
                    _ => Ended::Unwelcome(reason),
                }
            }
            Stop::Failed(error) => {
                handle.close(close::INTERNAL, "internal error");
                Ended::Lost(error.to_string())
            }
        }
    }
}

/// What a peer's close code says.
fn explain(code: u64) -> String {
    match u32::try_from(code).ok().and_then(CloseCode::from_code) {
        Some(CloseCode::Stranger) => "no space in common".to_owned(),
        Some(CloseCode::Version) => "no version of the protocol in common".to_owned(),
        Some(CloseCode::Misbehaved) => "it says that this device broke the protocol".to_owned(),
        Some(CloseCode::Timeout) => "this device answered too late".to_owned(),
        _ => format!("code {code}"),
    }
}

impl From<SendError> for Stop {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Closed(closed) => Self::Over(closed),
            SendError::Finished => Self::Over(Closed::Here),
            other => Self::Failed(Error::internal(other.to_string())),
        }
    }
}
