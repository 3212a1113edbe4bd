//! What cargo knows about the workspace, from `cargo metadata --locked`.

use std::path::PathBuf;

use serde_json::Value;

use crate::{failure::Failure, shell::cargo};

/// One package of the dependency graph.
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    /// Where its sources are; empty if it does not say.
    pub(crate) repository: String,
    /// Whether it is one of ours.
    pub(crate) is_member: bool,
    /// Direct dependencies as its manifest names them.
    pub(crate) dependencies: Vec<Dependency>,
}

/// One line of a manifest.
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// Only for tests, benches and examples.
    pub(crate) is_dev: bool,
}

/// All packages, for all platforms.
pub(crate) fn packages() -> Result<Vec<Package>, Failure> {
    let json = metadata(&[])?;
    let members = &json["workspace_members"];
    Ok(list(&json["packages"]).map(|package| read(package, members)).collect())
}

/// The library's own package, with the version, the licence and the address of everything that is
/// published.
pub(crate) fn package() -> Result<Package, Failure> {
    let ours =
        packages()?.into_iter().find(|package| package.is_member && package.name == "dunlin");
    ours.ok_or_else(|| Failure::found("the workspace has no crate dunlin"))
}

/// Where cargo builds.
pub(crate) fn target_directory() -> Result<PathBuf, Failure> {
    Ok(text(&metadata(&["--no-deps"])?["target_directory"]).into())
}

fn metadata(words: &[&str]) -> Result<Value, Failure> {
    let output = cargo(&["metadata", "--locked", "--format-version", "1"])
        .args(words)
        .output()
        .map_err(|error| Failure::found(format!("cannot run cargo metadata: {error}")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::found(format!("cargo metadata --locked failed: {said}")));
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|error| Failure::found(format!("cargo metadata printed no JSON: {error}")))
}

fn read(package: &Value, members: &Value) -> Package {
    let dependencies = list(&package["dependencies"])
        .map(|dependency| Dependency {
            name: text(&dependency["name"]),
            is_dev: dependency["kind"] == "dev",
        })
        .collect();
    Package {
        name: text(&package["name"]),
        version: text(&package["version"]),
        license: package["license"].as_str().map(str::to_owned),
        repository: text(&package["repository"]),
        is_member: list(members).any(|id| *id == package["id"]),
        dependencies,
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
