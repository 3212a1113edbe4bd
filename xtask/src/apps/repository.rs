//! A Maven repository for the programs alone. In the person's own, a library built for tests would
//! stand under the coordinate of the one that apps ship.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::failure::Failure;

/// The top of our own coordinates: what the repository has for itself.
const OURS: &str = "dev";

/// Makes it, with links to whatever the person's own has of others, so that nothing is fetched twice.
pub(super) fn make(folder: &Path) -> Result<PathBuf, Failure> {
    let failed = |error| Failure::found(format!("cannot make {}: {error}", folder.display()));
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(failed)?;
    }
    fs::create_dir_all(folder).map_err(failed)?;
    let Some(home) = env::var_os("HOME") else { return Ok(folder.to_owned()) };
    link_others(&Path::new(&home).join(".m2/repository"), folder).map_err(failed)?;
    Ok(folder.to_owned())
}

fn link_others(theirs: &Path, folder: &Path) -> std::io::Result<()> {
    if !theirs.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(theirs)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() && entry.file_name() != OURS {
            link(&entry.path(), &folder.join(entry.file_name()))?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn link(theirs: &Path, ours: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(theirs, ours)
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn others_are_linked_and_our_own_are_not() {
        let folder = env::temp_dir().join(format!("dunlin-repository-{}", std::process::id()));
        let (theirs, ours) = (folder.join("theirs"), folder.join("ours"));
        for name in ["org/example", "dev/dunlin"] {
            fs::create_dir_all(theirs.join(name)).unwrap();
        }
        fs::create_dir_all(&ours).unwrap();
        link_others(&theirs, &ours).unwrap();
        let found = (ours.join("org/example").exists(), ours.join("dev").exists());
        // What remove_dir_all would follow is a link, and it removes the link alone.
        fs::remove_dir_all(&ours).unwrap();
        let kept = theirs.join("org/example").exists();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!((found, kept), ((true, false), true));
    }
}
