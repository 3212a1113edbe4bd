//! The in-memory network under real endpoints, on the paused clock.

use std::{net::IpAddr, time::Duration};

use dunlin_net::{
    Closed, ConnectError,
    memory::{Conditions, Network, Statistics},
};
use tokio::time::Instant;

use crate::common::{pair, simulated, simulated_addr, transfer};

fn rough(loss: f64) -> Conditions {
    Conditions {
        loss,
        duplicate: 0.05,
        delay: Duration::from_millis(10),
        jitter: Duration::from_millis(30),
        rate: None,
    }
}

fn host(host: u8) -> IpAddr {
    simulated_addr(host).ip()
}

/// Runs on a clock that jumps to the next event whenever nothing else is to do.
fn simulate<T>(future: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap().block_on(future)
}

/// One pair moves 200 kB each way at this loss; what the network saw and how long it took.
fn run(seed: u64, loss: f64) -> (Statistics, Duration) {
    simulate(async {
        let start = Instant::now();
        let network = Network::new(seed);
        network.set_conditions(rough(loss));
        let (here, there) = (simulated(&network, 1), simulated(&network, 2));
        // At 30 % loss a handshake may run out of time; then one dials again, like a node does.
        let (dialled, accepted) = loop {
            let call = here.connect(simulated_addr(2), Some(there.device()));
            tokio::select! {
                biased;
                both = async { tokio::join!(call, there.accept()) } => match both {
                    (Ok(dialled), Some(accepted)) => break (dialled, accepted),
                    (result, _) => drop(result),
                },
                () = tokio::time::sleep(Duration::from_secs(20)) => {}
            }
        };
        let (_d, mut to_there, mut from_there) = dialled.split();
        let (_a, mut to_here, mut from_here) = accepted.split();
        tokio::join!(
            transfer(&mut to_there, &mut from_here, 200_000, 1_000),
            transfer(&mut to_here, &mut from_there, 200_000, 20_000),
        );
        (network.statistics(), start.elapsed())
    })
}

#[test]
fn the_same_seed_gives_the_same_packets_and_another_seed_others() {
    let first = run(11, 0.2);
    assert_eq!(first, run(11, 0.2));
    assert_ne!(first, run(12, 0.2));
}

#[test]
fn a_transfer_survives_thirty_percent_loss_reordering_and_duplication() {
    let (statistics, _) = run(5, 0.3);
    let share = statistics.lost as f64 / statistics.sent as f64;
    assert!((0.25..0.35).contains(&share), "{statistics:?}");
    assert!(statistics.duplicated > 0 && statistics.reordered > 0, "{statistics:?}");
    assert_eq!(statistics.blocked + statistics.undeliverable, 0, "{statistics:?}");
}

#[test]
fn a_quiet_network_loses_nothing() {
    simulate(async {
        let network = Network::new(1);
        let (here, there) = (simulated(&network, 1), simulated(&network, 2));
        let (dialled, accepted) = pair(&here, &there).await;
        let (_d, mut to_there, _) = dialled.split();
        let (_a, _, mut from_here) = accepted.split();
        transfer(&mut to_there, &mut from_here, 200_000, 1_000).await;
        let seen = network.statistics();
        assert_eq!((seen.lost, seen.reordered, seen.duplicated, seen.overflowed), (0, 0, 0, 0));
    });
}

#[test]
fn a_connection_dies_of_a_partition_and_a_new_one_is_made_after_it() {
    simulate(async {
        let network = Network::new(3);
        let (here, there) = (simulated(&network, 1), simulated(&network, 2));
        let (dialled, accepted) = pair(&here, &there).await;

        let start = Instant::now();
        network.partition(&[&[host(1)], &[host(2)]]);
        let (one, other) = tokio::join!(dialled.closed(), accepted.closed());
        assert_eq!((one, other), (Closed::Silent, Closed::Silent));
        assert!(start.elapsed() <= Duration::from_secs(46), "{:?}", start.elapsed());
        assert!(network.statistics().blocked > 0);
        let error = here.connect(simulated_addr(2), None).await.unwrap_err();
        assert_eq!(error, ConnectError::NoAnswer(simulated_addr(2)));

        network.heal();
        pair(&here, &there).await;
    });
}

#[test]
fn an_idle_connection_lives_and_is_nearly_silent() {
    simulate(async {
        let network = Network::new(4);
        let (here, there) = (simulated(&network, 1), simulated(&network, 2));
        let (dialled, accepted) = pair(&here, &there).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        let before = network.statistics().sent;
        tokio::time::sleep(Duration::from_secs(600)).await;
        let a_minute = (network.statistics().sent - before) as f64 / 10.0;
        assert_eq!((dialled.close_reason(), accepted.close_reason()), (None, None));
        assert!(a_minute <= 12.0, "{a_minute} packets a minute");
    });
}

#[test]
fn a_link_that_is_down_for_less_than_the_idle_timeout_only_delays() {
    simulate(async {
        let network = Network::new(6);
        let (here, there) = (simulated(&network, 1), simulated(&network, 2));
        let (dialled, accepted) = pair(&here, &there).await;
        let (_d, mut to_there, _) = dialled.split();
        let (_a, _, mut from_here) = accepted.split();

        network.set_link(host(2), false);
        to_there.send(b"patience".to_vec()).await.unwrap();
        tokio::time::sleep(Duration::from_secs(20)).await;
        network.set_link(host(2), true);
        assert_eq!(from_here.receive().await, Ok(Some(b"patience".to_vec())));
    });
}

#[test]
fn a_cut_path_leaves_the_others() {
    simulate(async {
        let network = Network::new(8);
        let [a, b, c] = [1, 2, 3].map(|host| simulated(&network, host));
        network.cut(host(1), host(3));
        pair(&a, &b).await;
        pair(&b, &c).await;
        let error = a.connect(simulated_addr(3), None).await.unwrap_err();
        assert_eq!(error, ConnectError::NoAnswer(simulated_addr(3)));
        network.restore(host(1), host(3));
        pair(&a, &c).await;
    });
}

#[test]
fn a_slow_path_takes_its_time() {
    simulate(async {
        let network = Network::new(9);
        let slow = Conditions { rate: Some(50_000), ..Conditions::default() };
        network.set_path(host(1), host(2), slow);
        let (here, there) = (simulated(&network, 1), simulated(&network, 2));
        let (dialled, accepted) = pair(&here, &there).await;
        let (_d, mut to_there, _) = dialled.split();
        let (_a, _, mut from_here) = accepted.split();
        let start = Instant::now();
        let receive = transfer(&mut to_there, &mut from_here, 500_000, 10_000);
        receive.await;
        assert!(start.elapsed() >= Duration::from_secs(10), "{:?}", start.elapsed());
    });
}

#[test]
fn an_address_is_free_again_once_its_endpoint_is_gone() {
    simulate(async {
        let network = Network::new(10);
        let (here, there) = (simulated(&network, 1), simulated(&network, 2));
        assert!(network.socket(simulated_addr(2)).is_err(), "in use");
        let (dialled, accepted) = pair(&here, &there).await;
        drop(accepted);
        there.close(0, "restart").await;
        drop(there);
        dialled.closed().await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        pair(&here, &simulated(&network, 2)).await;
    });
}

#[test]
fn of_several_addresses_the_first_that_answers_is_taken() {
    simulate(async {
        let network = Network::new(13);
        let (here, there) = (simulated(&network, 1), simulated(&network, 2));
        let start = Instant::now();
        let addresses = [7, 8, 2].map(simulated_addr);
        let call = here.connect_any(&addresses, Some(there.device()));
        let (dialled, accepted) = tokio::join!(call, there.accept());
        assert_eq!(dialled.unwrap().remote_addr(), simulated_addr(2));
        assert_eq!(accepted.unwrap().peer(), here.device());
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    });
}

#[test]
fn of_several_failures_the_most_telling_is_given() {
    simulate(async {
        let network = Network::new(14);
        let (here, there) = (simulated(&network, 1), simulated(&network, 2));
        let addresses = [2, 1, 7].map(simulated_addr);
        let wrong = here.connect_any(&addresses, Some(dunlin_model::DeviceId([9; 32]))).await;
        let expected = dunlin_model::DeviceId([9; 32]);
        let found = there.device();
        assert_eq!(wrong.unwrap_err(), ConnectError::WrongDevice { expected, found });
        assert_eq!(here.connect_any(&[], None).await.unwrap_err(), ConnectError::NoAddress);
    });
}
