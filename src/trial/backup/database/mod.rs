//! Built-in probes: databases are asked, table by table, without any scenario.
//!
//! Servers are recognised by their image, and asked in their own container, with their own client and the credentials that their environment
//! names; SQLite by the first bytes of files in volumes, and read by the agent. A row that was not there before is planted in the app's own
//! database, as the database's owner: it must come back.

mod redis;
mod sql;
mod sqlite;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::compose::backup::{Backup, Selected, volumes};
use crate::compose::project::Project;
use crate::lint::Database as Kind;
use crate::swarm::exec::{self, Command, ExecError};
use crate::trial::session::Session;
use crate::trial::trouble::Trouble;

/// How long a probe may take: it reads every row.
const LIMIT: Duration = Duration::from_secs(300);

/// What a table holds: how many rows, and a digest of them.
pub(in crate::trial) type Tables = BTreeMap<String, (u64, String)>;

/// Where a database is, and how it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// A server of this kind in the container of a service.
    Server(Kind, String),
    /// Redis, or what was made from it, in the container of a service.
    Redis(redis::Server),
    /// Files of SQLite in a volume, by its key.
    Sqlite(String),
}

/// A database of the stack, and what was in it.
#[derive(Debug)]
pub(in crate::trial) struct Database {
    place: Place,
    /// Before the backup, the planted row included.
    pub before: Tables,
    /// Tables that change by themselves.
    pub volatile: BTreeSet<String>,
    /// The table of the planted row, when one could be planted.
    pub canary: Option<String>,
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
    /// What it is called in a proof.
    pub(in crate::trial) fn name(&self) -> String {
        self.place.name()
    }

    /// Whether it keeps its data in this volume.
    pub(in crate::trial) fn lies_in(&self, project: &Project, key: &str) -> bool {
        mounts(project, &self.place, key)
    }

    /// Whether the files of its volume are its own way to keep what its tables hold. SQLite's lie among others.
    pub(in crate::trial) fn owns_volume(&self) -> bool {
        !matches!(self.place, Place::Sqlite(_))
    }

    /// The service whose container it is in; `None` for files in a volume.
    pub(in crate::trial) fn service(&self) -> Option<&str> {
        match &self.place {
            Place::Server(_, service) => Some(service),
            Place::Redis(server) => Some(&server.service),
            Place::Sqlite(_) => None,
        }
    }

    /// Whether apps may empty it as they like: Redis is a cache more often than not.
    pub(in crate::trial) fn is_cache(&self) -> bool {
        matches!(self.place, Place::Redis(_))
    }

    /// What it holds now; `None` when it does not answer.
    ///
    /// # Errors
    /// When the node is gone.
    pub(in crate::trial) async fn read(&self, session: &mut Session) -> Result<Option<Tables>, Trouble> {
        self.place.read(session).await.map(Result::ok)
    }

    /// Learns from a second look at the idle app which tables change by themselves.
    pub(in crate::trial) fn learn(&mut self, now: &Tables) {
        self.volatile = self
            .before
            .iter()
            .filter(|(table, was)| now.get(*table) != Some(*was))
            .map(|(table, _)| table.clone())
            .collect();
    }

    /// The planted row is not there any more.
    pub(in crate::trial) fn forget_canary(&mut self) {
        if let Some(table) = self.canary.take() {
            self.before.retain(|name, _| !name.ends_with(&table));
        }
    }

    /// Plants a row; what was read before must be read again.
    ///
    /// # Errors
    /// When the node is gone.
    pub(in crate::trial) async fn plant(&mut self, session: &mut Session) -> Result<(), Trouble> {
        let table = format!("taster_canary_{:08x}", rand::random::<u32>());
        let value: u32 = rand::random();
        if self.place.plant(session, &table, &format!("{value:08x}")).await?.is_ok()
            && let Some(now) = self.read(session).await?
        {
            self.before = now;
            self.canary = Some(table);
        }
        Ok(())
    }

    /// Removes the planted row again.
    ///
    /// # Errors
    /// When the node is gone.
    pub(in crate::trial) async fn unplant(&self, session: &mut Session) -> Result<(), Trouble> {
        if let Some(table) = &self.canary {
            // Where it is not, there is nothing to remove.
            let _ = self.place.unplant(session, table).await?;
        }
        Ok(())
    }

    /// Compares it with what it was; `fresh` is what it held on a fresh install.
    pub(in crate::trial) fn compare(&self, fresh: &Tables, now: &Tables) -> Compared {
        let mut compared = Compared::default();
        for (table, was) in self.before.iter().filter(|(table, _)| !self.volatile.contains(*table)) {
            match now.get(table) {
                Some(is) if is == was => compared.proven += usize::from(fresh.get(table) != Some(was)),
                Some(is) if is.0 >= was.0 => compared.changed.push(table.clone()),
                Some(is) => compared.lost.push(format!("{table}: {} of {} row(s)", is.0, was.0)),
                None => compared.lost.push(format!("{table}: not there; it had {} row(s)", was.0)),
            }
        }
        compared
    }
}

impl Place {
    fn name(&self) -> String {
        match self {
            Self::Server(kind, service) => format!("{} in {service}", kind.name()),
            Self::Redis(server) => format!("Redis in {}", server.service),
            Self::Sqlite(volume) => format!("SQLite in the volume {volume}"),
        }
    }

    /// What it holds, or why it does not say.
    async fn read(&self, session: &mut Session) -> Result<Result<Tables, String>, Trouble> {
        let (service, script) = match self {
            Self::Server(kind, service) => (service, sql::read(*kind)),
            Self::Redis(server) => (&server.service, server.read()),
            Self::Sqlite(volume) => return sqlite::read(session, volume).await,
        };
        Ok(shell(session, service, &script).await?.map(|said| tables(&said)))
    }

    async fn plant(&self, session: &mut Session, name: &str, value: &str) -> Result<Result<String, String>, Trouble> {
        let (service, script) = match self {
            Self::Server(kind, service) => {
                let statements =
                    format!("CREATE TABLE {name} (value VARCHAR(20)); INSERT INTO {name} VALUES ('{value}');");
                (service, sql::tell(*kind, &statements))
            }
            Self::Redis(server) => (&server.service, server.tell(&format!("SET {name} {value}"))),
            Self::Sqlite(volume) => return sqlite::plant(session, volume, name, value).await,
        };
        shell(session, service, &script).await
    }

    async fn unplant(&self, session: &mut Session, name: &str) -> Result<Result<String, String>, Trouble> {
        let (service, script) = match self {
            Self::Server(kind, service) => (service, sql::tell(*kind, &format!("DROP TABLE IF EXISTS {name};"))),
            Self::Redis(server) => (&server.service, server.tell(&format!("DEL {name}"))),
            Self::Sqlite(volume) => return sqlite::unplant(session, volume, name).await,
        };
        shell(session, service, &script).await
    }
}

/// The databases of a project that answer now. Those that do not are told: they stay unproven.
///
/// # Errors
/// When the node is gone.
pub(in crate::trial) async fn there(session: &mut Session, labels: &Backup) -> Result<Vec<Database>, Trouble> {
    let mut found = Vec::new();
    for place in known(session, labels) {
        let said = place.read(session).await?;
        let is_server = matches!(place, Place::Server(..));
        match said {
            // Without anything in it that lasts it is a cache, or no database at all.
            Ok(before) if before.is_empty() && !is_server => {
                if matches!(place, Place::Redis(_)) {
                    session
                        .log
                        .note(format!("{}: it holds no key that lasts, so there is nothing to lose", place.name()));
                }
            }
            Ok(before) => found.push(Database { place, before, volatile: BTreeSet::new(), canary: None }),
            Err(said) => session.log.note(format!("{} was not asked: {said}", place.name())),
        }
    }
    Ok(found)
}

/// The places where databases may be that can be asked. What a recipe leaves out of its backup on purpose is asked only of servers that are
/// always stores: Redis and SQLite are caches often enough.
fn known(session: &Session, labels: &Backup) -> Vec<Place> {
    let project = &session.subject.project;
    let is_taken = |key: &str| labels.volumes.get(key).is_some_and(|selected| *selected != Selected::Nothing);
    let mut places = Vec::new();
    for (name, service) in project.services() {
        if let Some(kind @ (Kind::Postgres | Kind::MySql)) = Kind::of(service) {
            places.push(Place::Server(kind, name.to_owned()));
        } else if let Some(server) = redis::Server::of(name, service)
            && volumes(service).any(|mount| is_taken(&mount.source))
        {
            places.push(Place::Redis(server));
        }
    }
    let of_server = |key: &str| places.iter().any(|place| mounts(project, place, key));
    let files = labels.volumes.keys().filter(|key| is_taken(key) && !of_server(key));
    let files: Vec<Place> = files.map(|key| Place::Sqlite(key.clone())).collect();
    places.extend(files);
    places
}

fn mounts(project: &Project, place: &Place, key: &str) -> bool {
    match place {
        Place::Sqlite(volume) => volume == key,
        Place::Server(_, service) | Place::Redis(redis::Server { service, .. }) => {
            project.services.get(service).is_some_and(|service| volumes(service).any(|mount| mount.source == key))
        }
    }
}

/// Lines of name, number of rows and digest. A name may hold spaces.
fn tables(said: &str) -> Tables {
    let line = |line: &str| {
        let mut words = line.rsplitn(3, ' ');
        let (digest, rows, name) = (words.next()?, words.next()?, words.next()?);
        Some((name.to_owned(), (rows.parse().ok()?, digest.to_owned())))
    };
    said.lines().filter_map(line).collect()
}

/// Runs a script in a service's container: what it said, or why it did not work.
async fn shell(session: &mut Session, service: &str, script: &str) -> Result<Result<String, String>, Trouble> {
    let view = session.look().await?;
    let Some(view) = view.services.iter().find(|view| view.short_name == service) else {
        return Ok(Err("there is no such service".to_owned()));
    };
    let mut command = Command::shell(script);
    command.timeout = LIMIT;
    match exec::in_service(session.engines(), view, &command).await {
        Ok(output) if output.exit_code == 0 && !output.cut => Ok(Ok(output.stdout_text())),
        Ok(output) => {
            let said = session.log.redactor().clean(output.stderr_text().trim());
            Ok(Err(if said.is_empty() { format!("exit code {}", output.exit_code) } else { said }))
        }
        Err(error @ (ExecError::NotRunning { .. } | ExecError::TimedOut { .. })) => {
            // The script is no news to the reader.
            Ok(Err(if matches!(error, ExecError::TimedOut { .. }) { "it takes too long" } else { "it is not running" }
                .to_owned()))
        }
        Err(error) => {
            Err(Trouble::errored("engine", error.to_string()).advise("The node's engine went away; run it again."))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_are_gone_are_lost_and_others_are_changed() {
        let before =
            tables("public.notes 3 17\npublic.users 1 5\npublic.seen 2 8\npublic.two words 1 1\nc 1 9\nsame 1 2\n");
        assert_eq!(before["public.two words"], (1, "1".to_owned()));
        let volatile = BTreeSet::from(["public.seen".to_owned()]);
        let place = Place::Server(Kind::Postgres, "db".to_owned());
        let database = Database { place, before, volatile, canary: Some("c".to_owned()) };
        let fresh = tables("same 1 2\npublic.users 1 4\n");
        let now = tables("public.notes 2 11\npublic.users 1 6\nsame 1 2\nc 1 9\n");
        let compared = database.compare(&fresh, &now);
        assert_eq!(compared.lost, ["public.notes: 2 of 3 row(s)", "public.two words: not there; it had 1 row(s)"]);
        assert_eq!((compared.changed, compared.proven), (vec!["public.users".to_owned()], 1));
    }
}
