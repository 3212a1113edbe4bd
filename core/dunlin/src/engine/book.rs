//! The writers' books: in its own each device says which incarnations were it, so that others know who
//! wrote what came to them by a third device.

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
};

use dunlin_model::{
    Author, Change, Collection, Conflict, DeviceId, DeviceKind, DocId, Document, Edit, EditError,
    Element, Evidence, Incarnation, Value,
};
use dunlin_store::Writer;
use serde_json::{Value as Json, json};

use super::{
    Desk, Engine, Identity, Operation, Order,
    write::{Author as Committer, stage},
};
use crate::error::Result;

/// Most incarnations in one device's book: the newest.
const MAX_ENTERED: usize = 4096;

impl Desk {
    /// Enters whoever wrote a document into this device's book, unless it is there: in the transaction
    /// of its first commit. A book that cannot be written keeps nobody from writing.
    pub(super) fn enter_writer(&mut self, writer: &mut Writer<'_>, doc: &DocId) -> Result<()> {
        let Some(incarnation) = self.open.peek(doc).map(|open| open.document.incarnation()) else {
            return Ok(());
        };
        if self.entered.contains(&incarnation) {
            return Ok(());
        }
        let key = self.identity.device.to_string().parse()?;
        let book = DocId { collection: Collection::writers(), key };
        let mut entered = self.enter(writer, &book, incarnation)?;
        if let Err(EditError::LimitExceeded { .. }) = entered {
            // Too many writers before: what the book says fits into a new one.
            let order = Order { doc: book.clone(), operation: Operation::Refound };
            self.refound(writer, &order)?.ok();
            entered = self.enter(writer, &book, incarnation)?;
        }
        if let Err(refusal) = entered {
            tracing::warn!("the writers' book cannot be written: {refusal}");
        }
        Ok(())
    }

    fn enter(
        &mut self,
        writer: &mut Writer<'_>,
        book: &DocId,
        incarnation: Incarnation,
    ) -> Result<Result<(), EditError>> {
        let time_ms = self.clock.now_ms();
        let Identity { device, kind, device_name, .. } = self.identity.clone();
        let open = self.open_in(writer, book)?;
        // The book may be open under another incarnation, which then writes in it for the first time.
        let writers = BTreeSet::from([incarnation, open.document.incarnation()]);
        let made = catch_unwind(AssertUnwindSafe(|| {
            enter_in(&mut open.document, &device_name, kind, &writers, time_ms)
        }));
        let is_broken = made.is_err() || open.document.is_poisoned();
        let panicked = || EditError::Internal { what: "entering panicked".to_owned() };
        let change = match made.unwrap_or_else(|_| Err(panicked())) {
            Ok(change) => change,
            Err(refusal) => {
                if is_broken {
                    self.discard(book);
                }
                return Ok(Err(refusal));
            }
        };
        if !change.is_empty() {
            let author = Committer { device, kind, link: None, time_ms };
            let staged = stage(open, writer, book, change, author, None)?;
            self.staged.push(staged);
        }
        self.entered.extend(writers);
        Ok(Ok(()))
    }
}

/// Writes a device's book: what it calls itself, what it is, and who it was.
fn enter_in(
    book: &mut Document,
    name: &str,
    kind: DeviceKind,
    writers: &BTreeSet<Incarnation>,
    time_ms: i64,
) -> Result<Change, EditError> {
    // By its own clock the oldest come first.
    let entries = writers.iter().map(|writer| format!("{time_ms:012x}.{writer}"));
    if !book.exists() || book.is_deleted() {
        let writers: Vec<String> = entries.collect();
        let content = json!({"kind": kind.as_str(), "name": name, "writers": {"$set": writers}});
        return book.insert(&Value::object_from_json(&content)?, time_ms);
    }
    let read = book.value().to_json();
    let mut edits = Vec::new();
    for (path, said, says) in
        [("/name", &read["name"], name), ("/kind", &read["kind"], kind.as_str())]
    {
        if said != says {
            let value = Value::String(says.to_owned());
            edits.push(Edit::Set { path: path.parse()?, value });
        }
    }
    let known: Vec<&str> =
        read["writers"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    let known_writers: BTreeSet<&str> = known.iter().filter_map(|entry| writer_of(entry)).collect();
    let new: Vec<String> = entries
        .filter(|entry| writer_of(entry).is_none_or(|it| !known_writers.contains(it)))
        .collect();
    let element = |entry: &str| Element::new(Value::String(entry.to_owned()));
    let surplus = (known.len() + new.len()).saturating_sub(MAX_ENTERED);
    for entry in known.iter().take(surplus) {
        edits.push(Edit::Discard { path: "/writers".parse()?, element: element(entry)? });
    }
    for entry in &new {
        edits.push(Edit::Add { path: "/writers".parse()?, element: element(entry)? });
    }
    book.edit(&edits, None, time_ms)
}

/// The incarnation of an entry, as it is printed.
fn writer_of(entry: &str) -> Option<&str> {
    entry.rsplit_once('.').map(|(_, writer)| writer)
}

/// What the books of a space say.
#[derive(Default)]
pub(super) struct Books {
    devices: BTreeMap<DeviceId, (String, DeviceKind)>,
    /// Nobody in particular where two devices say that it was them.
    writers: BTreeMap<Incarnation, Option<DeviceId>>,
}

impl Books {
    /// Reads the books, by their ids and their JSON; what makes no sense in one is passed over.
    pub(super) fn read(books: &[(String, String)]) -> Self {
        let mut read = Self::default();
        for (id, json) in books {
            let (Ok(device), Ok(book)) =
                (id.parse::<DeviceId>(), serde_json::from_str::<Json>(json))
            else {
                continue;
            };
            let kind = book["kind"].as_str().and_then(|kind| kind.parse().ok());
            let name = book["name"].as_str().unwrap_or_default().to_owned();
            read.devices.insert(device, (name, kind.unwrap_or(DeviceKind::Human)));
            let entries = book["writers"].as_array().into_iter().flatten().filter_map(Json::as_str);
            let writers = entries.filter_map(|entry| writer_of(entry)?.parse().ok());
            for writer in writers {
                let says = read.writers.entry(writer).or_insert(Some(device));
                *says = says.filter(|other| *other == device);
            }
        }
        read
    }

    /// Says of conflicts who wrote their sides, on a device.
    pub(super) fn name(&self, conflicts: &mut [Conflict], here: DeviceId) {
        Document::name_writers(conflicts, |writer| {
            let device = (*self.writers.get(&writer)?)?;
            let (name, kind) = self.devices.get(&device)?.clone();
            let known = if device == here { Evidence::Own } else { Evidence::Book };
            Some(Author::new(device, name, kind, known))
        });
    }
}

impl Engine {
    /// What the books say, read again once one has changed.
    pub(super) fn books(&mut self) -> Result<&Books> {
        if self.books.is_none() {
            self.books = Some(Books::read(&self.store.books()?));
        }
        Ok(self.books.get_or_insert_default())
    }
}

#[cfg(test)]
mod tests {
    use dunlin_model::Side;

    use super::*;

    fn writer(number: u64) -> Incarnation {
        Incarnation::from_client(number).unwrap()
    }

    fn book_of(document: &Document, device: u8) -> (String, String) {
        (DeviceId([device; 32]).to_string(), document.value().to_json_text())
    }

    fn enter(document: &mut Document, number: u64, time_ms: i64) {
        let writers = BTreeSet::from([writer(number)]);
        enter_in(document, "ann", DeviceKind::Sensor, &writers, time_ms).unwrap();
    }

    fn names(books: &Books, number: u64) -> Option<(DeviceId, Evidence)> {
        let mut lost = Side::of(None);
        lost.writer = Some(writer(number));
        let mut conflicts = [Conflict::new(String::new(), Side::of(None), lost)];
        books.name(&mut conflicts, DeviceId([7; 32]));
        conflicts[0].lost.author.as_ref().map(|author| (author.device, author.known))
    }

    #[test]
    fn whom_two_books_name_is_nobody_in_particular() {
        let [mut one, mut other] = [1, 2].map(|number| Document::new(writer(number)));
        enter(&mut one, 11, 1);
        enter(&mut one, 12, 2);
        enter(&mut other, 12, 3);
        let nonsense = (DeviceId([9; 32]).to_string(), r#"{"writers":[1,"x","."]}"#.to_owned());
        let books = Books::read(&[book_of(&one, 1), book_of(&other, 2), nonsense]);
        assert_eq!(names(&books, 11), Some((DeviceId([1; 32]), Evidence::Book)));
        assert_eq!((names(&books, 12), names(&books, 13)), (None, None));
        assert_eq!(books.devices[&DeviceId([1; 32])], ("ann".to_owned(), DeviceKind::Sensor));
    }

    #[test]
    fn a_book_keeps_its_newest_entries_and_says_each_once() {
        let mut book = Document::new(writer(1));
        let many: BTreeSet<_> =
            (0..MAX_ENTERED as u64).map(|number| writer(100 + number)).collect();
        enter_in(&mut book, "ann", DeviceKind::Human, &many, 1).unwrap();
        for number in 0..3 {
            enter(&mut book, 100 + MAX_ENTERED as u64 + number, 2 + number as i64);
        }
        enter(&mut book, 100 + MAX_ENTERED as u64, 1_000_000);
        let books = Books::read(&[book_of(&book, 1)]);
        assert_eq!(books.writers.len(), MAX_ENTERED);
        let newest = (0..3).map(|number| names(&books, 100 + MAX_ENTERED as u64 + number));
        assert!(newest.flatten().count() == 3);
    }
}
