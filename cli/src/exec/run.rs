//! `run`: stays up, syncs, and tells what happens with peers.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use dunlin::{Carrier, Code, Error, Node, PeerStatus, SyncConfig};
use serde_json::json;
use tokio::{net::lookup_host, time::sleep};

use super::status::{describe_peer, tell_peer};
use crate::{args::Run, failure::Failure, host::Host, out::Out};

/// Peers that edit are in sync and out of it again many times a second; nobody reads that fast.
const CALM: Duration = Duration::from_millis(200);

pub(super) async fn run(host: &Host, run: &Run, out: &mut Out) -> Result<(), Failure> {
    let Ok(_syncing) = host.syncing.try_lock() else {
        return Err(Failure::Refused(Error::new(
            Code::AlreadyOpen,
            "this node syncs already: another `dunlin run` is up on the same directory",
            "end that one first, or give another --dir",
        )));
    };
    let mut config = SyncConfig { mdns: !run.no_mdns, ..SyncConfig::default() };
    if let Some(listen) = run.listen {
        config.carrier = Carrier::Udp(listen);
    }
    for peer in &run.peers {
        config.peers.extend(resolve(peer).await?);
    }
    host.node.start_sync(config).await?;
    let _stop = StopOnDrop(&host.node);

    announce(&host.node, out).await?;
    let mut shown = BTreeMap::new();
    let mut discovery = None;
    let mut watch = host.node.watch_peers();
    while let Some(peers) = watch.next().await {
        let now = host.node.discovery_problem().await;
        if let Some(reason) = now.as_ref().filter(|reason| discovery.as_ref() != Some(*reason)) {
            out.item(json!({"discovery": reason}), || {
                format!("cannot find anybody by mDNS: {reason}; --peer ADDR still works")
            })
            .await?;
        }
        discovery = now;
        for peer in peers {
            let key = (peer.device, peer.device.is_none().then_some(peer.address));
            if shown.get(&key).is_some_and(|before| !is_news(before, &peer)) {
                continue;
            }
            out.item(json!({"peer": describe_peer(&peer)}), || tell_peer(&peer)).await?;
            shown.insert(key, peer);
        }
        out.flush().await?;
        sleep(CALM).await;
    }
    Err(Failure::node_stopped())
}

async fn announce(node: &Node, out: &mut Out) -> Result<(), Failure> {
    let status = node.status().await?;
    let listen: Vec<String> = status.listen.iter().map(ToString::to_string).collect();
    let json = json!({"device": status.device.id.to_string(), "listen": listen});
    out.item(json, || {
        let spaces = match status.spaces.len() {
            0 => "no space yet: `dunlin join TICKET` in another terminal",
            _ => "Ctrl-C ends it",
        };
        format!("{:?} syncs, listening on {}; {spaces}", status.device.name, listen.join(", "))
    })
    .await?;
    out.flush().await
}

/// Whether a person would want to hear of it.
fn is_news(before: &PeerStatus, now: &PeerStatus) -> bool {
    before.state != now.state || before.in_sync != now.in_sync || before.reason != now.reason
}

async fn resolve(peer: &str) -> Result<Vec<SocketAddr>, Failure> {
    let unknown = |why: String| {
        Failure::Refused(Error::new(
            Code::Network,
            format!("there is no address for the peer {peer:?}: {why}"),
            "give HOST:PORT, such as 192.0.2.7:4433; the peer's `dunlin status` prints it",
        ))
    };
    let found: Vec<SocketAddr> =
        lookup_host(peer).await.map_err(|error| unknown(error.to_string()))?.collect();
    if found.is_empty() { Err(unknown("the name has none".to_owned())) } else { Ok(found) }
}

/// Ends the sync with the command, also when its client went away.
struct StopOnDrop<'a>(&'a Node);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        let node = self.0.clone();
        tokio::spawn(async move { node.stop_sync().await });
    }
}
