//! The services' logs, to be searched; those that are long with their end.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use maud::{Markup, html};

use super::RunReportError;

/// The end of each log that the page holds, in bytes.
const MOST_OF_ONE: u64 = 256 << 10;

/// All logs together, in bytes: a page of any size must open on a phone.
const MOST: u64 = 6 << 20;

pub(super) fn section(folder: &Path) -> Result<Markup, RunReportError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| RunReportError::Read { path, source }
    };
    let logs = folder.join("logs");
    let mut paths: Vec<PathBuf> = match std::fs::read_dir(&logs) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect(),
        // A run that never started a service.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(failed(&logs)(error)),
    };
    paths.sort();
    let mut left = MOST;
    let mut shown = Vec::new();
    for path in paths {
        let (text, whole) = tail(&path, MOST_OF_ONE.min(left)).map_err(failed(&path))?;
        left = left.saturating_sub(u64::try_from(text.len()).unwrap_or(u64::MAX));
        shown.push((path.file_name().unwrap_or_default().to_string_lossy().into_owned(), text, whole));
    }
    Ok(html! {
        @if !shown.is_empty() {
            section aria-labelledby="logs" {
                h2 #logs { "Logs" }
                p.search hidden { label { "Find in all logs " input type="search" autocomplete="off"; } " " output {} }
                @for (name, text, whole) in &shown {
                    details.log {
                        summary { code { (name) } @if !whole { " (its end; all of it is in logs/" (name) ")" } }
                        pre tabindex="0" { @for line in text.lines() { span.hot[is_hot(line)] { (line) } "\n" } }
                    }
                }
            }
        }
    })
}

/// A line that is worth seeing first.
fn is_hot(line: &str) -> bool {
    let lower = line.to_lowercase();
    ["error", "fatal", "panic", "exception", "refused", "denied"].iter().any(|word| lower.contains(word))
}

/// The end of a file, from the beginning of a line, and whether that is all of it.
fn tail(path: &Path, most: u64) -> std::io::Result<(String, bool)> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let skipped = size.saturating_sub(most);
    file.seek(SeekFrom::Start(skipped))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let text = if skipped == 0 { &*text } else { text.split_once('\n').map_or("", |(_, rest)| rest) };
    Ok((text.to_owned(), skipped == 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_log_begins_with_a_whole_line() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "first\nsecond\nthird\n").unwrap();
        assert_eq!(tail(file.path(), 10).unwrap(), ("third\n".to_owned(), false));
        assert_eq!(tail(file.path(), 100).unwrap(), ("first\nsecond\nthird\n".to_owned(), true));
        assert_eq!(tail(file.path(), 0).unwrap(), (String::new(), false));
    }
}
