//! What people do to a list: they know which row is which.

use serde_json::{Value as Json, json};

/// A row, and who it is.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) who: u32,
    pub(crate) value: Json,
}

/// What rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Objects with an id.
    Keyed,
    /// Objects without.
    Object,
    Text,
    /// Short strings that are often repeated.
    Repeated,
}

/// What somebody does before a save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Insert,
    Delete,
    Drag,
    Edit,
    Sort,
    Reverse,
    ReplaceAll,
}

pub(crate) const SINGLE: &[Act] = &[Act::Insert, Act::Delete, Act::Drag, Act::Edit];
pub(crate) const ANY: &[Act] =
    &[Act::Insert, Act::Delete, Act::Drag, Act::Edit, Act::Sort, Act::Reverse];

/// A list, and what each device makes of it before they meet.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) start: Vec<Row>,
    pub(crate) plans: Vec<Vec<Row>>,
}

impl Scene {
    /// A random scene: each device does from one to `most` things.
    pub(crate) fn new(seed: u64, kind: Kind, devices: usize, acts: &[Act], most: usize) -> Self {
        let mut people = People { random: Random::new(seed), kind, rows: 0 };
        let start: Vec<Row> = (0..people.random.below(7)).map(|_| people.row()).collect();
        let plans = (0..devices)
            .map(|_| {
                let mut plan = start.clone();
                for _ in 0..1 + people.random.below(most) {
                    let act = acts[people.random.below(acts.len())];
                    people.act(&mut plan, act);
                }
                plan
            })
            .collect();
        Self { start, plans }
    }

    /// Whether somebody has two rows that are alike in all.
    pub(crate) fn has_doubles(&self) -> bool {
        let sides = self.plans.iter().chain([&self.start]);
        sides.into_iter().any(|side| {
            let mut texts: Vec<String> = side.iter().map(|row| row.value.to_string()).collect();
            texts.sort();
            texts.windows(2).any(|pair| pair[0] == pair[1])
        })
    }
}

pub(crate) fn values(rows: &[Row]) -> Json {
    rows.iter().map(|row| row.value.clone()).collect()
}

pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound.max(1)
    }
}

const WORDS: &[&str] = &[
    "wash", "dry", "iron", "fold", "pack", "load", "drive", "unload", "clean", "close", "open",
    "check", "weigh", "label", "seal", "count", "sort", "stack", "paint", "sand",
];

struct People {
    random: Random,
    kind: Kind,
    rows: u32,
}

impl People {
    fn word(&mut self, among: usize) -> &'static str {
        WORDS[self.random.below(among.min(WORDS.len()))]
    }

    fn row(&mut self) -> Row {
        self.rows += 1;
        let who = self.rows;
        let any = WORDS.len();
        let value = match self.kind {
            Kind::Text => json!(format!("{} {who:03} {}", self.word(any), self.word(any))),
            Kind::Repeated => json!(self.word(4)),
            Kind::Keyed | Kind::Object => {
                let mut row = json!({
                    "t": format!("{} {who:03}", self.word(any)),
                    "who": (["A", "B", "C", "D", "E"][self.random.below(5)]),
                    "done": false,
                    "min": 1 + self.random.below(89),
                });
                if self.kind == Kind::Keyed {
                    row["id"] = json!(who);
                }
                row
            }
        };
        Row { who, value }
    }

    fn act(&mut self, rows: &mut Vec<Row>, act: Act) {
        let at = self.random.below(rows.len());
        match act {
            Act::Insert => {
                let at = self.random.below(rows.len() + 1);
                rows.insert(at, self.row());
            }
            Act::ReplaceAll => {
                let count = self.random.below(rows.len() + 3);
                *rows = (0..count).map(|_| self.row()).collect();
            }
            Act::Sort => rows.sort_by_key(|row| row.value.to_string()),
            Act::Reverse => rows.reverse(),
            _ if rows.is_empty() => {}
            Act::Delete => drop(rows.remove(at)),
            Act::Drag => {
                let row = rows.remove(at);
                rows.insert(self.random.below(rows.len() + 1), row);
            }
            Act::Edit => self.edit(&mut rows[at].value),
        }
    }

    fn edit(&mut self, value: &mut Json) {
        let word = self.word(WORDS.len());
        match value {
            Json::String(text) if self.kind == Kind::Repeated => {
                *text = self.word(6).to_owned();
            }
            Json::String(text) => text.push_str(&format!(" {word}")),
            row => match self.random.below(4) {
                0 => row["done"] = json!(true),
                1 => row["t"] = json!(format!("{} {word}", row["t"].as_str().unwrap())),
                2 => row["min"] = json!(100 + self.random.below(100)),
                _ => row["who"] = json!((["F", "G", "H", "I", "J"][self.random.below(5)])),
            },
        }
    }
}
