//! CBOR of a payload: `[kind, clock, time, body, epoch?, covers?]`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use minicbor::{
    data::{Tag, Type},
    decode::{Decoder, Error},
    encode::Encoder,
};

use super::{BadEntry, Body, ContentHash, Entry, Tree};
use crate::{
    element::Element,
    ids::{Dot, Incarnation},
    limits::{MAX_COUNTER, MAX_COVERS, MAX_DEPTH, MAX_ENTRY_BYTES, MAX_EPOCH},
    state_vector::StateVector,
    value::Value,
};

/// CBOR tags of this payload alone: they never leave it.
const TEXT: Tag = Tag::new(7);
const COUNTER: Tag = Tag::new(8);
const WHOLE: Tag = Tag::new(9);
const SET: Tag = Tag::new(10);
const APART: Tag = Tag::new(11);

type Writer<'a> = Encoder<&'a mut Vec<u8>>;

pub(super) fn encode(entry: &Entry) -> Vec<u8> {
    let mut out = Vec::new();
    // Writing to a Vec cannot fail; an empty payload would be refused by `decode`.
    if write(&mut Encoder::new(&mut out), entry).is_err() {
        out.clear();
    }
    out
}

/// The bytes of a tree alone.
pub(crate) fn encode_tree(tree: &Tree) -> Vec<u8> {
    let mut out = Vec::new();
    if write_tree(&mut Encoder::new(&mut out), tree).is_err() {
        out.clear();
    }
    out
}

type Written = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

fn write(out: &mut Writer<'_>, entry: &Entry) -> Written {
    let fields = match (entry.epoch, entry.covers.is_empty()) {
        (0, true) if !entry.over => 4,
        (_, true) => 5,
        (_, false) => 6,
    };
    let kind = match entry.body {
        Body::Value(_) => 0,
        Body::Absent => 1,
        Body::Item(..) => 2,
        Body::Position(_) => 3,
        Body::Subtotal { .. } => 4,
        Body::Deleted(_) => 5,
        Body::Member => 6,
    };
    out.array(fields)?.u8(kind)?.u32(entry.clock)?.i64(entry.time_ms)?;
    match &entry.body {
        Body::Value(tree) => write_tree(out, tree)?,
        Body::Absent | Body::Member => {
            out.null()?;
        }
        Body::Item(fraction, tree) => {
            out.array(2)?.bytes(fraction)?;
            write_tree(out, tree)?;
        }
        Body::Position(fraction) => {
            out.bytes(fraction)?;
        }
        Body::Subtotal { plus, minus } => {
            out.array(2)?.i64(*plus)?.i64(*minus)?;
        }
        Body::Deleted(seen) => {
            out.bytes(&seen.encode())?;
        }
    }
    if fields > 4 {
        // What was written over something has the epoch's complement: -1 for 0.
        let epoch = i64::from(entry.epoch);
        out.i64(if entry.over { !epoch } else { epoch })?;
    }
    if fields > 5 {
        out.array(2 * entry.covers.len() as u64)?;
        for dot in &entry.covers {
            out.u64(dot.incarnation.client())?.u32(dot.clock)?;
        }
    }
    Ok(())
}

fn write_tree(out: &mut Writer<'_>, tree: &Tree) -> Written {
    match tree {
        Tree::Scalar(value) => return write_value(out, value),
        Tree::Whole(content) => {
            out.tag(WHOLE)?;
            return write_value(out, content);
        }
        Tree::Text(None) => out.tag(TEXT)?.null()?,
        Tree::Text(Some(hash)) => out.tag(TEXT)?.bytes(hash)?,
        Tree::Apart(hash) => out.tag(APART)?.bytes(hash)?,
        Tree::Counter(first) => out.tag(COUNTER)?.i64(*first)?,
        Tree::Set(elements) => {
            out.tag(SET)?.array(elements.len() as u64)?;
            return elements.iter().try_for_each(|element| write_value(out, element.value()));
        }
        Tree::List(items) => {
            out.array(items.len() as u64)?;
            return items.iter().try_for_each(|item| write_tree(out, item));
        }
        Tree::Object(fields) => {
            out.map(fields.len() as u64)?;
            return fields.iter().try_for_each(|(key, field)| {
                out.str(key)?;
                write_tree(out, field)
            });
        }
    };
    Ok(())
}

/// Scalars, and the lists and objects inside a value that is one register. Nothing else gets here.
fn write_value(out: &mut Writer<'_>, value: &Value) -> Written {
    match value {
        Value::Bool(truth) => out.bool(*truth)?,
        Value::Int(whole) => out.i64(*whole)?,
        Value::Float(float) => out.f64(*float)?,
        Value::String(text) => out.str(text)?,
        Value::Bytes(bytes) => out.bytes(bytes)?,
        Value::List(items) => {
            out.array(items.len() as u64)?;
            return items.iter().try_for_each(|item| write_value(out, item));
        }
        Value::Object(fields) => {
            out.map(fields.len() as u64)?;
            return fields.iter().try_for_each(|(key, value)| {
                out.str(key)?;
                write_value(out, value)
            });
        }
        Value::Whole(content) => return write_value(out, content),
        Value::Null | Value::Text(_) | Value::Counter(_) | Value::Set(_) => out.null()?,
    };
    Ok(())
}

pub(super) fn decode(bytes: &[u8]) -> Result<Entry, BadEntry> {
    if bytes.len() > MAX_ENTRY_BYTES {
        return Err(BadEntry("over the size cap"));
    }
    let mut input = Decoder::new(bytes);
    let entry = read(&mut input).map_err(|_| BadEntry("not an entry's CBOR"))??;
    if input.position() != bytes.len() {
        return Err(BadEntry("bytes behind the entry"));
    }
    Ok(entry)
}

/// Whether the payload's kind is a value or a removal.
pub(super) fn may_replace(payload: &[u8]) -> bool {
    let mut input = Decoder::new(payload);
    matches!(input.array().and_then(|_| input.u8()), Ok(0 | 1))
}

fn read(input: &mut Decoder<'_>) -> Result<Result<Entry, BadEntry>, Error> {
    let fields = input.array()?.unwrap_or(0);
    if !(4..=6).contains(&fields) {
        return Ok(Err(BadEntry("wrong number of fields")));
    }
    let kind = input.u8()?;
    let clock = input.u32()?;
    let time_ms = input.i64()?;
    let body = match kind {
        0 => Body::Value(Arc::new(match read_tree(input, 0)? {
            Ok(tree) => tree,
            Err(bad) => return Ok(Err(bad)),
        })),
        1 => {
            input.null()?;
            Body::Absent
        }
        2 => {
            if input.array()? != Some(2) {
                return Ok(Err(BadEntry("an item is a fraction and a value")));
            }
            let Some(fraction) = fraction(input.bytes()?) else {
                return Ok(Err(BadEntry("a fraction is 1 to 512 bytes")));
            };
            match read_tree(input, 0)? {
                Ok(tree) => Body::Item(fraction, Arc::new(tree)),
                Err(bad) => return Ok(Err(bad)),
            }
        }
        3 => match fraction(input.bytes()?) {
            Some(fraction) => Body::Position(fraction),
            None => return Ok(Err(BadEntry("a fraction is 1 to 512 bytes"))),
        },
        4 => {
            if input.array()? != Some(2) {
                return Ok(Err(BadEntry("a subtotal is two numbers")));
            }
            let (plus, minus) = (input.i64()?, input.i64()?);
            let bounds = 0..=MAX_COUNTER;
            if !bounds.contains(&plus) || !bounds.contains(&minus) {
                return Ok(Err(BadEntry("a subtotal is out of bounds")));
            }
            Body::Subtotal { plus, minus }
        }
        5 => match StateVector::decode(input.bytes()?) {
            Some(seen) => Body::Deleted(seen),
            None => return Ok(Err(BadEntry("not a state vector"))),
        },
        6 => {
            input.null()?;
            Body::Member
        }
        _ => return Ok(Err(BadEntry("unknown kind"))),
    };
    let epoch = if fields > 4 { input.i64()? } else { 0 };
    let (over, epoch) = (epoch < 0, if epoch < 0 { !epoch } else { epoch });
    let Some(epoch) = u32::try_from(epoch).ok().filter(|epoch| *epoch <= MAX_EPOCH) else {
        return Ok(Err(BadEntry("an epoch is out of bounds")));
    };
    let mut covers = Vec::new();
    if fields > 5 {
        let count = input.array()?.unwrap_or(1);
        if count == 0 || count % 2 != 0 || count / 2 > MAX_COVERS as u64 {
            return Ok(Err(BadEntry("a bad count of covered bases")));
        }
        for _ in 0..count / 2 {
            let Some(incarnation) = Incarnation::from_client(input.u64()?) else {
                return Ok(Err(BadEntry("a client id is out of bounds")));
            };
            covers.push(Dot { incarnation, clock: input.u32()? });
        }
        if !covers.is_sorted_by(|left, right| left < right) {
            return Ok(Err(BadEntry("covered bases are not sorted")));
        }
    }
    Ok(Ok(Entry { body, clock, time_ms, epoch, over, covers }))
}

fn fraction(bytes: &[u8]) -> Option<Vec<u8>> {
    (1..=512).contains(&bytes.len()).then(|| bytes.to_vec())
}

fn read_tree(input: &mut Decoder<'_>, depth: usize) -> Result<Result<Tree, BadEntry>, Error> {
    if depth > MAX_DEPTH {
        return Ok(Err(BadEntry("a value is nested too deep")));
    }
    let tree = match input.datatype()? {
        Type::Tag => match input.tag()? {
            TEXT if input.datatype()? == Type::Null => {
                input.null()?;
                Tree::Text(None)
            }
            tag @ (TEXT | APART) => match (tag, content_hash(input.bytes()?)) {
                (TEXT, Some(hash)) => Tree::Text(Some(hash)),
                (_, Some(hash)) => Tree::Apart(hash),
                (_, None) => return Ok(Err(BadEntry("a hash is 16 bytes"))),
            },
            COUNTER => {
                let first = input.i64()?;
                if !(-MAX_COUNTER..=MAX_COUNTER).contains(&first) {
                    return Ok(Err(BadEntry("a counter is out of bounds")));
                }
                Tree::Counter(first)
            }
            WHOLE => match read_value(input, depth)? {
                Ok(content @ (Value::List(_) | Value::Object(_))) => Tree::Whole(content),
                Ok(_) => return Ok(Err(BadEntry("a scalar is no tree"))),
                Err(bad) => return Ok(Err(bad)),
            },
            SET => match read_elements(input)? {
                Ok(elements) => Tree::Set(elements),
                Err(bad) => return Ok(Err(bad)),
            },
            _ => return Ok(Err(BadEntry("unknown tag"))),
        },
        Type::Array => {
            let mut items = Vec::new();
            for _ in 0..input.array()?.unwrap_or(0) {
                match read_tree(input, depth + 1)? {
                    Ok(item) => items.push(item),
                    Err(bad) => return Ok(Err(bad)),
                }
            }
            Tree::List(items)
        }
        Type::Map => {
            let mut fields = BTreeMap::new();
            for _ in 0..input.map()?.unwrap_or(0) {
                let key = input.str()?.to_owned();
                match read_tree(input, depth + 1)? {
                    Ok(field) => fields.insert(key, field),
                    Err(bad) => return Ok(Err(bad)),
                };
            }
            Tree::Object(fields)
        }
        _ => match read_value(input, depth)? {
            Ok(scalar) => Tree::Scalar(scalar),
            Err(bad) => return Ok(Err(bad)),
        },
    };
    Ok(Ok(tree))
}

fn content_hash(bytes: &[u8]) -> Option<ContentHash> {
    bytes.try_into().ok()
}

fn read_elements(input: &mut Decoder<'_>) -> Result<Result<BTreeSet<Element>, BadEntry>, Error> {
    let mut elements = BTreeSet::new();
    for _ in 0..input.array()?.unwrap_or(0) {
        let scalar = match read_value(input, MAX_DEPTH)? {
            Ok(scalar) => scalar,
            Err(bad) => return Ok(Err(bad)),
        };
        let Ok(element) = Element::new(scalar) else {
            return Ok(Err(BadEntry("not an element of a set")));
        };
        if elements.last().is_some_and(|last| *last >= element) {
            return Ok(Err(BadEntry("elements are not sorted")));
        }
        elements.insert(element);
    }
    Ok(Ok(elements))
}

fn read_value(input: &mut Decoder<'_>, depth: usize) -> Result<Result<Value, BadEntry>, Error> {
    if depth > MAX_DEPTH {
        return Ok(Err(BadEntry("a value is nested too deep")));
    }
    let value = match input.datatype()? {
        Type::Null => {
            input.null()?;
            Value::Null
        }
        Type::Bool => Value::Bool(input.bool()?),
        Type::U8
        | Type::U16
        | Type::U32
        | Type::U64
        | Type::I8
        | Type::I16
        | Type::I32
        | Type::I64 => Value::Int(input.i64()?),
        Type::F64 => match Value::float(input.f64()?) {
            Ok(float @ Value::Float(_)) => float,
            _ => return Ok(Err(BadEntry("a float that has another form"))),
        },
        Type::String => Value::String(input.str()?.to_owned()),
        Type::Bytes => Value::Bytes(input.bytes()?.to_vec()),
        Type::Array => {
            let mut items = Vec::new();
            for _ in 0..input.array()?.unwrap_or(0) {
                match read_value(input, depth + 1)? {
                    Ok(item) => items.push(item),
                    Err(bad) => return Ok(Err(bad)),
                }
            }
            Value::List(items)
        }
        Type::Map => {
            let mut fields = BTreeMap::new();
            for _ in 0..input.map()?.unwrap_or(0) {
                let key = input.str()?.to_owned();
                match read_value(input, depth + 1)? {
                    Ok(value) => fields.insert(key, value),
                    Err(bad) => return Ok(Err(bad)),
                };
            }
            Value::Object(fields)
        }
        _ => return Ok(Err(BadEntry("a value of no known kind"))),
    };
    Ok(Ok(value))
}

#[cfg(test)]
mod tests;
