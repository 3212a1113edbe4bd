//! The bulk of a frame: documents or a part of one, compressed where that helps.

use std::borrow::Cow;

use minicbor::{Decode, Encode, bytes::ByteSlice};

use crate::{
    error::FrameError,
    limits::{COMPRESS_ABOVE, MAX_UNPACKED_BYTES},
    wire,
};

/// zstd's fastest level: the link is a local network, and a batch is small.
const LEVEL: i32 = 1;

/// Bytes as they travel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Content {
    /// The bytes, or one zstd frame (RFC 8878) that holds them.
    pub bytes: Vec<u8>,
    /// For a zstd frame, the number of bytes in it.
    pub unpacked: Option<u32>,
}

/// One document in the content of a `Docs`, `Push` or `Unit` frame.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct DocEntry<'b> {
    /// The collection's name.
    #[b(0)]
    pub collection: &'b str,
    /// The document's id in it.
    #[b(1)]
    pub key: &'b str,
    /// The generation that the update belongs to.
    #[n(2)]
    pub generation: u32,
    /// What the sender holds, where that was asked for.
    #[b(3)]
    pub state_vector: Option<&'b ByteSlice>,
    /// The update in yrs V1 encoding, or the first part of it.
    #[b(4)]
    pub update: &'b ByteSlice,
    /// The length of the whole update, if parts of it follow in `Chunk` frames.
    #[n(5)]
    pub total: Option<u32>,
    /// In a diff, the digest of the document that the sender holds.
    #[b(6)]
    pub digest: Option<&'b ByteSlice>,
}

impl Content {
    /// Packs bytes, compressing them if they are long enough and shrink.
    pub fn pack(bytes: Vec<u8>) -> Self {
        if bytes.len() > COMPRESS_ABOVE
            && let Ok(unpacked) = u32::try_from(bytes.len())
            && let Ok(packed) = zstd::bulk::compress(&bytes, LEVEL)
            && packed.len() < bytes.len()
        {
            return Self { bytes: packed, unpacked: Some(unpacked) };
        }
        Self { bytes, unpacked: None }
    }

    /// Packs documents.
    pub fn pack_documents(documents: &[DocEntry<'_>]) -> Self {
        Self::pack(minicbor::to_vec(documents).unwrap_or_default())
    }

    /// The bytes, decompressed within the bound of [`MAX_UNPACKED_BYTES`].
    ///
    /// # Errors
    /// `FrameError::Content` if they are longer than they say or than the bound allows.
    pub fn unpack(&self) -> Result<Cow<'_, [u8]>, FrameError> {
        let Some(length) = self.unpacked else { return Ok(Cow::Borrowed(&self.bytes)) };
        let length = length as usize;
        if length > MAX_UNPACKED_BYTES {
            return Err(FrameError::Content);
        }
        let bytes = zstd::bulk::decompress(&self.bytes, length).map_err(|_| FrameError::Content)?;
        if bytes.len() == length { Ok(Cow::Owned(bytes)) } else { Err(FrameError::Content) }
    }

    /// The documents in unpacked bytes.
    ///
    /// # Errors
    /// `FrameError::Content` if the bytes are something else.
    pub fn documents(unpacked: &[u8]) -> Result<Vec<DocEntry<'_>>, FrameError> {
        wire::check(unpacked).map_err(|_| FrameError::Content)?;
        minicbor::decode(unpacked).map_err(|_| FrameError::Content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_survives_packing_and_long_content_shrinks() {
        for length in [0, 100, 2000, MAX_UNPACKED_BYTES] {
            let bytes: Vec<u8> = (0..length).map(|index| (index / 40) as u8).collect();
            let content = Content::pack(bytes.clone());
            assert_eq!(content.unpacked.is_some(), length > COMPRESS_ABOVE);
            assert!(content.bytes.len() <= length.div_ceil(2).max(100));
            assert_eq!(*content.unpack().unwrap(), *bytes);
        }
    }

    #[test]
    fn a_bomb_is_refused_whatever_length_it_claims() {
        let packed = zstd::bulk::compress(&vec![0; 64 << 20], LEVEL).unwrap();
        assert!(packed.len() < MAX_UNPACKED_BYTES);
        for claim in [0, 1, MAX_UNPACKED_BYTES as u32, 64 << 20, u32::MAX] {
            let bomb = Content { bytes: packed.clone(), unpacked: Some(claim) };
            assert_eq!(bomb.unpack(), Err(FrameError::Content));
        }
    }

    #[test]
    fn content_that_is_shorter_than_it_says_is_refused() {
        let packed = zstd::bulk::compress(&[7; 5000], LEVEL).unwrap();
        let content = |unpacked| Content { bytes: packed.clone(), unpacked: Some(unpacked) };
        assert!(content(5000).unpack().is_ok());
        assert_eq!(content(5001).unpack(), Err(FrameError::Content));
        assert_eq!(content(4999).unpack(), Err(FrameError::Content));
    }
}
