//! Making statements: a space, a grant, an invitation, an admission.

use std::sync::Arc;

use dunlin_model::{DeviceId, SpaceId};
use ed25519_dalek::SigningKey;

use super::{
    error::IssueError,
    roster::Roster,
    statement::{
        ADMISSION, Claims, GRANT, INVITATION, Link, Profile, ROOT, Role, Statement, StatementHash,
        is_name, prove,
    },
};

/// The device whose seed this is.
pub fn device_of(seed: &[u8; 32]) -> DeviceId {
    DeviceId(SigningKey::from_bytes(seed).verifying_key().to_bytes())
}

/// Founds a space: its roster with the one statement that makes `creator` its administrator.
///
/// `space_seed` is 32 fresh random bytes; the space's id is its public key. It signs nothing more
/// afterwards and may be forgotten, or kept offline for the day when no administrator is left.
///
/// # Errors
/// `IssueError::Name` for an improper name.
pub fn create_space(
    space_seed: &[u8; 32],
    space_name: &str,
    creator: DeviceId,
    profile: &Profile,
    now_ms: i64,
) -> Result<Roster, IssueError> {
    if !is_name(space_name) {
        return Err(IssueError::Name);
    }
    let space = SpaceId(device_of(space_seed).0);
    let claims = Claims {
        subject: Some(creator.0.into()),
        space_name: Some(space_name.to_owned()),
        ..about(profile)?
    };
    let mut roster = Roster::new(space);
    roster.sign(Claims { kind: ROOT, ..claims }, space_seed, None, now_ms)?;
    Ok(roster)
}

/// A device's own admission, with everything that its membership rests on.
#[derive(Clone, Debug)]
pub struct Joined {
    /// The roster as far as the ticket tells it, with this device in it.
    pub roster: Roster,
    /// The role that the invitation gives.
    pub role: Role,
    /// The statements to store, each after the one it rests on.
    pub statements: Vec<Arc<[u8]>>,
}

impl Roster {
    /// Gives a role to a device whose id is known; returns the new statement.
    ///
    /// # Errors
    /// `IssueError::NotPermitted` unless the issuer administers the space, `Name` for an improper
    /// name.
    pub fn grant(
        &mut self,
        issuer_seed: &[u8; 32],
        subject: DeviceId,
        role: Role,
        profile: &Profile,
        now_ms: i64,
    ) -> Result<Arc<[u8]>, IssueError> {
        let by = self.administrator(device_of(issuer_seed))?;
        let claims =
            Claims { subject: Some(subject.0.into()), role: Some(role.code()), ..about(profile)? };
        self.sign(Claims { kind: GRANT, ..claims }, issuer_seed, Some(by), now_ms)
    }

    /// Invites whoever will hold `invitation_seed`, 32 fresh random bytes; returns the new
    /// statement's name and bytes.
    ///
    /// # Errors
    /// `IssueError::NotPermitted` unless the issuer administers the space, `NoUses` for zero uses.
    pub fn invite(
        &mut self,
        issuer_seed: &[u8; 32],
        invitation_seed: &[u8; 32],
        role: Role,
        uses: u32,
        expires_ms: Option<i64>,
        now_ms: i64,
    ) -> Result<(StatementHash, Arc<[u8]>), IssueError> {
        let by = self.administrator(device_of(issuer_seed))?;
        if uses == 0 {
            return Err(IssueError::NoUses);
        }
        let claims = Claims {
            kind: INVITATION,
            subject: Some(device_of(invitation_seed).0.into()),
            role: Some(role.code()),
            uses: Some(uses),
            expires_ms,
            ..blank()
        };
        let bytes = self.sign(claims, issuer_seed, Some(by), now_ms)?;
        Ok((StatementHash::of(&bytes), bytes))
    }

    /// Signs a device in with an invitation's key; returns the new statement.
    pub(super) fn sign_in(
        &mut self,
        device_seed: &[u8; 32],
        invitation: StatementHash,
        invitation_seed: &[u8; 32],
        profile: &Profile,
        now_ms: i64,
    ) -> Result<Arc<[u8]>, IssueError> {
        let key = SigningKey::from_bytes(invitation_seed);
        let proof = prove(&key, self.space(), invitation, device_of(device_seed));
        let claims = Claims { kind: ADMISSION, proof: Some(proof.into()), ..about(profile)? };
        self.sign(claims, device_seed, Some(invitation), now_ms)
    }

    fn administrator(&self, device: DeviceId) -> Result<StatementHash, IssueError> {
        let role = self.role(device);
        self.member(device)
            .filter(|member| member.role == Role::Admin)
            .map(|member| member.statement)
            .ok_or(IssueError::NotPermitted { device, role })
    }

    fn sign(
        &mut self,
        claims: Claims,
        seed: &[u8; 32],
        by: Option<StatementHash>,
        now_ms: i64,
    ) -> Result<Arc<[u8]>, IssueError> {
        let key = SigningKey::from_bytes(seed);
        let issuer = device_of(seed);
        let Link { seq, prev } = self.next_link(issuer);
        let claims = Claims {
            space: self.space().0.into(),
            issuer: issuer.0.into(),
            by: by.map(|hash| hash.0.into()),
            seq,
            prev: prev.map(|hash| hash.0.into()),
            issued_ms: now_ms,
            ..claims
        };
        let bytes = Statement::sign(&claims, &key)?;
        self.add(&bytes)?;
        Ok(bytes.into())
    }
}

fn about(profile: &Profile) -> Result<Claims, IssueError> {
    if !is_name(&profile.name) {
        return Err(IssueError::Name);
    }
    Ok(Claims {
        name: Some(profile.name.clone()),
        device_kind: Some(profile.kind.code()),
        ..blank()
    })
}

fn blank() -> Claims {
    Claims {
        space: [0; 32].into(),
        kind: 0,
        issuer: [0; 32].into(),
        by: None,
        seq: 0,
        prev: None,
        issued_ms: 0,
        subject: None,
        role: None,
        name: None,
        device_kind: None,
        expires_ms: None,
        uses: None,
        proof: None,
        space_name: None,
    }
}
