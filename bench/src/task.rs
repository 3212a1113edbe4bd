//! Documents of ten fields, such as a field worker's tasks.

use dunlin::{DocKey, Value};
use serde_json::{Value as Json, json};
use yrs::Any;

use crate::{Result, random::Random};

/// Documents in the rows that have many.
pub(crate) const MANY: usize = 10_000;
/// A query that looks at every document.
pub(crate) const TASKS_QUERY: &str = "SELECT count(*) FROM tasks";
/// The field that edits change.
pub(crate) const EDITED: &str = "minutes";

const NAMES: &[&str] = &["ann.keller", "ben.otieno", "chris.lund", "dana.ruiz", "eli.sato"];
const WORDS: &[&str] = &[
    "inspect", "pump", "valve", "seal", "pressure", "filter", "replace", "log", "before", "after",
    "leak", "north", "panel", "reset", "grease", "bearing", "cable", "tray", "label", "photo",
];

/// One document.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    /// Ascending like the ids that the product makes itself, and as long.
    pub(crate) id: String,
    pub(crate) json: Json,
}

impl Task {
    /// The document of this number.
    pub(crate) fn new(number: usize) -> Self {
        let mut random = Random::new(number as u64);
        let mut words = |count: usize| -> String {
            let word = |_| WORDS[random.below(WORDS.len() as u64) as usize];
            (0..count).map(word).collect::<Vec<_>>().join(" ")
        };
        let (title, note) = (words(4), words(9));
        let json = json!({
            "title": title,
            "status": if number.is_multiple_of(3) { "done" } else { "open" },
            "priority": number % 5,
            "assignee": NAMES[number % NAMES.len()],
            "due": format!("2026-{:02}-{:02}T09:30:00Z", number % 12 + 1, number % 28 + 1),
            "site": format!("hall {}, bay {}", number % 9, number % 40),
            EDITED: number % 240,
            "cost": (number % 1000) as f64 + 0.5,
            "urgent": number.is_multiple_of(7),
            "note": note,
        });
        let tail = Random::new(!(number as u64)).bits();
        let id = format!("019a8f3c-{:04x}-7{:03x}-{}", number >> 12, number & 0xfff, group(tail));
        Self { id, json }
    }

    /// The first documents.
    pub(crate) fn many(count: usize) -> Vec<Self> {
        (0..count).map(Self::new).collect()
    }

    /// For the product.
    pub(crate) fn patch(&self) -> Result<(DocKey, Value)> {
        Ok((self.id.parse()?, Value::from_json(&self.json)?))
    }

    /// For bare yrs: a key a field.
    pub(crate) fn fields(&self) -> Vec<(String, Any)> {
        let fields = self.json.as_object().into_iter().flatten();
        fields.map(|(name, value)| (name.clone(), any(value))).collect()
    }
}

fn any(value: &Json) -> Any {
    match value {
        Json::String(text) => Any::from(text.as_str()),
        Json::Bool(yes) => Any::from(*yes),
        other => Any::from(other.as_f64().unwrap_or_default()),
    }
}

fn group(bits: u64) -> String {
    let hex = format!("{bits:016x}");
    format!("{}-{}", &hex[..4], &hex[4..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_have_ten_fields_and_ids_that_ascend() {
        let tasks = Task::many(5_000);
        assert!(tasks.windows(2).all(|pair| pair[0].id < pair[1].id));
        assert!(tasks.iter().all(|task| task.fields().len() == 10));
        let bytes: usize = tasks.iter().map(|task| task.json.to_string().len()).sum();
        let mean = bytes / tasks.len();
        assert!((220..320).contains(&mean), "{mean} bytes of JSON each");
    }
}
