//! What Swift sources declare `public`: with the word, in a public extension, as a requirement of a
//! public protocol, or as a case of a public enumeration.

mod parameters;

use self::parameters::labels;
use super::{
    symbol::{Catalogue, Kind},
    tokens::{Language, Token, after_generics, after_group, inside, opens, read},
};

const MODIFIERS: &[&str] = &[
    "public",
    "open",
    "package",
    "internal",
    "fileprivate",
    "private",
    "static",
    "final",
    "nonisolated",
    "isolated",
    "mutating",
    "nonmutating",
    "indirect",
    "convenience",
    "required",
    "override",
    "lazy",
    "weak",
    "unowned",
    "dynamic",
    "distributed",
    "prefix",
    "postfix",
    "infix",
];

/// Words by which a declaration is less than public, wherever it stands.
const RESTRICTING: &[&str] = &["package", "internal", "fileprivate", "private"];

/// What protocols of the language and its frameworks ask for, public wherever a type conforms: no
/// more of an API than what Kotlin overrides.
const REQUIREMENTS: &[&str] = &[
    "==",
    "<",
    "hash(into:)",
    "encode(to:)",
    "init(from:)",
    "description",
    "debugDescription",
    "errorDescription",
    "failureReason",
    "recoverySuggestion",
    "makeAsyncIterator()",
    "body",
    "makeCoordinator()",
    "makeUIView(context:)",
    "updateUIView(_:context:)",
    "makeNSView(context:)",
    "updateNSView(_:context:)",
];

/// Adds what a file declares.
pub(super) fn add(catalogue: &mut Catalogue, text: &str, file: &str) {
    let tokens = read(text, Language::Swift);
    Region { catalogue, file, owner: None, is_open: false, has_cases: false }.read(&tokens);
}

/// Declarations side by side: a file, or the body of a type.
struct Region<'c> {
    catalogue: &'c mut Catalogue,
    file: &'c str,
    owner: Option<String>,
    /// Whether what says nothing is public.
    is_open: bool,
    /// Whether it is a public enumeration.
    has_cases: bool,
}

impl Region<'_> {
    fn read(&mut self, tokens: &[Token<'_>]) {
        let mut before: Vec<&str> = Vec::new();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let is_public = self.is_public(&before);
            let next = tokens.get(at + 1);
            let next_text = next.map_or("", |next| next.text);
            match token.text {
                _ if at > 0 && tokens[at - 1].text == "." => before.clear(),
                "@" => {
                    at += 2;
                    // `@available(…)`, but `@Sendable (Int) -> Void` is a type, with a space; what
                    // is in brackets declares nothing either way.
                    if tokens.get(at).is_some_and(|token| token.text == "(") {
                        at = after_group(tokens, at);
                    }
                    continue;
                }
                "import" => {
                    let line = token.line;
                    at += tokens[at..].iter().take_while(|token| token.line == line).count();
                    continue;
                }
                "class" if matches!(next_text, "func" | "var" | "let" | "subscript") => {}
                "struct" | "class" | "actor" | "enum" | "protocol" | "extension"
                    if next.is_some_and(Token::is_word) =>
                {
                    at = self.type_body(tokens, at, is_public, before.contains(&"public"));
                    before.clear();
                    continue;
                }
                "func" | "init" | "subscript" => {
                    at = self.function(tokens, at, is_public);
                    before.clear();
                    continue;
                }
                "var" | "let" | "typealias" if next.is_some_and(Token::is_word) => {
                    if is_public {
                        let is_type = token.text == "typealias";
                        self.add(next_text, if is_type { Kind::Type } else { Kind::Part });
                    }
                    at += 2;
                    before.clear();
                    continue;
                }
                "case" if self.has_cases => {
                    at = self.cases(tokens, at + 1);
                    before.clear();
                    continue;
                }
                // The setter alone: `public private(set) var`.
                word if RESTRICTING.contains(&word) && next_text == "(" => at += 1,
                word if MODIFIERS.contains(&word) => before.push(word),
                // `nonisolated(unsafe)`.
                "(" if before.last() == Some(&"nonisolated") => {}
                _ => before.clear(),
            }
            at = if tokens.get(at).is_some_and(opens) { after_group(tokens, at) } else { at + 1 };
        }
    }

    fn is_public(&self, before: &[&str]) -> bool {
        let says_so = before.iter().any(|word| matches!(*word, "public" | "open"));
        says_so || (self.is_open && !before.iter().any(|word| RESTRICTING.contains(word)))
    }

    /// The type or extension at `at`, with its members; the index after it.
    fn type_body(
        &mut self,
        tokens: &[Token<'_>],
        at: usize,
        is_public: bool,
        says_public: bool,
    ) -> usize {
        let keyword = tokens[at].text;
        let mut index = at + 1;
        let mut name = tokens[index].text.to_owned();
        while tokens.get(index + 1).is_some_and(|token| token.text == ".") {
            index += 2;
            name = format!("{name}.{}", tokens.get(index).map_or("", |token| token.text));
        }
        let owner = match &self.owner {
            Some(owner) => format!("{owner}.{name}"),
            None => name,
        };
        while tokens.get(index).is_some_and(|token| token.text != "{") {
            index = if opens(&tokens[index]) { after_group(tokens, index) } else { index + 1 };
        }
        let is_extension = keyword == "extension";
        if is_public && !is_extension {
            self.catalogue.add(owner.clone(), Kind::Type, self.file);
        }
        // Members of an extension may be public whatever the type is; who cannot see it sees none.
        if index < tokens.len() && (is_public || is_extension) {
            let mut members = Region {
                catalogue: &mut *self.catalogue,
                file: self.file,
                owner: Some(owner),
                is_open: keyword == "protocol" || (is_extension && says_public),
                has_cases: keyword == "enum",
            };
            members.read(inside(tokens, index));
        }
        after_group(tokens, index)
    }

    /// The function, initialiser or subscript at `at`; the index after its parameters.
    fn function(&mut self, tokens: &[Token<'_>], at: usize, is_public: bool) -> usize {
        let keyword = tokens[at].text;
        let mut index = at + 1;
        let mut name = if keyword == "func" { String::new() } else { keyword.to_owned() };
        while let Some(token) = tokens.get(index) {
            let is_operator = keyword == "func" && !name.chars().any(char::is_alphanumeric);
            match token.text {
                "(" => break,
                // Of generics, unless it is an operator's own.
                "<" if keyword != "func" || !is_operator => {
                    index = after_generics(tokens, index);
                    continue;
                }
                text if keyword == "func" => name.push_str(text),
                // `init?`.
                _ => {}
            }
            index += 1;
        }
        if index >= tokens.len() {
            return index;
        }
        if is_public {
            // Where arguments have no labels, a parameter's one name is its own.
            let has_labels = keyword != "subscript" && name.starts_with(is_letter);
            let labels = labels(inside(tokens, index), has_labels);
            let kind = if keyword == "init" { Kind::Part } else { Kind::Function };
            self.add(&format!("{name}({labels})"), kind);
        }
        after_group(tokens, index)
    }

    /// The names after `case`; the index after them.
    fn cases(&mut self, tokens: &[Token<'_>], at: usize) -> usize {
        let mut index = at;
        while let Some(token) = tokens.get(index).filter(|token| token.is_word()) {
            self.add(token.text, Kind::Part);
            index += 1;
            if tokens.get(index).is_some_and(|token| token.text == "(") {
                index = after_group(tokens, index);
            }
            if tokens.get(index).is_some_and(|token| token.text == "=") {
                index += 2;
            }
            match tokens.get(index) {
                Some(token) if token.text == "," => index += 1,
                _ => break,
            }
        }
        index
    }

    fn add(&mut self, name: &str, kind: Kind) {
        let is_operator =
            name.starts_with(|letter: char| !letter.is_alphanumeric() && letter != '_');
        let known = if is_operator { name.split('(').next().unwrap_or(name) } else { name };
        if REQUIREMENTS.contains(&known) {
            return;
        }
        let name = match &self.owner {
            Some(owner) => format!("{owner}.{name}"),
            None => name.to_owned(),
        };
        self.catalogue.add(name, kind, self.file);
    }
}

fn is_letter(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"
        import Foundation
        import struct Foundation.URL
        @_exported import class Other.Thing

        /// public struct Comment {}
        @available(macOS 12, *)
        public final class Node: Sendable {
            public let device: Device
            public private(set) var spaces: [Space] = Node.make { public in [] }
            public nonisolated(unsafe) static var shared: Node?
            private(set) public var alias: String? { get { "}" } set { } }
            internal var quiet = 1
            let silent = 2

            public init(_ ffi: Ffi, options: @escaping (inout Options) -> Void = { _ in }) throws {}
            init?(hidden: Int) { nil }

            @discardableResult
            public func join<T: Codable>(_ ticket: String, as alias: String? = nil) async throws -> Space
            where T: Sendable { try await x() }
            public static func open(at path: URL, _ configure: (inout [String: Int], Int) -> Void) {}
            public func trace(_ note: String = "a, b", below: Int = 1 < 2 ? 1 : 2, line: UInt = #line) {}
            public func watch() -> some AsyncSequence<[Peer], any Error> { fatalError() }
            public func `repeat`(@Box values: Map<String, Int>, times: Int) {}
            private func secret() { public func local() {} }
            public class func make() {}
            public subscript(column: String) -> Int { 1 }
            public subscript(at index: Int) -> Int { 1 }

            public enum Step: String {
                case first, second = "s"
                indirect case third(Int, Step)
                var isLast: Bool { switch self { case .third: true; default: false } }
            }
            struct Hidden { public var seen: Int }
        }

        public protocol Sink: AnyObject {
            associatedtype Message
            var level: Level { get }
            func log(_ message: Message) throws -> Int
            func flush()
        }

        extension Node {
            public var isOpen: Bool { true }
            func inside() {}
        }
        public extension Node.Step {
            func next() -> Self { self }
            private func hidden() {}
        }
        extension Counter: Equatable {
            public static func + (sum: Counter, by: Int) -> Counter { sum }
            public static func == (a: Counter, b: Counter) -> Bool { true }
            public var description: String { "" }
            public func hash(into hasher: inout Hasher) {}
            public init(from decoder: any Decoder) throws {}
        }
        #if os(iOS)
        public struct OnPhone {}
        #endif
        public typealias Rows = [Row]
        public func free(_ a: Int) {}
        enum Internal { case never }
        "#;

    fn catalogue() -> Catalogue {
        let mut catalogue = Catalogue::default();
        add(&mut catalogue, SOURCE, "Node.swift");
        catalogue
    }

    #[test]
    fn public_types_are_found_nested_ones_too() {
        assert_eq!(catalogue().names(Kind::Type), ["Node", "Node.Step", "Sink", "OnPhone", "Rows"]);
    }

    #[test]
    fn public_functions_are_found_with_their_labels() {
        assert_eq!(
            catalogue().names(Kind::Function),
            [
                "Node.join(_:as:)",
                "Node.open(at:_:)",
                "Node.trace(_:below:)",
                "Node.watch()",
                "Node.repeat(values:times:)",
                "Node.make()",
                "Node.subscript(_:)",
                "Node.subscript(at:)",
                "Sink.log(_:)",
                "Sink.flush()",
                "Node.Step.next()",
                "Counter.+(_:_:)",
                "free(_:)",
            ]
        );
    }

    #[test]
    fn public_properties_initialisers_and_cases_are_found() {
        assert_eq!(
            catalogue().names(Kind::Part),
            [
                "Node.device",
                "Node.spaces",
                "Node.shared",
                "Node.alias",
                "Node.init(_:options:)",
                "Node.Step.first",
                "Node.Step.second",
                "Node.Step.third",
                "Sink.level",
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
