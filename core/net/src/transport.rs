//! Limits of a QUIC connection. The defaults of quinn let one peer hold 200 streams of 1.25 MB,
//! an unlimited window and 65,536 half-open connections.

use std::{sync::Arc, time::Duration};

use quinn::{MtuDiscoveryConfig, ServerConfig, TransportConfig, VarInt};

/// Streams that a peer may have open.
const MAX_STREAMS: u32 = 8;
/// Bytes of one stream that a peer may send ahead of the reader.
const STREAM_WINDOW: u32 = 256 * 1024;
/// Bytes of all streams that a peer may send ahead of the readers.
const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// Bytes that this side keeps unacknowledged before sending waits.
const SEND_WINDOW: u64 = 1024 * 1024;
/// Silence after which one side sends a sign of life. The other side's timer starts anew with it,
/// so that an idle pair exchanges two packets each interval.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Silence after which a connection is given up, in milliseconds: two signs of life may get lost.
const IDLE_TIMEOUT_MS: u32 = 45_000;
/// Connection attempts that wait for the acceptor.
const MAX_INCOMING: usize = 64;
/// Bytes kept for one attempt, and for all of them, until it is accepted.
const INCOMING_BYTES: u64 = 16 * 1024;
const INCOMING_BYTES_TOTAL: u64 = 256 * 1024;

/// The same limits for both directions. What a link carries bounds the search for the longest
/// packet that the path takes.
pub(crate) fn limits(max_packet_bytes: Option<u16>) -> Arc<TransportConfig> {
    let mut config = TransportConfig::default();
    config
        .max_concurrent_bidi_streams(VarInt::from_u32(MAX_STREAMS))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW))
        .receive_window(VarInt::from_u32(CONNECTION_WINDOW))
        .send_window(SEND_WINDOW)
        .datagram_receive_buffer_size(None)
        .keep_alive_interval(Some(KEEP_ALIVE))
        .max_idle_timeout(Some(VarInt::from_u32(IDLE_TIMEOUT_MS).into()));
    if let Some(bytes) = max_packet_bytes {
        let mut search = MtuDiscoveryConfig::default();
        search.upper_bound(bytes);
        config.mtu_discovery_config(Some(search));
    }
    Arc::new(config)
}

/// The accepting side's additional limits.
pub(crate) fn limit_incoming(config: &mut ServerConfig) {
    config
        .transport_config(limits(None))
        .max_incoming(MAX_INCOMING)
        .incoming_buffer_size(INCOMING_BYTES)
        .incoming_buffer_size_total(INCOMING_BYTES_TOTAL);
}
