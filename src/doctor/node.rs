//! A node for a moment: what it is made of, which rights it needs, and what its kernel can do.

use std::path::Path;
use std::time::{Duration, Instant};

use bollard::Docker;

use super::check::Check;
use crate::record::NodeFacts;
use crate::run::{RunId, RunLock, lock_domain};
use crate::swarm::facts::EngineFacts;
use crate::swarm::labels::Owner;
use crate::swarm::node::{Cluster, Memory, NodeError, NodeImageError, NodeOptions};
use crate::swarm::observe::Pressure;
use crate::swarm::reap;

/// What came of starting a node; `None` when none was to be started.
pub(super) type Trial = Option<Result<Seen, TrialError>>;

/// What was seen in a running node.
pub(super) struct Seen {
    pub(super) facts: NodeFacts,
    pub(super) pressure: Option<Pressure>,
    ready_in: Duration,
    removed: Result<Duration, String>,
}

/// Why there was no node.
pub(super) enum TrialError {
    Lock(std::io::Error),
    Node(Box<NodeError>),
    Facts(String),
}

/// Starts a node, looks around, and removes it. With `offline`, the engine is not told to pull what a node could be made of.
pub(super) async fn try_one(docker: &Docker, offline: bool) -> Result<Seen, TrialError> {
    // Whoever starts a node removes what dead runs left (design.md §3.7); what cannot be removed is not the doctor's business.
    let _ = reap::reap(docker).await;
    let id = RunId::new("doctor");
    let lock = RunLock::take(&id).map_err(TrialError::Lock)?;
    let domain = lock_domain().map_err(TrialError::Lock)?;
    let owner = Owner { run: id.to_string(), domain, scratch: lock.scratch().to_owned() };
    let begun = Instant::now();
    let cluster = Cluster::start(docker, &owner, &NodeOptions { offline, ..NodeOptions::default() })
        .await
        .map_err(|error| TrialError::Node(Box::new(error)))?;
    let ready_in = begun.elapsed();
    let facts = cluster.facts(&owner, Memory::Ignored).await;
    let pressure = cluster.manager().link.pressure().await.ok();
    let pressure = pressure
        .map(|raw| Pressure::from_proc(raw.cpu.as_deref(), raw.io.as_deref(), raw.memory.as_deref(), raw.disk_free));
    let begun = Instant::now();
    let removed = cluster.remove().await.map(|()| begun.elapsed()).map_err(|error| error.to_string());
    let facts = facts.map_err(|error| TrialError::Facts(error.to_string()))?;
    Ok(Seen { facts, pressure, ready_in, removed })
}

/// The checks that a node answers.
pub(super) fn checks(trial: &Trial, engine: &EngineFacts) -> Vec<Check> {
    match trial {
        Some(Ok(seen)) => vec![image(seen), node(seen), capabilities(seen), ip_vs(&seen.facts.endpoint_mode)],
        Some(Err(error)) => failed(error),
        None => {
            let unknown =
                |name| Check::unknown(name, "no node was started", "only a node tells", "leave --no-node out");
            vec![unknown("node image"), unknown("node"), unknown("capabilities"), ip_vs_from_here(engine)]
        }
    }
}

fn image(seen: &Seen) -> Check {
    let found = format!("made from {}", seen.facts.image);
    Check::ok("node image", found, "an engine to nest, with taster's agent on top; kept on the engine and reused")
}

fn node(seen: &Seen) -> Check {
    let facts = &seen.facts;
    let found = format!(
        "ready in {:.1} s: engine {}, {} storage, cgroup {}",
        seen.ready_in.as_secs_f64(),
        facts.engine,
        facts.storage,
        facts.cgroup
    );
    match &seen.removed {
        Ok(took) => {
            Check::ok("node", format!("{found}; removed in {:.1} s", took.as_secs_f64()), "recipes can be tried")
        }
        Err(reason) => {
            let means = format!("recipes can be tried, but the node could not be removed ({reason})");
            Check::warn(
                "node",
                found,
                means,
                "the next start of taster tries again; else remove the container labelled taster.role=node",
            )
        }
    }
}

fn capabilities(seen: &Seen) -> Check {
    let found = match seen.facts.rights.as_str() {
        "least" => {
            "a node runs with SYS_ADMIN, NET_ADMIN and SYS_PTRACE beside Docker's defaults, unconfined by seccomp"
                .to_owned()
        }
        "listed" => "a node needs a list of capabilities and every device".to_owned(),
        other => format!("a node needs the rights `{other}`"),
    };
    let means = "an app that breaks out of its container is close to the machine's root: a nested engine is no security boundary. \
                 For strangers' recipes use machines that are thrown away afterwards";
    if seen.facts.rights == "least" {
        return Check::ok("capabilities", found, means);
    }
    Check::warn(
        "capabilities",
        found,
        means,
        "see why fewer rights are not enough here: security modules or an old engine may be in the way",
    )
}

fn ip_vs(endpoint_mode: &str) -> Check {
    if endpoint_mode == "vip" {
        return Check::ok(
            "ip_vs",
            "virtual IPs route",
            "services are deployed with the endpoint mode that the recipe asks for",
        );
    }
    Check::warn(
        "ip_vs",
        "virtual IPs do not route: the kernel has no ip_vs",
        "services are deployed with DNS round-robin, and published ports in host mode; the run records it. An app that remembers a \
         peer's address may fail where it would not elsewhere",
        "run `modprobe ip_vs` on the engine's machine, or use a kernel that has it",
    )
}

/// Without a node: what can be seen from here, if the engine shares our kernel.
fn ip_vs_from_here(engine: &EngineFacts) -> Check {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let release = release.trim();
    if release.is_empty() || release != engine.kernel {
        return Check::unknown(
            "ip_vs",
            "the engine has another kernel than this machine",
            "only a node tells",
            "leave --no-node out",
        );
    }
    let module = format!("/lib/modules/{release}/kernel/net/netfilter/ipvs");
    let built_in = std::fs::read_to_string(format!("/lib/modules/{release}/modules.builtin")).unwrap_or_default();
    if Path::new("/proc/net/ip_vs").exists() || Path::new(&module).is_dir() || built_in.contains("/ip_vs.ko") {
        return Check::ok(
            "ip_vs",
            "the kernel has it",
            "services are deployed with the endpoint mode that the recipe asks for",
        );
    }
    Check::unknown(
        "ip_vs",
        "no sign of it in /proc and /lib/modules",
        "it may be there all the same; only a node tells",
        "leave --no-node out",
    )
}

fn failed(error: &TrialError) -> Vec<Check> {
    let unknown = |name| Check::unknown(name, "no node came up", "only a node tells", "");
    let means = "a recipe is tried on a node, so nothing can be tested";
    let (image, node) = match error {
        TrialError::Lock(error) => {
            let found = format!("cannot take a lock for it: {error}");
            (
                unknown("node image"),
                Check::bad("node", found, means, "make the folder for temporary files writable (TMPDIR)"),
            )
        }
        TrialError::Facts(reason) => {
            (unknown("node image"), Check::bad("node", reason, means, "read the engine's log"))
        }
        TrialError::Node(error) => match error.as_ref() {
            NodeError::Image(error) => {
                let to_do = match error {
                    NodeImageError::NoBase { .. } => {
                        "let the engine reach a registry, load the image docker:dind into it, or install Docker Engine on this machine"
                    }
                    _ => "read the engine's log, and see that its disk is not full",
                };
                (Check::bad("node image", error.to_string(), means, to_do), unknown("node"))
            }
            NodeError::NotUp { .. } => {
                let to_do = "read the engine's last words above: what it misses (iptables, cgroups, rights) has to be allowed or installed on the host";
                (unknown("node image"), Check::bad("node", error.to_string(), means, to_do))
            }
            _ => (
                unknown("node image"),
                Check::bad(
                    "node",
                    error.to_string(),
                    means,
                    "read the engine's log, and see that its disk is not full",
                ),
            ),
        },
    };
    vec![image, node, unknown("capabilities"), unknown("ip_vs")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::{Diagnosis, Status};

    #[test]
    fn no_image_and_no_node_are_both_bad() {
        let no_base =
            NodeImageError::NoBase { pull: "no such host".to_owned(), host: "dockerd is not installed".to_owned() };
        let not_up = NodeError::NotUp { node: "n".to_owned(), rights: "least", reason: "no iptables".to_owned() };
        for (error, name, word) in
            [(NodeError::Image(no_base), "node image", "no such host"), (not_up, "node", "no iptables")]
        {
            let checks = failed(&TrialError::Node(Box::new(error)));
            let bad: Vec<_> = checks.iter().filter(|check| check.status == Status::Bad).collect();
            assert!(
                bad.len() == 1 && bad[0].name == name && bad[0].found.contains(word) && !bad[0].to_do.is_empty(),
                "{bad:?}"
            );
            assert!(!Diagnosis::new(checks).can_test);
        }
    }

    #[test]
    fn a_kernel_without_virtual_ips_is_a_warning() {
        assert_eq!((ip_vs("vip").status, ip_vs("dnsrr").status), (Status::Ok, Status::Warn));
    }

    #[test]
    fn another_machine_s_kernel_is_not_guessed_at() {
        let engine = EngineFacts { kernel: "9.9.9-elsewhere".to_owned(), ..EngineFacts::default() };
        assert_eq!(ip_vs_from_here(&engine).status, Status::Unknown);
    }
}
