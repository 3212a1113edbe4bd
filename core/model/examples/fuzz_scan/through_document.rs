//! What a document makes of an update that passes the scan.

use dunlin_model::{Document, Edit, EditError, Element, Incarnation, ListKeys, Path, Value};

/// Writers that no update of the corpus names.
const WRITER: u64 = (1 << 51) + 77;

/// Applies the update to a document, reads all that a caller sees, loads it anew, and edits it.
pub(crate) fn feed(held: &[u8], update: &[u8]) -> Result<(), String> {
    let mut document = load(held, WRITER)?;
    document.apply(update).map_err(|error| format!("the document refuses: {error}"))?;
    compare(&document, "a reloaded document differs")?;
    let before = document.digest();
    match edit(&mut document, update) {
        Err(EditError::Internal { what }) => Err(format!("a local edit fails: {what}")),
        Err(error) if document.is_poisoned() || document.digest() != before => {
            Err(format!("a refused edit leaves something behind: {error}"))
        }
        Err(_) => Ok(()),
        Ok(()) => compare(&document, "a reloaded document differs after an edit"),
    }
}

fn load(state: &[u8], writer: u64) -> Result<Document, String> {
    let writer = Incarnation::from_client(writer).ok_or("a client id")?;
    Document::load(0, Some(state), &[], writer, 0).map_err(|error| error.to_string())
}

fn compare(document: &Document, complaint: &str) -> Result<(), String> {
    let conflicts = document.conflicts();
    if document.has_conflicts() == conflicts.is_empty() {
        return Err("conflicts and their flag disagree".to_owned());
    }
    let reloaded = load(&document.snapshot(), WRITER + 1)?;
    let is_same = reloaded.digest() == document.digest()
        && reloaded.value() == document.value()
        && reloaded.conflicts() == conflicts
        && reloaded.is_deleted() == document.is_deleted();
    if is_same { Ok(()) } else { Err(complaint.to_owned()) }
}

/// One local edit, chosen by the update.
fn edit(document: &mut Document, update: &[u8]) -> Result<(), EditError> {
    let choice = update.iter().map(|byte| usize::from(*byte)).sum::<usize>();
    if document.is_deleted() || !document.exists() {
        let content = Value::Object([("n".to_owned(), Value::Counter(1))].into());
        return document.merge(&content, None, &ListKeys::new(), 9).map(drop);
    }
    let path = |text: &str| text.parse::<Path>().unwrap_or_default();
    let field = path(["/a", "/b", "/l", "/n", "/body", "/l/0/x"][choice % 6]);
    let set = |value| Edit::Set { path: field.clone(), value };
    let one = || Element::new(Value::Int(1)).map_err(EditError::from);
    let edit = match choice / 6 % 13 {
        0 => set(Value::Counter(1)),
        1 => set(Value::Text("t".to_owned())),
        2 => set(Value::List(vec![Value::Null])),
        3 => set(Value::Int(7)),
        4 => Edit::Remove { path: field },
        5 => Edit::Increment { path: path("/n"), by: 2 },
        6 => Edit::Splice { path: path("/body"), at: 0, delete: 0, insert: "s".to_owned() },
        8 => set(Value::Set(Default::default())),
        9 => set(Value::Whole(Box::new(Value::List(vec![Value::Int(1)])))),
        10 => Edit::Add { path: path("/s"), element: one()? },
        11 => Edit::Discard { path: path("/s"), element: one()? },
        7 => Edit::Insert { path: path("/l"), at: 0, value: Value::Bool(true) },
        _ => Edit::DeleteItem { path: path("/l"), at: 0 },
    };
    document.edit(&[edit], None, 9).map(drop)
}
