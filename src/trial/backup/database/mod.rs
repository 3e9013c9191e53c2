//! Built-in probes: databases are asked, table by table, without any scenario.
//!
//! Servers are recognised by their image, and asked in their own container, with their own client and the credentials that their environment
//! names; SQLite by the first bytes of files in volumes, and read by the agent. A row that was not there before is planted in the app's own
//! database, as the database's owner: it must come back.

mod compare;
mod migrated;
mod redis;
mod sql;
mod sqlite;
mod writing;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use self::compare::{Table, Volatile, tables};
use crate::compose::backup::{Backup, Selected, volumes};
use crate::compose::project::Project;
use crate::lint::Database as Kind;
use crate::swarm::exec::Command;
use crate::trial::inside::{self, Unable};
use crate::trial::session::Session;
use crate::trial::trouble::Trouble;

pub(in crate::trial) use self::compare::Tables;
pub(in crate::trial) use self::migrated::Migrated;
pub(in crate::trial) use self::writing::Way;

/// How long a probe may take: it reads every row.
const LIMIT: Duration = Duration::from_secs(300);

/// A look may say so much: 5000 keys in each of a hundred tables, with what they look like.
const OUTPUT: usize = 24 << 20;

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
    volatile: BTreeMap<String, Volatile>,
    /// The keys of rows that were there whenever it was looked at, by table: whatever else changes there, these stay.
    lasting: BTreeMap<String, BTreeSet<String>>,
    /// The table of the planted row, when one could be planted.
    pub canary: Option<String>,
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
    fn service(&self) -> Option<&str> {
        match &self.place {
            Place::Server(_, service) => Some(service),
            Place::Redis(server) => Some(&server.service),
            Place::Sqlite(_) => None,
        }
    }

    /// The files of a volume that were databases before anything was dumped beside them; none are known of a server.
    pub(in crate::trial) fn files(&self) -> Vec<String> {
        let tables = self.before.keys().filter(|_| !self.owns_volume());
        let files: BTreeSet<&str> = tables.filter_map(|name| file_of(name)).collect();
        files.into_iter().map(str::to_owned).collect()
    }

    /// Whether a project has nothing any more that could hold it.
    pub(in crate::trial) fn is_gone(&self, project: &Project) -> bool {
        self.service().is_some_and(|service| !project.services.contains_key(service))
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

    /// What was found in a place.
    fn new(place: Place, before: Tables) -> Self {
        let keys = |(name, table): (&String, &Table)| Some((name.clone(), table.keys.clone()?));
        let lasting = before.iter().filter_map(keys).collect();
        Self { place, before, volatile: BTreeMap::new(), lasting, canary: None }
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
        let only = self.files();
        if self.place.plant(session, &only, &table, &format!("{value:08x}")).await?.is_ok()
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
            let _ = self.place.unplant(session, &self.files(), table).await?;
        }
        Ok(())
    }

    /// Has statements done: what was said, or why it did not work.
    ///
    /// # Errors
    /// When the node is gone.
    async fn tell(&self, session: &mut Session, statements: &str) -> Result<Result<String, String>, Trouble> {
        self.place.tell(session, &self.files(), statements).await
    }

    /// Asks one query of one column: a line for each row, or why it did not work.
    ///
    /// # Errors
    /// When the node is gone.
    async fn ask(&self, session: &mut Session, query: &str) -> Result<Result<String, String>, Trouble> {
        match &self.place {
            Place::Sqlite(volume) => sqlite::query(session, volume, &self.files(), query).await,
            place => place.tell(session, &[], query).await,
        }
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

    /// Has statements done, of the part of SQL that all of them know: what was said, or why it did not work.
    async fn tell(
        &self,
        session: &mut Session,
        only: &[String],
        statements: &str,
    ) -> Result<Result<String, String>, Trouble> {
        match self {
            Self::Server(kind, service) => shell(session, service, &sql::tell(*kind, statements)).await,
            Self::Redis(_) => Ok(Err("it keeps no tables".to_owned())),
            Self::Sqlite(volume) => sqlite::tell(session, volume, only, statements).await,
        }
    }

    async fn plant(
        &self,
        session: &mut Session,
        only: &[String],
        name: &str,
        value: &str,
    ) -> Result<Result<String, String>, Trouble> {
        if let Self::Redis(server) = self {
            return shell(session, &server.service, &server.tell(&format!("SET {name} {value}"))).await;
        }
        let statements = format!("CREATE TABLE {name} (value VARCHAR(20)); INSERT INTO {name} VALUES ('{value}');");
        self.tell(session, only, &statements).await
    }

    async fn unplant(
        &self,
        session: &mut Session,
        only: &[String],
        name: &str,
    ) -> Result<Result<String, String>, Trouble> {
        if let Self::Redis(server) = self {
            return shell(session, &server.service, &server.tell(&format!("DEL {name}"))).await;
        }
        self.tell(session, only, &format!("DROP TABLE IF EXISTS {name};")).await
    }
}

/// The file of a SQLite table's name.
fn file_of(name: &str) -> Option<&str> {
    name.rsplit_once(' ').map(|(file, _)| file)
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
            Ok(before) => found.push(Database::new(place, before)),
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

/// Runs a script in a service's container: what it said, or why it did not work.
async fn shell(session: &mut Session, service: &str, script: &str) -> Result<Result<String, String>, Trouble> {
    let mut command = Command::shell(script);
    command.timeout = LIMIT;
    command.output_limit = OUTPUT;
    Ok(match inside::run(session, service, &command).await? {
        Ok(output) if output.exit_code == 0 && !output.cut => Ok(output.stdout_text()),
        Ok(output) => {
            let said = session.log.redactor().clean(output.stderr_text().trim());
            Err(if said.is_empty() { format!("exit code {}", output.exit_code) } else { said })
        }
        // The script is no news to the reader.
        Err(Unable::TimedOut(_)) => Err("it takes too long".to_owned()),
        Err(Unable::NotRunning(_)) => Err("it is not running".to_owned()),
        Err(unable @ Unable::NoService(_)) => Err(unable.to_string()),
    })
}
