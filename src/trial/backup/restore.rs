//! `restore`: everything is lost, a fresh stack is deployed, the backup is written back, and the data must be there again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::database::Tables;
use super::manifest::some;
use super::proof::{Found, databases, proofs, verdict};
use super::sabotage::{self, Damage};
use super::volumes::{self, Manifest};
use super::{Part, Source, Taken, busy, hooks};
use crate::agent::FilesRequest;
use crate::compose::backup::{Backup, Selected};
use crate::record::{Fact, Outcome};
use crate::trial::commands::{self, After};
use crate::trial::data;
use crate::trial::install::ask_all;
use crate::trial::recorder::Passed;
use crate::trial::restart::same_answers;
use crate::trial::session::{Replace, Session};
use crate::trial::trouble::Trouble;

/// Right after a restore a database may still be busy (lesson 22).
const PATIENCE: Duration = Duration::from_secs(10);

/// Pause between two questions.
const PAUSE: Duration = Duration::from_millis(500);

/// Loses everything and restores it. With `full`, the backup of each volume is damaged in turn as well, which what proves the volume must
/// notice, and another backup is taken while the app is written to.
///
/// # Errors
/// What did not come back, or that nothing proves that it did.
pub(in crate::trial) async fn run(session: &mut Session, taken: &mut Taken, full: bool) -> Result<Passed, Trouble> {
    let begun = Instant::now();
    let mut found = Found::default();
    if taken.newer.is_none() {
        for database in &mut taken.databases {
            if let Some(now) = database.read(session).await? {
                database.see(&now);
            }
        }
    }
    let taken = &*taken;
    lose_everything(session).await?;
    let content = control(session, taken, &mut found).await?;
    let mut tables = Vec::new();
    for database in &taken.databases {
        tables.push(database.read(session).await?.unwrap_or_default());
    }
    let fresh = volumes::describe(session, &volumes::there(session).await?).await?;
    let writing = Instant::now();
    write_back(session, &taken.labels, &taken.parts, None).await?;
    session.log.timing("restore", writing);
    if let Some(newer) = &taken.newer {
        commands::steps(session, &newer.after, "after the upgrade").await?;
    }
    if let Err(trouble) = check(session, taken, &tables, begun).await {
        restart(session, taken, &tables, begun, trouble).await?;
        // That a newer release migrates older data when it starts is what operators expect.
        found.weak = taken.newer.is_none();
        found.finding("only after a restart of every service is the data there: tell operators, or restart it in the hook after the restore");
    }
    let volumes = volumes::there(session).await?;
    let after = volumes::describe(session, &volumes).await?;
    remove_canaries(session, taken, &volumes, &after, &mut found).await?;
    let asked = databases(session, taken, &tables, &mut found).await?;
    let proofs = proofs(session, taken, (&fresh, &after), &content, &asked, &mut found);
    if taken.newer.is_none() {
        session.log.write(Fact::Proven { proofs: proofs.clone() });
        session.proofs.clone_from(&proofs);
    }
    let mut passed = verdict(taken, &proofs, found, begun)?;
    if full && !passed.weak {
        let noticed = sabotage::run(session, taken, &proofs, &tables).await?;
        passed.evidence.extend(noticed);
        passed.evidence.extend(busy::run(session, taken).await?);
    }
    Ok(passed)
}

/// Removes the stack with all its data, and deploys it anew.
pub(super) async fn lose_everything(session: &mut Session) -> Result<(), Trouble> {
    session.log.progress("restore", "losing everything");
    session.purge().await?;
    let deployed = Instant::now();
    session.deploy(&Replace::Changed).await?;
    let params = session.params();
    session.converge("restore", params, deployed).await?;
    commands::run(session, After::Deploy).await.map(drop)
}

/// The negative control: on the fresh stack the data must be missing. The probes that are content all the same are told.
async fn control(session: &mut Session, taken: &Taken, found: &mut Found) -> Result<BTreeSet<String>, Trouble> {
    let now = data::once(session).await?;
    let same = |(name, before): &(&String, &String)| now.get(*name).is_some_and(|now| now.as_ref() == Some(*before));
    let content: BTreeSet<String> = taken.readings.iter().filter(same).map(|(name, _)| name.clone()).collect();
    for name in &content {
        found.weak = true;
        found.finding(format!(
            "the probe `{name}` is content with an install that has no data, so it proves nothing: let it print what a seed wrote"
        ));
    }
    Ok(content)
}

/// Writes the backup back with the services running, as the bot does; one part of it may be damaged.
pub(super) async fn write_back(
    session: &mut Session,
    labels: &Backup,
    parts: &[Part],
    damaged: Option<(&Part, Damage)>,
) -> Result<(), Trouble> {
    for (service, hooks) in &labels.hooks {
        if let Some(line) = &hooks.before_restore {
            hooks::run(session, "restore", service, "before the restore", line).await?;
        }
    }
    let volumes = volumes::there(session).await?;
    for part in parts {
        let damage = damaged.filter(|(other, _)| std::ptr::eq(*other, part)).map(|(_, damage)| damage);
        if damage == Some(Damage::Dropped) {
            continue;
        }
        session.log.progress("restore", format!("writing {}", part.source));
        let (node, root) = match &part.source {
            Source::Container(service) => volumes::container(session, service).await?,
            Source::Volume(key) => {
                let of_key = || volumes.iter().filter(|volume| volume.key == *key);
                let Some(volume) = of_key().find(|volume| volume.node == part.node).or_else(|| of_key().next()) else {
                    let reason = format!("the fresh stack has no volume {key} to restore into");
                    return Err(
                        Trouble::failed("volume-gone", reason).advise("See that a service that always runs mounts it.")
                    );
                };
                (volume.node, volume.root.clone())
            }
        };
        if node != part.node {
            let reason = format!("{} is on another node now, and copies stay where they were made", part.source);
            return Err(Trouble::errored("volume-moved", reason).advise(
                "Try it on one node (without --workers), or let a placement constraint keep the service in its place.",
            ));
        }
        let load = FilesRequest::Load { store: part.store.clone(), root: root.clone(), whole: false };
        volumes::ask(session, node, load, drop).await?;
        if damage == Some(Damage::Truncated) {
            sabotage::truncate(session, node, &root, part).await?;
        }
    }
    for (service, hooks) in &labels.hooks {
        if let Some(line) = &hooks.after_restore {
            hooks::run(session, "restore", service, "after the restore", line).await?;
        }
    }
    Ok(())
}

/// The app answers as it did and its data is what it was, within the time that an app may need (lesson 22).
pub(super) async fn check(
    session: &mut Session,
    taken: &Taken,
    fresh: &[Tables],
    begun: Instant,
) -> Result<(), Trouble> {
    data::compare(session, &taken.readings, "the restore").await?;
    for (database, fresh) in taken.databases.iter().zip(fresh) {
        if database.is_gone(&session.subject.project) {
            continue;
        }
        let asked = Instant::now();
        loop {
            let now = database.read(session).await?;
            let lost = match &now {
                Some(now) if taken.newer.is_some() => database.emptied(now),
                Some(now) => database.compare(fresh, now).lost,
                None => vec!["it does not answer".to_owned()],
            };
            if lost.is_empty() {
                break;
            }
            if asked.elapsed() > PATIENCE {
                let reason = format!("the data is not the same: {} holds less after the restore", database.name());
                return Err(Trouble::failed("data-lost", reason).with("tables", some(&lost)));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
    match taken.newer {
        Some(_) => ask_all(session, "restore", begun).await.map(drop),
        None => same_answers(session, "restore", &taken.answers, begun).await,
    }
}

/// It is not as it was. Would it be after a restart?
async fn restart(
    session: &mut Session,
    taken: &Taken,
    fresh: &[Tables],
    begun: Instant,
    trouble: Trouble,
) -> Result<(), Trouble> {
    if trouble.outcome != Outcome::Failed {
        return Err(trouble);
    }
    session.log.progress("restore", "not as it was: once more after a restart");
    let again = async {
        let before = session.look().await?;
        let restarted = Instant::now();
        session.deploy(&Replace::All).await?;
        let params = session.params().after(&before);
        session.converge("restore", params, restarted).await?;
        check(session, taken, fresh, begun).await
    };
    match again.await {
        Ok(()) => Ok(()),
        Err(second) if second.outcome == Outcome::Errored => Err(second),
        Err(_) => Err(not_back(taken, trouble)),
    }
}

/// What did not come back, with what may explain it.
fn not_back(taken: &Taken, trouble: Trouble) -> Trouble {
    let mut trouble = trouble;
    for part in &taken.parts {
        let files: Vec<String> = part
            .saved
            .values()
            .filter(|entry| part.canary.as_ref() != Some(&entry.path))
            .map(|entry| format!("{} ({} bytes)", entry.path, entry.size))
            .collect();
        trouble = trouble.with("backup", format!("taken of {}:\n{}", part.source, some(&files)));
    }
    let left_out: Vec<&str> = taken
        .written
        .iter()
        .filter(|key| taken.labels.volumes.get(*key) == Some(&Selected::Nothing))
        .map(String::as_str)
        .collect();
    if !left_out.is_empty() {
        trouble = trouble.with("left-out", format!("written, and left out by the labels: {}", left_out.join(", ")));
    }
    if !taken.labels.hooks.values().any(|hooks| hooks.after_restore.is_some() || hooks.before_restore.is_some()) {
        trouble = trouble.with("hooks", "no service has a hook before or after the restore");
    }
    trouble.advise("See that the backup takes all that the app writes, or a dump of it, and that a hook after the restore reads the dump.")
}

/// The canaries must have come back with the files; the app need not see them any longer.
async fn remove_canaries(
    session: &Session,
    taken: &Taken,
    volumes: &[volumes::Volume],
    after: &BTreeMap<String, Manifest>,
    found: &mut Found,
) -> Result<(), Trouble> {
    for part in &taken.parts {
        let (Source::Volume(key), Some(path)) = (&part.source, &part.canary) else { continue };
        let is_back = after
            .get(key)
            .and_then(|manifest| manifest.get(path))
            .is_some_and(|entry| part.saved.get(path).is_some_and(|saved| saved.equals(entry)));
        if !is_back {
            found.weak = true;
            found.finding(format!(
                "a file that lay in {} did not come back: something removes what it does not know",
                part.source
            ));
        }
        for volume in volumes.iter().filter(|volume| volume.key == *key) {
            let request = FilesRequest::Remove { root: volume.root.clone(), path: path.clone() };
            volumes::ask(session, volume.node, request, drop).await?;
        }
    }
    Ok(())
}
