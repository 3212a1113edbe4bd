//! A LAN of network namespaces: hosts on one bridge, each with its own interfaces, so that
//! multicast, links that go down and addresses are the kernel's own and nothing of this machine's
//! network is touched.
//!
//! Needs root and the `ip` command. What is made here is removed when the [`Lan`] is dropped, on
//! panic too, and what a killed run left behind is removed by the next.

use std::{
    ffi::OsStr,
    fs::OpenOptions,
    io::{self, Write},
    net::{IpAddr, Ipv4Addr},
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

/// Names of namespaces begin so, followed by the process that made them.
const PREFIX: &str = "dunlin";

/// Hosts on one bridge. Host `n`, counted from 0, has the address `10.77.0.{n + 1}/24` on `eth0`.
#[derive(Debug)]
pub struct Lan {
    name: String,
    hosts: u8,
}

impl Lan {
    /// Builds a LAN. Where namespaces cannot be made it prints a line that says so and gives
    /// none; with `CI=true` that is a failure.
    ///
    /// # Panics
    /// With `CI=true`, when namespaces cannot be made.
    pub fn new(hosts: u8) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let lan = Self { name: format!("{PREFIX}-{}-{count}", std::process::id()), hosts };
        match lan.build() {
            Ok(()) => Some(lan),
            Err(reason) => {
                drop(lan);
                skip("a test across network namespaces", &reason);
                None
            }
        }
    }

    /// Prepares a program to run on a host.
    pub fn command(&self, host: u8, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace(host)]).arg(program);
        command
    }

    /// A host's address.
    pub fn address(&self, host: u8) -> IpAddr {
        assert!(host < self.hosts, "host {host} of {}", self.hosts);
        IpAddr::V4(Ipv4Addr::new(10, 77, 0, host + 1))
    }

    /// Pulls a host's cable out, or plugs it in: the host sees its interface lose the carrier.
    ///
    /// # Panics
    /// When the kernel refuses.
    pub fn set_link(&self, host: u8, up: bool) {
        let state = if up { "up" } else { "down" };
        let port = format!("port{host}");
        let switched = ip(&["-n", &self.hub(), "link", "set", &port, state]);
        assert_eq!(switched, Ok(()), "link of host {host} {state}");
    }

    fn namespace(&self, host: u8) -> String {
        assert!(host < self.hosts, "host {host} of {}", self.hosts);
        format!("{}-{host}", self.name)
    }

    fn hub(&self) -> String {
        format!("{}-hub", self.name)
    }

    fn build(&self) -> Result<(), String> {
        remove_leftovers()?;
        let hub = self.hub();
        ip(&["netns", "add", &hub])?;
        // Snooping forgets groups without a querier, and none is here.
        ip(&["-n", &hub, "link", "add", "bridge", "type", "bridge", "mcast_snooping", "0"])?;
        ip(&["-n", &hub, "link", "set", "bridge", "up"])?;
        for host in 0..self.hosts {
            let (namespace, port) = (self.namespace(host), format!("port{host}"));
            let address = format!("{}/24", self.address(host));
            ip(&["netns", "add", &namespace])?;
            ip(&[
                "-n", &hub, "link", "add", &port, "type", "veth", "peer", "name", "eth0", "netns",
                &namespace,
            ])?;
            ip(&["-n", &hub, "link", "set", &port, "master", "bridge", "up"])?;
            ip(&["-n", &namespace, "link", "set", "lo", "up"])?;
            ip(&["-n", &namespace, "address", "add", &address, "dev", "eth0"])?;
            ip(&["-n", &namespace, "link", "set", "eth0", "up"])?;
        }
        Ok(())
    }
}

impl Drop for Lan {
    fn drop(&mut self) {
        let hosts = (0..self.hosts).map(|host| self.namespace(host));
        for namespace in hosts.chain([self.hub()]) {
            remove(&namespace);
        }
    }
}

/// Lets a test end that cannot run on this machine, and says why.
///
/// # Panics
/// With `CI=true`, where everything must run.
pub fn skip(test: &str, reason: &str) {
    let is_ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
    assert!(!is_ci, "{test} is required with CI=true: {reason}");
    report_skip(&format!("{test}: {reason}"));
}

/// Says that a test did not run: to whoever watches, past the capture of the test harness, and to
/// the log in which the task runner collects such lines.
fn report_skip(what: &str) {
    let _ = writeln!(io::stderr(), "skipped: {what}");
    if let Some(log) = std::env::var_os("DUNLIN_SKIP_LOG") {
        let appended = OpenOptions::new().create(true).append(true).open(log);
        if let Err(error) = appended.and_then(|mut log| writeln!(log, "{what}")) {
            let _ = writeln!(io::stderr(), "the log of skipped tests: {error}");
        }
    }
}

/// Removes a namespace and what still runs in it.
fn remove(namespace: &str) {
    let running = Command::new("ip").args(["netns", "pids", namespace]).output();
    if let Ok(running) = running
        && running.status.success()
    {
        for process in String::from_utf8_lossy(&running.stdout).split_whitespace() {
            let kill = Command::new("kill").args(["-9", process]).stderr(Stdio::null()).status();
            if let Err(error) = kill {
                let _ = writeln!(io::stderr(), "process {process} stays: {error}");
            }
        }
    }
    // It is not there if building stopped early.
    let _ = ip(&["netns", "delete", namespace]);
}

/// Removes the namespaces of test processes that no longer exist.
fn remove_leftovers() -> Result<(), String> {
    let listed = Command::new("ip")
        .args(["netns", "list"])
        .output()
        .map_err(|error| format!("the ip command of iproute2 does not run: {error}"))?;
    for line in String::from_utf8_lossy(&listed.stdout).lines() {
        let namespace = line.split_whitespace().next().unwrap_or_default();
        let mut parts = namespace.split('-');
        if parts.next() == Some(PREFIX)
            && let Some(process) = parts.next().and_then(|part| part.parse::<u32>().ok())
            && !Path::new(&format!("/proc/{process}")).exists()
        {
            remove(namespace);
        }
    }
    Ok(())
}

fn ip(arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("ip").args(arguments).output();
    let output = output.map_err(|error| format!("the ip command does not run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(format!("ip {}: {said}", arguments.join(" ")))
}
