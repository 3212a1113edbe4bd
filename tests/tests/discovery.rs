//! Multicast DNS between processes in network namespaces of their own.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::{Duration, Instant},
};

use dunlin_tests::netns::Lan;

/// An event that takes longer will not come: links are looked at every five seconds.
const DEADLINE: Duration = Duration::from_secs(40);

/// A running probe and what it says; killed when dropped.
struct Probe {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    device: String,
}

impl Probe {
    fn start(lan: &Lan, host: u8, seed: u8) -> Self {
        Self::start_with(lan, host, &[&seed.to_string()])
    }

    fn start_with(lan: &Lan, host: u8, arguments: &[&str]) -> Self {
        let mut child = lan
            .command(host, env!("CARGO_BIN_EXE_discovery-probe"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut probe = Self { child, input, lines, device: String::new() };
        probe.device = probe.wait("device ");
        probe
    }

    /// Waits for a line that begins so; gives the rest of it.
    fn wait(&self, beginning: &str) -> String {
        let end = Instant::now() + DEADLINE;
        let mut before = Vec::new();
        loop {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => match line.strip_prefix(beginning) {
                    Some(rest) => return rest.to_owned(),
                    None => before.push(line),
                },
                Err(RecvTimeoutError::Timeout) => panic!("no {beginning:?} after {before:#?}"),
                Err(RecvTimeoutError::Disconnected) => panic!("it ended after {before:#?}"),
            }
        }
    }

    /// Waits until a peer is found at this address too; addresses come in as they are resolved.
    fn wait_found(&self, address: &str) -> String {
        let is_here = |found: &String| found.contains(address);
        std::iter::repeat_with(|| self.wait("found ")).find(is_here).unwrap()
    }

    fn tell(&mut self, command: &str) {
        writeln!(self.input.as_mut().unwrap(), "{command}").unwrap();
    }

    fn stop(mut self) {
        self.input = None;
        self.wait("stopped");
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        // It has ended already in the good case.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn two_devices_find_each_other_and_hear_a_goodbye() {
    let Some(lan) = Lan::new(2) else { return };
    let here = Probe::start(&lan, 0, 1);
    let there = Probe::start(&lan, 1, 2);

    let found = there.wait_found(&lan.address(0).to_string());
    let name = found.split(' ').next().unwrap();
    assert!(!found.contains("127.0.0.1"), "{found}");
    assert!(here.wait("met ").starts_with(&there.device));
    assert!(there.wait("met ").starts_with(&here.device));

    here.stop();
    assert!(there.wait("lost ").starts_with(name));
    there.stop();
}

#[test]
fn a_device_that_was_killed_is_lost_once_a_call_has_failed() {
    let Some(lan) = Lan::new(2) else { return };
    let here = Probe::start(&lan, 0, 1);
    let mut there = Probe::start(&lan, 1, 2);
    let found = there.wait("found ");
    there.wait("met ");
    let (name, addresses) = found.split_once(' ').unwrap();
    let address = addresses.trim_matches(['[', ']']).split(", ").next().unwrap();

    // No goodbye is sent; the announcement would stay for more than an hour.
    drop(here);
    there.tell(&format!("failed {address}"));
    assert!(there.wait("lost ").starts_with(name));
}

#[test]
fn a_link_that_goes_down_is_a_status_and_discovery_works_again_after_it() {
    let Some(lan) = Lan::new(2) else { return };
    let here = Probe::start(&lan, 0, 1);
    here.wait("active");
    lan.set_link(0, false);
    assert!(here.wait("Unavailable").contains("no network interface is up"));

    let there = Probe::start(&lan, 1, 2);
    lan.set_link(0, true);
    here.wait("active");
    let address = lan.address(1).to_string();
    here.wait_found(&address);
    assert!(there.wait("met ").starts_with(&here.device));
}

#[test]
fn processes_of_a_host_without_a_network_find_each_other_if_asked_to() {
    let Some(lan) = Lan::new(1) else { return };
    lan.set_link(0, false);
    let here = Probe::start_with(&lan, 0, &["1", "loopback"]);
    let there = Probe::start_with(&lan, 0, &["2", "loopback"]);
    assert!(there.wait("met ").starts_with(&here.device));
    assert!(here.wait("met ").starts_with(&there.device));
}
