//! How often a node calls an address where nobody answers.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::{
    collections::BTreeSet,
    future::poll_fn,
    io::IoSliceMut,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use dunlin::{
    Clock, Config, DeviceKind, Durability, Engines, Entropy, Node, SyncConfig, memory::Network,
};
use quinn::{AsyncUdpSocket, udp::RecvMeta};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

/// How long a call waits for an answer.
const CALL: Duration = Duration::from_secs(15);
/// The first and the longest wait between two calls, before jitter.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(15);
/// Jitter spreads a wait between half and one and a half of itself; packets take their time.
const LEAST: f64 = 0.5;
const MOST: f64 = 1.5;
const SLACK: Duration = Duration::from_millis(50);

/// The original destination connection id of a QUIC Initial packet (RFC 9000, section 17.2.2),
/// which is one and the same in all packets of a call that nobody answers.
fn call_of(packet: &[u8]) -> Option<Vec<u8>> {
    let is_initial = packet.first()? & 0xf0 == 0xc0;
    let length = usize::from(*packet.get(5)?);
    is_initial.then(|| packet.get(6..6 + length)).flatten().map(<[u8]>::to_vec)
}

/// Takes packets in and answers none; notes when each call began.
async fn keep_silent(socket: Arc<impl AsyncUdpSocket>, began: Arc<Mutex<Vec<Instant>>>) {
    let mut calls = BTreeSet::new();
    loop {
        let mut buffer = [0; 2048];
        let mut metas = [RecvMeta::default()];
        let received = poll_fn(|context| {
            socket.poll_recv(context, &mut [IoSliceMut::new(&mut buffer)], &mut metas)
        });
        assert_eq!(received.await.unwrap(), 1);
        let call = call_of(&buffer[..metas[0].len]).expect("a caller begins with Initial packets");
        if calls.insert(call) {
            began.lock().unwrap().push(Instant::now());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_address_where_nobody_answers_is_called_ever_more_rarely_up_to_a_longest_wait() {
    let network = Network::new(1);
    let dead = SocketAddr::from(([10, 0, 0, 9], 4000));
    let began = Arc::new(Mutex::new(Vec::new()));
    let listener = tokio::spawn(keep_silent(network.socket(dead).unwrap(), began.clone()));

    let dir = TempDir::new().unwrap();
    let config = Config {
        durability: Durability::Relaxed,
        engines: Engines::Tasks,
        entropy: Entropy::seeded(1),
        clock: Clock::new(|| 1_800_000_000_000),
        ..Config::default()
    };
    let node = Node::create(dir.path(), "caller", DeviceKind::Sensor, config).await.unwrap();
    let carrier = network.carrier(SocketAddr::from(([10, 0, 0, 1], 4000))).unwrap();
    let sync = SyncConfig { carrier, peers: vec![dead], mdns: false, ..SyncConfig::default() };
    node.start_sync(sync).await.unwrap();
    sleep(Duration::from_secs(600)).await;
    node.shutdown().await.unwrap();
    listener.abort();

    let began = began.lock().unwrap();
    let waits: Vec<Duration> = began.windows(2).map(|pair| pair[1] - pair[0] - CALL).collect();
    for (failures, wait) in waits.iter().enumerate() {
        let usual = FIRST_WAIT.saturating_mul(1 << failures.min(16)).min(LONGEST_WAIT);
        let (least, most) = (usual.mul_f64(LEAST), usual.mul_f64(MOST) + SLACK);
        assert!((least..=most).contains(wait), "wait {failures} of {waits:?}");
    }
    // It never gives up, and has reached the longest wait long before the end.
    let fewest = 600.0 / (CALL + LONGEST_WAIT.mul_f64(MOST)).as_secs_f64();
    assert!(began.len() > fewest as usize, "{} calls", began.len());
    let last = *began.last().unwrap();
    assert!(Instant::now() - last <= CALL + LONGEST_WAIT.mul_f64(MOST) + Duration::from_secs(1));
}
