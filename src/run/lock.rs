//! Kernel locks decide who is alive, not ages (lesson 32).
//!
//! A run holds an exclusive lock on a file; the kernel lets go of it when the process ends, however it ends. Objects on an engine
//! carry the *lock domain* of the run that made them: the identity of the directory that holds the lock. A process in another
//! domain (another machine or container that uses the same engine) cannot see the lock, so it never judges such a run: a node
//! whose driver is gone stops by itself (`agent::init`), and a stopped node is dead for everybody.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::folder::RunId;

/// A lock held for the life of a run.
#[derive(Debug)]
pub struct RunLock {
    _file: File,
    path: PathBuf,
    scratch: PathBuf,
}

/// What can be said of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Liveness {
    /// A process holds its lock.
    Alive,
    /// No process holds its lock.
    Dead,
    /// It belongs to another lock domain: not ours to judge.
    Unknown,
}

fn directory() -> io::Result<PathBuf> {
    let base = std::env::var_os("TASTER_LOCKS")
        .map_or_else(|| std::env::temp_dir().join(format!("taster-locks-{}", nix::unistd::geteuid())), PathBuf::from);
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&base)?;
    // Whoever owns the folder could swap the sockets in it, or hold locks for ever.
    let found = std::fs::symlink_metadata(&base)?;
    let own = found.is_dir() && found.uid() == nix::unistd::geteuid().as_raw() && found.mode() & 0o022 == 0;
    if !own {
        let reason = format!(
            "{} is no folder that only this user can write to, so it cannot hold locks: remove it, or name another one in TASTER_LOCKS",
            base.display()
        );
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, reason));
    }
    Ok(base)
}

/// The identity of the directory that holds this process's locks: boot, device and inode.
///
/// # Errors
/// When the directory cannot be made or read.
pub fn lock_domain() -> io::Result<String> {
    let metadata = std::fs::metadata(directory()?)?;
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    Ok(format!("{}.{}.{}", boot.trim(), metadata.dev(), metadata.ino()))
}

/// Whether the run `id` that was started in `domain` still has a process.
///
/// # Errors
/// When the lock directory cannot be read.
pub fn liveness(id: &str, domain: &str) -> io::Result<Liveness> {
    if domain != lock_domain()? {
        return Ok(Liveness::Unknown);
    }
    // The identifier comes from a label on the engine: it must not lead out of the directory.
    if id.is_empty() || id.contains(['/', '\0']) {
        return Ok(Liveness::Unknown);
    }
    match File::open(directory()?.join(format!("{id}.lock"))) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Liveness::Dead),
        Err(error) => Err(error),
        Ok(file) => match file.try_lock() {
            Ok(()) => Ok(Liveness::Dead),
            Err(std::fs::TryLockError::WouldBlock) => Ok(Liveness::Alive),
            Err(std::fs::TryLockError::Error(error)) => Err(error),
        },
    }
}

/// How long a lock may be held by somebody who only looks whether its run is alive: moments, unless the machine is starved.
const LOOK: Duration = Duration::from_secs(10);

/// Makes and locks a file. Whoever looks whether a run is alive holds its lock for a moment, and may sweep the file away before it is
/// locked here: then another one is made.
fn take_file(path: &Path) -> io::Result<File> {
    let begun = Instant::now();
    loop {
        let file = OpenOptions::new().create(true).write(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) if file.metadata()?.nlink() > 0 => return Ok(file),
            Ok(()) => {}
            Err(_) if begun.elapsed() < LOOK => std::thread::sleep(Duration::from_millis(5)),
            Err(error) => return Err(io::Error::other(format!("{} is locked: {error}", path.display()))),
        }
    }
}

impl RunLock {
    /// Takes the lock of a new run.
    ///
    /// # Errors
    /// When the file cannot be made, or another process holds a lock of the same name.
    pub fn take(id: &RunId) -> io::Result<Self> {
        let directory = directory()?;
        let path = directory.join(format!("{id}.lock"));
        let file = take_file(&path)?;
        let scratch = directory.join(id.as_str());
        std::fs::DirBuilder::new().mode(0o700).recursive(true).create(&scratch)?;
        Ok(Self { _file: file, path, scratch })
    }

    /// A folder for the run's sockets and temporary files. It goes with the lock; after a kill, [`sweep`] removes it.
    pub fn scratch(&self) -> &Path {
        &self.scratch
    }
}

/// Waits until no other process of this lock domain, and nobody else in this one, holds what this returns: for work on what all runs share.
/// The lock is the kernel's own, on the folder itself: it leaves no file behind, and goes with the process (lesson 32).
///
/// # Errors
/// When the lock directory cannot be made or locked.
pub fn alone() -> io::Result<File> {
    let directory = File::open(directory()?)?;
    directory.lock()?;
    Ok(directory)
}

/// Removes what dead runs left beside their locks.
///
/// # Errors
/// When the lock directory cannot be read.
pub fn sweep() -> io::Result<()> {
    let domain = lock_domain()?;
    for entry in std::fs::read_dir(directory()?)?.flatten() {
        let path = entry.path();
        let Some(id) = path.file_stem().and_then(|stem| stem.to_str()).filter(|id| RunId::is_one(id)) else { continue };
        // Another process may sweep at the same time.
        if path.extension().is_some_and(|extension| extension == "lock") {
            // Removed while it is held: whoever is about to lock it sees that it is gone.
            let held = File::open(&path).ok().filter(|file| file.try_lock().is_ok());
            let _ = held.map(|_held| std::fs::remove_file(&path));
        } else if liveness(id, &domain)? == Liveness::Dead {
            let _ = std::fs::remove_dir_all(&path);
        }
    }
    Ok(())
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // The lock itself goes with the file handle. A file that stays behind is harmless: it can be locked.
        let _ = std::fs::remove_dir_all(&self.scratch);
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lesson_32_runs_that_begin_while_others_sweep_stay_alive() {
        let domain = lock_domain().unwrap();
        let stop = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                        let _ = sweep();
                    }
                });
            }
            for _ in 0..300 {
                let id = RunId::new("sweeptest");
                let lock = RunLock::take(&id);
                let alive = lock.as_ref().map(|_| liveness(id.as_str(), &domain).unwrap());
                if !matches!(alive, Ok(Liveness::Alive)) {
                    stop.store(true, std::sync::atomic::Ordering::Relaxed);
                }
                assert!(matches!(alive, Ok(Liveness::Alive)), "{alive:?}");
            }
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
        });
    }

    #[test]
    fn lesson_32_a_held_lock_is_alive_and_a_dropped_one_is_dead() {
        let id = RunId::new("locktest");
        let domain = lock_domain().unwrap();
        let lock = RunLock::take(&id).unwrap();
        assert_eq!(liveness(id.as_str(), &domain).unwrap(), Liveness::Alive);
        assert_eq!(liveness(id.as_str(), "elsewhere").unwrap(), Liveness::Unknown);
        drop(lock);
        assert_eq!(liveness(id.as_str(), &domain).unwrap(), Liveness::Dead);
        assert_eq!(liveness("../../etc/passwd", &domain).unwrap(), Liveness::Unknown);
    }
}
