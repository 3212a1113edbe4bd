//! Row 23: one more edit of a wide document, and of a long text in many pieces.

use std::collections::BTreeMap;

use dunlin::{CollectionHandle, DocKey, Edit, Path, Value};
use dunlin_model::{Document, Incarnation};
use tempfile::tempdir;

use super::{Setting, edits::micros_each};
use crate::{
    Result,
    cpu::{thread_time, timed},
    floor::documents::BareDocument,
    measure::in_turns,
    product::{Product, inline_runtime},
    random::Random,
    table::{Bar, Outcome},
};

/// Fields or items of the wide documents, and of those beside them.
const WIDE: usize = 8_000;
const NARROW: usize = 80;
/// Edits of one run, and those before.
const EDITS: usize = 400;
const WARM_UP: usize = 64;
/// Pieces of the text, and letters of each.
const PIECES: usize = 100_000;
const PIECE: usize = 10;

/// Row 23.
pub(super) fn edits(setting: &Setting) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for shape in [Shape::Fields, Shape::Items, Shape::Moves] {
        let (floor, ours) =
            in_turns(setting.runs, || one_more(shape, NARROW), || one_more(shape, WIDE))?;
        outcomes.push(Outcome {
            row: 23,
            what: format!("{} of {WIDE} (beside {NARROW}), CPU", shape.what()),
            unit: "µs",
            floor: Some(floor),
            ours,
            must: Bar::Times(3.0),
            goal: Bar::Times(1.3),
        });
    }
    outcomes.push(pieces(setting)?);
    Ok(outcomes)
}

/// What is wide, and what is done to it.
#[derive(Clone, Copy)]
enum Shape {
    Fields,
    Items,
    Moves,
}

impl Shape {
    fn what(self) -> &'static str {
        match self {
            Self::Fields => "set 1 field",
            Self::Items => "set a field of 1 item",
            Self::Moves => "move 1 item",
        }
    }

    fn document(self, width: usize) -> Result<Value> {
        let content = match self {
            Self::Fields => {
                let field = |number: usize| (format!("f{number:04}"), Value::String(note(number)));
                Value::Object((0..width).map(field).collect())
            }
            Self::Items | Self::Moves => {
                let item = |number: usize| {
                    let fields = [
                        ("id".to_owned(), Value::String(format!("i{number:04}"))),
                        ("note".to_owned(), Value::String(note(number))),
                    ];
                    Value::Object(BTreeMap::from(fields))
                };
                Value::List((0..width).map(item).collect())
            }
        };
        Ok(Value::Object(BTreeMap::from([("wide".to_owned(), content)])))
    }

    fn edit(self, width: usize, random: &mut Random) -> Result<Edit> {
        let place = random.below(width as u64) as u32;
        let value = Value::String(note(random.below(1_000_000) as usize));
        let wide: Path = "/wide".parse()?;
        Ok(match self {
            Self::Fields => Edit::Set { path: wide.child(&format!("f{place:04}")), value },
            Self::Items => Edit::Set { path: wide.child(&place.to_string()).child("note"), value },
            Self::Moves => {
                Edit::Move { path: wide, from: place, to: random.below(width as u64) as u32 }
            }
        })
    }
}

fn note(number: usize) -> String {
    format!("note number {number}")
}

/// One edit a commit, through a node on this thread.
fn one_more(shape: Shape, width: usize) -> Result<f64> {
    let dir = tempdir()?;
    inline_runtime()?.block_on(async {
        let product = Product::create_inline(dir.path()).await?;
        let (tasks, id): (CollectionHandle, DocKey) = (product.tasks()?, "wide".parse()?);
        tasks.put(&id, shape.document(width)?).await?;
        let mut random = Random::new(5);
        let mut edits = (0..WARM_UP + EDITS).map(|_| shape.edit(width, &mut random));
        for edit in edits.by_ref().take(WARM_UP) {
            tasks.edit(&id, vec![edit?], None).await?;
        }
        let edits: Vec<Edit> = edits.collect::<Result<_>>()?;
        let start = thread_time();
        for edit in edits {
            tasks.edit(&id, vec![edit], None).await?;
        }
        let time = thread_time() - start;
        product.close().await?;
        Ok(micros_each(time, EDITS))
    })
}

/// A letter somewhere in a long text, beside yrs that takes the same bytes in.
fn pieces(setting: &Setting) -> Result<Outcome> {
    let state = in_pieces()?;
    let deltas: Vec<Vec<u8>> = {
        let mut document = Document::load(0, Some(&state), &[], writer(2), 0)?;
        letters().map(|edit| Ok(document.edit(&[edit?], None, 0)?.update)).collect::<Result<_>>()?
    };
    let (floor, ours) = in_turns(
        setting.runs,
        || {
            let document = BareDocument::unobserved(writer(3).client());
            document.apply(&state)?;
            let (before, timed_deltas) = deltas.split_at(WARM_UP);
            before.iter().try_for_each(|delta| document.apply(delta))?;
            let (applied, time) =
                timed(|| timed_deltas.iter().try_for_each(|delta| document.apply(delta)));
            applied?;
            Ok(micros_each(time, EDITS))
        },
        || {
            let mut document = Document::load(0, Some(&state), &[], writer(2), 0)?;
            let edits: Vec<Edit> = letters().collect::<Result<_>>()?;
            let mut seq = 0;
            let mut write = |edit: &Edit| {
                document.edit(std::slice::from_ref(edit), None, 0)?;
                seq += 1;
                document.committed(seq);
                Ok::<_, crate::Error>(())
            };
            edits[..WARM_UP].iter().try_for_each(&mut write)?;
            let (written, time) = timed(|| edits[WARM_UP..].iter().try_for_each(&mut write));
            written?;
            Ok(micros_each(time, EDITS))
        },
    )?;
    Ok(Outcome {
        row: 23,
        what: format!("letter in a text of {} kB, {PIECES} pieces, CPU", PIECES * PIECE / 1_000),
        unit: "µs",
        floor: Some(floor),
        ours,
        must: Bar::Times(1.5),
        goal: Bar::Times(1.15),
    })
}

fn letters() -> impl Iterator<Item = Result<Edit>> {
    let mut random = Random::new(6);
    (0..WARM_UP + EDITS).map(move |_| {
        let at = random.below((PIECES * PIECE) as u64) as u32;
        Ok(Edit::Splice { path: "/body".parse()?, at, delete: 0, insert: "e".to_owned() })
    })
}

/// The state of a document whose text was written backwards, piece by piece. That is more than a
/// local write may leave, which peers together can.
pub(super) fn in_pieces() -> Result<Vec<u8>> {
    let mut document = Document::new(writer(1));
    document.insert(&Value::Object(BTreeMap::new()), 0)?;
    let begin =
        Edit::Splice { path: "/body".parse()?, at: 0, delete: 0, insert: "e".repeat(PIECE) };
    document.edit(&[begin], None, 0)?;
    let bare = BareDocument::load(writer(9).client(), [document.snapshot().as_slice()])?;
    let roots = bare.roots();
    let root = roots.iter().find(|root| root.ends_with("/body")).ok_or("there is no text")?;
    let piece = |number: usize| format!("{number:0PIECE$}");
    bare.prepend(root, (1..PIECES).map(piece));
    Ok(bare.snapshot())
}

fn writer(number: u64) -> Incarnation {
    Incarnation::from_random(Random::new(number).bits().to_le_bytes())
}
