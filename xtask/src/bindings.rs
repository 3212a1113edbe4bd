//! Bindings of other languages, generated from a library that is built.

use std::{
    env::consts::{DLL_PREFIX, DLL_SUFFIX},
    path::{Path, PathBuf},
};

use crate::{
    failure::Failure,
    shell::{cargo, run},
};

/// Where cargo puts what it builds in a profile.
pub(crate) fn folder(target: &Path, profile: &str) -> PathBuf {
    target.join(if profile == "dev" { "debug" } else { profile })
}

/// Builds the library and the bare one that the benchmark compares calls with; where the latter is.
pub(crate) fn build_floor(target: &Path, profile: &str) -> Result<PathBuf, Failure> {
    // Both at once: by itself it would have UniFFI built again with fewer features.
    let packages = ["--package", "dunlin-ffi", "--package", "dunlin-ffi-floor"];
    run(cargo(&["build", "--locked", "--profile", profile]).args(packages))?;
    Ok(folder(target, profile).join(format!("{DLL_PREFIX}dunlin_ffi_floor{DLL_SUFFIX}")))
}

/// Generates what a language calls a library by.
pub(crate) fn generate(language: &str, library: &Path, folder: &Path) -> Result<(), Failure> {
    run(cargo(&["run", "--package", "dunlin-bindgen", "--locked", "--", "generate"])
        .args(["--language", language, "--no-format", "--config", "uniffi.toml", "--out-dir"])
        .args([folder, library]))
}
