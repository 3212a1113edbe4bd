//! The store through its public face.

#[cfg(test)]
mod crash;
#[cfg(test)]
mod disk;
#[cfg(test)]
mod feed;
#[cfg(test)]
mod fixture;
mod gone;
#[cfg(test)]
mod indexes;
mod journal;
mod listing;
#[cfg(test)]
mod names;
#[cfg(test)]
mod node_dir;
#[cfg(test)]
mod numbers;
#[cfg(test)]
mod query;
#[cfg(test)]
mod size;
#[cfg(test)]
mod space;
#[cfg(test)]
mod support;
