//! Draws a device's next write, from what that device reads.

use std::collections::BTreeSet;

use dunlin::{Code, Document, Result, Space};
use serde_json::{Value as Json, json};

use super::{
    chaos,
    ledger::{Fact, Ledger},
    random::Random,
    site::Site,
    write::{CHAOS, Call, LEDGER, NOTES, Tolerance, Write},
};

const DOCUMENTS: [&str; 2] = ["ledger-0", "ledger-1"];
const ANYTHING: [&str; 2] = ["chaos-0", "chaos-1"];
const SLOTS: [&str; 2] = ["left", "right"];
/// Reads that a device remembers, to base a later edit on.
const MAX_READS: usize = 6;

/// What a device needs to think of a write.
pub(super) struct Author<'a> {
    pub(super) random: &'a mut Random,
    pub(super) site: &'a mut Site,
    pub(super) space: Space,
    pub(super) ledger: &'a Ledger,
    /// All notes that were ever made.
    pub(super) notes: &'a [String],
    /// Counts characters, so that each is typed once.
    pub(super) characters: &'a mut u32,
}

/// A part of a write: edits of one document and what they promise.
struct Part {
    edits: Vec<Json>,
    facts: Vec<Fact>,
}

impl Author<'_> {
    /// The write, or none if there is nothing to do it to.
    pub(super) async fn draw(&mut self, operation: &'static str) -> Result<Option<Write>> {
        match operation {
            "insert" => return Ok(Some(self.insert())),
            "put-new" => return Ok(Some(self.put_new())),
            "put-many" => return Ok(Some(self.put_many())),
            "transaction" => return Ok(Some(self.transaction())),
            "delete" => return Ok(self.delete()),
            "restore" => return Ok(self.restore()),
            "edit-anything" => return self.anything().await,
            _ => {}
        }
        if operation == "set"
            && self.random.chance(0.3)
            && let Some(write) = self.sign().await?
        {
            return Ok(Some(write));
        }
        let doc = DOCUMENTS[self.random.below(DOCUMENTS.len())].to_owned();
        let Some(read) = self.read(LEDGER, &doc).await? else {
            return Ok(Some(self.put_merge(&doc)));
        };
        Ok(match operation {
            "put-merge" => Some(self.put_merge(&doc)),
            "put-text" => self.put_text(&doc, &read),
            "put-number" => self.put_number(&doc, &read),
            "save" => self.save(&doc, read),
            "remove" => Some(self.remove(&doc)),
            "edit-at-older-base" => self.edit_late(&doc, &read),
            "set" => Some(self.set(&doc, &read)),
            "increment" => {
                let part = self.increment(&doc);
                Some(self.edit(operation, &doc, part, None))
            }
            _ => {
                let part = self.indexed(operation, &doc, &read)?;
                part.map(|part| self.edit(operation, &doc, part, Some(&read)))
            }
        })
    }

    /// A write that tells by a mark whether it was committed.
    pub(super) async fn draw_marked(&mut self) -> Result<Option<(Write, String, String)>> {
        if self.random.chance(0.3) {
            let write = self.transaction();
            let Some(Fact::Mark { doc, key, .. }) = write.facts.first() else { return Ok(None) };
            let (doc, key) = (doc.clone(), key.clone());
            return Ok(Some((write, doc, key)));
        }
        let doc = DOCUMENTS[self.random.below(DOCUMENTS.len())].to_owned();
        let Some(read) = self.read(LEDGER, &doc).await? else { return Ok(None) };
        let operation = ["increment", "splice-insert", "list-insert"][self.random.below(3)];
        let part = match operation {
            "increment" => Some(self.increment(&doc)),
            _ => self.indexed(operation, &doc, &read)?,
        };
        let Some(mut part) = part else { return Ok(None) };
        let key = self.name("m");
        let value = json!(self.site.serial);
        part.edits.insert(0, json!({"op":"set","path":format!("/marks/{key}"),"value":value}));
        part.facts.push(Fact::Mark { doc: doc.clone(), key: key.clone(), value });
        Ok(Some((self.edit(operation, &doc, part, Some(&read)), doc, key)))
    }

    async fn read(&mut self, collection: &str, key: &str) -> Result<Option<Document>> {
        match self.space.collection(collection)?.inspect(&key.parse()?).await {
            Ok(document) => {
                if collection == LEDGER && self.random.chance(0.4) {
                    self.site.reads.push_back(document.clone());
                    if self.site.reads.len() > MAX_READS {
                        self.site.reads.pop_front();
                    }
                }
                Ok(Some(document))
            }
            Err(error) if error.code() == Code::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn edit(
        &self,
        operation: &'static str,
        doc: &str,
        part: Part,
        read: Option<&Document>,
    ) -> Write {
        let call = Call::Edit {
            collection: LEDGER,
            key: doc.to_owned(),
            edits: Json::Array(part.edits),
            base: read.map(|read| read.version.clone()),
        };
        let tolerance = if read.is_some() { Tolerance::Stale } else { Tolerance::Nothing };
        Write { operation, call, facts: part.facts, tolerance }
    }

    fn set(&mut self, doc: &str, read: &Document) -> Write {
        let doc = doc.to_owned();
        let (path, fact, value, base) = match self.random.below(4) {
            0 => return self.mark(&doc),
            1 => {
                let (device, value) = (self.site.index, self.name("o"));
                let fact = Fact::Own { doc: doc.clone(), device, value: value.clone() };
                (format!("/own/{device}"), fact, json!(value), None)
            }
            _ => {
                let (part, slot) = self.race(&doc, read);
                let Fact::Race { value, .. } = &part else { unreachable!("a race") };
                let value = json!(value);
                (format!("/race/{slot}"), part, value, Some(read))
            }
        };
        let edits = vec![json!({"op":"set","path":path,"value":value})];
        self.edit("set", &doc, Part { edits, facts: vec![fact] }, base)
    }

    fn race(&mut self, doc: &str, read: &Document) -> (Fact, &'static str) {
        let slot = SLOTS[self.random.below(SLOTS.len())];
        let path = format!("/race/{slot}");
        let json = read.to_json();
        let winner = json["race"][slot].as_str().map(str::to_owned);
        let losers = read
            .conflicts
            .iter()
            .filter(|conflict| conflict.path == path)
            .filter_map(|conflict| conflict.lost.value.as_ref())
            .filter_map(|value| value.to_json().as_str().map(str::to_owned));
        let seen: BTreeSet<String> = winner.into_iter().chain(losers).collect();
        let value = self.name("r");
        (Fact::Race { doc: doc.to_owned(), slot: slot.to_owned(), value, seen }, slot)
    }

    fn remove(&mut self, doc: &str) -> Write {
        if self.site.removable.is_empty() {
            self.site.deck.insert(0, "remove");
            return self.mark(doc);
        }
        let at = self.random.below(self.site.removable.len());
        let (doc, key) = self.site.removable.swap_remove(at);
        let edits = vec![json!({"op":"remove","path":format!("/marks/{key}")})];
        let facts = vec![Fact::Unmarked { doc: doc.clone(), key }];
        self.edit("remove", &doc, Part { edits, facts }, None)
    }

    /// Sets something that may be removed later.
    fn mark(&mut self, doc: &str) -> Write {
        let (doc, key) = (doc.to_owned(), self.name("s"));
        self.site.removable.push((doc.clone(), key.clone()));
        let value = json!(format!("{key} is set"));
        let edits = vec![json!({"op":"set","path":format!("/marks/{key}"),"value":value})];
        let facts = vec![Fact::Mark { doc: doc.clone(), key, value }];
        self.edit("set", &doc, Part { edits, facts }, None)
    }

    fn increment(&mut self, doc: &str) -> Part {
        let by = self.random.below(12) as i64 - 4;
        Part {
            edits: vec![json!({"op":"increment","path":"/count","by":by})],
            facts: vec![Fact::Counted { doc: doc.to_owned(), by }],
        }
    }

    /// An edit by index, as of a read.
    fn indexed(&mut self, operation: &str, doc: &str, read: &Document) -> Result<Option<Part>> {
        let json = read.to_json();
        let body: Vec<char> = json["body"].as_str().unwrap_or_default().chars().collect();
        let items: Vec<&str> =
            json["items"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
        let doc = doc.to_owned();
        let part = match operation {
            "splice-insert" => {
                let at = self.random.below(body.len() + 1);
                let typed: Vec<char> =
                    (0..self.random.between(1..=4)).map(|_| self.character()).collect();
                let insert: String = typed.iter().collect();
                let facts = typed
                    .into_iter()
                    .map(|character| Fact::Typed { doc: doc.clone(), character })
                    .collect();
                let at = units(&body[..at]);
                let edits = vec![json!({"op":"splice","path":"/body","at":at,"insert":insert})];
                Part { edits, facts }
            }
            "splice-delete" => {
                if body.is_empty() {
                    return Ok(None);
                }
                let at = self.random.below(body.len());
                let end = (at + self.random.between(1..=2)).min(body.len());
                let (at, gone) = (units(&body[..at]), &body[at..end]);
                let delete = units(gone);
                let facts = gone
                    .iter()
                    .map(|&character| Fact::Erased { doc: doc.clone(), character })
                    .collect();
                let edits = vec![json!({"op":"splice","path":"/body","at":at,"delete":delete})];
                Part { edits, facts }
            }
            "list-insert" => {
                let (at, item) = (self.random.below(items.len() + 1), self.name("i"));
                let edits = vec![json!({"op":"insert","path":"/items","at":at,"value":item})];
                Part { edits, facts: vec![Fact::Listed { doc, item }] }
            }
            _ if items.is_empty() => return Ok(None),
            "list-move" if items.len() < 2 => return Ok(None),
            "list-move" => {
                let from = self.random.below(items.len());
                let to = (from + self.random.between(1..=items.len() - 1)) % items.len();
                let edits = vec![json!({"op":"move","path":"/items","from":from,"to":to})];
                Part { edits, facts: Vec::new() }
            }
            _ => {
                let at = self.random.below(items.len());
                let edits = vec![json!({"op":"delete-item","path":"/items","at":at})];
                Part { edits, facts: vec![Fact::Unlisted { doc, item: items[at].to_owned() }] }
            }
        };
        Ok(Some(part))
    }

    /// An edit that is based on what was read some time ago.
    fn edit_late(&mut self, doc: &str, now: &Document) -> Option<Write> {
        let reads: Vec<Document> = self
            .site
            .reads
            .iter()
            .filter(|read| read.id.as_str() == doc && read.version != now.version)
            .cloned()
            .collect();
        let read = self.random.pick(&reads)?.clone();
        let part = if self.random.chance(0.3) {
            let (fact, slot) = self.race(doc, &read);
            let Fact::Race { value, .. } = &fact else { unreachable!("a race") };
            let path = format!("/race/{slot}");
            let edits = vec![json!({"op":"set","path":path,"value":value})];
            Part { edits, facts: vec![fact] }
        } else {
            let operations =
                ["splice-insert", "splice-delete", "list-insert", "list-move", "list-delete-item"];
            let operation = operations[self.random.below(operations.len())];
            self.indexed(operation, doc, &read).ok()??
        };
        Some(self.edit("edit-at-older-base", doc, part, Some(&read)))
    }

    fn put_merge(&mut self, doc: &str) -> Write {
        let key = self.name("p");
        let value = json!({"made": {"by": self.site.index, "as": self.site.serial}});
        let patch = json!({"marks": {&key: value}});
        let facts = vec![Fact::Mark { doc: doc.to_owned(), key, value }];
        self.put("put-merge", doc, patch, None, facts)
    }

    fn put_text(&mut self, doc: &str, read: &Document) -> Option<Write> {
        let body = read.to_json()["body"].as_str()?.to_owned();
        let (body, facts) = self.retype(doc, &body);
        Some(self.put("put-text", doc, json!({"body": body}), Some(read), facts))
    }

    /// A text as somebody rewrites it: a character more, perhaps one less.
    fn retype(&mut self, doc: &str, body: &str) -> (String, Vec<Fact>) {
        let mut body: Vec<char> = body.chars().collect();
        let mut facts = Vec::new();
        if !body.is_empty() && self.random.chance(0.5) {
            let character = body.remove(self.random.below(body.len()));
            facts.push(Fact::Erased { doc: doc.to_owned(), character });
        }
        let character = self.character();
        body.insert(self.random.below(body.len() + 1), character);
        facts.push(Fact::Typed { doc: doc.to_owned(), character });
        (body.into_iter().collect(), facts)
    }

    fn put_number(&mut self, doc: &str, read: &Document) -> Option<Write> {
        let count = read.to_json()["count"].as_i64()?;
        let by = self.random.below(9) as i64 - 3;
        let facts = vec![Fact::Counted { doc: doc.to_owned(), by }];
        Some(self.put("put-number", doc, json!({"count": count + by}), Some(read), facts))
    }

    fn put(
        &self,
        operation: &'static str,
        doc: &str,
        patch: Json,
        read: Option<&Document>,
        facts: Vec<Fact>,
    ) -> Write {
        let base = read.map(|read| read.version.clone());
        let call = Call::Put { collection: LEDGER, key: doc.to_owned(), patch, base };
        let tolerance = if read.is_some() { Tolerance::Stale } else { Tolerance::Nothing };
        Write { operation, call, facts, tolerance }
    }

    fn put_many(&mut self) -> Write {
        let (patches, facts) = self.marks("q");
        let call = Call::PutMany { collection: LEDGER, patches };
        let tolerance = Tolerance::Nothing;
        Write { operation: "put-many", call, facts, tolerance }
    }

    fn transaction(&mut self) -> Write {
        let (patches, facts) = self.marks("x");
        let call = Call::Transaction { collection: LEDGER, patches };
        let tolerance = Tolerance::Nothing;
        Write { operation: "transaction", call, facts, tolerance }
    }

    /// A mark in each document.
    fn marks(&mut self, prefix: &str) -> (Vec<(String, Json)>, Vec<Fact>) {
        let (mut facts, mut patches) = (Vec::new(), Vec::new());
        for doc in DOCUMENTS {
            let key = self.name(prefix);
            let value = json!([self.site.serial, {"two": null}]);
            patches.push((doc.to_owned(), json!({"marks": {&key: value}})));
            facts.push(Fact::Mark { doc: doc.to_owned(), key, value });
        }
        (patches, facts)
    }

    /// A whole object, changed in several places at once.
    fn save(&mut self, doc: &str, read: Document) -> Option<Write> {
        let mut new = read.to_json();
        let key = self.name("w");
        let value = json!(format!("{key} is saved"));
        new["marks"][&key] = value.clone();
        let mut facts = vec![Fact::Mark { doc: doc.to_owned(), key, value }];
        if let Some(body) = new["body"].as_str() {
            let (body, typed) = self.retype(doc, body);
            new["body"] = json!(body);
            facts.extend(typed);
        }
        if let Some(count) = new["count"].as_i64() {
            let by = self.random.below(5) as i64;
            new["count"] = json!(count + by);
            facts.push(Fact::Counted { doc: doc.to_owned(), by });
        }
        let item = self.name("i");
        if let Some(items) = new.get_mut("items").and_then(Json::as_array_mut) {
            // One out and one in at the same place would be one item with another value, over
            // which two devices may compete.
            if !items.is_empty() && self.random.chance(0.3) {
                let gone = items.remove(self.random.below(items.len()));
                let gone = gone.as_str().unwrap_or_default().to_owned();
                facts.push(Fact::Unlisted { doc: doc.to_owned(), item: gone });
            } else {
                items.insert(self.random.below(items.len() + 1), json!(item));
                facts.push(Fact::Listed { doc: doc.to_owned(), item });
            }
        }
        let call = Call::Save { collection: LEDGER, read: Box::new(read), new };
        let tolerance = Tolerance::Stale;
        Some(Write { operation: "save", call, facts, tolerance })
    }

    fn insert(&mut self) -> Write {
        let title = self.name("t");
        let value = json!({"title": title, "by": {}, "size": {"$counter": 1}});
        // The node draws the key.
        let facts = vec![Fact::NoteMade { key: String::new(), title }];
        let call = Call::Insert { collection: NOTES, value };
        Write { operation: "insert", call, facts, tolerance: Tolerance::Nothing }
    }

    fn put_new(&mut self) -> Write {
        let (key, title) = (self.name("note"), self.name("t"));
        let patch = json!({"title": title, "by": {}, "text": {"$text": "Grüße 🐦"}});
        let facts = vec![Fact::NoteMade { key: key.clone(), title }];
        let call = Call::Put { collection: NOTES, key, patch, base: None };
        Write { operation: "put-new", call, facts, tolerance: Tolerance::Nothing }
    }

    /// Writes into somebody's note, if it is here and not deleted.
    async fn sign(&mut self) -> Result<Option<Write>> {
        let Some(key) = self.note_to_sign() else { return Ok(None) };
        let read = match self.read(NOTES, &key).await? {
            Some(note) if !note.is_deleted => note.version.state_vector,
            _ => return Ok(None),
        };
        let (device, value) = (self.site.index, self.name("b"));
        let edits = json!([{"op":"set","path":format!("/by/{device}"),"value":value}]);
        let call = Call::Edit { collection: NOTES, key: key.clone(), edits, base: None };
        let facts = vec![Fact::NoteSigned { key, device, value, read }];
        // It may be deleted at this very moment.
        let tolerance = Tolerance::Stale;
        Ok(Some(Write { operation: "set", call, facts, tolerance }))
    }

    /// Any note; often one that was deleted, which this device may not have heard yet.
    fn note_to_sign(&mut self) -> Option<String> {
        let is_deleted =
            |key: &&String| self.ledger.note_of(key).is_some_and(|note| note.is_deleted);
        let deleted: Vec<&String> = self.notes.iter().filter(is_deleted).collect();
        match self.random.chance(0.5) && !deleted.is_empty() {
            true => self.random.pick(&deleted).map(|key| (*key).clone()),
            false => self.random.pick(self.notes).cloned(),
        }
    }

    fn delete(&mut self) -> Option<Write> {
        let key = self.own_note(false)?;
        let call = Call::Delete { collection: NOTES, key: key.clone() };
        let (facts, tolerance) = (vec![Fact::NoteDeleted { key }], Tolerance::Nothing);
        Some(Write { operation: "delete", call, facts, tolerance })
    }

    fn restore(&mut self) -> Option<Write> {
        let key = self.own_note(true)?;
        let call = Call::Restore { collection: NOTES, key: key.clone() };
        let (facts, tolerance) = (vec![Fact::NoteRestored { key }], Tolerance::Nothing);
        Some(Write { operation: "restore", call, facts, tolerance })
    }

    fn own_note(&mut self, is_deleted: bool) -> Option<String> {
        let fitting: Vec<&String> = self
            .site
            .notes
            .iter()
            .filter(|key| {
                self.ledger.note_of(key).is_some_and(|note| note.is_deleted == is_deleted)
            })
            .collect();
        self.random.pick(&fitting).map(|key| (*key).clone())
    }

    async fn anything(&mut self) -> Result<Option<Write>> {
        let key = ANYTHING[self.random.below(ANYTHING.len())].to_owned();
        let read = self.read(CHAOS, &key).await?;
        let call = chaos::draw(self.random, key, read);
        Ok(Some(Write {
            operation: "edit-anything",
            call,
            facts: Vec::new(),
            tolerance: Tolerance::Refusal,
        }))
    }

    /// A name that nobody else gives.
    fn name(&mut self, prefix: &str) -> String {
        self.site.serial += 1;
        format!("{prefix}{}-{}", self.site.index, self.site.serial)
    }

    /// A character that was never typed before; some take two UTF-16 units.
    fn character(&mut self) -> char {
        *self.characters += 1;
        let plane = if self.characters.is_multiple_of(4) { 0x2_0000 } else { 0x4e00 };
        char::from_u32(plane + *self.characters).unwrap_or('?')
    }
}

/// Length in UTF-16 code units.
fn units(text: &[char]) -> usize {
    text.iter().map(|character| character.len_utf16()).sum()
}
