//! What can be said on the command line, from the types that clap derives its grammar from.

use std::collections::BTreeMap;

use super::{
    symbol::{Catalogue, Kind},
    tokens::{Language, Token, after_generics, after_group, inside, opens, read},
};

/// The attribute that makes a type the whole grammar.
const ROOT: &str = "Parser";

/// A struct or an enum of the grammar.
struct Grammar<'a> {
    file: &'a str,
    attributes: Vec<Token<'a>>,
    members: Vec<Member<'a>>,
}

/// A field, or a variant.
struct Member<'a> {
    attributes: Vec<Token<'a>>,
    name: &'a str,
    /// A field's type, or what a variant holds: a type, or fields of its own.
    holds: &'a str,
    fields: Vec<Member<'a>>,
}

/// Everything that sources, each with its path, allow to say.
pub(super) fn catalogue<'a>(sources: impl IntoIterator<Item = (&'a str, &'a str)>) -> Catalogue {
    let mut types = BTreeMap::new();
    for (file, text) in sources {
        types.extend(grammars(&read(text, Language::Rust), file));
    }
    let mut catalogue = Catalogue::default();
    for root in types.values().filter(|grammar| words(&grammar.attributes).any(|word| word == ROOT))
    {
        let name = value(&root.attributes, "name").unwrap_or("?");
        add_fields(&mut catalogue, &types, root.file, name, &root.members);
    }
    catalogue
}

/// Options of a command, and the commands that it has in place of arguments.
fn add_fields(
    catalogue: &mut Catalogue,
    types: &BTreeMap<&str, Grammar<'_>>,
    file: &str,
    command: &str,
    fields: &[Member<'_>],
) {
    for field in fields {
        let says = |what: &str| words(&field.attributes).any(|word| word == what);
        match types.get(field.holds) {
            Some(inner) if says("flatten") => {
                add_fields(catalogue, types, file, command, &inner.members);
            }
            Some(inner) if says("subcommand") => add_commands(catalogue, types, command, inner),
            _ if says("long") => {
                let long = value(&field.attributes, "long").unwrap_or(field.name);
                catalogue.add(format!("{command} --{}", kebab(long)), Kind::Part, file);
            }
            _ => {}
        }
    }
}

fn add_commands(
    catalogue: &mut Catalogue,
    types: &BTreeMap<&str, Grammar<'_>>,
    above: &str,
    commands: &Grammar<'_>,
) {
    for variant in &commands.members {
        let says = |what: &str| words(&variant.attributes).any(|word| word == what);
        let name = value(&variant.attributes, "name").unwrap_or(variant.name);
        let command = format!("{above} {}", kebab(name));
        match types.get(variant.holds) {
            Some(inner) if says("flatten") => add_commands(catalogue, types, above, inner),
            Some(inner) if says("subcommand") => add_commands(catalogue, types, &command, inner),
            arguments => {
                catalogue.add(command.clone(), Kind::Function, commands.file);
                let fields = arguments.map_or(&variant.fields, |inner| &inner.members);
                add_fields(catalogue, types, commands.file, &command, fields);
            }
        }
    }
}

/// The types of one file, by name.
fn grammars<'a>(tokens: &[Token<'a>], file: &'a str) -> BTreeMap<&'a str, Grammar<'a>> {
    let mut found = BTreeMap::new();
    let mut attributes = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token.text {
            "#" => at = attribute(tokens, at, &mut attributes),
            "struct" | "enum" => {
                let open = after_generics(tokens, at + 2);
                if tokens.get(open).is_some_and(|token| token.text == "{") {
                    let members = members(inside(tokens, open));
                    let attributes = std::mem::take(&mut attributes);
                    found.insert(tokens[at + 1].text, Grammar { file, attributes, members });
                }
                at = open;
            }
            "pub" => at += 1,
            _ if opens(token) => at = after_group(tokens, at),
            _ => {
                attributes.clear();
                at += 1;
            }
        }
    }
    found
}

/// Fields `name: Type`, variants `Name`, `Name(Type)` and `Name { fields }`.
fn members<'a>(tokens: &[Token<'a>]) -> Vec<Member<'a>> {
    let mut found: Vec<Member<'a>> = Vec::new();
    let mut attributes = Vec::new();
    let mut is_next = true;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token.text {
            "#" => {
                at = attribute(tokens, at, &mut attributes);
                continue;
            }
            "," => is_next = true,
            "pub" => {}
            "<" => {
                at = after_generics(tokens, at);
                continue;
            }
            text if is_next && token.is_word() => {
                let attributes = std::mem::take(&mut attributes);
                found.push(Member { attributes, name: text, holds: "", fields: Vec::new() });
                is_next = false;
            }
            // What follows a name is its type.
            _ => {
                if let Some(member) = found.last_mut().filter(|_| !is_next) {
                    match token.text {
                        "(" => {
                            let held = inside(tokens, at);
                            member.holds = held.last().map_or("", |token| token.text);
                        }
                        "{" => member.fields = members(inside(tokens, at)),
                        text if token.is_word() => member.holds = text,
                        _ => {}
                    }
                }
            }
        }
        at = if opens(token) { after_group(tokens, at) } else { at + 1 };
    }
    found
}

/// Gathers the attribute at `at`; the index after it.
fn attribute<'a>(tokens: &[Token<'a>], at: usize, attributes: &mut Vec<Token<'a>>) -> usize {
    let open = at + 1 + usize::from(tokens.get(at + 1).is_some_and(|token| token.text == "!"));
    attributes.extend(inside(tokens, open));
    after_group(tokens, open)
}

fn words<'a>(attributes: &[Token<'a>]) -> impl Iterator<Item = &'a str> {
    attributes.iter().map(|token| token.text)
}

/// The string in `name = "string"`.
fn value<'a>(attributes: &[Token<'a>], name: &str) -> Option<&'a str> {
    let three =
        attributes.windows(3).find(|three| three[0].text == name && three[1].text == "=")?;
    Some(three[2].text.trim_matches('"'))
}

/// `UntilEof` and `until_eof` as `until-eof`.
fn kebab(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        match letter {
            '_' => text.push('-'),
            _ if letter.is_uppercase() => {
                if !text.is_empty() {
                    text.push('-');
                }
                text.extend(letter.to_lowercase());
            }
            _ => text.push(letter),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"
        //! enum Nothing {}
        const ABOUT: &str = "enum Command { Never }";
        /// The whole.
        #[derive(Parser, Debug)]
        #[command(name = "dunlin", version, about = ABOUT)]
        struct Line {
            /// The directory
            #[arg(long, global = true, value_name = "DIR")]
            dir: Option<PathBuf>,
            #[command(subcommand)]
            command: Command,
        }
        /// What is carried out; no grammar.
        pub(crate) struct Cli { pub(crate) dir: PathBuf }
        #[derive(Subcommand)]
        pub(crate) enum Command {
            /// Make it
            Init(Init),
            #[command(flatten)]
            Node(NodeCommand),
            Demo,
        }
        impl Command { fn x(&self) {} }
        "#;

    const COMMANDS: &str = r#"
        #[derive(Subcommand)]
        enum NodeCommand {
            #[command(subcommand)]
            Space(SpaceCommand),
            SyncOnce(args::Run),
            #[command(name = "ask")]
            Query { sql: String, #[arg(long = "param")] params: Vec<String> },
        }
        #[derive(Subcommand)]
        enum SpaceCommand { Create { name: String }, List }
        #[derive(Args)]
        #[command(after_help = "no such option as #[arg(long)] here")]
        struct Run {
            #[command(flatten)]
            pub(crate) document: Document,
            #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
            pub(crate) until_eof: bool,
            #[arg(value_name = "long")]
            positional: HashMap<String, u8>,
        }
        #[derive(Args)]
        struct Document { id: String, #[arg(long)] all: bool }
        #[derive(Args)]
        struct Init { #[arg(long)] name: String }
        "#;

    #[test]
    fn commands_and_options_are_found_through_every_level() {
        let catalogue = catalogue([("args.rs", LINE), ("more.rs", COMMANDS)]);
        assert_eq!(
            catalogue.names(Kind::Function),
            [
                "dunlin init",
                "dunlin space create",
                "dunlin space list",
                "dunlin sync-once",
                "dunlin ask",
                "dunlin demo",
            ]
        );
        assert_eq!(
            catalogue.names(Kind::Part),
            [
                "dunlin --dir",
                "dunlin init --name",
                "dunlin sync-once --all",
                "dunlin sync-once --until-eof",
                "dunlin ask --param",
            ]
        );
        let symbol = &catalogue.symbols[1];
        assert_eq!((symbol.name.as_str(), symbol.file.as_str()), ("dunlin init", "args.rs"));
    }

    #[test]
    fn sources_without_a_grammar_allow_nothing() {
        assert!(catalogue([("args.rs", "struct Line { dir: u8 }")]).symbols.is_empty());
    }

    #[test]
    fn a_file_cut_anywhere_is_read_to_its_end() {
        for (end, _) in COMMANDS.char_indices() {
            catalogue([("args.rs", LINE), ("cut.rs", &COMMANDS[..end])]);
        }
        for (end, _) in LINE.char_indices() {
            catalogue([("cut.rs", &LINE[..end])]);
        }
    }
}
