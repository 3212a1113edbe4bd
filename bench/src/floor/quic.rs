//! Plain quinn with the product's kind of identity: raw Ed25519 public keys on both sides, no
//! resumption, one stream. Whom it talks to it does not care.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use quinn::{
    ClientConfig, Connection, Endpoint, RecvStream, SendStream, ServerConfig,
    crypto::rustls::{QuicClientConfig, QuicServerConfig},
};
use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, SignatureScheme,
    client::{
        AlwaysResolvesClientRawPublicKeys, Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, verify_tls13_signature_with_raw_key},
    pki_types::{
        CertificateDer, PrivatePkcs8KeyDer, ServerName, SubjectPublicKeyInfoDer, UnixTime,
    },
    server::{
        AlwaysResolvesServerRawPublicKeys,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    sign::CertifiedKey,
    version::TLS13,
};

use crate::Result;

/// DER of a PKCS #8 private key with algorithm id-Ed25519, up to the seed (RFC 8410, section 7).
const PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// Opens an endpoint on loopback that dials and accepts.
pub(crate) fn endpoint(seed: u8) -> Result<Endpoint> {
    let key = key([seed; 32])?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Arc::new(AnyKey(provider.clone()));
    let mut server = rustls::ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(verifier.clone())
        .with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(key.clone())));
    server.alpn_protocols = vec![b"bench".to_vec()];
    server.send_tls13_tickets = 0;
    let mut client = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_cert_resolver(Arc::new(AlwaysResolvesClientRawPublicKeys::new(key)));
    client.alpn_protocols = vec![b"bench".to_vec()];
    client.resumption = Resumption::disabled();
    let server = ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(server)?));
    let mut endpoint = Endpoint::server(server, (Ipv4Addr::LOCALHOST, 0).into())?;
    let client = QuicClientConfig::try_from(client)?;
    endpoint.set_default_client_config(ClientConfig::new(Arc::new(client)));
    Ok(endpoint)
}

/// Dials.
pub(crate) async fn dial(endpoint: &Endpoint, to: SocketAddr) -> Result<Connection> {
    Ok(endpoint.connect(to, "bench.invalid")?.await?)
}

/// Waits for a call.
pub(crate) async fn answer(endpoint: &Endpoint) -> Result<Connection> {
    Ok(endpoint.accept().await.ok_or("the endpoint is closed")?.await?)
}

/// Sends one message behind its length.
pub(crate) async fn send(stream: &mut SendStream, message: &[u8]) -> Result<()> {
    let length = u32::try_from(message.len())?.to_be_bytes();
    stream.write_all(&[&length, message].concat()).await?;
    Ok(())
}

/// Reads one message.
pub(crate) async fn receive(stream: &mut RecvStream) -> Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).await?;
    let mut message = vec![0; usize::try_from(u32::from_be_bytes(length))?];
    stream.read_exact(&mut message).await?;
    Ok(message)
}

fn key(seed: [u8; 32]) -> Result<Arc<CertifiedKey>> {
    let pkcs8 = [&PKCS8_PREFIX[..], &seed].concat();
    let signer =
        rustls::crypto::ring::sign::any_eddsa_type(&PrivatePkcs8KeyDer::from(pkcs8.as_slice()))?;
    let public = signer.public_key().ok_or("the signing key has no public half")?;
    let spki = CertificateDer::from(public.as_ref().to_vec());
    Ok(Arc::new(CertifiedKey::new(vec![spki], signer)))
}

/// Accepts whoever can sign with the key shown.
#[derive(Debug)]
struct AnyKey(Arc<CryptoProvider>);

impl AnyKey {
    fn check(
        &self,
        message: &[u8],
        key: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, Error> {
        let key = SubjectPublicKeyInfoDer::from(key.as_ref());
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature_with_raw_key(message, &key, signature, algorithms)
    }
}

impl ServerCertVerifier for AnyKey {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> std::result::Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, Error> {
        Err(Error::General("QUIC is TLS 1.3".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        key: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, Error> {
        self.check(message, key, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

impl ClientCertVerifier for AnyKey {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> std::result::Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, Error> {
        Err(Error::General("QUIC is TLS 1.3".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        key: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, Error> {
        self.check(message, key, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay::Relay;

    #[tokio::test]
    async fn a_message_goes_there_and_back_through_a_relay_that_counts() {
        let (here, there) = (endpoint(1).unwrap(), endpoint(2).unwrap());
        let relay = Relay::start(there.local_addr().unwrap()).await.unwrap();
        let echo = tokio::spawn(async move {
            let connection = answer(&there).await.unwrap();
            let (mut send_back, mut stream) = connection.accept_bi().await.unwrap();
            let message = receive(&mut stream).await.unwrap();
            send(&mut send_back, &message).await.unwrap();
            connection.closed().await
        });
        let connection = dial(&here, relay.address()).await.unwrap();
        let (mut stream, mut back) = connection.open_bi().await.unwrap();
        send(&mut stream, &[7; 5000]).await.unwrap();
        assert_eq!(receive(&mut back).await.unwrap(), vec![7; 5000]);
        assert!(relay.bytes() > 12_000, "{} bytes", relay.bytes());
        connection.close(0u32.into(), b"");
        echo.await.unwrap();
    }
}
