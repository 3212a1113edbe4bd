//! Swift for this machine: its own, or on Debian one in a root of its own, since the release that
//! Debian has is for a later Debian.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{self, Command},
};

use crate::{
    failure::Failure,
    machine,
    shell::{ask, program, run, works},
};

/// The release of Debian with a Swift that works, and how often the recipe below has changed.
const SUITE: &str = "trixie";
const RECIPE: u32 = 1;

const PACKAGES: &str = "swiftlang,libc6-dev,libstdc++-14-dev";

/// What a build of libraries does not need: debugger, editor's services, manuals.
const LEFT_OUT: &[&str] = &[
    "/usr/share/man/*",
    "/usr/share/doc/*",
    "/usr/share/locale/*",
    "/usr/share/swift/*",
    "/usr/libexec/swift/lib/swift_static/*",
    "/usr/libexec/swift/lib/liblldb*",
    "/usr/libexec/swift/lib/libsourcekitd*",
    "/usr/libexec/swift/lib/libLTO*",
    "/usr/libexec/swift/bin/lldb*",
    "/usr/libexec/swift/bin/clangd",
    "/usr/libexec/swift/bin/sourcekit-lsp",
    "/usr/libexec/swift/bin/docc",
];

/// Runs a command in the root, with mounts that end with it, and in the first of some folders. They
/// appear inside under their own names, so that paths in messages and libraries are right.
const ENTER: &str = r#"
set -eu
root=$1 count=$2 here=$3
shift 2
mount --make-rprivate /
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
while [ "$count" -gt 0 ]; do
    mkdir -p "$root$1"
    mount --rbind "$1" "$root$1"
    shift
    count=$((count - 1))
done
exec chroot "$root" /usr/bin/env -i --chdir="$here" HOME=/root LANG=C.UTF-8 \
    PATH=/usr/libexec/swift/bin:/usr/local/bin:/usr/bin:/bin "$@"
"#;

/// A Swift that can be run.
pub(crate) enum Swift {
    /// The machine's own.
    OnPath,
    /// In a root of its own.
    In(PathBuf),
}

impl Swift {
    /// A command at the workspace's root that sees these folders besides it, and has these
    /// variables; its program and arguments are still to be added.
    pub(super) fn command(&self, folders: &[&Path], variables: &[(&str, &Path)]) -> Command {
        let variables = variables.iter().map(|(name, value)| format!("{name}={}", value.display()));
        match self {
            Self::OnPath => {
                let mut command = program("env");
                command.args(variables);
                command
            }
            Self::In(root) => {
                let here = env::current_dir().unwrap_or_default();
                let folders: Vec<&Path> = [here.as_path()].iter().chain(folders).copied().collect();
                let mut command = program("unshare");
                command.args(["--mount", "sh", "-c", ENTER, "sh"]).arg(root);
                command.arg(folders.len().to_string()).args(folders);
                command.args(variables);
                command
            }
        }
    }
}

/// The Swift of this machine, as [`setup`] left it.
pub(super) fn find() -> Result<Swift, Failure> {
    if is_on_path() {
        return Ok(Swift::OnPath);
    }
    match root() {
        Some(root) if root.exists() => Ok(Swift::In(root)),
        _ => Err(missing("none was set up")),
    }
}

/// Whether there is a Swift.
pub(crate) fn is_here() -> bool {
    find().is_ok()
}

/// Makes a root with Swift where the machine has none and can.
pub(crate) fn setup() -> Result<(), Failure> {
    if is_here() {
        println!("swift is here");
        return Ok(());
    }
    let root = root().ok_or_else(|| missing("there is no home for a cache"))?;
    machine::obtain_mmdebstrap().map_err(|why| missing(&why.to_string()))?;
    let partial = root.with_extension(format!("partial-{}", process::id()));
    let made = make(&partial).and_then(|()| {
        fs::rename(&partial, &root).map_err(|error| Failure::found(error.to_string()))
    });
    if made.is_err() {
        // Perhaps it was not even begun.
        let _ = fs::remove_dir_all(&partial);
    }
    made.map_err(|why| missing(&why.to_string()))
}

fn make(root: &Path) -> Result<(), Failure> {
    println!("making a root with Swift in {}: 560 MB to download", root.display());
    if let Some(cache) = root.parent() {
        fs::create_dir_all(cache).map_err(|error| Failure::found(error.to_string()))?;
    }
    let mut command = program("mmdebstrap");
    command.args(["--quiet", "--variant=essential", "--mode=root", "--components=main"]);
    command.arg("--aptopt=APT::Install-Recommends \"false\"");
    // A mirror's index may be older than its own promise; the packages are signed all the same.
    command.arg("--aptopt=Acquire::Check-Valid-Until \"false\"");
    command.args(LEFT_OUT.iter().map(|path| format!("--dpkgopt=path-exclude={path}")));
    command.arg(format!("--include={PACKAGES}")).arg(SUITE).arg(root).arg(mirror()?);
    run(&mut command)
}

/// Where this machine's own packages come from.
fn mirror() -> Result<String, Failure> {
    let (_, sites) = ask(program("apt-get").args(["indextargets", "--format", "$(SITE)"]))?;
    let mut sites: Vec<&str> =
        sites.lines().filter(|site| site.contains("://") && !site.contains("security")).collect();
    sites.sort_unstable();
    let most = sites.chunk_by(|a, b| a == b).max_by_key(|same| same.len());
    most.map(|same| same[0].to_owned())
        .ok_or_else(|| Failure::found("apt has no source of packages"))
}

fn root() -> Option<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))?;
    Some(cache.join("dunlin").join(format!("swift-{SUITE}-{RECIPE}")))
}

/// Whether the machine has a Swift of its own, of version 6 or later.
fn is_on_path() -> bool {
    let Ok((true, said)) = ask(program("swift").arg("--version")) else { return false };
    version(&said).is_some_and(|major| major >= 6) && works("swiftc", &["--version"])
}

/// The major number in what `swift --version` says.
fn version(said: &str) -> Option<u32> {
    said.split_once("Swift version ")?.1.split('.').next()?.parse().ok()
}

fn missing(why: &str) -> Failure {
    Failure::found(format!(
        "Swift 6 is missing ({why}): install it from swift.org; on Debian, `cargo xtask setup` as \
         root brings it along"
    ))
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn the_version_is_read_whoever_built_it() {
        assert_eq!(version("Swift version 6.0.3 (swift-6.0.3-RELEASE)\nTarget: x86_64"), Some(6));
        let apple = "swift-driver version: 1.115 Apple Swift version 6.1 (swiftlang-6.1.0.110.21)";
        assert_eq!(version(apple), Some(6));
        assert_eq!(version("Swift version 5.10"), Some(5));
        assert_eq!(version("swift: command not found"), None);
    }
}
