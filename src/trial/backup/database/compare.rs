//! What a database holds, and what of it is lost: tables by their rows, and rows by their keys where there are keys.

use std::collections::{BTreeMap, BTreeSet};

use super::{Database, file_of};

/// So many rows that are gone are named.
const NAMED: usize = 10;

/// What a table holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::trial) struct Table {
    /// How many rows.
    pub rows: u64,
    /// A digest of all of them, whatever their order.
    pub digest: String,
    /// Its rows by their primary keys: a digest, and behind a colon how the key begins, in hexadecimal digits. `None` without a primary key, or
    /// where there are more than 5000 rows.
    pub keys: Option<BTreeSet<String>>,
}

/// What a database holds, by table.
pub(in crate::trial) type Tables = BTreeMap<String, Table>;

/// How a table changes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Volatile {
    /// It is not always there.
    Table,
    /// Rows come or go.
    Rows,
    /// What is in the rows is written anew, and there are as many as before.
    Content,
}

/// What came of a database.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::trial) struct Compared {
    /// Tables that are missing, or have fewer rows.
    pub lost: Vec<String>,
    /// Tables whose rows are others, and no fewer.
    pub changed: Vec<String>,
    /// Tables that are equal, and were not on the fresh install.
    pub proven: usize,
}

impl Database {
    /// Learns from a second look at the idle app what changes by itself: which tables, and which of their rows.
    pub(in crate::trial) fn learn(&mut self, now: &Tables) {
        for (name, was) in &self.before {
            let how = match now.get(name) {
                None => Volatile::Table,
                Some(is) if is.rows != was.rows => Volatile::Rows,
                Some(is) if is.digest != was.digest => Volatile::Content,
                Some(_) => continue,
            };
            self.volatile.insert(name.clone(), how);
        }
        self.see(now);
    }

    /// Rows that are gone by themselves do not last.
    pub(in crate::trial) fn see(&mut self, now: &Tables) {
        self.lasting.retain(|name, keys| match now.get(name).and_then(|table| table.keys.as_ref()) {
            Some(there) => {
                keys.retain(|key| there.contains(key));
                true
            }
            None => false,
        });
    }

    /// The same database with what it holds at another moment, and nothing planted in it. A dump beside it is none of it.
    pub(in crate::trial) fn holding(&self, mut now: Tables) -> Self {
        let files = self.files();
        now.retain(|name, _| {
            self.owns_volume() || file_of(name).is_some_and(|file| files.iter().any(|own| own == file))
        });
        let (place, volatile, lasting) = (self.place.clone(), self.volatile.clone(), self.lasting.clone());
        let mut database = Self { place, before: Tables::new(), volatile, lasting, canary: None };
        database.see(&now);
        database.before = now;
        database
    }

    /// Compares it with what it was; `fresh` is what it held on a fresh install.
    ///
    /// Tables that change by themselves are not compared as a whole, but their rows that lasted must be there: what is written anew all the
    /// time must not hide the loss of something else.
    pub(in crate::trial) fn compare(&self, fresh: &Tables, now: &Tables) -> Compared {
        let mut compared = Compared::default();
        for (name, was) in &self.before {
            let volatile = self.volatile.get(name);
            let Some(is) = now.get(name) else {
                let comes_and_goes = volatile == Some(&Volatile::Table) || volatile.is_some() && self.is_cache();
                if !comes_and_goes {
                    compared.lost.push(format!("{name}: not there; it had {} row(s)", was.rows));
                }
                continue;
            };
            let known = self.lasting.get(name).zip(is.keys.as_ref());
            let missing: Option<Vec<&String>> = known.map(|(lasting, there)| lasting.difference(there).collect());
            let gone = missing.as_ref().map(Vec::len);
            match (volatile, gone) {
                (None, _) if (is.rows, &is.digest) == (was.rows, &was.digest) => {
                    compared.proven += usize::from(fresh.get(name) != Some(was));
                }
                (Some(_), Some(gone)) if gone > 0 => {
                    let of = self.lasting.get(name).map_or(0, BTreeSet::len);
                    let which = named(missing.into_iter().flatten());
                    let text =
                        format!("{name}: {gone} of {of} row(s) that do not change by themselves are gone{which}");
                    compared.lost.push(text);
                }
                (Some(_), Some(_)) | (Some(Volatile::Table | Volatile::Rows), None) => {}
                (Some(Volatile::Content), None) if self.is_cache() || is.rows >= was.rows => {}
                (None, Some(gone)) if is.rows >= was.rows && gone > 0 => {
                    compared.changed.push(format!("{name}: {gone} row(s) are others"));
                }
                (None, _) if is.rows >= was.rows => compared.changed.push(name.clone()),
                _ => compared.lost.push(format!("{name}: {} of {} row(s)", is.rows, was.rows)),
            }
        }
        compared
    }

    /// What is lost after a migration, which may change every row and drop tables: a table that is still there and has no row any more, and
    /// what was planted.
    pub(in crate::trial) fn emptied(&self, now: &Tables) -> Vec<String> {
        let is_canary = |name: &str| self.canary.as_ref().is_some_and(|canary| name.ends_with(canary.as_str()));
        let lost = self.before.iter().filter_map(|(name, was)| match now.get(name) {
            None if is_canary(name) => Some(format!("{name}: not there; it had {} row(s)", was.rows)),
            Some(is) if is.rows == 0 && was.rows > 0 && !self.is_cache() => {
                Some(format!("{name}: none of {} row(s)", was.rows))
            }
            _ => None,
        });
        lost.collect()
    }
}

/// How the keys of some rows begin, behind a colon; nothing where that is not known.
pub(super) fn named<'k>(keys: impl IntoIterator<Item = &'k String>) -> String {
    let text = |key: &'k String| {
        let digits = key.split_once(':')?.1.as_bytes();
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let bytes: Vec<u8> = digits.chunks(2).filter_map(byte).collect();
        let text = String::from_utf8_lossy(&bytes);
        Some(text.chars().map(|c| if c.is_control() { '?' } else { c }).collect::<String>())
    };
    let mut known: Vec<String> = keys.into_iter().filter_map(text).collect();
    known.sort();
    let more = known.len().saturating_sub(NAMED);
    known.truncate(NAMED);
    match (known.is_empty(), more) {
        (true, _) => String::new(),
        (false, 0) => format!(": {}", known.join("; ")),
        (false, more) => format!(": {} and {more} more", known.join("; ")),
    }
}

/// Lines of name, number of rows, digest, and keys: `-` when they are not known, `=` and each of them otherwise. A name may hold spaces.
pub(super) fn tables(said: &str) -> Tables {
    let line = |line: &str| {
        let mut words = line.rsplitn(4, ' ');
        let (keys, digest, rows, name) = (words.next()?, words.next()?, words.next()?, words.next()?);
        let keys = keys.strip_prefix('=');
        let keys = keys.map(|keys| keys.split(',').filter(|key| !key.is_empty()).map(str::to_owned).collect());
        Some((name.to_owned(), Table { rows: rows.parse().ok()?, digest: digest.to_owned(), keys }))
    };
    said.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Place;
    use super::*;
    use crate::lint::Database as Kind;

    fn database(before: &str) -> Database {
        Database::new(Place::Server(Kind::Postgres, "db".to_owned()), tables(before))
    }

    #[test]
    fn rows_that_are_gone_are_lost_and_others_are_changed() {
        let still = "public.notes 3 17 -\npublic.users 1 5 =a\npublic.two words 1 1 -\nc 1 9 -\nsame 1 2 -\n";
        let mut database = database(&format!("{still}public.seen 2 8 -\n"));
        assert_eq!(database.before["public.two words"].digest, "1");
        database.learn(&tables(&format!("{still}public.seen 3 9 -\n")));
        let fresh = tables("same 1 2 -\npublic.users 1 4 =a\n");
        let now = tables("public.notes 2 11 -\npublic.users 1 6 =a\nsame 1 2 -\nc 1 9 -\npublic.seen 1 3 -\n");
        let compared = database.compare(&fresh, &now);
        assert_eq!(compared.lost, ["public.notes: 2 of 3 row(s)", "public.two words: not there; it had 1 row(s)"]);
        assert_eq!((compared.changed, compared.proven), (vec!["public.users".to_owned()], 1));
    }

    #[test]
    fn what_changes_by_itself_does_not_hide_the_loss_of_another_row() {
        // A column that counts, rows that come and go beside rows that stay, and tables whose rows have no key.
        let mut database = database("hits 3 1 =a,b,c\nsessions 2 1 =u,x\nlog 2 1 -\nseen 2 1 -\n");
        database.learn(&tables("hits 3 2 =a,b,c\nsessions 3 2 =u,y,z\nlog 2 2 -\nseen 3 2 -\n"));
        let lost = |now: &str| database.compare(&Tables::new(), &tables(now)).lost;
        let good = "hits 3 9 =a,b,c\nsessions 1 9 =u\nlog 2 9 -\nseen 1 9 -\n";
        assert_eq!(lost(good), Vec::<String>::new(), "rows that come and go are no loss");
        assert_eq!(
            lost("hits 3 9 =a,c,n\nsessions 5 9 =v,w\nlog 1 9 -\nseen 1 9 -\n"),
            [
                "hits: 1 of 3 row(s) that do not change by themselves are gone",
                "log: 1 of 2 row(s)",
                "sessions: 1 of 1 row(s) that do not change by themselves are gone",
            ]
        );
        assert_eq!(lost("sessions 1 9 =u\nlog 2 9 -\nseen 1 9 -\n"), ["hits: not there; it had 3 row(s)"]);
        // What went away by itself before everything was lost is not asked for.
        let later = database.holding(tables("hits 2 9 =a,c\nsessions 1 9 =u\nlog 2 9 -\nseen 1 9 -\n"));
        let now = tables("hits 2 9 =a,c\nsessions 0 0 =\nlog 2 9 -\nseen 0 9 -\n");
        assert_eq!(later.compare(&Tables::new(), &now).lost.len(), 1);
    }

    #[test]
    fn a_dump_beside_a_database_is_none_of_it() {
        let database =
            Database::new(Place::Sqlite("data".to_owned()), tables("app.db notes 2 1 =a,b\napp.db users 1 1 -\n"));
        assert_eq!(database.files(), ["app.db"]);
        let later = database.holding(tables("app.db notes 2 1 =a,b\ndump.db notes 2 1 =a,b\n"));
        assert_eq!(later.before.keys().collect::<Vec<_>>(), ["app.db notes"]);
    }

    #[test]
    fn a_row_in_the_place_of_another_is_told() {
        let mut database = database("notes 2 1 =a,b\n");
        database.learn(&tables("notes 2 1 =a,b\n"));
        let compared = database.compare(&Tables::new(), &tables("notes 2 2 =a,c\n"));
        assert_eq!((compared.lost.len(), compared.changed), (0, vec!["notes: 1 row(s) are others".to_owned()]));
    }

    #[test]
    fn a_migration_may_change_rows_and_drop_tables_and_not_empty_them() {
        let mut database = database("notes 2 1 =a,b\nold 1 1 -\npublic.taster_canary_1 1 5 -\n");
        database.canary = Some("taster_canary_1".to_owned());
        assert!(database.emptied(&tables("notes 1 7 =x\npublic.taster_canary_1 1 5 -\n")).is_empty());
        assert_eq!(
            database.emptied(&tables("notes 0 0 =\n")),
            ["notes: none of 2 row(s)", "public.taster_canary_1: not there; it had 1 row(s)"]
        );
    }
}
