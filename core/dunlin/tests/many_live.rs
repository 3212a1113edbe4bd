//! What many followed queries take of the process: alone in its binary, since it looks at that as a
//! whole.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::{
    fs,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    time::Duration,
};

use dunlin::{LiveQuery, QueryChange};
use serde_json::json;
use tokio::{task::JoinSet, time::timeout};

use support::{id, tasks, value};

const DEADLINE: Duration = Duration::from_secs(120);
const QUERIES: usize = 300;
/// Two followed queries run at once, on a connection each (the file, its log and its index), and
/// four others, of which this test asks none; the runtime adds a thread for the one that this test
/// blocks, and a few for the work of the node itself.
const MOST_NEW_THREADS: usize = 8;
const MOST_NEW_FILES: usize = 12;

fn count(directory: &str) -> usize {
    fs::read_dir(directory).unwrap().count()
}

async fn next(mut live: LiveQuery) -> (LiveQuery, QueryChange) {
    let change = timeout(DEADLINE, live.next()).await.unwrap().unwrap().unwrap();
    (live, change)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hundred_followed_queries_take_few_threads_and_files() {
    let (_site, space, tasks) = tasks().await;
    tasks.put(&id("a"), value(json!({"n": 0}))).await.unwrap();
    let (threads, files) = (count("/proc/self/task"), count("/proc/self/fd"));
    let (most_threads, most_files) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let done = AtomicBool::new(false);
    let look = || {
        while !done.load(SeqCst) {
            most_threads.fetch_max(count("/proc/self/task"), SeqCst);
            most_files.fetch_max(count("/proc/self/fd"), SeqCst);
            std::thread::sleep(Duration::from_millis(1));
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(look);
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                let mut asked = JoinSet::new();
                for number in 0..QUERIES {
                    let sql = format!("SELECT id, json_extract(doc, '$.n') + {number} FROM tasks");
                    asked.spawn(next(space.watch(&sql, &[])));
                }
                let followed = asked.join_all().await;
                assert_eq!(followed.len(), QUERIES);
                let mut asked = JoinSet::new();
                for (live, _) in followed {
                    asked.spawn(next(live));
                }
                tasks.put(&id("a"), value(json!({"n": 1}))).await.unwrap();
                for (_, change) in asked.join_all().await {
                    let QueryChange::Difference(change) = change else { panic!("{change:?}") };
                    assert_eq!(change.changed.len(), 1);
                }
            });
        });
        done.store(true, SeqCst);
    });
    let threads = most_threads.into_inner().saturating_sub(threads + 1);
    let files = most_files.into_inner().saturating_sub(files);
    assert!(threads <= MOST_NEW_THREADS, "{threads} threads");
    assert!(files <= MOST_NEW_FILES, "{files} files");
}
