//! The demo app's notes on disk: JSON lines, a schema number beside them, and the steps from one schema to the next.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A version of the app. Each knows one schema and how to get there from the older ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Version {
    /// 1.0, schema 1: a note is `id` and `text`.
    #[value(name = "1.0")]
    V1_0,
    /// 1.1, schema 2: notes gain `length`.
    #[value(name = "1.1")]
    V1_1,
    /// 2.0, schema 3: `text` becomes `body`, and notes gain `tags`.
    #[value(name = "2.0")]
    V2_0,
}

impl Version {
    /// All versions, the oldest first.
    pub const ALL: [Self; 3] = [Self::V1_0, Self::V1_1, Self::V2_0];

    /// The version as people write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::V1_0 => "1.0",
            Self::V1_1 => "1.1",
            Self::V2_0 => "2.0",
        }
    }

    /// The number of the schema that this version reads and writes.
    pub fn schema(self) -> u32 {
        match self {
            Self::V1_0 => 1,
            Self::V1_1 => 2,
            Self::V2_0 => 3,
        }
    }

    /// The key under which this version keeps a note's text.
    fn text_key(self) -> &'static str {
        if self >= Self::V2_0 { "body" } else { "text" }
    }
}

/// A note as stored: its keys depend on the schema.
pub(super) type Note = Map<String, Value>;

/// Why the data could not be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoreError {
    #[error("cannot {doing} {path}: {source}")]
    Io { doing: &'static str, path: PathBuf, source: std::io::Error },
    #[error("{path} does not hold what this app writes there: {reason}")]
    Damaged { path: PathBuf, reason: String },
    #[error(
        "the data in {path} has schema {found}, but version {version} of this app knows schemas up to {known}: start a newer version"
    )]
    TooNew { path: PathBuf, found: u32, version: &'static str, known: u32 },
}

/// All notes with their schema and their notebook's name, as `dump` writes and `restore` reads them.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Dump {
    schema: u32,
    notebook: String,
    notes: Vec<Note>,
}

impl Dump {
    /// How many notes it holds.
    pub(super) fn len(&self) -> usize {
        self.notes.len()
    }

    /// Takes the newest note of a later dump, and none of those before it: what comes of reading a store piece by piece while it is written to.
    pub(super) fn tear(&mut self, mut later: Self) {
        if later.notes.len() > self.notes.len() {
            self.notes.extend(later.notes.pop());
        }
    }

    /// Forgets all notes but the first so many.
    pub(super) fn keep(&mut self, count: usize) {
        self.notes.truncate(count);
    }
}

/// Where notes are kept.
#[derive(Debug)]
pub(super) enum Store {
    /// In a folder, read anew for each request, so that a restore takes effect at once.
    Folder { path: PathBuf, version: Version },
    /// In memory alone.
    Memory { notebook: String, notes: Vec<Note>, version: Version },
}

impl Store {
    /// A store in memory, empty.
    pub(super) fn in_memory(version: Version) -> Self {
        Self::Memory { notebook: new_notebook(), notes: Vec::new(), version }
    }

    /// Opens a folder as this version does at its start: an empty one is prepared, an older schema is migrated in place.
    /// Says the schema that it found, when it had to migrate.
    pub(super) fn open(path: &Path, version: Version) -> Result<(Self, Option<u32>), StoreError> {
        fs::create_dir_all(path).map_err(io("create", path))?;
        let store = Self::Folder { path: path.to_owned(), version };
        let found = match schema(path)? {
            None => {
                write(path, &Dump { schema: version.schema(), notebook: new_notebook(), notes: Vec::new() })?;
                return Ok((store, None));
            }
            Some(found) => found,
        };
        if found == version.schema() {
            return Ok((store, None));
        }
        write(path, &migrate(dump(path)?, path, version)?)?;
        Ok((store, Some(found)))
    }

    /// The name that the notebook got when it was begun; another name means another notebook, and the old one lost.
    pub(super) fn notebook(&self) -> Result<String, StoreError> {
        match self {
            Self::Folder { path, .. } => read_notebook(path),
            Self::Memory { notebook, .. } => Ok(notebook.clone()),
        }
    }

    /// All notes, the oldest first.
    pub(super) fn notes(&self) -> Result<Vec<Note>, StoreError> {
        match self {
            Self::Folder { path, .. } => read_notes(path),
            Self::Memory { notes, .. } => Ok(notes.clone()),
        }
    }

    /// Adds a note and returns it as stored.
    pub(super) fn add(&mut self, text: &str) -> Result<Note, StoreError> {
        let known = self.notes()?;
        let id = known.iter().filter_map(|note| note.get("id")?.as_u64()).max().unwrap_or(0) + 1;
        let (Self::Folder { version, .. } | Self::Memory { version, .. }) = *self;
        let new = migrated(note(id, text), 1, version.schema());
        match self {
            Self::Memory { notes, .. } => notes.push(new.clone()),
            Self::Folder { path, .. } => {
                let path = path.join("notes.jsonl");
                let line = format!("{}\n", Value::Object(new.clone()));
                let mut file =
                    fs::OpenOptions::new().append(true).create(true).open(&path).map_err(io("open", &path))?;
                file.write_all(line.as_bytes()).and_then(|()| file.sync_data()).map_err(io("write", &path))?;
            }
        }
        Ok(new)
    }

    /// The text of a note, whatever its schema calls it.
    pub(super) fn text(&self, note: &Note) -> String {
        let (Self::Folder { version, .. } | Self::Memory { version, .. }) = self;
        note.get(version.text_key()).and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

/// Everything in a folder.
pub(super) fn dump(path: &Path) -> Result<Dump, StoreError> {
    let schema = schema(path)?
        .ok_or_else(|| StoreError::Damaged { path: path.to_owned(), reason: "there is no file `schema`".to_owned() })?;
    Ok(Dump { schema, notebook: read_notebook(path)?, notes: read_notes(path)? })
}

/// The text of every note in a folder, whatever the schema; line breaks are shown as `\n`.
pub(super) fn texts(path: &Path) -> Result<Vec<String>, StoreError> {
    let text = |note: Note| {
        note.get("text").or_else(|| note.get("body")).and_then(Value::as_str).map(|t| t.replace('\n', "\\n"))
    };
    Ok(dump(path)?.notes.into_iter().filter_map(text).collect())
}

/// Replaces everything in a folder by a dump, of this version's schema or an older one. Returns the number of notes.
pub(super) fn restore(path: &Path, dump: Dump, version: Version) -> Result<usize, StoreError> {
    fs::create_dir_all(path).map_err(io("create", path))?;
    let dump = migrate(dump, path, version)?;
    write(path, &dump)?;
    Ok(dump.notes.len())
}

fn migrate(dump: Dump, path: &Path, version: Version) -> Result<Dump, StoreError> {
    let (found, known) = (dump.schema, version.schema());
    if found > known {
        return Err(StoreError::TooNew { path: path.to_owned(), found, version: version.name(), known });
    }
    let notes = dump.notes.iter().map(|note| migrated(note.clone(), found, known)).collect();
    Ok(Dump { schema: known, notes, ..dump })
}

/// One note from one schema to another. Each step leaves what is already done alone, so that a migration that was cut short can
/// be run again.
fn migrated(mut note: Note, from: u32, to: u32) -> Note {
    if from < 2 && to >= 2 && !note.contains_key("length") {
        let text = note.get("text").or_else(|| note.get("body"));
        let length = text.and_then(Value::as_str).map_or(0, |text| text.chars().count());
        note.insert("length".to_owned(), json!(length));
    }
    if from < 3 && to >= 3 {
        if let Some(text) = note.remove("text") {
            note.insert("body".to_owned(), text);
        }
        note.entry("tags").or_insert_with(|| json!([]));
    }
    note
}

fn note(id: u64, text: &str) -> Note {
    Note::from_iter([("id".to_owned(), json!(id)), ("text".to_owned(), json!(text))])
}

/// The schema of the data in a folder; `None` when there is none yet.
pub(super) fn schema(folder: &Path) -> Result<Option<u32>, StoreError> {
    let path = folder.join("schema");
    match fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StoreError::Io { doing: "read", path, source }),
        Ok(text) => match text.trim().parse() {
            Ok(schema) => Ok(Some(schema)),
            Err(_) => Err(StoreError::Damaged { path, reason: format!("{:?} is no schema number", text.trim()) }),
        },
    }
}

fn read_notebook(folder: &Path) -> Result<String, StoreError> {
    let path = folder.join("notebook");
    fs::read_to_string(&path).map(|text| text.trim().to_owned()).map_err(io("read", &path))
}

fn new_notebook() -> String {
    format!("{:08x}", rand::random::<u32>())
}

fn read_notes(folder: &Path) -> Result<Vec<Note>, StoreError> {
    let path = folder.join("notes.jsonl");
    let text = fs::read_to_string(&path).map_err(io("read", &path))?;
    let parse = |(number, line)| {
        serde_json::from_str(line)
            .map_err(|e| StoreError::Damaged { path: path.clone(), reason: format!("line {}: {e}", number + 1) })
    };
    text.lines().enumerate().map(parse).collect()
}

/// Until when the notes cannot be read, in seconds since 1970, stands in this file of the data folder.
const BUSY: &str = "busy-until";

/// Keeps the notes from being read for some time.
pub(super) fn be_busy(folder: &Path, time: Duration) -> Result<(), StoreError> {
    replace(&folder.join(BUSY), &now().saturating_add(time.as_secs()).to_string())
}

/// Whether the notes cannot be read now.
pub(super) fn is_busy(folder: &Path) -> bool {
    let until = fs::read_to_string(folder.join(BUSY)).ok().and_then(|text| text.trim().parse().ok());
    until.is_some_and(|until: u64| now() < until)
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Loses the first note: what a bad migration does.
pub(super) fn lose_first(folder: &Path) -> Result<(), StoreError> {
    let mut dump = dump(folder)?;
    dump.notes.drain(..1.min(dump.notes.len()));
    write(folder, &dump)
}

/// Forgets that there is data: what an app does that does not look at its schema.
pub(super) fn forget(folder: &Path) -> Result<(), StoreError> {
    let path = folder.join("schema");
    fs::remove_file(&path).map_err(io("remove", &path))
}

/// The schema comes last: a migration cut short before is run again, and each of its steps allows that.
fn write(folder: &Path, dump: &Dump) -> Result<(), StoreError> {
    replace(&folder.join("notebook"), &format!("{}\n", dump.notebook))?;
    let lines: String = dump.notes.iter().map(|note| format!("{}\n", Value::Object(note.clone()))).collect();
    replace(&folder.join("notes.jsonl"), &lines)?;
    replace(&folder.join("schema"), &format!("{}\n", dump.schema))
}

/// Writes a file so that it holds either the old or the new content at any moment.
fn replace(path: &Path, content: &str) -> Result<(), StoreError> {
    let new = path.with_extension("new");
    let written = fs::File::create(&new).and_then(|mut file| {
        file.write_all(content.as_bytes())?;
        file.sync_data()
    });
    written.map_err(io("write", &new))?;
    fs::rename(&new, path).map_err(io("replace", path))
}

fn io(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Io { doing, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(store: &Store) -> Vec<String> {
        store.notes().unwrap().iter().map(|note| store.text(note)).collect()
    }

    #[test]
    fn notes_survive_every_migration_and_gain_its_keys() {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, migrated) = Store::open(folder.path(), Version::V1_0).unwrap();
        assert_eq!(migrated, None);
        store.add("tea & \"milk\"").unwrap();
        store.add("två").unwrap();
        for (version, from) in [(Version::V1_1, 1), (Version::V2_0, 2)] {
            let (store, migrated) = Store::open(folder.path(), version).unwrap();
            assert_eq!(migrated, Some(from));
            assert_eq!(texts(&store), ["tea & \"milk\"", "två"]);
        }
        let (store, _) = Store::open(folder.path(), Version::V2_0).unwrap();
        assert_eq!(
            Value::Object(store.notes().unwrap()[1].clone()),
            json!({"id": 2, "length": 3, "body": "två", "tags": []})
        );
    }

    #[test]
    fn a_migration_that_was_cut_short_is_finished_by_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, _) = Store::open(folder.path(), Version::V1_0).unwrap();
        store.add("half").unwrap();
        Store::open(folder.path(), Version::V2_0).unwrap();
        let whole = fs::read_to_string(folder.path().join("notes.jsonl")).unwrap();
        fs::write(folder.path().join("schema"), "1\n").unwrap();
        let (store, migrated) = Store::open(folder.path(), Version::V2_0).unwrap();
        assert_eq!((migrated, texts(&store)), (Some(1), vec!["half".to_owned()]));
        assert_eq!(fs::read_to_string(folder.path().join("notes.jsonl")).unwrap(), whole);
    }

    #[test]
    fn a_newer_schema_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        Store::open(folder.path(), Version::V2_0).unwrap();
        let error = Store::open(folder.path(), Version::V1_1).unwrap_err().to_string();
        assert!(error.contains("schema 3") && error.contains("version 1.1"), "{error}");
        assert_eq!(fs::read_to_string(folder.path().join("schema")).unwrap(), "3\n");
    }

    #[test]
    fn a_dump_of_an_old_version_restores_into_a_newer_one() {
        let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        Store::open(old.path(), Version::V1_0).unwrap().0.add("kept").unwrap();
        assert_eq!(restore(new.path(), dump(old.path()).unwrap(), Version::V2_0).unwrap(), 1);
        assert_eq!(texts(&Store::open(new.path(), Version::V2_0).unwrap().0), ["kept"]);
        let error = restore(old.path(), dump(new.path()).unwrap(), Version::V1_0).unwrap_err();
        assert!(matches!(error, StoreError::TooNew { found: 3, .. }), "{error}");
        assert_eq!(texts(&Store::open(old.path(), Version::V1_0).unwrap().0), ["kept"]);
    }

    #[test]
    fn damage_is_named_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, _) = Store::open(folder.path(), Version::V1_0).unwrap();
        store.add("fine").unwrap();
        let path = folder.path().join("notes.jsonl");
        fs::write(&path, fs::read_to_string(&path).unwrap() + "{\"id\": 2").unwrap();
        let error = store.notes().unwrap_err().to_string();
        assert!(error.contains("notes.jsonl") && error.contains("line 2"), "{error}");
    }
}
