//! CBOR of a payload: `[kind, clock, time, body, epoch?, covers?]`.

use std::{collections::BTreeMap, sync::Arc};

use minicbor::{
    data::{Tag, Type},
    decode::{Decoder, Error},
    encode::Encoder,
};

use super::{BadEntry, Body, Entry};
use crate::{
    ids::{Dot, Incarnation},
    limits::{MAX_COUNTER, MAX_COVERS, MAX_DEPTH, MAX_ENTRY_BYTES, MAX_EPOCH},
    state_vector::StateVector,
    value::Value,
};

/// CBOR tags of this payload alone: they never leave it.
const TEXT: Tag = Tag::new(7);
const COUNTER: Tag = Tag::new(8);

type Writer<'a> = Encoder<&'a mut Vec<u8>>;

pub(super) fn encode(entry: &Entry) -> Vec<u8> {
    let mut out = Vec::new();
    // Writing to a Vec cannot fail; an empty payload would be refused by `decode`.
    if write(&mut Encoder::new(&mut out), entry).is_err() {
        out.clear();
    }
    out
}

type Written = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

fn write(out: &mut Writer<'_>, entry: &Entry) -> Written {
    let fields = match (entry.epoch, entry.covers.is_empty()) {
        (0, true) => 4,
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
    };
    out.array(fields)?.u8(kind)?.u32(entry.clock)?.i64(entry.time_ms)?;
    match &entry.body {
        Body::Value(value) => write_value(out, value)?,
        Body::Absent => {
            out.null()?;
        }
        Body::Item(fraction, value) => {
            out.array(2)?.bytes(fraction)?;
            write_value(out, value)?;
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
        out.u32(entry.epoch)?;
    }
    if fields > 5 {
        out.array(2 * entry.covers.len() as u64)?;
        for dot in &entry.covers {
            out.u64(dot.incarnation.client())?.u32(dot.clock)?;
        }
    }
    Ok(())
}

fn write_value(out: &mut Writer<'_>, value: &Value) -> Written {
    match value {
        Value::Null => out.null()?,
        Value::Bool(truth) => out.bool(*truth)?,
        Value::Int(whole) => out.i64(*whole)?,
        Value::Float(float) => out.f64(*float)?,
        Value::String(text) => out.str(text)?,
        Value::Bytes(bytes) => out.bytes(bytes)?,
        Value::Text(_) => out.tag(TEXT)?.null()?,
        Value::Counter(first) => out.tag(COUNTER)?.i64(*first)?,
        // Placeholders until entries hold trees of their own.
        Value::Whole(content) => return write_value(out, content),
        Value::Set(elements) => {
            out.array(elements.len() as u64)?;
            return elements.iter().try_for_each(|element| write_value(out, element.value()));
        }
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

fn read(input: &mut Decoder<'_>) -> Result<Result<Entry, BadEntry>, Error> {
    let fields = input.array()?.unwrap_or(0);
    if !(4..=6).contains(&fields) {
        return Ok(Err(BadEntry("wrong number of fields")));
    }
    let kind = input.u8()?;
    let clock = input.u32()?;
    let time_ms = input.i64()?;
    let body = match kind {
        0 => Body::Value(Arc::new(match read_value(input, 0)? {
            Ok(value) => value,
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
            match read_value(input, 0)? {
                Ok(value) => Body::Item(fraction, Arc::new(value)),
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
        _ => return Ok(Err(BadEntry("unknown kind"))),
    };
    let epoch = if fields > 4 { input.u32()? } else { 0 };
    if epoch > MAX_EPOCH {
        return Ok(Err(BadEntry("an epoch is out of bounds")));
    }
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
    Ok(Ok(Entry { body, clock, time_ms, epoch, covers }))
}

fn fraction(bytes: &[u8]) -> Option<Vec<u8>> {
    (1..=512).contains(&bytes.len()).then(|| bytes.to_vec())
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
        Type::Tag => match input.tag()? {
            TEXT => {
                input.null()?;
                Value::Text(String::new())
            }
            COUNTER => {
                let first = input.i64()?;
                if !(-MAX_COUNTER..=MAX_COUNTER).contains(&first) {
                    return Ok(Err(BadEntry("a counter is out of bounds")));
                }
                Value::Counter(first)
            }
            _ => return Ok(Err(BadEntry("unknown tag"))),
        },
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
