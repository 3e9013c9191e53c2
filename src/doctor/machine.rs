//! The engine's machine: disk and memory.

use std::path::Path;

use super::check::{Check, gib};
use super::node::Trial;
use crate::swarm::engine::address;
use crate::swarm::facts::EngineFacts;

const GIB: u64 = 1 << 30;
/// Below this not even a node image and one small app fit, in bytes.
const LEAST_DISK: u64 = GIB;
/// Below this a recipe of usual size may fill the disk: images are kept by the engine and once more by the node, in bytes.
const COMFORTABLE_DISK: u64 = 10 * GIB;
/// Below this a nested engine and a database do not run side by side, in bytes.
const COMFORTABLE_MEMORY: u64 = 2 * GIB;
/// Tasks that wait for memory for more of the time than this are starved, in percent.
const WAITING_FOR_MEMORY: f64 = 10.0;

/// The checks of the machine.
pub(super) fn checks(trial: &Trial, engine: &EngineFacts) -> Vec<Check> {
    let pressure = match trial {
        Some(Ok(seen)) => seen.pressure.as_ref(),
        _ => None,
    };
    let disk = pressure.and_then(|p| p.disk_free).or_else(|| disk_here(engine));
    let waiting = pressure.and_then(|p| p.memory).map(|stall| stall.some);
    vec![self::disk(disk), memory(u64::try_from(engine.memory).unwrap_or_default(), waiting)]
}

/// Free space where the engine keeps its data, if that folder is on this machine.
fn disk_here(engine: &EngineFacts) -> Option<u64> {
    if !address().starts_with("unix://") || engine.data_folder.is_empty() {
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

/// `waiting` is the share of time in which some task waited for memory, in percent; `None` when nobody looked.
fn memory(total: u64, waiting: Option<f64>) -> Check {
    if total == 0 {
        return Check::unknown("memory", "the engine does not tell", "a lack of it cannot be ruled out", "");
    }
    let found = format!("{} in all", gib(total));
    let means = "large recipes may run out of memory; a run that was starved ends `errored`, not `failed`";
    let to_do = "stop what is not needed, or use a machine with 4 GiB or more";
    match waiting {
        Some(waiting) if waiting > WAITING_FOR_MEMORY => {
            Check::warn("memory", format!("{found}; tasks wait for it {waiting:.0} % of the time"), means, to_do)
        }
        _ if total < COMFORTABLE_MEMORY => Check::warn("memory", found, means, to_do),
        _ => Check::ok("memory", found, "enough for a nested engine and a recipe of usual size"),
    }
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
    fn little_memory_and_waiting_for_it_are_worth_a_warning() {
        let status = |total, waiting| memory(total, waiting).status;
        assert_eq!((status(GIB, None), status(64 * GIB, Some(50.0))), (Status::Warn, Status::Warn));
        assert_eq!((status(4 * GIB, None), status(4 * GIB, Some(0.5))), (Status::Ok, Status::Ok));
        assert_eq!(status(0, None), Status::Unknown);
    }
}
