//! Real UDP on loopback: identity, framing and the end of connections.

use std::{net::SocketAddr, time::Duration};

use dunlin_net::{
    BindError, Carrier, Closed, Config, ConnectError, Endpoint, ReceiveError, STRANGER_FRAME_BYTES,
    SendError,
};

use crate::common::{loopback, pair, transfer, within};

#[tokio::test]
async fn both_ends_prove_who_they_are_and_share_a_secret() {
    let (here, there) = (loopback(1), loopback(2));
    let (dialled, accepted) = pair(&here, &there).await;

    assert_eq!(dialled.peer(), there.device());
    assert_eq!(accepted.peer(), here.device());
    assert!(dialled.is_dialer() && !accepted.is_dialer());
    assert_eq!(dialled.exporter(), accepted.exporter());
    assert_eq!(accepted.remote_addr(), here.bound_addr().unwrap());

    let (again, _accepted) = pair(&here, &there).await;
    assert_ne!(again.exporter(), dialled.exporter(), "every connection has its own secret");
}

#[tokio::test]
async fn frames_cross_in_both_directions() {
    let (here, there) = (loopback(1), loopback(2));
    let (dialled, accepted) = pair(&here, &there).await;
    let (_d, mut to_there, mut from_there) = dialled.split();
    let (_a, mut to_here, mut from_here) = accepted.split();

    within(async {
        tokio::join!(
            transfer(&mut to_there, &mut from_here, 4 << 20, 1 << 20),
            transfer(&mut to_here, &mut from_there, 4 << 20, 64),
        )
    })
    .await;
}

#[tokio::test]
async fn the_acceptor_may_speak_first() {
    let (here, there) = (loopback(1), loopback(2));
    let (dialled, accepted) = pair(&here, &there).await;
    let (_a, mut to_here, _r) = accepted.split();
    let (_d, _s, mut from_there) = dialled.split();

    to_here.send(b"welcome".to_vec()).await.unwrap();
    assert_eq!(within(from_there.receive()).await, Ok(Some(b"welcome".to_vec())));
}

#[tokio::test]
async fn a_call_succeeds_before_the_acceptor_has_agreed() {
    let (here, there) = (loopback(1), loopback(2));
    let (dialled, accepted) = pair(&here, &there).await;
    let (dialler, _s, mut from_there) = dialled.split();

    accepted.close(7, "a stranger");
    let turned_away = Closed::ByPeer { code: 7, reason: "a stranger".to_owned() };
    let received = within(from_there.receive()).await;
    assert_eq!(received, Err(ReceiveError::Closed(turned_away.clone())));
    assert_eq!(dialler.close_reason(), Some(turned_away));
    assert_eq!(accepted.close_reason(), Some(Closed::Here));
}

#[tokio::test]
async fn another_device_than_the_expected_one_is_refused_and_not_told_who_called() {
    let (here, there, expected) = (loopback(1), loopback(2), loopback(3));
    let address = there.bound_addr().unwrap();

    let refused = within(here.connect(address, Some(expected.device()))).await;
    let wrong = ConnectError::WrongDevice { expected: expected.device(), found: there.device() };
    assert_eq!(refused.unwrap_err(), wrong);

    // The next caller to be accepted is a later one: the refused call never came through.
    let (_dialled, accepted) = pair(&expected, &there).await;
    assert_eq!(accepted.peer(), expected.device());
}

#[tokio::test]
async fn a_device_does_not_talk_to_itself() {
    let (here, twin) = (loopback(1), loopback(1));
    for endpoint in [&here, &twin] {
        let address = endpoint.bound_addr().unwrap();
        let error = within(here.connect(address, None)).await.unwrap_err();
        assert_eq!(error, ConnectError::OwnDevice(address));
    }
}

#[tokio::test]
async fn a_frame_over_the_limit_is_refused_and_the_limit_can_be_raised() {
    let (here, there) = (loopback(1), loopback(2));
    let (dialled, accepted) = pair(&here, &there).await;
    let (_d, mut to_there, _r) = dialled.split();
    let (_a, _s, mut from_here) = accepted.split();

    let largest = vec![1; STRANGER_FRAME_BYTES];
    to_there.send(largest.clone()).await.unwrap();
    assert_eq!(within(from_here.receive()).await, Ok(Some(largest)));

    let larger = vec![2; STRANGER_FRAME_BYTES + 1];
    to_there.send(larger.clone()).await.unwrap();
    let refused = within(from_here.receive()).await.unwrap_err();
    let (length, limit) = (STRANGER_FRAME_BYTES + 1, STRANGER_FRAME_BYTES);
    assert_eq!(refused, ReceiveError::TooLarge { length, limit });
    assert!(refused.is_misbehaviour());

    from_here.set_limit(length);
    assert_eq!(within(from_here.receive()).await, Ok(Some(larger)));
}

#[tokio::test]
async fn finishing_delivers_everything_before_a_close() {
    let (here, there) = (loopback(1), loopback(2));
    let (dialled, accepted) = pair(&here, &there).await;
    let (dialler, mut to_there, _r) = dialled.split();
    let (_a, _s, mut from_here) = accepted.split();

    to_there.send(b"last words".to_vec()).await.unwrap();
    within(to_there.finish()).await.unwrap();
    dialler.close(0, "done");
    assert_eq!(within(from_here.receive()).await, Ok(Some(b"last words".to_vec())));
    assert_eq!(within(from_here.receive()).await, Ok(None), "the peer's half is finished");
}

#[tokio::test]
async fn a_stream_that_ends_inside_a_frame_is_truncated() {
    let (here, there) = (loopback(1), loopback(2));
    let (dialled, accepted) = pair(&here, &there).await;
    let (_d, mut to_there, _r) = dialled.split();
    let (_a, _s, mut from_here) = accepted.split();
    from_here.set_limit(8 << 20);

    // More than all windows hold, so that the frame is under way when the sender goes.
    to_there.start(vec![0; 8 << 20]).unwrap();
    assert!(!to_there.is_writable());
    assert_eq!(to_there.start(vec![]), Err(SendError::Busy));
    tokio::select! {
        biased;
        _ = to_there.flush() => panic!("nobody reads"),
        () = tokio::time::sleep(Duration::from_millis(100)) => {}
    }
    drop(to_there);
    assert_eq!(within(from_here.receive()).await, Err(ReceiveError::Truncated));
}

#[tokio::test]
async fn a_cancelled_send_is_completed_by_the_next() {
    let (here, there) = (loopback(1), loopback(2));
    let (dialled, accepted) = pair(&here, &there).await;
    let (_d, mut to_there, _r) = dialled.split();
    let (_a, _s, mut from_here) = accepted.split();
    from_here.set_limit(8 << 20);

    let big: Vec<u8> = (0..8_usize << 20).map(|i| i as u8).collect();
    tokio::select! {
        biased;
        _ = to_there.send(big.clone()) => panic!("nobody reads"),
        () = tokio::time::sleep(Duration::from_millis(100)) => {}
    }
    let rest = async { to_there.send(b"next".to_vec()).await.unwrap() };
    let receive = async {
        assert!(from_here.receive().await.unwrap() == Some(big));
        assert_eq!(from_here.receive().await, Ok(Some(b"next".to_vec())));
    };
    within(async { tokio::join!(rest, receive) }).await;
}

#[tokio::test]
async fn dropping_a_connection_tells_the_peer() {
    let (here, there) = (loopback(1), loopback(2));
    let (dialled, accepted) = pair(&here, &there).await;
    drop(dialled);
    assert!(matches!(within(accepted.closed()).await, Closed::ByPeer { code: 0, .. }));
}

#[tokio::test]
async fn closing_an_endpoint_tells_everybody_and_frees_the_port() {
    let (here, there) = (loopback(1), loopback(2));
    let (dialled, _accepted) = pair(&here, &there).await;
    let address = there.bound_addr().unwrap();

    within(there.close(3, "going to sleep")).await;
    let asleep = Closed::ByPeer { code: 3, reason: "going to sleep".to_owned() };
    assert_eq!(within(dialled.closed()).await, asleep);
    assert!(within(there.accept()).await.is_none());
    let again = there.connect(here.bound_addr().unwrap(), None).await;
    assert_eq!(again.unwrap_err(), ConnectError::EndpointClosed);

    drop((there, _accepted));
    let reopened = within(async {
        loop {
            match Endpoint::bind(Config::new([2; 32], Carrier::Udp(address))) {
                Ok(endpoint) => break endpoint,
                Err(BindError::PortInUse(_)) => tokio::task::yield_now().await,
                Err(error) => panic!("{error}"),
            }
        }
    })
    .await;
    let (_dialled, accepted) = pair(&here, &reopened).await;
    assert_eq!(accepted.peer(), here.device());
}

#[tokio::test]
async fn a_dialler_that_moves_to_another_socket_keeps_its_connection() {
    let (here, there) = (loopback(1), loopback(2));
    let (dialled, accepted) = pair(&here, &there).await;
    let before = here.bound_addr().unwrap();
    here.rebind(&Carrier::Udp(SocketAddr::from(([127, 0, 0, 1], 0)))).unwrap();
    assert_ne!(here.bound_addr().unwrap(), before);

    let (_d, mut to_there, _r) = dialled.split();
    let (acceptor, _s, mut from_here) = accepted.split();
    to_there.send(b"moved".to_vec()).await.unwrap();
    assert_eq!(within(from_here.receive()).await, Ok(Some(b"moved".to_vec())));
    assert_eq!(acceptor.remote_addr(), here.bound_addr().unwrap());
}

#[tokio::test]
async fn one_socket_serves_both_address_families() {
    let any = SocketAddr::new("::".parse().unwrap(), 0);
    let there = Endpoint::bind(Config::new([2; 32], Carrier::Udp(any))).unwrap();
    let port = there.bound_addr().unwrap().port();
    assert!(there.local_addrs().iter().all(|address| address.port() == port));
    let here = Endpoint::bind(Config::new([1; 32], Carrier::Udp(any))).unwrap();

    let mut families = vec![SocketAddr::from(([127, 0, 0, 1], port))];
    if there.bound_addr().unwrap().is_ipv6() {
        families.push(SocketAddr::new("::1".parse().unwrap(), port));
    }
    for address in families {
        let call = here.connect(address, Some(there.device()));
        let (dialled, accepted) = within(async { tokio::join!(call, there.accept()) }).await;
        assert_eq!(dialled.unwrap().remote_addr(), address);
        assert_eq!(accepted.unwrap().remote_addr().ip(), address.ip());
    }
}

#[tokio::test]
async fn a_port_in_use_is_a_clear_error() {
    let holder = loopback(1);
    let address = holder.bound_addr().unwrap();
    let error = Endpoint::bind(Config::new([2; 32], Carrier::Udp(address))).unwrap_err();
    assert!(matches!(error, BindError::PortInUse(named) if named == address), "{error:?}");
    assert_eq!(error.to_string(), format!("UDP port {} is in use", address.port()));
}

#[tokio::test]
async fn an_ipv4_endpoint_says_that_it_cannot_dial_ipv6() {
    let v6 = "[::1]:4000".parse().unwrap();
    assert_eq!(loopback(1).connect(v6, None).await.unwrap_err(), ConnectError::BadAddress(v6));
}

#[test]
fn binding_outside_a_runtime_is_an_error_and_no_panic() {
    let any = Carrier::Udp(SocketAddr::from(([127, 0, 0, 1], 0)));
    let error = Endpoint::bind(Config::new([1; 32], any)).unwrap_err();
    assert!(matches!(error, BindError::NoRuntime));
}
