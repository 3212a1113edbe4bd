//! Devices that meet over a link alone, without a socket.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::{
    sync::{Arc, Mutex, OnceLock, Weak},
    time::Duration,
};

use dunlin::{
    Carrier, Code, Invitation, Node, PeerState, PeerStatus, Space, SyncConfig,
    link::{Inbox, Link, Outcome, is_link_address},
};
use serde_json::json;
use tokio::time::{sleep, timeout};

use support::{Site, id, value};

const DEADLINE: Duration = Duration::from_secs(120);
const FAR: &str = "far end";

/// One end of a wire.
#[derive(Debug)]
struct End {
    capacity: usize,
    far: OnceLock<Weak<End>>,
    inbox: Mutex<Option<Inbox>>,
}

fn wire() -> [Arc<End>; 2] {
    let ends = [(); 2].map(|()| {
        let (far, inbox) = (OnceLock::new(), Mutex::default());
        Arc::new(End { capacity: 1_200, far, inbox })
    });
    ends[0].far.set(Arc::downgrade(&ends[1])).unwrap();
    ends[1].far.set(Arc::downgrade(&ends[0])).unwrap();
    ends
}

impl End {
    fn inbox(&self) -> Option<Inbox> {
        self.inbox.lock().unwrap().clone()
    }
}

impl Link for End {
    fn max_packet_bytes(&self) -> Outcome<usize> {
        Ok(self.capacity)
    }

    fn start(&self, inbox: Inbox) -> Outcome {
        inbox.appeared(FAR)?;
        *self.inbox.lock().unwrap() = Some(inbox);
        Ok(())
    }

    fn send(&self, peer: &str, packet: &[u8]) -> Outcome {
        let far = self.far.get().and_then(Weak::upgrade).filter(|_| peer == FAR);
        if let Some(inbox) = far.and_then(|far| far.inbox()) {
            inbox.received(FAR, packet)?;
        }
        Ok(())
    }

    fn stop(&self) -> Outcome {
        *self.inbox.lock().unwrap() = None;
        Ok(())
    }
}

fn over(end: &Arc<End>) -> SyncConfig {
    let (carrier, links) = (Carrier::OnlyLinks, vec![end.clone() as Arc<dyn Link>]);
    SyncConfig { carrier, links, mdns: false, ..SyncConfig::default() }
}

/// Waits until the peers stand like this.
async fn until(node: &Node, are_so: impl Fn(&[PeerStatus]) -> bool) -> Vec<PeerStatus> {
    let mut watch = node.watch_peers();
    let watching = async {
        loop {
            let peers = watch.next().await.unwrap();
            if are_so(&peers) {
                return peers;
            }
        }
    };
    timeout(DEADLINE, watching).await.expect("the peers stand so")
}

fn in_sync(peers: &[PeerStatus]) -> bool {
    peers.iter().any(|peer| peer.state == PeerState::Connected && peer.in_sync)
}

async fn put(space: &Space, key: &str, n: u32) {
    space.collection("tasks").unwrap().put(&id(key), value(json!({"n": n}))).await.unwrap();
}

/// Waits until both hold the same and know it.
async fn converge(nodes: [&Node; 2]) {
    let equal = async {
        loop {
            let [a, b] = nodes.map(|node| async { node.status().await.unwrap().spaces.remove(0) });
            let (a, b) = (a.await, b.await);
            if a.in_sync && b.in_sync && a.digest == b.digest {
                return;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(DEADLINE, equal).await.expect("the nodes converge");
}

async fn has(space: &Space, key: &str) -> bool {
    space.collection("tasks").unwrap().get(&id(key)).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_pair_and_converge_over_a_link_alone() {
    let (a, b) = (Site::new("a").await, Site::new("b").await);
    let ends = wire();
    a.node.start_sync(over(&ends[0])).await.unwrap();
    b.node.start_sync(over(&ends[1])).await.unwrap();
    let here = a.node.create_space("farm").await.unwrap();
    for n in 0..200 {
        put(&here, &format!("doc-{n}"), n).await;
    }
    let ticket = here.invite(&Invitation::default()).await.unwrap();
    assert!(ticket.hints().is_empty(), "a ticket tells others of a link: {:?}", ticket.hints());
    assert!(a.node.status().await.unwrap().listen.is_empty());

    let there = b.node.join(&ticket, None).await.unwrap();
    converge([&a.node, &b.node]).await;
    assert!(has(&there, "doc-199").await);
    put(&there, "from-b", 1).await;
    put(&here, "from-a", 1).await;
    converge([&a.node, &b.node]).await;
    assert!(has(&here, "from-b").await && has(&there, "from-a").await);
    let peers = until(&a.node, in_sync).await;
    assert!(peers.iter().all(|peer| is_link_address(peer.address)), "{peers:?}");

    for (site, end) in [a, b].iter().zip(&ends) {
        site.node.stop_sync().await;
        let remembered = site.node.peers().await;
        assert!(
            remembered.is_empty(),
            "where a peer was on a link is no use later: {remembered:?}"
        );
        assert!(end.inbox().is_none(), "the link runs on");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_part_when_the_link_loses_sight_and_meet_again() {
    let (a, b) = (Site::new("a").await, Site::new("b").await);
    let ends = wire();
    let here = a.node.create_space("farm").await.unwrap();
    let ticket = here.invite(&Invitation::default()).await.unwrap();
    let there = b.node.join(&ticket, None).await.unwrap();
    a.node.start_sync(over(&ends[0])).await.unwrap();
    b.node.start_sync(over(&ends[1])).await.unwrap();
    converge([&a.node, &b.node]).await;

    let inboxes = [0, 1].map(|end: usize| ends[end].inbox().unwrap());
    for inbox in &inboxes {
        inbox.vanished(FAR).unwrap();
    }
    for node in [&a.node, &b.node] {
        until(node, |peers| peers.iter().all(|peer| peer.state == PeerState::Disconnected)).await;
    }
    put(&here, "apart-a", 1).await;
    put(&there, "apart-b", 1).await;
    // One side sees the other, which suffices.
    inboxes[1].appeared(FAR).unwrap();
    converge([&a.node, &b.node]).await;
    assert!(has(&here, "apart-b").await && has(&there, "apart-a").await);

    // A sync that is started anew uses the same link.
    b.node.start_sync(over(&ends[1])).await.unwrap();
    put(&there, "anew", 1).await;
    converge([&a.node, &b.node]).await;
    assert!(has(&here, "anew").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_that_cannot_serve_are_refused() {
    let a = Site::new("a").await;
    let small = Arc::new(End { capacity: 1_199, far: OnceLock::new(), inbox: Mutex::default() });
    let refused = a.node.start_sync(over(&small)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidInput);
    assert!(refused.reason().contains("1199"), "{}", refused.reason());

    let nothing = SyncConfig { links: Vec::new(), ..over(&small) };
    let refused = a.node.start_sync(nothing).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidInput);
    assert!(!refused.remedy().is_empty());
}
