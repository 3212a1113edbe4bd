//! Which checkout a task works on, also where several have one target directory.
//!
//! Cargo does not tell checkouts of one workspace apart: what it built from one, this program too, it
//! takes for the other's wherever the other's files are older. So the checkout that a task is called in
//! is asked for when it runs, and the target directory says whose it is: before it changes hands, the
//! sources become newer than what was built.

use std::{
    env,
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

use crate::{
    failure::Failure,
    metadata,
    shell::{ask, cargo},
    sources::sources,
};

/// Where the target directory says whose it is.
const OWNER: &str = "dunlin-checkout";
/// Folders with sources of the workspace.
const MEMBERS: &[&str] = &["core", "cli", "bindings", "tests", "bench", "xtask"];

/// Goes to the workspace's root, wherever the task was started; whether what is built, and with it
/// this program, may be another checkout's: then the task is to be started anew.
pub(crate) fn enter() -> Result<bool, Failure> {
    let root = root()?;
    env::set_current_dir(&root).map_err(|error| failed("enter", &root, &error))?;
    let target = metadata::target_directory()?;
    fs::create_dir_all(&target).map_err(|error| failed("make", &target, &error))?;
    let root = fs::canonicalize(&root).map_err(|error| failed("enter", &root, &error))?;
    take_over(&target.join(OWNER), &root)
}

/// The root of the workspace that cargo runs this for; started by hand, that of the working directory.
fn root() -> Result<PathBuf, Failure> {
    if let Some(package) = env::var_os("CARGO_MANIFEST_DIR") {
        return Ok(Path::new(&package).join(".."));
    }
    let words = ["locate-project", "--workspace", "--message-format", "plain"];
    let (found, said) = ask(&mut cargo(&words))?;
    match Path::new(said.trim()).parent() {
        Some(root) if found => Ok(root.to_owned()),
        _ => Err(Failure::found(format!("not in a checkout of Dunlin: {said}"))),
    }
}

/// Makes the target directory this checkout's; whether it was another one's.
fn take_over(owner: &Path, root: &Path) -> Result<bool, Failure> {
    let ours = root.to_string_lossy();
    let was = fs::read_to_string(owner).ok();
    if was.as_deref() == Some(&*ours) {
        return Ok(false);
    }
    let is_others = was.is_some();
    if is_others {
        renew(root)?;
        // Swift notes where its sources are, and does not build others in the same folder.
        let scratch = owner.with_file_name("swift");
        if scratch.exists() {
            fs::remove_dir_all(&scratch).map_err(|error| failed("remove", &scratch, &error))?;
        }
    }
    fs::write(owner, ours.as_bytes()).map_err(|error| failed("write", owner, &error))?;
    Ok(is_others)
}

/// Makes the sources newer than whatever was built.
fn renew(root: &Path) -> Result<(), Failure> {
    let now = SystemTime::now();
    for folder in MEMBERS.iter().map(|folder| root.join(folder)).filter(|folder| folder.is_dir()) {
        for path in sources(&folder, "rs")? {
            let touched = File::options().append(true).open(&path);
            let touched = touched.and_then(|file| file.set_modified(now));
            touched.map_err(|error| failed("touch", &path, &error))?;
        }
    }
    Ok(())
}

/// The same task by this checkout's own program.
pub(crate) fn again() -> Command {
    let mut command = cargo(&["run", "--quiet", "--locked", "--package", "xtask", "--"]);
    command.args(env::args_os().skip(1));
    command
}

fn failed(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::found(format!("cannot {what} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_root_is_the_one_that_cargo_runs_for() {
        assert!(root().unwrap().join("xtask/src/checkout.rs").is_file());
    }

    #[test]
    fn a_target_directory_that_changes_hands_is_older_than_the_sources() {
        let folder = env::temp_dir().join(format!("dunlin-checkout-{}", std::process::id()));
        let (one, other) = (folder.join("one"), folder.join("other"));
        let source = other.join("core/deep/lib.rs");
        fs::create_dir_all(source.parent().unwrap()).unwrap();
        fs::write(&source, "").unwrap();
        let owner = folder.join(OWNER);
        let age = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
        let old = SystemTime::now() - Duration::from_secs(3600);
        File::options().append(true).open(&source).unwrap().set_modified(old).unwrap();

        assert!(!take_over(&owner, &one).unwrap(), "nobody had it");
        assert!(!take_over(&owner, &one).unwrap(), "it is ours");
        let built = age(&owner);
        assert!(age(&source) < built);
        assert!(take_over(&owner, &other).unwrap());
        assert!(age(&source) >= built);
        assert!(!take_over(&owner, &other).unwrap());
        fs::remove_dir_all(&folder).unwrap();
    }
}
