//! Callers and listeners that do not keep to the rules, over the in-memory network.

use std::{net::SocketAddr, sync::Arc};

use quinn::{EndpointConfig, TokioRuntime};
use rustls::client::ClientSessionMemoryCache;

use super::*;
use crate::{
    endpoint::{Carrier, Config, Endpoint},
    error::ConnectError,
    memory::Network,
};

fn address(host: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, host], 4000))
}

fn identity(seed: u8) -> Identity {
    Identity::from_seed(&[seed; 32]).unwrap()
}

fn honest(network: &Network, host: u8) -> Endpoint {
    let carrier = network.carrier(address(host)).unwrap();
    Endpoint::bind(Config::new([host; 32], carrier)).unwrap()
}

/// A bare QUIC endpoint with TLS of the test's choice.
fn bare(network: &Network, host: u8, server: Option<quinn::ServerConfig>) -> quinn::Endpoint {
    let Carrier::Abstract(socket) = network.carrier(address(host)).unwrap() else { panic!() };
    let runtime = Arc::new(TokioRuntime);
    let config = EndpointConfig::default();
    quinn::Endpoint::new_with_abstract_socket(config, server, socket, runtime).unwrap()
}

/// A caller's TLS that follows our rules except where `change` breaks them.
fn caller(
    key: Option<&Identity>,
    change: impl FnOnce(&mut rustls::ClientConfig),
) -> quinn::ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = PeerVerifier::new(provider.clone(), DeviceId([0; 32]), None);
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match key {
        Some(identity) => builder.with_client_cert_resolver(Arc::new(
            AlwaysResolvesClientRawPublicKeys::new(identity.key.clone()),
        )),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![ALPN.to_vec()];
    change(&mut config);
    quinn::ClientConfig::new(Arc::new(QuicClientConfig::try_from(config).unwrap()))
}

#[tokio::test(start_paused = true)]
async fn a_caller_without_a_key_never_reaches_the_acceptor() {
    let network = Network::new(1);
    let there = honest(&network, 2);
    let calls = bare(&network, 1, None);

    let anonymous = calls.connect_with(caller(None, |_| {}), address(2), SERVER_NAME).unwrap();
    // The caller's side of the handshake is over before the acceptor has looked for its key.
    if let Ok(connection) = anonymous.await {
        connection.closed().await;
    }
    let named = identity(3);
    let config = caller(Some(&named), |_| {});
    let known = calls.connect_with(config, address(2), SERVER_NAME).unwrap().await.unwrap();
    let (mut stream, _receive) = known.open_bi().await.unwrap();
    stream.write_all(&[0]).await.unwrap();
    assert_eq!(there.accept().await.unwrap().peer(), named.device, "nobody came before");
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_claims_to_be_us_is_refused() {
    let network = Network::new(2);
    let _there = honest(&network, 2);
    let calls = bare(&network, 1, None);
    let thief = caller(Some(&identity(2)), |_| {});
    let connecting = calls.connect_with(thief, address(2), SERVER_NAME).unwrap();
    let ended = match connecting.await {
        Ok(connection) => connection.closed().await,
        Err(error) => error,
    };
    assert!(matches!(ended, quinn::ConnectionError::ConnectionClosed(_)), "{ended:?}");
}

#[tokio::test(start_paused = true)]
async fn a_listener_of_another_protocol_is_named_as_such() {
    let network = Network::new(3);
    let here = honest(&network, 1);
    let crypto = server(&identity(2), b"dunlin/2").unwrap();
    let config = quinn::ServerConfig::with_crypto(Arc::new(crypto));
    let listener = bare(&network, 2, Some(config));
    tokio::spawn(async move {
        while let Some(incoming) = listener.accept().await {
            let _ = incoming.await;
        }
    });
    let error = here.connect(address(2), None).await.unwrap_err();
    assert_eq!(error, ConnectError::OtherProtocol(address(2)));
}

#[tokio::test(start_paused = true)]
async fn a_caller_gets_nothing_to_resume_with() {
    let network = Network::new(4);
    let there = honest(&network, 2);
    let calls = bare(&network, 1, None);
    let config = caller(Some(&identity(1)), |config| {
        config.resumption = Resumption::store(Arc::new(ClientSessionMemoryCache::new(8)));
        config.enable_early_data = true;
    });
    for _ in 0..2 {
        let connecting = calls.connect_with(config.clone(), address(2), SERVER_NAME).unwrap();
        let Err(full) = connecting.into_0rtt() else { panic!("early data was possible") };
        let connection = full.await.unwrap();
        let (mut stream, _receive) = connection.open_bi().await.unwrap();
        stream.write_all(&[0]).await.unwrap();
        let accepted = there.accept().await.unwrap();
        // Long enough for a ticket to arrive, had there been one.
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        drop(accepted);
    }
}
