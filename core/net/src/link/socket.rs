//! The endpoint's socket, with links beside it, in the shape that quinn wants.

use std::{
    io::{self, IoSliceMut},
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use quinn::{
    AsyncUdpSocket, UdpPoller,
    udp::{RecvMeta, Transmit},
};

use super::{Links, switch::Switch};
use crate::{
    address::{canonical, is_link_address, link_address},
    memory::AlwaysWritable,
};

/// Links, and a socket if there is one.
#[derive(Debug)]
pub(crate) struct LinkedSocket {
    socket: Option<Arc<dyn AsyncUdpSocket>>,
    switch: Arc<Switch>,
    /// Whether addresses are to have the form that an IPv6 socket gives them.
    is_v6: bool,
    /// Whether the links' packets go first.
    links_first: AtomicBool,
}

impl LinkedSocket {
    pub(crate) fn new(socket: Option<Arc<dyn AsyncUdpSocket>>, links: &Links) -> io::Result<Self> {
        let is_v6 = match &socket {
            Some(socket) => socket.local_addr()?.is_ipv6(),
            None => false,
        };
        let switch = links.switch.clone();
        Ok(Self { socket, switch, is_v6, links_first: AtomicBool::new(true) })
    }

    fn receive_from_links(
        &self,
        context: &Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        metas: &mut [RecvMeta],
    ) -> usize {
        let count = self.switch.receive(buffers, metas, context.waker());
        if self.is_v6 {
            metas[..count].iter_mut().for_each(|meta| meta.addr = mapped(meta.addr));
        }
        count
    }

    fn poll_socket(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        metas: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let Some(socket) = &self.socket else { return Poll::Pending };
        let received = socket.poll_recv(context, buffers, metas);
        if let Poll::Ready(Ok(count)) = received {
            // Whoever forges such a sender's address would speak for a peer on a link.
            let forged = metas[..count].iter_mut().filter(|meta| is_link_address(meta.addr));
            forged.for_each(|meta| meta.len = 0);
        }
        received
    }
}

impl AsyncUdpSocket for LinkedSocket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        match &self.socket {
            Some(socket) => socket.clone().create_io_poller(),
            None => Box::pin(AlwaysWritable),
        }
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        if is_link_address(transmit.destination) {
            let segment = transmit.segment_size.unwrap_or(transmit.contents.len()).max(1);
            for packet in transmit.contents.chunks(segment) {
                self.switch.send(canonical(transmit.destination), packet);
            }
            return Ok(());
        }
        match &self.socket {
            Some(socket) => socket.try_send(transmit),
            None => Ok(()),
        }
    }

    fn poll_recv(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        metas: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let room = buffers.len().min(metas.len());
        // Half of the room each, rounded in favour of one side and the other in turn: some hosts
        // offer room for a single packet.
        let links_first = self.links_first.fetch_xor(true, Ordering::Relaxed);
        let share = if links_first { room.div_ceil(2) } else { room / 2 };
        let mut count =
            self.receive_from_links(context, &mut buffers[..share], &mut metas[..share]);
        if count < room {
            match self.poll_socket(context, &mut buffers[count..], &mut metas[count..]) {
                Poll::Ready(Ok(received)) => count += received,
                // It comes again, when nothing of the links is before it.
                Poll::Ready(Err(error)) if count == 0 => return Poll::Ready(Err(error)),
                Poll::Ready(Err(_)) => return Poll::Ready(Ok(count)),
                Poll::Pending => {}
            }
        }
        if count < room {
            count += self.receive_from_links(context, &mut buffers[count..], &mut metas[count..]);
        }
        if count > 0 { Poll::Ready(Ok(count)) } else { Poll::Pending }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.socket {
            Some(socket) => socket.local_addr(),
            None => Ok(link_address(0)),
        }
    }

    fn max_transmit_segments(&self) -> usize {
        self.socket.as_ref().map_or(1, |socket| socket.max_transmit_segments())
    }

    fn max_receive_segments(&self) -> usize {
        self.socket.as_ref().map_or(1, |socket| socket.max_receive_segments())
    }

    fn may_fragment(&self) -> bool {
        self.socket.as_ref().is_some_and(|socket| socket.may_fragment())
    }
}

/// The IPv4-mapped form that a dual-stack socket reports.
fn mapped(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(v4) => SocketAddr::new(v4.to_ipv6_mapped().into(), address.port()),
        IpAddr::V6(_) => address,
    }
}
