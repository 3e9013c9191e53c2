//! YAML: text → a document of nodes with spans → a tree of values.
//!
//! [`syntax`] and [`leniency`] are the only modules that know the YAML parser we use; [`decode`] gives the nodes the meaning that the reference
//! loader's library (go-yaml 3) gives them.

mod decode;
mod dialect;
mod leniency;
mod scalar;
mod syntax;
pub mod timestamp;

use super::problem::Issue;
use super::source::{SourceFile, Span};
use super::tree::Mapping;

pub(crate) use decode::foreign_key;

/// The largest compose file that is read, in bytes. Real ones have a few kilobytes.
pub const SIZE_LIMIT: usize = 2 * 1024 * 1024;

/// How deep collections may be nested. Real compose files need about eight levels.
pub const DEPTH_LIMIT: usize = 100;

/// What a file holds as it is, when it can be read; its spans are of file 0. It is parsed once, and shared.
pub(crate) fn parsed(source: &SourceFile) -> Option<&Mapping> {
    source.parsed.get_or_init(|| read_anew(0, &source.text).ok()).as_ref()
}

/// Reads file number `file` into a mapping.
///
/// # Errors
/// Every problem found: too large, no UTF-8, no YAML, a duplicate key, an alias without anchor, a cycle, no mapping.
pub(crate) fn read(file: u32, source: &SourceFile) -> Result<Mapping, Vec<Issue>> {
    match parsed(source) {
        Some(parsed) => Ok(parsed.in_file(file)),
        // Errors are rare, and name the file: they are found again.
        None => read_anew(file, &source.text),
    }
}

fn read_anew(file: u32, bytes: &[u8]) -> Result<Mapping, Vec<Issue>> {
    if bytes.len() > SIZE_LIMIT {
        let message = format!("the file is too large: {} bytes, and at most {SIZE_LIMIT} bytes are read", bytes.len());
        let help = "a compose file has a few kilobytes; check that this is one, and move data into files of its own";
        return Err(vec![Issue::new(Span::new(file, 0, 0), "", message).help(help)]);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| vec![not_utf8(file, bytes, error.valid_up_to())])?;
    let document = syntax::parse(file, text).map_err(|issue| vec![issue])?;
    decode::decode(file, &document)
}

fn not_utf8(file: u32, bytes: &[u8], at: usize) -> Issue {
    let span = Span::new(file, at, at + 1);
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
        return Issue::new(Span::new(file, 0, 2), "", "the file is written in UTF-16")
            .help("save it as UTF-8: abra, git and most editors expect that");
    }
    let byte = bytes.get(at).copied().unwrap_or_default();
    Issue::new(span, "", format!("the file is no valid UTF-8: byte 0x{byte:02X} is out of place here"))
        .help("save the file as UTF-8")
}
