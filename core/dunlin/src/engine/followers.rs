//! Who follows one document: woken by its commits, and by those of no other.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use dunlin_model::DocId;
use tokio::sync::watch;

use super::{Heads, outlets::Staged};
use crate::lock::lock;

/// The documents of one space that somebody follows, each with a count that grows when there may
/// be something new to read.
#[derive(Default)]
pub(super) struct Followers(Arc<Registry>);

type Registry = Mutex<HashMap<DocId, Followed>>;

/// A document that somebody follows.
#[derive(Default)]
struct Followed {
    touched: watch::Sender<u64>,
    followers: usize,
}

impl Followers {
    /// Follows a document, with the heads that say whether the engine is there.
    pub(super) fn follow(&self, doc: DocId, heads: watch::Receiver<Heads>) -> Follower {
        let mut registry = lock(&self.0);
        let followed = registry.entry(doc.clone()).or_default();
        followed.followers += 1;
        let touched = followed.touched.subscribe();
        Follower { registry: self.0.clone(), doc, touched, heads }
    }

    /// Wakes those who follow what was committed.
    pub(super) fn announce(&self, commits: &[Staged]) {
        let registry = lock(&self.0);
        if registry.is_empty() {
            return;
        }
        for followed in commits.iter().filter_map(|commit| registry.get(&commit.doc)) {
            followed.touched.send_modify(|count| *count += 1);
        }
    }

    /// Wakes all, since the engine goes or comes back: the heads say which.
    pub(super) fn wake(&self) {
        for followed in lock(&self.0).values() {
            followed.touched.send_modify(|count| *count += 1);
        }
    }
}

/// A hold on one followed document; dropping it ends that.
pub(crate) struct Follower {
    registry: Arc<Registry>,
    doc: DocId,
    touched: watch::Receiver<u64>,
    heads: watch::Receiver<Heads>,
}

impl Follower {
    /// The document.
    pub(crate) fn doc(&self) -> &DocId {
        &self.doc
    }

    /// Waits until there may be something to read that was not there at the mark `read`, and while
    /// the engine is suspended; the mark of what is there. None once the engine has ended.
    pub(crate) async fn wait(&mut self, read: Option<Mark>) -> Option<Mark> {
        let mut seen = read;
        loop {
            let is_new = |count: &u64| Some(Mark(*count)) != seen;
            let mark = Mark(*self.touched.wait_for(is_new).await.ok()?);
            let heads = self.heads.borrow();
            match (heads.closed, heads.suspended) {
                (true, _) => return None,
                (false, false) => return Some(mark),
                (false, true) => seen = Some(mark),
            }
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let mut registry = lock(&self.registry);
        let Some(followed) = registry.get_mut(&self.doc) else { return };
        followed.followers -= 1;
        if followed.followers == 0 {
            registry.remove(&self.doc);
        }
    }
}

/// How much had happened to a followed document when it was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Mark(u64);

#[cfg(test)]
mod tests {
    use super::*;

    fn name(key: &str) -> DocId {
        DocId::parse("tasks", key).unwrap()
    }

    #[test]
    fn what_nobody_follows_any_more_is_not_kept() {
        let followers = Followers::default();
        let heads = watch::Sender::new(Heads::default());
        let follow = |key| followers.follow(name(key), heads.subscribe());
        let (one, other, apart) = (follow("a"), follow("a"), follow("b"));
        assert_eq!(lock(&followers.0).len(), 2);
        drop((one, apart));
        assert_eq!(lock(&followers.0).keys().collect::<Vec<_>>(), [&name("a")]);
        drop(other);
        assert!(lock(&followers.0).is_empty());
    }
}
