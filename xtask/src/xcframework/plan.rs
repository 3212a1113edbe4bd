//! What an XCFramework is made of, as the commands that make it.

use std::path::{Path, PathBuf};

use super::command::Command;

/// The package's manifest, where remote packages are looked for.
pub(super) const MANIFEST: &str = "Package.swift";

/// The module that the generated Swift imports; the name of header and framework too.
const MODULE: &str = "dunlinFFI";
/// What the framework's three libraries are called.
const LIBRARY: &str = "libdunlin_ffi.a";

/// One library of the framework: an operating system, on a device or simulated.
struct Platform {
    folder: &'static str,
    /// Rust's names; more than one makes a universal library.
    targets: &'static [&'static str],
    /// The oldest release that it runs on, as compilers are told.
    deployment: (&'static str, &'static str),
}

const PLATFORMS: &[Platform] = &[
    Platform {
        folder: "ios",
        targets: &["aarch64-apple-ios"],
        deployment: ("IPHONEOS_DEPLOYMENT_TARGET", "15.0"),
    },
    Platform {
        folder: "ios-simulator",
        targets: &["aarch64-apple-ios-sim", "x86_64-apple-ios"],
        deployment: ("IPHONEOS_DEPLOYMENT_TARGET", "15.0"),
    },
    Platform {
        folder: "macos",
        targets: &["aarch64-apple-darwin", "x86_64-apple-darwin"],
        deployment: ("MACOSX_DEPLOYMENT_TARGET", "12.0"),
    },
];

/// The commands in order, from the workspace's root; the first that fails is the last.
pub(super) struct Plan {
    /// What makes the framework and its zip.
    pub(super) commands: Vec<Command>,
    /// Prints the zip's checksum as SwiftPM wants it.
    pub(super) checksum: Command,
}

impl Plan {
    /// Plans a build in cargo's target directory.
    pub(super) fn new(target: &Path) -> Self {
        let made = target.join("xcframework");
        let bindings = target.join("bindings/swift");
        let framework = PathBuf::from(format!("ios/{MODULE}.xcframework"));
        let zip = made.join(format!("{MODULE}.xcframework.zip"));
        let headers = made.join("headers");

        let mut commands = vec![rust_targets()];
        commands.push(Command::new("cargo build --package dunlin-ffi --locked"));
        // xcodebuild adds to what is there, and what a rename left behind would be shipped too.
        commands.push(Command::new("rm -rf").path(&bindings).path(&made).path(&framework));
        commands.push(generate(target, &bindings));
        commands.extend(compare(&bindings));
        commands.extend(place_headers(&bindings, &headers.join(MODULE)));
        for platform in PLATFORMS {
            commands.extend(build(platform, target, &made.join(platform.folder)));
        }
        commands.push(assemble(&made, &headers, &framework));
        commands.push(Command::new("ditto -c -k --keepParent").path(&framework).path(&zip));
        Self { commands, checksum: Command::new("swift package compute-checksum").path(&zip) }
    }
}

fn rust_targets() -> Command {
    let targets = PLATFORMS.iter().flat_map(|platform| platform.targets);
    targets.fold(Command::new("rustup target add"), |command, target| command.word(target))
}

/// From the debug library of this machine: UniFFI reads symbols that a shipped library lacks.
fn generate(target: &Path, bindings: &Path) -> Command {
    Command::new("cargo run --package dunlin-bindgen --locked -- generate --language swift")
        .word("--no-format")
        .word("--config")
        .word("uniffi.toml")
        .word("--out-dir")
        .path(bindings)
        .path(&target.join("debug/libdunlin_ffi.dylib"))
}

/// What apps compile against the framework is in the repository: `cargo xtask swift --write`.
fn compare(bindings: &Path) -> [Command; 2] {
    ["DunlinBindings/DunlinBindings.swift", "dunlinFFI/dunlinFFI.h"].map(|place| {
        let generated = bindings.join(Path::new(place).file_name().unwrap_or_default());
        Command::new("cmp").path(&generated).path(&Path::new("ios/Sources").join(place))
    })
}

/// In a folder named after the module: Xcode copies the headers of all frameworks into one place,
/// where a bare `module.modulemap` meets those of others.
fn place_headers(bindings: &Path, folder: &Path) -> [Command; 3] {
    let copy = |from: String, to: &str| {
        Command::new("cp").path(&bindings.join(from)).path(&folder.join(to))
    };
    let header = format!("{MODULE}.h");
    [
        Command::new("mkdir -p").path(folder),
        copy(header.clone(), &header),
        copy(format!("{MODULE}.modulemap"), "module.modulemap"),
    ]
}

/// One platform's library: each architecture, joined, without symbols that nobody links to.
fn build(platform: &Platform, target: &Path, folder: &Path) -> Vec<Command> {
    let (variable, version) = platform.deployment;
    let library = folder.join(LIBRARY);
    // As a static library alone: cargo leaves out link-time optimization where an rlib is made too.
    let compile = |name: &&str| {
        Command::new("cargo rustc --package dunlin-ffi --lib --locked --profile ship --target")
            .with(variable, version)
            .word(name)
            .word("--crate-type")
            .word("staticlib")
    };
    let mut commands: Vec<Command> = platform.targets.iter().map(compile).collect();
    commands.push(Command::new("mkdir -p").path(folder));
    let join = platform.targets.iter().fold(Command::new("lipo -create"), |command, name| {
        command.path(&target.join(name).join("ship").join(LIBRARY))
    });
    commands.push(join.word("-output").path(&library));
    // The profile's `strip` is for what a linker makes, which a static library is not.
    commands.push(Command::new("strip -S -x").path(&library));
    commands
}

fn assemble(made: &Path, headers: &Path, framework: &Path) -> Command {
    let command = PLATFORMS.iter().fold(
        Command::new("xcodebuild -create-xcframework"),
        |command, platform| {
            let library = made.join(platform.folder).join(LIBRARY);
            command.word("-library").path(&library).word("-headers").path(headers)
        },
    );
    command.word("-output").path(framework)
}
