//! The row that queries see of a document.

use dunlin_model::Document;
use dunlin_store::{Projection, ProjectionState};

/// Text beyond which an edit does not rewrite the row at once, in UTF-16 units.
const EAGER_TEXT_UNITS: usize = 16 << 10;

/// The row to commit with an edit: current, or marked as to be rebuilt before the next query.
pub(super) fn project(document: &Document) -> Projection {
    if document.text_len() > EAGER_TEXT_UNITS {
        return with_state(document, ProjectionState::Dirty);
    }
    rebuild(document)
}

/// The current row, whatever its size.
pub(super) fn rebuild(document: &Document) -> Projection {
    with_state(document, ProjectionState::Json(document.value().to_json().to_string()))
}

fn with_state(document: &Document, state: ProjectionState) -> Projection {
    Projection { state, deleted: document.is_deleted(), has_conflicts: document.has_conflicts() }
}
