//! How the node stands, and who its peers are.

use dunlin::{Code, FullDocument, Measure, Node, PeerStatus, Refusal, SpaceStatus, Status};
use serde_json::{Value as Json, json};

use crate::{failure::Failure, human::table, out::Out};

pub(super) async fn status(node: &Node, out: &mut Out) -> Result<(), Failure> {
    let status = node.status().await?;
    out.item(describe(&status), || tell(&status)).await
}

pub(super) async fn peers(node: &Node, out: &mut Out) -> Result<(), Failure> {
    let peers = node.peers().await;
    if out.is_json() {
        for peer in &peers {
            out.json(describe_peer(peer)).await?;
        }
        return Ok(());
    }
    if peers.is_empty() {
        return out.text("nobody met yet; peers are looked for while `dunlin run` is up").await;
    }
    let lines: Vec<String> = peers.iter().map(tell_peer).collect();
    out.text(&lines.join("\n")).await
}

pub(super) fn describe_peer(peer: &PeerStatus) -> Json {
    json!({
        "device": peer.device.map(|device| device.to_string()),
        "name": peer.name,
        "state": peer.state.as_str(),
        "address": peer.address.to_string(),
        "settled": peer.settled,
        "in_sync": peer.in_sync,
        "spaces": peer.spaces.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "reason": peer.reason,
    })
}

pub(super) fn tell_peer(peer: &PeerStatus) -> String {
    let who = match (&peer.name, peer.device) {
        (Some(name), Some(device)) => format!("{name} ({})", device.short()),
        (None, Some(device)) => device.short(),
        (_, None) => "somebody".to_owned(),
    };
    let (state, address) = (peer.state.as_str(), peer.address);
    let sync = if peer.in_sync { ", in sync" } else { "" };
    let reason = peer.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{who} at {address}: {state}{sync}{reason}")
}

fn describe(status: &Status) -> Json {
    json!({
        "device": status.device.id.to_string(),
        "name": status.device.name,
        "kind": status.device.kind.as_str(),
        "listen": status.listen.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "spaces": status.spaces.iter().map(describe_space).collect::<Vec<_>>(),
        "peers": status.peers.iter().map(describe_peer).collect::<Vec<_>>(),
        "discovery": status.discovery,
        "refusals": status.refusals.iter().map(describe_refusal).collect::<Vec<_>>(),
    })
}

fn describe_space(space: &SpaceStatus) -> Json {
    json!({
        "id": space.id.to_string(),
        "name": space.name,
        "alias": space.alias,
        "role": space.role.map(|role| role.as_str()),
        "documents": space.documents,
        "digest": space.digest,
        "seq": space.seq,
        "in_sync": space.in_sync,
        "diverged": space.diverged.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "full": space.full.iter().map(|full| describe_full(space, full)).collect::<Vec<_>>(),
    })
}

fn describe_full(space: &SpaceStatus, full: &FullDocument) -> Json {
    let largest = full.largest.iter();
    json!({
        "document": full.document.to_string(),
        "peer": full.peer.to_string(),
        "by_us": full.by_us,
        "measure": full.measure.as_str(),
        "has": full.has,
        "needs": full.needs,
        "bound": full.bound,
        "largest": largest
            .map(|large| json!({"path": large.path.to_string(), "bytes": large.bytes}))
            .collect::<Vec<_>>(),
        "remedy": full.remedy(),
        "command": command(space, full),
    })
}

/// The command that makes room, if one does.
fn command(space: &SpaceStatus, full: &FullDocument) -> Option<String> {
    let name = space.alias.as_ref().unwrap_or(&space.name);
    let (collection, id) = (&full.document.collection, &full.document.key);
    match (full.measure, full.largest.first()) {
        (Measure::Bytes, Some(large)) => {
            let edit = json!([{"op": "remove", "path": large.path.to_string()}]);
            Some(format!("dunlin edit {name:?} {collection} {id} '{edit}'"))
        }
        (Measure::Bytes, None) => None,
        (Measure::Writers | Measure::Texts, _) => {
            Some(format!("dunlin refound {name:?} {collection} {id}"))
        }
    }
}

fn tell_full(space: &SpaceStatus, full: &FullDocument) -> Vec<String> {
    let FullDocument { document, measure, has, needs, bound, .. } = full;
    let (peer, what) = (full.peer.short(), measure.as_str());
    let place = if full.by_us { "here" } else { "there" };
    let mut lines = vec![format!(
        "no room in {}: {document} has {has} {what} {place} and would have {needs} with what {peer} \
         has, of at most {bound}",
        space.name
    )];
    let large = |large: &dunlin::Large| format!("  {} takes {} bytes", large.path, large.bytes);
    lines.extend(full.largest.iter().map(large));
    lines.push(format!("  {}", full.remedy()));
    lines.extend(command(space, full).map(|command| format!("  {command}")));
    lines
}

fn describe_refusal(refusal: &Refusal) -> Json {
    json!({
        "peer": refusal.peer.to_string(),
        "space": refusal.space.to_string(),
        "documents": refusal.documents.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "by_us": refusal.by_us,
        "code": Code::from(refusal.code).as_str(),
        "reason": refusal.code.to_string(),
    })
}

fn tell(status: &Status) -> String {
    let device = &status.device;
    let mut lines = vec![format!("{:?} ({}), device {}", device.name, device.kind, device.id)];
    lines.push(match status.listen.as_slice() {
        [] => "not syncing: `dunlin run` starts it".to_owned(),
        listen => {
            let listen: Vec<String> = listen.iter().map(ToString::to_string).collect();
            format!("listening on {}", listen.join(", "))
        }
    });
    if let Some(reason) = &status.discovery {
        lines.push(format!("cannot find anybody by mDNS: {reason}"));
    }
    if !status.spaces.is_empty() {
        let row = |space: &SpaceStatus| {
            let name = space.alias.clone().unwrap_or_else(|| space.name.clone());
            let role = space.role.map_or("no member", |role| role.as_str());
            let digest: String = space.digest.chars().take(16).collect();
            vec![name, role.to_owned(), space.documents.to_string(), digest, space.id.short()]
        };
        let rows: Vec<_> = status.spaces.iter().map(row).collect();
        let columns = ["space", "role", "documents", "digest", "id"];
        lines.push(format!("\n{}", table(&columns, &rows)));
    }
    for space in status.spaces.iter().filter(|space| !space.diverged.is_empty()) {
        let documents: Vec<String> = space.diverged.iter().map(ToString::to_string).collect();
        lines.push(format!("diverged in {}: {}", space.name, documents.join(", ")));
    }
    for space in &status.spaces {
        lines.extend(space.full.iter().flat_map(|full| tell_full(space, full)));
    }
    if !status.peers.is_empty() {
        lines.push(String::new());
        lines.extend(status.peers.iter().map(tell_peer));
    }
    for refusal in &status.refusals {
        let who = if refusal.by_us { "refused from" } else { "refused by" };
        lines.push(format!("{who} {}: {}", refusal.peer.short(), refusal.code));
    }
    lines.join("\n")
}
