//! One signed statement: COSE_Sign1 (RFC 9052 §4.2) with Ed25519 (RFC 9864) over CBOR claims.

use std::{fmt, str::FromStr, sync::Arc};

use coset::{CoseSign1, CoseSign1Builder, HeaderBuilder, TaggedCborSerializable, iana};
use data_encoding::HEXLOWER;
use dunlin_model::{DeviceId, DeviceKind, InvalidInput, SpaceId};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use minicbor::{Decode, Encode, bytes::ByteArray};

use super::error::StatementError;
use crate::{
    limits::{MAX_NAME_BYTES, MAX_STATEMENT_BYTES},
    wire,
};

/// Tag 18, array of four, protected header `{1: -19}`, empty unprotected header: the only
/// beginning that is accepted, so that one statement has one encoding.
const PREFIX: [u8; 7] = [0xd2, 0x84, 0x43, 0xa1, 0x01, 0x32, 0xa0];
/// Keeps these signatures apart from any other use of the same keys.
const CONTEXT: &[u8] = b"dunlin statement v1";
const PROOF_CONTEXT: &[u8] = b"dunlin admission proof v1";

/// What a device may do in a space; each role includes those before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Role {
    /// Receives documents.
    Reader,
    /// Hands over documents too.
    Writer,
    /// Invites and grants too.
    Admin,
}

impl Role {
    /// The number in frames and statements.
    pub const fn code(self) -> u8 {
        match self {
            Self::Reader => 1,
            Self::Writer => 2,
            Self::Admin => 3,
        }
    }

    /// The role of that number, or none.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Reader),
            2 => Some(Self::Writer),
            3 => Some(Self::Admin),
            _ => None,
        }
    }

    /// Whether peers take documents from a device of this role.
    pub const fn may_write(self) -> bool {
        matches!(self, Self::Writer | Self::Admin)
    }

    /// The word that people write: `reader`, `writer`, `admin`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Writer => "writer",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = InvalidInput;

    fn from_str(text: &str) -> Result<Self, InvalidInput> {
        (1..=3).filter_map(Self::from_code).find(|role| role.as_str() == text).ok_or_else(|| {
            InvalidInput::new(format!("{text:?} is not a role"), "use reader, writer or admin")
        })
    }
}

/// Names a statement: a hash of its bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatementHash(pub [u8; 32]);

impl StatementHash {
    /// Hashes a statement's bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("dunlin 2026 statement v1");
        hasher.update(bytes);
        Self(*hasher.finalize().as_bytes())
    }
}

impl fmt::Debug for StatementHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StatementHash({})", HEXLOWER.encode(&self.0[..5]))
    }
}

/// What a device calls itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Profile {
    /// Its name, 1 to 64 bytes.
    pub name: String,
    /// What acts through it.
    pub kind: DeviceKind,
}

/// A statement's place in its issuer's own chain, which lets a revocation fix the last statement
/// accepted from that issuer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Link {
    /// How many statements the issuer had made before.
    pub seq: u64,
    /// The one before this, absent for the first.
    pub prev: Option<StatementHash>,
}

/// What a statement says.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Act {
    /// By the space's key: the space exists, and `subject` administers it.
    Root {
        /// The space's name.
        space_name: String,
        /// Who administers it.
        subject: DeviceId,
        /// What that device calls itself.
        profile: Profile,
    },
    /// By an administrator: `subject` has this role.
    Grant {
        /// Who receives the role.
        subject: DeviceId,
        /// The role.
        role: Role,
        /// What the administrator calls that device.
        profile: Profile,
    },
    /// By an administrator: who holds this key may sign itself in.
    Invitation {
        /// The invitation's public key.
        key: [u8; 32],
        /// The role it gives.
        role: Role,
        /// When it ends, in Unix milliseconds.
        expires_ms: Option<i64>,
        /// How many devices it admits.
        uses: u32,
    },
    /// By the device itself, with proof that it holds the invitation's key.
    Admission {
        /// What the device calls itself.
        profile: Profile,
    },
    /// A kind that a later release knows: kept and passed on, without effect here.
    Unknown {
        /// Its number.
        kind: u32,
    },
}

/// One statement whose own signature has been verified; whether it stands is the roster's to say.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Its bytes, as they are stored and passed on.
    pub bytes: Arc<[u8]>,
    /// Its name.
    pub hash: StatementHash,
    /// The space it belongs to.
    pub space: SpaceId,
    /// Who signed it; the space's own key for the root.
    pub issuer: DeviceId,
    /// The statement that gives the issuer the right to make this one; none for the root.
    pub by: Option<StatementHash>,
    /// Its place in the issuer's chain.
    pub link: Link,
    /// When it was issued by the issuer's clock, in Unix milliseconds.
    pub issued_ms: i64,
    /// What it says.
    pub act: Act,
    pub(super) proof: Option<[u8; 64]>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
pub(super) struct Claims {
    #[n(0)]
    pub(super) space: ByteArray<32>,
    #[n(1)]
    pub(super) kind: u32,
    #[n(2)]
    pub(super) issuer: ByteArray<32>,
    #[n(3)]
    pub(super) by: Option<ByteArray<32>>,
    #[n(4)]
    pub(super) seq: u64,
    #[n(5)]
    pub(super) prev: Option<ByteArray<32>>,
    #[n(6)]
    pub(super) issued_ms: i64,
    #[n(7)]
    pub(super) subject: Option<ByteArray<32>>,
    #[n(8)]
    pub(super) role: Option<u8>,
    #[n(9)]
    pub(super) name: Option<String>,
    #[n(10)]
    pub(super) device_kind: Option<u8>,
    #[n(11)]
    pub(super) expires_ms: Option<i64>,
    #[n(12)]
    pub(super) uses: Option<u32>,
    #[n(13)]
    pub(super) proof: Option<ByteArray<64>>,
    #[n(14)]
    pub(super) space_name: Option<String>,
}

pub(super) const ROOT: u32 = 1;
pub(super) const GRANT: u32 = 2;
pub(super) const INVITATION: u32 = 3;
pub(super) const ADMISSION: u32 = 4;

impl Statement {
    /// Reads a statement and verifies its signature.
    ///
    /// # Errors
    /// What is wrong with its form, its claims or its signature.
    pub fn read(bytes: &[u8]) -> Result<Self, StatementError> {
        if bytes.len() > MAX_STATEMENT_BYTES {
            return Err(StatementError::TooLong { length: bytes.len() });
        }
        // The shape first: what is left to coset is two byte strings, so nothing nests.
        if !bytes.starts_with(&PREFIX) || wire::check(bytes).is_err() {
            return Err(StatementError::NotSigned);
        }
        let signed = CoseSign1::from_tagged_slice(bytes).map_err(|_| StatementError::NotSigned)?;
        // A relay must not be able to multiply a statement by writing its lengths differently.
        if signed.clone().to_tagged_vec().ok().as_deref() != Some(bytes) {
            return Err(StatementError::NotSigned);
        }
        let payload = signed.payload.as_deref().ok_or(StatementError::NotSigned)?;
        wire::check(payload).map_err(|_| StatementError::Claims("not CBOR"))?;
        let claims: Claims =
            minicbor::decode(payload).map_err(|_| StatementError::Claims("not a map of claims"))?;
        let statement = Self::from_claims(bytes, &claims)?;

        let key =
            VerifyingKey::from_bytes(&claims.issuer).map_err(|_| StatementError::Signature)?;
        signed.verify_signature(CONTEXT, |signature, signed_bytes| {
            let signature =
                Signature::from_slice(signature).map_err(|_| StatementError::Signature)?;
            key.verify_strict(signed_bytes, &signature).map_err(|_| StatementError::Signature)
        })?;
        Ok(statement)
    }

    /// Signs claims; the issuer's key must be the one they name.
    pub(super) fn sign(claims: &Claims, key: &SigningKey) -> Result<Vec<u8>, StatementError> {
        let payload =
            minicbor::to_vec(claims).map_err(|_| StatementError::Claims("cannot be encoded"))?;
        let signed = CoseSign1Builder::new()
            .protected(HeaderBuilder::new().algorithm(iana::Algorithm::Ed25519).build())
            .payload(payload)
            .create_signature(CONTEXT, |bytes| key.sign(bytes).to_bytes().to_vec())
            .build();
        signed.to_tagged_vec().map_err(|_| StatementError::Claims("cannot be encoded"))
    }

    /// The device that this statement makes a member, and what that device is called.
    pub fn member(&self) -> Option<(DeviceId, &Profile)> {
        match &self.act {
            Act::Root { subject, profile, .. } | Act::Grant { subject, profile, .. } => {
                Some((*subject, profile))
            }
            Act::Admission { profile } => Some((self.issuer, profile)),
            Act::Invitation { .. } | Act::Unknown { .. } => None,
        }
    }

    fn from_claims(bytes: &[u8], claims: &Claims) -> Result<Self, StatementError> {
        let link = Link { seq: claims.seq, prev: claims.prev.map(|hash| StatementHash(*hash)) };
        if (link.seq == 0) != link.prev.is_none() {
            return Err(StatementError::Claims("the link to the one before is broken"));
        }
        if (claims.kind == ROOT) != claims.by.is_none() {
            return Err(StatementError::Claims("only the root rests on nothing"));
        }
        Ok(Self {
            bytes: bytes.into(),
            hash: StatementHash::of(bytes),
            space: SpaceId(*claims.space),
            issuer: DeviceId(*claims.issuer),
            by: claims.by.map(|hash| StatementHash(*hash)),
            link,
            issued_ms: claims.issued_ms,
            act: claims.act()?,
            proof: claims.proof.map(|proof| *proof),
        })
    }
}

impl Claims {
    fn act(&self) -> Result<Act, StatementError> {
        Ok(match self.kind {
            ROOT => Act::Root {
                space_name: checked_name(self.space_name.as_deref())?,
                subject: self.subject()?,
                profile: self.profile()?,
            },
            GRANT => Act::Grant {
                subject: self.subject()?,
                role: self.role()?,
                profile: self.profile()?,
            },
            INVITATION => Act::Invitation {
                key: self.subject()?.0,
                role: self.role()?,
                expires_ms: self.expires_ms,
                uses: self
                    .uses
                    .filter(|uses| *uses > 0)
                    .ok_or(StatementError::Claims("an invitation without uses"))?,
            },
            ADMISSION if self.proof.is_some() => Act::Admission { profile: self.profile()? },
            ADMISSION => return Err(StatementError::Claims("an admission without proof")),
            kind => Act::Unknown { kind },
        })
    }

    fn subject(&self) -> Result<DeviceId, StatementError> {
        self.subject.map(|subject| DeviceId(*subject)).ok_or(StatementError::Claims("no subject"))
    }

    fn role(&self) -> Result<Role, StatementError> {
        self.role.and_then(Role::from_code).ok_or(StatementError::Claims("no known role"))
    }

    fn profile(&self) -> Result<Profile, StatementError> {
        let name = checked_name(self.name.as_deref())?;
        let kind = self.device_kind.and_then(DeviceKind::from_code).unwrap_or_default();
        Ok(Profile { name, kind })
    }
}

/// Whether a name may stand in a statement.
pub(super) fn is_name(name: &str) -> bool {
    (1..=MAX_NAME_BYTES).contains(&name.len()) && !name.chars().any(char::is_control)
}

fn checked_name(name: Option<&str>) -> Result<String, StatementError> {
    name.filter(|name| is_name(name))
        .map(str::to_owned)
        .ok_or(StatementError::Claims("no proper name"))
}

/// Shows that the holder of the invitation's key means this device.
pub(super) fn prove(
    key: &SigningKey,
    space: SpaceId,
    invitation: StatementHash,
    device: DeviceId,
) -> [u8; 64] {
    key.sign(&proof_bytes(space, invitation, device)).to_bytes()
}

/// Checks what [`prove`] made.
pub(super) fn proves(
    proof: &[u8; 64],
    key: &[u8; 32],
    space: SpaceId,
    invitation: StatementHash,
    device: DeviceId,
) -> bool {
    VerifyingKey::from_bytes(key).is_ok_and(|key| {
        let bytes = proof_bytes(space, invitation, device);
        key.verify_strict(&bytes, &Signature::from_bytes(proof)).is_ok()
    })
}

fn proof_bytes(space: SpaceId, invitation: StatementHash, device: DeviceId) -> Vec<u8> {
    [PROOF_CONTEXT, space.as_bytes(), &invitation.0, device.as_bytes()].concat()
}
