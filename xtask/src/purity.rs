//! Layers point down, and pure crates stay pure: no I/O, clock, thread or randomness of their own.
//!
//! Three nets, since each has holes: direct dependencies by manifest, calls by clippy's
//! `disallowed-methods`, and a look at the source for what clippy cannot see.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
};

use crate::{
    failure::Failure,
    metadata::{self, Package},
    shell::{ask, cargo, program},
    sources::sources,
};

/// Which of our crates each of our crates may use, tests included.
const ARROWS: &[(&str, &[&str])] = &[
    ("dunlin-model", &[]),
    ("dunlin-store", &["dunlin-model"]),
    ("dunlin-proto", &["dunlin-model"]),
    ("dunlin-net", &["dunlin-model"]),
    ("dunlin", &["dunlin-model", "dunlin-store", "dunlin-proto", "dunlin-net"]),
    ("dunlin-ffi", &["dunlin"]),
    ("dunlin-bindgen", &[]),
    ("dunlin-cli", &["dunlin"]),
    ("dunlin-tests", &["dunlin-model", "dunlin-store", "dunlin-proto", "dunlin-net", "dunlin"]),
    ("dunlin-bench", &["dunlin-model", "dunlin-store", "dunlin-proto", "dunlin-net", "dunlin"]),
    ("dunlin-ffi-floor", &[]),
    ("xtask", &[]),
];

/// Everything else that the pure crates may use directly. A crate belongs here if it does no I/O,
/// starts no thread, and leaves clock and randomness alone as we use it.
const PURE: &[(&str, &[&str])] = &[
    (
        "dunlin-model",
        &[
            "blake3",
            "data-encoding",
            "minicbor",
            "serde",
            "serde_json",
            "similar",
            "smallvec",
            "thiserror",
            "yrs",
        ],
    ),
    (
        "dunlin-proto",
        &[
            "blake3",
            "coset",
            "data-encoding",
            "ed25519-dalek",
            "minicbor",
            "negentropy",
            "thiserror",
            "tracing",
            "zstd",
        ],
    ),
];

/// Crates whose clippy.toml must stop these calls.
const CALLS: &[(&str, &[&str])] = &[
    (
        "core/model",
        &["std::time::SystemTime::now", "std::time::Instant::now", "std::thread::spawn"],
    ),
    (
        "core/proto",
        &["std::time::SystemTime::now", "std::time::Instant::now", "std::thread::spawn"],
    ),
    (
        "core/store",
        &["std::time::SystemTime::now", "std::time::Instant::now", "std::thread::spawn"],
    ),
];

/// One call of each kind; clippy must object to those that the crate's list names.
const PROBE: &str = "
pub fn wall_clock() { let _ = std::time::SystemTime::now(); }
pub fn monotonic_clock() { let _ = std::time::Instant::now(); }
pub fn thread() { let _ = std::thread::spawn(|| ()); }
";

/// Text that must not stand in the sources of these crates, and why.
const TEXT: &[(&str, &str, &str)] = &[
    (
        "core/model",
        "Options::default",
        "draws a client id and a guid; clippy cannot see a trait's call",
    ),
    ("core/model", "clippy::disallowed_", "would silence the purity lint"),
    ("core/proto", "clippy::disallowed_", "would silence the purity lint"),
];

/// Runs all three nets.
pub(crate) fn check() -> Result<(), Failure> {
    let packages = metadata::packages()?;
    let mut wrong = Vec::new();
    for package in packages.iter().filter(|package| package.is_member) {
        wrong.extend(wrong_arrows(package, &packages));
        wrong.extend(impure(package));
    }
    wrong.extend(silent_lints()?);
    wrong.extend(unreachable_lints()?);
    wrong.extend(forbidden_text()?);
    if !wrong.is_empty() {
        return Err(Failure::found(wrong.join("\n")));
    }
    println!("arrows point down; model and proto are pure; the clippy lists are alive");
    Ok(())
}

fn wrong_arrows(package: &Package, packages: &[Package]) -> Vec<String> {
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == package.name) else {
        return vec![format!(
            "{} has no layer yet: give it one in xtask/src/purity.rs",
            package.name
        )];
    };
    let is_ours = |name: &str| packages.iter().any(|other| other.is_member && other.name == name);
    let used = package.dependencies.iter().map(|dependency| dependency.name.as_str());
    used.filter(|name| is_ours(name) && !allowed.contains(name))
        .map(|name| format!("{} may not use {name}: arrows only point down", package.name))
        .collect()
}

fn impure(package: &Package) -> Vec<String> {
    let Some((_, pure)) = PURE.iter().find(|(name, _)| *name == package.name) else {
        return Vec::new();
    };
    let used = package.dependencies.iter().filter(|dependency| !dependency.is_dev);
    used.map(|dependency| dependency.name.as_str())
        .filter(|name| !pure.contains(name) && !name.starts_with("dunlin"))
        .map(|name| {
            format!("{} is pure: is {name}? Then add it to xtask/src/purity.rs", package.name)
        })
        .collect()
}

/// Lists that clippy does not apply: a probe with the calls must be refused under each.
fn silent_lints() -> Result<Vec<String>, Failure> {
    let dir = Scratch::new()?;
    let probe = dir.0.join("probe.rs");
    let made = fs::write(&probe, PROBE);
    made.map_err(|error| Failure::found(format!("cannot write {}: {error}", probe.display())))?;
    let mut wrong = Vec::new();
    for (folder, calls) in CALLS {
        let conf = env::current_dir().unwrap_or_default().join(folder);
        let (_, said) = ask(program("clippy-driver")
            .args(["--edition=2024", "--crate-type=lib", "--emit=metadata", "--out-dir"])
            .args([dir.0.as_path(), Path::new("--deny=clippy::disallowed_methods"), &probe])
            .env("CLIPPY_CONF_DIR", conf))?;
        let silent = calls.iter().filter(|call| !said.contains(&format!("method `{call}`")));
        wrong.extend(silent.map(|call| format!("{folder}/clippy.toml lets {call} pass:\n{said}")));
    }
    Ok(wrong)
}

/// Entries of the lists that name nothing, for instance after an upgrade renamed it.
fn unreachable_lints() -> Result<Vec<String>, Failure> {
    let mut command = cargo(&["clippy", "--locked", "--lib", "--message-format=short"]);
    for package in ["dunlin-model", "dunlin-proto", "dunlin-store"] {
        command.args(["--package", package]);
    }
    let (success, said) = ask(command.args(["--", "--deny=warnings"]))?;
    if !success {
        return Ok(vec![said]);
    }
    let dead = said.lines().filter(|line| line.contains("does not refer to a reachable"));
    Ok(dead.map(str::to_owned).collect())
}

fn forbidden_text() -> Result<Vec<String>, Failure> {
    let mut wrong = Vec::new();
    for (folder, text, why) in TEXT {
        for file in sources(&Path::new(folder).join("src"), "rs")? {
            let source = fs::read_to_string(&file).map_err(|error| unreadable(&file, &error))?;
            for (index, line) in source.lines().enumerate() {
                if line.contains(text) {
                    wrong.push(format!("{}:{}: {text}: {why}", file.display(), index + 1));
                }
            }
        }
    }
    Ok(wrong)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::found(format!("cannot read {}: {error}", path.display()))
}

/// A folder that goes away with its owner.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, Failure> {
        let path = env::temp_dir().join(format!("dunlin-purity-{}", process::id()));
        fs::create_dir_all(&path).map_err(|error| unreadable(&path, &error))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Left behind at worst: a few bytes in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Dependency;

    fn package(name: &str, uses: &[(&str, bool)]) -> Package {
        let dependencies = uses
            .iter()
            .map(|(name, is_dev)| Dependency { name: (*name).to_owned(), is_dev: *is_dev })
            .collect();
        Package {
            name: name.to_owned(),
            version: "0.1.0".to_owned(),
            license: None,
            repository: String::new(),
            is_member: true,
            dependencies,
        }
    }

    #[test]
    fn siblings_and_upward_arrows_are_refused_in_tests_too() {
        let all = [
            package("dunlin-store", &[("dunlin-model", false), ("dunlin-net", true)]),
            package("dunlin-net", &[]),
            package("dunlin-model", &[("dunlin-store", false)]),
        ];
        assert_eq!(wrong_arrows(&all[0], &all).len(), 1);
        assert_eq!(wrong_arrows(&all[1], &all).len(), 0);
        assert_eq!(wrong_arrows(&all[2], &all).len(), 1);
        assert_eq!(wrong_arrows(&package("dunlin-new", &[]), &all).len(), 1);
    }

    #[test]
    fn a_pure_crate_may_use_others_in_tests_alone() {
        assert_eq!(impure(&package("dunlin-proto", &[("tokio", false)])).len(), 1);
        assert!(impure(&package("dunlin-proto", &[("tokio", true), ("zstd", false)])).is_empty());
        assert!(impure(&package("dunlin-net", &[("tokio", false)])).is_empty());
    }
}
