//! The change feed.

use dunlin::{Event, Node, rfc3339};
use serde_json::{Value as Json, json};

use crate::{
    args::{Ack, Watch},
    failure::Failure,
    out::Out,
};

pub(super) async fn watch(node: &Node, watch: &Watch, out: &mut Out) -> Result<(), Failure> {
    let space = node.space(&watch.space)?;
    let mut feed = match &watch.consumer {
        Some(consumer) => space.changes(consumer).await?,
        None => space.changes_after(None),
    };
    while let Some(events) = feed.next().await? {
        for event in &events {
            out.item(describe(event), || tell(event)).await?;
        }
        match events.last() {
            Some(last) if watch.ack => {
                out.deliver().await?;
                feed.acknowledge(last.seq).await?;
            }
            _ => out.flush().await?,
        }
    }
    Err(Failure::node_stopped())
}

pub(super) async fn acknowledge(node: &Node, ack: &Ack) -> Result<(), Failure> {
    Ok(node.space(&ack.space)?.acknowledge(&ack.consumer, ack.seq).await?)
}

fn describe(event: &Event) -> Json {
    json!({
        "seq": event.seq,
        "collection": event.doc.collection.as_str(),
        "id": event.doc.key.as_str(),
        "paths": event.paths,
        "device": event.device.to_string(),
        "kind": event.kind.as_str(),
        "origin": event.origin.as_str(),
        "time": rfc3339(event.time_ms),
    })
}

fn tell(event: &Event) -> String {
    let from = match event.origin {
        dunlin::Origin::Local => "here".to_owned(),
        dunlin::Origin::Remote => format!("from {} {}", event.kind, event.device.short()),
    };
    let paths = match event.paths.as_slice() {
        [] => String::new(),
        paths => format!("  {}", paths.join(" ")),
    };
    format!("{}  {}  {}  {from}{paths}", event.seq, rfc3339(event.time_ms), event.doc)
}
