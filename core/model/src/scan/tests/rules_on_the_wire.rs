//! Each rule of the first pass: the smallest update that breaks it, next to one that does not.

use super::build::*;
use crate::{
    limits::MAX_UPDATE_BYTES,
    scan::{CLOCK_BOUND, Malformed, read},
};

fn hello() -> Vec<u8> {
    update(&[span(A, 0, &[text(&BODY, "hello")])], &[])
}

#[test]
fn an_empty_update_is_taken() {
    assert_taken(&update(&[], &[]));
    assert!(read(&update(&[], &[])).unwrap().is_empty());
    assert!(!read(&hello()).unwrap().is_empty());
}

#[test]
fn an_update_over_the_size_cap_is_refused() {
    let of_len = |len: usize| {
        let room = len - update(&[span(A, 0, &[text(&BODY, "")])], &[]).len();
        // The run's length takes four bytes instead of one.
        update(&[span(A, 0, &[text(&BODY, &"x".repeat(room - 3))])], &[])
    };
    assert_taken(&of_len(MAX_UPDATE_BYTES));
    let over = of_len(MAX_UPDATE_BYTES + 1);
    assert_eq!(scan(&over), refused(Malformed::TooLarge { bytes: over.len() }));
}

#[test]
fn an_update_cut_anywhere_is_refused() {
    let whole = hello();
    assert_taken(&whole);
    for cut in 0..whole.len() {
        assert!(scan(&whole[..cut]).is_err(), "{cut}");
    }
    assert_eq!(scan(&[]), refused(Malformed::Truncated));
    assert_eq!(scan(&whole[..whole.len() - 1]), refused(Malformed::Truncated));
}

#[test]
fn bytes_behind_the_end_are_refused() {
    assert_taken(&hello());
    assert_eq!(scan(&[hello(), vec![0]].concat()), refused(Malformed::TrailingBytes));
}

#[test]
fn integers_in_a_longer_form_are_refused() {
    assert_taken(&[0, 0]);
    assert_eq!(scan(&[0x80, 0, 0]), refused(Malformed::Integer));
}

#[test]
fn integers_too_wide_are_refused() {
    let length = |len: &[u8]| {
        let run = [&[STRING | 0x80, A as u8, 0], len, b"x"].concat();
        update(&[span(A, 1, &[run])], &[])
    };
    let held = [update(&[span(A, 0, &[text(&BODY, "a")])], &[])];
    assert_taken_after(&held, &length(&[1]));
    // 2^32 + 1, which yrs wraps to 1.
    let wraps = length(&int((1 << 32) + 1));
    assert_eq!(scan_after(&held, &wraps), refused(Malformed::Integer));
    // 2^64 + 7, of which 7 is left in 64 bits.
    let by = |client: &[u8]| [&[1, 1], client, &[0], &text(&BODY, "x"), &[0]].concat();
    assert_taken(&by(&[7]));
    let wraps = by(&[0x87, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2]);
    assert_eq!(scan(&wraps), refused(Malformed::Integer));
    assert_eq!(scan(&[&[0xff; 9][..], &[2]].concat()), refused(Malformed::Integer));
    assert_eq!(scan(&[0xff; 20]), refused(Malformed::Integer));
}

#[test]
fn counts_beyond_the_bytes_left_are_refused() {
    assert_taken(&hello());
    assert_taken_after(&[hello()], &[vec![0, 1], deleted(A, &[(0, 1)])].concat());
    for count in [hello().len() as u64, u64::from(u32::MAX)] {
        let mut writers = hello();
        writers.splice(..1, int(count));
        assert_eq!(scan(&writers), refused(Malformed::CountBeyondBytes));
        let mut blocks = hello();
        blocks.splice(1..2, int(count));
        assert_eq!(scan(&blocks), refused(Malformed::CountBeyondBytes));
        let deletions = [vec![0], int(count), deleted(A, &[(0, 1)])].concat();
        assert_eq!(scan(&deletions), refused(Malformed::CountBeyondBytes));
        let ranges = [vec![0, 1], int(A), int(count), vec![0, 1]].concat();
        assert_eq!(scan(&ranges), refused(Malformed::CountBeyondBytes));
    }
}

#[test]
fn lengths_beyond_the_bytes_left_are_refused() {
    let of_len = |len| {
        let run = [vec![STRING, 1], bytes(b"t0/a"), int(len), b"x".to_vec()].concat();
        [int(1), span(A, 0, &[run])].concat()
    };
    assert_taken(&[of_len(1), vec![0]].concat());
    assert_eq!(scan(&of_len(2)), refused(Malformed::LengthBeyondBytes));
}

#[test]
fn strings_that_are_not_utf8_are_refused() {
    let run = |bytes_: &[u8]| update(&[span(A, 0, &[block(&BODY, STRING, &bytes(bytes_))])], &[]);
    assert_taken(&run("é".as_bytes()));
    assert_eq!(scan(&run(&[0xc3])), refused(Malformed::NotUtf8));
    // A lone surrogate.
    assert_eq!(scan(&run(&[0xed, 0xa0, 0x80])), refused(Malformed::NotUtf8));
}

#[test]
fn clients_of_2_to_the_53_are_refused() {
    let by = |client| update(&[span(client, 0, &[text(&BODY, "x")])], &[]);
    assert_taken(&by((1 << 52) - 1));
    let founder = (1 << 53) - 1;
    let root = format!("t0.{}/body", dot(founder, 0));
    assert_taken(&update(&[span(founder, 0, &[text(&At::Root(&root), "x")])], &[]));
    assert_eq!(scan(&by(1 << 53)), refused(Malformed::ClientOutOfBounds));
    let deletes = update(&[], &[deleted(1 << 53, &[(0, 1)])]);
    assert_eq!(scan(&deletes), refused(Malformed::ClientOutOfBounds));
}

#[test]
fn clocks_of_2_to_the_31_are_refused() {
    let far = |len| update(&[span(A, 0, &[gone(&BODY, len)])], &[]);
    assert_taken(&far(CLOCK_BOUND - 1));
    assert_eq!(scan(&far(CLOCK_BOUND)), refused(Malformed::ClockOutOfBounds));
    assert_eq!(scan(&far(u32::MAX)), refused(Malformed::ClockOutOfBounds));

    let held = [far(CLOCK_BOUND - 2)];
    let next =
        |clock, run| update(&[span(A, clock, &[text(&At::After(A, CLOCK_BOUND - 3), run)])], &[]);
    assert_taken_after(&held, &next(CLOCK_BOUND - 2, "x"));
    let over = scan_after(&held, &next(CLOCK_BOUND - 2, "xy"));
    assert_eq!(over, refused(Malformed::ClockOutOfBounds));
    let over = scan_after(&held, &next(CLOCK_BOUND, "x"));
    assert_eq!(over, refused(Malformed::ClockOutOfBounds));

    let deletes = |clock, len| update(&[], &[deleted(A, &[(clock, len)])]);
    assert_taken_after(&held, &deletes(0, CLOCK_BOUND - 2));
    for (clock, len) in [(CLOCK_BOUND - 1, 1), (CLOCK_BOUND, 1), (1, u32::MAX)] {
        let over = scan_after(&held, &deletes(clock, len));
        assert_eq!(over, refused(Malformed::ClockOutOfBounds));
    }
    let refers = update(&[span(B, 0, &[text(&At::After(A, CLOCK_BOUND), "x")])], &[]);
    assert_eq!(scan_after(&held, &refers), refused(Malformed::ClockOutOfBounds));
}

#[test]
fn writers_out_of_order_or_twice_are_refused() {
    let by = |client| span(client, 0, &[text(&BODY, "x")]);
    assert_taken(&update(&[by(B), by(A)], &[]));
    assert_eq!(scan(&update(&[by(A), by(B)], &[])), refused(Malformed::WritersUnsorted));
    assert_eq!(scan(&update(&[by(A), by(A)], &[])), refused(Malformed::WritersUnsorted));
}

#[test]
fn writers_without_blocks_are_refused() {
    let with =
        |blocks: &[Vec<u8>]| update(&[span(A, 0, blocks), span(1, 0, &[text(&BODY, "x")])], &[]);
    assert_taken(&with(&[text(&BODY, "x")]));
    assert_eq!(scan(&with(&[])), refused(Malformed::EmptyWriter));
}

#[test]
fn empty_blocks_are_refused() {
    let runs = |run| update(&[span(A, 0, &[text(&BODY, run)])], &[]);
    assert_taken(&runs("x"));
    assert_eq!(scan(&runs("")), refused(Malformed::EmptyBlock));
    let deletions = |len| update(&[span(A, 0, &[gone(&BODY, len)])], &[]);
    assert_taken(&deletions(1));
    assert_eq!(scan(&deletions(0)), refused(Malformed::EmptyBlock));
}

#[test]
fn skip_blocks_are_refused() {
    let with = |first| update(&[span(A, 0, &[first, text(&BODY, "x")])], &[]);
    assert_taken(&with(gone(&BODY, 3)));
    assert_eq!(scan(&with(vec![10, 3])), refused(Malformed::SkipBlock));
}

#[test]
fn blocks_without_a_place_are_refused() {
    let with = |first| update(&[span(A, 0, &[first, text(&BODY, "x")])], &[]);
    assert_taken(&with(gone(&BODY, 3)));
    assert_eq!(scan(&with(vec![0, 3, 0, 0])), refused(Malformed::GarbageBlock));
}

#[test]
fn content_off_the_allow_list_is_refused() {
    let of = |info: u8, content: &[u8]| {
        let block = [&[info, 1][..], &bytes(b"t0/body"), content].concat();
        update(&[span(A, 0, &[block])], &[])
    };
    assert_taken(&of(STRING, &bytes(b"x")));
    let empty_type_and_others: [(u8, &[u8]); 12] = [
        (2, &[1, 1, b'1']),
        (3, &[1, 1]),
        (5, &[1, b'1']),
        (6, &[1, b'b', 1, b'1']),
        (7, &[0]),
        (9, &[1, b'g', 126]),
        (11, &[0]),
        (12, &[0]),
        (13, &[0]),
        (14, &[0]),
        (15, &[0]),
        (STRING | 0x10, &[1, b'x']),
    ];
    for (info, content) in empty_type_and_others {
        assert_eq!(scan(&of(info, content)), refused(Malformed::ContentKind { info }));
    }
    // Garbage and skips by another name.
    for info in [0x20, 0x20 | 10] {
        assert_eq!(scan(&of(info, &[1, 1])), refused(Malformed::ContentKind { info }));
    }
}

#[test]
fn nested_blocks_are_refused() {
    let in_a_root = [text(&BODY, "x"), text(&BODY, "x")];
    assert_taken(&update(&[span(A, 0, &in_a_root)], &[]));
    for parent in [0, 2, 3] {
        let nested = [vec![STRING, parent, A as u8, 0], bytes(b"x")].concat();
        let update = update(&[span(A, 0, &[text(&BODY, "x"), nested])], &[]);
        assert_eq!(scan(&update), refused(Malformed::NestedParent));
    }
}

#[test]
fn roots_of_another_name_are_refused() {
    let under = |name| update(&[span(A, 0, &[text(&At::Root(name), "x")])], &[]);
    assert_taken(&under("t0/body"));
    assert_taken(&under("t17/a/b"));
    let deep = format!("t0{}", "/a".repeat(33));
    let long = format!("t0/{}", "a".repeat(1024));
    for name in ["", "t", "t0", "t00/body", "t/body", "x0/body", "t0/~4", "t0body", &deep, &long] {
        assert_eq!(scan(&under(name)), refused(Malformed::RootName), "{name}");
    }
}

#[test]
fn text_among_the_entries_is_refused() {
    let misplaced = [
        text(&At::Root("f"), "x"),
        text(&key(A), "x"),
        gone(&At::Root("f"), 1),
        entry(&BODY, &value(0)),
        entry(&At::Key("t0/body", format!("/a@{}", writer(A))), &value(0)),
        text(&At::Key("t0/body", format!("/a@{}", writer(A))), "x"),
    ];
    for block in misplaced {
        let update = update(&[span(A, 0, &[block])], &[]);
        assert_eq!(scan(&update), refused(Malformed::ContentDoesNotFit));
    }
    assert_taken(&update(&[span(A, 0, &[gone(&key(A), 1)])], &[]));
}

#[test]
fn deletions_out_of_order_or_overlapping_are_refused() {
    let held =
        [update(&[span(B, 0, &[text(&BODY, "x")]), span(A, 0, &[text(&BODY, "abcdef")])], &[])];
    let deletes = |deletions: &[Vec<u8>]| scan_after(&held, &update(&[], deletions));
    assert_taken_after(
        &held,
        &update(&[], &[deleted(A, &[(0, 2), (2, 1), (4, 1)]), deleted(B, &[(0, 1)])]),
    );
    for ranges in [[(2, 1), (0, 1)], [(0, 2), (1, 1)], [(0, 1), (0, 1)]] {
        assert_eq!(deletes(&[deleted(A, &ranges)]), refused(Malformed::DeletionsUnsorted));
    }
    for writers in [[B, A], [A, A]] {
        let deletions = writers.map(|client| deleted(client, &[(0, 1)]));
        assert_eq!(deletes(&deletions), refused(Malformed::DeletionsUnsorted));
    }
}

#[test]
fn deletions_of_nothing_are_refused() {
    let held = [update(&[span(A, 0, &[text(&BODY, "abc")])], &[])];
    let deletes = |ranges: &[(u32, u32)]| update(&[], &[deleted(A, ranges)]);
    assert_taken_after(&held, &deletes(&[(0, 1)]));
    let empty_range = scan_after(&held, &deletes(&[(0, 0)]));
    assert_eq!(empty_range, refused(Malformed::EmptyDeletion));
    let empty_writer = update(&[], &[deleted(A, &[]), deleted(B, &[(0, 1), (2, 1)])]);
    assert_eq!(scan_after(&held, &empty_writer), refused(Malformed::EmptyDeletion));
}
