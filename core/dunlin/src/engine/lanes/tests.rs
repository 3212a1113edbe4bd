use dunlin_model::DeviceKind;
use tokio::sync::mpsc::{Sender, channel};

use super::*;
use crate::engine::{Apply, Origin, Write};

struct Site {
    local: Sender<Command>,
    foreign: Sender<Command>,
    lanes: Lanes,
}

impl Site {
    fn new() -> Self {
        let ((local, ours), (foreign, theirs)) = (channel(64), channel(256));
        Self { local, foreign, lanes: Lanes::new(ours, theirs) }
    }

    fn write(&self) {
        let write = Write { orders: Vec::new(), reply: Box::new(|_| ()) };
        assert!(self.local.try_send(Command::Write(write)).is_ok());
    }

    fn apply(&self, peer: u8) {
        let from =
            Origin { link: u64::from(peer), device: DeviceId([peer; 32]), kind: DeviceKind::Human };
        let (updates, reply) = (Vec::new(), Box::new(|_| ()));
        let apply = Apply { from, updates, is_live: true, is_unit: false, reply };
        assert!(self.foreign.try_send(Command::Apply(apply)).is_ok());
    }

    /// What comes next: `w` for a write, the number of a peer, `e` for the end.
    fn next(&mut self) -> String {
        match self.lanes.at_once() {
            None => "-".to_owned(),
            Some(Command::Stop(_)) => "e".to_owned(),
            Some(Command::Call(_)) => "c".to_owned(),
            Some(command) => match command.into_job().and_then(|job| job.peer()) {
                Some(peer) => peer.0[0].to_string(),
                None => "w".to_owned(),
            },
        }
    }

    fn drain(&mut self) -> String {
        let mut order = String::new();
        loop {
            match self.next().as_str() {
                "-" => return order,
                next => order.push_str(next),
            }
        }
    }
}

#[test]
fn local_commands_go_first_and_peers_are_served_in_order() {
    let mut site = Site::new();
    site.apply(1);
    site.apply(2);
    site.write();
    site.write();
    assert_eq!(site.drain(), "ww12");
}

#[test]
fn peers_have_a_turn_under_steady_local_work() {
    let mut site = Site::new();
    (0..3).for_each(|_| site.apply(1));
    (0..40).for_each(|_| site.write());
    let local = "w".repeat(LOCAL_TURNS as usize);
    assert_eq!(site.drain(), format!("{local}1{local}1{}1", "w".repeat(8)));
}

#[test]
fn a_write_that_goes_on_takes_turns_with_others() {
    let mut site = Site::new();
    site.write();
    site.write();
    let write = Write { orders: Vec::new(), reply: Box::new(|_| ()) };
    site.lanes.resume(write.into());
    assert!(site.lanes.has_begun());
    site.next();
    assert!(!site.lanes.has_begun());
    assert_eq!(site.drain(), "ww");
}

#[tokio::test(start_paused = true)]
async fn a_peer_beyond_its_budget_waits_until_nobody_else_does() {
    let mut site = Site::new();
    site.lanes.charge(DeviceId([1; 32]), Duration::from_secs(3600));
    site.apply(1);
    site.apply(2);
    site.apply(1);
    site.apply(2);
    site.write();
    assert_eq!(site.drain(), "w2211");
}

#[tokio::test(start_paused = true)]
async fn what_a_peer_sent_stays_in_order_when_its_budget_is_renewed() {
    let mut site = Site::new();
    site.lanes.charge(DeviceId([1; 32]), Duration::from_secs(3600));
    site.apply(1);
    site.apply(2);
    assert_eq!(site.next(), "2");
    tokio::time::advance(Duration::from_secs(3600)).await;
    site.apply(1);
    site.apply(2);
    assert_eq!(site.drain(), "211", "the peer's second update is behind its first");
}

#[tokio::test(start_paused = true)]
async fn updates_that_wait_are_few() {
    let mut site = Site::new();
    site.lanes.charge(DeviceId([1; 32]), Duration::from_secs(3600));
    (0..2 * MAX_DEFERRED).for_each(|_| site.apply(1));
    site.apply(2);
    let order = site.drain();
    assert_eq!(order.len(), 2 * MAX_DEFERRED + 1);
    assert!(!order.starts_with('2'), "beyond the bound all peers wait");
}

#[test]
fn the_end_comes_after_everything() {
    let mut site = Site::new();
    site.apply(1);
    assert!(site.local.try_send(Command::Stop(Box::new(|_| ()))).is_ok());
    site.write();
    assert_eq!(site.drain(), "w1e");
}

#[tokio::test(start_paused = true)]
async fn a_thread_that_waits_hears_of_either_lane() {
    let Site { local, foreign, mut lanes } = Site::new();
    let thread = thread::spawn(move || {
        let mut heard = 0;
        while lanes.wait_blocking().is_some() {
            heard += 1;
        }
        heard
    });
    for queue in [&local, &foreign, &local] {
        assert!(queue.send(Command::Call(Box::new(|_| ()))).await.is_ok());
    }
    drop((local, foreign));
    assert_eq!(thread.join().unwrap(), 3);
}
