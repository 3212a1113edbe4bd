//! Source code as words, marks and literals, without comments: enough to see what is declared.
//!
//! Rust, Kotlin and Swift are alike enough for one reader. What differs is in [`Language`].

/// What the text is written in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    /// Lifetimes, `r#"…"#`.
    Rust,
    /// `"${…}"`, `"""…"""`, characters in single quotes.
    Kotlin,
    /// `"\(…)"`, `"""…"""`, `#"…"#`.
    Swift,
}

/// A word, a literal string, or one mark.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Token<'a> {
    /// As it stands there; a word in backticks without them.
    pub(super) text: &'a str,
    /// From 1.
    pub(super) line: usize,
}

impl Token<'_> {
    /// Whether it is an identifier, a keyword or a number.
    pub(super) fn is_word(&self) -> bool {
        self.text.chars().next().is_some_and(is_word)
    }
}

/// Reads everything.
pub(super) fn read(text: &str, language: Language) -> Vec<Token<'_>> {
    let mut reader = Reader { text, at: 0, line: 1, language, tokens: Vec::new() };
    while reader.step() {}
    reader.tokens
}

/// The index after the bracket that closes the one at `open`; the end if none does.
pub(super) fn after_group(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return index + 1;
        }
    }
    tokens.len()
}

/// What is between the brackets of the group at `open`.
pub(super) fn inside<'t, 'a>(tokens: &'t [Token<'a>], open: usize) -> &'t [Token<'a>] {
    let end = after_group(tokens, open);
    tokens.get(open + 1..end.saturating_sub(1)).unwrap_or_default()
}

/// The index after `<…>` if that stands at `at`, else `at`.
pub(super) fn after_generics(tokens: &[Token<'_>], at: usize) -> usize {
    let mut depth = 0_usize;
    let mut index = at;
    while let Some(token) = tokens.get(index) {
        match token.text {
            "<" => depth += 1,
            ">" if index > 0 && tokens[index - 1].text == "-" => {}
            ">" => depth = depth.saturating_sub(1),
            "(" | "[" | "{" if depth > 0 => {
                index = after_group(tokens, index);
                continue;
            }
            _ => {}
        }
        if depth == 0 {
            return if index == at && token.text != "<" { at } else { index + 1 };
        }
        index += 1;
    }
    index
}

/// Whether the token opens a group.
pub(super) fn opens(token: &Token<'_>) -> bool {
    matches!(token.text, "(" | "[" | "{")
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    language: Language,
    tokens: Vec<Token<'a>>,
}

impl<'a> Reader<'a> {
    /// Reads one token or what is none; false at the end.
    fn step(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let Some(first) = rest.chars().next() else { return false };
        let language = self.language;
        if first.is_whitespace() {
            self.pass(first.len_utf8());
        } else if rest.starts_with("//") {
            self.pass(rest.find('\n').unwrap_or(rest.len()));
        } else if rest.starts_with("/*") {
            self.pass(comment(rest));
        } else if let Some(length) = raw_string(rest, language) {
            self.push(length);
        } else if first == '"' {
            self.push(string(rest, language));
        } else if first == '\'' {
            self.push(character(rest));
        } else if first == '`' {
            let length = rest[1..].find('`').map_or(rest.len(), |end| end + 2);
            let word = rest[..length].trim_matches('`');
            self.tokens.push(Token { text: word, line: self.line });
            self.pass(length);
        } else if is_word(first) {
            self.push(rest.find(|letter| !is_word(letter)).unwrap_or(rest.len()));
        } else {
            self.push(first.len_utf8());
        }
        true
    }

    fn push(&mut self, length: usize) {
        let text = &self.text[self.at..self.at + length];
        self.tokens.push(Token { text, line: self.line });
        self.pass(length);
    }

    fn pass(&mut self, length: usize) {
        let passed = &self.text[self.at..self.at + length];
        self.line += passed.matches('\n').count();
        self.at += length;
    }
}

/// The length of a block comment, those within it included: all three languages nest them.
fn comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        match () {
            () if rest.starts_with("/*") => (depth, at) = (depth + 1, at + 2),
            () if rest.starts_with("*/") => (depth, at) = (depth - 1, at + 2),
            () => at += width(rest),
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// The length of a string that knows no escapes, if one begins here.
fn raw_string(text: &str, language: Language) -> Option<usize> {
    let prefix = match language {
        Language::Rust => ["br", "cr", "r"].into_iter().find(|prefix| text.starts_with(prefix))?,
        Language::Swift => "",
        Language::Kotlin => return None,
    };
    let hashes = text[prefix.len()..].bytes().take_while(|byte| *byte == b'#').count();
    let start = prefix.len() + hashes;
    if !text[start..].starts_with('"') || (prefix.is_empty() && hashes == 0) {
        return None;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let body = text.get(start + 1..)?;
    Some(body.find(&end).map_or(text.len(), |at| start + 1 + at + end.len()))
}

/// The length of a string, code within it included.
fn string(text: &str, language: Language) -> usize {
    let quote = match language {
        Language::Kotlin | Language::Swift if text.starts_with("\"\"\"") => "\"\"\"",
        _ => "\"",
    };
    // Kotlin's long strings have no escapes.
    let has_escapes = language != Language::Kotlin || quote.len() == 1;
    let mut at = quote.len();
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with(quote) {
            return at + quote.len();
        }
        at += match language {
            Language::Swift if rest.starts_with("\\(") => 1 + code(&rest[1..], language),
            Language::Kotlin if rest.starts_with("${") => 1 + code(&rest[1..], language),
            _ if has_escapes && rest.starts_with('\\') => 1 + width(&rest[1..]),
            _ => width(rest),
        };
    }
    text.len()
}

/// The length of code in brackets within a string, strings within that included.
fn code(text: &str, language: Language) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        match rest.as_bytes()[0] {
            b'(' | b'{' => depth += 1,
            b')' | b'}' => depth -= 1,
            b'"' => {
                at += string(rest, language);
                continue;
            }
            _ => {}
        }
        at += width(rest);
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// The length of a character; of the mark alone where that begins a lifetime.
fn character(text: &str) -> usize {
    let body = &text[1..];
    let end = match body.strip_prefix('\\') {
        // Of more than one letter perhaps: `\u{1f426}`.
        Some(escape) => escape[width(escape)..].find('\'').map(|end| 1 + width(escape) + end),
        None => body[width(body)..].starts_with('\'').then(|| width(body)),
    };
    end.map_or(1, |end| 1 + end + 1)
}

fn width(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str, language: Language) -> Vec<&str> {
        read(text, language).iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_are_no_tokens_and_lines_are_counted() {
        let tokens = read("a // b\n/* c /* d */\n e */ f", Language::Swift);
        assert_eq!(tokens, [Token { text: "a", line: 1 }, Token { text: "f", line: 3 }]);
        assert_eq!(words("a /* never closed", Language::Rust), ["a"]);
    }

    #[test]
    fn brackets_and_quotes_in_strings_are_no_brackets() {
        for (text, language) in [
            (r#"a "{\"{" b"#, Language::Rust),
            (r##"a r#"{"{"# b"##, Language::Rust),
            (r#"a '{' b"#, Language::Kotlin),
            (r"a '\'' b", Language::Rust),
            (r"a '\u{7b}' b", Language::Rust),
            (r#"a "${m["}"]}{" b"#, Language::Kotlin),
            (r#"a "\(m["{"] + "(")" b"#, Language::Swift),
            ("a \"\"\"\n{\" \\(x(\"{\")) \"\"\" b", Language::Swift),
            ("a \"\"\"\\\"\"\" b", Language::Kotlin),
            (r##"a #"{"{"# b"##, Language::Swift),
        ] {
            let tokens = words(text, language);
            assert_eq!(tokens.len(), 3, "{text}: {tokens:?}");
            assert_eq!((tokens[0], tokens[2]), ("a", "b"), "{text}");
        }
    }

    #[test]
    fn a_lifetime_is_no_character() {
        let text = "impl<'a> X<'a> { fn r(&self) }";
        assert_eq!(words(text, Language::Rust).iter().filter(|text| **text == "'").count(), 2);
        assert!(words(text, Language::Rust).contains(&"fn"));
    }

    #[test]
    fn words_in_backticks_are_words() {
        assert_eq!(words("case `default`", Language::Swift), ["case", "default"]);
    }

    #[test]
    fn groups_and_generics_end_where_they_close() {
        let tokens = read("f<T: Fn(A) -> B>(a: [B], { c }) d", Language::Rust);
        let at = after_generics(&tokens, 1);
        assert_eq!(tokens[at].text, "(");
        assert_eq!(tokens[after_group(&tokens, at)].text, "d");
        assert_eq!(after_generics(&tokens, 0), 0, "no generics there");
        assert_eq!(inside(&read("()", Language::Rust), 0), []);
        assert_eq!(inside(&read("(", Language::Rust), 0), [], "never closed");
    }

    #[test]
    fn no_cut_of_a_text_breaks_the_reader() {
        let text = "a \"\\(b(\"c\")) \" 'd' '\\n' `e` /* f */ #\"g\"# r#\"h\"# \"\"\"${i}\"\"\" é";
        for (end, _) in text.char_indices() {
            for language in [Language::Rust, Language::Kotlin, Language::Swift] {
                read(&text[..end], language);
            }
        }
    }
}
