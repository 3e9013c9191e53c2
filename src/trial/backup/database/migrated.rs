//! What an upgrade may do to a database, and what it may not: a migration rewrites rows and drops tables, but a table that is still there
//! holds every row that was there before, unless the scenario declares otherwise (design.md §3.3, level 3).

use std::collections::BTreeMap;

use super::Database;
use super::compare::{Tables, named};

/// What came of a database in an upgrade.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::trial) struct Migrated {
    /// What no upgrade may take away.
    pub lost: Vec<String>,
    /// What is gone and may be, for whoever reads the report.
    pub told: Vec<String>,
    /// Tables that have no fewer rows.
    pub kept: usize,
}

impl Database {
    /// Compares what it holds `now`, after an upgrade, with what it held. `may_lose` names the tables whose rows may go, with the reasons.
    ///
    /// Rows are told apart by their primary keys, where they are known. A table whose rows come and go by themselves is not held to them, and one
    /// of which no key is left has other keys now: those are told.
    pub(in crate::trial) fn migrated(&self, now: &Tables, may_lose: &BTreeMap<String, String>) -> Migrated {
        let mut migrated = Migrated::default();
        for (name, was) in &self.before {
            let rows = was.rows;
            let Some(is) = now.get(name) else {
                migrated.told.push(format!("the table {name}, with {rows} row(s), is gone after the upgrade"));
                continue;
            };
            let declared = may_lose.iter().find(|(table, _)| is_called(name, table)).map(|(_, why)| why);
            if is.rows == 0 && rows > 0 && !self.is_cache() {
                let text = format!("the table {name} had {rows} row(s) and has none after the upgrade");
                migrated.judge(text, declared);
                continue;
            }
            let lasting = self.lasting.get(name).zip(is.keys.as_ref());
            let (of, gone): (usize, Vec<&String>) =
                lasting.map_or((0, Vec::new()), |(was, is)| (was.len(), was.difference(is).collect()));
            let is_volatile = self.volatile.contains_key(name);
            if gone.is_empty() || is_volatile || gone.len() == of {
                match (is.rows < rows, gone.is_empty()) {
                    (true, _) => {
                        migrated.told.push(format!("{name} has {} of {rows} row(s) after the upgrade", is.rows))
                    }
                    (false, false) if !is_volatile => {
                        migrated.kept += 1;
                        migrated
                            .told
                            .push(format!("{name} has other keys after the upgrade, so its rows were counted alone"));
                    }
                    (false, _) => migrated.kept += 1,
                }
                continue;
            }
            let which = named(gone.iter().copied());
            let text = format!("{} of {of} row(s) of the table {name} are gone after the upgrade{which}", gone.len());
            migrated.judge(text, declared);
        }
        migrated
    }
}

impl Migrated {
    fn judge(&mut self, text: String, declared: Option<&String>) {
        match declared {
            Some(why) => self.told.push(format!("{text}; declared in the scenario: {why}")),
            None => self.lost.push(text),
        }
    }
}

/// Whether a scenario's word means a table: its whole name, or the name without the schema or the file before it.
fn is_called(name: &str, word: &str) -> bool {
    name == word || name.strip_suffix(word).is_some_and(|before| before.ends_with(['.', ' ']))
}

#[cfg(test)]
mod tests {
    use super::super::Place;
    use super::super::compare::tables;
    use super::*;
    use crate::lint::Database as Kind;

    fn database(before: &str) -> Database {
        Database::new(Place::Server(Kind::Postgres, "db".to_owned()), tables(before))
    }

    fn migrated(database: &Database, now: &str) -> Migrated {
        database.migrated(&tables(now), &BTreeMap::new())
    }

    #[test]
    fn a_row_that_is_gone_is_lost_and_named_whatever_was_added() {
        let database = database("public.notes 2 1 =a:31,b:37\npublic.users 1 1 =a:31\n");
        let done = migrated(&database, "public.notes 3 9 =a:31,c:33,d:34\npublic.users 2 7 =a:31,b:32\n");
        assert_eq!(done.lost, ["1 of 2 row(s) of the table public.notes are gone after the upgrade: 7"]);
        assert_eq!((done.told, done.kept), (Vec::new(), 1));
        let emptied = migrated(&database, "public.notes 0 0 =\npublic.users 1 7 =a:31\n").lost;
        assert_eq!(emptied, ["the table public.notes had 2 row(s) and has none after the upgrade"]);
    }

    #[test]
    fn what_a_migration_may_do_is_told_and_no_loss() {
        let database = database("dropped 2 1 =a,b\nrekeyed 2 1 =a,b\nversion 1 1 =a\nlog 3 1 -\n");
        let done = migrated(&database, "rekeyed 2 1 =x,y\nversion 1 2 =b\nlog 2 1 -\nadded 1 1 =a\n");
        assert_eq!(done.lost, Vec::<String>::new());
        assert_eq!(done.kept, 2);
        let told = done.told.join("\n");
        for words in ["the table dropped, with 2 row(s), is gone", "rekeyed has other keys", "log has 2 of 3 row(s)"] {
            assert!(told.contains(words), "{told}");
        }
    }

    #[test]
    fn a_table_whose_rows_come_and_go_by_themselves_is_not_held_to_them() {
        let mut database = database("sessions 3 1 =a,b,c\noptions 3 1 =a,b,c\n");
        database.learn(&tables("sessions 2 2 =a,b\noptions 3 5 =a,b,c\n"));
        let done = migrated(&database, "sessions 1 2 =a\noptions 2 2 =a,c\n");
        assert_eq!((done.lost, done.told.len()), (Vec::new(), 2));
    }

    #[test]
    fn a_declared_loss_is_told_with_its_reason() {
        let database = database("public.jobs 2 1 =a:31,b:32\nd/app.db jobs 2 1 =a,b\nmyjobs 2 1 =a,b\n");
        let declared = BTreeMap::from([("jobs".to_owned(), "they are done".to_owned())]);
        let done = database.migrated(&tables("public.jobs 1 2 =a:31\nd/app.db jobs 0 2 =\nmyjobs 1 2 =a\n"), &declared);
        assert_eq!(done.lost, ["1 of 2 row(s) of the table myjobs are gone after the upgrade"]);
        assert!(done.told.iter().all(|text| text.ends_with("; declared in the scenario: they are done")), "{done:?}");
        assert_eq!(done.told.len(), 2);
    }
}
