//! Writes without a plan: whatever they meet, and whatever is made of them, replicas must agree.

use dunlin::Document;
use serde_json::{Value as Json, json};

use super::{
    random::Random,
    write::{CHAOS, Call},
};

pub(super) fn draw(random: &mut Random, key: String, read: Option<Document>) -> Call {
    let collection = CHAOS;
    let Some(read) = read else {
        let patch =
            json!({"a": 0, "t": {"$text": "t"}, "l": ["x", {"k": 1}], "n": {"$counter": 2}});
        return Call::Put { collection, key, patch, base: None };
    };
    if read.is_deleted {
        return match random.below(4) {
            0 => Call::Put { collection, key, patch: json!({"a": random.below(9)}), base: None },
            _ => Call::Restore { collection, key },
        };
    }
    match random.below(24) {
        0 => Call::Delete { collection, key },
        1 | 2 => {
            let patch =
                json!({"o": {"x": random.below(5), "y": null}, "t": "tea", "l": ["x", "z"]});
            Call::Put { collection, key, patch, base: None }
        }
        3 => {
            let mut new = read.to_json();
            new["a"] = json!(random.below(5));
            new["o"] = json!({"z": random.below(3)});
            if let Some(items) = new.get_mut("l").and_then(Json::as_array_mut) {
                items.reverse();
            }
            Call::Save { collection, read: Box::new(read), new }
        }
        _ => {
            let count = random.between(1..=2);
            let edits = (0..count).map(|_| edit(random, &read.to_json())).collect();
            let base = random.chance(0.3).then(|| read.version.clone());
            Call::Edit { collection, key, edits, base }
        }
    }
}

fn edit(random: &mut Random, json: &Json) -> Json {
    let length = json["t"].as_str().map_or(0, |text| text.encode_utf16().count());
    let items = json["l"].as_array().map_or(0, Vec::len);
    let fields = ["/a", "/b", "/o/x", "/o/y", "/o", "/l/0", "/l/0/k", "/deep/er/est"];
    let field = fields[random.below(fields.len())];
    let (place, index) = (random.below(length + 1), random.below(items));
    match random.below(16) {
        0..=2 => json!({"op":"set","path":field,"value":number(random)}),
        3 => json!({"op":"set","path":field,"value":{"x":random.below(3),"l":[random.below(2)]}}),
        4 => json!({"op":"remove","path":field}),
        5 => json!({"op":"increment","path":"/n","by":random.below(7) as i64 - 3}),
        6 | 7 => {
            let insert = ["é", "🐦", "abc"][random.below(3)];
            json!({"op":"splice","path":"/t","at":place,"insert":insert})
        }
        8 => json!({"op":"splice","path":"/t","at":place,"delete":(length - place).min(2)}),
        9 | 10 => json!({"op":"insert","path":"/l","at":index,"value":{"k":random.below(9)}}),
        11 => json!({"op":"insert","path":"/l","at":items,"value":{"$text":"item"}}),
        12 => json!({"op":"move","path":"/l","from":index,"to":random.below(items)}),
        13 => json!({"op":"delete-item","path":"/l","at":index}),
        14 => {
            let (path, value) = [
                ("/t", json!({"$text":"new"})),
                ("/n", json!({"$counter":1})),
                ("/l", json!(["p", "q"])),
                ("/t", json!("plain")),
                ("/b", json!({"$bytes":"aGVsbG8="})),
            ][random.below(5)]
            .clone();
            json!({"op":"set","path":path,"value":value})
        }
        _ => {
            let path = ["/t", "/n", "/l", "/o"][random.below(4)];
            json!({"op":"remove","path":path})
        }
    }
}

/// Numbers that encodings disagree about.
fn number(random: &mut Random) -> Json {
    let awkward = [
        json!(0),
        json!(2_147_483_648_i64),
        json!(1_700_000_000_123_i64),
        json!(9_007_199_254_740_993_i64),
        json!(i64::MIN),
        json!(i64::MAX),
        json!(5.0),
        json!(-0.0),
        json!(0.1),
        json!(null),
        json!("text"),
    ];
    awkward[random.below(awkward.len())].clone()
}
