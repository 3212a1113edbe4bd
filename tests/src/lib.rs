//! What whole-system tests share.

pub mod netns;
pub mod program;
pub mod simulation;
