//! What a document's entries say: one value a place, and what lost against it.
//!
//! Nothing is kept of what is found but the order of lists: a place is looked at when somebody asks,
//! from the entries on the way to it, so an edit costs what it touches.

mod choose;
mod lists;
mod lost;
mod place;
mod value;

pub(crate) use choose::{Choice, Kind};
pub(crate) use lists::{ListChange, Lists, Order};
pub(crate) use lost::{Lost, lost_below};
pub(crate) use place::{Fact, Place};
pub(crate) use value::{Texts, value_of, written};
