//! The mirrors on this machine: a bare repository for each address, brought up to date a few at a time.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use super::fetch::{Fetched, fetch};
use super::place::{About, Place};
use super::source::{name_of, without_credentials};
use crate::record::{Trouble, TroubleClass};

/// How many repositories are fetched at once: the network is waited for, not the processor.
const AT_ONCE: usize = 12;
/// How often the size of a transfer is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// What an interrupted transfer gets to end by itself.
const GRACE: Duration = Duration::from_secs(3);

/// Bounds of one fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of one mirror.
    pub bytes: u64,
    /// Time for one repository.
    pub time: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { bytes: 500_000_000, time: Duration::from_secs(300) }
    }
}

/// A repository that is to be mirrored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its address.
    pub address: String,
    /// What a forge tells about it.
    pub about: About,
}

/// The folder of all mirrors.
#[derive(Debug, Clone)]
pub struct Mirrors {
    folder: PathBuf,
    bounds: Bounds,
    offline: bool,
}

impl Mirrors {
    /// Mirrors in a folder; `offline` takes them as they are.
    pub fn in_folder(folder: &Path, bounds: Bounds, offline: bool) -> Mirrors {
        Mirrors { folder: folder.to_owned(), bounds, offline }
    }

    /// Brings the mirrors up to date, in the order in which they are given. Trouble with one stops no other: its place then names the
    /// mirror as it was. `done` is called with the name of each.
    pub fn fetch_all(&self, wanted: &[Wanted], done: &(dyn Fn(&str) + Sync)) -> Vec<Place> {
        self.sweep();
        let next = AtomicUsize::new(0);
        let places: Mutex<Vec<(usize, Place)>> = Mutex::new(Vec::new());
        let work = || {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(one) = wanted.get(number) else { return };
                let place = self.place(one);
                done(&place.name);
                places.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((number, place));
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE.min(wanted.len()) {
                scope.spawn(work);
            }
        });
        let mut places = places.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        places.sort_by_key(|(number, _)| *number);
        places.into_iter().map(|(_, place)| place).collect()
    }

    /// Forgets a mirror that turned out to be damaged, so that it is made anew.
    pub fn discard(&self, address: &str) {
        // What cannot be removed is found damaged again, and told again.
        let _ = std::fs::remove_dir_all(self.path(address));
    }

    fn place(&self, wanted: &Wanted) -> Place {
        let address = &wanted.address;
        let path = self.path(address);
        let mut place = Place {
            name: name_of(address),
            source: without_credentials(address),
            about: wanted.about.clone(),
            ..Place::default()
        };
        if place.about.url.is_empty() && place.about.ssh_url.is_empty() {
            let over_http = address.starts_with("http");
            let target = if over_http { &mut place.about.url } else { &mut place.about.ssh_url };
            if over_http || address.starts_with("ssh://") || !address.contains("://") {
                target.clone_from(&place.source);
            }
        }
        let there = path.join("HEAD").exists();
        if self.offline {
            if !there {
                let reason = format!("there is no mirror of {} yet, and --offline forbids making one", place.source);
                place.trouble = Some(Trouble { class: TroubleClass::Offline, reason });
            }
        } else {
            match self.fetch(address, &path) {
                Ok(fetched) => (place.renewed, place.moved) = (Some(fetched.changed), fetched.moved),
                Err(trouble) => place.trouble = Some(trouble),
            }
        }
        place.path = path.join("HEAD").exists().then_some(path);
        place
    }

    fn fetch(&self, address: &str, path: &Path) -> Result<Fetched, Trouble> {
        if path.join("HEAD").exists() {
            return self.bounded(address, path);
        }
        let machine = |error: std::io::Error| Trouble {
            class: TroubleClass::Machine,
            reason: format!("cannot make a mirror in {}: {error}", self.folder.display()),
        };
        // A mirror is there as a whole or not at all.
        let parent = path.parent().unwrap_or(&self.folder);
        std::fs::create_dir_all(parent).map_err(machine)?;
        let part = tempfile::Builder::new().prefix(".part-").tempdir_in(&self.folder).map_err(machine)?;
        let fetched = self.bounded(address, part.path())?;
        match std::fs::rename(part.keep(), path) {
            // Somebody else was quicker.
            Err(_) if path.join("HEAD").exists() => Ok(fetched),
            renamed => renamed.map(|()| fetched).map_err(machine),
        }
    }

    /// Fetches within the bounds. A transfer that does not even end when it is told to is left behind: the process ends before it.
    fn bounded(&self, address: &str, path: &Path) -> Result<Fetched, Trouble> {
        let interrupt = Arc::new(AtomicBool::new(false));
        let (send, receive) = mpsc::channel();
        let (thread_address, thread_path, flag) = (address.to_owned(), path.to_owned(), Arc::clone(&interrupt));
        std::thread::spawn(move || {
            // Nobody listens any more when it took too long.
            let _ = send.send(fetch(&thread_address, &thread_path, &flag));
        });
        let begun = Instant::now();
        let source = without_credentials(address);
        let mut stopped: Option<(Trouble, Instant)> = None;
        loop {
            match (receive.recv_timeout(LOOK), &stopped) {
                (Ok(result), None) => return result,
                (Ok(_) | Err(mpsc::RecvTimeoutError::Disconnected), Some((trouble, _))) => return Err(trouble.clone()),
                (Err(mpsc::RecvTimeoutError::Disconnected), None) => {
                    let reason = format!(
                        "fetching {source} broke off in the git library; this is a fault of taster, please report it"
                    );
                    return Err(Trouble { class: TroubleClass::Machine, reason });
                }
                (Err(mpsc::RecvTimeoutError::Timeout), Some((trouble, at))) if at.elapsed() > GRACE => {
                    return Err(trouble.clone());
                }
                (Err(mpsc::RecvTimeoutError::Timeout), Some(_)) => {}
                (Err(mpsc::RecvTimeoutError::Timeout), None) => {
                    if let Some(trouble) = self.exceeded(&source, path, begun.elapsed()) {
                        interrupt.store(true, Ordering::Relaxed);
                        stopped = Some((trouble, Instant::now()));
                    }
                }
            }
        }
    }

    fn exceeded(&self, source: &str, path: &Path, elapsed: Duration) -> Option<Trouble> {
        if elapsed > self.bounds.time {
            let reason = format!(
                "fetching {source} took more than {} s; allow more (`fetch-seconds` under `[catalogue]`) or leave it out (`ignore`)",
                self.bounds.time.as_secs()
            );
            return Some(Trouble { class: TroubleClass::Timeout, reason });
        }
        (size(&path.join("objects")) > self.bounds.bytes).then(|| {
            let reason = format!(
                "{source} has more than {} MB; allow more (`largest-megabytes` under `[catalogue]`) or leave it out (`ignore`)",
                self.bounds.bytes / 1_000_000
            );
            Trouble { class: TroubleClass::Huge, reason }
        })
    }

    /// `mirrors/<host>/<path>.git`, of characters that every file system takes.
    fn path(&self, address: &str) -> PathBuf {
        let plain = without_credentials(address);
        let rest = plain.split_once("://").map_or(plain.as_str(), |(_, rest)| rest);
        let rest = rest.trim_end_matches('/').trim_end_matches(".git");
        let safe = |part: &str| -> String {
            let keep = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            part.chars().map(|c| if keep(c) { c } else { '_' }).collect()
        };
        let parts = rest.split(['/', ':']).filter(|part| !part.is_empty() && !part.starts_with('.')).map(safe);
        let path: PathBuf = parts.collect();
        self.folder.join(path.with_file_name(format!("{}.git", safe(&name_of(address)))))
    }

    /// Removes what killed processes left: half-made mirrors, older than a day so that a living process keeps its own.
    fn sweep(&self) {
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return };
        for entry in entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(".part-")) {
            let age =
                entry.metadata().and_then(|metadata| metadata.modified()).ok().and_then(|time| time.elapsed().ok());
            if age.is_some_and(|age| age > Duration::from_secs(86_400)) {
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// Bytes below a folder.
fn size(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_lies_by_host_and_path_and_never_outside_of_its_folder() {
        let mirrors = Mirrors::in_folder(Path::new("/c"), Bounds::default(), true);
        for (address, path) in [
            ("https://me:x@git.example.coop/recipes/app.git", "/c/git.example.coop/recipes/app.git"),
            ("git@git.example.coop:recipes/app", "/c/git_git.example.coop/recipes/app.git"),
            ("https://h/../../etc/passwd", "/c/h/etc/passwd.git"),
            ("file:///srv/a b.git", "/c/srv/a_b.git"),
        ] {
            assert_eq!(mirrors.path(address), Path::new(path), "{address}");
        }
    }
}
