//! Parameters of functions, as a call names them.

use super::super::tokens::{Token, after_generics, after_group, opens};

/// `_:alias:` of what is between the brackets, without what the compiler fills in, as in
/// `line: UInt = #line`: no caller writes it.
pub(super) fn labels(parameters: &[Token<'_>], has_labels: bool) -> String {
    let mut labels = String::new();
    let mut at = 0;
    while at < parameters.len() {
        let end = end_of_parameter(parameters, at);
        let parameter = &parameters[at..end];
        let colon = parameter.iter().position(|token| token.text == ":");
        let names: Vec<&str> = names(&parameter[..colon.unwrap_or(0)]);
        let is_filled_in = parameter.windows(2).any(|two| two[0].text == "=" && two[1].text == "#");
        if !is_filled_in {
            labels.push_str(match names.as_slice() {
                [name] if has_labels => name,
                [label, _] => label,
                _ => "_",
            });
            labels.push(':');
        }
        at = end + 1;
    }
    labels
}

/// The index of the comma after the parameter at `at`, or of the end.
fn end_of_parameter(parameters: &[Token<'_>], at: usize) -> usize {
    let mut index = at;
    let mut is_type = false;
    while let Some(token) = parameters.get(index) {
        match token.text {
            "," => return index,
            "=" => is_type = false,
            ":" => is_type = true,
            "<" if is_type => {
                index = after_generics(parameters, index);
                continue;
            }
            _ => {}
        }
        index = if opens(token) { after_group(parameters, index) } else { index + 1 };
    }
    parameters.len()
}

/// The words before a colon, without attributes.
fn names<'a>(tokens: &[Token<'a>]) -> Vec<&'a str> {
    let mut names = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        if token.is_word() && (index == 0 || tokens[index - 1].text != "@") {
            names.push(token.text);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::{
        super::super::tokens::{Language, read},
        *,
    };

    fn of(text: &str) -> String {
        labels(&read(text, Language::Swift), true)
    }

    #[test]
    fn labels_are_the_first_of_two_names() {
        assert_eq!(of(""), "");
        assert_eq!(of("_ ticket: String, as alias: String? = nil"), "_:as:");
        assert_eq!(of("at: Int, delete: Int = 0, insert: String = \"a, b\""), "at:delete:insert:");
    }

    #[test]
    fn commas_and_colons_within_a_type_separate_nothing() {
        assert_eq!(of("_ map: Map<String, [Int: Int]>, body: (A, B) -> Void"), "_:body:");
        assert_eq!(of("below: Int = 1 < 2 ? 1 : 2, @Box then last: Int"), "below:then:");
    }

    #[test]
    fn what_the_compiler_fills_in_has_no_label() {
        assert_eq!(of("_ path: URL, file: String = #fileID, line: UInt = #line"), "_:");
    }

    #[test]
    fn subscripts_and_operators_have_labels_only_where_a_parameter_has_two_names() {
        let of = |text| labels(&read(text, Language::Swift), false);
        assert_eq!(of("column: String"), "_:");
        assert_eq!(of("at index: Int"), "at:");
    }
}
