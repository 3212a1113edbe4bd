//! A device that does nothing but find others: runs on a host of a [`dunlin_tests::netns::Lan`],
//! prints what happens to it, a line each, and does what its standard input says.
//!
//! `discovery-probe SEED [loopback]`, then on standard input `failed ADDRESS` (nobody answers there) or the
//! end of input (say goodbye and stop).

use std::{io::Write, net::SocketAddr, time::Duration};

use dunlin_net::{
    Carrier, Config, Connection, Endpoint,
    discovery::{Discovery, Event, Status},
};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};

type Failure = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let seed = std::env::args().nth(1).ok_or("a seed is needed")?.parse()?;
    let any: SocketAddr = "[::]:0".parse()?;
    let endpoint = Endpoint::bind(Config::new([seed; 32], Carrier::Udp(any)))?;
    say(format_args!("device {}", endpoint.device()))?;
    let mut discovery = Discovery::new(std::env::args().nth(2).as_deref() == Some("loopback"));
    discovery.start_mdns(endpoint.bound_addr().ok_or("no socket")?);

    let mut met = Vec::new();
    let mut commands = BufReader::new(stdin()).lines();
    loop {
        tokio::select! {
            event = discovery.next() => match event {
                Event::Found(hint) => {
                    say(format_args!("found {} {:?}", hint.name, hint.addrs))?;
                    match endpoint.connect_any(&hint.addrs, None).await {
                        Ok(connection) => met.push(meet(connection)?),
                        Err(error) => say(format_args!("failed {error}"))?,
                    }
                }
                Event::Lost(hint) => say(format_args!("lost {} {:?}", hint.name, hint.addrs))?,
                Event::Changed(_, Status::Active) => say(format_args!("active"))?,
                Event::Changed(_, status) => say(format_args!("{status:?}"))?,
                _ => {}
            },
            connection = endpoint.accept() => met.push(meet(connection.ok_or("no socket")?)?),
            command = commands.next_line() => match command?.as_deref() {
                Some(command) => match command.split_once(' ') {
                    Some(("failed", address)) => discovery.dial_failed(address.parse()?),
                    _ => return Err(format!("unknown command {command:?}").into()),
                },
                None => break,
            },
        }
    }
    discovery.stop().await;
    let _ = tokio::time::timeout(Duration::from_secs(5), endpoint.close(0, "goodbye")).await;
    say(format_args!("stopped"))
}

/// Keeps a connection; the peer's device id goes to the test.
fn meet(connection: Connection) -> Result<Connection, Failure> {
    say(format_args!("met {} {}", connection.peer(), connection.remote_addr()))?;
    Ok(connection)
}

fn say(line: std::fmt::Arguments<'_>) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
