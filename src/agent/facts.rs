//! How busy the node is, so that a timeout can be told from a starved machine (design.md §3.2).

use super::protocol::Pressure;

/// Where the node's engine keeps its data.
const ENGINE_DATA: &str = "/var/lib/docker";

/// Reads `/proc/pressure` and the free disk; what the kernel does not tell is absent.
pub(super) fn pressure() -> Pressure {
    let read = |what: &str| std::fs::read_to_string(format!("/proc/pressure/{what}")).ok();
    let disk = nix::sys::statvfs::statvfs(ENGINE_DATA).ok();
    Pressure {
        cpu: read("cpu"),
        io: read("io"),
        memory: read("memory"),
        disk_free: disk.map(|stat| stat.blocks_available() * stat.fragment_size()),
    }
}
