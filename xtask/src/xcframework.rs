//! `cargo xtask xcframework`: the library for iOS and macOS, as Xcode and SwiftPM take it.
//!
//! Everything is one list of commands, so that `--dry-run` shows on any machine what a Mac would run.

mod command;
mod manifest;
mod plan;

use std::{env, fs, path::Path};

use self::plan::{MANIFEST, Plan};
use crate::{
    args::Args,
    failure::Failure,
    metadata,
    shell::{run, run_watching},
};

/// Builds the framework, zips it and tells the checksum; with a URL, the package refers to that zip.
pub(crate) fn task(args: &mut Args) -> Result<(), Failure> {
    let is_dry = args.flag("--dry-run");
    let url = args.option::<String>("--release-url")?;
    args.finish()?;
    if let Some(url) = &url {
        manifest::check_url(url).map_err(Failure::Usage)?;
    }
    let plan = Plan::new(&target_directory()?);
    if is_dry {
        print!("{}", dry_run(&plan, url.as_deref()));
        return Ok(());
    }
    if !cfg!(target_os = "macos") {
        return Err(Failure::found(
            "an XCFramework takes Xcode, and that a Mac: run this task there, or push a tag for \
             .github/workflows/xcframework.yml; here `cargo xtask xcframework --dry-run` shows \
             the commands",
        ));
    }
    build(&plan, url.as_deref())
}

fn build(plan: &Plan, url: Option<&str>) -> Result<(), Failure> {
    for command in &plan.commands {
        println!("{command}");
        run(&mut command.to_process())?;
    }
    println!("{}", plan.checksum);
    let mut checksum = String::new();
    run_watching(&mut plan.checksum.to_process(), |line| line.trim().clone_into(&mut checksum))?;
    let Some(url) = url else { return Ok(()) };
    let text = fs::read_to_string(MANIFEST)
        .map_err(|error| Failure::found(format!("cannot read {MANIFEST}: {error}")))?;
    let text = manifest::refer(&text, url, &checksum)
        .map_err(|why| Failure::found(format!("{MANIFEST}: {why}")))?;
    fs::write(MANIFEST, text)
        .map_err(|error| Failure::found(format!("cannot write {MANIFEST}: {error}")))?;
    println!("{MANIFEST} refers to {url}, checksum {checksum}");
    Ok(())
}

/// Every command as a line of a shell; what no command does is a comment there.
fn dry_run(plan: &Plan, url: Option<&str>) -> String {
    let commands = plan.commands.iter().chain([&plan.checksum]);
    let mut text: String = commands.map(|command| format!("{command}\n")).collect();
    if let Some(url) = url {
        text.push_str(&format!("# writes {url} and the checksum into {MANIFEST}\n"));
    }
    text
}

/// Where cargo builds; relative where that is inside the workspace, for commands that people read.
fn target_directory() -> Result<std::path::PathBuf, Failure> {
    let target = metadata::target_directory()?;
    let root = env::current_dir().and_then(|here| here.canonicalize()).unwrap_or_default();
    Ok(target.strip_prefix(&root).map(Path::to_owned).unwrap_or(target))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a Mac runs. A change here is a change of what apps are given.
    const COMMANDS: &str = "\
rustup target add aarch64-apple-ios aarch64-apple-ios-sim x86_64-apple-ios aarch64-apple-darwin x86_64-apple-darwin
cargo build --package dunlin-ffi --locked
rm -rf target/bindings/swift target/xcframework ios/dunlinFFI.xcframework
cargo run --package dunlin-bindgen --locked -- generate --language swift --no-format --config uniffi.toml --out-dir target/bindings/swift target/debug/libdunlin_ffi.dylib
cmp target/bindings/swift/DunlinBindings.swift ios/Sources/DunlinBindings/DunlinBindings.swift
cmp target/bindings/swift/dunlinFFI.h ios/Sources/dunlinFFI/dunlinFFI.h
mkdir -p target/xcframework/headers/dunlinFFI
cp target/bindings/swift/dunlinFFI.h target/xcframework/headers/dunlinFFI/dunlinFFI.h
cp target/bindings/swift/dunlinFFI.modulemap target/xcframework/headers/dunlinFFI/module.modulemap
IPHONEOS_DEPLOYMENT_TARGET=15.0 cargo rustc --package dunlin-ffi --lib --locked --profile ship --target aarch64-apple-ios --crate-type staticlib
mkdir -p target/xcframework/ios
lipo -create target/aarch64-apple-ios/ship/libdunlin_ffi.a -output target/xcframework/ios/libdunlin_ffi.a
strip -S -x target/xcframework/ios/libdunlin_ffi.a
IPHONEOS_DEPLOYMENT_TARGET=15.0 cargo rustc --package dunlin-ffi --lib --locked --profile ship --target aarch64-apple-ios-sim --crate-type staticlib
IPHONEOS_DEPLOYMENT_TARGET=15.0 cargo rustc --package dunlin-ffi --lib --locked --profile ship --target x86_64-apple-ios --crate-type staticlib
mkdir -p target/xcframework/ios-simulator
lipo -create target/aarch64-apple-ios-sim/ship/libdunlin_ffi.a target/x86_64-apple-ios/ship/libdunlin_ffi.a -output target/xcframework/ios-simulator/libdunlin_ffi.a
strip -S -x target/xcframework/ios-simulator/libdunlin_ffi.a
MACOSX_DEPLOYMENT_TARGET=12.0 cargo rustc --package dunlin-ffi --lib --locked --profile ship --target aarch64-apple-darwin --crate-type staticlib
MACOSX_DEPLOYMENT_TARGET=12.0 cargo rustc --package dunlin-ffi --lib --locked --profile ship --target x86_64-apple-darwin --crate-type staticlib
mkdir -p target/xcframework/macos
lipo -create target/aarch64-apple-darwin/ship/libdunlin_ffi.a target/x86_64-apple-darwin/ship/libdunlin_ffi.a -output target/xcframework/macos/libdunlin_ffi.a
strip -S -x target/xcframework/macos/libdunlin_ffi.a
xcodebuild -create-xcframework -library target/xcframework/ios/libdunlin_ffi.a -headers target/xcframework/headers -library target/xcframework/ios-simulator/libdunlin_ffi.a -headers target/xcframework/headers -library target/xcframework/macos/libdunlin_ffi.a -headers target/xcframework/headers -output ios/dunlinFFI.xcframework
ditto -c -k --keepParent ios/dunlinFFI.xcframework target/xcframework/dunlinFFI.xcframework.zip
swift package compute-checksum target/xcframework/dunlinFFI.xcframework.zip
";

    #[test]
    fn a_dry_run_tells_every_command_and_what_is_written() {
        let plan = Plan::new(Path::new("target"));
        assert_eq!(dry_run(&plan, None), COMMANDS);
        let url = "https://example.org/1.0/dunlinFFI.xcframework.zip";
        let with_url = format!("{COMMANDS}# writes {url} and the checksum into Package.swift\n");
        assert_eq!(dry_run(&plan, Some(url)), with_url);
    }

    #[test]
    fn a_url_that_swiftpm_refuses_is_a_usage_error() {
        let words = ["--dry-run", "--release-url", "http://example.org/a.zip"];
        let mut args = Args::new(words.into_iter().map(str::to_owned));
        assert!(matches!(task(&mut args), Err(Failure::Usage(_))));
    }

    #[cfg(not(target_os = "macos"))]
    #[test]
    fn elsewhere_than_on_a_mac_the_task_says_what_to_do() {
        let failure = task(&mut Args::new(std::iter::empty())).unwrap_err().to_string();
        for what in ["Mac", "--dry-run", ".github/workflows/xcframework.yml"] {
            assert!(failure.contains(what), "{what} is not in {failure}");
        }
    }
}
