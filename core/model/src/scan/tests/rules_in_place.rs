//! Each rule of the second pass: the smallest update that breaks it, next to one that does not.
//! Only circles are anybody's fault.

use super::build::*;
use crate::{
    entry::{Body, Entry},
    limits::{MAX_TEXTS, MAX_WRITERS},
    scan::{Diverged, Gap, Known, Malformed, Measure, NoRoom, Refusal, read},
};

fn gap(client: u64, have: u32, needs: u32) -> Result<(), Refusal> {
    Err(Refusal::Gap(Gap { writer: writer(client), have, needs }))
}

fn no_room(measure: Measure, bound: u64) -> Result<(), Refusal> {
    Err(Refusal::NoRoom(NoRoom { measure, has: bound, needs: bound + 1, bound }))
}

fn hello() -> Vec<u8> {
    update(&[span(A, 0, &[text(&BODY, "hello")])], &[])
}

/// An entry by A, clock 0.
fn one_entry() -> Vec<u8> {
    update(&[span(A, 0, &[entry(&key(A), &value(0))])], &[])
}

#[test]
fn a_block_beyond_what_is_known_is_a_gap() {
    let from = |clock| update(&[span(A, clock, &[text(&BODY, "x")])], &[]);
    assert_taken_after(&[hello()], &from(5));
    assert_eq!(scan_after(&[hello()], &from(6)), gap(A, 5, 6));
    assert_eq!(scan(&from(1)), gap(A, 0, 1));
}

#[test]
fn a_neighbour_that_is_not_known_is_a_gap() {
    let at = |at| update(&[span(B, 0, &[text(&at, "x")])], &[]);
    assert_taken_after(&[hello()], &at(At::After(A, 4)));
    assert_taken_after(&[hello()], &at(At::Before(A, 0)));
    assert_taken_after(&[hello()], &at(At::Between((A, 1), (A, 2))));
    assert_eq!(scan_after(&[hello()], &at(At::After(A, 5))), gap(A, 5, 6));
    assert_eq!(scan_after(&[hello()], &at(At::Before(A, 5))), gap(A, 5, 6));
    assert_eq!(scan_after(&[hello()], &at(At::Between((A, 1), (3, 0)))), gap(3, 0, 1));
}

#[test]
fn a_neighbour_within_the_update_is_known_wherever_it_stands() {
    let higher_first = [
        span(B, 0, &[text(&At::After(A, 4), "x")]),
        span(A, 0, &[text(&BODY, "hello"), text(&At::After(B, 0), "y")]),
    ];
    assert_taken(&update(&higher_first, &[]));
}

#[test]
fn a_deletion_of_what_is_not_known_is_a_gap() {
    let deletes = |client, clock, len| update(&[], &[deleted(client, &[(clock, len)])]);
    assert_taken_after(&[hello()], &deletes(A, 0, 5));
    assert_eq!(scan_after(&[hello()], &deletes(A, 0, 6)), gap(A, 5, 6));
    assert_eq!(scan_after(&[hello()], &deletes(A, 9, 1)), gap(A, 5, 10));
    assert_eq!(scan_after(&[hello()], &deletes(B, 0, 1)), gap(B, 0, 1));
    let with_its_block = update(&[span(A, 0, &[text(&BODY, "hi")])], &[deleted(A, &[(0, 2)])]);
    assert_taken(&with_its_block);
}

#[test]
fn an_entry_that_covers_what_is_not_known_is_a_gap() {
    let covering = |client, clock| {
        let payload = Entry { covers: vec![dot(client, clock)], ..payload(0) };
        update(&[span(B, 0, &[entry(&key(B), &payload.encode())])], &[])
    };
    assert_taken_after(&[one_entry()], &covering(A, 0));
    assert_eq!(scan_after(&[one_entry()], &covering(A, 1)), gap(A, 1, 2));
    assert_eq!(scan_after(&[one_entry()], &covering(3, 0)), gap(3, 0, 1));
    let far = covering(A, u32::MAX);
    assert_eq!(scan_after(&[one_entry()], &far), gap(A, 1, u32::MAX));
}

#[test]
fn a_deleter_that_saw_what_is_not_known_is_a_gap() {
    let deleting = |client, clock| {
        let body = Body::Deleted([(writer(client), clock)].into_iter().collect());
        let at = At::Key("f", format!("@{}", writer(B)));
        update(&[span(B, 0, &[entry(&at, &Entry { body, ..payload(0) }.encode())])], &[])
    };
    assert_taken_after(&[hello()], &deleting(A, 5));
    assert_eq!(scan_after(&[hello()], &deleting(A, 6)), gap(A, 5, 6));
    assert_eq!(scan_after(&[hello()], &deleting(3, 1)), gap(3, 0, 1));
}

#[test]
fn an_entry_that_covers_text_is_refused() {
    let held = [update(&[span(A, 0, &[text(&BODY, "x"), entry(&key(A), &value(1))])], &[])];
    let covering = |clock| {
        let payload = Entry { covers: vec![dot(A, clock)], ..payload(0) };
        update(&[span(B, 0, &[entry(&key(B), &payload.encode())])], &[])
    };
    assert_taken_after(&held, &covering(1));
    assert_eq!(scan_after(&held, &covering(0)), diverged(Diverged::EntryCoversText));
}

#[test]
fn an_entry_after_an_entry_of_another_writer_is_refused() {
    let after = |client, clock| {
        update(&[span(client, clock, &[entry(&At::After(A, 0), &value(clock))])], &[])
    };
    assert_taken_after(&[one_entry()], &after(A, 1));
    assert_eq!(scan_after(&[one_entry()], &after(B, 0)), diverged(Diverged::EntryOrigin));
    let deleted = update(&[span(B, 0, &[gone(&At::After(A, 0), 1)])], &[]);
    assert_eq!(scan_after(&[one_entry()], &deleted), diverged(Diverged::EntryOrigin));
}

#[test]
fn a_payload_that_does_not_fit_the_key_it_takes_over_is_refused() {
    let after = |body| {
        let next = Entry { body, ..payload(1) }.encode();
        update(&[span(A, 1, &[entry(&At::After(A, 0), &next)])], &[])
    };
    assert_taken_after(&[one_entry()], &after(Body::Absent));
    let subtotal = scan_after(&[one_entry()], &after(Body::Subtotal { plus: 1, minus: 0 }));
    assert_eq!(subtotal, diverged(Diverged::EntryMisplaced));
    // Also where both come in one update.
    let subtotal = Entry { body: Body::Subtotal { plus: 1, minus: 0 }, ..payload(1) }.encode();
    let both = [entry(&key(A), &value(0)), entry(&At::After(A, 0), &subtotal)];
    assert_eq!(scan(&update(&[span(A, 0, &both)], &[])), diverged(Diverged::EntryMisplaced));
}

#[test]
fn text_next_to_an_entry_is_refused() {
    let held = [update(&[span(A, 0, &[text(&BODY, "x"), entry(&key(A), &value(1))])], &[])];
    let next = |at, block: fn(&At<'_>) -> Vec<u8>| update(&[span(A, 2, &[block(&at)])], &[]);
    let a_text = |at: &At<'_>| text(at, "y");
    let an_entry = |at: &At<'_>| entry(at, &value(2));
    assert_taken_after(&held, &next(At::After(A, 0), a_text));
    assert_taken_after(&held, &next(At::After(A, 1), an_entry));
    for (at, block) in [
        (At::After(A, 1), a_text as fn(&At<'_>) -> Vec<u8>),
        (At::Before(A, 1), a_text),
        (At::After(A, 0), an_entry),
        (At::Before(A, 1), |at| gone(at, 1)),
    ] {
        assert_eq!(scan_after(&held, &next(at, block)), diverged(Diverged::ContentDoesNotFit));
    }
}

#[test]
fn a_block_between_two_roots_is_refused() {
    let held = [
        hello(),
        update(&[span(B, 0, &[text(&At::Root("t0/title"), "x"), entry(&key(B), &value(1))])], &[]),
    ];
    let between = |right| update(&[span(5, 0, &[text(&At::Between((A, 0), right), "y")])], &[]);
    assert_taken_after(&held, &between((A, 1)));
    assert_eq!(scan_after(&held, &between((B, 0))), diverged(Diverged::NeighboursDiffer));
    assert_eq!(scan_after(&held, &between((B, 1))), diverged(Diverged::NeighboursDiffer));
}

#[test]
fn a_block_between_operations_that_never_were_neighbours_is_refused() {
    let between = |client, left, right| {
        let block = text(&At::Between((A, left), (A, right)), "x");
        update(&[span(client, if client == A { 5 } else { 0 }, &[block])], &[])
    };
    assert_taken_after(&[hello()], &between(B, 1, 2));
    assert_taken_after(&[hello()], &between(A, 1, 2));
    for (left, right) in [(2, 2), (3, 2), (4, 0), (1, 3)] {
        for client in [A, B] {
            let result = scan_after(&[hello()], &between(client, left, right));
            assert_eq!(result, diverged(Diverged::NeighboursApart));
        }
    }
    // Typed before what was there: the later clock stands on the left.
    let held = [hello(), update(&[span(A, 5, &[text(&At::Before(A, 0), "oh, ")])], &[])];
    assert_taken_after(&held, &between(B, 8, 0));
    assert_taken_after(&held, &between(B, 5, 6));
    let typed_on = update(&[span(A, 9, &[text(&At::Between((A, 8), (A, 0)), "hm ")])], &[]);
    assert_taken_after(&held, &typed_on);
    let within_what_was_typed_on =
        scan_after(&[&held[..], &[typed_on]].concat(), &between(B, 9, 6));
    assert_eq!(within_what_was_typed_on, diverged(Diverged::NeighboursApart));
}

#[test]
fn a_block_in_front_of_what_never_was_the_first_is_refused() {
    let before =
        |client, clock| update(&[span(3, 0, &[text(&At::Before(client, clock), "x")])], &[]);
    assert_taken_after(&[hello()], &before(A, 0));
    assert_eq!(scan_after(&[hello()], &before(A, 1)), diverged(Diverged::NeighboursApart));
    let two_at_the_front =
        update(&[span(B, 0, &[text(&At::Before(A, 0), "y"), text(&At::After(B, 0), "z")])], &[]);
    let held = [hello(), two_at_the_front];
    assert_taken_after(&held, &before(B, 0));
    assert_taken_after(&held, &before(A, 0));
    assert_eq!(scan_after(&held, &before(B, 1)), diverged(Diverged::NeighboursApart));
    let in_the_middle = update(&[span(B, 0, &[text(&At::Between((A, 0), (A, 1)), "y")])], &[]);
    let result = scan_after(&[hello(), in_the_middle], &before(B, 0));
    assert_eq!(result, diverged(Diverged::NeighboursApart));
}

#[test]
fn a_block_that_refers_into_its_known_part_is_refused() {
    let overlapping =
        |right| update(&[span(A, 3, &[text(&At::Between((A, 2), (A, right)), "lo world")])], &[]);
    for right in [3, 4] {
        assert_eq!(scan_after(&[hello()], &overlapping(right)), refused(Malformed::Cyclic));
    }
    let apart = scan_after(&[hello()], &overlapping(0));
    assert_eq!(apart, diverged(Diverged::NeighboursApart));
}

#[test]
fn a_block_may_overlap_what_is_known() {
    let longer = |run| update(&[span(A, 0, &[text(&BODY, run), text(&At::After(A, 0), "!")])], &[]);
    assert_taken_after(&[hello()], &hello());
    assert_taken_after(&[hello()], &longer("hello world"));
    let cut_in = update(&[span(A, 2, &[text(&At::After(A, 1), "llo you")])], &[]);
    assert_taken_after(&[hello()], &cut_in);
}

#[test]
fn a_block_that_continues_another_root_is_refused() {
    let overlapping = |at| update(&[span(A, 0, &[text(&at, "hello world")])], &[]);
    assert_taken_after(&[hello()], &overlapping(BODY));
    let elsewhere = overlapping(At::Root("t0/title"));
    assert_eq!(scan_after(&[hello()], &elsewhere), diverged(Diverged::OverlapDiffers));
    let after_entry = update(&[span(A, 0, &[gone(&BODY, 2)])], &[]);
    assert_eq!(scan_after(&[one_entry()], &after_entry), diverged(Diverged::OverlapDiffers));
}

#[test]
fn a_block_that_refers_to_itself_or_its_writers_future_is_refused() {
    for clock in [0, 1, 2, 100] {
        let blocks = [text(&At::After(A, clock), "x"), text(&BODY, "yz")];
        let after = scan(&update(&[span(A, 0, &blocks)], &[]));
        assert_eq!(after, refused(Malformed::Cyclic), "{clock}");
        let blocks = [text(&At::Before(A, clock), "x"), text(&BODY, "yz")];
        let before = scan(&update(&[span(A, 0, &blocks)], &[]));
        assert_eq!(before, refused(Malformed::Cyclic), "{clock}");
    }
    assert_taken(&update(&[span(A, 0, &[text(&BODY, "yz"), text(&At::After(A, 1), "x")])], &[]));
}

#[test]
fn blocks_that_refer_to_one_another_are_refused() {
    let circle = |back: At<'_>| {
        let spans = [
            span(B, 0, &[text(&At::After(A, 0), "x"), text(&BODY, "y")]),
            span(A, 0, &[text(&BODY, "z"), text(&back, "u")]),
        ];
        update(&spans, &[])
    };
    assert_taken(&circle(At::After(B, 1)));
    let wait_for_each_other = update(
        &[span(B, 0, &[text(&At::After(A, 1), "x")]), span(A, 0, &[text(&At::Before(B, 0), "zz")])],
        &[],
    );
    assert_eq!(scan(&wait_for_each_other), refused(Malformed::Cyclic));
    let through_a_third = update(
        &[
            span(B, 0, &[text(&At::After(A, 0), "x")]),
            span(A, 0, &[text(&At::After(3, 1), "y")]),
            span(3, 0, &[text(&BODY, "z"), text(&At::After(B, 0), "z")]),
        ],
        &[],
    );
    assert_eq!(scan(&through_a_third), refused(Malformed::Cyclic));
}

#[test]
fn more_writers_than_a_document_may_have_are_refused() {
    // Multiples of an odd number spread over the low bits.
    let spread = |index: u64| index.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 12;
    let mut clients: Vec<u64> = (1..=MAX_WRITERS as u64 + 1).map(spread).collect();
    let last = clients.pop().unwrap();
    clients.sort_unstable_by(|left, right| right.cmp(left));
    let spans: Vec<_> = clients.iter().map(|client| span(*client, 0, &[gone(&BODY, 1)])).collect();
    let full = known(&[update(&spans, &[])]);
    assert_eq!(full.state_vector().len(), MAX_WRITERS);
    let one_more = update(&[span(last, 0, &[gone(&BODY, 1)])], &[]);
    let refusal = full.check(&read(&one_more).unwrap());
    assert_eq!(refusal, no_room(Measure::Writers, MAX_WRITERS as u64));
    let of_a_known_one = update(&[span(clients[0], 1, &[gone(&BODY, 1)])], &[]);
    assert_eq!(full.check(&read(&of_a_known_one).unwrap()), Ok(()));
}

#[test]
fn more_texts_than_a_document_may_have_are_refused() {
    let texts: Vec<_> =
        (0..MAX_TEXTS).map(|text| gone(&At::Root(&format!("t{text}/a")), 1)).collect();
    let mut known = Known::new();
    for texts in texts.chunks(1 << 12) {
        let clock = known.clock(writer(A));
        known.absorb(&read(&update(&[span(A, clock, texts)], &[])).unwrap()).unwrap();
    }
    let next = |name| update(&[span(A, MAX_TEXTS as u32, &[text(&At::Root(name), "x")])], &[]);
    assert_eq!(known.check(&read(&next("t0/a")).unwrap()), Ok(()));
    let one_more = known.check(&read(&next("t0/b")).unwrap());
    assert_eq!(one_more, no_room(Measure::Texts, MAX_TEXTS as u64));
}
