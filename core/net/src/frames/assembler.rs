//! Puts frames together from the pieces in which they arrive. No I/O.

use crate::error::ReceiveError;

/// What is set aside on the word of a length alone, in bytes.
const FIRST_CHUNK: usize = 4 * 1024;

#[derive(Debug)]
pub(super) struct Assembler {
    limit: usize,
    head: [u8; 4],
    head_filled: usize,
    body: Vec<u8>,
}

impl Assembler {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, head: [0; 4], head_filled: 0, body: Vec::new() }
    }

    pub(super) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// How many bytes the frame at hand still needs before [`push`](Self::push) can use more;
    /// at least one.
    pub(super) fn wanted(&self) -> Result<usize, ReceiveError> {
        if self.head_filled < self.head.len() {
            return Ok(self.head.len() - self.head_filled);
        }
        let length = self.length();
        if length > self.limit && self.body.is_empty() {
            return Err(ReceiveError::TooLarge { length, limit: self.limit });
        }
        Ok(length - self.body.len())
    }

    /// Adds bytes, no more than were wanted; gives the frame that they complete.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        if self.head_filled < self.head.len() {
            let filled = self.head_filled + bytes.len();
            self.head[self.head_filled..filled].copy_from_slice(bytes);
            self.head_filled = filled;
            if filled < self.head.len() || self.length() > 0 {
                return None;
            }
        } else {
            if self.body.capacity() == 0 {
                self.body.reserve(self.length().min(FIRST_CHUNK));
            }
            self.body.extend_from_slice(bytes);
            if self.body.len() < self.length() {
                return None;
            }
        }
        self.head_filled = 0;
        Some(std::mem::take(&mut self.body))
    }

    pub(super) fn is_between_frames(&self) -> bool {
        self.head_filled == 0
    }

    fn length(&self) -> usize {
        u32::from_be_bytes(self.head) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds a stream in pieces of at most `piece` bytes.
    fn frames(stream: &[u8], limit: usize, piece: usize) -> Result<Vec<Vec<u8>>, ReceiveError> {
        let mut assembler = Assembler::new(limit);
        let mut frames = Vec::new();
        let mut rest = stream;
        while !rest.is_empty() {
            let (bytes, tail) = rest.split_at(assembler.wanted()?.min(piece).min(rest.len()));
            frames.extend(assembler.push(bytes));
            rest = tail;
        }
        Ok(frames)
    }

    #[test]
    fn frames_come_out_whole_however_they_are_cut() {
        let stream = b"\0\0\0\x03abc\0\0\0\0\0\0\0\x02de";
        for piece in 1..=stream.len() {
            let whole = frames(stream, 3, piece).unwrap();
            assert_eq!(whole, [b"abc".to_vec(), b"".to_vec(), b"de".to_vec()], "pieces of {piece}");
        }
    }

    #[test]
    fn a_length_over_the_limit_is_refused_without_allocation() {
        let mut assembler = Assembler::new(4096);
        assert_eq!(assembler.push(&u32::MAX.to_be_bytes()), None);
        assert_eq!(
            assembler.wanted(),
            Err(ReceiveError::TooLarge { length: u32::MAX as usize, limit: 4096 })
        );
        assert_eq!(assembler.body.capacity(), 0);

        let mut neighbour = Assembler::new(4096);
        assert_eq!(neighbour.push(&4096_u32.to_be_bytes()), None);
        assert_eq!(neighbour.wanted(), Ok(4096));
    }

    #[test]
    fn memory_follows_the_bytes_that_arrive_and_not_the_length() {
        let mut assembler = Assembler::new(usize::MAX);
        assembler.push(&(1_u32 << 30).to_be_bytes());
        assembler.push(&[0; 10]);
        assert!(assembler.body.capacity() <= FIRST_CHUNK, "{}", assembler.body.capacity());
        assembler.push(&[0; 50_000]);
        assert!(assembler.body.capacity() <= 128 * 1024, "{}", assembler.body.capacity());
    }

    #[test]
    fn a_raised_limit_admits_the_frame_that_waits() {
        let mut assembler = Assembler::new(1);
        assembler.push(&2_u32.to_be_bytes());
        assert!(assembler.wanted().is_err());
        assembler.set_limit(2);
        assert_eq!(assembler.wanted(), Ok(2));
        assert_eq!(assembler.push(b"ok"), Some(b"ok".to_vec()));
        assert!(assembler.is_between_frames());
    }
}
