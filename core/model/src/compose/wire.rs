//! The primitives of yrs' V1 encoding.

use std::{collections::BTreeMap, ops::Range};

use crate::ids::{Dot, Incarnation};

/// A LEB128 integer.
pub(super) fn put(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

pub(super) fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

pub(super) fn put_dot(dot: Dot, out: &mut Vec<u8>) {
    put(dot.incarnation.client(), out);
    put(dot.clock.into(), out);
}

/// A delete set of sorted ranges that do not touch.
pub(super) fn put_deletions(deleted: &BTreeMap<Incarnation, Vec<Range<u32>>>, out: &mut Vec<u8>) {
    put(deleted.len() as u64, out);
    for (writer, ranges) in deleted {
        put(writer.client(), out);
        put(ranges.len() as u64, out);
        for range in ranges {
            put(range.start.into(), out);
            put((range.end - range.start).into(), out);
        }
    }
}
