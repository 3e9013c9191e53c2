//! The files that a project is loaded from, and places in them.

use std::sync::{Arc, OnceLock};

use super::tree::Mapping;

/// A compose file as it was read: where it lies in the recipe, and its bytes. Clones share what was parsed from it, so that a file of
/// several sets is parsed once.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// The path relative to the recipe's root, as messages show it.
    pub path: String,
    /// The content, not yet known to be UTF-8.
    pub text: Arc<[u8]>,
    /// The file as file number 0; `None` inside when it cannot be read.
    pub(super) parsed: Arc<OnceLock<Option<Mapping>>>,
}

impl SourceFile {
    /// A file with this path and content.
    pub fn new(path: impl Into<String>, text: impl Into<Arc<[u8]>>) -> Self {
        Self { path: path.into(), text: text.into(), parsed: Arc::default() }
    }
}

/// A range of bytes in one of the loaded files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The file, as an index into the files that were handed to [`load`](super::load()).
    pub file: u32,
    /// The first byte.
    pub start: u32,
    /// The byte after the last one.
    pub end: u32,
}

impl Span {
    /// The range `start..end` of file number `file`.
    ///
    /// Offsets saturate at 4 GiB, far above the size that [`load`](super::load()) accepts.
    pub fn new(file: u32, start: usize, end: usize) -> Self {
        let clamp = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { file, start: clamp(start), end: clamp(end.max(start)) }
    }

    /// The range within the file's bytes.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A line and a column, both counted from one; the column counts characters, not bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// The position of a byte offset. Bytes that are no UTF-8 count as one character each.
pub fn position(text: &[u8], offset: usize) -> Position {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
    let on_line = before.get(line_start..).unwrap_or_default();
    let on_line = on_line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(on_line);
    Position { line, column: characters(on_line) + 1 }
}

fn characters(bytes: &[u8]) -> usize {
    bytes.utf8_chunks().map(|chunk| chunk.valid().chars().count() + chunk.invalid().len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_after_the_byte_order_mark() {
        let text = "\u{feff}é: x\nab: ü y".as_bytes();
        assert_eq!(position(text, 3), Position { line: 1, column: 1 });
        assert_eq!(position(text, 5), Position { line: 1, column: 2 });
        let at = text.iter().rposition(|&byte| byte == b'y').unwrap();
        assert_eq!(position(text, at), Position { line: 2, column: 7 });
        assert_eq!(position(b"a\n\xff\xffb", 4), Position { line: 2, column: 3 });
        assert_eq!(position(b"a", 99), Position { line: 1, column: 2 });
    }
}
