//! What two looks at the same files tell.

use std::collections::BTreeSet;

use super::volumes::Manifest;
use crate::agent::{FileEntry, FileKind};
use crate::compose::backup::{Selected, below};

/// What changes by itself in a volume.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Volatile {
    /// Files whose content or rights change; they stay.
    changing: BTreeSet<String>,
    /// Files that come and go.
    fleeting: BTreeSet<String>,
}

impl Volatile {
    /// What two looks at an idle app tell.
    pub(super) fn between(one: &Manifest, other: &Manifest) -> Self {
        let changed = one.iter().filter(|(path, entry)| other.get(*path).is_some_and(|there| !there.equals(entry)));
        let gone = one.keys().filter(|path| !other.contains_key(*path));
        let new = other.keys().filter(|path| !one.contains_key(*path));
        Self { changing: changed.map(|(path, _)| path.clone()).collect(), fleeting: gone.chain(new).cloned().collect() }
    }
}

/// How a volume's state of before came through a loss and the way back.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Survival {
    /// Files that the run wrote: they are not in a fresh install.
    pub written: usize,
    /// Of these, those that came back as they were.
    pub equal: usize,
    /// Of these, those that change by themselves and cannot be compared.
    pub volatile: usize,
    /// Selected, not volatile, and not there any more.
    pub missing: Vec<String>,
    /// Selected, not volatile, and other than before.
    pub changed: Vec<String>,
    /// Not selected, and not there or other than before: the backup does not cover them.
    pub uncovered: Vec<String>,
}

impl Survival {
    /// Compares what was there before with a fresh install (the negative control) and with what is there after the restore.
    pub(super) fn of(
        before: &Manifest,
        volatile: &Volatile,
        fresh: &Manifest,
        after: &Manifest,
        selected: &Selected,
    ) -> Self {
        let mut survival = Self::default();
        let is_state = |entry: &&FileEntry| !matches!(entry.kind, FileKind::Folder | FileKind::Socket);
        for entry in before.values().filter(is_state) {
            if fresh.get(&entry.path).is_some_and(|there| there.equals(entry)) {
                continue;
            }
            survival.written += 1;
            let there = after.get(&entry.path);
            if there.is_some_and(|there| there.equals(entry)) {
                survival.equal += 1;
                continue;
            }
            // One that is written anew all the time is still there, when it was in the backup.
            let changes = volatile.changing.contains(&entry.path) && (there.is_some() || !takes(selected, &entry.path));
            if changes || volatile.fleeting.contains(&entry.path) {
                survival.volatile += 1;
            } else if !takes(selected, &entry.path) {
                survival.uncovered.push(entry.path.clone());
            } else if there.is_none() {
                survival.missing.push(entry.path.clone());
            } else {
                survival.changed.push(entry.path.clone());
            }
        }
        survival
    }

    /// The share that was compared and is equal, from 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "a share of files needs no 52 bits")]
    pub(super) fn share(&self) -> f64 {
        if self.written == 0 { 0.0 } else { self.equal as f64 / self.written as f64 }
    }
}

/// Whether a path lies in what is taken.
pub(super) fn takes(selected: &Selected, path: &str) -> bool {
    match selected {
        Selected::Whole => true,
        Selected::Nothing => false,
        Selected::Paths(paths) => paths.iter().any(|taken| below(path, taken.trim_matches('/')).is_some()),
    }
}

/// The first few of many paths.
pub(super) fn some(paths: &[String]) -> String {
    const SHOWN: usize = 10;
    let mut lines: Vec<String> = paths.iter().take(SHOWN).cloned().collect();
    if paths.len() > SHOWN {
        lines.push(format!("and {} more", paths.len() - SHOWN));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(files: &[(&str, &str)]) -> Manifest {
        let entry = |path: &str, content: &str| FileEntry {
            path: path.to_owned(),
            kind: FileKind::File,
            mode: 0o644,
            uid: 0,
            gid: 0,
            size: content.len() as u64,
            xattrs: String::new(),
            content: content.to_owned(),
            same_as: None,
            changed: 0,
        };
        files.iter().map(|(path, content)| ((*path).to_owned(), entry(path, content))).collect()
    }

    #[test]
    fn what_a_fresh_install_has_as_well_proves_nothing() {
        let before = manifest(&[("theme", "same"), ("post", "mine"), ("log", "1")]);
        let fresh = manifest(&[("theme", "same"), ("log", "9")]);
        let volatile = Volatile { changing: BTreeSet::from(["log".to_owned()]), ..Volatile::default() };
        let after = manifest(&[("theme", "same"), ("post", "mine"), ("log", "2")]);
        let survival = Survival::of(&before, &volatile, &fresh, &after, &Selected::Whole);
        assert_eq!((survival.written, survival.equal, survival.volatile), (2, 1, 1));
        assert!((survival.share() - 0.5).abs() < 1e-9);
        let nothing = Survival::of(&before, &volatile, &before, &after, &Selected::Whole);
        assert_eq!((nothing.written, nothing.share()), (0, 0.0));
    }

    #[test]
    fn what_is_not_back_is_told_by_whether_the_backup_took_it() {
        let before = manifest(&[("a/lost", "1"), ("a/other", "1"), ("ab", "1"), ("a/kept", "1")]);
        let after = manifest(&[("a/other", "2"), ("a/kept", "1")]);
        let selected = Selected::Paths(vec!["a/".to_owned()]);
        let survival = Survival::of(&before, &Volatile::default(), &Manifest::new(), &after, &selected);
        assert_eq!((&survival.missing, &survival.changed), (&vec!["a/lost".to_owned()], &vec!["a/other".to_owned()]));
        assert_eq!((survival.uncovered, survival.equal), (vec!["ab".to_owned()], 1));
    }

    #[test]
    fn two_idle_looks_tell_what_changes_by_itself() {
        let (one, other) =
            (manifest(&[("a", "1"), ("b", "1"), ("c", "1")]), manifest(&[("a", "1"), ("b", "2"), ("d", "1")]));
        let volatile = Volatile::between(&one, &other);
        assert_eq!(
            (volatile.changing, volatile.fleeting),
            (["b".to_owned()].into(), ["c", "d"].map(str::to_owned).into())
        );
    }

    #[test]
    fn a_file_that_is_written_anew_all_the_time_must_still_come_back() {
        let before = manifest(&[("log", "2"), ("lock", "1"), ("cache", "2")]);
        let volatile = Volatile::between(&manifest(&[("log", "1"), ("cache", "1")]), &before);
        let selected = Selected::Paths(vec!["log".to_owned(), "lock".to_owned()]);
        let survival = Survival::of(&before, &volatile, &Manifest::new(), &Manifest::new(), &selected);
        assert_eq!((survival.missing, survival.volatile), (vec!["log".to_owned()], 2), "the lock goes by itself");
        let there = Survival::of(&before, &volatile, &Manifest::new(), &manifest(&[("log", "9")]), &selected);
        assert_eq!((there.missing.len(), there.volatile), (0, 3));
    }
}
