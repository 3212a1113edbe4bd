//! What building and testing need from the machine, and getting it where that is possible.

use std::process;

use crate::{
    failure::Failure,
    shell::{self, cargo, is_ci, program, run, works},
    swift,
};

/// Something from the distribution.
struct Tool {
    name: &'static str,
    /// Succeeds, with the words of `probe`, if it is there.
    program: &'static str,
    probe: &'static [&'static str],
    debian: &'static [&'static str],
    /// What cannot run without it; none if nothing can be built without it.
    only_for: Option<&'static str>,
}

const TOOLS: &[Tool] = &[
    Tool {
        name: "cc",
        program: "cc",
        probe: &["--version"],
        debian: &["gcc", "libc6-dev"],
        only_for: None,
    },
    Tool {
        name: "ip",
        program: "ip",
        probe: &["-V"],
        debian: &["iproute2"],
        only_for: Some("the tests across network namespaces"),
    },
    Tool {
        name: "nft",
        program: "nft",
        probe: &["--version"],
        debian: &["nftables"],
        only_for: Some("the test of the demo without multicast"),
    },
    JDK,
    MAVEN,
    DRAWING,
];

const JDK: Tool = Tool {
    name: "javac",
    program: "javac",
    probe: &["-version"],
    debian: &["default-jdk"],
    only_for: Some("the Kotlin library"),
};

const MAVEN: Tool = Tool {
    name: "mvn",
    program: "mvn",
    probe: &["--version"],
    debian: &["maven"],
    only_for: Some("the Kotlin library"),
};

/// What Compose draws with, off screen too; a Mac has its own.
const DRAWING: Tool = Tool {
    name: "libGL, libX11 and libfontconfig",
    program: "sh",
    probe: &[
        "-c",
        "[ $(uname) = Linux ] || exit 0; \
         for library in libGL.so.1 libX11.so.6 libfontconfig.so.1; do \
         /sbin/ldconfig -p | grep -q $library || exit 1; done",
    ],
    debian: &["libgl1", "libx11-6", "libfontconfig1"],
    only_for: Some("the Kotlin library"),
};

const MMDEBSTRAP: Tool = Tool {
    name: "mmdebstrap",
    program: "mmdebstrap",
    probe: &["--version"],
    debian: &["mmdebstrap"],
    only_for: Some("the Swift package"),
};

/// Installs what is missing where it can; what cannot run on this machine, and why.
///
/// # Errors
/// Fails if nothing can be built; on CI also if anything could not run.
pub(crate) fn setup() -> Result<Vec<String>, Failure> {
    rust_components()?;
    let mut skipped = Vec::new();
    for tool in TOOLS {
        if let Err(missing) = obtain(tool) {
            let what = tool.only_for.ok_or_else(|| Failure::found(missing.to_string()))?;
            skipped.push(format!("{what}: {missing}"));
        }
    }
    skipped.extend(swift::setup().err().map(|why| format!("the Swift package: {why}")));
    skipped.extend(namespaces());
    if is_ci() && !skipped.is_empty() {
        return Err(Failure::found(format!("CI must run everything, but: {}", skipped.join("; "))));
    }
    for what in &skipped {
        println!("will be skipped: {what}");
    }
    Ok(skipped)
}

/// Whether the Kotlin library can be built and tested here.
pub(crate) fn can_build_kotlin() -> bool {
    [JDK, MAVEN, DRAWING].iter().all(|tool| works(tool.program, tool.probe))
}

/// Installs what makes a root with another release of Debian in it.
pub(crate) fn obtain_mmdebstrap() -> Result<(), Failure> {
    obtain(&MMDEBSTRAP)
}

/// Installs what the Kotlin library needs where that is missing.
pub(crate) fn setup_kotlin() -> Result<(), Failure> {
    [JDK, MAVEN, DRAWING].iter().try_for_each(obtain)
}

/// Installs what building the Kotlin library without its tests needs where that is missing.
pub(crate) fn setup_jvm() -> Result<(), Failure> {
    [JDK, MAVEN].iter().try_for_each(obtain)
}

fn obtain(tool: &Tool) -> Result<(), Failure> {
    if works(tool.program, tool.probe) {
        println!("{} is here", tool.name);
        return Ok(());
    }
    install(tool.debian).map_err(|why| Failure::found(format!("{} is missing: {why}", tool.name)))
}

fn rust_components() -> Result<(), Failure> {
    for (tool, debian) in [("fmt", "rustfmt"), ("clippy", "rust-clippy")] {
        let works = || shell::ask(&mut cargo(&[tool, "--version"])).is_ok_and(|(ok, _)| ok);
        if works() {
            println!("cargo {tool} is here");
            continue;
        }
        let component = if tool == "fmt" { "rustfmt" } else { tool };
        let added = run(program("rustup").args(["component", "add", component]))
            .or_else(|_| install(&[debian]));
        if added.is_err() || !works() {
            return Err(Failure::found(format!(
                "cargo {tool} is missing: `rustup component add {component}` adds it"
            )));
        }
    }
    Ok(())
}

/// Installs packages with apt-get, if this is root on such a system.
fn install(packages: &[&str]) -> Result<(), Failure> {
    let remedy = || format!("`apt-get install {}` as root adds it", packages.join(" "));
    if !works("apt-get", &["--version"]) || !is_root() {
        return Err(Failure::found(remedy()));
    }
    let quietly = |words: &[&str]| {
        run(program("apt-get").args(words).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    // A mirror's index may be older than its own promise; the packages are signed all the same.
    quietly(&["-o", "Acquire::Check-Valid-Until=false", "update", "-q"])?;
    let mut words = vec!["install", "-qy", "--no-install-recommends"];
    words.extend(packages);
    quietly(&words).map_err(|failure| Failure::found(format!("{failure}; {}", remedy())))
}

fn is_root() -> bool {
    shell::ask(program("id").arg("-u")).is_ok_and(|(_, id)| id.trim() == "0")
}

/// Makes and removes a network namespace to see whether tests can.
fn namespaces() -> Option<String> {
    let name = format!("dunlin-probe-{}", process::id());
    let made = shell::ask(program("ip").args(["netns", "add", &name]));
    let why = match made {
        Ok((true, _)) => {
            let removed = works("ip", &["netns", "delete", &name]);
            println!("network namespaces work");
            return (!removed)
                .then(|| format!("the network namespace {name} could not be removed"));
        }
        Ok((false, said)) => said.trim().to_owned(),
        Err(failure) => failure.to_string(),
    };
    Some(format!("the tests across network namespaces: {why} (they need root)"))
}
