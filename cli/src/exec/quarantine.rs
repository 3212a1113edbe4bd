//! What peers sent that was refused.

use dunlin::{Node, Quarantined, rfc3339};
use serde_json::json;

use crate::{args::Quarantine, failure::Failure, human::table, out::Out};

pub(super) async fn quarantine(
    node: &Node,
    quarantine: &Quarantine,
    out: &mut Out,
) -> Result<(), Failure> {
    let space = node.space(&quarantine.space)?;
    if quarantine.empty {
        let forgotten = space.empty_quarantine().await?;
        return out
            .item(json!({ "forgotten": forgotten }), || format!("{forgotten} forgotten"))
            .await;
    }
    let quarantined = space.quarantined().await?;
    if out.is_json() {
        for Quarantined { document, peer, reason, size, time_ms, .. } in quarantined {
            out.json(json!({
                "document": document,
                "peer": peer.to_string(),
                "reason": reason,
                "bytes": size,
                "time": rfc3339(time_ms),
            }))
            .await?;
        }
        return Ok(());
    }
    if quarantined.is_empty() {
        return out.text("nothing is in quarantine").await;
    }
    let row = |it: Quarantined| {
        let (peer, bytes) = (it.peer.short().to_string(), it.size.to_string());
        vec![it.document, peer, rfc3339(it.time_ms), bytes, it.reason]
    };
    let rows: Vec<_> = quarantined.into_iter().map(row).collect();
    out.text(&table(&["document", "peer", "time", "bytes", "reason"], &rows)).await
}
