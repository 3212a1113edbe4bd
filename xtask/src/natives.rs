//! The native library for apps on the JVM: a folder for each platform, named as JNA looks for it.

use std::{
    env::consts::{ARCH, DLL_PREFIX, DLL_SUFFIX, OS},
    fs,
    path::{Path, PathBuf},
};

use crate::{
    failure::Failure,
    shell::{ask, cargo, program, run, works},
};

const LIBRARY: &str = "dunlin_ffi";

/// What apps ship.
const SHIP: &str = "ship";

/// A Linux that a library can be built for on another.
struct Linux {
    /// JNA's name for it.
    platform: &'static str,
    triple: &'static str,
    /// The C compiler and linker.
    linker: &'static str,
    debian: &'static str,
}

const LINUX: &[Linux] = &[
    Linux {
        platform: "linux-x86-64",
        triple: "x86_64-unknown-linux-gnu",
        linker: "x86_64-linux-gnu-gcc",
        debian: "gcc-x86-64-linux-gnu libc6-dev-amd64-cross",
    },
    Linux {
        platform: "linux-aarch64",
        triple: "aarch64-unknown-linux-gnu",
        linker: "aarch64-linux-gnu-gcc",
        debian: "gcc-aarch64-linux-gnu libc6-dev-arm64-cross",
    },
];

/// Where the libraries of a profile are collected.
pub(crate) fn folder(target: &Path, profile: &str) -> PathBuf {
    target.join("natives").join(profile)
}

/// Builds what apps ship, for this machine and every other Linux that it can build for; the library
/// of this machine with its symbols, which generating bindings takes.
pub(crate) fn build(target: &Path) -> Result<PathBuf, Failure> {
    let library = target.join(SHIP).join(file_name());
    run(ship().env("CARGO_PROFILE_SHIP_STRIP", "none"))?;
    let natives = folder(target, SHIP);
    place(&library, &natives)?;
    for linux in LINUX.iter().filter(|linux| OS == "linux" && linux.platform != platform()) {
        match obstacle(linux)? {
            None => cross(linux, target, &natives)?,
            Some(why) => println!("left out: {}, since {why}", linux.platform),
        }
    }
    Ok(library)
}

/// Empties the folder and puts the library of this machine there, without symbols.
pub(crate) fn place(library: &Path, natives: &Path) -> Result<(), Failure> {
    if natives.exists() {
        fs::remove_dir_all(natives).map_err(|error| failed("empty", natives, &error))?;
    }
    let placed = copy(library, &natives.join(platform()))?;
    let what = if OS == "macos" { "-x" } else { "--strip-all" };
    run(program("strip").arg(what).arg(placed))
}

fn cross(linux: &Linux, target: &Path, natives: &Path) -> Result<(), Failure> {
    let variable = linux.triple.to_uppercase().replace('-', "_");
    let linker = format!("CARGO_TARGET_{variable}_LINKER");
    run(ship().args(["--target", linux.triple]).env(linker, linux.linker))?;
    let library = target.join(linux.triple).join(SHIP).join(file_name());
    copy(&library, &natives.join(linux.platform)).map(drop)
}

/// Why the library cannot be built for another Linux here, and what helps.
fn obstacle(linux: &Linux) -> Result<Option<String>, Failure> {
    let Linux { triple, linker, debian, .. } = linux;
    let (_, place) = ask(program("rustc").args(["--print", "target-libdir", "--target", triple]))?;
    let lacks_std = !Path::new(place.trim()).exists();
    let lacks_linker = !works(linker, &["--version"]);
    Ok(match (lacks_std, lacks_linker) {
        (true, _) => Some(format!("Rust's library is missing: `rustup target add {triple}`")),
        (_, true) => Some(format!("{linker} is missing: on Debian `apt-get install {debian}`")),
        _ => None,
    })
}

/// One crate type alone: beside an rlib, cargo leaves out link-time optimization.
fn ship() -> std::process::Command {
    let mut command = cargo(&["rustc", "--locked", "--profile", SHIP, "--package", "dunlin-ffi"]);
    command.args(["--lib", "--crate-type", "cdylib"]);
    command
}

fn copy(library: &Path, folder: &Path) -> Result<PathBuf, Failure> {
    let place = folder.join(file_name());
    fs::create_dir_all(folder)
        .and_then(|()| fs::copy(library, &place))
        .map_err(|error| failed("copy the library to", &place, &error))?;
    Ok(place)
}

/// What the library's file is called on this machine, and on every Linux.
pub(crate) fn file_name() -> String {
    format!("{DLL_PREFIX}{LIBRARY}{DLL_SUFFIX}")
}

/// JNA's name for this machine.
fn platform() -> String {
    let system = if OS == "macos" { "darwin" } else { OS };
    format!("{system}-{}", if ARCH == "x86_64" { "x86-64" } else { ARCH })
}

fn failed(what: &str, place: &Path, error: &std::io::Error) -> Failure {
    Failure::found(format!("cannot {what} {}: {error}", place.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_has_the_name_that_jna_has_for_it() {
        assert!(LINUX.iter().any(|linux| linux.platform == platform()), "{}", platform());
    }

    #[test]
    fn what_stands_in_the_way_comes_with_what_helps() {
        let nowhere = Linux {
            platform: "linux-nowhere",
            triple: "nowhere-unknown-linux-gnu",
            linker: "nowhere-gcc",
            debian: "gcc-nowhere",
        };
        let why = obstacle(&nowhere).unwrap().unwrap();
        assert!(why.contains("rustup target add nowhere-unknown-linux-gnu"), "{why}");
    }
}
