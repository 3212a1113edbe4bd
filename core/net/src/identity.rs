//! A device's key pair in the shape that TLS wants (RFC 7250, RFC 8410).

use std::sync::Arc;

use dunlin_model::DeviceId;
use ed25519_dalek::VerifyingKey;
use rustls::{
    pki_types::{CertificateDer, PrivatePkcs8KeyDer},
    sign::CertifiedKey,
};

/// DER of a SubjectPublicKeyInfo with algorithm id-Ed25519, up to the key (RFC 8410, section 4).
const SPKI_PREFIX: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// DER of a PKCS #8 private key with algorithm id-Ed25519, up to the seed (RFC 8410, section 7).
const PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// This device's name and its signing key.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) device: DeviceId,
    pub(crate) key: Arc<CertifiedKey>,
}

impl Identity {
    pub(crate) fn from_seed(seed: &[u8; 32]) -> Result<Self, rustls::Error> {
        let mut pkcs8 = [0; PKCS8_PREFIX.len() + 32];
        pkcs8[..PKCS8_PREFIX.len()].copy_from_slice(&PKCS8_PREFIX);
        pkcs8[PKCS8_PREFIX.len()..].copy_from_slice(seed);
        let signer = rustls::crypto::ring::sign::any_eddsa_type(&PrivatePkcs8KeyDer::from(
            pkcs8.as_slice(),
        ))?;
        let no_key = || rustls::Error::General("the signing key has no public half".to_owned());
        let spki = CertificateDer::from(signer.public_key().ok_or_else(no_key)?.as_ref().to_vec());
        let device = device_of(&spki).ok_or_else(no_key)?;
        Ok(Self { device, key: Arc::new(CertifiedKey::new(vec![spki], signer)) })
    }
}

/// Reads a device's name from its SubjectPublicKeyInfo; none if it is anything but a sound
/// Ed25519 key. (Under a key of small order one signature fits many messages.)
pub(crate) fn device_of(spki: &CertificateDer<'_>) -> Option<DeviceId> {
    let bytes: [u8; 32] = spki.as_ref().strip_prefix(&SPKI_PREFIX)?.try_into().ok()?;
    let key = VerifyingKey::from_bytes(&bytes).ok()?;
    (!key.is_weak()).then_some(DeviceId(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_is_the_public_key_of_the_seed() {
        let seed = [7; 32];
        let expected = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key().to_bytes();
        assert_eq!(Identity::from_seed(&seed).unwrap().device, DeviceId(expected));
    }

    #[test]
    fn other_keys_are_not_devices() {
        let spki = |key: &[u8]| CertificateDer::from([&SPKI_PREFIX[..], key].concat());
        let sound = Identity::from_seed(&[7; 32]).unwrap().device;
        assert_eq!(device_of(&spki(sound.as_bytes())), Some(sound));

        let mut neutral = [0; 32];
        neutral[0] = 1;
        assert_eq!(device_of(&spki(&neutral)), None, "a point of small order");
        assert_eq!(device_of(&spki(&[7; 31])), None, "too short");
        assert_eq!(device_of(&spki(&[7; 33])), None, "too long");
        let mut x25519 = spki(sound.as_bytes()).as_ref().to_vec();
        x25519[8] = 0x6e;
        assert_eq!(device_of(&CertificateDer::from(x25519)), None, "another algorithm");
    }
}
