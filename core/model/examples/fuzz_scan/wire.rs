//! An update taken apart, so that mutations can keep its form.

use crate::corpus::Random;

#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) writers: Vec<Writer>,
    pub(crate) deletions: Vec<(u64, Vec<(u64, u64)>)>,
}

#[derive(Clone)]
pub(crate) struct Writer {
    pub(crate) client: u64,
    pub(crate) clock: u64,
    pub(crate) blocks: Vec<Block>,
}

#[derive(Clone)]
pub(crate) struct Block {
    pub(crate) kind: u8,
    pub(crate) has_key: bool,
    pub(crate) origin: Option<(u64, u64)>,
    pub(crate) right: Option<(u64, u64)>,
    pub(crate) root: Vec<u8>,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) content: Content,
}

#[derive(Clone)]
pub(crate) enum Content {
    Len(u64),
    Bytes(Vec<u8>),
    Buffer(Vec<u8>),
}

impl Content {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Len(len) => *len,
            Self::Bytes(bytes) => String::from_utf8_lossy(bytes).encode_utf16().count() as u64,
            Self::Buffer(_) => 1,
        }
    }
}

struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    fn int(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn bytes(&mut self) -> Option<Vec<u8>> {
        let len = self.int()? as usize;
        let (bytes, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(bytes.to_vec())
    }

    fn pair(&mut self) -> Option<(u64, u64)> {
        Some((self.int()?, self.int()?))
    }

    fn block(&mut self) -> Option<Block> {
        let info = self.byte()?;
        let origin = if info & 0x80 != 0 { Some(self.pair()?) } else { None };
        let right = if info & 0x40 != 0 { Some(self.pair()?) } else { None };
        let has_key = info & 0x20 != 0;
        let (mut root, mut key) = (b"f".to_vec(), None);
        if origin.is_none() && right.is_none() {
            self.byte()?;
            root = self.bytes()?;
            key = if has_key { Some(self.bytes()?) } else { None };
        }
        let kind = info & 0x0f;
        let content = match kind {
            1 => Content::Len(self.int()?),
            4 => Content::Bytes(self.bytes()?),
            8 => {
                self.pair()?;
                Content::Buffer(self.bytes()?)
            }
            _ => return None,
        };
        Some(Block { kind, has_key, origin, right, root, key, content })
    }
}

fn put_int(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_int(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

impl Parts {
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut input = Input(bytes);
        let mut writers = Vec::new();
        for _ in 0..input.int()? {
            let blocks = input.int()?;
            let (client, clock) = input.pair()?;
            let blocks = (0..blocks).map(|_| input.block()).collect::<Option<_>>()?;
            writers.push(Writer { client, clock, blocks });
        }
        let mut deletions = Vec::new();
        for _ in 0..input.int()? {
            let (client, ranges) = input.pair()?;
            let ranges = (0..ranges).map(|_| input.pair()).collect::<Option<_>>()?;
            deletions.push((client, ranges));
        }
        Some(Self { writers, deletions })
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_int(&mut out, self.writers.len() as u64);
        for writer in &self.writers {
            put_int(&mut out, writer.blocks.len() as u64);
            put_int(&mut out, writer.client);
            put_int(&mut out, writer.clock);
            writer.blocks.iter().for_each(|block| block.write(&mut out));
        }
        put_int(&mut out, self.deletions.len() as u64);
        for (client, ranges) in &self.deletions {
            put_int(&mut out, *client);
            put_int(&mut out, ranges.len() as u64);
            for (clock, len) in ranges {
                put_int(&mut out, *clock);
                put_int(&mut out, *len);
            }
        }
        out
    }

    /// Some operation of the update, its neighbourhood, or just beyond.
    pub(crate) fn some_dot(&self, random: &mut Random) -> (u64, u64) {
        let Some(writer) = random.pick(&self.writers) else { return (1, random.below(4)) };
        let len: u64 = writer.blocks.iter().map(|block| block.content.len()).sum();
        (writer.client, random.below(writer.clock + len + 1))
    }
}

impl Block {
    fn write(&self, out: &mut Vec<u8>) {
        let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
        out.push(
            self.kind
                | flag(self.origin.is_some(), 0x80)
                | flag(self.right.is_some(), 0x40)
                | flag(self.has_key, 0x20),
        );
        for (client, clock) in [self.origin, self.right].into_iter().flatten() {
            put_int(out, client);
            put_int(out, clock);
        }
        if self.origin.is_none() && self.right.is_none() {
            out.push(1);
            put_bytes(out, &self.root);
            if self.has_key {
                put_bytes(out, self.key.as_deref().unwrap_or_default());
            }
        }
        match &self.content {
            Content::Len(len) => put_int(out, *len),
            Content::Bytes(bytes) => put_bytes(out, bytes),
            Content::Buffer(bytes) => {
                out.extend_from_slice(&[1, 116]);
                put_bytes(out, bytes);
            }
        }
    }
}
