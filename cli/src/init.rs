//! `dunlin init`.

use std::{fs, path::Path};

use dunlin::{Config, Node};
use serde_json::json;

use crate::{args::Init, failure::Failure, out::Out};

/// Makes the directory a node.
pub(crate) async fn run(dir: &Path, json: bool, init: Init) -> Result<(), Failure> {
    let name = init.name.unwrap_or_else(host_name);
    let node = Node::create(dir, &name, init.kind.into(), Config::default()).await?;
    let device = node.device().clone();
    node.shutdown().await?;
    let mut out = Out::stdout(json);
    let (id, kind) = (device.id.to_string(), device.kind.as_str());
    out.item(
        json!({"device": id, "name": device.name, "kind": kind, "dir": dir.display().to_string()}),
        || format!("{} is now the node {:?} ({kind}), device {id}", dir.display(), device.name),
    )
    .await?;
    out.flush().await
}

/// What this machine calls itself.
fn host_name() -> String {
    let kernel = fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = kernel.or_else(|| std::env::var("HOSTNAME").ok()).unwrap_or_default();
    let name: String = name.trim().chars().filter(|c| !c.is_control()).take(32).collect();
    if name.is_empty() { "device".to_owned() } else { name }
}
