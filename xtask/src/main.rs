//! Dunlin's task runner: what a person runs by hand is what CI runs, step by step the same.
//!
//! ```text
//! cargo xtask help
//! ```

mod apps;
mod args;
mod bindings;
mod checkout;
mod checks;
mod deps;
mod failure;
mod jars;
mod kotlin;
mod machine;
mod metadata;
mod natives;
mod page_size;
mod parity;
mod programs;
mod purity;
mod report;
mod shell;
mod sources;
mod suite;
mod swift;
mod versions;
mod xcframework;

use std::{env, process::ExitCode};

use crate::{args::Args, failure::Failure};

/// One thing that `cargo xtask NAME` does.
struct Task {
    name: &'static str,
    arguments: &'static str,
    about: &'static str,
    run: fn(&mut Args) -> Result<(), Failure>,
}

const TASKS: &[Task] = &[
    Task {
        name: "test",
        arguments: "",
        about: "set the machine up, then run every check and test in order; CI runs this",
        run: suite::run,
    },
    Task {
        name: "setup",
        arguments: "",
        about: "install what building and testing need (Debian, as root); else say what is missing",
        run: |_| machine::setup().map(drop),
    },
    Task { name: "fmt", arguments: "", about: "check the formatting", run: |_| checks::fmt() },
    Task {
        name: "clippy",
        arguments: "",
        about: "lint all targets, warnings denied",
        run: |_| checks::clippy(),
    },
    Task {
        name: "doc",
        arguments: "",
        about: "build the API documentation, warnings denied",
        run: |_| checks::doc(),
    },
    Task {
        name: "deps",
        arguments: "",
        about: "check licences and forbidden crates; list duplicates",
        run: |_| deps::check(),
    },
    Task {
        name: "purity",
        arguments: "",
        about: "check that layers point down and pure crates stay pure",
        run: |_| purity::check(),
    },
    Task {
        name: "parity",
        arguments: "",
        about: "check docs/parity.md, what there is in each language, against the sources",
        run: |_| parity::check(),
    },
    Task {
        name: "kotlin",
        arguments: "",
        about: "build the Kotlin library over bindings generated anew, and run its tests",
        run: |_| kotlin::check().map(drop),
    },
    Task {
        name: "jars",
        arguments: "",
        about: "build what apps on the JVM depend on, native library included, into the local Maven repository",
        run: jars::task,
    },
    Task {
        name: "swift",
        arguments: "[--write]",
        about: "build the Swift package over bindings generated anew, and run its tests; or write the bindings",
        run: swift::task,
    },
    Task {
        name: "apps",
        arguments: "",
        about: "build and run programs outside of the workspace, written as the guides say",
        run: |_| apps::check(),
    },
    Task {
        name: "versions",
        arguments: "",
        about: "check that Maven's and Gradle's builds of the Kotlin library agree on versions",
        run: |_| versions::check(),
    },
    Task {
        name: "page-size",
        arguments: "FILE...",
        about: "check that libraries for Android load on devices with 16 KB pages",
        run: page_size::run,
    },
    Task {
        name: "xcframework",
        arguments: "[--release-url URL] [--dry-run]",
        about: "on a Mac, build the library for iOS and macOS; with a URL, refer Package.swift to it",
        run: xcframework::task,
    },
    Task {
        name: "fuzz",
        arguments: "[--count N] [--seed S]",
        about: "mutate valid updates and frames; 500,000 mutants a decoder unless told",
        run: programs::fuzz,
    },
    Task {
        name: "properties",
        arguments: "[--cases N] [--seed S]",
        about: "run the properties of documents, optimized; 3,000 cases each unless told",
        run: programs::properties,
    },
    Task {
        name: "simulate",
        arguments: "[--schedules N | --minutes M] [--seed S]",
        about: "run seeded schedules of whole nodes on the simulated network; 300 unless told",
        run: programs::simulate,
    },
    Task {
        name: "bench",
        arguments: "[--json] [--rows 1,2] [--runs N] [--trace PATH]",
        about: "print the table of targets, each beside its floor measured in the same run",
        run: programs::bench,
    },
];

fn main() -> ExitCode {
    let mut words = env::args().skip(1);
    let name = words.next().unwrap_or_else(|| "help".to_owned());
    if matches!(name.as_str(), "help" | "--help" | "-h") {
        print!("{}", help());
        return ExitCode::SUCCESS;
    }
    let Some(task) = TASKS.iter().find(|task| task.name == name) else {
        eprintln!("there is no task {name:?}\n\n{}", help());
        return ExitCode::from(2);
    };
    let mut args = Args::new(words);
    if args.flag("--help") || args.flag("-h") {
        println!("cargo xtask {} {}\n    {}", task.name, task.arguments, task.about);
        return ExitCode::SUCCESS;
    }
    let result = checkout::enter().and_then(|is_others| match is_others {
        true => shell::run(&mut checkout::again()),
        false => (task.run)(&mut args),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\ncargo xtask {name}: {failure}");
            failure.exit_code()
        }
    }
}

fn help() -> String {
    let mut text = "cargo xtask TASK\n\n".to_owned();
    for Task { name, arguments, about, .. } in TASKS {
        text.push_str(&format!("    {:<11} {about}\n", name));
        if !arguments.is_empty() {
            text.push_str(&format!("    {:<11} {arguments}\n", ""));
        }
    }
    text
}
