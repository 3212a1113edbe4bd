//! Documents that do not fit at one side, or contradict what is there: set aside on both sides
//! without anybody being accused, while everything else flows.

use dunlin_proto::{
    limits::RETRY_MS,
    session::{Effect, SetAside},
    trust::Role,
};

use crate::world::{World, doc};

/// What an end was told last of what is set aside.
fn told(world: &World, link: usize, side: usize) -> Option<Vec<SetAside>> {
    let told = world.links[link][side].told.iter().rev();
    let mut told = told.filter_map(|effect| match effect {
        Effect::SetAside { documents, .. } => Some(documents.clone()),
        _ => None,
    });
    told.next()
}

fn fill(world: &mut World, node: usize, name: &str, count: usize) {
    for operation in 0..count {
        world.append(node, &doc(name), format!("{node}-{operation}").as_bytes());
    }
}

/// Two nodes that each hold half of a document that is too large as a whole.
fn apart() -> (World, usize) {
    let mut world = World::new(&[Role::Writer]);
    for node in 0..2 {
        world.nodes[node].replica.room = Some(15);
        fill(&mut world, node, "full", 10);
        for other in 0..20 {
            world.append(node, &doc(format!("{node}-{other}")), b"flows");
        }
    }
    let link = world.connect(0, 1);
    world.settle();
    (world, link)
}

fn statuses(world: &World, link: usize) -> Vec<(bool, bool)> {
    let status = |side: usize| {
        let status = world.links[link][side].session.status(&world.space).unwrap();
        (status.settled, status.in_sync)
    };
    [0, 1].map(status).into()
}

fn pass_time(world: &mut World, link: usize) {
    world.now += RETRY_MS;
    for side in 0..2 {
        let now = world.now;
        world.links[link][side].session.handle_timeout(now);
    }
    world.settle();
}

#[test]
fn what_fits_at_neither_side_is_set_aside_on_both_and_the_rest_flows() {
    let (mut world, link) = apart();
    for node in 0..2 {
        assert_eq!(world.nodes[node].replica.docs.len(), 41);
    }
    assert_eq!(statuses(&world, link), [(true, false); 2]);
    for side in 0..2 {
        let end = &world.links[link][side];
        assert_eq!((end.closed, &end.misbehaved), (None, &None));
        let [aside] = told(&world, link, side).unwrap()[..] else { panic!("one document") };
        let kept_out = aside.kept_out;
        assert_eq!(kept_out.document, doc("full").hash());
        let no_room = kept_out.no_room;
        assert_eq!((no_room.has, no_room.needs, no_room.bound), (10, 20, 15));
        assert!(kept_out.there.is_some_and(|there| there != kept_out.here));
        assert!(end.told.iter().all(|effect| !matches!(effect, Effect::Diverged { .. })));
    }
    world.append(1, &doc("0-3"), b"live");
    world.settle();
    assert_eq!(world.nodes[0].replica.docs[&doc("0-3")], world.nodes[1].replica.docs[&doc("0-3")]);
}

#[test]
fn a_change_of_what_is_set_aside_is_not_pushed_and_tried_once_a_minute() {
    let (mut world, link) = apart();
    let applied = |world: &World| [0, 1].map(|side: usize| world.links[link][side].applied);
    let before = applied(&world);
    for _ in 0..30 {
        world.append(0, &doc("full"), b"more");
        world.settle();
    }
    assert_eq!(applied(&world), before);
    let due = world.links[link][0].session.next_timeout();
    assert_eq!(due, Some(world.now + RETRY_MS));
    pass_time(&mut world, link);
    let after = applied(&world);
    assert!(after != before && after[0] - before[0] <= 1 && after[1] - before[1] <= 1);
    assert_eq!(statuses(&world, link), [(true, false); 2]);
    assert_eq!(world.links[link][0].session.next_timeout(), None);
    pass_time(&mut world, link);
    assert_eq!(applied(&world), after);
}

#[test]
fn making_room_at_one_side_brings_the_document_to_both() {
    for side in 0..2 {
        let (mut world, link) = apart();
        for _ in 0..6 {
            world.delete(side, &doc("full"));
        }
        world.settle();
        pass_time(&mut world, link);
        world.assert_converged();
        assert_eq!(statuses(&world, link), [(true, true); 2]);
        for end in 0..2 {
            assert_eq!(told(&world, link, end), Some(vec![]));
        }
        world.append(1 - side, &doc("0-0"), b"goes on");
        world.settle();
        world.assert_converged();
    }
}

#[test]
fn a_side_that_has_more_than_the_bound_takes_what_makes_its_document_no_larger() {
    let mut world = World::new(&[Role::Writer]);
    fill(&mut world, 0, "full", 20);
    let link = world.connect(0, 1);
    world.settle();
    for node in 0..2 {
        world.nodes[node].replica.room = Some(5);
    }
    world.delete(1, &doc("full"));
    world.settle();
    world.assert_converged();
    assert_eq!(statuses(&world, link), [(true, true); 2]);
}

#[test]
fn what_contradicts_the_document_here_closes_nothing_and_the_rest_flows() {
    let mut world = World::new(&[Role::Writer]);
    for node in 0..2 {
        fill(&mut world, node, "forked", 3);
        fill(&mut world, node, "fine", 3);
    }
    world.nodes[1].replica.contradicted.insert(doc("forked"));
    let link = world.connect(0, 1);
    world.settle();
    world.append(0, &doc("forked"), b"live");
    world.append(0, &doc("fine"), b"live");
    world.settle();
    let docs = [0, 1].map(|node: usize| world.nodes[node].replica.docs[&doc("fine")].clone());
    assert_eq!(docs[0], docs[1]);
    for end in &world.links[link] {
        assert_eq!((end.closed, &end.misbehaved), (None, &None));
        let documents = vec![doc("forked").hash()];
        assert!(end.told.contains(&Effect::Diverged { space: world.space, documents }));
    }
}
