//! What Kotlin sources declare `public`. The library's modules are compiled with
//! `-Xexplicit-api=strict`, so that nothing is public without the word.

use super::{
    symbol::{Catalogue, Kind},
    tokens::{Language, Token, after_generics, after_group, inside, opens, read},
};

const MODIFIERS: &[&str] = &[
    "abstract",
    "actual",
    "annotation",
    "companion",
    "const",
    "data",
    "enum",
    "expect",
    "external",
    "final",
    "infix",
    "inline",
    "inner",
    "internal",
    "lateinit",
    "open",
    "operator",
    "override",
    "private",
    "protected",
    "public",
    "sealed",
    "suspend",
    "tailrec",
    "value",
    "vararg",
];

/// Adds what a file declares.
pub(super) fn add(catalogue: &mut Catalogue, text: &str, file: &str) {
    let tokens = read(text, Language::Kotlin);
    Region { catalogue, file, owner: None }.read(&tokens);
}

/// Declarations side by side: a file, the body of a class, the parameters of its constructor.
struct Region<'c> {
    catalogue: &'c mut Catalogue,
    file: &'c str,
    owner: Option<String>,
}

impl Region<'_> {
    fn read(&mut self, tokens: &[Token<'_>]) {
        let mut before: Vec<&str> = Vec::new();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let is_qualified = at > 0 && matches!(tokens[at - 1].text, "." | ":");
            let next = tokens.get(at + 1).map_or("", |next| next.text);
            match token.text {
                "@" => {
                    at += 2;
                    if tokens.get(at).is_some_and(|token| token.text == "(") {
                        at = after_group(tokens, at);
                    }
                    continue;
                }
                "fun" if next == "interface" => before.push("fun"),
                "class" | "interface" | "object" if !is_qualified && next != ":" => {
                    at = self.class(tokens, at, &before);
                    before.clear();
                    continue;
                }
                "fun" | "val" | "var" | "typealias" if !is_qualified => {
                    if before.contains(&"public") {
                        self.member(tokens, at);
                    }
                    before.clear();
                }
                word if MODIFIERS.contains(&word) && !is_qualified => before.push(word),
                _ => before.clear(),
            }
            at = if opens(token) { after_group(tokens, at) } else { at + 1 };
        }
    }

    /// The class at `at`, with its members; the index after it.
    fn class(&mut self, tokens: &[Token<'_>], at: usize, before: &[&str]) -> usize {
        let is_companion = before.contains(&"companion");
        let is_public = before.contains(&"public");
        let has_name = tokens.get(at + 1).is_some_and(Token::is_word);
        let name = if has_name { tokens[at + 1].text } else { "" };
        // What a companion holds is called as if the class held it.
        let owner = match &self.owner {
            Some(owner) if is_companion => owner.clone(),
            Some(owner) => format!("{owner}.{name}"),
            None => name.to_owned(),
        };
        if is_public && !is_companion {
            self.catalogue.add(owner.clone(), Kind::Type, self.file);
        }
        let mut members =
            Region { catalogue: &mut *self.catalogue, file: self.file, owner: Some(owner) };
        let mut at = after_generics(tokens, at + 1 + usize::from(has_name));
        let mut is_head = true;
        while let Some(token) = tokens.get(at) {
            match token.text {
                "(" if is_head && is_public => {
                    members.read(inside(tokens, at));
                    is_head = false;
                }
                ":" => is_head = false,
                "{" => {
                    if is_public {
                        let body = inside(tokens, at);
                        let start =
                            if before.contains(&"enum") { members.entries(body) } else { 0 };
                        members.read(&body[start..]);
                    }
                    return after_group(tokens, at);
                }
                "constructor" => {}
                // Words of the constructor, not of a neighbour.
                word if MODIFIERS.contains(&word) && next_is(tokens, at, "constructor") => {}
                "@" | "fun" | "val" | "var" | "class" | "interface" | "object" | "typealias" => {
                    break;
                }
                word if MODIFIERS.contains(&word) => break,
                _ => {}
            }
            at = if opens(token) { after_group(tokens, at) } else { at + 1 };
        }
        at
    }

    /// An enum's entries; the index after them.
    fn entries(&mut self, body: &[Token<'_>]) -> usize {
        let mut is_next = true;
        let mut at = 0;
        while let Some(token) = body.get(at) {
            match token.text {
                ";" => return at + 1,
                "," => is_next = true,
                "@" => at += 1,
                _ if is_next && token.is_word() => {
                    self.add(token.text, Kind::Part);
                    is_next = false;
                }
                _ => {}
            }
            at = if body.get(at).is_some_and(opens) { after_group(body, at) } else { at + 1 };
        }
        at.min(body.len())
    }

    /// The function or property at `at`; an extension belongs to what it extends.
    fn member(&mut self, tokens: &[Token<'_>], at: usize) {
        let kind = match tokens[at].text {
            "fun" => Kind::Function,
            "typealias" => Kind::Type,
            _ => Kind::Part,
        };
        let mut index = after_generics(tokens, at + 1);
        let mut path: Vec<&str> = Vec::new();
        while let Some(token) = tokens.get(index) {
            match token.text {
                "<" => {
                    index = after_generics(tokens, index);
                    continue;
                }
                "." | "?" => {}
                text if token.is_word() => {
                    // Two words in a row: the first was the name.
                    if tokens[index - 1].is_word() && index - 1 > at {
                        break;
                    }
                    path.push(text);
                }
                _ => break,
            }
            index += 1;
        }
        match path.as_slice() {
            [.., receiver, name] => {
                self.catalogue.add(format!("{receiver}.{name}"), kind, self.file);
            }
            [name] => self.add(name, kind),
            [] => {}
        }
    }

    fn add(&mut self, name: &str, kind: Kind) {
        let name = match &self.owner {
            Some(owner) => format!("{owner}.{name}"),
            None => name.to_owned(),
        };
        self.catalogue.add(name, kind, self.file);
    }
}

fn next_is(tokens: &[Token<'_>], at: usize, text: &str) -> bool {
    tokens.get(at + 1).is_some_and(|next| next.text == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"
        package dev.dunlin
        import kotlin.public.Thing

        /** public class Comment */
        @Serializable(with = A::class)
        public class Node internal constructor(
            private val ffi: Ffi,
            public val device: Device = Device("}"),
            internal val hidden: Int,
        ) : AutoCloseable, Base<Int>(1) {
            public val spaces: List<Space>
                get() = if (x) { listOf() } else ffi.public.list()

            @Throws(IOException::class)
            public suspend fun <T : Any> join(ticket: String, alias: String? = null): Space = native { 1 }

            public operator fun get(at: Int): Space = object : Space() { public val inner = 1 }
            override fun close() { public fun local() {} }
            internal fun quiet() {}
            public companion object {
                public val Empty: Node = Node()
                private val secret = 1
            }
            public enum class Step(internal val flag: Int) {
                /** one */
                @SerialName("a") First(1),
                Second(2) { override fun x() {} };

                public val isLast: Boolean get() = this == Second
            }
        }

        public class Empty
        public value class Anchor(public val name: String)
        internal class Hidden { public fun seen() {} }
        public fun interface Sink { public fun log(message: String) }
        public object Dunlin { public var onLeak: (String) -> Unit = ::logLeak }
        public suspend fun Dunlin.open(directory: Path): Node = TODO()
        public fun <T : Any> Flow<List<T>?>.asLive(): State<T> = remember { 1 }
        public val Node.isOpen: Boolean get() = true
        public inline fun <reified T> free(value: T): Unit = Unit
        fun notPublic() {}
        "#;

    fn catalogue() -> Catalogue {
        let mut catalogue = Catalogue::default();
        add(&mut catalogue, SOURCE, "Node.kt");
        catalogue
    }

    #[test]
    fn public_types_are_found_nested_ones_too() {
        assert_eq!(
            catalogue().names(Kind::Type),
            ["Node", "Node.Step", "Empty", "Anchor", "Sink", "Dunlin"]
        );
    }

    #[test]
    fn public_functions_are_found_and_extensions_belong_to_what_they_extend() {
        assert_eq!(
            catalogue().names(Kind::Function),
            ["Node.join", "Node.get", "Sink.log", "Dunlin.open", "Flow.asLive", "free"]
        );
    }

    #[test]
    fn public_properties_and_entries_are_found() {
        assert_eq!(
            catalogue().names(Kind::Part),
            [
                "Node.device",
                "Node.spaces",
                "Node.Empty",
                "Node.Step.First",
                "Node.Step.Second",
                "Node.Step.isLast",
                "Anchor.name",
                "Dunlin.onLeak",
                "Node.isOpen",
            ]
        );
    }

    #[test]
    fn a_file_cut_anywhere_is_read_to_its_end() {
        for (end, _) in SOURCE.char_indices() {
            add(&mut Catalogue::default(), &SOURCE[..end], "cut");
        }
    }
}
