//! Two nodes over a link that only knows this surface, as a foreign one would.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::{
    sync::{Arc, Mutex, OnceLock, Weak},
    time::Duration,
};

use dunlin_ffi::{
    Config, DeviceKind, DunlinError, Durability, ErrorCode, Invitation, LinkInbox, Node,
    PacketLink, Role, SyncConfig,
};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

const DEADLINE: Duration = Duration::from_secs(120);
const FAR: &str = "far end";

/// One end of a wire.
struct End {
    capacity: Result<u32, DunlinError>,
    far: OnceLock<Weak<End>>,
    inbox: Mutex<Option<Arc<LinkInbox>>>,
}

impl End {
    fn new(capacity: Result<u32, DunlinError>) -> Arc<Self> {
        Arc::new(Self { capacity, far: OnceLock::new(), inbox: Mutex::default() })
    }
}

impl PacketLink for End {
    fn max_packet_bytes(&self) -> Result<u32, DunlinError> {
        self.capacity.clone()
    }

    fn start(&self, inbox: Arc<LinkInbox>) -> Result<(), DunlinError> {
        inbox.appeared(FAR.to_owned())?;
        *self.inbox.lock().unwrap() = Some(inbox);
        Ok(())
    }

    fn send(&self, peer: String, packet: Vec<u8>) -> Result<(), DunlinError> {
        let far = self.far.get().and_then(Weak::upgrade).filter(|_| peer == FAR);
        let inbox = far.and_then(|far| far.inbox.lock().unwrap().clone());
        inbox.map_or(Ok(()), |inbox| inbox.received(FAR.to_owned(), packet))
    }

    fn stop(&self) -> Result<(), DunlinError> {
        *self.inbox.lock().unwrap() = None;
        Ok(())
    }
}

async fn node(dir: &TempDir, name: &str) -> Arc<Node> {
    let directory = dir.path().to_str().unwrap().to_owned();
    let durability = Durability::Relaxed;
    let config =
        Config { directory, durability, lock_wait_ms: None, open_documents: None, sealer: None };
    Node::create(config, name.to_owned(), DeviceKind::Human).await.unwrap()
}

fn over(end: &Arc<End>) -> SyncConfig {
    // It listens, but nobody knows where.
    let listen = Some("127.0.0.1:0".to_owned());
    let links: Vec<Arc<dyn PacketLink>> = vec![end.clone()];
    SyncConfig { listen, peers: Vec::new(), mdns: false, discovery: None, links }
}

#[tokio::test]
async fn a_link_of_the_app_carries_the_sync_of_two_nodes() {
    let dirs = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    let (a, b) = (node(&dirs[0], "a").await, node(&dirs[1], "b").await);
    let ends = [(); 2].map(|()| End::new(Ok(1_200)));
    ends[0].far.set(Arc::downgrade(&ends[1])).ok().unwrap();
    ends[1].far.set(Arc::downgrade(&ends[0])).ok().unwrap();

    let space = a.create_space("farm".to_owned()).await.unwrap();
    let invitation = Invitation { role: Role::Writer, uses: 1, expires_in_ms: None };
    let ticket = space.invite(invitation).await.unwrap();
    b.join(ticket, None).await.unwrap();
    a.start_sync(over(&ends[0])).await.unwrap();
    b.start_sync(over(&ends[1])).await.unwrap();

    let meeting = async {
        while !a.status().await.unwrap().spaces[0].in_sync {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(DEADLINE, meeting).await.expect("they meet");
    let peers = a.peers().await.unwrap();
    assert!(peers.iter().all(|peer| peer.address.starts_with("240.")), "{peers:?}");

    let inbox = ends[0].inbox.lock().unwrap().clone().unwrap();
    let refused = |result: Result<(), DunlinError>| match result.unwrap_err() {
        DunlinError::Refused { code, remedy, .. } => (code, !remedy.is_empty()),
    };
    let improper = (ErrorCode::InvalidInput, true);
    assert_eq!(refused(inbox.received(FAR.to_owned(), vec![0; 1_473])), improper);
    assert_eq!(refused(inbox.appeared("n".repeat(65))), improper);
    assert_eq!(refused(inbox.vanished(String::new())), improper);
    for node in [a, b] {
        node.shutdown().await.unwrap();
    }
    assert!(ends.iter().all(|end| end.inbox.lock().unwrap().is_none()), "a link runs on");
}

#[tokio::test]
async fn a_link_that_cannot_serve_is_refused_with_its_reason() {
    let dir = TempDir::new().unwrap();
    let node = node(&dir, "a").await;
    let small = node.start_sync(over(&End::new(Ok(1_199)))).await.unwrap_err();
    let DunlinError::Refused { code, reason, .. } = small;
    assert_eq!(code, ErrorCode::InvalidInput);
    assert!(reason.contains("1199"), "{reason}");

    let thrown = uniffi::UnexpectedUniFFICallbackError::new("Bluetooth is off");
    let broken = node.start_sync(over(&End::new(Err(thrown.into())))).await.unwrap_err();
    let DunlinError::Refused { code, reason, .. } = broken;
    assert_eq!(code, ErrorCode::Network);
    assert!(reason.contains("Bluetooth is off"), "{reason}");
}
