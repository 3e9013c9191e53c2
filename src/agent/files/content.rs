//! The content of one file: hashed, and copied with its holes.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;

use nix::errno::Errno;
use nix::unistd::{Whence, lseek};
use sha2::{Digest, Sha256};

/// So much is in memory at a time.
const BUFFER: usize = 256 << 10;

/// Reads a file to its end: its size and the SHA-256 of its content in hexadecimal. What is read goes to `to` as well; holes stay holes.
pub(super) fn pour(from: &mut File, mut to: Option<&mut File>) -> io::Result<(u64, String)> {
    let meta = from.metadata()?;
    let is_sparse = meta.blocks() * 512 < meta.size();
    let mut hash = Sha256::new();
    let mut buffer = vec![0; BUFFER.min(usize::try_from(meta.size()).unwrap_or(BUFFER).max(1 << 12))];
    let mut at = 0_u64;
    loop {
        let mut until = u64::MAX;
        if is_sparse {
            let Some((begin, end)) = next_data(from, at)? else {
                // Nothing but a hole up to the end; the file may have shrunk meanwhile.
                let size = from.metadata()?.size().max(at);
                zeroes(&mut hash, size - at);
                at = size;
                break;
            };
            zeroes(&mut hash, begin - at);
            at = begin;
            until = end;
            from.seek(SeekFrom::Start(at))?;
            if let Some(to) = to.as_deref_mut() {
                to.seek(SeekFrom::Start(at))?;
            }
        }
        let before = at;
        while at < until {
            let room = usize::try_from(until - at).unwrap_or(usize::MAX).min(buffer.len());
            let Some(room) = buffer.get_mut(..room) else { break };
            let read = from.read(room)?;
            let Some(read) = room.get(..read).filter(|read| !read.is_empty()) else { break };
            hash.update(read);
            if let Some(to) = to.as_deref_mut() {
                to.write_all(read)?;
            }
            at += read.len() as u64;
        }
        if !is_sparse || at == before {
            break;
        }
    }
    if let Some(to) = to {
        // What ends in a hole has no last byte that was written.
        to.set_len(at)?;
    }
    let hash = hash.finalize();
    Ok((at, hash.iter().map(|byte| format!("{byte:02x}")).collect()))
}

/// The next stretch that is not a hole: where it begins and ends.
fn next_data(file: &File, at: u64) -> io::Result<Option<(u64, u64)>> {
    let offset = |at: u64| i64::try_from(at).map_err(io::Error::other);
    let begin = match lseek(file, offset(at)?, Whence::SeekData) {
        Ok(begin) => begin,
        Err(Errno::ENXIO) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let end = lseek(file, begin, Whence::SeekHole)?;
    let position = |at: i64| u64::try_from(at).map_err(io::Error::other);
    Ok(Some((position(begin)?, position(end)?)))
}

fn zeroes(hash: &mut Sha256, mut count: u64) {
    static ZEROES: [u8; 64 << 10] = [0; 64 << 10];
    while count > 0 {
        let piece = usize::try_from(count).unwrap_or(usize::MAX).min(ZEROES.len());
        hash.update(ZEROES.get(..piece).unwrap_or(&ZEROES));
        count -= piece as u64;
    }
}
