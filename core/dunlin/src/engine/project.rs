//! The row that queries see of a document.

use dunlin_model::{DocId, Document};
use dunlin_store::{Projection, ProjectionState};

use super::documents::Open;

/// Bytes of JSON beyond which an edit does not rewrite the row at once.
const EAGER_BYTES: usize = 16 << 10;

/// The row to commit with an edit whose update has this many bytes: current, or marked as to be
/// rebuilt before the next query.
pub(super) fn project(open: &mut Open, doc: &DocId, update: usize) -> Projection {
    let guess = match open.json {
        Some(bytes) => bytes + update,
        // How long the JSON is shows when it is built; until then the state says about as much.
        None => open.document.encoded_len(),
    };
    // What is new has no row yet that could be shown meanwhile; what is the system's is seldom written.
    if guess > EAGER_BYTES && open.row.is_some() && !doc.collection.is_system() {
        open.json = open.json.map(|_| guess);
        let deleted = open.document.is_deleted();
        return Projection {
            state: ProjectionState::Dirty,
            deleted,
            // Finding out takes a look at all of it; the row that queries see says so once rebuilt,
            // and of a deleted one there is none.
            has_conflicts: deleted && open.document.has_conflicts(),
        };
    }
    let (projection, bytes) = rebuild(&open.document);
    open.json = Some(bytes);
    projection
}

/// The current row, whatever its size, and the bytes of its JSON.
pub(super) fn rebuild(document: &Document) -> (Projection, usize) {
    let json = document.value().to_json_text();
    let bytes = json.len();
    let projection = Projection {
        state: ProjectionState::Json(json),
        deleted: document.is_deleted(),
        has_conflicts: document.has_conflicts(),
    };
    (projection, bytes)
}
