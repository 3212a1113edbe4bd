//! Two endpoints and the way between them.

use std::{net::SocketAddr, time::Duration};

use dunlin_net::{
    Carrier, Config, Connection, Endpoint, FrameReceiver, FrameSender, memory::Network,
};

/// Nothing in a test may take longer than this.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// An endpoint on loopback with a free port.
pub(crate) fn loopback(seed: u8) -> Endpoint {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    Endpoint::bind(Config::new([seed; 32], Carrier::Udp(any))).unwrap()
}

/// An endpoint in the simulation, at `10.0.0.{host}:4000`, that repeats.
pub(crate) fn simulated(network: &Network, host: u8) -> Endpoint {
    let carrier = network.carrier(simulated_addr(host)).unwrap();
    let rng_seed = Some([host; 32]);
    Endpoint::bind(Config { rng_seed, ..Config::new([host; 32], carrier) }).unwrap()
}

pub(crate) fn simulated_addr(host: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, host], 4000))
}

/// Lets one endpoint call the other; gives both ends.
pub(crate) async fn pair(dialler: &Endpoint, acceptor: &Endpoint) -> (Connection, Connection) {
    let address = acceptor.bound_addr().unwrap();
    let call = dialler.connect(address, Some(acceptor.device()));
    let (dialled, accepted) = within(async { tokio::join!(call, acceptor.accept()) }).await;
    (dialled.unwrap(), accepted.unwrap())
}

/// Sends bytes as frames of `size` and checks what arrives.
pub(crate) async fn transfer(
    sender: &mut FrameSender,
    receiver: &mut FrameReceiver,
    total: usize,
    size: usize,
) {
    receiver.set_limit(size);
    let frame = |n: usize| (0..size).map(|i| (n.wrapping_mul(31) + i) as u8).collect::<Vec<_>>();
    let count = total / size;
    let send = async {
        for n in 0..count {
            sender.send(frame(n)).await.unwrap();
        }
    };
    let receive = async {
        for n in 0..count {
            assert!(receiver.receive().await.unwrap() == Some(frame(n)), "frame {n}");
        }
    };
    tokio::join!(send, receive);
}

pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.expect("within the deadline")
}
