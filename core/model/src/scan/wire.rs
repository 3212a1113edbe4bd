//! The primitives of lib0's V1 encoding, read strictly.

use super::{CLOCK_BOUND, Malformed};
use crate::ids::{Dot, Incarnation};

/// A cursor that hands out slices of its input and allocates nothing.
#[derive(Clone, Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn byte(&mut self) -> Result<u8, Malformed> {
        let (byte, rest) = self.rest.split_first().ok_or(Malformed::Truncated)?;
        self.rest = rest;
        Ok(*byte)
    }

    /// A LEB128 integer in its shortest form. (yrs wraps what is too wide.)
    fn u64(&mut self) -> Result<u64, Malformed> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return Err(Malformed::Integer);
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                let is_shortest = byte != 0 || shift == 0;
                return if is_shortest { Ok(value) } else { Err(Malformed::Integer) };
            }
        }
        Err(Malformed::Integer)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Malformed> {
        u32::try_from(self.u64()?).map_err(|_| Malformed::Integer)
    }

    /// A number of things that take at least `min_bytes` each.
    pub(super) fn count(&mut self, min_bytes: usize) -> Result<u32, Malformed> {
        let count = self.u32()?;
        if count as usize > self.rest.len() / min_bytes {
            return Err(Malformed::CountBeyondBytes);
        }
        Ok(count)
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let len = self.u32()? as usize;
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or(Malformed::LengthBeyondBytes)?;
        self.rest = rest;
        Ok(bytes)
    }

    pub(super) fn text(&mut self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Malformed::NotUtf8)
    }

    pub(super) fn client(&mut self) -> Result<Incarnation, Malformed> {
        Incarnation::from_client(self.u64()?).ok_or(Malformed::ClientOutOfBounds)
    }

    pub(super) fn clock(&mut self) -> Result<u32, Malformed> {
        let clock = self.u64()?;
        if clock >= u64::from(CLOCK_BOUND) {
            return Err(Malformed::ClockOutOfBounds);
        }
        Ok(clock as u32)
    }

    pub(super) fn dot(&mut self) -> Result<Dot, Malformed> {
        Ok(Dot { incarnation: self.client()?, clock: self.clock()? })
    }
}
