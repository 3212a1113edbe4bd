//! What an app can do is the same in every language, or the page says why not.
//!
//! `docs/parity.md` is written by hand, and read here beside the sources: a name that nothing
//! declares, a declaration in no row and a cell without a word are errors. Nothing is built.

mod command_line;
mod kotlin;
mod page;
mod rust;
mod swift;
mod symbol;
mod tokens;
mod verdict;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use self::{
    symbol::{Catalogue, Kind},
    verdict::Declared,
};
use crate::{failure::Failure, sources::sources};

const PAGE: &str = "docs/parity.md";

/// The crate whose exports are the Rust API.
const CRATE: &str = "core/dunlin/src";
/// The crates that it exports from, as its sources call them.
const CRATES: &[(&str, &str)] = &[
    ("self", CRATE),
    ("dunlin_model", "core/model/src"),
    ("dunlin_store", "core/store/src"),
    ("dunlin_proto", "core/proto/src"),
    ("dunlin_net", "core/net/src"),
];

const KOTLIN: &[&str] =
    &["android/dunlin/src/main", "android/android/src/main", "android/compose/src/main"];
const SWIFT: &str = "ios/Sources";
/// Generated, and not for apps.
const BINDINGS: &str = "ios/Sources/DunlinBindings";
/// The file of the grammar, and the folder beside it.
const GRAMMAR: &str = "cli/src/args.rs";

/// Compares the page with the sources.
pub(crate) fn check() -> Result<(), Failure> {
    let page = page::read(&text(Path::new(PAGE))?);
    let declared = [
        Declared { catalogue: rust()?, place: CRATE },
        Declared { catalogue: kotlin()?, place: "android" },
        Declared { catalogue: swift()?, place: SWIFT },
        Declared { catalogue: command_line()?, place: GRAMMAR },
    ];
    // A language in which nothing is found was not read, and would pass.
    if let Some(empty) = declared.iter().find(|declared| declared.catalogue.symbols.is_empty()) {
        return Err(Failure::found(format!("{} declares nothing for everybody", empty.place)));
    }
    let wrong = verdict::problems(PAGE, &page, &declared);
    if !wrong.is_empty() {
        return Err(Failure::found(wrong.join("\n")));
    }
    let names: usize = declared.iter().map(|declared| declared.catalogue.symbols.len()).sum();
    println!("{names} declarations in four languages: {PAGE} has them in {} rows", page.rows.len());
    Ok(())
}

fn rust() -> Result<Catalogue, Failure> {
    let lib = PathBuf::from(CRATE).join("lib.rs");
    let mut catalogue = Catalogue::default();
    for (root, mut names) in rust::exports(&text(&lib)?) {
        let Some((_, folder)) = CRATES.iter().find(|(name, _)| *name == root) else {
            return Err(Failure::found(format!(
                "{} exports from {root}: say in xtask/src/parity.rs where its sources are",
                lib.display()
            )));
        };
        names.extend(of_modules(Path::new(folder), &names)?);
        for file in sources(Path::new(folder), "rs")? {
            let is_exported = |name: &str| names.contains(name);
            rust::add(&mut catalogue, &text(&file)?, &file.display().to_string(), &is_exported);
        }
        // What a macro declares, and modules.
        for name in names.iter().filter(|name| !catalogue.has(name)).collect::<Vec<_>>() {
            catalogue.add(name.clone(), Kind::Type, &lib.display().to_string());
        }
    }
    Ok(catalogue)
}

/// What the modules among the names declare and export in their turn.
fn of_modules(folder: &Path, names: &BTreeSet<String>) -> Result<BTreeSet<String>, Failure> {
    let mut found = BTreeSet::new();
    for name in names {
        let file = folder.join(format!("{name}.rs"));
        if file.exists() {
            let text = text(&file)?;
            found.extend(rust::declared(&text));
            found.extend(rust::exports(&text).into_values().flatten());
        }
    }
    Ok(found)
}

fn kotlin() -> Result<Catalogue, Failure> {
    let mut catalogue = Catalogue::default();
    for folder in KOTLIN {
        for file in sources(Path::new(folder), "kt")? {
            kotlin::add(&mut catalogue, &text(&file)?, &file.display().to_string());
        }
    }
    Ok(catalogue)
}

fn swift() -> Result<Catalogue, Failure> {
    let mut catalogue = Catalogue::default();
    for file in sources(Path::new(SWIFT), "swift")? {
        if !file.starts_with(BINDINGS) {
            swift::add(&mut catalogue, &text(&file)?, &file.display().to_string());
        }
    }
    Ok(catalogue)
}

fn command_line() -> Result<Catalogue, Failure> {
    let mut paths = sources(&Path::new(GRAMMAR).with_extension(""), "rs")?;
    paths.push(PathBuf::from(GRAMMAR));
    let mut files = Vec::new();
    for path in paths {
        files.push((path.display().to_string(), text(&path)?));
    }
    Ok(command_line::catalogue(files.iter().map(|(file, text)| (file.as_str(), text.as_str()))))
}

fn text(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path)
        .map_err(|error| Failure::found(format!("cannot read {}: {error}", path.display())))
}
