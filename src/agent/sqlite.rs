//! SQLite databases in a volume: found by the first bytes of their files, read on a copy, and given a row that must survive.
//!
//! A live database is never opened to be read: that could recover a log, or leave files behind that the app may not write. The file is
//! copied with what stands beside it, once more when it changed meanwhile, and SQLite recovers the copy. Only a row is planted in the original,
//! under SQLite's own locks, which hold across containers of one kernel.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::fcntl::OFlag;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::files::Dir;

/// How every SQLite database begins.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// What SQLite keeps beside a database: without its log, the newest rows are missing.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// More databases than this in one volume are somebody's collection, not an app's store.
const MOST: usize = 50;

/// So many keys of one table are told at most.
const MOST_KEYS: usize = 5000;

/// So many bytes of a key are told, for people to read.
const SHOWN: usize = 16;

/// A database that changes all the time is copied so often before it is taken as it is.
const ATTEMPTS: usize = 5;

/// How long a planted row waits for the app's own transaction.
const BUSY: Duration = Duration::from_secs(5);

/// Where copies are read: on the file system of the engine, so that they go with the node.
const SCRATCH: &str = "/var/lib/docker/taster-sqlite";

/// What to do with the databases below a root, an absolute path as the node sees it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum SqliteRequest {
    /// Tell every table.
    Read {
        /// Where.
        root: String,
    },
    /// Have statements done in each, under SQLite's own locks.
    Tell {
        /// Where.
        root: String,
        /// The databases, by their paths from the root; others are left alone.
        only: Vec<String>,
        /// What.
        statements: String,
    },
    /// Ask a query of one column in a copy of each.
    Ask {
        /// Where.
        root: String,
        /// The databases, by their paths from the root; others are left alone.
        only: Vec<String>,
        /// The query.
        query: String,
    },
}

/// A table of a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SqliteTable {
    /// The database's path from the root.
    pub file: String,
    /// The table.
    pub table: String,
    /// How many rows it has.
    pub rows: u64,
    /// A digest of all of them that does not depend on their order.
    pub digest: String,
    /// A digest of each row's primary key, and behind a colon how the key begins, in hexadecimal digits; `None` without one, or where there are
    /// more than 5000 rows.
    pub keys: Option<BTreeSet<String>>,
}

/// What came of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SqliteSaid {
    /// The tables, for [`SqliteRequest::Read`].
    pub tables: Vec<SqliteTable>,
    /// The rows, for [`SqliteRequest::Ask`].
    pub rows: Vec<String>,
    /// The databases that were found.
    pub files: Vec<String>,
    /// The databases with which it did not work, and why.
    pub troubles: Vec<(String, String)>,
}

/// Does what is asked for. Everything here blocks.
pub(super) fn perform(request: &SqliteRequest) -> Result<SqliteSaid, String> {
    let (SqliteRequest::Read { root } | SqliteRequest::Tell { root, .. } | SqliteRequest::Ask { root, .. }) = request;
    let mut found = Vec::new();
    let held = Dir::root(Path::new(root)).map_err(|error| error.to_string())?;
    databases(&held, "", &mut found).map_err(|error| format!("cannot look through {root}: {error}"))?;
    if let SqliteRequest::Tell { only, .. } | SqliteRequest::Ask { only, .. } = request {
        found.retain(|file| only.contains(file));
    }
    let mut said = SqliteSaid { files: found, ..SqliteSaid::default() };
    for file in said.files.clone() {
        let done = match request {
            SqliteRequest::Read { .. } => {
                on_copy(&held, &file, |copy| tables(copy, &file)).map(|tables| said.tables.extend(tables))
            }
            SqliteRequest::Tell { statements, .. } => alter(root, &file, |database| database.execute_batch(statements)),
            SqliteRequest::Ask { query, .. } => {
                on_copy(&held, &file, |copy| asked(copy, query)).map(|rows| said.rows.extend(rows))
            }
        };
        if let Err(why) = done {
            said.troubles.push((file, why));
        }
    }
    Ok(said)
}

/// The databases below a folder, sorted by path. Links are not followed.
fn databases(folder: &Dir, above: &str, found: &mut Vec<String>) -> io::Result<()> {
    for name in folder.names()? {
        let Some(word) = name.to_str() else { continue };
        let path = if above.is_empty() { word.to_owned() } else { format!("{above}/{word}") };
        let Ok(metadata) = std::fs::symlink_metadata(folder.at(&name)) else { continue };
        if metadata.is_dir() {
            // What the app removes meanwhile is not there.
            if let Ok(below) = folder.folder(&name) {
                databases(&below, &path, found)?;
            }
        } else if metadata.is_file() && metadata.len() >= 512 && found.len() < MOST {
            let mut begin = [0; MAGIC.len()];
            let is_one = folder.read(&name).and_then(|mut file| file.read_exact(&mut begin)).is_ok() && begin == *MAGIC;
            if is_one {
                found.push(path);
            }
        }
    }
    Ok(())
}

/// Looks into a copy of a database.
fn on_copy<T>(root: &Dir, file: &str, look: impl FnOnce(&Path) -> rusqlite::Result<T>) -> Result<T, String> {
    std::fs::create_dir_all(SCRATCH).map_err(|error| format!("cannot make {SCRATCH}: {error}"))?;
    let scratch =
        tempfile::tempdir_in(SCRATCH).map_err(|error| format!("cannot make a folder in {SCRATCH}: {error}"))?;
    let copy = copied(root, file, scratch.path()).map_err(|error| format!("cannot copy it: {error}"))?;
    look(&copy).map_err(|error| error.to_string())
}

/// Copies a database with what stands beside it, again while it changes.
fn copied(root: &Dir, file: &str, scratch: &Path) -> io::Result<PathBuf> {
    let (folder, name) = root.parent_of(file)?;
    let copy = scratch.join("copy");
    let beside = |suffix: &str| {
        let mut name = name.clone();
        name.push(suffix);
        name
    };
    for attempt in 1..=ATTEMPTS {
        let before = stamp(&folder.read(&name)?)?;
        let logs: Vec<Option<_>> =
            BESIDE.iter().map(|suffix| folder.read(&beside(suffix)).and_then(|log| stamp(&log)).ok()).collect();
        io::copy(&mut folder.read(&name)?, &mut File::create(&copy)?)?;
        for suffix in BESIDE.iter().filter(|suffix| **suffix != "-shm") {
            let target = scratch.join(format!("copy{suffix}"));
            match folder.read(&beside(suffix)) {
                Ok(mut log) => drop(io::copy(&mut log, &mut File::create(&target)?)?),
                Err(_) => drop(std::fs::remove_file(&target)),
            }
        }
        let after: Vec<Option<_>> =
            BESIDE.iter().map(|suffix| folder.read(&beside(suffix)).and_then(|log| stamp(&log)).ok()).collect();
        if stamp(&folder.read(&name)?)? == before && logs == after || attempt == ATTEMPTS {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(copy)
}

/// What tells that a file was written.
fn stamp(file: &File) -> io::Result<(u64, i64, i64)> {
    let metadata = file.metadata()?;
    Ok((metadata.len(), metadata.mtime(), metadata.mtime_nsec()))
}

/// Opens a copy. To be written as well: SQLite recovers a log that the app had not written back yet.
fn opened(copy: &Path) -> rusqlite::Result<Connection> {
    let database =
        Connection::open_with_flags(copy, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    database.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;")?;
    Ok(database)
}

/// The first column of a query's rows, as text.
fn asked(copy: &Path, query: &str) -> rusqlite::Result<Vec<String>> {
    let database = opened(copy)?;
    let mut query = database.prepare(query)?;
    query.query_map([], |row| Ok(text(row.get_ref(0)?)))?.collect()
}

/// A value as people read it.
fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) | ValueRef::Blob(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Null => String::new(),
    }
}

fn tables(copy: &Path, file: &str) -> rusqlite::Result<Vec<SqliteTable>> {
    let database = opened(copy)?;
    let whole: String = database.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if whole != "ok" {
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
        return Err(rusqlite::Error::SqliteFailure(code, Some(format!("it is damaged: {whole}"))));
    }
    // Virtual tables keep what they hold in tables of their own, and those are read.
    let mut names = database.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
         AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name",
    )?;
    let names: Vec<String> = names.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    names
        .into_iter()
        .map(|table| {
            let (rows, digest, keys) = rows(&database, &table)?;
            Ok(SqliteTable { file: file.to_owned(), table, rows, digest, keys })
        })
        .collect()
}

/// How many rows a table has, the sum of their digests, and the digests of their primary keys.
fn rows(database: &Connection, table: &str) -> rusqlite::Result<(u64, String, Option<BTreeSet<String>>)> {
    let mut named = database.prepare("SELECT name FROM pragma_table_info(?1) WHERE pk > 0")?;
    let named: Vec<String> = named.query_map([table], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let mut all = database.prepare(&format!("SELECT * FROM \"{}\"", table.replace('"', "\"\"")))?;
    let columns: Vec<bool> = all.column_names().map(|name| named.iter().any(|key| key == name)).collect();
    let mut found = all.query([])?;
    let (mut count, mut sum) = (0_u64, 0_u128);
    let mut keys = (!named.is_empty()).then(BTreeSet::new);
    while let Some(row) = found.next()? {
        let (mut whole, mut key) = (Sha256::new(), Sha256::new());
        let mut shown = Vec::new();
        for (column, is_key) in columns.iter().enumerate() {
            let (kind, bytes): (u8, Vec<u8>) = match row.get_ref(column)? {
                ValueRef::Null => (0, Vec::new()),
                ValueRef::Integer(number) => (1, number.to_be_bytes().to_vec()),
                ValueRef::Real(number) => (2, number.to_be_bytes().to_vec()),
                ValueRef::Text(text) => (3, text.to_vec()),
                ValueRef::Blob(blob) => (4, blob.to_vec()),
            };
            if *is_key {
                shown.push(text(row.get_ref(column)?));
            }
            for hash in std::iter::once(&mut whole).chain(is_key.then_some(&mut key)) {
                hash.update([kind]);
                hash.update((bytes.len() as u64).to_be_bytes());
                hash.update(&bytes);
            }
        }
        sum = sum.wrapping_add(beginning(whole));
        count += 1;
        if let Some(known) = &mut keys {
            let shown: String = shown.join(",").bytes().take(SHOWN).map(|byte| format!("{byte:02x}")).collect();
            known.insert(format!("{:012x}:{shown}", beginning(key) >> 80));
        }
        keys = keys.filter(|known| known.len() <= MOST_KEYS);
    }
    Ok((count, format!("{sum:032x}"), keys))
}

/// The first sixteen bytes of a digest.
fn beginning(hash: Sha256) -> u128 {
    hash.finalize().iter().take(16).fold(0_u128, |sum, byte| sum << 8 | u128::from(*byte))
}

/// Changes the original. What SQLite leaves beside it belongs to whom the database belongs to, so that the app can go on.
fn alter(root: &str, file: &str, change: impl FnOnce(&Connection) -> rusqlite::Result<()>) -> Result<(), String> {
    let path = Path::new(root).join(file);
    let owner = File::options()
        .read(true)
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(&path)
        .and_then(|file| file.metadata())
        .map_err(|error| error.to_string())?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let done = Connection::open_with_flags(&path, flags).and_then(|database| {
        database.busy_timeout(BUSY)?;
        database.execute_batch("PRAGMA trusted_schema = OFF")?;
        change(&database)
    });
    for suffix in BESIDE {
        let beside = PathBuf::from(format!("{}{suffix}", path.display()));
        // Not there in most cases.
        let _ = std::os::unix::fs::lchown(beside, Some(owner.uid()), Some(owner.gid()));
    }
    done.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(path: &Path) -> Connection {
        let database = Connection::open(path).unwrap();
        database.execute_batch("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;").unwrap();
        database
            .execute_batch("CREATE TABLE notes (id INTEGER, text TEXT); INSERT INTO notes VALUES (1, 'a'), (2, 'b')")
            .unwrap();
        database
    }

    #[test]
    fn what_is_only_in_the_log_counts_and_a_copy_without_the_log_lacks_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("deep")).unwrap();
        std::fs::write(folder.path().join("plain.txt"), [b'x'; 600]).unwrap();
        let path = folder.path().join("deep/app.db");
        let app = app(&path);
        app.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); INSERT INTO notes VALUES (3, 'c')").unwrap();
        let root = Dir::root(folder.path()).unwrap();
        let mut found = Vec::new();
        databases(&root, "", &mut found).unwrap();
        assert_eq!(found, ["deep/app.db"]);
        let looked = |name: &str| {
            let scratch = tempfile::tempdir().unwrap();
            let copy = copied(&root, name, scratch.path()).unwrap();
            tables(&copy, name).unwrap()
        };
        let whole = looked("deep/app.db");
        assert_eq!((whole.len(), whole[0].table.as_str(), whole[0].rows), (1, "notes", 3));
        std::fs::copy(&path, folder.path().join("hot.db")).unwrap();
        assert_eq!(looked("hot.db")[0].rows, 2, "the newest row is in the log alone");
        // The order of rows is not their content, their values are.
        app.execute_batch("DELETE FROM notes WHERE id = 1; INSERT INTO notes VALUES (1, 'a')").unwrap();
        assert_eq!(looked("deep/app.db")[0].digest, whole[0].digest);
        app.execute_batch("UPDATE notes SET text = 'z' WHERE id = 1").unwrap();
        assert_ne!(looked("deep/app.db")[0].digest, whole[0].digest);
        assert_eq!(whole[0].keys, None, "its rows have no key");
    }

    #[test]
    fn rows_are_told_apart_by_their_keys_whatever_else_is_in_them() {
        let database = Connection::open_in_memory().unwrap();
        database
            .execute_batch(
                "CREATE TABLE hits (page TEXT, at INTEGER, seen INTEGER, PRIMARY KEY (page, at)) WITHOUT ROWID; \
                 INSERT INTO hits VALUES ('a', 1, 0), ('b', 1, 0)",
            )
            .unwrap();
        let keys = || rows(&database, "hits").unwrap().2.unwrap();
        let before = keys();
        database.execute_batch("UPDATE hits SET seen = 9").unwrap();
        assert_eq!((keys(), before.len()), (before.clone(), 2));
        database.execute_batch("DELETE FROM hits WHERE page = 'b'; INSERT INTO hits VALUES ('b', 2, 9)").unwrap();
        assert_eq!(keys().intersection(&before).count(), 1);
        let many = "CREATE TABLE many (id INTEGER PRIMARY KEY); WITH RECURSIVE n(i) AS \
                    (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5001) INSERT INTO many SELECT i FROM n";
        database.execute_batch(many).unwrap();
        let (count, _, keys) = rows(&database, "many").unwrap();
        assert_eq!((count, keys), (5001, None));
    }

    #[test]
    fn a_planted_row_is_seen_by_the_app_and_goes_again() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(&folder.path().join("app.db"));
        let root = folder.path().display().to_string();
        alter(&root, "app.db", |database| database.execute_batch("CREATE TABLE canary (value TEXT)")).unwrap();
        let count = || -> i64 {
            app.query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'canary'", [], |row| row.get(0)).unwrap()
        };
        assert_eq!(count(), 1);
        alter(&root, "app.db", |database| database.execute_batch("DROP TABLE IF EXISTS canary")).unwrap();
        assert_eq!(count(), 0);
        // A database that is held by the app's own transaction is left alone, and the app goes on.
        let other = self::app(&folder.path().join("held.db"));
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let busy = alter(&root, "held.db", |database| {
            database.busy_timeout(Duration::from_millis(50))?;
            database.execute_batch("CREATE TABLE canary (value TEXT)")
        });
        assert!(busy.unwrap_err().contains("locked"));
        other.execute_batch("INSERT INTO notes VALUES (9, 'z'); COMMIT").unwrap();
    }

    #[test]
    fn a_damaged_database_is_no_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.db");
        let database = Connection::open(&path).unwrap();
        database.execute_batch("CREATE TABLE notes (text TEXT); INSERT INTO notes SELECT hex(randomblob(3000)) FROM (SELECT 1 UNION SELECT 2)").unwrap();
        drop(database);
        let mut bytes = std::fs::read(&path).unwrap();
        let half = bytes.len() / 2;
        bytes.truncate(half);
        std::fs::write(&path, bytes).unwrap();
        let error = tables(&path, "app.db").unwrap_err().to_string();
        assert!(error.contains("damaged") || error.contains("malformed"), "{error}");
    }
}
