//! A wire between two endpoints that is no socket, with everything that can be wrong with it.

use std::sync::{
    Arc, Condvar, Mutex, OnceLock, Weak,
    atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
};

use dunlin_net::link::{Inbox, Link, LinkFailure, Outcome};
use tokio::sync::watch;

/// What the ends call each other.
pub(crate) const FAR: &str = "far end";

/// One end of a wire.
#[derive(Debug)]
pub(crate) struct End {
    capacity: usize,
    far: OnceLock<Weak<End>>,
    inbox: watch::Sender<Option<Inbox>>,
    /// Of every so many packets, the last is lost; none if zero.
    pub(crate) loses: AtomicUsize,
    pub(crate) is_cut: AtomicBool,
    pub(crate) panics: AtomicBool,
    /// Packets, and the length of the longest.
    pub(crate) sent: AtomicUsize,
    pub(crate) longest: AtomicUsize,
    pub(crate) stops: AtomicUsize,
    is_held: Mutex<bool>,
    released: Condvar,
    /// Whether a packet is held.
    pub(crate) holds: watch::Sender<bool>,
}

/// A wire that carries packets of this length.
pub(crate) fn wire(capacity: usize) -> [Arc<End>; 2] {
    let ends = [(); 2].map(|()| {
        Arc::new(End {
            capacity,
            far: OnceLock::new(),
            inbox: watch::Sender::new(None),
            loses: AtomicUsize::new(0),
            is_cut: AtomicBool::new(false),
            panics: AtomicBool::new(false),
            sent: AtomicUsize::new(0),
            longest: AtomicUsize::new(0),
            stops: AtomicUsize::new(0),
            is_held: Mutex::new(false),
            released: Condvar::new(),
            holds: watch::Sender::new(false),
        })
    });
    ends[0].far.set(Arc::downgrade(&ends[1])).unwrap();
    ends[1].far.set(Arc::downgrade(&ends[0])).unwrap();
    ends
}

impl End {
    /// The inbox, once the link was started.
    pub(crate) async fn inbox(&self) -> Inbox {
        let mut inbox = self.inbox.subscribe();
        inbox.wait_for(Option::is_some).await.unwrap().clone().unwrap()
    }

    /// Lets no packet pass, and keeps the thread that brings one.
    pub(crate) fn hold(&self) {
        *self.is_held.lock().unwrap() = true;
    }

    pub(crate) fn release(&self) {
        *self.is_held.lock().unwrap() = false;
        self.released.notify_all();
    }

    fn far(&self) -> Option<Inbox> {
        self.far.get()?.upgrade()?.inbox.borrow().clone()
    }
}

impl Link for End {
    fn max_packet_bytes(&self) -> Outcome<usize> {
        Ok(self.capacity)
    }

    fn start(&self, inbox: Inbox) -> Outcome {
        inbox.appeared(FAR)?;
        self.inbox.send_replace(Some(inbox));
        Ok(())
    }

    fn send(&self, peer: &str, packet: &[u8]) -> Outcome {
        assert!(!self.panics.load(SeqCst), "the link panics on purpose");
        let number = self.sent.fetch_add(1, SeqCst) + 1;
        self.longest.fetch_max(packet.len(), SeqCst);
        let mut is_held = self.is_held.lock().unwrap();
        while *is_held {
            self.holds.send_replace(true);
            is_held = self.released.wait(is_held).unwrap();
        }
        drop(is_held);
        let loses = self.loses.load(SeqCst);
        if self.is_cut.load(SeqCst) || (loses > 0 && number.is_multiple_of(loses)) {
            return Err(LinkFailure("the wire lost it".to_owned()));
        }
        if peer == FAR
            && let Some(far) = self.far()
        {
            far.received(FAR, packet)?;
        }
        Ok(())
    }

    fn stop(&self) -> Outcome {
        self.stops.fetch_add(1, SeqCst);
        Ok(())
    }
}
