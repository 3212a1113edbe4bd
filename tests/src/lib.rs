//! What whole-system tests share.

pub mod netns;
pub mod simulation;
