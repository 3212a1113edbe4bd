//! What devices are about at the moment.

use dunlin::{Code, Error, JsonText, Node, Presence as Present, Space};
use serde_json::{Value as Json, json};

use crate::{args::Presence, failure::Failure, out::Out};

pub(super) async fn presence(
    node: &Node,
    presence: &Presence,
    out: &mut Out,
) -> Result<(), Failure> {
    let space = node.space(&presence.space)?;
    if let Some(state) = &presence.set {
        let state = JsonText::new(state, "the presence").json()?;
        return say(node, &space, &state, presence).await;
    }
    if presence.clear {
        return Ok(space.clear_presence()?);
    }
    if presence.watch {
        return watch(&space, out).await;
    }
    for present in space.presence() {
        out.item(describe(&present), || tell(&present)).await?;
    }
    Ok(())
}

async fn say(node: &Node, space: &Space, state: &Json, said: &Presence) -> Result<(), Failure> {
    if node.status().await?.listen.is_empty() {
        let reason = "this node does not sync, so nobody would hear what it is about";
        return Err(Error::new(Code::Network, reason, "keep `dunlin run` up on this DIR").into());
    }
    Ok(space.set_presence(state, said.holds)?)
}

async fn watch(space: &Space, out: &mut Out) -> Result<(), Failure> {
    let mut watch = space.watch_presence();
    while let Some(present) = watch.next().await {
        let objects: Json = present.iter().map(describe).collect();
        let lines = || match present.as_slice() {
            [] => "nobody says anything".to_owned(),
            present => present.iter().map(tell).collect::<Vec<_>>().join("\n"),
        };
        out.item(json!({"presence": objects}), lines).await?;
        out.flush().await?;
    }
    Err(Failure::node_stopped())
}

fn describe(present: &Present) -> Json {
    json!({
        "device": present.device.to_string(),
        "name": present.name,
        "kind": present.kind.as_str(),
        "state": present.state,
    })
}

fn tell(present: &Present) -> String {
    format!("{} ({}): {}", present.name, present.device.short(), present.state)
}
