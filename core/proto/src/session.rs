//! One connection as a state machine.

mod event;

pub use event::{
    Config, DocUpdate, Effect, Held, Outcome, SpaceAccess, SpaceStatus, Summary, Want,
};
