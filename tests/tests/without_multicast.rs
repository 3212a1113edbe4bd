//! The demo on a host whose network carries no multicast, as many guest networks do.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::process::{Command, Stdio};

use dunlin_tests::{
    netns::{Lan, skip},
    program::dunlin,
};
use serde_json::Value as Json;

/// Drops whatever mDNS sends (RFC 6762, section 3: UDP port 5353).
const RULES: [&str; 3] = [
    "add table inet filter",
    "add chain inet filter out { type filter hook output priority 0; }",
    "add rule inet filter out udp dport 5353 drop",
];

#[test]
fn the_demo_says_that_multicast_is_not_available_and_converges_by_a_static_address() {
    let Some(lan) = Lan::new(1) else { return };
    if let Err(error) = Command::new("nft").arg("--version").output() {
        return skip("the demo without multicast", &format!("nft does not run: {error}"));
    }
    for rule in RULES {
        let done = lan.command(0, "nft").arg(rule).output().unwrap();
        assert!(done.status.success(), "{rule}: {}", String::from_utf8_lossy(&done.stderr));
    }
    let temporary = tempfile::tempdir().unwrap();
    let output = lan
        .command(0, dunlin())
        .args(["demo", "--json"])
        .env("TMPDIR", temporary.path())
        .env_remove("DUNLIN_DIR")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let steps: Vec<Json> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |step: &str| steps.iter().filter(|told| told["step"] == step).collect::<Vec<_>>();
    let found = of("find");
    assert_eq!((found.len(), &found[0]["by"]), (1, &Json::from("static")), "{said}");
    assert!(found[0]["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{said}");
    for converged in of("converge") {
        assert_eq!(converged["digests"][0], converged["digests"][1]);
    }
    assert_eq!((of("converge").len(), of("done").len()), (2, 1), "{said}");
    assert_eq!(temporary.path().read_dir().unwrap().count(), 0);
}
