//! What a database of the stack held before an upgrade, and still holds after it.

use std::time::{Duration, Instant};

use crate::compose::backup::Backup;
use crate::record::Evidence;
use crate::trial::backup::database::{self, Database};
use crate::trial::session::Session;
use crate::trial::trouble::Trouble;

/// Right after an upgrade a database may be busy (lesson 22).
const PATIENCE: Duration = Duration::from_secs(20);

/// Pause between two questions.
const PAUSE: Duration = Duration::from_millis(500);

/// The databases that could be asked.
#[derive(Debug)]
pub(super) struct Tables(Vec<Database>);

impl Tables {
    /// Asks every database that is recognised.
    ///
    /// # Errors
    /// When the node is gone.
    pub(super) async fn read(session: &mut Session) -> Result<Self, Trouble> {
        let labels = Backup::of(&session.subject.project);
        database::there(session, &labels).await.map(Self)
    }

    /// Whether there is no table to compare.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|database| database.before.is_empty())
    }

    /// Compares with what they hold now. Migrations drop tables, and apps tidy rows away: that is told. A table that is still there and
    /// has lost every row is a loss.
    ///
    /// # Errors
    /// A table that was emptied, or a database that does not answer any more.
    pub(super) async fn compare(&self, session: &mut Session) -> Result<Vec<Evidence>, Trouble> {
        let mut evidence = Vec::new();
        for database in &self.0 {
            if database.service().is_some_and(|service| !session.subject.project.services.contains_key(service)) {
                evidence.push(Evidence::text("finding", format!("{}: its service is gone", database.name())));
                continue;
            }
            let asked = Instant::now();
            let now = loop {
                match database.read(session).await? {
                    Some(now) => break now,
                    None if asked.elapsed() < PATIENCE => tokio::time::sleep(PAUSE).await,
                    None => {
                        let reason = format!("{} does not answer any more after the upgrade", database.name());
                        return Err(Trouble::failed("data-lost", reason)
                            .advise("See what its log says; a new major version may not read the old one's data."));
                    }
                }
            };
            let mut kept = 0;
            for (table, (rows, _)) in &database.before {
                match now.get(table).map(|(now, _)| *now) {
                    Some(0) if *rows > 0 && !database.is_cache() => {
                        let reason = format!(
                            "the data is not the same: the table {table} of {} had {rows} row(s) and has none after the upgrade",
                            database.name()
                        );
                        return Err(Trouble::failed("data-lost", reason)
                            .advise("See what the newer version's migration does with it."));
                    }
                    Some(now) if now < *rows => evidence.push(Evidence::text(
                        "finding",
                        format!("{}: {table} has {now} of {rows} row(s) after the upgrade", database.name()),
                    )),
                    Some(_) => kept += 1,
                    None => evidence.push(Evidence::text(
                        "finding",
                        format!(
                            "{}: the table {table}, with {rows} row(s), is gone after the upgrade",
                            database.name()
                        ),
                    )),
                }
            }
            evidence.push(Evidence::text("tables", format!("{}: {kept} table(s) have no fewer rows", database.name())));
        }
        Ok(evidence)
    }
}
