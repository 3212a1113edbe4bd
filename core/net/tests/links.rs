//! Endpoints over links that are no sockets.

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::Ordering::SeqCst},
};

use dunlin_net::{
    BindError, Carrier, Config, ConnectError, Connection, Endpoint,
    discovery::{Event, Source},
    link::{
        InboxError, Link, LinkError, LinkFailure, Links, MAX_LINKS, MAX_NAME_BYTES,
        MAX_PACKET_BYTES, MAX_PEERS, MIN_PACKET_BYTES, Neighbours, Outcome, is_link_address,
    },
    memory::Network,
};

use crate::{
    common::{DEADLINE, loopback, pair, transfer, within},
    wire::{End, FAR, wire},
};

const LOOPBACK: Carrier =
    Carrier::Udp(SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0));

/// An endpoint with one link, and who is in reach of it.
fn linked(seed: u8, carrier: Carrier, end: &Arc<End>) -> (Endpoint, Neighbours) {
    let links = Links::start(vec![end.clone()]).unwrap();
    let neighbours = links.neighbours();
    let config = Config::new([seed; 32], carrier).with_links(links);
    (Endpoint::bind(config).unwrap(), neighbours)
}

async fn found(neighbours: &mut Neighbours) -> SocketAddr {
    match within(neighbours.next()).await {
        Some(Event::Found(hint)) => {
            assert_eq!((hint.source, hint.addrs.len()), (Source::Link, 1));
            hint.addrs[0]
        }
        other => panic!("{other:?}"),
    }
}

async fn lost(neighbours: &mut Neighbours) -> SocketAddr {
    match within(neighbours.next()).await {
        Some(Event::Lost(hint)) => hint.addrs[0],
        other => panic!("{other:?}"),
    }
}

/// Lets one endpoint call the other at an address; gives both ends.
async fn call(here: &Endpoint, address: SocketAddr, there: &Endpoint) -> (Connection, Connection) {
    let call = here.connect(address, Some(there.device()));
    let (dialled, accepted) = within(async { tokio::join!(call, there.accept()) }).await;
    (dialled.unwrap(), accepted.unwrap())
}

/// Moves bytes both ways, in frames of a thousand.
async fn exchange(here: Connection, there: Connection, bytes: usize) -> (Connected, Connected) {
    let (here, mut to_there, mut from_there) = here.split();
    let (there, mut to_here, mut from_here) = there.split();
    within(async {
        tokio::join!(
            transfer(&mut to_there, &mut from_here, bytes, 1_000),
            transfer(&mut to_here, &mut from_there, bytes, 1_000),
        )
    })
    .await;
    ((here, to_there, from_there), (there, to_here, from_here))
}

type Connected = (dunlin_net::ConnectionHandle, dunlin_net::FrameSender, dunlin_net::FrameReceiver);

#[tokio::test]
async fn two_endpoints_without_a_socket_talk_over_a_link() {
    let [near, far] = wire(1_300);
    let (here, mut neighbours) = linked(1, Carrier::OnlyLinks, &near);
    let (there, _) = linked(2, Carrier::OnlyLinks, &far);
    assert_eq!((here.bound_addr(), here.local_addrs()), (None, Vec::new()));

    let address = found(&mut neighbours).await;
    let (dialled, accepted) = call(&here, address, &there).await;
    assert_eq!((dialled.peer(), accepted.peer()), (there.device(), here.device()));
    assert_eq!(dialled.exporter(), accepted.exporter());
    assert_eq!(dialled.remote_addr(), address);
    assert!(is_link_address(accepted.remote_addr()));

    exchange(dialled, accepted, 300_000).await;
    for end in [near, far] {
        let longest = end.longest.load(SeqCst);
        assert!((MIN_PACKET_BYTES..=1_300).contains(&longest), "{longest}");
        assert!(longest > 1_280, "the search for longer packets went up to {longest}");
    }
}

#[tokio::test]
async fn a_link_that_carries_the_least_is_never_asked_for_more() {
    let [near, far] = wire(MIN_PACKET_BYTES);
    let (here, mut neighbours) = linked(1, Carrier::OnlyLinks, &near);
    let (there, _) = linked(2, Carrier::OnlyLinks, &far);
    let (dialled, accepted) = call(&here, found(&mut neighbours).await, &there).await;
    exchange(dialled, accepted, 100_000).await;
    assert_eq!(near.longest.load(SeqCst), MIN_PACKET_BYTES);
    assert_eq!(far.longest.load(SeqCst), MIN_PACKET_BYTES);
}

#[tokio::test]
async fn frames_survive_a_link_that_loses_packets_and_one_that_comes_back() {
    let [near, far] = wire(MAX_PACKET_BYTES);
    near.loses.store(7, SeqCst);
    far.loses.store(11, SeqCst);
    let (here, mut neighbours) = linked(1, Carrier::OnlyLinks, &near);
    let (there, _) = linked(2, Carrier::OnlyLinks, &far);
    let (dialled, accepted) = call(&here, found(&mut neighbours).await, &there).await;
    let ((_d, mut to_there, _r), (_a, _s, mut from_here)) =
        exchange(dialled, accepted, 100_000).await;

    let before = near.sent.load(SeqCst);
    near.is_cut.store(true, SeqCst);
    to_there.send(b"while it was cut".to_vec()).await.unwrap();
    within(async {
        while near.sent.load(SeqCst) == before {
            tokio::task::yield_now().await;
        }
    })
    .await;
    near.is_cut.store(false, SeqCst);
    assert_eq!(within(from_here.receive()).await, Ok(Some(b"while it was cut".to_vec())));
}

#[tokio::test]
async fn socket_and_link_serve_one_endpoint_at_once() {
    for carrier in [LOOPBACK, Carrier::Udp("[::]:0".parse().unwrap())] {
        let [near, far] = wire(MAX_PACKET_BYTES);
        let (here, mut neighbours) = linked(1, carrier.clone(), &near);
        let (there, _) = linked(2, carrier, &far);
        let by_udp = SocketAddr::from(([127, 0, 0, 1], there.bound_addr().unwrap().port()));
        let by_link = found(&mut neighbours).await;
        assert!(here.local_addrs().iter().all(|address| !is_link_address(*address)));

        let (udp, udp_there) = call(&here, by_udp, &there).await;
        let (link, link_there) = call(&here, by_link, &there).await;
        assert_eq!((udp.remote_addr(), link.remote_addr()), (by_udp, by_link));
        assert!(is_link_address(link_there.remote_addr()));
        let sent = near.sent.load(SeqCst);
        exchange(udp, udp_there, 100_000).await;
        assert!(near.sent.load(SeqCst) < sent + 20, "the socket's packets went over the link");
        tokio::join!(exchange(link, link_there, 100_000), async {
            let (udp, udp_there) = call(&here, by_udp, &there).await;
            exchange(udp, udp_there, 100_000).await;
        });
        assert!(near.sent.load(SeqCst) > sent + 50, "the link's packets went over the socket");
    }
}

#[tokio::test]
async fn connections_over_links_survive_a_change_of_sockets() {
    let [near, far] = wire(MAX_PACKET_BYTES);
    let (here, mut neighbours) = linked(1, LOOPBACK, &near);
    let (there, _) = linked(2, LOOPBACK, &far);
    let (dialled, accepted) = call(&here, found(&mut neighbours).await, &there).await;
    here.rebind(&LOOPBACK).unwrap();
    there.rebind(&Carrier::OnlyLinks).unwrap();
    exchange(dialled, accepted, 10_000).await;

    let unreachable = here.bound_addr().unwrap();
    let refused = there.connect(unreachable, None).await.unwrap_err();
    assert_eq!(refused, ConnectError::BadAddress(unreachable));
}

#[tokio::test]
async fn a_link_that_hangs_holds_up_nobody_but_its_own() {
    let [near, far] = wire(MAX_PACKET_BYTES);
    near.hold();
    let (here, mut neighbours) = linked(1, LOOPBACK, &near);
    let (there, _) = linked(2, Carrier::OnlyLinks, &far);
    let address = found(&mut neighbours).await;
    let calling = tokio::spawn({
        let (here, device) = (here.clone(), there.device());
        async move { here.connect(address, Some(device)).await }
    });
    within(near.holds.subscribe().wait_for(|holds| *holds)).await.unwrap();

    let other = loopback(3);
    let (dialled, accepted) = pair(&here, &other).await;
    exchange(dialled, accepted, 100_000).await;
    assert!(!calling.is_finished());

    near.release();
    let accepted = within(there.accept()).await.unwrap();
    exchange(within(calling).await.unwrap().unwrap(), accepted, 100_000).await;
}

#[tokio::test]
async fn closing_waits_for_a_link_but_not_for_one_that_hangs() {
    let [near, far] = wire(MAX_PACKET_BYTES);
    let (here, mut neighbours) = linked(1, Carrier::OnlyLinks, &near);
    let (there, mut of_there) = linked(2, Carrier::OnlyLinks, &far);
    let (dialled, accepted) = call(&here, found(&mut neighbours).await, &there).await;
    found(&mut of_there).await;

    far.hold();
    let (_accepted, mut to_here, _r) = accepted.split();
    to_here.send(b"held".to_vec()).await.unwrap();
    within(far.holds.subscribe().wait_for(|holds| *holds)).await.unwrap();
    within(there.close(3, "going")).await;
    assert!(is_link_address(lost(&mut of_there).await));
    far.release();
    let far_has_ended = async {
        while Arc::strong_count(&far) > 1 {
            tokio::task::yield_now().await;
        }
    };
    within(far_has_ended).await;
    assert_eq!(far.stops.load(SeqCst), 0, "a link that may be in use again was stopped");

    drop(dialled);
    within(here.close(0, "")).await;
    assert_eq!((near.stops.load(SeqCst), Arc::strong_count(&near)), (1, 1));
    near.inbox().await.received(FAR, b"too late").unwrap();
}

#[tokio::test]
async fn a_link_may_be_used_again_and_stops_when_nobody_has_it_any_more() {
    let [near, far] = wire(MAX_PACKET_BYTES);
    for stops in 1..=2 {
        let (here, mut neighbours) = linked(1, Carrier::OnlyLinks, &near);
        let (there, _) = linked(2, Carrier::OnlyLinks, &far);
        let (dialled, accepted) = call(&here, found(&mut neighbours).await, &there).await;
        exchange(dialled, accepted, 10_000).await;
        drop((here, there));
        assert_eq!(within(async { while neighbours.next().await.is_some() {} }).await, ());
        within(async {
            while [&near, &far].iter().any(|end| end.stops.load(SeqCst) < stops) {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

#[tokio::test]
async fn a_link_that_panics_is_given_up_and_the_socket_serves_on() {
    let [near, far] = wire(MAX_PACKET_BYTES);
    let (here, mut neighbours) = linked(1, LOOPBACK, &near);
    let (there, _) = linked(2, Carrier::OnlyLinks, &far);
    let address = found(&mut neighbours).await;
    let (dialled, _accepted) = call(&here, address, &there).await;
    near.panics.store(true, SeqCst);
    let (dialler, mut to_there, from_there) = dialled.split();
    to_there.send(b"never arrives".to_vec()).await.unwrap();

    assert_eq!(lost(&mut neighbours).await, address);
    let refused = here.connect(address, None).await.unwrap_err();
    assert_eq!(refused, ConnectError::BadAddress(address));
    let other = loopback(3);
    let (dialled, accepted) = pair(&here, &other).await;
    exchange(dialled, accepted, 10_000).await;
    near.inbox().await.appeared("somebody").unwrap();
    dialler.close(0, "");
    drop((here, dialler, to_there, from_there));
    assert_eq!(within(neighbours.next()).await, None, "its peers are no news any more");
    assert_eq!(near.stops.load(SeqCst), 0);
}

#[tokio::test]
async fn garbage_and_strangers_do_no_harm() {
    let [near, far] = wire(MAX_PACKET_BYTES);
    let (here, mut neighbours) = linked(1, Carrier::OnlyLinks, &near);
    let (there, _) = linked(2, Carrier::OnlyLinks, &far);
    let (dialled, accepted) = call(&here, found(&mut neighbours).await, &there).await;

    let inboxes = [near.inbox().await, far.inbox().await];
    let mut state = 7_u32;
    let mut next = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 8
    };
    let flood = std::thread::spawn(move || {
        for n in 0..20_000 {
            let length = 1 + next() as usize % MAX_PACKET_BYTES;
            let mut packet: Vec<u8> = (0..length).map(|_| next() as u8).collect();
            // Half of them begin like an opening packet of QUIC.
            if n % 2 == 0 && length > 5 {
                packet[..5].copy_from_slice(&[0xc3, 0, 0, 0, 1]);
            }
            let name = format!("stranger {}", next() % 1_000);
            let from = if n % 4 == 0 { FAR } else { name.as_str() };
            for inbox in &inboxes {
                inbox.received(from, &packet).unwrap();
            }
        }
    });
    let (_here, _there) = exchange(dialled, accepted, 200_000).await;
    flood.join().unwrap();
    let (dialled, accepted) = call(&there, peer_of(&there, &far).await, &here).await;
    exchange(dialled, accepted, 10_000).await;
}

/// Where the far end is, told anew.
async fn peer_of(endpoint: &Endpoint, end: &Arc<End>) -> SocketAddr {
    let mut neighbours = endpoint.links().unwrap().neighbours();
    end.inbox().await.appeared(FAR).unwrap();
    found(&mut neighbours).await
}

#[tokio::test]
async fn what_a_link_must_not_hand_in_is_refused() {
    let [near, _far] = wire(MAX_PACKET_BYTES);
    let (_here, mut neighbours) = linked(1, Carrier::OnlyLinks, &near);
    let inbox = near.inbox().await;
    let long = MAX_PACKET_BYTES + 1;
    assert_eq!(inbox.received(FAR, &vec![0; long]), Err(InboxError::PacketLength(long)));
    assert_eq!(inbox.received(FAR, &[]), Err(InboxError::PacketLength(0)));
    assert_eq!(inbox.received("", &[1]), Err(InboxError::PeerName(0)));
    let name = "n".repeat(MAX_NAME_BYTES + 1);
    assert_eq!(inbox.appeared(&name), Err(InboxError::PeerName(name.len())));
    assert_eq!(inbox.vanished(&name), Err(InboxError::PeerName(name.len())));
    assert_eq!(inbox.appeared(&name[1..]), Ok(()));

    for n in 2..MAX_PEERS {
        inbox.appeared(&n.to_string()).unwrap();
    }
    assert_eq!(inbox.appeared("one more"), Err(InboxError::TooManyPeers));
    for _ in 0..MAX_PEERS {
        found(&mut neighbours).await;
    }
    inbox.vanished("7").unwrap();
    let gone = lost(&mut neighbours).await;
    inbox.appeared("one more").unwrap();
    assert_ne!(found(&mut neighbours).await, gone, "an address is not used again so soon");
}

#[tokio::test]
async fn peers_are_told_as_they_come_and_go() {
    let [near, _far] = wire(MAX_PACKET_BYTES);
    let (_here, mut neighbours) = linked(1, Carrier::OnlyLinks, &near);
    let inbox = near.inbox().await;
    let address = found(&mut neighbours).await;
    inbox.appeared(FAR).unwrap();
    assert_eq!(found(&mut neighbours).await, address, "it has appeared again");
    inbox.vanished(FAR).unwrap();
    assert_eq!(lost(&mut neighbours).await, address);
    inbox.received("a stranger", b"hello?").unwrap();
    inbox.appeared("passing by").unwrap();
    inbox.vanished("passing by").unwrap();
    inbox.appeared(FAR).unwrap();
    assert_eq!(found(&mut neighbours).await, address, "who came and went is not told");
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_forges_a_links_address_is_not_heard() {
    let network = Network::new(3);
    let [address, forged] = ["10.0.0.1:4000", "240.0.0.1:1"].map(|text| text.parse().unwrap());
    let links = Links::start(Vec::new()).unwrap();
    let config = Config::new([1; 32], network.carrier(address).unwrap()).with_links(links);
    let here = Endpoint::bind(config).unwrap();
    let forger = Config::new([2; 32], network.carrier(forged).unwrap());
    let forger = Endpoint::bind(forger).unwrap();
    let unheard = forger.connect(address, Some(here.device())).await.unwrap_err();
    assert_eq!(unheard, ConnectError::NoAnswer(address));

    let honest = Config::new([3; 32], network.carrier("10.0.0.3:4000".parse().unwrap()).unwrap());
    let (_dialled, accepted) = call(&Endpoint::bind(honest).unwrap(), address, &here).await;
    assert_eq!(accepted.remote_addr(), "10.0.0.3:4000".parse().unwrap());
}

#[derive(Debug)]
struct Broken(fn() -> Outcome<usize>, fn() -> Outcome);

impl Link for Broken {
    fn max_packet_bytes(&self) -> Outcome<usize> {
        (self.0)()
    }

    fn start(&self, inbox: dunlin_net::link::Inbox) -> Outcome {
        inbox.appeared(FAR)?;
        (self.1)()
    }

    fn send(&self, _peer: &str, _packet: &[u8]) -> Outcome {
        unreachable!("it has not started")
    }

    fn stop(&self) -> Outcome {
        unreachable!("it has not started")
    }
}

#[tokio::test]
async fn links_that_do_not_work_are_refused_or_given_up() {
    let start = |capacity| Links::start(vec![Arc::new(Broken(capacity, || Ok(())))]).unwrap_err();
    let error = start(|| Ok(MIN_PACKET_BYTES - 1));
    assert!(matches!(error, LinkError::PacketTooSmall(1_199)), "{error:?}");
    assert!(error.to_string().contains("1199 bytes"), "{error}");
    let error = start(|| Err(LinkFailure("switched off".to_owned())));
    assert!(matches!(&error, LinkError::Failed(LinkFailure(why)) if why == "switched off"));
    let error = start(|| panic!("on purpose"));
    assert_eq!(error.to_string(), "a link does not work: panicked: on purpose");
    let many: Vec<Arc<dyn Link>> = (0..=MAX_LINKS).map(|_| wire(1_200)[0].clone() as _).collect();
    assert!(matches!(Links::start(many).unwrap_err(), LinkError::TooMany(17)));

    let starts: [fn() -> Outcome; 2] =
        [|| Err(LinkFailure("switched off".to_owned())), || panic!("on purpose")];
    for start in starts {
        let broken = Arc::new(Broken(|| Ok(1_200), start));
        let links = Links::start(vec![broken.clone()]).unwrap();
        let config = Config::new([1; 32], LOOPBACK).with_links(links);
        let here = Endpoint::bind(config).unwrap();
        let (_dialled, accepted) = pair(&loopback(2), &here).await;
        assert_eq!(accepted.remote_addr().ip(), std::net::Ipv4Addr::LOCALHOST);
        within(here.close(0, "")).await;
        assert_eq!(Arc::strong_count(&broken), 1, "its thread is there yet");
    }
}

#[tokio::test]
async fn an_endpoint_without_links_knows_no_such_addresses() {
    let refused = Endpoint::bind(Config::new([1; 32], Carrier::OnlyLinks)).unwrap_err();
    assert!(matches!(refused, BindError::NoCarrier), "{refused:?}");
    let address = "240.0.0.1:1".parse().unwrap();
    let refused = tokio::time::timeout(DEADLINE, loopback(1).connect(address, None)).await.unwrap();
    assert_eq!(refused.unwrap_err(), ConnectError::BadAddress(address));
}
