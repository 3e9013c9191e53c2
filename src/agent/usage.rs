//! What a container used so far, in the kernel's own numbers, and how large a volume is.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files::Dir;

/// Where the kernel tells of groups of processes.
const GROUPS: &str = "/sys/fs/cgroup";

/// What a container used since it started. Each part is `None` where the kernel does not tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// The most memory that it held at once, in bytes, with the files that the kernel kept for it. On cgroup v2 before Linux 5.19 what it holds
    /// now, as the kernel remembers no peak.
    pub memory_peak: Option<u64>,
    /// Seconds of processor time.
    pub cpu_seconds: Option<f64>,
}

/// What the container of a process used.
pub(super) fn of(pid: u32) -> Result<Usage, String> {
    let path = format!("/proc/{pid}/cgroup");
    let groups = std::fs::read_to_string(&path).map_err(|error| format!("cannot read {path}: {error}"))?;
    Ok(read(Path::new(GROUPS), &groups))
}

/// `groups` are lines `number:controllers:path`; cgroup v2 has one line without controllers (cgroups(7)).
#[expect(clippy::cast_precision_loss, reason = "seconds need no 52 bits")]
fn read(root: &Path, groups: &str) -> Usage {
    let of = |controller: &str| -> Option<PathBuf> {
        groups.lines().find_map(|line| {
            let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
            // A path that leads out of what we see belongs to another container.
            let is_it = controllers.split(',').any(|known| known == controller) && !path.contains("..");
            is_it.then(|| root.join(controller).join(path.trim_start_matches('/')))
        })
    };
    let number = |path: PathBuf| -> Option<u64> { std::fs::read_to_string(path).ok()?.trim().parse().ok() };
    if let Some(group) = of("memory") {
        let used = of("cpuacct").and_then(|group| number(group.join("cpuacct.usage")));
        return Usage {
            memory_peak: number(group.join("memory.max_usage_in_bytes")),
            cpu_seconds: used.map(|nanoseconds| nanoseconds as f64 / 1e9),
        };
    }
    let Some(path) = groups.lines().find_map(|line| line.strip_prefix("0::")).filter(|path| !path.contains(".."))
    else {
        return Usage::default();
    };
    let group = root.join(path.trim_start_matches('/'));
    let stat = std::fs::read_to_string(group.join("cpu.stat")).unwrap_or_default();
    let used =
        stat.lines().find_map(|line| line.strip_prefix("usage_usec ")).and_then(|text| text.trim().parse::<u64>().ok());
    Usage {
        memory_peak: number(group.join("memory.peak")).or_else(|| number(group.join("memory.current"))),
        cpu_seconds: used.map(|microseconds| microseconds as f64 / 1e6),
    }
}

/// The bytes that the files below a root take on the disk, without their folders. A file with several names counts once for each.
pub(super) fn weigh(root: &str) -> Result<u64, String> {
    Dir::root(Path::new(root))
        .and_then(|root| below(&root))
        .map_err(|error| format!("cannot look through {root}: {error}"))
}

fn below(folder: &Dir) -> io::Result<u64> {
    use std::os::unix::fs::MetadataExt;
    let mut sum = 0;
    for name in folder.names()? {
        // What the app removes meanwhile weighs nothing.
        let Ok(metadata) = std::fs::symlink_metadata(folder.at(&name)) else { continue };
        if metadata.is_dir() {
            if let Ok(inner) = folder.folder(&name) {
                sum += below(&inner)?;
            }
        } else {
            sum += metadata.blocks() * 512;
        }
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn both_generations_of_control_groups_are_read() {
        let root = tempfile::tempdir().unwrap();
        file(root.path(), "memory/docker/a/memory.max_usage_in_bytes", "4096\n");
        file(root.path(), "cpuacct/docker/a/cpuacct.usage", "2500000000\n");
        let first = read(root.path(), "9:memory:/docker/a\n4:cpu,cpuacct:/docker/a\n0::/docker/a\n");
        assert_eq!(first, Usage { memory_peak: Some(4096), cpu_seconds: Some(2.5) });
        file(root.path(), "docker/b/memory.peak", "8192\n");
        file(root.path(), "docker/b/cpu.stat", "usage_usec 1500000\nuser_usec 1\n");
        assert_eq!(read(root.path(), "0::/docker/b\n"), Usage { memory_peak: Some(8192), cpu_seconds: Some(1.5) });
        assert_eq!(read(root.path(), "0::/../other\n"), Usage::default());
        assert_eq!(read(root.path(), "nonsense"), Usage::default());
    }
}
