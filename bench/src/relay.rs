//! A UDP relay between two nodes: counts what passes, and can stop to pass anything.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::{net::UdpSocket, task::JoinHandle, time::sleep};

/// Forwards datagrams between whoever writes to it first and one target; dropped, it ends.
pub(crate) struct Relay {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    bytes: AtomicU64,
    is_cut: AtomicBool,
}

impl Relay {
    /// Starts relaying to the target, on loopback.
    pub(crate) async fn start(target: SocketAddr) -> io::Result<Self> {
        let front = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let back = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        back.connect(target).await?;
        let address = front.local_addr()?;
        let shared = Arc::new(Shared::default());
        let task = tokio::spawn(forward(front, back, shared.clone()));
        Ok(Self { address, shared, task })
    }

    /// Where to dial in place of the target.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Bytes of UDP payload that have passed, both directions together.
    pub(crate) fn bytes(&self) -> u64 {
        self.shared.bytes.load(Relaxed)
    }

    /// Passes nothing from here on.
    pub(crate) fn cut(&self) {
        self.shared.is_cut.store(true, Relaxed);
    }

    /// Bytes that have passed once nothing has for a while: late acknowledgements, probes of the
    /// path's packet size.
    pub(crate) async fn settled_bytes(&self) -> u64 {
        const QUIET: Duration = Duration::from_millis(400);
        let (mut last, mut since) = (self.bytes(), Instant::now());
        while since.elapsed() < QUIET {
            sleep(Duration::from_millis(20)).await;
            if self.bytes() != last {
                (last, since) = (self.bytes(), Instant::now());
            }
        }
        last
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn forward(front: UdpSocket, back: UdpSocket, shared: Arc<Shared>) {
    let (mut there, mut here) = (vec![0; 65_536], vec![0; 65_536]);
    let mut caller: Option<SocketAddr> = None;
    loop {
        tokio::select! {
            received = front.recv_from(&mut there) => {
                let Ok((length, from)) = received else { continue };
                caller = Some(from);
                if shared.lets_pass(length) {
                    // Refused means that the other side is not up: a packet lost, as on any network.
                    let _ = back.send(&there[..length]).await;
                }
            }
            received = back.recv(&mut here) => {
                let Ok(length) = received else { continue };
                if let Some(caller) = caller && shared.lets_pass(length) {
                    let _ = front.send_to(&here[..length], caller).await;
                }
            }
        }
    }
}

impl Shared {
    fn lets_pass(&self, length: usize) -> bool {
        if self.is_cut.load(Relaxed) {
            return false;
        }
        self.bytes.fetch_add(length as u64, Relaxed);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_cut_relay_neither_passes_nor_counts() {
        let target = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let relay = Relay::start(target.local_addr().unwrap()).await.unwrap();
        let caller = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        caller.send_to(b"hello", relay.address()).await.unwrap();
        let mut buffer = [0; 16];
        let (length, back) = target.recv_from(&mut buffer).await.unwrap();
        target.send_to(&buffer[..length], back).await.unwrap();
        caller.recv_from(&mut buffer).await.unwrap();
        assert_eq!(relay.bytes(), 10);

        relay.cut();
        caller.send_to(b"hello", relay.address()).await.unwrap();
        assert_eq!(relay.settled_bytes().await, 10);
    }
}
