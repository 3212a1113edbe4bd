//! What an endpoint bears from callers that have not proved anything.

use dunlin_net::{ConnectError, MAX_STRANGERS, memory::Network};

use crate::common::{simulated, simulated_addr};

#[tokio::test(start_paused = true)]
async fn strangers_beyond_the_limit_are_turned_away_until_one_is_authorised() {
    let network = Network::new(1);
    let (here, there) = (simulated(&network, 1), simulated(&network, 2));
    let mut held = Vec::new();
    for _ in 0..MAX_STRANGERS {
        let dialled = here.connect(simulated_addr(2), None).await.unwrap();
        held.push((dialled, there.accept().await.unwrap()));
    }
    let refused = here.connect(simulated_addr(2), None).await.unwrap_err();
    assert!(matches!(refused, ConnectError::Refused(_)), "{refused:?}");

    held[0].1.authorise();
    let dialled = here.connect(simulated_addr(2), None).await.unwrap();
    let accepted = there.accept().await.unwrap();
    assert!(here.connect(simulated_addr(2), None).await.is_err(), "full again");

    accepted.close(0, "");
    drop((dialled, accepted));
    here.connect(simulated_addr(2), None).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn callers_that_nobody_accepts_take_places_but_no_more() {
    let network = Network::new(2);
    let (here, _there) = (simulated(&network, 1), simulated(&network, 2));
    let mut held = Vec::new();
    for _ in 0..MAX_STRANGERS {
        held.push(here.connect(simulated_addr(2), None).await.unwrap());
    }
    assert!(here.connect(simulated_addr(2), None).await.is_err());
}
