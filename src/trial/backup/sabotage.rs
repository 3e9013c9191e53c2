//! The backup of each volume is damaged in turn, and restored: what proves the volume must notice (design.md §3.5).
//!
//! A proof that is content with half a backup, or with none, would be content with any.

use std::time::Instant;

use super::database::Tables;
use super::manifest::{Survival, Volatile};
use super::proof::ENOUGH;
use super::restore::{check, lose_everything, write_back};
use super::volumes::{self, Manifest};
use super::{Part, Source, Taken};
use crate::agent::{FileKind, FilesRequest};
use crate::compose::backup::Selected;
use crate::record::{Evidence, Outcome, Proof, ProofKind};
use crate::trial::session::Session;
use crate::trial::trouble::Trouble;

/// So many paths go into one message.
const PART: usize = 1000;

/// What is done to a part of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Damage {
    /// Every file is cut in half.
    Truncated,
    /// Nothing of it is there.
    Dropped,
}

impl Damage {
    fn word(self) -> &'static str {
        match self {
            Self::Truncated => "cut in half",
            Self::Dropped => "left out",
        }
    }
}

/// Damages each proven volume's backup in turn. In the end the whole backup is restored once more.
///
/// # Errors
/// The first damage that nothing noticed.
pub(super) async fn run(
    session: &mut Session,
    taken: &Taken,
    proofs: &[Proof],
    fresh: &[Tables],
) -> Result<Vec<Evidence>, Trouble> {
    let mut noticed = Vec::new();
    for proof in proofs.iter().filter(|proof| proof.kind != ProofKind::None) {
        let is_of = |part: &&Part| matches!(&part.source, Source::Volume(key) if *key == proof.volume);
        for part in taken.parts.iter().filter(is_of) {
            for damage in [Damage::Truncated, Damage::Dropped] {
                if damage == Damage::Truncated && part.saved.values().all(|entry| entry.size == 0) {
                    continue;
                }
                let what = format!("the backup of {} was {}", proof.volume, damage.word());
                session.log.progress("restore", format!("damaged on purpose: {what}"));
                match by_what(session, taken, proof, fresh, (part, damage)).await? {
                    Some(by) => noticed.push(Evidence::text("sabotage", format!("{what}, and that was noticed: {by}"))),
                    None => return Err(unnoticed(proof, &what)),
                }
            }
        }
    }
    if !noticed.is_empty() {
        lose_everything(session).await?;
        write_back(session, &taken.labels, &taken.parts, None).await?;
        check(session, taken, fresh, Instant::now()).await?;
    }
    Ok(noticed)
}

/// What notices the damage, if anything does.
async fn by_what(
    session: &mut Session,
    taken: &Taken,
    proof: &Proof,
    fresh: &[Tables],
    damaged: (&Part, Damage),
) -> Result<Option<String>, Trouble> {
    let by = |result: Result<(), Trouble>| match result {
        Ok(()) => Ok(None),
        Err(trouble) if trouble.outcome == Outcome::Failed => Ok(Some(trouble.reason)),
        Err(trouble) => Err(trouble),
    };
    lose_everything(session).await?;
    let nothing = Manifest::new();
    let empty = volumes::describe(session, &volumes::there(session).await?).await?;
    if let Some(hook) = by(write_back(session, &taken.labels, &taken.parts, Some(damaged)).await)? {
        return Ok(Some(hook));
    }
    if let Some(reason) = by(check(session, taken, fresh, Instant::now()).await)? {
        return Ok(Some(reason));
    }
    if proof.kind != ProofKind::File {
        return Ok(None);
    }
    let after = volumes::describe(session, &volumes::there(session).await?).await?;
    let key = &proof.volume;
    let survival = Survival::of(
        taken.before.get(key).unwrap_or(&nothing),
        taken.volatile.get(key).unwrap_or(&Volatile::default()),
        empty.get(key).unwrap_or(&nothing),
        after.get(key).unwrap_or(&nothing),
        taken.labels.volumes.get(key).unwrap_or(&Selected::Nothing),
    );
    let is_wanting = survival.share() < ENOUGH;
    Ok(is_wanting.then(|| format!("{} of {} file(s) are as they were", survival.equal, survival.written)))
}

fn unnoticed(proof: &Proof, what: &str) -> Trouble {
    let reason = format!("{what}, and nothing noticed after the restore: what proves {} is blind", proof.volume);
    Trouble { outcome: Outcome::Blocked, ..Trouble::failed("unproven", reason) }
        .with("proof", proof.to_string())
        .advise("Let a [[probe]] in tests/taster.toml print what lies in that volume.")
}

/// Cuts every file of a part that was just written back.
pub(super) async fn truncate(session: &Session, node: usize, root: &str, part: &Part) -> Result<(), Trouble> {
    let is_file = |kind| kind == FileKind::File;
    let paths: Vec<String> =
        part.saved.values().filter(|entry| is_file(entry.kind)).map(|entry| entry.path.clone()).collect();
    for paths in paths.chunks(PART) {
        let request = FilesRequest::Halve { root: root.to_owned(), paths: paths.to_vec() };
        volumes::ask(session, node, request, drop).await?;
    }
    Ok(())
}
