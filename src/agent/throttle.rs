//! Less processor and a slower disk for everything on a node, through the control group of the node's own container.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Where the kernel's control groups are; its root is the node's own group, because the node has a namespace of its own for them.
const GROUPS: &str = "/sys/fs/cgroup";

/// Where the engine of a node keeps its data.
const DATA: &str = "/var/lib/docker";

/// Microseconds over which processor time is shared out (the kernel's own default).
const PERIOD: u64 = 100_000;

/// How much a node may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Throttle {
    /// Hundredths of one processor.
    pub cpu_percent: u64,
    /// Bytes a second that are read from the disk, and as many written. On cgroup v1 writes count when a program waits for them (`fsync`, direct
    /// I/O).
    pub disk_bytes: u64,
}

/// What came of it, in words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Throttled {
    /// What holds from now on.
    pub holds: Vec<String>,
    /// What could not be done, and why.
    pub fails: Vec<String>,
}

/// Throttles the node, or lets it go with `None`.
pub(super) fn set(throttle: Option<Throttle>) -> Throttled {
    let device = std::fs::metadata(DATA)
        .map_err(|error| format!("cannot look at {DATA}: {error}"))
        .and_then(|data| whole_disk(Path::new("/sys"), data.dev()));
    within(Path::new(GROUPS), device, throttle)
}

/// The disk that holds a partition, or the device itself, as `major:minor`.
fn whole_disk(sys: &Path, device: u64) -> Result<String, String> {
    let (major, minor) = (nix::sys::stat::major(device), nix::sys::stat::minor(device));
    let path = sys.join(format!("dev/block/{major}:{minor}"));
    if major == 0 || !path.exists() {
        return Err(format!("{DATA} lies on no disk ({major}:{minor})"));
    }
    if !path.join("partition").exists() {
        return Ok(format!("{major}:{minor}"));
    }
    let disk = path.join("../dev");
    let text = std::fs::read_to_string(&disk).map_err(|error| format!("cannot read {}: {error}", disk.display()))?;
    Ok(text.trim().to_owned())
}

fn within(groups: &Path, device: Result<String, String>, throttle: Option<Throttle>) -> Throttled {
    let mut done = Throttled::default();
    let is_second = groups.join("cgroup.controllers").exists();
    let cpu = throttle.map(|throttle| throttle.cpu_percent * PERIOD / 100);
    let set_cpu = if is_second {
        let quota = cpu.map_or_else(|| "max".to_owned(), |quota| quota.to_string());
        write(groups.join("cpu.max"), &format!("{quota} {PERIOD}"))
    } else {
        let quota = cpu.map_or_else(|| "-1".to_owned(), |quota| quota.to_string());
        let group = groups.join("cpu");
        write(group.join("cpu.cfs_period_us"), &PERIOD.to_string())
            .and_then(|()| write(group.join("cpu.cfs_quota_us"), &quota))
    };
    let words =
        throttle.map_or("all processors".to_owned(), |throttle| format!("{} % of one processor", throttle.cpu_percent));
    done.add(words, set_cpu);
    let set_disk = device.and_then(|device| {
        let bytes = throttle.map(|throttle| throttle.disk_bytes);
        if is_second {
            let bytes = bytes.map_or_else(|| "max".to_owned(), |bytes| bytes.to_string());
            return write(groups.join("io.max"), &format!("{device} rbps={bytes} wbps={bytes}"));
        }
        let line = format!("{device} {}", bytes.unwrap_or(0));
        let files = ["blkio.throttle.read_bps_device", "blkio.throttle.write_bps_device"];
        files.iter().try_for_each(|file| write(groups.join("blkio").join(file), &line))
    });
    let words = throttle.map_or("the disk's own pace".to_owned(), |throttle| {
        format!("{} MB/s from and to the disk", throttle.disk_bytes / 1_000_000)
    });
    done.add(words, set_disk);
    done
}

impl Throttled {
    fn add(&mut self, what: String, done: Result<(), String>) {
        match done {
            Ok(()) => self.holds.push(what),
            Err(why) => self.fails.push(format!("{what}: {why}")),
        }
    }
}

fn write(path: PathBuf, text: &str) -> Result<(), String> {
    // Not created where it is not: that would be a file like any other.
    let file = std::fs::OpenOptions::new().write(true).open(&path);
    file.and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: Throttle = Throttle { cpu_percent: 50, disk_bytes: 5_000_000 };

    fn files(root: &Path, paths: &[&str]) {
        for path in paths {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
    }

    #[test]
    fn both_generations_of_control_groups_are_told() {
        let root = tempfile::tempdir().unwrap();
        let read = |path: &str| std::fs::read_to_string(root.path().join(path)).unwrap();
        let first = [
            "cpu/cpu.cfs_period_us",
            "cpu/cpu.cfs_quota_us",
            "blkio/blkio.throttle.read_bps_device",
            "blkio/blkio.throttle.write_bps_device",
        ];
        files(root.path(), &first);
        let done = within(root.path(), Ok("8:0".to_owned()), Some(HALF));
        assert_eq!((done.holds.len(), done.fails.len()), (2, 0), "{done:?}");
        assert_eq!((read(first[1]), read(first[3])), ("50000".to_owned(), "8:0 5000000".to_owned()));
        files(root.path(), &first);
        within(root.path(), Ok("8:0".to_owned()), None);
        assert_eq!((read(first[1]), read(first[2])), ("-1".to_owned(), "8:0 0".to_owned()));
        files(root.path(), &["cgroup.controllers", "cpu.max", "io.max"]);
        within(root.path(), Ok("8:0".to_owned()), Some(HALF));
        assert_eq!(
            (read("cpu.max"), read("io.max")),
            ("50000 100000".to_owned(), "8:0 rbps=5000000 wbps=5000000".to_owned())
        );
    }

    #[test]
    fn what_cannot_be_throttled_is_told_and_makes_no_files() {
        let root = tempfile::tempdir().unwrap();
        let done = within(root.path(), Err("no disk".to_owned()), Some(HALF));
        assert_eq!((done.holds.len(), done.fails.len()), (0, 2));
        assert!(done.fails[0].contains("cpu.cfs_period_us") && done.fails[1].ends_with("no disk"), "{done:?}");
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_partition_lies_on_its_disk() {
        let sys = tempfile::tempdir().unwrap();
        let disk = sys.path().join("devices/sda");
        files(&disk, &["dev", "sda1/partition"]);
        std::fs::write(disk.join("dev"), "8:0\n").unwrap();
        std::fs::create_dir_all(sys.path().join("dev/block")).unwrap();
        std::os::unix::fs::symlink(disk.join("sda1"), sys.path().join("dev/block/8:1")).unwrap();
        std::os::unix::fs::symlink(&disk, sys.path().join("dev/block/8:0")).unwrap();
        for minor in [0, 1] {
            assert_eq!(whole_disk(sys.path(), nix::sys::stat::makedev(8, minor)), Ok("8:0".to_owned()));
        }
        assert!(whole_disk(sys.path(), nix::sys::stat::makedev(0, 45)).is_err());
    }
}
