//! How much work a peer may ask for: beyond it, the peer waits until nobody else does.

use std::{collections::HashMap, time::Duration};

use dunlin_model::DeviceId;
use tokio::time::Instant;

/// A budget is renewed after this.
const PERIOD: Duration = Duration::from_secs(60);
/// Work on one peer's updates in that time.
const WORK: Duration = Duration::from_secs(10);
/// Peers that are remembered; of one that is forgotten, the budget begins anew.
const MAX_PEERS: usize = 256;

/// What the peers have cost of late.
#[derive(Default)]
pub(super) struct Budgets(HashMap<DeviceId, Spent>);

struct Spent {
    since: Instant,
    work: Duration,
}

impl Budgets {
    /// Notes work that a peer's updates have caused.
    pub(super) fn charge(&mut self, peer: DeviceId, work: Duration) {
        self.forget_old();
        let now = Instant::now();
        if self.0.len() >= MAX_PEERS && !self.0.contains_key(&peer) {
            return;
        }
        self.0.entry(peer).or_insert(Spent { since: now, work: Duration::ZERO }).work += work;
    }

    /// Whether a peer has used up what it may.
    pub(super) fn is_spent(&self, peer: DeviceId) -> bool {
        let spent = self.0.get(&peer);
        spent.is_some_and(|spent| spent.work >= WORK && spent.since.elapsed() < PERIOD)
    }

    fn forget_old(&mut self) {
        self.0.retain(|_, spent| spent.since.elapsed() < PERIOD);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_peer_beyond_its_budget_gets_a_new_one_after_the_period() {
        let (one, other) = (DeviceId([1; 32]), DeviceId([2; 32]));
        let mut budgets = Budgets::default();
        budgets.charge(one, WORK / 2);
        assert!(!budgets.is_spent(one));
        budgets.charge(one, WORK / 2);
        assert!(budgets.is_spent(one) && !budgets.is_spent(other));
        tokio::time::advance(PERIOD).await;
        assert!(!budgets.is_spent(one));
        budgets.charge(one, WORK / 2);
        assert!(!budgets.is_spent(one));
    }
}
