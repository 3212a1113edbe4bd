//! What the crate `dunlin` exports, from its sources and those that it exports from.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    symbol::{Catalogue, Kind},
    tokens::{Language, Token, after_generics, after_group, inside, opens, read},
};

/// Names exported, by the crate that declares them; the crate itself is `self`.
pub(super) type Exports = BTreeMap<String, BTreeSet<String>>;

/// The names at the ends of every `pub use` of a file.
pub(super) fn exports(text: &str) -> Exports {
    let tokens = read(text, Language::Rust);
    let mut exports = Exports::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at].text == "pub" && tokens.get(at + 1).is_some_and(|next| next.text == "use") {
            let end = tokens[at..].iter().position(|token| token.text == ";").map(|end| at + end);
            let end = end.unwrap_or(tokens.len());
            let tree = &tokens[(at + 2).min(end)..end];
            if let Some(root) = tree.first() {
                let leaves = exports.entry(root.text.to_owned()).or_default();
                leaves.extend(leaves_of(tree).map(str::to_owned));
            }
            at = end;
        } else if opens(&tokens[at]) {
            at = after_group(&tokens, at);
        } else {
            at += 1;
        }
    }
    exports
}

fn leaves_of<'a>(tree: &[Token<'a>]) -> impl Iterator<Item = &'a str> {
    let ends = |index: usize| tree.get(index + 1).is_none_or(|next| matches!(next.text, "," | "}"));
    let words = tree.iter().enumerate().filter(|(_, token)| token.is_word());
    words
        .filter(move |(index, _)| ends(*index))
        .map(|(_, token)| token.text)
        .collect::<Vec<_>>()
        .into_iter()
}

/// Public types and functions that a file declares, exported or not.
pub(super) fn declared(text: &str) -> BTreeSet<String> {
    let mut all = Catalogue::default();
    add(&mut all, text, "", &|_| true);
    all.symbols.into_iter().map(|symbol| symbol.name).filter(|name| !name.contains("::")).collect()
}

/// Adds what a file declares of the names that are exported.
pub(super) fn add(
    catalogue: &mut Catalogue,
    text: &str,
    file: &str,
    is_exported: &dyn Fn(&str) -> bool,
) {
    let tokens = read(text, Language::Rust);
    let mut at = 0;
    let mut is_public = false;
    while let Some(token) = tokens.get(at) {
        let Some(name) = tokens.get(at + 1).map(|next| next.text) else { return };
        match token.text {
            "pub" => {
                // `pub(crate)` is nobody else's.
                is_public = name != "(";
                at += 1;
                continue;
            }
            "impl" => at = add_methods(catalogue, &tokens, at, file, is_exported),
            "struct" | "enum" | "trait" if is_public && is_exported(name) => {
                catalogue.add(name.to_owned(), Kind::Type, file);
                at = add_members(catalogue, &tokens, at, file);
            }
            "type" if is_public && is_exported(name) => {
                catalogue.add(name.to_owned(), Kind::Type, file);
                at += 2;
            }
            "fn" if is_public && is_exported(name) => {
                catalogue.add(name.to_owned(), Kind::Function, file);
                at += 2;
            }
            "async" | "const" | "unsafe" => {
                at += 1;
                continue;
            }
            _ if opens(token) => at = after_group(&tokens, at),
            _ => at += 1,
        }
        is_public = false;
    }
}

/// The members of the type at `at`; the index after its body.
fn add_members(catalogue: &mut Catalogue, tokens: &[Token<'_>], at: usize, file: &str) -> usize {
    let (keyword, name) = (tokens[at].text, tokens[at + 1].text);
    let Some(open) = body(tokens, at) else { return at + 2 };
    let members = inside(tokens, open);
    let (found, kind) = match keyword {
        "struct" => (fields(members), Kind::Part),
        "enum" => (variants(members), Kind::Part),
        _ => (functions(members, |_| true), Kind::Function),
    };
    for member in found {
        catalogue.add(format!("{name}::{member}"), kind, file);
    }
    after_group(tokens, open)
}

/// The `{` of the item at `at`, if it has one before a `;`.
fn body(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    let mut index = at;
    while let Some(token) = tokens.get(index) {
        match token.text {
            "{" => return Some(index),
            ";" => return None,
            _ if opens(token) => index = after_group(tokens, index),
            _ => index += 1,
        }
    }
    None
}

fn fields<'a>(members: &[Token<'a>]) -> Vec<&'a str> {
    let mut found = Vec::new();
    for three in top_level(members).windows(3) {
        if three[0].text == "pub" && three[2].text == ":" {
            found.push(three[1].text);
        }
    }
    found
}

fn variants<'a>(members: &[Token<'a>]) -> Vec<&'a str> {
    let mut found = Vec::new();
    let mut is_next = true;
    for token in top_level(members) {
        match token.text {
            "," => is_next = true,
            "#" => {}
            _ if is_next && token.is_word() => {
                found.push(token.text);
                is_next = false;
            }
            _ => {}
        }
    }
    found
}

/// Functions by name, where what stands before `fn` passes.
fn functions<'a>(members: &[Token<'a>], passes: impl Fn(&[&str]) -> bool) -> Vec<&'a str> {
    let mut found = Vec::new();
    let mut before: Vec<&str> = Vec::new();
    let tokens = top_level(members);
    for (index, token) in tokens.iter().enumerate() {
        match token.text {
            "fn" => {
                if let Some(name) = tokens.get(index + 1).filter(|_| passes(&before)) {
                    found.push(name.text);
                }
                before.clear();
            }
            "pub" | "async" | "const" | "unsafe" => before.push(token.text),
            // In place of what was in brackets: after `pub`, what it is restricted to.
            "(" => before.push("("),
            _ => before.clear(),
        }
    }
    found
}

/// Without what is in brackets; of a group its opening bracket stays.
fn top_level<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut kept = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        kept.push(*token);
        at = if opens(token) { after_group(tokens, at) } else { at + 1 };
    }
    kept
}

/// The public functions of the `impl` at `at`, unless it is a trait's; the index after its body.
fn add_methods(
    catalogue: &mut Catalogue,
    tokens: &[Token<'_>],
    at: usize,
    file: &str,
    is_exported: &dyn Fn(&str) -> bool,
) -> usize {
    let Some(open) = body(tokens, at) else { return at + 1 };
    let end = after_group(tokens, open);
    let mut head = after_generics(tokens, at + 1);
    let mut name = "";
    while head < open {
        match tokens[head].text {
            // A trait's methods are the trait's.
            "for" => return end,
            "where" => break,
            "<" => {
                head = after_generics(tokens, head);
                continue;
            }
            _ if tokens[head].is_word() => name = tokens[head].text,
            _ => {}
        }
        head += 1;
    }
    if is_exported(name) {
        let is_public = |before: &[&str]| before.contains(&"pub") && !before.contains(&"(");
        for method in functions(inside(tokens, open), is_public) {
            catalogue.add(format!("{name}::{method}"), Kind::Function, file);
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIB: &str = "
        //! pub use nothing::Here;
        mod a;
        pub use dunlin_model::{Anchor, rfc3339};
        pub use dunlin_proto::{error::RefuseCode, trust::{Role, Ticket}};
        #[cfg(feature = \"sabotage\")]
        pub use self::config::Sabotage;
        pub use self::{error::Error, space::{Member as Person, Space},};
        use std::fmt;";

    const SOURCE: &str = r#"
        /// pub fn comment(&self)
        #[derive(Clone)]
        pub struct Space<T: Into<String>> { pub id: u8, pub(crate) inner: T, hidden: u8 }
        pub enum Role { #[default] Reader, Writer(u8, u8), Admin { deep: u8 } }
        pub struct Digest(pub [u8; 32]);
        pub trait Sealer: Send { fn seal(&self) -> Vec<u8>; async fn open(&self) {} }
        struct Private { pub x: u8 }
        impl<'a, T: Into<String>> Space<T> where T: Clone {
            pub fn name(&self) -> &str { let s = "}"; fn inner() {} s }
            pub const fn id(&self) -> u8 { 1 }
            pub async fn invite<F: Fn() -> u8>(&self, f: F) -> u8 { f() }
            pub(crate) async fn quiet(&self) {}
            fn silent(&self) {}
        }
        impl fmt::Display for Space<u8> { fn fmt(&self) {} pub fn impossible() {} }
        impl Other { pub fn not_exported(&self) {} }
        pub type Result<T> = std::result::Result<T, u8>;
        pub fn rfc3339(ms: i64) -> String { String::new() }
        #[cfg(test)]
        mod tests { impl super::Space<u8> { pub fn in_test(&self) {} } }
        "#;

    #[test]
    fn the_ends_of_public_uses_are_exported_by_crate() {
        let exports = exports(LIB);
        let names = |root: &str| exports[root].iter().map(String::as_str).collect::<Vec<_>>();
        assert_eq!(names("dunlin_model"), ["Anchor", "rfc3339"]);
        assert_eq!(names("dunlin_proto"), ["RefuseCode", "Role", "Ticket"]);
        assert_eq!(names("self"), ["Error", "Person", "Sabotage", "Space"]);
        assert_eq!(exports.len(), 3);
    }

    #[test]
    fn public_members_of_exported_types_are_found_and_no_others() {
        let mut catalogue = Catalogue::default();
        add(&mut catalogue, SOURCE, "space.rs", &|name| name != "Other");
        assert_eq!(catalogue.names(Kind::Type), ["Space", "Role", "Digest", "Sealer", "Result"]);
        assert_eq!(
            catalogue.names(Kind::Function),
            [
                "Sealer::seal",
                "Sealer::open",
                "Space::name",
                "Space::id",
                "Space::invite",
                "rfc3339"
            ]
        );
        assert_eq!(
            catalogue.names(Kind::Part),
            ["Space::id", "Role::Reader", "Role::Writer", "Role::Admin"]
        );
    }

    #[test]
    fn a_module_declares_its_public_types_and_functions() {
        let names: Vec<String> = declared(SOURCE).into_iter().collect();
        assert_eq!(names, ["Digest", "Result", "Role", "Sealer", "Space", "rfc3339"]);
    }

    #[test]
    fn a_file_cut_anywhere_is_read_to_its_end() {
        for (end, _) in SOURCE.char_indices() {
            exports(&SOURCE[..end]);
            add(&mut Catalogue::default(), &SOURCE[..end], "cut", &|_| true);
        }
    }
}
