//! Each rule of the first pass for entries: the smallest update that breaks it, next to one that
//! does not.

use super::build::*;
use crate::{
    entry::{BadEntry, Body, Entry},
    scan::Malformed,
};

#[test]
fn entries_with_a_right_neighbour_are_refused() {
    let held = [update(&[span(A, 0, &[entry(&key(A), &value(0))])], &[])];
    let next = |at| update(&[span(A, 1, &[entry(&at, &value(1))])], &[]);
    assert_taken_after(&held, &next(At::After(A, 0)));
    let before = scan_after(&held, &next(At::Before(A, 0)));
    assert_eq!(before, refused(Malformed::ContentDoesNotFit));
}

#[test]
fn entries_that_are_not_one_buffer_are_refused() {
    let of = |content: &[u8]| update(&[span(A, 0, &[block(&key(A), ANY, content)])], &[]);
    let buffer = [vec![116], bytes(&value(0))].concat();
    assert_taken(&of(&[&[1], &buffer[..]].concat()));
    let other: [&[u8]; 5] =
        [&[0], &[2, 126, 126], &[1, 125, 1], &[1, 117, 0], &[&[2], &buffer[..], &buffer].concat()];
    for content in other {
        assert_eq!(scan(&of(content)), refused(Malformed::EntryNotOneBuffer));
    }
}

#[test]
fn keys_that_are_not_canonical_are_refused() {
    let under = |key: String| update(&[span(A, 0, &[entry(&At::Key("f", key), &value(0))])], &[]);
    assert_taken(&under(format!("/a@{}.3", writer(A))));
    for key in
        [String::new(), "/a".into(), format!("/a@{}.0", writer(A)), format!("a@{}", writer(A))]
    {
        assert_eq!(scan(&under(key)), refused(Malformed::EntryKey));
    }
    // A deleted entry still has its key.
    let deleted = update(&[span(A, 0, &[gone(&At::Key("f", "/a".into()), 1)])], &[]);
    assert_eq!(scan(&deleted), refused(Malformed::EntryKey));
}

#[test]
fn entries_under_the_key_of_another_writer_are_refused() {
    let by = |client| update(&[span(client, 0, &[entry(&key(A), &value(0))])], &[]);
    assert_taken(&by(A));
    assert_eq!(scan(&by(B)), refused(Malformed::EntryWriter));
}

#[test]
fn payloads_that_are_no_entry_are_refused() {
    let of = |payload: &[u8]| update(&[span(A, 0, &[entry(&key(A), payload)])], &[]);
    assert_taken(&of(&value(0)));
    for payload in [&[][..], &[0xf6], &[value(0), vec![0]].concat()] {
        let bad = Entry::decode(payload).unwrap_err();
        assert_eq!(scan(&of(payload)), refused(Malformed::EntryPayload(bad)));
    }
    let deep = [vec![0x84, 0, 0, 0], vec![0x81; 40], vec![0xf6]].concat();
    let bad = BadEntry("a value is nested too deep");
    assert_eq!(scan(&of(&deep)), refused(Malformed::EntryPayload(bad)));
}

#[test]
fn payloads_that_do_not_fit_their_key_are_refused() {
    let subtotal = Entry { body: Body::Subtotal { plus: 1, minus: 0 }, ..payload(0) }.encode();
    let under = |key: String| update(&[span(A, 0, &[entry(&At::Key("f", key), &subtotal)])], &[]);
    assert_taken(&under(format!("+0/a@{}", writer(A))));
    assert_eq!(scan(&under(format!("/a@{}", writer(A)))), refused(Malformed::EntryMisplaced));
}

#[test]
fn payloads_that_state_another_clock_are_refused() {
    let of = |clock| {
        let blocks = [text(&BODY, "ab"), entry(&key(A), &value(clock))];
        update(&[span(A, 0, &blocks)], &[])
    };
    assert_taken(&of(2));
    assert_eq!(scan(&of(1)), refused(Malformed::EntryClock));
    assert_eq!(scan(&of(3)), refused(Malformed::EntryClock));
}

#[test]
fn entries_that_cover_themselves_or_their_future_are_refused() {
    let held = [update(&[span(A, 0, &[entry(&key(A), &value(0))])], &[])];
    let covering = |clock| {
        let entry_ = Entry { covers: vec![dot(A, clock)], ..payload(1) };
        update(&[span(A, 1, &[entry(&At::After(A, 0), &entry_.encode())])], &[])
    };
    assert_taken_after(&held, &covering(0));
    for clock in [1, 2] {
        let result = scan_after(&held, &covering(clock));
        assert_eq!(result, refused(Malformed::EntryCoversItself));
    }
    let deleting = |clock| {
        let body = Body::Deleted([(writer(A), clock)].into_iter().collect());
        let at = At::Key("f", format!("@{}", writer(A)));
        update(&[span(A, 1, &[entry(&at, &Entry { body, ..payload(1) }.encode())])], &[])
    };
    assert_taken_after(&held, &deleting(1));
    assert_eq!(scan_after(&held, &deleting(2)), refused(Malformed::EntryCoversItself));
}
