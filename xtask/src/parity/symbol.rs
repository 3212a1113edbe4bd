//! What a language's sources declare for everybody.

/// What kind of thing a name names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Kind {
    /// A type, a module.
    Type,
    /// A function, a method, a command: it has to stand in a row by itself.
    Function,
    /// A property, a field, a case, an initialiser, an option: its type stands for it too.
    Part,
}

/// One public declaration.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Symbol {
    /// As its language writes it, from the outermost type on: `Node::open`, `Node.join(_:alias:)`.
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Where it is declared.
    pub(super) file: String,
}

impl Symbol {
    /// Whether a cell that says `text` means it: the whole name, or the name without arguments.
    pub(super) fn is_named(&self, text: &str) -> bool {
        self.name == text || without_arguments(&self.name) == text
    }

    /// Whether it is the type of that name, or belongs to it.
    pub(super) fn is_within(&self, owner: &str) -> bool {
        match self.name.strip_prefix(owner) {
            Some(rest) => rest.is_empty() || rest.starts_with(['.', ':', ' ']),
            None => false,
        }
    }

    /// The type that it is part of.
    pub(super) fn owner(&self) -> Option<&str> {
        let name = without_arguments(&self.name);
        let end = name.rfind(['.', ' ']).or_else(|| name.rfind("::"))?;
        Some(&name[..end])
    }
}

fn without_arguments(name: &str) -> &str {
    name.split('(').next().unwrap_or(name)
}

/// Everything that one language declares.
#[derive(Default)]
pub(super) struct Catalogue {
    pub(super) symbols: Vec<Symbol>,
}

impl Catalogue {
    /// Adds a declaration; one that is there already (an overload, another platform's) stays one.
    pub(super) fn add(&mut self, name: String, kind: Kind, file: &str) {
        if !self.symbols.iter().any(|symbol| symbol.name == name && symbol.kind == kind) {
            self.symbols.push(Symbol { name, kind, file: file.to_owned() });
        }
    }

    /// Whether anything has that name.
    pub(super) fn has(&self, text: &str) -> bool {
        self.symbols.iter().any(|symbol| symbol.is_named(text))
    }

    #[cfg(test)]
    pub(super) fn names(&self, kind: Kind) -> Vec<&str> {
        let of_kind = self.symbols.iter().filter(|symbol| symbol.kind == kind);
        of_kind.map(|symbol| symbol.name.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbol(name: &str) -> Symbol {
        Symbol { name: name.to_owned(), kind: Kind::Function, file: String::new() }
    }

    #[test]
    fn a_name_may_be_given_without_its_arguments() {
        let join = symbol("Node.join(_:alias:)");
        assert!(join.is_named("Node.join(_:alias:)") && join.is_named("Node.join"));
        assert!(!join.is_named("Node.join(_:)") && !join.is_named("join"));
    }

    #[test]
    fn the_owner_is_the_type_around_it() {
        for (name, owner) in [
            ("Node::open", Some("Node")),
            ("Node.Options.name", Some("Node.Options")),
            ("Node.log(to.it:)", Some("Node")),
            ("dunlin get --kinds", Some("dunlin get")),
            ("rfc3339", None),
        ] {
            assert_eq!(symbol(name).owner(), owner, "{name}");
        }
    }

    #[test]
    fn a_longer_name_is_not_within_a_shorter_one() {
        assert!(symbol("Node::open").is_within("Node") && symbol("Node").is_within("Node"));
        assert!(!symbol("NodeStatus.peers").is_within("Node"));
    }
}
