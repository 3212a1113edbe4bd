//! Addresses as text.

use std::net::SocketAddr;

use dunlin::InvalidInput;

pub(crate) fn parse(text: &str) -> Result<SocketAddr, InvalidInput> {
    text.parse().map_err(|_| {
        InvalidInput::new(
            format!("{text:?} is not an address"),
            "write an IP address and a port, for instance 192.168.1.5:4433 or [::]:0",
        )
    })
}

pub(crate) fn parse_all(texts: &[String]) -> Result<Vec<SocketAddr>, InvalidInput> {
    texts.iter().map(|text| parse(text)).collect()
}
