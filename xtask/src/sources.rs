//! The source files below a folder.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::failure::Failure;

/// All files of that kind, however deep, in order.
pub(crate) fn sources(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, &error))? {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        if path.is_dir() {
            files.extend(sources(&path, extension)?);
        } else if path.extension().is_some_and(|other| other == extension) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::found(format!("cannot read {}: {error}", path.display()))
}
