//! Licences, forbidden crates and duplicates among everything the workspace can pull in.

mod license;

use std::collections::BTreeMap;

use crate::{
    failure::Failure,
    metadata::{self, Package},
};

/// Crates that must not come in, not even through another crate's default feature.
const FORBIDDEN: &[(&str, &str)] = &[
    ("aws-lc-rs", "the TLS provider is ring: it cross-compiles to every phone"),
    ("aws-lc-sys", "the TLS provider is ring: it cross-compiles to every phone"),
    ("rustls-platform-verifier", "there is no certificate: identities are raw public keys"),
    ("openssl", "the TLS provider is ring"),
    ("openssl-sys", "the TLS provider is ring"),
    ("native-tls", "the TLS provider is ring"),
];

/// Fails on a licence off the list or a forbidden crate; prints duplicates.
pub(crate) fn check() -> Result<(), Failure> {
    let packages = metadata::packages()?;
    let mut wrong: Vec<String> = Vec::new();
    for package in &packages {
        wrong.extend(license_problem(package));
        if let Some((name, why)) = FORBIDDEN.iter().find(|(name, _)| *name == package.name) {
            wrong.push(format!("{name} is forbidden: {why}; see `cargo tree -i {name}`"));
        }
    }
    for (name, versions) in duplicates(&packages) {
        println!("more than one version of {name}: {}", versions.join(", "));
    }
    if !wrong.is_empty() {
        return Err(Failure::found(wrong.join("\n")));
    }
    println!("{} packages: licences allowed, no forbidden crate", packages.len());
    Ok(())
}

fn license_problem(package: &Package) -> Option<String> {
    let Package { name, version, license, .. } = package;
    match license.as_deref().map(|expression| (expression, license::is_allowed(expression))) {
        Some((_, Ok(true))) => None,
        Some((expression, Ok(false))) => {
            Some(format!("{name} {version}: licence {expression} is not on the list"))
        }
        Some((expression, Err(why))) => {
            Some(format!("{name} {version}: cannot read licence {expression:?}: {why}"))
        }
        None => Some(format!("{name} {version} declares no licence")),
    }
}

fn duplicates(packages: &[Package]) -> BTreeMap<&str, Vec<&str>> {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in packages {
        versions.entry(&package.name).or_default().push(&package.version);
    }
    versions.retain(|_, versions| versions.len() > 1);
    versions
}
