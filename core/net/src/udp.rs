//! The UDP socket: dual-stack where the host can, IPv4 where it cannot.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
};

use socket2::{Domain, Protocol, Socket, Type};

use crate::error::BindError;

/// Room for a burst while the process is busy; the host may grant less.
const BUFFER_BYTES: usize = 1024 * 1024;

/// Binds `address`. `[::]` serves IPv4 as well; on a host without IPv6 (or one that cannot mix)
/// it means `0.0.0.0`.
pub(crate) fn bind(address: SocketAddr) -> Result<UdpSocket, BindError> {
    let any_v6 = address.is_ipv6() && address.ip().is_unspecified();
    match open(address) {
        Ok(socket) => Ok(socket),
        Err(error) if any_v6 && !is_final(&error) => {
            tracing::debug!(%error, "no dual-stack socket, using IPv4");
            let v4 = SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port()));
            open(v4).map_err(|error| BindError::from_io(v4, error))
        }
        Err(error) => Err(BindError::from_io(address, error)),
    }
}

fn open(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        // The default differs by platform and by sysctl, so it is always said.
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    for (result, buffer) in [
        (socket.set_recv_buffer_size(BUFFER_BYTES), "receive"),
        (socket.set_send_buffer_size(BUFFER_BYTES), "send"),
    ] {
        if let Err(error) = result {
            tracing::debug!(%error, buffer, "socket buffer keeps its size");
        }
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// Whether IPv4 would meet the same obstacle, or hide one that the caller must hear of.
fn is_final(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_named() {
        let holder = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = holder.local_addr().unwrap();
        assert!(matches!(bind(address), Err(BindError::PortInUse(named)) if named == address));
    }

    #[test]
    fn a_port_that_ipv4_holds_is_in_use_for_both() {
        let holder = bind("0.0.0.0:0".parse().unwrap()).unwrap();
        let port = holder.local_addr().unwrap().port();
        let both = SocketAddr::new("::".parse().unwrap(), port);
        assert!(matches!(bind(both), Err(BindError::PortInUse(named)) if named.port() == port));
    }

    #[test]
    fn a_foreign_address_is_named() {
        let foreign = "192.0.2.1:0".parse().unwrap();
        assert!(matches!(bind(foreign), Err(BindError::NoSuchAddress(named)) if named == foreign));
    }
}
