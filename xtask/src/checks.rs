//! Checks that cargo's own tools make.

use crate::{
    failure::Failure,
    shell::{cargo, run},
};

/// Formatting, as `rustfmt.toml` says.
pub(crate) fn fmt() -> Result<(), Failure> {
    run(&mut cargo(&["fmt", "--all", "--", "--check"]))
}

/// Lints of all targets.
pub(crate) fn clippy() -> Result<(), Failure> {
    run(&mut cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "--deny=warnings",
    ]))
}

/// API documentation: broken links and missing docs.
pub(crate) fn doc() -> Result<(), Failure> {
    run(cargo(&["doc", "--workspace", "--no-deps", "--locked"])
        .env("RUSTDOCFLAGS", "--deny=warnings"))
}
