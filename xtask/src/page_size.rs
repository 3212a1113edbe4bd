//! `cargo xtask page-size FILE…`: whether Android can load libraries on devices whose memory pages
//! have 16 KB.
//!
//! Such a device refuses a 64-bit library with a loadable segment that is aligned to less; Google
//! Play refuses the app. 32-bit libraries never meet such a kernel.

use std::{fs, ops::Range};

use crate::{args::Args, failure::Failure};

/// What loadable segments must be aligned to, in bytes.
const PAGE: u64 = 16 * 1024;
/// `PT_LOAD` of the ELF specification.
const LOAD: u64 = 1;
/// Words 4 and 5 of an ELF header.
const CLASS_32: u8 = 1;
const CLASS_64: u8 = 2;
const LITTLE_ENDIAN: u8 = 1;

/// Checks every file named.
pub(crate) fn run(args: &mut Args) -> Result<(), Failure> {
    let files = args.rest();
    if files.is_empty() {
        return Err(Failure::Usage("name the libraries to check".to_owned()));
    }
    let mut wrong = Vec::new();
    for file in &files {
        let bytes = fs::read(file)
            .map_err(|error| Failure::found(format!("cannot read {file}: {error}")))?;
        match verdict(&bytes) {
            Ok(fine) => println!("{file}: {fine}"),
            Err(why) => wrong.push(format!("{file}: {why}")),
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Failure::found(wrong.join("\n"))) }
}

/// Why the library loads everywhere, or why it does not.
fn verdict(bytes: &[u8]) -> Result<String, String> {
    let alignments = match class(bytes)? {
        CLASS_32 => return Ok("32-bit, which no device with 16 KB pages runs".to_owned()),
        _ => load_alignments(bytes)?,
    };
    match alignments.iter().min() {
        None => Err("has no loadable segment".to_owned()),
        Some(least) if *least < PAGE => Err(format!(
            "a segment is aligned to {least} bytes instead of {PAGE}; \
             link with -Wl,-z,max-page-size={PAGE}, or an NDK from r28 on"
        )),
        Some(least) => Ok(format!("all segments are aligned to {least} bytes or more")),
    }
}

fn class(bytes: &[u8]) -> Result<u8, String> {
    match bytes {
        [0x7f, b'E', b'L', b'F', class @ (CLASS_32 | CLASS_64), LITTLE_ENDIAN, ..] => Ok(*class),
        [0x7f, b'E', b'L', b'F', ..] => Err("is of no kind that Android runs".to_owned()),
        _ => Err("is no ELF file".to_owned()),
    }
}

/// The alignment of each loadable segment of a 64-bit file.
fn load_alignments(bytes: &[u8]) -> Result<Vec<u64>, String> {
    let table = number(bytes, 32..40)?;
    let size = number(bytes, 54..56)?;
    let count = number(bytes, 56..58)?;
    let mut alignments = Vec::new();
    for index in 0..count {
        let start = index.checked_mul(size).and_then(|offset| table.checked_add(offset));
        let start = start.and_then(|start| usize::try_from(start).ok()).ok_or_else(cut_short)?;
        let header = bytes.get(start..).ok_or_else(cut_short)?;
        if number(header, 0..4)? == LOAD {
            alignments.push(number(header, 48..56)?);
        }
    }
    Ok(alignments)
}

fn number(bytes: &[u8], at: Range<usize>) -> Result<u64, String> {
    let field = bytes.get(at).ok_or_else(cut_short)?;
    Ok(field.iter().rev().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
}

fn cut_short() -> String {
    "is cut short".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTE: u32 = 4;

    /// A 64-bit file of a header and these program headers: type and alignment.
    fn elf(segments: &[(u32, u64)]) -> Vec<u8> {
        let mut bytes = vec![0; 64];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[32..40].copy_from_slice(&64_u64.to_le_bytes());
        bytes[54..56].copy_from_slice(&56_u16.to_le_bytes());
        let count = u16::try_from(segments.len()).unwrap();
        bytes[56..58].copy_from_slice(&count.to_le_bytes());
        for (kind, alignment) in segments {
            let mut header = [0; 56];
            header[..4].copy_from_slice(&kind.to_le_bytes());
            header[48..].copy_from_slice(&alignment.to_le_bytes());
            bytes.extend(header);
        }
        bytes
    }

    #[test]
    fn every_loadable_segment_counts_and_no_other() {
        assert!(verdict(&elf(&[(1, 0x4000), (NOTE, 4), (1, 0x10000)])).is_ok());
        let wrong = verdict(&elf(&[(1, 0x4000), (1, 0x1000)])).unwrap_err();
        assert!(wrong.contains("4096 bytes instead of 16384"), "{wrong}");
    }

    #[test]
    fn thirty_two_bits_need_no_such_alignment() {
        let mut bytes = elf(&[(1, 0x1000)]);
        bytes[4] = CLASS_32;
        assert!(verdict(&bytes).is_ok());
    }

    #[test]
    fn what_is_no_library_is_refused() {
        for bytes in [&b""[..], b"MZ", b"\x7fELF", b"\x7fELF\x02\x02", b"\x7fELF\x02\x01"] {
            assert!(verdict(bytes).is_err(), "{bytes:?}");
        }
        assert_eq!(verdict(&elf(&[(NOTE, 4)])).unwrap_err(), "has no loadable segment");
    }

    #[test]
    fn a_file_cut_anywhere_is_refused() {
        let whole = elf(&[(1, 0x4000), (1, 0x4000)]);
        for length in 0..whole.len() {
            assert!(verdict(&whole[..length]).is_err(), "{length} bytes");
        }
        let mut far = whole;
        far[32..40].copy_from_slice(&u64::MAX.to_le_bytes());
        assert_eq!(verdict(&far).unwrap_err(), "is cut short");
    }
}
