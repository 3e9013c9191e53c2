//! A backup that is taken while the app is written to must hold what was there at one moment (design.md §3.5).
//!
//! A writer writes 1, 2, 3 and so on: into two tables of each database (two lists of Redis) in one transaction, and with every `[[write]]` of
//! the scenario through the app. What comes back must be everything up to some number, with all that was safe before the backup began; and
//! what was there before the writer began must be there as well.
//!
//! That one database, or what one `[[write]]` writes, is whole is proven by this. That two of them are of the same moment is not.

mod whole;
mod writer;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use self::whole::{Written, marks, pairs, prefix, unmarked};
use self::writer::{Target, Writer};
use super::database::{Database, Tables, Way};
use super::restore::{lose_everything, write_back};
use super::{Copying, Part, Taken, hooks, save, volumes};
use crate::agent::FilesRequest;
use crate::record::{Evidence, Outcome};
use crate::scenario::{MARK, command};
use crate::trial::data::{self, Readings};
use crate::trial::session::{Replace, Session};
use crate::trial::trouble::Trouble;

/// Two tables that are always written together.
const TABLES: [&str; 2] = ["taster_busy_one", "taster_busy_two"];

/// What a mark begins with; the number of the `[[write]]` and the number that it writes follow.
const TOKEN: &str = "taster-write-";

/// So many numbers are safe before the backup begins.
const FIRST: u64 = 3;

/// How long they may take.
const WARM_UP: Duration = Duration::from_secs(30);

/// Right after a restore an app may be busy (lesson 22).
const PATIENCE: Duration = Duration::from_secs(10);

/// Pause between two questions.
const PAUSE: Duration = Duration::from_millis(500);

/// What was there, and what was written while it was backed up.
struct Busy {
    readings: Readings,
    databases: Vec<(Database, Option<Written>)>,
    /// Of each `[[write]]`, by its number: the probes that show its marks, and what it wrote.
    writes: BTreeMap<usize, (Vec<String>, Written)>,
}

/// Takes another backup while writers are at work, loses everything, and restores it.
///
/// # Errors
/// That what comes back is of no single moment, or that the app cannot be backed up while it is written to.
pub(super) async fn run(session: &mut Session, taken: &Taken) -> Result<Vec<Evidence>, Trouble> {
    session.log.progress("restore", "a backup while the app is written to");
    let mut evidence = Vec::new();
    let readings = data::look(session).await?;
    let mut databases = Vec::new();
    for database in &taken.databases {
        // What the app itself keeps in it is read before the writer's tables are there.
        forget(session, database).await?;
        if let Some(now) = database.read(session).await? {
            databases.push(database.holding(now));
        }
    }
    let (mut of_databases, mut of_writes) = start(session, &databases, &mut evidence).await?;
    warm_up(&mut of_databases, &mut of_writes, &mut evidence).await;
    if of_databases.is_empty() && of_writes.is_empty() {
        let text = "nothing was written during a backup: there is no [[write]] in tests/taster.toml, and no database that could be written to";
        return Ok(vec![Evidence::text("busy", text)].into_iter().chain(evidence).collect());
    }
    let shown = data::look(session).await?;
    let before: Vec<u64> = of_databases.values().chain(of_writes.values()).map(Writer::safe).collect();
    let copied = copy(session, taken).await;
    let mut stopped = before.into_iter();
    let mut busy = Busy { readings, databases: Vec::new(), writes: BTreeMap::new() };
    let mut written = BTreeMap::new();
    for (number, writer) in of_databases {
        written.insert(number, writer.stop(stopped.next().unwrap_or(0)).await);
    }
    for (number, writer) in of_writes {
        let mark = format!("{TOKEN}{number}-");
        let showing = shown.iter().filter(|(_, said)| !marks(said, &mark).is_empty());
        let showing: Vec<String> = showing.map(|(name, _)| name.clone()).collect();
        if showing.is_empty() {
            let text =
                format!("{}: no [[probe]] prints what it writes, so nothing tells whether that came back", writer.name);
            evidence.push(Evidence::text("finding", text));
        }
        let before = stopped.next().unwrap_or(0);
        busy.writes.insert(number, (showing, writer.stop(before).await));
    }
    busy.databases =
        databases.into_iter().enumerate().map(|(number, database)| (database, written.get(&number).copied())).collect();
    let parts = copied
        .map_err(|trouble| Trouble { reason: format!("while the app is written to: {}", trouble.reason), ..trouble })?;
    lose_everything(session).await?;
    write_back(session, &taken.labels, &parts, None).await?;
    evidence.extend(come_back(session, &busy).await?);
    for (database, _) in &busy.databases {
        forget(session, database).await?;
    }
    for part in parts {
        volumes::ask(session, part.node, FilesRequest::Forget { store: part.store }, drop).await?;
    }
    Ok(evidence)
}

/// Starts a writer for each database, by its number, and one for each `[[write]]`.
async fn start(
    session: &mut Session,
    databases: &[Database],
    evidence: &mut Vec<Evidence>,
) -> Result<(BTreeMap<usize, Writer>, BTreeMap<usize, Writer>), Trouble> {
    let (mut of_databases, mut of_writes) = (BTreeMap::new(), BTreeMap::new());
    for (number, database) in databases.iter().enumerate() {
        let target = match database.make(session, TABLES).await? {
            Ok(()) => target(session, database).await?,
            Err(why) => Err(why),
        };
        match target {
            Ok(target) => drop(of_databases.insert(number, Writer::start(database.name(), target))),
            Err(why) => evidence.push(Evidence::text("busy", format!("{} was not written to: {why}", database.name()))),
        }
    }
    for (number, write) in session.subject.scenario.write.clone().into_iter().enumerate() {
        let name = format!("`{}` in {}", write.run, write.service);
        // Each write has marks of its own.
        let text = write.run.replace(MARK, &format!("{TOKEN}{number}-{MARK}"));
        let argv = |text: &str, number: u64| command(&text.replace(MARK, &number.to_string()));
        match in_container(session, &write.service, argv, text).await? {
            Ok(target) => drop(of_writes.insert(number, Writer::start(name, target))),
            Err(why) => evidence.push(Evidence::text("finding", format!("{name}: {why}"))),
        }
    }
    Ok((of_databases, of_writes))
}

/// Where a writer's statements go.
async fn target(session: &mut Session, database: &Database) -> Result<Result<Target, String>, Trouble> {
    match database.way(TABLES) {
        Way::Script { service, script } => {
            let argv = |text: &str, number: u64| {
                vec!["sh".to_owned(), "-c".to_owned(), text.replace("{n}", &number.to_string())]
            };
            in_container(session, &service, argv, script).await
        }
        Way::Sqlite { volume, only, statements } => {
            let there = volumes::there(session).await?.into_iter().find(|there| there.key == volume);
            let node = there.as_ref().and_then(|there| session.cluster.nodes.get(there.node));
            let (Some(there), Some(node)) = (&there, node) else { return Ok(Err("its volume is gone".to_owned())) };
            let (link, root) = (node.link.clone(), there.root.clone());
            Ok(Ok(Target::Sqlite { link, root, only, statements }))
        }
    }
}

async fn in_container(
    session: &mut Session,
    service: &str,
    argv: fn(&str, u64) -> Vec<String>,
    text: String,
) -> Result<Result<Target, String>, Trouble> {
    let view = session.look().await?.services.into_iter().find(|view| view.short_name == service);
    let Some(view) = view else { return Ok(Err(format!("there is no service {service}"))) };
    Ok(Ok(Target::Command { engines: session.engines().clone(), service: Box::new(view), argv, text }))
}

/// Waits until every writer has written something, and tells of those that cannot.
async fn warm_up(
    of_databases: &mut BTreeMap<usize, Writer>,
    of_writes: &mut BTreeMap<usize, Writer>,
    evidence: &mut Vec<Evidence>,
) {
    let begun = Instant::now();
    let is_waiting = |writer: &Writer| writer.safe() < FIRST && writer.trouble().is_none();
    while begun.elapsed() < WARM_UP && of_databases.values().chain(of_writes.values()).any(is_waiting) {
        tokio::time::sleep(PAUSE / 5).await;
    }
    for writers in [of_databases, of_writes] {
        writers.retain(|_, writer| {
            let writes = writer.safe() >= FIRST;
            if !writes {
                let why = writer.trouble().unwrap_or_else(|| "it takes too long".to_owned());
                evidence.push(Evidence::text("finding", format!("{} was not written to: {why}", writer.name)));
            }
            writes
        });
    }
}

/// A backup as the bot takes it.
async fn copy(session: &mut Session, taken: &Taken) -> Result<Vec<Part>, Trouble> {
    for (service, hooks) in &taken.labels.hooks {
        if let Some(line) = &hooks.before_backup {
            hooks::run(session, "backup", service, "before the backup", line).await?;
        }
    }
    let volumes = volumes::there(session).await?;
    let parts = save(session, &taken.labels, &volumes, Copying::Busy).await?;
    for (service, hooks) in &taken.labels.hooks {
        if let Some(line) = &hooks.after_backup {
            hooks::run(session, "backup", service, "after the backup", line).await?;
        }
    }
    Ok(parts)
}

/// Looks until what came back is whole, or patience ends; and once more after a restart.
async fn come_back(session: &mut Session, busy: &Busy) -> Result<Vec<Evidence>, Trouble> {
    let Err(first) = within_patience(session, busy).await? else { return told(session, busy).await };
    session.log.progress("restore", "not whole: once more after a restart");
    let before = session.look().await?;
    let begun = Instant::now();
    session.deploy(&Replace::All).await?;
    let params = session.params().after(&before);
    let again = match session.converge("restore", params, begun).await {
        Ok(_) => within_patience(session, busy).await?,
        Err(trouble) if trouble.outcome == Outcome::Failed => Err(trouble.reason),
        Err(trouble) => return Err(trouble),
    };
    if again.is_ok() {
        return told(session, busy).await;
    }
    let reason =
        format!("a backup that was taken while the app was written to is not what was there at one moment: {first}");
    Err(Trouble::failed("torn-backup", reason).advise(
        "Let the hook before the backup dump everything in one transaction (pg_dump, mariadb-dump --single-transaction, SQLite's .backup), or \
         hold the app meanwhile: files of a running database, or a dump of one table after the other, are no backup.",
    ))
}

async fn within_patience(session: &mut Session, busy: &Busy) -> Result<Result<(), String>, Trouble> {
    let begun = Instant::now();
    loop {
        match is_whole(session, busy).await? {
            Ok(_) => return Ok(Ok(())),
            Err(why) if begun.elapsed() > PATIENCE => return Ok(Err(why)),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

async fn told(session: &mut Session, busy: &Busy) -> Result<Vec<Evidence>, Trouble> {
    let words = is_whole(session, busy).await?.unwrap_or_default();
    Ok(words.into_iter().map(|text| Evidence::text("busy", text)).collect())
}

/// Asks everything once: what came back, in words, or what is wrong with it.
async fn is_whole(session: &mut Session, busy: &Busy) -> Result<Result<Vec<String>, String>, Trouble> {
    let mut words = Vec::new();
    let said = data::once(session).await?;
    for (name, was) in &busy.readings {
        let now = said.get(name).cloned().flatten();
        if now.map(|now| unmarked(&now, TOKEN)) != Some(unmarked(was, TOKEN)) {
            return Ok(Err(format!("the probe `{name}` does not say what it said before")));
        }
    }
    for (number, (showing, written)) in &busy.writes {
        for name in showing {
            let text = said.get(name).cloned().flatten().unwrap_or_default();
            match prefix(&marks(&text, &format!("{TOKEN}{number}-")), *written) {
                Ok(last) => words.push(came_back(&format!("the probe `{name}`"), last, *written)),
                Err(why) => return Ok(Err(format!("the probe `{name}`: {why}"))),
            }
        }
    }
    for (database, written) in &busy.databases {
        let Some(now) = database.read(session).await? else {
            return Ok(Err(format!("{} does not answer", database.name())));
        };
        if let Some(lost) = database.compare(&Tables::new(), &now).lost.into_iter().next() {
            return Ok(Err(format!("{}: {lost}", database.name())));
        }
        let Some(written) = written else { continue };
        match numbers(session, database).await? {
            Ok([one, other]) => match pairs(&one, &other, *written) {
                Ok(last) => words.push(came_back(&database.name(), last, *written)),
                Err(why) => return Ok(Err(format!("{}: {why}", database.name()))),
            },
            Err(why) => {
                return Ok(Err(format!("{}: what was written before the backup is not there: {why}", database.name())));
            }
        }
    }
    Ok(Ok(words))
}

fn came_back(name: &str, last: u64, written: Written) -> String {
    format!(
        "{name}: written to while it was backed up; 1 to {last} of {} came back, {} of them older than the backup, and nothing in between is missing",
        written.tried, written.before
    )
}

/// What is in the two tables.
async fn numbers(session: &mut Session, database: &Database) -> Result<Result<[BTreeSet<u64>; 2], String>, Trouble> {
    let mut both: [BTreeSet<u64>; 2] = Default::default();
    for (table, found) in TABLES.iter().zip(&mut both) {
        match database.numbers(session, table).await? {
            Ok(numbers) => *found = numbers,
            Err(why) => return Ok(Err(why)),
        }
    }
    Ok(Ok(both))
}

/// Removes the writer's tables, where there are any.
async fn forget(session: &mut Session, database: &Database) -> Result<(), Trouble> {
    database.clear(session, TABLES).await?;
    database.unplant(session).await
}
