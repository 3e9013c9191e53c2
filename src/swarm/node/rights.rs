//! What a node's container is allowed to do: the least that works (design.md §3.6).

use bollard::models::{HostConfig, HostConfigCgroupnsModeEnum};

/// Beside Docker's defaults, all that an engine needs to run a swarm and ordinary services. Without SYS_PTRACE the first two run a
/// swarm as well, but nothing can be executed in a container whose process is not root's, its healthcheck least of all: `runc exec`
/// opens that process's namespaces, which the kernel allows to its own user or to a tracer (ptrace(2), access mode checking).
const LEAST: [&str; 3] = ["SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE"];

/// What services may need that ask for capabilities or devices of their own (environment.md).
const LISTED: [&str; 12] = [
    "SYS_MODULE",
    "MKNOD",
    "SYS_RAWIO",
    "SYSLOG",
    "AUDIT_WRITE",
    "NET_RAW",
    "SYS_CHROOT",
    "SETPCAP",
    "DAC_READ_SEARCH",
    "LINUX_IMMUTABLE",
    "SYS_NICE",
    "IPC_LOCK",
];

/// A set of rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rights {
    /// The capabilities SYS_ADMIN, NET_ADMIN and SYS_PTRACE.
    Least,
    /// A list of capabilities, and every device.
    Listed,
    /// Everything.
    Privileged,
}

impl Rights {
    /// From the least to the most.
    pub const LADDER: [Self; 3] = [Self::Least, Self::Listed, Self::Privileged];

    /// The word in node facts.
    pub fn word(self) -> &'static str {
        match self {
            Self::Least => "least",
            Self::Listed => "listed",
            Self::Privileged => "privileged",
        }
    }

    /// Writes the rights into a container's configuration.
    pub(super) fn grant(self, host: &mut HostConfig) {
        host.cgroupns_mode = Some(HostConfigCgroupnsModeEnum::PRIVATE);
        if self == Self::Privileged {
            host.privileged = Some(true);
            return;
        }
        let listed = if self == Self::Listed { LISTED.as_slice() } else { &[] };
        host.cap_add = Some(LEAST.iter().chain(listed).map(|name| (*name).to_owned()).collect());
        host.security_opt = Some(vec!["seccomp=unconfined".to_owned(), "apparmor=unconfined".to_owned()]);
        // What `systempaths=unconfined` means to the command line: nothing below /proc and /sys is hidden or read-only.
        host.masked_paths = Some(Vec::new());
        host.readonly_paths = Some(Vec::new());
        if self == Self::Listed {
            host.device_cgroup_rules = Some(vec!["a *:* rwm".to_owned()]);
        }
    }
}
