//! The demo tells the truth and leaves nothing behind.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use crate::node::Running;

fn demo(temporary: &Path) -> Running {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dunlin"));
    command
        .args(["demo", "--json"])
        .env("TMPDIR", temporary)
        .env_remove("DUNLIN_DIR")
        .env_remove("DUNLIN_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Running::new(command)
}

fn is_empty(dir: &Path) -> bool {
    fs::read_dir(dir).unwrap().next().is_none()
}

#[test]
fn the_demo_converges_shows_who_lost_and_leaves_nothing_behind() {
    let temporary = tempfile::tempdir().unwrap();
    let mut demo = demo(temporary.path());
    let (mut converged, mut documents, mut loser) = (0, None, None);
    loop {
        let told = demo.next();
        match told["step"].as_str().unwrap() {
            "load" => documents = told["documents"].as_u64(),
            "converge" => {
                assert_eq!(told["digests"][0], told["digests"][1]);
                converged += 1;
            }
            "conflict" => loser = told["loser"].as_str().map(str::to_owned),
            "done" => break,
            _ => {}
        }
    }
    assert_eq!(demo.wait(), Some(0));
    assert_eq!((converged, documents, loser.as_deref()), (2, Some(1_707), Some("ann")));
    assert!(is_empty(temporary.path()));
}

#[test]
fn an_interrupted_demo_leaves_nothing_behind_either() {
    let temporary = tempfile::tempdir().unwrap();
    let mut demo = demo(temporary.path());
    while demo.next()["step"] != "load" {}
    demo.signal("INT");
    assert_eq!(demo.wait(), Some(1));
    assert!(demo.stderr().contains("interrupted"));
    assert!(is_empty(temporary.path()));
}
