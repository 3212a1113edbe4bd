//! The command line: what can be said, and how it is explained.

mod put;
mod values;

use std::{ffi::OsString, net::SocketAddr, path::PathBuf, process::ExitCode, time::Duration};

use clap::{Args, CommandFactory, Parser, Subcommand, error::ErrorKind};
use dunlin::Forms;
use serde::{Deserialize, Serialize};

pub(crate) use self::{
    put::{Put, PutForm},
    values::{Kind, Role},
};
use crate::failure::Problem;

const ABOUT: &str = "Documents that live on this device and merge with those of its peers";

const EXAMPLES: &str = "\
Example, in one terminal:
  export DUNLIN_DIR=/tmp/ann
  dunlin init --name ann
  dunlin space create garden
  dunlin put garden tasks prune '{\"title\":\"prune the roses\",\"minutes\":{\"$counter\":0}}'
  dunlin invite garden                     # prints a ticket
  dunlin run                               # stays up and syncs

and in another, on this machine or one in the same network:
  export DUNLIN_DIR=/tmp/ben
  dunlin init --name ben
  dunlin join TICKET
  dunlin run &
  dunlin edit garden tasks prune '[{\"op\":\"increment\",\"path\":\"/minutes\",\"by\":20}]'
  dunlin get garden tasks prune

SPACE is a local alias, a name, or the beginning of an id. While `dunlin run` (or `watch`) is up,
other commands on the same DIR go through it. `dunlin help COMMAND` explains each command.

Exit code: 0 done, 1 refused (the reason and the remedy are on standard error), 2 not understood.
DUNLIN_LOG=debug tells more on standard error.";

/// The whole command line.
#[derive(Parser, Debug)]
#[command(name = "dunlin", version, about = ABOUT, after_help = EXAMPLES)]
#[command(disable_help_subcommand = false, subcommand_required = true)]
struct Line {
    /// The node's directory
    #[arg(long, global = true, env = "DUNLIN_DIR", value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Print one JSON object a line, errors on standard error too
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

/// A command line that can be carried out.
pub(crate) struct Cli {
    /// The node's directory; empty for a command that needs none.
    pub(crate) dir: PathBuf,
    pub(crate) json: bool,
    pub(crate) command: Command,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Make DIR a node: draw its key, give it a name
    Init(Init),
    #[command(flatten)]
    Node(NodeCommand),
    /// Watch two devices pair, part, edit offline, find each other and converge; needs no DIR
    Demo,
}

/// What a node does, in this process or in the one that runs it.
#[derive(Subcommand, Clone, Debug, Serialize, Deserialize)]
pub(crate) enum NodeCommand {
    /// Found spaces, list them and their members
    #[command(subcommand)]
    Space(SpaceCommand),
    /// Print a ticket: whoever holds it can join the space
    Invite(Invite),
    /// Join a space with a ticket; works offline
    Join(Join),
    /// Merge JSON into a document, or create it
    Put(Put),
    /// Write several documents, all or nothing
    Transaction(Transaction),
    /// Edit a document: texts, counters, lists, fields
    Edit(Edit),
    /// Print a document
    Get(Get),
    /// Delete a document
    Delete(Document),
    /// Bring a deleted document back as it was
    Restore(Document),
    /// List documents with conflicts, and deleted ones that somebody wrote without having seen that
    Conflicts(Listing),
    /// List deleted documents
    Deleted(Listing),
    /// Settle a conflict: keep what is shown, or take what lost
    Settle(Settle),
    /// Begin a document anew from its present content, where `status` says so
    Refound(Document),
    /// List what peers sent that was refused, or forget it
    Quarantine(Quarantine),
    /// Ask with SQL; each collection is a table (id, doc, has_conflicts)
    Query(Query),
    /// Follow the changes of a space, a line each
    Watch(Watch),
    /// Acknowledge changes for a consumer of `watch`
    Ack(Ack),
    /// Stay up and sync with the other members
    Run(Run),
    /// Tell how the node stands: spaces, digests, peers
    Status,
    /// List the devices that this node is connected to, dials, or has met
    Peers,
    /// Tell the others what this device is about at the moment, or see what they are about
    Presence(Presence),
}

/// Arguments of `init`.
#[derive(Args, Debug)]
pub(crate) struct Init {
    /// What other members see [default: this machine's name]
    #[arg(long, value_name = "N")]
    pub(crate) name: Option<String>,
    /// What acts through this device
    #[arg(long, value_enum, default_value_t = Kind::Human)]
    pub(crate) kind: Kind,
}

/// Subcommands of `space`.
#[derive(Subcommand, Clone, Debug, Serialize, Deserialize)]
pub(crate) enum SpaceCommand {
    /// Found a space, with this device as its administrator
    Create {
        /// What all members call it
        name: String,
    },
    /// List the spaces of this node
    List,
    /// List the devices that belong to a space, as far as this one has heard
    Members {
        /// Name or beginning of the id
        space: String,
    },
}

/// Arguments of `invite`.
#[derive(Args, Clone, Debug, Serialize, Deserialize)]
#[command(after_help = "\
Examples:
  dunlin invite garden
  dunlin invite garden --role reader --uses 20 --expires 7d
  dunlin invite garden --qr                # for a phone's camera

The ticket is as secret as what the space holds: whoever reads it can join.")]
pub(crate) struct Invite {
    /// Name or beginning of the id
    pub(crate) space: String,
    /// What whoever joins may do
    #[arg(long, value_enum, default_value_t = Role::Writer)]
    pub(crate) role: Role,
    /// How many devices can join with it
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) uses: u32,
    /// How long it is good for: 90s, 30m, 1h, 7d [default: for ever]
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    pub(crate) expires: Option<Duration>,
    /// Print it as a QR code too
    #[arg(long)]
    pub(crate) qr: bool,
}

/// Arguments of `join`.
#[derive(Args, Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Join {
    /// The line that `dunlin invite` printed; "-" reads it from standard input
    pub(crate) ticket: String,
    /// What to call the space on this device only
    #[arg(long = "as", value_name = "NAME")]
    pub(crate) alias: Option<String>,
}

/// A document.
#[derive(Args, Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Document {
    /// Name or beginning of the id
    pub(crate) space: String,
    /// Such as `tasks`
    pub(crate) collection: String,
    /// Its id
    pub(crate) id: String,
}

/// Arguments of `transaction`.
#[derive(Args, Clone, Debug, Serialize, Deserialize)]
#[command(after_help = r#"It reads a line for each write from standard input, in order:
  {"collection":"tasks","id":"prune","put":{…}}        as `dunlin put` does; null removes a field
  {"collection":"tasks","id":"prune","edit":[…]}       as `dunlin edit` does
  {"collection":"tasks","id":"prune","delete":true}    as `dunlin delete` does
All of it happens in one commit, or nothing: then the first refusal is told, with its line or its
document. At most 1,000 documents, 4,000 writes and 8 MiB. Members that are connected see all of it at
once where it is at most 256 KiB; otherwise, and later, document by document.

Example:
  dunlin transaction garden < move.jsonl"#)]
pub(crate) struct Transaction {
    /// Name or beginning of the id
    pub(crate) space: String,
    /// Read no tagged forms in values
    #[arg(long)]
    pub(crate) plain: bool,
    /// A `put` makes the document that: null is stored, other fields are removed
    #[arg(long)]
    pub(crate) whole: bool,
}

/// Arguments of `edit`.
#[derive(Args, Clone, Debug, Serialize, Deserialize)]
#[command(after_help = r#"EDITS is a JSON array; all of it happens, or nothing:
  {"op":"set","path":"/a/b","value":…}         {"op":"remove","path":"/a/b"}
  {"op":"increment","path":"/count","by":1}    {"op":"splice","path":"/body","at":5,"delete":2,"insert":"…"}
  {"op":"insert","path":"/steps","at":0,"value":…}
  {"op":"move","path":"/steps","from":3,"to":0}
  {"op":"delete-item","path":"/steps","at":2}
`splice` creates the text, `insert` the list, `increment` the counter. Indices of a text are UTF-16
units. An item of a list is named by its index, such as /steps/0/done, or by /steps/@ITEM-ID/done.

Example:
  dunlin edit garden tasks prune '[{"op":"splice","path":"/notes","at":0,"insert":"Gloves! "}]'"#)]
pub(crate) struct Edit {
    #[command(flatten)]
    pub(crate) document: Document,
    /// A JSON array of edits; "-" reads it from standard input
    pub(crate) edits: String,
    /// The version that was read (`get --version`): indices are mapped from it, and what was
    /// written since is kept as a conflict instead of replaced
    #[arg(long, value_name = "V", allow_hyphen_values = true)]
    pub(crate) base: Option<String>,
    /// Read no tagged forms in values
    #[arg(long)]
    pub(crate) plain: bool,
}

/// Arguments of `get`.
#[derive(Args, Clone, Debug, Serialize, Deserialize)]
#[command(after_help = "\
Plain, it prints the value. With --version or --conflicts it prints an object with `value` and
what was asked for.")]
pub(crate) struct Get {
    #[command(flatten)]
    pub(crate) document: Document,
    /// Also what lost against a concurrent write
    #[arg(long)]
    pub(crate) conflicts: bool,
    /// Tell kinds that JSON does not have: {"$text":"…"}, {"$counter":3}; `put` reads it back
    #[arg(long)]
    pub(crate) kinds: bool,
    /// Also the version, for `edit --base`
    #[arg(long)]
    pub(crate) version: bool,
}

/// Arguments of `conflicts` and `deleted`.
#[derive(Args, Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Listing {
    /// Name or beginning of the id
    pub(crate) space: String,
    /// Only of this collection
    pub(crate) collection: Option<String>,
}

/// Arguments of `settle`.
#[derive(Args, Clone, Debug, Serialize, Deserialize)]
#[command(group(clap::ArgGroup::new("decision").required(true).args(["keep", "take"])))]
#[command(after_help = "\
`get --conflicts` and `conflicts` number what lost at a path, from 1.
Examples:
  dunlin settle garden tasks prune /title --keep
  dunlin settle garden tasks prune /title --take 1
  dunlin settle garden tasks gone /title --take 1     # of a deleted document: brings it back

In a list item that is gone, --keep leaves it gone and --take brings it back with what was late; of a
deleted document, --keep deletes it anew and --take restores it.")]
pub(crate) struct Settle {
    #[command(flatten)]
    pub(crate) document: Document,
    /// Where, as `get --conflicts` prints it
    #[arg(allow_hyphen_values = true)]
    pub(crate) path: String,
    /// Keep what is shown: all that lost there goes
    #[arg(long)]
    pub(crate) keep: bool,
    /// Take what lost there under this number: it is the content from now on
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) take: Option<u32>,
    /// The version that was read (`get --version`): refused if the document has changed since
    #[arg(long, value_name = "V", allow_hyphen_values = true)]
    pub(crate) base: Option<String>,
}

/// Arguments of `quarantine`.
#[derive(Args, Clone, Debug, Serialize, Deserialize)]
#[command(after_help = "\
What no honest peer sends is refused and kept, the latest 64 of it and of each at most 64 KiB, for
whoever looks into it. Nothing reads it, and forgetting it changes no document.")]
pub(crate) struct Quarantine {
    /// Name or beginning of the id
    pub(crate) space: String,
    /// Forget all of it
    #[arg(long)]
    pub(crate) empty: bool,
}

/// Arguments of `query`.
#[derive(Args, Clone, Debug, Serialize, Deserialize)]
#[command(after_help = "\
Examples:
  dunlin query garden \"SELECT id, doc->>'$.title' AS title FROM tasks ORDER BY title\"
  dunlin query garden \"SELECT id FROM tasks WHERE json_extract(doc, '$.minutes') > ?\" --param 10
  dunlin query garden \"SELECT count(*) AS n FROM tasks\" --watch --json")]
pub(crate) struct Query {
    /// Name or beginning of the id
    pub(crate) space: String,
    /// One SELECT over the collections
    pub(crate) sql: String,
    /// The value of the next `?`: a JSON number, string, boolean or null, else taken as a string
    #[arg(long = "param", value_name = "V", allow_hyphen_values = true)]
    pub(crate) params: Vec<String>,
    /// Print the result, then what changes in it
    #[arg(long)]
    pub(crate) watch: bool,
}

/// Arguments of `watch`.
#[derive(Args, Clone, Debug, Serialize, Deserialize)]
#[command(after_help = "\
Without a consumer it tells what happens from now on. A consumer is remembered: a new one is told
of every document, then it goes on after what it acknowledged, also after a crash.

Example:
  dunlin --json watch garden --consumer backup --ack >> changes.jsonl")]
pub(crate) struct Watch {
    /// Name or beginning of the id
    pub(crate) space: String,
    /// A name by which the place in the feed is remembered
    #[arg(long, value_name = "NAME")]
    pub(crate) consumer: Option<String>,
    /// Acknowledge what has been flushed to standard output
    #[arg(long, requires = "consumer")]
    pub(crate) ack: bool,
}

/// Arguments of `ack`.
#[derive(Args, Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ack {
    /// Name or beginning of the id
    pub(crate) space: String,
    /// The name given to `watch --consumer`
    pub(crate) consumer: String,
    /// The last change that has been dealt with
    pub(crate) seq: i64,
}

/// Arguments of `presence`.
#[derive(Args, Clone, Debug, Serialize, Deserialize)]
#[command(after_help = "\
Examples:
  dunlin presence garden                   # what the others are about
  dunlin presence garden --set '{\"agent\":\"working on\",\"id\":\"prune\"}' --for 10m
  dunlin --json presence garden --watch

It is told to the members that are connected, and to those that connect while it holds, by the
`dunlin run` on this DIR. It is stored nowhere; say it again before its time is over.")]
pub(crate) struct Presence {
    /// Name or beginning of the id
    pub(crate) space: String,
    /// What this device is about: JSON of at most 4 KiB; "-" reads it from standard input
    #[arg(long, value_name = "JSON", conflicts_with_all = ["clear", "watch"])]
    pub(crate) set: Option<String>,
    /// How long that holds: 30s, 10m, at most 1h
    #[arg(long = "for", value_name = "TIME", default_value = "30s", requires = "set", value_parser = values::duration)]
    pub(crate) holds: Duration,
    /// Take back what this device said
    #[arg(long, conflicts_with = "watch")]
    pub(crate) clear: bool,
    /// Print what the others are about, again each time that it has changed
    #[arg(long)]
    pub(crate) watch: bool,
}

/// Arguments of `run`.
#[derive(Args, Clone, Debug, Serialize, Deserialize)]
#[command(after_help = "\
Examples:
  dunlin run                               # any free port, finds others by mDNS
  dunlin run --listen '[::]:4433'          # a fixed port, for a server or a firewall
  dunlin run --peer 192.0.2.7:4433         # also dials this address")]
pub(crate) struct Run {
    /// Where to listen [default: any free port of all addresses]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
    /// An address to dial, HOST:PORT; may be given several times
    #[arg(long = "peer", value_name = "ADDR")]
    pub(crate) peers: Vec<String>,
    /// Neither announce this node on the local network nor look for others
    #[arg(long)]
    pub(crate) no_mdns: bool,
    /// End when standard input ends, as it does when whoever started this process dies
    #[arg(long, hide_short_help = true)]
    pub(crate) until_eof: bool,
}

impl Edit {
    /// How its values are read.
    pub(crate) fn forms(&self) -> Forms {
        if self.plain { Forms::Plain } else { Forms::Tagged }
    }
}

impl NodeCommand {
    /// Whether it stays until it is ended; the process becomes the node for others meanwhile.
    pub(crate) fn is_long(&self) -> bool {
        match self {
            Self::Watch(_) | Self::Run(_) => true,
            Self::Query(query) => query.watch,
            Self::Presence(presence) => presence.watch,
            _ => false,
        }
    }

    /// Whether it ends with standard input.
    pub(crate) fn is_until_eof(&self) -> bool {
        matches!(self, Self::Run(run) if run.until_eof)
    }

    /// Whether it reads lines from standard input while it works.
    pub(crate) fn is_fed(&self) -> bool {
        matches!(self, Self::Put(put) if put.many) || matches!(self, Self::Transaction(_))
    }

    /// The argument that "-" stands for standard input in.
    pub(crate) fn stdin_argument(&mut self) -> Option<&mut String> {
        let argument = match self {
            Self::Put(put) => put.json_mut()?,
            Self::Edit(edit) => &mut edit.edits,
            Self::Join(join) => &mut join.ticket,
            Self::Presence(presence) => presence.set.as_mut()?,
            _ => return None,
        };
        (argument == "-").then_some(argument)
    }
}

/// Reads this process's command line.
///
/// # Errors
/// The exit code, after help or an explanation has been printed.
pub(crate) fn parse() -> Result<Cli, ExitCode> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    check(Line::try_parse_from(&arguments)).map_err(|error| {
        let is_mistake = error.use_stderr();
        if is_mistake && arguments.iter().any(|argument| argument == "--json") {
            let reason = error.to_string();
            Problem {
                code: dunlin::Code::InvalidInput.to_string(),
                reason: reason.trim().trim_start_matches("error: ").to_owned(),
                remedy: "see `dunlin --help`".to_owned(),
                retryable: false,
            }
            .print(true);
        } else {
            // Nobody is left to tell if standard error is closed.
            let _ = error.print();
        }
        if is_mistake { ExitCode::from(2) } else { ExitCode::SUCCESS }
    })
}

/// What the grammar alone does not say.
fn check(line: Result<Line, clap::Error>) -> Result<Cli, clap::Error> {
    let Line { dir, json, command } = line?;
    if let Command::Node(NodeCommand::Put(put)) = &command
        && let Err(text) = put.form()
    {
        return Err(mistake("put", ErrorKind::WrongNumberOfValues, text));
    }
    if matches!(command, Command::Demo) {
        return Ok(Cli { dir: PathBuf::new(), json, command });
    }
    let dir = dir.filter(|dir| !dir.as_os_str().is_empty()).ok_or_else(|| {
        let text = "which node? give --dir DIR, or set DUNLIN_DIR".to_owned();
        Line::command().error(ErrorKind::MissingRequiredArgument, text)
    })?;
    Ok(Cli { dir, json, command })
}

/// An error that shows the usage of one command.
fn mistake(command: &str, kind: ErrorKind, text: String) -> clap::Error {
    let mut line = Line::command();
    line.build();
    line.find_subcommand_mut(command).unwrap_or(&mut Line::command()).error(kind, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_sound() {
        Line::command().debug_assert();
    }

    #[test]
    fn a_command_survives_the_socket() {
        let line = ["dunlin", "--dir", "d", "invite", "garden", "--expires", "1h", "--uses", "3"];
        let cli = check(Line::try_parse_from(line)).unwrap();
        let Command::Node(command) = cli.command else { panic!("invite is for a node") };
        let json = serde_json::to_string(&command).unwrap();
        let NodeCommand::Invite(invite) = serde_json::from_str(&json).unwrap() else {
            panic!("{json}")
        };
        assert_eq!((invite.uses, invite.expires), (3, Some(Duration::from_secs(3600))));
    }
}
