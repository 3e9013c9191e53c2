//! The note, the commit and the push: each step finishes what an earlier call began.

use super::error::ReleaseError;
use super::git::{Git, Remote};
use super::message;
use crate::lint::Facts;

const NEXT: &str = "release/next";

/// Brings index and work tree in line with a commit that names the note, when a kill came between the two: only those two files differ then.
pub(super) fn settle(git: &Git, version: &str, done: &mut Vec<String>) -> Result<(), ReleaseError> {
    let named = format!("release/{version}");
    let changed = git.changed()?;
    if changed.is_empty() || changed.iter().any(|path| *path != NEXT && *path != named) {
        return Ok(());
    }
    let (Some((_, note)), None) = (git.entry("HEAD", &named)?, git.entry("HEAD", NEXT)?) else { return Ok(()) };
    let next = git.path().join(NEXT);
    // A note that somebody wrote meanwhile is no remnant.
    if next.exists() && git.text(&["hash-object", "--", NEXT])? != note {
        return Ok(());
    }
    lay_out(git, &named)?;
    done.push(format!("finished the renaming of {NEXT} to {named}"));
    Ok(())
}

/// Takes the two files over from `HEAD`.
fn lay_out(git: &Git, named: &str) -> Result<(), ReleaseError> {
    git.text(&["read-tree", "HEAD"])?;
    git.text(&["checkout-index", "--force", "--", named])?;
    match std::fs::remove_file(git.path().join(NEXT)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(ReleaseError::Git {
            command: format!("(removing {NEXT})"),
            path: git.path().to_owned(),
            why: error.to_string(),
        }),
        _ => git.text(&["update-index", "-q", "--refresh"]).map(drop),
    }
}

/// Renames `release/next` to the version's note, in a commit of its own, and gives the commit to tag; without a note, that is `head`.
pub(super) fn name_note(
    git: &Git,
    head: &str,
    facts: &Facts,
    version: &str,
    done: &mut Vec<String>,
) -> Result<String, ReleaseError> {
    let named = format!("release/{version}");
    let Some((mode, object)) = git.entry(head, NEXT)? else { return Ok(head.to_owned()) };
    if facts.recipe.tree.entry(&named).is_some() {
        return Err(ReleaseError::TwoNotes(version.to_owned()));
    }
    // Beside the work tree: until the branch moves, nothing has happened.
    let beside = tempfile::tempdir().map_err(|why| ReleaseError::Git {
        command: "(a folder for its index)".to_owned(),
        path: std::env::temp_dir(),
        why: why.to_string(),
    })?;
    let index = beside.path().join("index");
    let index = Some(index.as_path());
    git.with_index(&["read-tree", head], index)?;
    git.with_index(&["update-index", "--force-remove", "--", NEXT], index)?;
    git.with_index(&["update-index", "--add", "--cacheinfo", &format!("{mode},{object},{named}")], index)?;
    let tree = git.with_index(&["write-tree"], index)?;
    let text = message(version);
    let mut commit = vec!["commit-tree", "-p", head, "-m", &text];
    if git.text(&["config", "--type=bool", "--get", "commit.gpgSign"]).is_ok_and(|value| value == "true") {
        commit.push("-S");
    }
    commit.push(&tree);
    let commit = git.text(&commit)?;
    git.text(&["update-ref", "-m", &text, "HEAD", &commit, head])?;
    lay_out(git, &named)?;
    done.push(format!("renamed {NEXT} to {named}"));
    Ok(commit)
}

/// Whether a release of `head` could be pushed.
pub(super) fn fits(
    git: &Git,
    name: &str,
    remote: &Remote,
    branch: &str,
    version: &str,
    head: &str,
) -> Result<(), ReleaseError> {
    if let Some(commit) = &remote.tag {
        return Err(ReleaseError::TagElsewhere {
            version: version.to_owned(),
            remote: name.to_owned(),
            commit: commit.clone(),
        });
    }
    match &remote.branch {
        Some(there) if !git.is_ancestor(there, head)? => Err(behind(name, branch, there, String::new())),
        _ => Ok(()),
    }
}

fn behind(remote: &str, branch: &str, there: &str, undo: String) -> ReleaseError {
    ReleaseError::Behind { branch: branch.to_owned(), remote: remote.to_owned(), there: there.to_owned(), undo }
}

/// Pushes what the remote does not have.
pub(super) fn push(
    git: &Git,
    name: &str,
    remote: &Remote,
    branch: &str,
    version: &str,
    commit: &str,
    done: &mut Vec<String>,
) -> Result<(), ReleaseError> {
    if let Some(there) = remote.tag.as_ref().filter(|tag| *tag != commit) {
        return Err(ReleaseError::TagElsewhere {
            version: version.to_owned(),
            remote: name.to_owned(),
            commit: there.clone(),
        });
    }
    // The branch may have gone on from the release.
    let tip = match &remote.branch {
        Some(there) if there == commit || git.is_ancestor(commit, there)? => there,
        Some(there) if !git.is_ancestor(there, commit)? => {
            let undo = format!("; first `git tag --delete {version}`, which nobody else has yet");
            return Err(behind(name, branch, there, undo));
        }
        _ => commit,
    };
    if remote.tag.is_some() && remote.branch.as_deref() == Some(tip) {
        return Ok(());
    }
    match git.push(name, branch, version, tip)? {
        Ok(()) => {
            done.push(format!("pushed {branch} and {version} to {name}"));
            Ok(())
        }
        Err(why) => Err(ReleaseError::Push { version: version.to_owned(), remote: name.to_owned(), why }),
    }
}
