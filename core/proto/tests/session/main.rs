//! Two and three sessions wired in memory.

mod hostile;
mod replica;
mod schedules;
mod transfer;
mod welcome;
mod world;
