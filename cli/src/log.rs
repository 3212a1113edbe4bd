//! Diagnostics on standard error, apart from what a command answers.

use tracing_subscriber::EnvFilter;

use crate::args::Cli;

/// Starts logging: `DUNLIN_LOG` chooses what (such as `debug` or `dunlin=trace`). Without it a
/// person sees warnings; with `--json` standard error carries error objects and nothing else.
pub(crate) fn start(cli: &Cli) {
    let default = if cli.json { "off" } else { "warn" };
    let filter = EnvFilter::try_from_env("DUNLIN_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
