//! A socket of the network, in the shape that quinn wants.

use std::{
    fmt,
    io::{self, IoSliceMut},
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use quinn::{
    AsyncUdpSocket, UdpPoller,
    udp::{EcnCodepoint, RecvMeta, Transmit},
};
use tokio::time::{Sleep, sleep_until};

use super::{Network, network::Packet};

/// A socket of a [`Network`]; dropping it frees its address.
pub struct Socket {
    network: Network,
    address: SocketAddr,
    /// Wakes the reader when the next packet is due.
    alarm: Mutex<Option<Pin<Box<Sleep>>>>,
}

impl Socket {
    pub(super) fn new(network: Network, address: SocketAddr) -> Self {
        Self { network, address, alarm: Mutex::new(None) }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.network.state().inboxes.remove(&self.address);
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "memory::Socket({})", self.address)
    }
}

impl AsyncUdpSocket for Socket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(AlwaysWritable)
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let waker = self.network.state().send(
            self.address,
            transmit.destination,
            transmit.ecn,
            transmit.contents,
        );
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }

    fn poll_recv(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        metas: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let mut alarm = self.alarm.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let mut state = self.network.state();
            let mut count = 0;
            let next = loop {
                if count == buffers.len().min(metas.len()) {
                    break None;
                }
                match state.receive(self.address) {
                    Ok(packet) => {
                        metas[count] = self.hand_over(&packet, &mut buffers[count]);
                        count += 1;
                    }
                    Err(next) => break next,
                }
            };
            if count > 0 {
                return Poll::Ready(Ok(count));
            }
            if let Some(inbox) = state.inboxes.get_mut(&self.address) {
                inbox.waker = Some(context.waker().clone());
            }
            drop(state);
            let Some(due) = next else {
                *alarm = None;
                return Poll::Pending;
            };
            let sleep = alarm.get_or_insert_with(|| Box::pin(sleep_until(due)));
            sleep.as_mut().reset(due);
            if sleep.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }

    fn may_fragment(&self) -> bool {
        false
    }
}

impl Socket {
    fn hand_over(&self, packet: &Packet, buffer: &mut IoSliceMut<'_>) -> RecvMeta {
        let length = packet.contents.len().min(buffer.len());
        buffer[..length].copy_from_slice(&packet.contents[..length]);
        RecvMeta {
            addr: packet.from,
            len: length,
            stride: length,
            ecn: packet.ecn.and_then(EcnCodepoint::from_bits),
            dst_ip: Some(self.address.ip()),
        }
    }
}

#[derive(Debug)]
pub(crate) struct AlwaysWritable;

impl UdpPoller for AlwaysWritable {
    fn poll_writable(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
