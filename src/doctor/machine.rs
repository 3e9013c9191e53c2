//! The engine's machine: disk and memory.

use std::path::Path;

use super::check::{Check, gib};
use super::node::Trial;
use crate::swarm::facts::EngineFacts;

const GIB: u64 = 1 << 30;
/// Below this not even a node image and one small app fit, in bytes.
const LEAST_DISK: u64 = GIB;
/// Below this a recipe of usual size may fill the disk: images are kept by the engine and once more by the node, in bytes.
const COMFORTABLE_DISK: u64 = 10 * GIB;
/// Below this a nested engine and a database do not run side by side, in bytes.
const COMFORTABLE_MEMORY: u64 = 2 * GIB;

/// The checks of the machine.
pub(super) fn checks(trial: &Trial, engine: &EngineFacts) -> Vec<Check> {
    let pressure = match trial {
        Some(Ok(seen)) => seen.pressure.as_ref(),
        _ => None,
    };
    // The largest number is the agent's word for not knowing.
    let known = |bytes: u64| (bytes != u64::MAX).then_some(bytes);
    let disk = pressure.and_then(|p| known(p.disk_free)).or_else(|| disk_here(engine));
    let memory = pressure.and_then(|p| known(p.memory_free));
    vec![self::disk(disk), self::memory(memory, u64::try_from(engine.memory).unwrap_or_default())]
}

/// Free space where the engine keeps its data, if that folder is on this machine.
fn disk_here(engine: &EngineFacts) -> Option<u64> {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").ok()?;
    if kernel.trim() != engine.kernel || engine.data_folder.is_empty() {
        return None;
    }
    let stat = nix::sys::statvfs::statvfs(Path::new(&engine.data_folder)).ok()?;
    Some(stat.blocks_available() * stat.fragment_size())
}

fn disk(free: Option<u64>) -> Check {
    let Some(free) = free else {
        return Check::unknown(
            "disk",
            "the engine's disk cannot be seen from here",
            "only a node tells",
            "leave --no-node out",
        );
    };
    let found = format!("{} free where the engine keeps its data", gib(free));
    let to_do = "free space on the engine's machine: `docker system df` tells what can go";
    if free < LEAST_DISK {
        return Check::bad("disk", found, "a node image and one small app do not fit", to_do);
    }
    if free < COMFORTABLE_DISK {
        let means = "images are kept by the engine and once more in the node: a large recipe may fill the disk, and its run ends `errored`";
        return Check::warn("disk", found, means, to_do);
    }
    Check::ok("disk", found, "enough for a recipe's images, twice")
}

fn memory(free: Option<u64>, total: u64) -> Check {
    if total == 0 && free.is_none() {
        return Check::unknown("memory", "the engine does not tell", "a lack of it cannot be ruled out", "");
    }
    let found = match free {
        Some(free) => format!("{} free of {}", gib(free), gib(total)),
        None => format!("{} in all", gib(total)),
    };
    if free.unwrap_or(total) < COMFORTABLE_MEMORY {
        let means = "large recipes may run out of memory; a run that was starved ends `errored`, not `failed`";
        return Check::warn("memory", found, means, "stop what is not needed, or use a machine with 4 GiB or more");
    }
    Check::ok("memory", found, "enough for a nested engine and a recipe of usual size")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;

    #[test]
    fn little_space_warns_and_none_is_bad() {
        let status = |free| disk(free).status;
        assert_eq!(
            (status(Some(0)), status(Some(GIB)), status(Some(10 * GIB)), status(None)),
            (Status::Bad, Status::Warn, Status::Ok, Status::Unknown)
        );
    }

    #[test]
    fn free_memory_counts_where_it_is_known() {
        assert_eq!(memory(Some(GIB), 64 * GIB).status, Status::Warn);
        assert_eq!(memory(None, 64 * GIB).status, Status::Ok);
        assert_eq!(memory(None, 0).status, Status::Unknown);
    }
}
