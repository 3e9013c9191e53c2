//! What a database of the stack held before an upgrade, and still holds after it.

use std::time::{Duration, Instant};

use crate::compose::backup::Backup;
use crate::record::Evidence;
use crate::trial::backup;
use crate::trial::backup::database::{self, Database, Migrated};
use crate::trial::install::ask_all;
use crate::trial::session::Session;
use crate::trial::trouble::Trouble;

/// Right after an upgrade a database may be busy (lesson 22).
const PATIENCE: Duration = Duration::from_secs(20);

/// How long what is gone may take to come back: some apps fill a table anew.
const SETTLING: Duration = Duration::from_secs(5);

/// Pause between two questions.
const PAUSE: Duration = Duration::from_millis(500);

/// The databases that could be asked.
#[derive(Debug)]
pub(super) struct Tables(Vec<Database>);

impl Tables {
    /// Asks every database that is recognised, twice: what differs changes by itself. A visitor comes in between, for what apps do when
    /// somebody looks at them.
    ///
    /// # Errors
    /// When the node is gone.
    pub(super) async fn read(session: &mut Session) -> Result<Self, Trouble> {
        let labels = Backup::of(&session.subject.project);
        let mut tables = Self(database::there(session, &labels).await?);
        if tables.is_empty() {
            return Ok(tables);
        }
        // The older release answered before; whether it does so now is not what this is about.
        let _ = ask_all(session, "upgrade", Instant::now()).await;
        tokio::time::sleep(backup::IDLE).await;
        for database in &mut tables.0 {
            if let Some(now) = database.read(session).await? {
                database.learn(&now);
            }
        }
        Ok(tables)
    }

    /// Whether there is no table to compare.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|database| database.before.is_empty())
    }

    /// Compares with what they hold now. Migrations drop tables, and apps tidy up in tables that change by themselves: that is told. Any
    /// other table that is still there holds the rows that were there, unless the scenario says that it may lose some.
    ///
    /// # Errors
    /// Rows that are gone, or a database that does not answer any more.
    pub(super) async fn compare(&self, session: &mut Session) -> Result<Vec<Evidence>, Trouble> {
        let mut evidence = Vec::new();
        let may_lose = session.candidate.1.upgrade.may_lose.clone();
        for database in &self.0 {
            if database.is_gone(&session.subject.project) {
                evidence.push(Evidence::text("finding", format!("{}: its service is gone", database.name())));
                continue;
            }
            let asked = Instant::now();
            let Migrated { lost, told, kept } = loop {
                match database.read(session).await?.map(|now| database.migrated(&now, &may_lose)) {
                    Some(migrated) if migrated.lost.is_empty() || asked.elapsed() > SETTLING => break migrated,
                    Some(_) => tokio::time::sleep(PAUSE).await,
                    None if asked.elapsed() < PATIENCE => tokio::time::sleep(PAUSE).await,
                    None => {
                        let reason = format!("{} does not answer any more after the upgrade", database.name());
                        return Err(Trouble::failed("data-lost", reason)
                            .advise("See what its log says; a new major version may not read the old one's data."));
                    }
                }
            };
            let name = database.name();
            evidence.extend(told.into_iter().map(|text| Evidence::text("finding", format!("{name}: {text}"))));
            if let Some(first) = lost.first() {
                let reason = format!("the data is not the same: {name}: {first}");
                return Err(Trouble { evidence, ..Trouble::failed("data-lost", reason) }.with("tables", lost.join("\n")).advise(
                    "See what the newer version's migration does with these rows. If it is meant to remove them, name the table with the reason under \
                     [upgrade.may_lose] in tests/taster.toml.",
                ));
            }
            evidence.push(Evidence::text("tables", format!("{name}: {kept} table(s) have no fewer rows")));
        }
        Ok(evidence)
    }
}
