//! SPDX licence expressions (SPDX 2.3, annex D): may we ship what they offer?

/// Licences under which a dependency may come in.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BlueOak-1.0.0",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Whether some choice that the expression offers is allowed throughout.
pub(super) fn is_allowed(expression: &str) -> Result<bool, String> {
    // Before SPDX, cargo joined alternatives with a slash.
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let allowed = either(&mut words)?;
    match words.next() {
        None => Ok(allowed),
        Some(word) => Err(format!("nothing expects {word:?} there")),
    }
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn either(words: &mut Words<'_>) -> Result<bool, String> {
    let mut allowed = both(words)?;
    while words.next_if_eq(&"OR").is_some() {
        allowed |= both(words)?;
    }
    Ok(allowed)
}

fn both(words: &mut Words<'_>) -> Result<bool, String> {
    let mut allowed = one(words)?;
    while words.next_if_eq(&"AND").is_some() {
        allowed &= one(words)?;
    }
    Ok(allowed)
}

fn one(words: &mut Words<'_>) -> Result<bool, String> {
    match words.next() {
        Some("(") => {
            let allowed = either(words)?;
            words.next_if_eq(&")").map(|_| allowed).ok_or_else(|| "a ) is missing".to_owned())
        }
        None | Some(")" | "AND" | "OR" | "WITH") => Err("a licence is missing".to_owned()),
        Some(name) => {
            let Some(_) = words.next_if_eq(&"WITH") else { return Ok(ALLOWED.contains(&name)) };
            let exception = words.next().ok_or("an exception is missing")?;
            Ok(ALLOWED.contains(&format!("{name} WITH {exception}").as_str()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_allowed;

    #[test]
    fn one_allowed_alternative_is_enough() {
        for expression in ["MIT", "MIT/Apache-2.0", "MIT OR LGPL-2.1-or-later", "GPL-3.0 OR ISC"] {
            assert_eq!(is_allowed(expression), Ok(true), "{expression}");
        }
    }

    #[test]
    fn every_joined_licence_must_be_allowed() {
        assert_eq!(is_allowed("(MIT OR Apache-2.0) AND Unicode-3.0"), Ok(true));
        assert_eq!(is_allowed("MIT AND GPL-3.0-only"), Ok(false));
        assert_eq!(is_allowed("MIT AND GPL-3.0-only OR Zlib"), Ok(true), "AND binds tighter");
        assert_eq!(is_allowed("GPL-3.0-only"), Ok(false));
    }

    #[test]
    fn an_exception_belongs_to_its_licence() {
        assert_eq!(is_allowed("Apache-2.0 WITH LLVM-exception"), Ok(true));
        assert_eq!(is_allowed("GPL-2.0 WITH Classpath-exception-2.0"), Ok(false));
    }

    #[test]
    fn a_broken_expression_is_an_error_and_not_a_yes() {
        for expression in ["", "MIT OR", "(MIT", "MIT)", "MIT Apache-2.0", "WITH x"] {
            assert!(is_allowed(expression).is_err(), "{expression}");
        }
    }
}
