//! The program that measures calls from Swift, and the bindings of the bare library that it calls beside
//! ours.

use std::{fs, path::Path};

use super::{failed, toolchain::find};
use crate::{bindings, failure::Failure, metadata, shell::run};

const PACKAGE: &str = "ios/bench";

/// What the generator makes of the bare library, and where the package has it: not in the repository.
const GENERATED: [(&str, &str); 2] = [
    ("dunlin_ffi_floor.swift", "Sources/FloorBindings/dunlin_ffi_floor.swift"),
    ("dunlin_ffi_floorFFI.h", "Sources/floorFFI/dunlin_ffi_floorFFI.h"),
];

const MODULE_MAP: &str = "\
module dunlin_ffi_floorFFI {
    header \"dunlin_ffi_floorFFI.h\"
    link \"dunlin_ffi_floor\"
    export *
}
";

/// Builds it over libraries built in release; the words that start it, as a JSON array.
pub(crate) fn build() -> Result<String, Failure> {
    let target = metadata::target_directory()?;
    let floor = bindings::build_floor(&target, "release")?;
    let libraries = bindings::folder(&target, "release");
    generate(&floor, &target.join("bindings/floor-swift"))?;

    let swift = find()?;
    let scratch = target.join("bench/swift");
    let mut command = swift.command(&[&target], &[("DUNLIN_LIBRARY_DIR", &libraries)]);
    command.args(["swift", "build", "--configuration", "release", "--package-path", PACKAGE]);
    run(command.arg("--scratch-path").arg(&scratch))?;

    let mut start = swift.command(&[&target], &[]);
    start.arg(scratch.join("release/bench"));
    let words: Vec<_> = std::iter::once(start.get_program())
        .chain(start.get_args())
        .map(|word| word.to_string_lossy())
        .collect();
    serde_json::to_string(&words).map_err(|error| Failure::found(error.to_string()))
}

fn generate(floor: &Path, folder: &Path) -> Result<(), Failure> {
    bindings::generate("swift", floor, folder)?;
    for (name, place) in GENERATED {
        let place = Path::new(PACKAGE).join(place);
        put(&place, &|| fs::copy(folder.join(name), &place).map(drop))?;
    }
    let map = Path::new(PACKAGE).join("Sources/floorFFI/module.modulemap");
    put(&map, &|| fs::write(&map, MODULE_MAP))
}

fn put(place: &Path, write: &dyn Fn() -> std::io::Result<()>) -> Result<(), Failure> {
    let folder = place.parent().unwrap_or(Path::new(PACKAGE));
    fs::create_dir_all(folder)
        .and_then(|()| write())
        .map_err(|error| failed("write", &place.to_string_lossy(), &error))
}
