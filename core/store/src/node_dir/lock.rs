//! The lock of a node's directory, which tells this process apart from another one.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use crate::{error::OpenError, files};

/// How long to wait before trying again for the lock.
const LOCK_RETRY: Duration = Duration::from_millis(20);

/// The locks that this process holds.
static HELD: Mutex<Vec<Held>> = Mutex::new(Vec::new());

struct Held {
    file: FileId,
    is_ending: bool,
}

/// A directory's lock, which the system lets go of however the process ends.
pub(super) struct DirLock {
    file: File,
    id: FileId,
}

impl DirLock {
    /// Takes the lock, trying for as long as `wait`.
    pub(super) fn take(path: &Path, wait: Duration) -> Result<Self, OpenError> {
        let file = path.join("lock");
        let failed = |source| OpenError::io(&file, source);
        files::create_private(&file).map_err(failed)?;
        let lock = fs::OpenOptions::new().write(true).open(&file).map_err(failed)?;
        let id = FileId::of(&lock, &file).map_err(failed)?;
        let mut left = wait;
        loop {
            match Self::attempt(&lock, &id).map_err(failed)? {
                None => return Ok(Self { file: lock, id }),
                Some(holder) if left.is_zero() => {
                    let path = path.to_owned();
                    return Err(match holder {
                        Holder::Process => OpenError::AlreadyOpen { path },
                        Holder::Here { is_ending } => OpenError::OpenHere { path, is_ending },
                    });
                }
                Some(_) => {
                    let nap = LOCK_RETRY.min(left);
                    thread::sleep(nap);
                    left -= nap;
                }
            }
        }
    }

    /// Takes the lock, or tells who has it. What is held is looked at and changed together with the
    /// lock itself, so that the two never differ.
    fn attempt(lock: &File, id: &FileId) -> io::Result<Option<Holder>> {
        let mut held = held();
        match lock.try_lock() {
            Ok(()) => held.push(Held { file: id.clone(), is_ending: false }),
            Err(TryLockError::Error(source)) => return Err(source),
            Err(TryLockError::WouldBlock) => {
                let here = held.iter().find(|held| held.file == *id);
                return Ok(Some(match here {
                    Some(held) => Holder::Here { is_ending: held.is_ending },
                    None => Holder::Process,
                }));
            }
        }
        Ok(None)
    }

    /// Notes that it will be let go of soon.
    pub(super) fn end_soon(&self) {
        for held in held().iter_mut().filter(|held| held.file == self.id) {
            held.is_ending = true;
        }
    }
}

impl Drop for DirLock {
    fn drop(&mut self) {
        let mut held = held();
        held.retain(|held| held.file != self.id);
        // Closing the file lets go of it too, a moment later.
        let _ = self.file.unlock();
    }
}

/// Who has a lock that cannot be had.
enum Holder {
    Process,
    Here { is_ending: bool },
}

/// A file, by whatever path it is reached.
#[cfg(unix)]
#[derive(Clone, PartialEq, Eq)]
struct FileId(u64, u64);

#[cfg(unix)]
impl FileId {
    fn of(file: &File, _: &Path) -> io::Result<Self> {
        use std::os::unix::fs::MetadataExt;
        let metadata = file.metadata()?;
        Ok(Self(metadata.dev(), metadata.ino()))
    }
}

/// A file, by its path without links.
#[cfg(not(unix))]
#[derive(Clone, PartialEq, Eq)]
struct FileId(std::path::PathBuf);

#[cfg(not(unix))]
impl FileId {
    fn of(_: &File, path: &Path) -> io::Result<Self> {
        fs::canonicalize(path).map(Self)
    }
}

fn held() -> MutexGuard<'static, Vec<Held>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}
