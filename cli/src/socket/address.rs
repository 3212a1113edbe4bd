//! A node's socket at a path of any length.
//!
//! The system bounds a socket's path to about 100 bytes. A longer one is reached through a short
//! symbolic link to the node's directory, in a directory that nobody else can enter. Linux would
//! also have `/proc/self/fd`, but a link works on every Unix.

use std::{
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

/// The socket's name in the node's directory.
const NAME: &str = "socket";
/// Longest path that every Unix binds, with room for the terminating zero.
const MAX_PATH_BYTES: usize = 100;

/// A path that the system takes, for as long as this lives.
pub(super) struct Address {
    path: PathBuf,
    _link: Option<TempDir>,
}

impl Address {
    pub(super) fn of(dir: &Path) -> io::Result<Self> {
        let direct = file(dir);
        if direct.as_os_str().len() <= MAX_PATH_BYTES {
            return Ok(Self { path: direct, _link: None });
        }
        let target = fs::canonicalize(dir)?;
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for parent in [std::env::temp_dir(), PathBuf::from("/tmp")] {
            let link = match link(&parent, &target) {
                Ok(link) => link,
                Err(error) => {
                    last = error;
                    continue;
                }
            };
            let path = file(&link.path().join("d"));
            if path.as_os_str().len() <= MAX_PATH_BYTES {
                return Ok(Self { path, _link: Some(link) });
            }
        }
        Err(last)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// The socket's true place.
pub(super) fn file(dir: &Path) -> PathBuf {
    dir.join(NAME)
}

fn link(parent: &Path, target: &Path) -> io::Result<TempDir> {
    let dir = tempfile::Builder::new().prefix("dunlin-").tempdir_in(parent)?;
    symlink(target, dir.path().join("d"))?;
    Ok(dir)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::*;

    #[test]
    fn a_path_far_over_the_systems_limit_can_be_bound_and_reached() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("x".repeat(120)).join("y".repeat(120));
        fs::create_dir_all(&dir).unwrap();
        assert!(UnixListener::bind(file(&dir)).is_err(), "the direct path must not work");

        let listener = UnixListener::bind(Address::of(&dir).unwrap().path()).unwrap();
        assert!(file(&dir).exists());
        let address = Address::of(&dir).unwrap();
        UnixStream::connect(address.path()).unwrap();
        listener.accept().unwrap();
        let link = address.path().parent().unwrap().to_owned();
        drop(address);
        assert!(!link.exists(), "the link must not stay behind");
    }
}
