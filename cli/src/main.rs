//! `dunlin`: a field device's node, a person's tool, an agent's door.
//!
//! The invariant: **one executor.** A command is carried out by the same code whether this process
//! opened the node itself or another one did and the command came through its socket, so what is
//! printed, and the exit code, are the same.

mod args;
mod demo;
mod dispatch;
mod exec;
mod failure;
mod host;
mod human;
mod init;
mod input;
mod log;
mod out;
mod signals;
mod socket;

use std::process::ExitCode;

use self::{
    args::{Cli, Command},
    failure::{Failure, Problem},
};

fn main() -> ExitCode {
    let cli = match args::parse() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    log::start(&cli);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: no threads to run on: {error}");
            return ExitCode::FAILURE;
        }
    };
    let json = cli.json;
    let outcome = runtime.block_on(run(cli));
    // A read of standard input that nobody waits for any more cannot be called back.
    runtime.shutdown_background();
    match outcome {
        Ok(()) | Err(Failure::OutputClosed) => ExitCode::SUCCESS,
        Err(Failure::Reported) => ExitCode::FAILURE,
        Err(Failure::Refused(error)) => {
            Problem::from(&error).print(json);
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        Command::Init(init) => init::run(&cli.dir, cli.json, init).await,
        Command::Demo => demo::run(cli.json).await,
        Command::Node(command) => dispatch::run(&cli.dir, cli.json, command).await,
    }
}
