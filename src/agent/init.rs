//! The first thing that runs in a node: prepares the container and runs the engine.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::mount::{MsFlags, mount};

use super::addresses;
use super::protocol::NodeSetup;

/// Where `init` leaves what `serve` needs to know.
pub(super) const SETUP: &str = "/run/taster/setup.json";

/// `serve` keeps this locked while a driver is connected.
pub(super) const DRIVER_LOCK: &str = "/run/taster/driver.lock";

/// How long a node waits for a driver, or for one to come back, before it stops.
const LONELY: Duration = Duration::from_secs(60);

/// Runs the engine of this node until it ends, or until no driver has been connected for a minute.
///
/// # Errors
/// When the container cannot be prepared (the message names the step) or the engine cannot be started.
pub fn run() -> anyhow::Result<()> {
    use anyhow::Context;
    writable_kernel_file_systems();
    std::fs::create_dir_all("/run/taster").context("cannot make /run/taster")?;
    let routes = std::fs::read_to_string("/proc/net/route").unwrap_or_default();
    let plan = addresses::plan(&routes);
    let setup = NodeSetup {
        gateway_subnet: plan.gateway_subnet.clone(),
        gateway: plan.gateway.into(),
        overlay_pool: plan.overlay_pool.clone(),
        kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
    };
    std::fs::write(SETUP, serde_json::to_vec(&setup)?).with_context(|| format!("cannot write {SETUP}"))?;
    let dockerd =
        find_engine().context("no dockerd in this node image: build it again, or name another with --node-image")?;
    let mut engine = Command::new(&dockerd)
        .args(["--host", "unix:///var/run/docker.sock", "--bip", &plan.bridge])
        .args(["--default-address-pool", &format!("base={},size=24", plan.bridge_pool)])
        .args(["--dns", &plan.gateway.to_string()])
        .stdin(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start {}", dockerd.display()))?;
    let mut last_seen = Instant::now();
    loop {
        if let Some(status) = engine.try_wait().context("cannot wait for the engine")? {
            anyhow::bail!("the node's engine ended: {status}");
        }
        if driver_is_connected() {
            last_seen = Instant::now();
        } else if last_seen.elapsed() > LONELY {
            // Nobody is left to use this node, and perhaps nobody to remove it: stop, so that whoever starts next may reap it.
            engine.kill().context("cannot stop the engine of an abandoned node")?;
            anyhow::bail!("no driver has been connected for {} s: the node stops", LONELY.as_secs());
        }
        std::thread::sleep(Duration::from_millis(250));
    }
}

/// Waits in a container on an engine that was there before us, until no driver has been connected for a minute.
///
/// # Errors
/// When it has waited in vain.
pub fn guest() -> anyhow::Result<()> {
    let mut last_seen = Instant::now();
    while last_seen.elapsed() <= LONELY {
        if driver_is_connected() {
            last_seen = Instant::now();
        }
        std::thread::sleep(Duration::from_millis(250));
    }
    anyhow::bail!("no driver has been connected for {} s: the agent stops", LONELY.as_secs())
}

/// Makes `/sys` and the cgroup hierarchies writable, as an engine needs. Without `privileged` they are mounted read-only, and a plain
/// remount stays without effect on cgroup v1: it has to be a bind remount (environment.md). What fails here shows when the engine
/// starts, with its own message.
fn writable_kernel_file_systems() {
    let mut targets = vec![PathBuf::from("/sys"), PathBuf::from("/sys/fs/cgroup")];
    if let Ok(entries) = std::fs::read_dir("/sys/fs/cgroup") {
        targets.extend(entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()));
    }
    for target in targets {
        let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND;
        let _ = mount(None::<&str>, &target, None::<&str>, flags, None::<&str>);
    }
    move_to_leaf_cgroup();
}

/// On cgroup v2 a group with processes of its own cannot hand controllers to its children: move into a leaf, then hand them on.
fn move_to_leaf_cgroup() {
    let root = Path::new("/sys/fs/cgroup");
    let Ok(controllers) = std::fs::read_to_string(root.join("cgroup.controllers")) else { return };
    let leaf = root.join("taster-init");
    let moved = std::fs::create_dir_all(&leaf)
        .and_then(|()| std::fs::read_to_string(root.join("cgroup.procs")))
        .map(|processes| processes.lines().for_each(|pid| drop(std::fs::write(leaf.join("cgroup.procs"), pid))));
    if moved.is_ok() {
        for controller in controllers.split_whitespace() {
            let _ = std::fs::write(root.join("cgroup.subtree_control"), format!("+{controller}"));
        }
    }
}

fn find_engine() -> io::Result<PathBuf> {
    let mut places = vec![PathBuf::from("/usr/local/bin"), PathBuf::from("/usr/sbin"), PathBuf::from("/usr/bin")];
    places.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
    places
        .into_iter()
        .map(|place| place.join("dockerd"))
        .find(|path| path.is_file())
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "dockerd not found"))
}

fn driver_is_connected() -> bool {
    std::fs::File::open(DRIVER_LOCK).is_ok_and(|file| matches!(file.try_lock(), Err(std::fs::TryLockError::WouldBlock)))
}
