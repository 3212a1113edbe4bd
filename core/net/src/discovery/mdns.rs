//! Multicast DNS: `_dunlin._udp.local.`

use std::{
    collections::BTreeSet,
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6},
    time::Duration,
};

use mdns_sd::{
    DaemonEvent, IfKind, Receiver, ResolvedService, ScopedIp, ServiceDaemon, ServiceEvent,
    ServiceInfo,
};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::{
    task::AbortHandle,
    time::{sleep, timeout},
};

use super::{Sink, Status};

const SERVICE: &str = "_dunlin._udp.local.";
const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
/// The TXT record: version of what the announcement says, not of the protocol behind it.
const VERSION: (&str, &str) = ("v", "1");
/// Pause before listening again after the daemon has dropped us as too slow.
const BROWSE_AGAIN: Duration = Duration::from_secs(1);
/// How long a peer has to confirm an announcement that led nowhere (RFC 6762, section 10.4).
const VERIFY_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for the goodbye to leave: with and without an executor to wait on.
const STOP_TIMEOUT: Duration = Duration::from_millis(500);
const DROP_TIMEOUT: Duration = Duration::from_millis(100);

/// A running announcement and browse; dropping it says goodbye.
pub(super) struct Mdns {
    task: AbortHandle,
    daemon: Option<ServiceDaemon>,
}

impl Mdns {
    /// Never fails: what goes wrong is the source's status.
    pub(super) fn start(bound: SocketAddr, loopback: bool, sink: Sink) -> Self {
        let name = random_name();
        let opened =
            name.and_then(|name| open(bound, loopback, &name).map(|daemon| (name, daemon)));
        let (daemon, reason) = match opened {
            Ok((name, daemon)) => {
                let own = format!("{name}.{SERVICE}");
                let task = tokio::spawn(run(daemon.clone(), own, loopback, sink)).abort_handle();
                return Self { task, daemon: Some(daemon) };
            }
            Err(error) => (None, format!("multicast DNS does not start: {error}")),
        };
        let report = async move { sink.status(Status::Unavailable { reason }).await };
        Self { task: tokio::spawn(report).abort_handle(), daemon }
    }

    /// Asks the network whether an announcement still holds.
    pub(super) fn verify(&self, name: &str) {
        if let Some(daemon) = &self.daemon
            && let Err(error) = daemon.verify(name.to_owned(), VERIFY_TIMEOUT)
        {
            tracing::debug!(%error, "an announcement cannot be verified");
        }
    }

    /// Says goodbye and waits until it is said.
    pub(super) async fn stop(mut self) {
        self.task.abort();
        if let Some(done) = self.daemon.take().and_then(|daemon| daemon.shutdown().ok()) {
            // The daemon answers, or it is gone; either way it is over.
            let _ = timeout(STOP_TIMEOUT, done.recv_async()).await;
        }
    }
}

impl fmt::Debug for Mdns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mdns").field("runs", &self.daemon.is_some()).finish()
    }
}

impl Drop for Mdns {
    fn drop(&mut self) {
        self.task.abort();
        if let Some(done) = self.daemon.take().and_then(|daemon| daemon.shutdown().ok()) {
            // The process may end right after this; the daemon's thread needs its moment.
            let _ = done.recv_timeout(DROP_TIMEOUT);
        }
    }
}

/// 64 bits from the operating system: names this announcement and nothing else.
fn random_name() -> Result<String, mdns_sd::Error> {
    let bits = getrandom::u64().map_err(|error| mdns_sd::Error::Msg(error.to_string()))?;
    Ok(format!("{bits:016x}"))
}

fn open(bound: SocketAddr, loopback: bool, name: &str) -> Result<ServiceDaemon, mdns_sd::Error> {
    let daemon = ServiceDaemon::new()?;
    if !loopback {
        daemon.disable_interface(vec![IfKind::LoopbackV4, IfKind::LoopbackV6])?;
    }
    let host = format!("{name}.local.");
    let properties = [VERSION];
    let own = |addresses: &[IpAddr]| {
        ServiceInfo::new(SERVICE, name, &host, addresses, bound.port(), &properties[..])
    };
    let info = match bound {
        _ if !bound.ip().is_unspecified() => own(&[bound.ip()])?,
        SocketAddr::V6(_) => own(&[])?.enable_addr_auto(),
        SocketAddr::V4(_) => {
            let mut info = own(&[])?.enable_addr_auto();
            info.set_interfaces(vec![IfKind::IPv4]);
            info
        }
    };
    daemon.register(info)?;
    Ok(daemon)
}

/// Passes on what the network announces, until aborted or the daemon ends.
async fn run(daemon: ServiceDaemon, own: String, loopback: bool, sink: Sink) {
    while let (Ok(events), Ok(changes)) = (daemon.browse(SERVICE), daemon.monitor()) {
        sink.status(multicast(loopback)).await;
        let known = listen(&events, &changes, &own, loopback, &sink).await;
        // The daemon has dropped us as too slow. What it says from its cache when asked anew
        // holds; what was withdrawn in between it will not mention.
        sleep(BROWSE_AGAIN).await;
        for name in known {
            sink.lost(name).await;
        }
    }
    let reason = "the multicast DNS thread has ended".to_owned();
    sink.status(Status::Unavailable { reason }).await;
}

/// Passes on what one subscription brings, until it ends; gives the names that are announced.
async fn listen(
    events: &Receiver<ServiceEvent>,
    changes: &Receiver<DaemonEvent>,
    own: &str,
    loopback: bool,
    sink: &Sink,
) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    loop {
        tokio::select! {
            biased;
            change = changes.recv_async() => match change {
                Ok(DaemonEvent::IpAdd(_) | DaemonEvent::IpDel(_)) => {
                    sink.status(multicast(loopback)).await;
                }
                Ok(_) => {}
                Err(_) => return known,
            },
            event = events.recv_async() => match event {
                Ok(ServiceEvent::ServiceResolved(service))
                    if service.fullname != own && speaks_our_version(&service) =>
                {
                    known.insert(service.fullname.clone());
                    sink.found(service.fullname.clone(), addresses(&service)).await;
                }
                Ok(ServiceEvent::ServiceRemoved(_, name)) => {
                    known.remove(&name);
                    sink.lost(name).await;
                }
                Ok(_) => {}
                Err(_) => return known,
            },
        }
    }
}

fn speaks_our_version(service: &ResolvedService) -> bool {
    service.get_property_val_str(VERSION.0) == Some(VERSION.1)
}

/// Addresses of a service, routable ones first, each in one order however they arrived.
fn addresses(service: &ResolvedService) -> Vec<SocketAddr> {
    let mut addresses: Vec<SocketAddr> = service
        .addresses
        .iter()
        .filter_map(|ip| match ip {
            ScopedIp::V4(v4) => Some(SocketAddr::from((*v4.addr(), service.port))),
            ScopedIp::V6(v6) => {
                let link_local = v6.addr().is_unicast_link_local();
                let scope = if link_local { v6.scope_id().index } else { 0 };
                Some(SocketAddrV6::new(*v6.addr(), service.port, 0, scope).into())
            }
            _ => None,
        })
        .collect();
    addresses.sort_unstable_by_key(|address| (is_link_local(address), *address));
    addresses
}

fn is_link_local(address: &SocketAddr) -> bool {
    match address.ip() {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

/// Whether this host can take part in multicast DNS at present. The daemon itself is silent
/// about it, so the group is joined once on the side.
fn multicast(loopback: bool) -> Status {
    let unavailable = |reason: String| Status::Unavailable { reason };
    let interfaces = match if_addrs::get_if_addrs() {
        Ok(interfaces) => interfaces,
        Err(error) => {
            return unavailable(format!("the network interfaces cannot be read: {error}"));
        }
    };
    let mut failure = None;
    for interface in interfaces {
        if !interface.is_oper_up() || interface.is_loopback() && !loopback {
            continue;
        }
        match join(interface.ip(), interface.index) {
            Ok(()) => return Status::Active,
            Err(error) => failure = Some((interface.name, error)),
        }
    }
    match failure {
        Some((name, error)) => unavailable(format!("multicast does not work on {name}: {error}")),
        None => unavailable("no network interface is up".to_owned()),
    }
}

fn join(ip: IpAddr, index: Option<u32>) -> std::io::Result<()> {
    let domain = if ip.is_ipv4() { Domain::IPV4 } else { Domain::IPV6 };
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    match ip {
        IpAddr::V4(v4) => socket.join_multicast_v4(&GROUP, &v4),
        IpAddr::V6(_) => {
            let group = "ff02::fb".parse().map_err(std::io::Error::other)?;
            socket.join_multicast_v6(&group, index.unwrap_or_default())
        }
    }
}
