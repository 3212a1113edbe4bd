//! Reads a trace as JSON, `[[position, deleted, inserted], …]`, writes it into a loro text with a
//! commit and an exported update an edit, and prints CPU milliseconds and the length of the text.

use std::{
    hint::black_box,
    io::{self, Read},
    time::Duration,
};

use loro::LoroDoc;
use rustix::time::{ClockId, clock_gettime};

fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut json = String::new();
    io::stdin().read_to_string(&mut json)?;
    let edits: Vec<(usize, usize, String)> = serde_json::from_str(&json)?;
    let document = LoroDoc::new();
    let text = document.get_text("body");
    let subscription = document.subscribe_local_update(Box::new(|update| {
        black_box(update);
        true
    }));
    let start = thread_time();
    for (at, delete, insert) in &edits {
        if *delete > 0 {
            text.delete(*at, *delete)?;
        }
        if !insert.is_empty() {
            text.insert(*at, insert)?;
        }
        document.commit();
    }
    let time = thread_time() - start;
    drop(subscription);
    println!("{} {}", time.as_secs_f64() * 1e3, text.len_unicode());
    Ok(())
}
