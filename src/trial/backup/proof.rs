//! What proves, once everything was lost and restored, that the data of each volume survives (design.md §3.5).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::Taken;
use super::database::{Database, Tables};
use super::manifest::{Survival, Volatile, some};
use super::volumes::Manifest;
use crate::compose::backup::{Selected, volumes as mounts};
use crate::record::{Evidence, Outcome, Proof, ProofKind};
use crate::trial::recorder::Passed;
use crate::trial::session::Session;
use crate::trial::trouble::Trouble;

/// At least this share of what the run wrote must have come back as it was, where nothing but files proves it (design.md §3.5).
pub(super) const ENOUGH: f64 = 0.5;

/// What is found on the way.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) evidence: Vec<Evidence>,
    pub(super) weak: bool,
}

impl Found {
    /// Tells something that a maintainer should know.
    pub(super) fn finding(&mut self, text: impl Into<String>) {
        self.evidence.push(Evidence::text("finding", text));
    }
}

/// The databases that prove something; the planted rows are removed.
pub(super) async fn databases<'t>(
    session: &mut Session,
    taken: &'t Taken,
    fresh: &[Tables],
    found: &mut Found,
) -> Result<Vec<&'t Database>, Trouble> {
    let mut asked = Vec::new();
    for (database, fresh) in taken.databases.iter().zip(fresh) {
        let now = database.read(session).await?.unwrap_or_default();
        let compared = database.compare(fresh, &now);
        if database.is_gone(&session.subject.project) {
            found.finding(format!("{}: its service is gone, and nobody reads what was in it", database.name()));
        }
        if !compared.changed.is_empty() && taken.newer.is_none() {
            found.finding(format!(
                "{}: tables with other rows than before, and no fewer:\n{}",
                database.name(),
                some(&compared.changed)
            ));
        }
        found.evidence.push(Evidence::text(
            "tables",
            format!(
                "{}: {} of {} table(s) are equal and were not on the fresh install{}",
                database.name(),
                compared.proven,
                database.before.len(),
                if database.canary.is_some() { ", a planted row among them" } else { "" }
            ),
        ));
        if compared.proven > 0 {
            asked.push(database);
        }
        database.unplant(session).await?;
    }
    Ok(asked)
}

/// What proves, for each volume that the run wrote, that its data survives.
pub(super) fn proofs(
    session: &Session,
    taken: &Taken,
    (fresh, after): (&BTreeMap<String, Manifest>, &BTreeMap<String, Manifest>),
    content: &BTreeSet<String>,
    asked: &[&Database],
    found: &mut Found,
) -> Vec<Proof> {
    let nothing = Manifest::new();
    let none = Volatile::default();
    let mut proofs = Vec::new();
    for key in &taken.written {
        let selected = taken.labels.volumes.get(key).unwrap_or(&Selected::Nothing);
        let survival = Survival::of(
            taken.before.get(key).unwrap_or(&nothing),
            taken.volatile.get(key).unwrap_or(&none),
            fresh.get(key).unwrap_or(&nothing),
            after.get(key).unwrap_or(&nothing),
            selected,
        );
        if survival.written == 0 {
            let same = format!("{key}: a fresh install writes the very same files");
            found.evidence.push(Evidence::text("files", same));
            continue;
        }
        let mut by = probes_of(session, taken, key, content);
        let project = &session.subject.project;
        let of_volume = || asked.iter().filter(|database| database.lies_in(project, key));
        by.extend(of_volume().map(|database| database.name()));
        let kind = if !by.is_empty() {
            ProofKind::Application
        } else if survival.share() >= ENOUGH {
            ProofKind::File
        } else {
            ProofKind::None
        };
        // The files of a database that was asked are its own way to keep what its tables hold.
        let is_database = of_volume().any(|database| database.owns_volume());
        tell(key, &survival, is_database || taken.newer.is_some(), found);
        proofs.push(Proof {
            volume: key.clone(),
            kind,
            by,
            compared: survival.share(),
            files: survival.written,
            volatile: survival.volatile,
            uncovered: survival.uncovered.len(),
        });
    }
    proofs
}

/// The probes that speak of a volume: those in a service that mounts it, or that knows such a service by name.
fn probes_of(session: &Session, taken: &Taken, key: &str, content: &BTreeSet<String>) -> Vec<String> {
    let project = &session.subject.project;
    let holders: Vec<&str> = project
        .services()
        .filter(|(_, service)| mounts(service).any(|mount| mount.source == key))
        .map(|(name, _)| name)
        .collect();
    let knows = |service: &str| {
        holders.contains(&service) || session.mentions(service).iter().any(|peer| holders.contains(&peer.as_str()))
    };
    let probes = session.subject.scenario.probe.iter();
    probes
        .filter(|probe| taken.readings.contains_key(&probe.name) && !content.contains(&probe.name))
        .filter(|probe| knows(&probe.service))
        .map(|probe| probe.name.clone())
        .collect()
}

/// What a reader should know of a volume's files; those that something else makes anew are not listed.
fn tell(key: &str, survival: &Survival, is_made_anew: bool, found: &mut Found) {
    found.evidence.push(Evidence::text(
        "files",
        format!(
            "{key}: {} of {} file(s) that the run wrote came back as they were ({:.0} %), {} change by themselves",
            survival.equal,
            survival.written,
            survival.share() * 100.0,
            survival.volatile
        ),
    ));
    let lists = [
        (&survival.uncovered, "written during the run, and neither in the backup nor made anew from it"),
        (&survival.missing, "in the backup, and not there after the restore"),
        (&survival.changed, "in the backup, and other than before after the restore"),
    ];
    for (paths, what) in lists.into_iter().filter(|(paths, _)| !is_made_anew && !paths.is_empty()) {
        found.finding(format!("{key}: {what}:\n{}", some(paths)));
    }
}

/// Proven for every volume, or not.
pub(super) fn verdict(taken: &Taken, proofs: &[Proof], found: Found, begun: Instant) -> Result<Passed, Trouble> {
    if proofs.is_empty() {
        let reason = "a fresh install writes the very same files, so there was nothing to lose";
        return Err(Trouble { evidence: found.evidence, ..Trouble::skipped("nothing-written", reason) });
    }
    let words: Vec<String> = proofs.iter().map(ToString::to_string).collect();
    let unproven: Vec<&str> =
        proofs.iter().filter(|proof| proof.kind == ProofKind::None).map(|proof| proof.volume.as_str()).collect();
    if !unproven.is_empty() {
        let reason = format!("restored, and nothing proves that the data of {} is what it was", unproven.join(", "));
        let mut trouble = Trouble { outcome: Outcome::Blocked, ..Trouble::failed("unproven", reason) };
        trouble.evidence = found.evidence;
        return Err(trouble.with("proofs", words.join("\n")).advise(
            "Let tests/taster.toml write something ([[seed]]) and read it ([[probe]]) in the service that keeps it.",
        ));
    }
    let mut evidence = vec![Evidence::text("proofs", words.join("\n"))];
    evidence.extend(found.evidence);
    let reason = format!(
        "{} volume(s) lost and restored in {:.1} s, {} probe(s) equal",
        taken.before.len(),
        begun.elapsed().as_secs_f64(),
        taken.readings.len()
    );
    Ok(Passed { reason, evidence, weak: found.weak, flaky: false })
}
