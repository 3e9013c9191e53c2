//! `backup` and `restore`: what backup-bot would do, and the proof that the data survives it (design.md §3.5).
//!
//! Everything that is read, copied and hashed stays in the node. A backup that succeeded proves nothing until it was restored.

mod busy;
pub(in crate::trial) mod database;
mod hooks;
mod hot;
mod keep;
mod manifest;
mod proof;
mod restore;
mod sabotage;
pub(in crate::trial) mod volumes;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use self::database::Database;
use self::manifest::Volatile;
use self::volumes::{Manifest, Volume};
use super::answer::Answer;
use super::data::{self, Readings};
use super::install::ask_all;
use super::recorder::Passed;
use super::session::Session;
use super::trouble::Trouble;
use crate::agent::{FileKind, FilesRequest};
use crate::compose::backup::{Backup, Selected};
use crate::compose::project::Project;
use crate::record::Evidence;
use crate::scenario::Seed;

pub(super) use keep::keep;
pub(super) use restore::run as restore;

/// Between two looks at the idle app: what differs changes by itself.
pub(super) const IDLE: Duration = Duration::from_secs(1);

/// The name of a file that was not there before, in a folder that the backup takes.
const CANARY: &str = ".taster-canary";

/// Where a part of a backup is from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    /// A volume, by its key.
    Volume(String),
    /// The container of a service, outside its volumes.
    Container(String),
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Volume(key) => write!(f, "the volume {key}"),
            Self::Container(service) => write!(f, "the container of {service}"),
        }
    }
}

/// A copy of some files in the store of a node.
#[derive(Debug)]
struct Part {
    source: Source,
    node: usize,
    /// The name of the copy.
    store: String,
    saved: Manifest,
    /// The canary's path, when there is a folder for it.
    canary: Option<String>,
}

/// A backup, and what is to be compared once it was restored.
#[derive(Debug)]
pub(super) struct Taken {
    labels: Backup,
    parts: Vec<Part>,
    /// The keys of the volumes that the run wrote.
    written: Vec<String>,
    /// What was in each volume before the hooks ran.
    before: BTreeMap<String, Manifest>,
    /// What changes there by itself.
    volatile: BTreeMap<String, Volatile>,
    readings: Readings,
    databases: Vec<Database>,
    answers: Vec<Answer>,
    /// It is restored into a newer release than it was taken of.
    newer: Option<Newer>,
}

/// What is other where a backup is restored into a newer release: rows and files may be migrated, and pages look otherwise.
#[derive(Debug)]
struct Newer {
    /// What operators run once the files are back.
    after: Vec<Seed>,
}

impl Taken {
    /// To be restored into a newer release: its own hooks read what was taken.
    pub(super) fn into_newer(self, project: &Project, after: Vec<Seed>) -> Self {
        let labels = Backup { hooks: Backup::of(project).hooks, ..self.labels };
        Self { labels, newer: Some(Newer { after }), ..self }
    }

    /// Whether a probe was asked before the backup.
    pub(super) fn was_asked(&self, probe: &str) -> bool {
        self.readings.contains_key(probe)
    }
}

/// What the run wrote to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// Volumes with files that are newer than they are.
    ByTime,
    /// Volumes with any file: they were put back with all that was in them, and the files are older.
    PutBack,
}

/// Backs the stack up as the bot does.
///
/// # Errors
/// Why there is no backup; skipped when no volume was written.
pub(super) async fn run(session: &mut Session, wrote: Written) -> Result<(Passed, Taken), Trouble> {
    let begun = Instant::now();
    let answers = ask_all(session, "backup", begun).await?;
    let readings = data::read(session).await?;
    let labels = Backup::of(&session.subject.project);
    let volumes = volumes::there(session).await?;
    let first = volumes::describe(session, &volumes).await?;
    let is_written = |volume: &&Volume| {
        first.get(&volume.key).is_some_and(|manifest| match wrote {
            Written::ByTime => volume.is_written(manifest),
            Written::PutBack => manifest.values().any(|entry| entry.kind != FileKind::Folder),
        })
    };
    let written: BTreeSet<String> = volumes.iter().filter(is_written).map(|volume| volume.key.clone()).collect();
    if written.is_empty() {
        return Err(Trouble::skipped("nothing-written", "the run wrote to no volume, so there is nothing to back up"));
    }
    let written: Vec<String> = written.into_iter().collect();
    if !labels.is_on {
        return Err(no_backup(&written));
    }
    let mut databases = database::there(session, &labels).await?;
    tokio::time::sleep(IDLE).await;
    for database in &mut databases {
        if let Some(now) = database.read(session).await? {
            database.learn(&now);
        }
    }
    let before = volumes::describe(session, &volumes).await?;
    let volatile = before
        .iter()
        .map(|(key, manifest)| (key.clone(), Volatile::between(first.get(key).unwrap_or(manifest), manifest)))
        .collect();
    for database in &mut databases {
        database.plant(session).await?;
    }
    let copying = Instant::now();
    for (service, hooks) in &labels.hooks {
        if let Some(line) = &hooks.before_backup {
            before_backup(session, &mut databases, service, line).await?;
        }
    }
    let parts = save(session, &labels, &volumes, Copying::Proof).await?;
    for (service, hooks) in &labels.hooks {
        if let Some(line) = &hooks.after_backup {
            hooks::run(session, "backup", service, "after the backup", line).await?;
        }
    }
    for database in &databases {
        database.unplant(session).await?;
    }
    session.log.timing("backup", copying);
    session.still_converged("backup").await?;
    let mut passed = what_was_taken(&labels, &parts, &written)?;
    passed.evidence.extend(hot::copied(&session.subject.project, &labels, &databases));
    Ok((passed, Taken { labels, parts, written, before, volatile, readings, databases, answers, newer: None }))
}

/// Runs a hook before the backup. One that fails is run again without what was planted, before the recipe is blamed.
async fn before_backup(
    session: &mut Session,
    databases: &mut [Database],
    service: &str,
    line: &str,
) -> Result<(), Trouble> {
    let Err(trouble) = hooks::run(session, "backup", service, "before the backup", line).await else { return Ok(()) };
    if !databases.iter().any(|database| database.canary.is_some()) {
        return Err(trouble);
    }
    for database in databases {
        database.unplant(session).await?;
        database.forget_canary();
    }
    hooks::run(session, "backup", service, "before the backup", line).await?;
    session.log.note(format!(
        "{service}: the hook before the backup fails when the database holds a table that is not the app's"
    ));
    Ok(())
}

fn no_backup(written: &[String]) -> Trouble {
    let reason = format!("the run wrote to {}, and nothing is backed up", written.join(", "));
    Trouble::failed("no-backup", reason)
        .with("labels", "no service has the label backupbot.backup=true under deploy: labels:")
        .advise("Add the label `backupbot.backup=${ENABLE_BACKUPS:-true}` to `app`, under deploy: labels:.")
}

/// What files are copied for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Copying {
    /// For the proof: a canary lies among them, where there is a folder for one.
    Proof,
    /// To see whether a copy that is taken while the app is written to is whole.
    Busy,
}

/// Copies what the labels select.
async fn save(
    session: &mut Session,
    labels: &Backup,
    volumes: &[Volume],
    copying: Copying,
) -> Result<Vec<Part>, Trouble> {
    let mut wanted = Vec::new();
    for volume in volumes {
        let Some(paths) = labels.volumes.get(&volume.key).and_then(volumes::paths) else { continue };
        wanted.push((Source::Volume(volume.key.clone()), volume.node, volume.root.clone(), paths));
    }
    for (service, paths) in &labels.containers {
        let (node, root) = volumes::container(session, service).await?;
        wanted.push((Source::Container(service.clone()), node, root, paths.clone()));
    }
    let mut parts = Vec::new();
    for (number, (source, node, root, paths)) in wanted.into_iter().enumerate() {
        let name = match &source {
            Source::Volume(key) => key.clone(),
            Source::Container(service) => format!("{service}-container"),
        };
        let busy = if copying == Copying::Busy { "busy-" } else { "" };
        let store = format!("{busy}{number}-{}", name.replace(['/', '.'], "-"));
        let canary = match (&source, copying) {
            (Source::Volume(_), Copying::Proof) => plant(session, node, &root, &paths).await?,
            _ => None,
        };
        session.log.progress("backup", format!("copying {source}"));
        let mut saved = Manifest::new();
        let request = FilesRequest::Save { root: root.clone(), paths, store: store.clone() };
        volumes::ask(session, node, request, |entry| drop(saved.insert(entry.path.clone(), entry))).await?;
        if let Some(path) = &canary {
            let request = FilesRequest::Remove { root, path: path.clone() };
            volumes::ask(session, node, request, drop).await?;
        }
        parts.push(Part { source, node, store, saved, canary });
    }
    Ok(parts)
}

/// Puts a canary into the first folder that is selected; `None` when only files are.
async fn plant(session: &Session, node: usize, root: &str, paths: &[String]) -> Result<Option<String>, Trouble> {
    let mut folder = paths.is_empty().then(String::new);
    for path in paths {
        let path = path.trim_matches('/').to_owned();
        let request = FilesRequest::Describe { root: root.to_owned(), paths: vec![path.clone()] };
        let mut is_folder = false;
        volumes::ask(session, node, request, |entry| {
            is_folder |= entry.path == path && entry.kind == FileKind::Folder;
        })
        .await?;
        if is_folder {
            folder = Some(path);
            break;
        }
    }
    let Some(folder) = folder else { return Ok(None) };
    let token = rand::random::<u64>();
    let path = format!("{folder}/{CANARY}-{token:016x}").trim_start_matches('/').to_owned();
    let request = FilesRequest::Plant { root: root.to_owned(), path: path.clone(), text: format!("{token:016x}\n") };
    volumes::ask(session, node, request, drop).await?;
    Ok(Some(path))
}

/// The step's result: how much was taken, and what was asked for and is not there.
fn what_was_taken(labels: &Backup, parts: &[Part], written: &[String]) -> Result<Passed, Trouble> {
    let mut evidence = Vec::new();
    let (mut files, mut bytes) = (0_usize, 0_u64);
    let mut absent = Vec::new();
    for part in parts {
        let is_file = |path: &str, kind| kind != FileKind::Folder && part.canary.as_deref() != Some(path);
        let taken: Vec<_> = part.saved.values().filter(|entry| is_file(&entry.path, entry.kind)).collect();
        let size: u64 = taken.iter().map(|entry| entry.size).sum();
        evidence.push(Evidence::text("taken", format!("{}: {} file(s), {size} bytes", part.source, taken.len())));
        files += taken.len();
        bytes += size;
        let selected = match &part.source {
            Source::Volume(key) => match labels.volumes.get(key) {
                Some(Selected::Paths(paths)) => paths.as_slice(),
                _ => &[],
            },
            Source::Container(service) => labels.containers.get(service).map_or(&[][..], Vec::as_slice),
        };
        for path in selected {
            let wanted = Selected::Paths(vec![path.trim_matches('/').to_owned()]);
            if !part.saved.keys().any(|saved| manifest::takes(&wanted, saved)) {
                absent.push(format!("{}: {path}", part.source));
            }
        }
    }
    let left_out: Vec<&str> =
        written.iter().filter(|key| labels.volumes.get(*key) == Some(&Selected::Nothing)).map(String::as_str).collect();
    if files == 0 {
        let mut trouble =
            Trouble::failed("empty-backup", "the backup holds no file, and the bot would call it a success");
        if !absent.is_empty() {
            trouble = trouble.with("absent", absent.join("\n"));
        }
        if !left_out.is_empty() {
            trouble = trouble.with("left-out", format!("written, and left out by the labels: {}", left_out.join(", ")));
        }
        return Err(trouble.advise(
            "See that the hook before the backup writes its dump into a volume, at a path that the labels select.",
        ));
    }
    if !absent.is_empty() {
        evidence.push(Evidence::text("absent", format!("selected, and not there:\n{}", absent.join("\n"))));
    }
    if !left_out.is_empty() {
        evidence
            .push(Evidence::text("left-out", format!("written, and left out by the labels: {}", left_out.join(", "))));
    }
    Ok(Passed { reason: format!("{files} file(s), {bytes} bytes"), evidence, ..Passed::default() })
}
