//! Finds the space that a person means.

use std::sync::Arc;

use dunlin_model::SpaceId;

use super::Core;
use crate::{
    error::{Code, Error, Result},
    space::{Names, SpaceInner},
};

impl Core {
    /// The space with this alias, name, id, or beginning of an id.
    pub(super) fn resolve(&self, reference: &str) -> Result<Arc<SpaceInner>> {
        let spaces = self.spaces();
        let named: Vec<(SpaceId, Names)> =
            spaces.iter().map(|space| (space.id, space.names())).collect();
        let index = choose(reference, &named)?;
        Ok(spaces[index].clone())
    }
}

/// A way in which a space can be meant.
type Fit<'a> = &'a dyn Fn(&SpaceId, &Names) -> bool;

/// The one space that fits best: a name fits better than the beginning of an id.
fn choose(reference: &str, spaces: &[(SpaceId, Names)]) -> Result<usize> {
    let is_called = |names: &Names| match &names.alias {
        Some(alias) => alias == reference,
        None => names.name == reference,
    };
    // A name that an alias stands in for still works where nothing else is called so.
    let was_called = |names: &Names| names.name == reference;
    let prefix = reference.to_ascii_lowercase();
    let fits: [Fit<'_>; 3] =
        [&|_, names| is_called(names), &|_, names| was_called(names), &|id, _| {
            !prefix.is_empty() && id.to_string().starts_with(&prefix)
        }];
    for fit in fits {
        let matches: Vec<usize> =
            (0..spaces.len()).filter(|index| fit(&spaces[*index].0, &spaces[*index].1)).collect();
        match matches[..] {
            [] => {}
            [only] => return Ok(only),
            _ => return Err(ambiguous(reference, &matches, spaces)),
        }
    }
    let remedy = match spaces.len() {
        0 => "create a space, or join one with a ticket".to_owned(),
        _ => format!("the spaces here are: {}", list(0..spaces.len(), spaces)),
    };
    Err(Error::new(Code::NotFound, format!("there is no space {reference:?}"), remedy))
}

fn ambiguous(reference: &str, matches: &[usize], spaces: &[(SpaceId, Names)]) -> Error {
    let listed = list(matches.iter().copied(), spaces);
    Error::invalid(
        format!("{reference:?} means more than one space: {listed}"),
        "give more characters of the id, or join with an alias of your own",
    )
}

fn list(indices: impl Iterator<Item = usize>, spaces: &[(SpaceId, Names)]) -> String {
    let show = |index: usize| {
        let (id, names) = &spaces[index];
        format!("{} ({})", names.alias.as_ref().unwrap_or(&names.name), id.short())
    };
    indices.map(show).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(byte: u8, name: &str, alias: Option<&str>) -> (SpaceId, Names) {
        let names = Names { name: name.to_owned(), alias: alias.map(str::to_owned) };
        (SpaceId([byte; 32]), names)
    }

    #[test]
    fn a_name_an_alias_and_the_beginning_of_an_id_find_a_space() {
        let spaces = [space(1, "barn", None), space(2, "field", Some("f")), space(3, "f", None)];
        assert_eq!(choose("barn", &spaces), Ok(0));
        assert_eq!(choose("field", &spaces), Ok(1));
        let id = spaces[2].0.to_string();
        assert_eq!(choose(&id[..8], &spaces), Ok(2));
        assert_eq!(choose(&id.to_uppercase(), &spaces), Ok(2));
    }

    #[test]
    fn an_ambiguous_name_lists_its_matches() {
        let spaces = [space(1, "barn", None), space(2, "barn", None), space(3, "field", None)];
        let error = choose("barn", &spaces).unwrap_err();
        assert_eq!(error.code(), Code::InvalidInput);
        assert!(error.reason().contains(&spaces[0].0.short()), "{error}");
        assert!(error.reason().contains(&spaces[1].0.short()), "{error}");
        assert!(!error.reason().contains(&spaces[2].0.short()), "{error}");
    }

    #[test]
    fn an_unknown_or_empty_name_is_not_found_and_says_what_there_is() {
        let error = choose("x", &[space(1, "barn", None)]).unwrap_err();
        assert_eq!(error.code(), Code::NotFound);
        assert!(error.remedy().contains("barn"));
        assert_eq!(choose("", &[space(1, "barn", None)]).unwrap_err().code(), Code::NotFound);
    }
}
