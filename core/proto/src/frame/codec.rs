//! The encoding of each frame: a type number and a map.

use dunlin_model::{Digest, DocHash, Measure, NoRoom, StateVector};
use minicbor::{
    Decode, Decoder, Encode, Encoder,
    bytes::{ByteArray, ByteVec},
};

use super::{Content, Frame, KeptOut, Slot, TAG_BYTES, WantEntry};
use crate::{
    error::FrameError,
    limits::{MAX_FRAME_BYTES, MAX_PRESENCE_BYTES, MAX_PRESENCE_MS, MAX_TAGS},
    wire,
};

const HELLO: u32 = 1;
const ASK: u32 = 2;
const PRESENT: u32 = 3;
const OPEN: u32 = 4;
const HAVE: u32 = 5;
const STATEMENTS: u32 = 6;
const SUMMARY: u32 = 7;
const RECONCILE: u32 = 8;
const WANT: u32 = 9;
const DOCS: u32 = 10;
const CHUNK: u32 = 11;
const PUSH: u32 = 12;
const OFFER: u32 = 13;
const DONE: u32 = 14;
const REFUSE: u32 = 15;
const PRESENCE: u32 = 16;
const NO_ROOM: u32 = 17;
const UNIT: u32 = 18;

#[derive(Encode, Decode)]
#[cbor(map)]
struct Hello {
    #[n(0)]
    revision: u16,
    #[n(1)]
    oldest: u16,
    #[n(2)]
    tags: ByteVec,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Ask {
    #[n(0)]
    space: Slot,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Present {
    #[n(0)]
    space: Slot,
    #[n(1)]
    chain: Vec<ByteVec>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Open {
    #[n(0)]
    space: Slot,
    #[n(1)]
    role: u8,
    #[n(2)]
    roster: ByteArray<16>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Have {
    #[n(0)]
    space: Slot,
    #[n(1)]
    statements: ByteVec,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Statements {
    #[n(0)]
    space: Slot,
    #[n(1)]
    statements: Vec<ByteVec>,
    #[n(2)]
    last: bool,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Summary {
    #[n(0)]
    space: Slot,
    #[n(1)]
    count: u64,
    #[n(2)]
    sum: ByteArray<32>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Reconcile {
    #[n(0)]
    space: Slot,
    #[n(1)]
    message: ByteVec,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Want {
    #[n(0)]
    space: Slot,
    #[n(1)]
    documents: Vec<Wanted>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Wanted {
    #[n(0)]
    document: ByteArray<16>,
    #[n(1)]
    generation: u32,
    #[n(2)]
    state_vector: Option<ByteVec>,
    #[n(3)]
    echo: Option<bool>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Documents {
    #[n(0)]
    space: Slot,
    #[n(1)]
    content: ByteVec,
    #[n(2)]
    unpacked: Option<u32>,
    #[n(3)]
    missing: Option<ByteVec>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Offer {
    #[n(0)]
    space: Slot,
    #[n(1)]
    documents: ByteVec,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Done {
    #[n(0)]
    space: Slot,
    #[n(1)]
    moved: bool,
    #[n(2)]
    diverged: Option<ByteVec>,
    #[n(3)]
    aside: Option<ByteVec>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Refuse {
    #[n(0)]
    space: Slot,
    #[n(1)]
    code: u16,
    #[n(2)]
    documents: Option<ByteVec>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Presence {
    #[n(0)]
    space: Slot,
    #[n(1)]
    ttl_ms: u32,
    #[n(2)]
    state: String,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Full {
    #[n(0)]
    space: Slot,
    #[n(1)]
    documents: Vec<Kept>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Kept {
    #[n(0)]
    document: ByteArray<16>,
    #[n(1)]
    here: ByteArray<32>,
    #[n(2)]
    there: Option<ByteArray<32>>,
    #[n(3)]
    measure: u8,
    #[n(4)]
    has: u64,
    #[n(5)]
    needs: u64,
    #[n(6)]
    bound: u64,
}

pub(super) fn encode(frame: &Frame) -> Vec<u8> {
    match frame.clone() {
        Frame::Hello { revision, oldest, tags } => {
            write(HELLO, &Hello { revision, oldest, tags: tags.into() })
        }
        Frame::Ask { space } => write(ASK, &Ask { space }),
        Frame::Present { space, chain } => write(PRESENT, &Present { space, chain: wrap(chain) }),
        Frame::Open { space, role, roster } => {
            write(OPEN, &Open { space, role, roster: roster.into() })
        }
        Frame::Have { space, statements } => {
            write(HAVE, &Have { space, statements: statements.into() })
        }
        Frame::Statements { space, statements, last } => {
            write(STATEMENTS, &Statements { space, statements: wrap(statements), last })
        }
        Frame::Summary { space, count, sum } => {
            write(SUMMARY, &Summary { space, count, sum: sum.into() })
        }
        Frame::Reconcile { space, message } => {
            write(RECONCILE, &Reconcile { space, message: message.into() })
        }
        Frame::Want { space, documents } => {
            let documents = documents.iter().map(Wanted::from).collect();
            write(WANT, &Want { space, documents })
        }
        Frame::Docs { space, content, missing } => {
            write(DOCS, &documents(space, content, &missing))
        }
        Frame::Chunk { space, content } => write(CHUNK, &documents(space, content, &[])),
        Frame::Push { space, content } => write(PUSH, &documents(space, content, &[])),
        Frame::Unit { space, content } => write(UNIT, &documents(space, content, &[])),
        Frame::Offer { space, documents } => {
            write(OFFER, &Offer { space, documents: join(&documents).into() })
        }
        Frame::Done { space, moved, diverged, aside } => {
            write(DONE, &Done { space, moved, diverged: some(&diverged), aside: some(&aside) })
        }
        Frame::Refuse { space, code, documents } => {
            write(REFUSE, &Refuse { space, code, documents: some(&documents) })
        }
        Frame::Presence { space, ttl_ms, state } => {
            write(PRESENCE, &Presence { space, ttl_ms, state })
        }
        Frame::NoRoom { space, documents } => {
            write(NO_ROOM, &Full { space, documents: documents.iter().map(Kept::from).collect() })
        }
    }
}

pub(super) fn decode(bytes: &[u8]) -> Result<Option<Frame>, FrameError> {
    if bytes.len() > MAX_FRAME_BYTES {
        return Err(FrameError::TooLong { length: bytes.len() });
    }
    let mut decoder = Decoder::new(bytes);
    let kind = decoder.u32().map_err(|_| FrameError::NotCbor)?;
    let body = &bytes[decoder.position()..];
    wire::check(body).map_err(|_| FrameError::NotCbor)?;
    Ok(Some(match kind {
        HELLO => {
            let Hello { revision, oldest, tags } = read(kind, body)?;
            if tags.len() % TAG_BYTES != 0 || tags.len() > MAX_TAGS * TAG_BYTES {
                return Err(FrameError::Malformed { kind });
            }
            Frame::Hello { revision, oldest, tags: tags.into() }
        }
        ASK => Frame::Ask { space: read::<Ask>(kind, body)?.space },
        PRESENT => {
            let Present { space, chain } = read(kind, body)?;
            Frame::Present { space, chain: unwrap(chain) }
        }
        OPEN => {
            let Open { space, role, roster } = read(kind, body)?;
            Frame::Open { space, role, roster: *roster }
        }
        HAVE => {
            let Have { space, statements } = read(kind, body)?;
            if statements.len() % 16 != 0 {
                return Err(FrameError::Malformed { kind });
            }
            Frame::Have { space, statements: statements.into() }
        }
        STATEMENTS => {
            let Statements { space, statements, last } = read(kind, body)?;
            Frame::Statements { space, statements: unwrap(statements), last }
        }
        SUMMARY => {
            let Summary { space, count, sum } = read(kind, body)?;
            Frame::Summary { space, count, sum: *sum }
        }
        RECONCILE => {
            let Reconcile { space, message } = read(kind, body)?;
            Frame::Reconcile { space, message: message.into() }
        }
        WANT => {
            let Want { space, documents } = read(kind, body)?;
            let documents: Result<_, ()> = documents.into_iter().map(WantEntry::try_from).collect();
            Frame::Want {
                space,
                documents: documents.map_err(|()| FrameError::Malformed { kind })?,
            }
        }
        DOCS => {
            let (space, content, missing) = read_documents(kind, body)?;
            Frame::Docs { space, content, missing }
        }
        CHUNK | PUSH | UNIT => {
            let (space, content, _) = read_documents(kind, body)?;
            match kind {
                CHUNK => Frame::Chunk { space, content },
                PUSH => Frame::Push { space, content },
                _ => Frame::Unit { space, content },
            }
        }
        OFFER => {
            let Offer { space, documents } = read(kind, body)?;
            Frame::Offer { space, documents: split(kind, Some(documents))? }
        }
        DONE => {
            let Done { space, moved, diverged, aside } = read(kind, body)?;
            let (diverged, aside) = (split(kind, diverged)?, split(kind, aside)?);
            Frame::Done { space, moved, diverged, aside }
        }
        REFUSE => {
            let Refuse { space, code, documents } = read(kind, body)?;
            Frame::Refuse { space, code, documents: split(kind, documents)? }
        }
        PRESENCE => {
            let Presence { space, ttl_ms, state } = read(kind, body)?;
            if state.len() > MAX_PRESENCE_BYTES || ttl_ms > MAX_PRESENCE_MS {
                return Err(FrameError::Malformed { kind });
            }
            Frame::Presence { space, ttl_ms, state }
        }
        NO_ROOM => {
            let Full { space, documents } = read(kind, body)?;
            // What a later release counts is left out.
            Frame::NoRoom { space, documents: documents.iter().filter_map(Kept::read).collect() }
        }
        _ => return Ok(None),
    }))
}

impl From<&WantEntry> for Wanted {
    fn from(entry: &WantEntry) -> Self {
        let known = !entry.state_vector.is_empty();
        Self {
            document: entry.document.0.into(),
            generation: entry.generation,
            state_vector: known.then(|| entry.state_vector.encode().into()),
            echo: entry.echo.then_some(true),
        }
    }
}

impl TryFrom<Wanted> for WantEntry {
    type Error = ();

    fn try_from(wanted: Wanted) -> Result<Self, ()> {
        let state_vector = match wanted.state_vector {
            Some(bytes) => StateVector::decode(&bytes).ok_or(())?,
            None => StateVector::default(),
        };
        Ok(Self {
            document: DocHash(*wanted.document),
            generation: wanted.generation,
            state_vector,
            echo: wanted.echo.unwrap_or(false),
        })
    }
}

impl From<&KeptOut> for Kept {
    fn from(kept: &KeptOut) -> Self {
        let NoRoom { measure, has, needs, bound } = kept.no_room;
        let measure = match measure {
            Measure::Bytes => 1,
            Measure::Writers => 2,
            Measure::Texts => 3,
        };
        Self {
            document: kept.document.0.into(),
            here: kept.here.0.into(),
            there: kept.there.map(|there| there.0.into()),
            measure,
            has,
            needs,
            bound,
        }
    }
}

impl Kept {
    fn read(&self) -> Option<KeptOut> {
        let measure = match self.measure {
            1 => Measure::Bytes,
            2 => Measure::Writers,
            3 => Measure::Texts,
            _ => return None,
        };
        let (has, needs, bound) = (self.has, self.needs, self.bound);
        Some(KeptOut {
            document: DocHash(*self.document),
            here: Digest(*self.here),
            there: self.there.as_ref().map(|there| Digest(**there)),
            no_room: NoRoom { measure, has, needs, bound },
        })
    }
}

fn write<T: Encode<()>>(kind: u32, body: &T) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    // A Vec takes every byte, and the bodies above encode without conditions.
    let written = encoder.u32(kind).and_then(|encoder| encoder.encode(body)).is_ok();
    debug_assert!(written);
    encoder.into_writer()
}

fn read<'b, T: Decode<'b, ()>>(kind: u32, body: &'b [u8]) -> Result<T, FrameError> {
    minicbor::decode(body).map_err(|_| FrameError::Malformed { kind })
}

fn documents(space: Slot, content: Content, missing: &[DocHash]) -> Documents {
    let Content { bytes, unpacked } = content;
    Documents { space, content: bytes.into(), unpacked, missing: some(missing) }
}

fn read_documents(kind: u32, body: &[u8]) -> Result<(Slot, Content, Vec<DocHash>), FrameError> {
    let Documents { space, content, unpacked, missing } = read(kind, body)?;
    Ok((space, Content { bytes: content.into(), unpacked }, split(kind, missing)?))
}

fn wrap(items: Vec<Vec<u8>>) -> Vec<ByteVec> {
    items.into_iter().map(ByteVec::from).collect()
}

fn unwrap(items: Vec<ByteVec>) -> Vec<Vec<u8>> {
    items.into_iter().map(Vec::from).collect()
}

fn join(documents: &[DocHash]) -> Vec<u8> {
    documents.iter().flat_map(|document| document.0).collect()
}

fn some(documents: &[DocHash]) -> Option<ByteVec> {
    (!documents.is_empty()).then(|| join(documents).into())
}

fn split(kind: u32, bytes: Option<ByteVec>) -> Result<Vec<DocHash>, FrameError> {
    let bytes = bytes.map(Vec::from).unwrap_or_default();
    let (documents, rest) = bytes.as_chunks::<16>();
    if rest.is_empty() {
        Ok(documents.iter().map(|document| DocHash(*document)).collect())
    } else {
        Err(FrameError::Malformed { kind })
    }
}
