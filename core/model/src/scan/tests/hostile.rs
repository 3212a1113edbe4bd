//! Updates that made yrs abort, hang, jump or reserve a gigabyte.

use super::build::*;
use crate::scan::{Diverged, Gap, Known, Malformed, Refusal, read};

#[test]
fn arrays_nested_until_the_stack_overflows_are_refused() {
    // `Any::decode` recurses: 12.5 kB overflow a stack of 2 MiB, and nothing catches that.
    let nested = [vec![1], [117, 1].repeat(500_000), vec![126]].concat();
    let update_ = update(&[span(A, 0, &[block(&key(A), ANY, &nested)])], &[]);
    assert_eq!(scan(&update_), refused(Malformed::EntryNotOneBuffer));
    let maps = [vec![1], [118, 1, 0].repeat(500_000), vec![126]].concat();
    let update_ = update(&[span(A, 0, &[block(&key(A), ANY, &maps)])], &[]);
    assert_eq!(scan(&update_), refused(Malformed::EntryNotOneBuffer));
}

#[test]
fn a_payload_nested_until_the_stack_overflows_is_refused() {
    let nested = [&[0x84, 0, 0, 0][..], &[0x81; 1 << 19], &[0xf6]].concat();
    let result = scan(&update(&[span(A, 0, &[entry(&key(A), &nested)])], &[]));
    assert!(matches!(result, Err(Refusal::Malformed(Malformed::EntryPayload(_)))));
}

#[test]
fn an_emoji_under_a_root_that_is_read_as_another_type_is_refused() {
    // Reading such a map or array loops for ever.
    for root in ["f", "list"] {
        let emoji = update(&[span(A, 0, &[text(&At::Root(root), "😀")])], &[]);
        assert!(matches!(scan(&emoji), Err(Refusal::Malformed(_))), "{root}");
    }
}

#[test]
fn a_clock_that_jumps_to_the_end_is_refused() {
    let jump = update(&[span(A, u32::MAX - 15, &[text(&BODY, "x")])], &[]);
    assert_eq!(scan(&jump), refused(Malformed::ClockOutOfBounds));
    let within_bounds = update(&[span(A, 1 << 30, &[text(&BODY, "x")])], &[]);
    let gap = Gap { writer: writer(A), have: 0, needs: 1 << 30 };
    assert_eq!(scan(&within_bounds), Err(Refusal::Gap(gap)));
    let by_length = update(&[span(A, 0, &[gone(&BODY, u32::MAX - 15)])], &[]);
    assert_eq!(scan(&by_length), refused(Malformed::ClockOutOfBounds));
}

#[test]
fn client_ids_chosen_to_collide_are_refused() {
    let spans = |clients: &mut dyn Iterator<Item = u64>| {
        let mut clients: Vec<_> = clients.collect();
        clients.reverse();
        let spans: Vec<_> =
            clients.iter().map(|client| span(*client, 0, &[text(&BODY, "x")])).collect();
        update(&spans, &[])
    };
    let chosen = spans(&mut (0..8192).map(|high| high << 39 | 5));
    assert_eq!(scan(&chosen), diverged(Diverged::CrowdedWriters));
    let honest = spans(&mut (0..8192).map(|client| client << 29 | client));
    assert_taken(&honest);
    let crowd = |size: u64| spans(&mut (0..size).map(|high| high << 39 | 5));
    assert_taken(&crowd(64));
    assert_eq!(scan(&crowd(65)), diverged(Diverged::CrowdedWriters));
    // Nor do they come in one by one.
    let mut known = Known::new();
    let mut taken = 0;
    for high in 0..8192u64 {
        let one = spans(&mut [high << 39 | 5].into_iter());
        taken += u32::from(known.absorb(&read(&one).unwrap()).is_ok());
    }
    assert_eq!(taken, 64);
}

#[test]
fn reservations_that_the_wire_asks_for_are_refused() {
    let huge = int(u64::from(u32::MAX));
    let writers = [&huge[..], &[1, 7, 0]].concat();
    assert_eq!(scan(&writers), refused(Malformed::CountBeyondBytes));
    let blocks = [&[1][..], &huge, &[7, 0]].concat();
    assert_eq!(scan(&blocks), refused(Malformed::CountBeyondBytes));
    let values = block(&key(A), ANY, &huge);
    let values = update(&[span(A, 0, &[values])], &[]);
    assert_eq!(scan(&values), refused(Malformed::EntryNotOneBuffer));
    let buffer = block(&key(A), ANY, &[&[1, 116][..], &huge].concat());
    let buffer = update(&[span(A, 0, &[buffer])], &[]);
    assert_eq!(scan(&buffer), refused(Malformed::LengthBeyondBytes));
}

#[test]
fn thousands_of_updates_that_miss_something_are_gaps_and_cost_nothing() {
    let known = Known::new();
    for clock in 1..4000 {
        let hangs = update(&[span(A, clock, &[text(&BODY, "x")])], &[]);
        let verdict = known.check(&read(&hangs).unwrap());
        assert!(matches!(verdict, Err(Refusal::Gap(_))));
    }
    assert!(known.state_vector().is_empty());
}

#[test]
fn a_circle_through_every_writer_is_refused() {
    // yrs would keep it pending for ever.
    let last = 2_000;
    let spans: Vec<_> = (1..=last)
        .rev()
        .map(|client| {
            span(client << 32 | client, 0, &{
                let next = client % last + 1;
                [text(&At::After(next << 32 | next, 0), "x")]
            })
        })
        .collect();
    assert_eq!(scan(&update(&spans, &[])), refused(Malformed::Cyclic));
}

#[test]
fn a_chain_through_every_writer_is_walked_without_recursion() {
    let last = 20_000u64;
    let client = |index: u64| (last - index) << 32 | index;
    let spans: Vec<_> = (0..last)
        .map(|index| {
            let at = if index + 1 == last { BODY } else { At::After(client(index + 1), 0) };
            span(client(index), 0, &[text(&at, "x")])
        })
        .collect();
    assert_eq!(scan(&update(&spans, &[])), Ok(()));
}

#[test]
fn one_long_run_is_counted_once_however_often_others_wait_for_it() {
    // Each block of A waits for the next of B, in front of which stands a long run.
    let long = "x".repeat(1 << 20);
    let turns = 20_000;
    let by_b: Vec<_> = (0..turns).map(|_| text(&BODY, "b")).collect();
    let by_a: Vec<_> = [text(&BODY, &long)]
        .into_iter()
        .chain((0..turns).map(|turn| text(&At::After(B, turn), "a")))
        .collect();
    assert_eq!(scan(&update(&[span(B, 0, &by_b), span(A, 0, &by_a)], &[])), Ok(()));
}

#[test]
fn two_writers_that_wait_for_each_other_in_turns_are_taken() {
    let turns = 2_000;
    let after = |client, clock| text(&At::After(client, clock), "x");
    let by_b: Vec<_> = (0..turns).map(|turn| after(A, turn)).collect();
    let by_a: Vec<_> =
        [text(&BODY, "x")].into_iter().chain((1..turns).map(|turn| after(B, turn - 1))).collect();
    assert_taken(&update(&[span(B, 0, &by_b), span(A, 0, &by_a)], &[]));
}

#[test]
fn a_text_of_blocks_that_each_search_all_of_it_is_refused() {
    // 35 kB take yrs four seconds, 143 kB a minute.
    let run = text(&BODY, &"x".repeat(20_000));
    let at_the_front = (1..20_000).map(|right| text(&At::Before(A, right), "y"));
    let blocks: Vec<_> = [run.clone()].into_iter().chain(at_the_front).collect();
    let result = scan(&update(&[span(A, 0, &blocks)], &[]));
    assert_eq!(result, diverged(Diverged::NeighboursApart));
    let behind_the_first = (2..20_000).map(|right| text(&At::Between((A, 0), (A, right)), "y"));
    let blocks: Vec<_> = [run].into_iter().chain(behind_the_first).collect();
    let result = scan(&update(&[span(A, 0, &blocks)], &[]));
    assert_eq!(result, diverged(Diverged::NeighboursApart));
}
