//! CBOR as Dunlin accepts it: definite lengths, shallow, nothing left over.

use minicbor::{Decoder, data::Type, decode::Error};

use crate::limits::{MAX_CBOR_DEPTH, MAX_CBOR_ITEMS};

/// Checks that the bytes are exactly one CBOR item of definite lengths and bounded depth.
///
/// It runs before any decoder that builds values: afterwards no length on the wire exceeds the
/// bytes that are there, nothing nests deeper than [`MAX_CBOR_DEPTH`], and there are at most
/// [`MAX_CBOR_ITEMS`] items, so that values take little more memory than the bytes did.
pub(crate) fn check(bytes: &[u8]) -> Result<(), Error> {
    let mut decoder = Decoder::new(bytes);
    check_item(&mut decoder)?;
    if decoder.position() == bytes.len() { Ok(()) } else { Err(Error::message("trailing bytes")) }
}

/// Checks one item and leaves the decoder behind it.
pub(crate) fn check_item(decoder: &mut Decoder<'_>) -> Result<(), Error> {
    // How many items are left at each open level; a loop, since recursion is what it guards.
    let mut open = [0u64; MAX_CBOR_DEPTH + 1];
    let mut level = 0;
    let mut items = 0;
    open[0] = 1;
    loop {
        while open[level] == 0 {
            if level == 0 {
                return Ok(());
            }
            level -= 1;
        }
        open[level] -= 1;
        items += 1;
        if items > MAX_CBOR_ITEMS {
            return Err(Error::message("too many items"));
        }
        let children = match decoder.datatype()? {
            Type::Array => decoder.array()?.ok_or_else(indefinite)?,
            Type::Map => {
                let pairs = decoder.map()?.ok_or_else(indefinite)?;
                pairs.checked_mul(2).ok_or_else(|| Error::message("too long"))?
            }
            Type::Tag => {
                decoder.tag()?;
                1
            }
            Type::BytesIndef
            | Type::StringIndef
            | Type::ArrayIndef
            | Type::MapIndef
            | Type::Break
            | Type::Unknown(_) => return Err(indefinite()),
            _ => {
                decoder.skip()?;
                continue;
            }
        };
        let left = (decoder.input().len() - decoder.position()) as u64;
        if children > left {
            return Err(Error::end_of_input());
        }
        if children > 0 {
            level += 1;
            if level > MAX_CBOR_DEPTH {
                return Err(Error::message("nested too deeply"));
            }
            open[level] = children;
        }
    }
}

fn indefinite() -> Error {
    Error::message("not a definite item")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_items_pass_and_lengths_beyond_the_bytes_do_not() {
        assert!(check(&[0xa1, 0x00, 0x42, 1, 2]).is_ok());
        assert!(check(&[0xd2, 0x81, 0x63, b'a', b'b', b'c']).is_ok());
        assert!(check(&[0xa1, 0x00, 0x42, 1]).is_err());
        assert!(check(&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).is_err());
        assert!(check(&[0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).is_err());
        assert!(check(&[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).is_err());
        assert!(check(&[0x00, 0x00]).is_err());
        assert!(check(&[]).is_err());
    }

    #[test]
    fn depth_is_bounded_and_indefinite_lengths_are_refused() {
        let nested = |depth: usize| [vec![0x81; depth], vec![0x00]].concat();
        assert!(check(&nested(MAX_CBOR_DEPTH)).is_ok());
        assert!(check(&nested(MAX_CBOR_DEPTH + 1)).is_err());
        assert!(check(&nested(200_000)).is_err());
        let flat = |count: usize| {
            let head = [&[0x9a][..], &(count as u32).to_be_bytes()].concat();
            [head, vec![0x40; count]].concat()
        };
        assert!(check(&flat(MAX_CBOR_ITEMS - 1)).is_ok());
        assert!(check(&flat(MAX_CBOR_ITEMS)).is_err());
        assert!(check(&[0x9f, 0xff]).is_err());
        assert!(check(&[0x5f, 0x41, 0x00, 0xff]).is_err());
        assert!(check(&[vec![0xc1; 100_000], vec![0x00]].concat()).is_err());
    }
}
