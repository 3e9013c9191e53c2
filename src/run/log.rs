//! The writer of the event log: appended as things happen, so that a run killed at any moment leaves a readable log.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::record::{Event, Fact};

use super::redact::Redactor;

/// Something that is told every event as it happens: a terminal view, a collector.
pub type EventSink = Box<dyn Fn(&Event) + Send + Sync>;

/// The event log of a run. Clones write to the same file.
#[derive(Clone)]
pub struct RunLog {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for RunLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunLog").finish_non_exhaustive()
    }
}

struct Inner {
    file: Mutex<File>,
    started: Instant,
    redactor: Redactor,
    sinks: Vec<EventSink>,
    failure: Mutex<Option<io::Error>>,
}

impl RunLog {
    /// Opens a new log at `path`; every event also goes to `sinks`.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create(path: &Path, redactor: Redactor, sinks: Vec<EventSink>) -> io::Result<Self> {
        let file = OpenOptions::new().create_new(true).append(true).open(path)?;
        Ok(Self {
            inner: Arc::new(Inner {
                file: Mutex::new(file),
                started: Instant::now(),
                redactor,
                sinks,
                failure: Mutex::new(None),
            }),
        })
    }

    /// Appends an event, redacted. A log that cannot be written is remembered and told by [`RunLog::failure`].
    pub fn write(&self, fact: Fact) {
        let event = Event {
            at: jiff::Timestamp::now().to_string(),
            ms: u64::try_from(self.inner.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            fact,
        };
        let line = match serde_json::to_string(&event) {
            Ok(line) => self.inner.redactor.clean(&line),
            Err(error) => return self.remember(io::Error::other(error)),
        };
        // What a view shows is what was written: the redacted line, read back. A redaction that broke the line would show here.
        match serde_json::from_str::<Event>(&line) {
            Ok(clean) => self.inner.sinks.iter().for_each(|sink| sink(&clean)),
            Err(error) => return self.remember(io::Error::other(format!("redacted event is not JSON: {error}"))),
        }
        if let Ok(mut file) = self.inner.file.lock() {
            // One write call for the whole line: a kill leaves at most one torn last line.
            if let Err(error) = file.write_all(format!("{line}\n").as_bytes()) {
                self.remember(error);
            }
        }
    }

    fn remember(&self, error: io::Error) {
        if let Ok(mut failure) = self.inner.failure.lock() {
            failure.get_or_insert(error);
        }
    }

    /// A note for the reader.
    pub fn note(&self, text: impl Into<String>) {
        self.write(Fact::Note { text: text.into() });
    }

    /// What a step or a phase is waiting for.
    pub fn progress(&self, step: impl Into<String>, text: impl Into<String>) {
        self.write(Fact::Progress(crate::record::Progress { step: step.into(), text: text.into() }));
    }

    /// How long a part took, in seconds since `from`.
    pub fn timing(&self, what: impl Into<String>, from: Instant) {
        self.write(Fact::Timing { what: what.into(), seconds: from.elapsed().as_secs_f64() });
    }

    /// The first failure to write, if any: the run is then `errored`, since its evidence is not whole.
    pub fn failure(&self) -> Option<String> {
        self.inner.failure.lock().ok().and_then(|failure| failure.as_ref().map(ToString::to_string))
    }

    /// What cleans secrets from texts.
    pub fn redactor(&self) -> &Redactor {
        &self.inner.redactor
    }
}

/// Reads a log back. A torn last line is set aside, never fatal.
///
/// # Errors
/// When the file cannot be read, or a line before the last is not an event.
pub fn read(path: &Path) -> io::Result<Vec<Event>> {
    parse(&path.display().to_string(), BufReader::with_capacity(1 << 16, File::open(path)?))
}

/// The events of a log; `name` is what messages call it.
///
/// # Errors
/// When it cannot be read, or a line before the last is not an event.
pub fn parse(name: &str, mut lines: impl BufRead) -> io::Result<Vec<Event>> {
    // Line by line: a log of a hundred thousand events must not lie in memory twice.
    let (mut line, mut number) = (Vec::new(), 0);
    let (mut events, mut torn) = (Vec::new(), None);
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line)? == 0 {
            return Ok(events);
        }
        number += 1;
        let text = line.trim_ascii_end();
        if text.is_empty() {
            continue;
        }
        if let Some(error) = torn {
            return Err(io::Error::new(io::ErrorKind::InvalidData, error));
        }
        match event(text) {
            Ok(event) => events.push(event),
            // Only the last line may be torn.
            Err(error) => torn = Some(format!("{name}:{number}: not an event: {error}")),
        }
    }
}

/// What is not UTF-8 is replaced: an event with a broken name in it still counts.
fn event(line: &[u8]) -> serde_json::Result<Event> {
    match std::str::from_utf8(line) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_str(&String::from_utf8_lossy(line)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_last_line_is_set_aside_and_secrets_are_not_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("events.ndjson");
        let redactor = Redactor::default();
        let log = RunLog::create(&path, redactor.clone(), Vec::new()).unwrap();
        redactor.learn("password", "correct-horse");
        log.note("the password is correct-horse");
        log.note("second");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("correct-horse"), "{text}");
        for cut in 0..text.len() {
            std::fs::write(&path, &text[..cut]).unwrap();
            let events = read(&path).unwrap();
            assert!(events.len() <= 2);
        }
        std::fs::write(&path, format!("garbage\n{text}")).unwrap();
        assert!(read(&path).is_err());
    }
}
