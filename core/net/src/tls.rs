//! TLS 1.3 with raw public keys on both sides, and nothing that lives longer than a handshake.
//!
//! A resumed session would copy the stored client key and skip the verifier, so there are no
//! tickets, no session storage and no early data.

use std::sync::{Arc, Mutex, PoisonError};

use dunlin_model::DeviceId;
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError,
    PeerIncompatible, SignatureScheme,
    client::{
        AlwaysResolvesClientRawPublicKeys, Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, verify_tls13_signature_with_raw_key},
    pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime},
    server::{
        AlwaysResolvesServerRawPublicKeys, NoServerSessionStorage,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    version::TLS13,
};

use crate::identity::{Identity, device_of};

/// The protocol and its major version (RFC 7301).
pub(crate) const ALPN: &[u8] = b"dunlin/1";

/// TLS wants a name of the server; it is never sent.
pub(crate) const SERVER_NAME: &str = "dunlin.invalid";

/// Accepts any sound Ed25519 key but our own; or, when dialling somebody, theirs alone.
#[derive(Debug)]
pub(crate) struct PeerVerifier {
    provider: Arc<CryptoProvider>,
    local: DeviceId,
    expected: Option<DeviceId>,
    found: Mutex<Option<DeviceId>>,
}

/// Why a key was turned down although it is sound.
#[derive(Debug, thiserror::Error)]
enum KeyRefused {
    #[error("this device's own key")]
    Own,
    #[error("another device's key")]
    Unexpected,
}

impl PeerVerifier {
    fn new(provider: Arc<CryptoProvider>, local: DeviceId, expected: Option<DeviceId>) -> Self {
        Self { provider, local, expected, found: Mutex::new(None) }
    }

    /// The device that the other side claimed to be, however the handshake ended.
    pub(crate) fn found(&self) -> Option<DeviceId> {
        *self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check_key(&self, key: &CertificateDer<'_>) -> Result<(), Error> {
        let device = device_of(key).ok_or(CertificateError::BadEncoding)?;
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(device);
        let refuse = |why: KeyRefused| Err(CertificateError::Other(OtherError(Arc::new(why))));
        Ok(match self.expected {
            _ if device == self.local => refuse(KeyRefused::Own),
            Some(expected) if device != expected => refuse(KeyRefused::Unexpected),
            _ => Ok(()),
        }?)
    }

    fn check_signature(
        &self,
        message: &[u8],
        key: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature_with_raw_key(
            message,
            &SubjectPublicKeyInfoDer::from(key.as_ref()),
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }
}

impl ServerCertVerifier for PeerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.check_key(end_entity).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::ServerDoesNotSupportTls12Or13.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

impl ClientCertVerifier for PeerVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.check_key(end_entity).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::ServerDoesNotSupportTls12Or13.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

/// The accepting side's TLS, for one protocol.
pub(crate) fn server(identity: &Identity, alpn: &[u8]) -> Result<QuicServerConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = PeerVerifier::new(provider.clone(), identity.device, None);
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(identity.key.clone())));
    config.alpn_protocols = vec![alpn.to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    QuicServerConfig::try_from(config).map_err(no_initial_suite)
}

/// The dialling side's TLS, for one call.
pub(crate) fn client(
    identity: &Identity,
    expected: Option<DeviceId>,
) -> Result<(QuicClientConfig, Arc<PeerVerifier>), Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Arc::new(PeerVerifier::new(provider.clone(), identity.device, expected));
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(verifier.clone())
        .with_client_cert_resolver(Arc::new(AlwaysResolvesClientRawPublicKeys::new(
            identity.key.clone(),
        )));
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
    config.enable_sni = false;
    Ok((QuicClientConfig::try_from(config).map_err(no_initial_suite)?, verifier))
}

fn no_initial_suite(error: quinn::crypto::rustls::NoInitialCipherSuite) -> Error {
    Error::General(error.to_string())
}

#[cfg(test)]
mod tests;
