//! Row 19: what a peer that takes nothing costs while this node edits on.

use std::{collections::BTreeMap, env, net::SocketAddr, path::Path, process::Stdio};

use dunlin::{Durability, ListKeys, Value};
use tempfile::tempdir;
use tokio::process::Command;

use super::{
    Setting,
    documents::{BATCH, fill, resident_bytes},
};
use crate::{
    Result,
    measure::Sample,
    product::Product,
    relay::Relay,
    table::{Bar, Outcome},
    task::{EDITED, Task},
};

/// Edits that the peer does not take, and the documents that they go round.
const EDITS: usize = 100_000;
const DOCUMENTS: usize = 2_000;
/// Edits before memory is first measured, so that caches are full.
const WARM_UP: usize = 10_000;

/// Row 19.
pub(super) fn memory(setting: &Setting) -> Result<Vec<Outcome>> {
    let mut grown = Vec::new();
    for _ in 0..setting.runs {
        let alone = setting.runtime.block_on(edit_in_child(false))?;
        let with_peer = setting.runtime.block_on(edit_in_child(true))?;
        grown.push((with_peer - alone).max(0.0) / 1e3);
    }
    Ok(vec![Outcome {
        row: 19,
        what: "memory a slow peer, 100,000 edits queued".to_owned(),
        unit: "kB",
        floor: None,
        ours: Sample::new(grown),
        must: Bar::AtMost(1_000.0),
        goal: Bar::AtMost(64.0),
    }])
}

/// Bytes by which a process grew while it edited, alone or with a peer behind a cut.
async fn edit_in_child(with_peer: bool) -> Result<f64> {
    let dir = tempdir()?;
    let node = dir.path().join("node");
    let product = Product::create(&node, Durability::Relaxed).await?;
    fill(&product, &Task::many(DOCUMENTS)).await?;
    let peer = product.join(&dir.path().join("peer"), Durability::Relaxed).await?;
    product.close().await?;
    let relay = Relay::start(peer.listen().await?).await?;

    let mut command = Command::new(env::current_exe()?);
    command.args(["--child", "edit"]).arg(&node).stdin(Stdio::piped()).stdout(Stdio::piped());
    if with_peer {
        command.arg(relay.address().to_string());
    }
    let mut child = command.spawn()?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let (mut stdin, stdout) = (stdin.ok_or("no stdin")?, stdout.ok_or("no stdout")?);
    let mut lines = tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(stdout));
    lines.next_line().await?.ok_or("the child failed to get in sync")?;
    relay.cut();
    tokio::io::AsyncWriteExt::write_all(&mut stdin, b"cut\n").await?;
    let line = lines.next_line().await?.ok_or("the child failed to edit")?;
    child.wait().await?;
    peer.close().await?;
    Ok(line.parse()?)
}

/// What that process does: gets in sync, waits for the cut, edits, prints how much it grew.
pub(crate) async fn edit_child(dir: &Path, peer: Option<SocketAddr>) -> Result<()> {
    let product = Product::open(dir, Durability::Relaxed).await?;
    if let Some(peer) = peer {
        product.dial(peer).await?;
        product.until_in_sync().await?;
    }
    edit(&product, 0, WARM_UP).await?;
    if peer.is_some() {
        product.until_in_sync().await?;
    }
    println!("ready");
    std::io::stdin().read_line(&mut String::new())?;
    let before = resident_bytes()?;
    edit(&product, WARM_UP, EDITS).await?;
    println!("{}", resident_bytes()? as f64 - before as f64);
    Ok(())
}

/// Edits documents in turn, a commit for every hundred, so that the disk is not what takes long.
async fn edit(product: &Product, first: usize, count: usize) -> Result<()> {
    let tasks = product.tasks()?;
    let ids: Vec<_> =
        (0..DOCUMENTS).map(|number| Ok(Task::new(number).patch()?.0)).collect::<Result<_>>()?;
    for batch in (first..first + count).step_by(BATCH) {
        let patch = |edit: usize| {
            let minutes = BTreeMap::from([(EDITED.to_owned(), Value::Int(edit as i64))]);
            (ids[edit % DOCUMENTS].clone(), Value::Object(minutes))
        };
        for put in tasks.put_many((batch..batch + BATCH).map(patch), ListKeys::default()).await? {
            put?;
        }
    }
    Ok(())
}
