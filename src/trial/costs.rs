//! What each service of the candidate costs, measured while the run goes on: memory and processor time of its containers, the size of its image
//! and of its volumes, the time until it was healthy.
//!
//! Containers come and go. Each is asked while it runs, and what it last said stays; a service's memory is that of its largest container, and
//! its time that of all of them together.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::backup::volumes;
use super::convergence::ServiceFacts;
use super::session::Session;
use crate::agent::{LinkError, Usage};
use crate::compose::backup::volumes as mounts;
use crate::record::{Fact, ServiceCosts};

/// So often at most every container is asked.
const EVERY: Duration = Duration::from_secs(2);

/// What was measured so far.
#[derive(Debug, Default)]
pub(super) struct Costs {
    /// By container: its service, the number of its node, its process, what it used.
    containers: BTreeMap<String, (String, usize, u32, Usage)>,
    asked: Option<Instant>,
    /// Of each service the seconds until it ran, and until it was healthy.
    started: BTreeMap<String, (Option<f64>, Option<f64>)>,
    /// The bytes in each volume after the install, and at the last look.
    volumes: BTreeMap<String, (u64, u64)>,
    /// Something else than the candidate as it is sampled is on the node: nothing more is measured.
    is_over: bool,
}

impl Costs {
    /// A container of a service runs.
    pub(super) fn container(&mut self, id: &str, service: &str, node: usize, pid: u32) {
        if !self.is_over {
            self.containers.entry(id.to_owned()).or_insert_with(|| (service.to_owned(), node, pid, Usage::default()));
        }
    }

    /// How a service came up the first time.
    pub(super) fn started(&mut self, service: &str, facts: &ServiceFacts) {
        if !self.is_over {
            let seconds = (facts.seconds_to_running, facts.seconds_to_healthy);
            self.started.entry(service.to_owned()).or_insert(seconds);
        }
    }

    /// What comes now on the node is not the candidate as it is sampled.
    pub(super) fn end(&mut self) {
        self.is_over = true;
    }
}

/// Asks every container that runs, unless that was done a moment ago. What cannot be asked stays as it was: a measurement is no reason to
/// fail.
pub(super) async fn sample(session: &mut Session, at_once: bool) {
    let costs = &mut session.costs;
    if costs.is_over || !at_once && costs.asked.is_some_and(|asked| asked.elapsed() < EVERY) {
        return;
    }
    costs.asked = Some(Instant::now());
    let mut gone = Vec::new();
    for (id, (_, node, pid, usage)) in &mut costs.containers {
        let Some(node) = session.cluster.nodes.get(*node).filter(|_| *pid > 0) else { continue };
        match node.link.usage(*pid).await {
            Ok(now) if now != Usage::default() => {
                usage.memory_peak = usage.memory_peak.max(now.memory_peak);
                usage.cpu_seconds = now.cpu_seconds.or(usage.cpu_seconds);
            }
            Ok(_) | Err(LinkError::Refused { .. }) => gone.push(id.clone()),
            Err(_) => return,
        }
    }
    for id in gone {
        // Its process has ended, and the number may be given to another one.
        if let Some((_, _, pid, _)) = costs.containers.get_mut(&id) {
            *pid = 0;
        }
    }
}

/// Looks how large the volumes are: the first time as the install left them.
pub(super) async fn weigh(session: &mut Session) {
    if session.costs.is_over || !session.cluster.is_ephemeral() {
        return;
    }
    let Ok(there) = volumes::there(session).await else { return };
    for volume in there {
        let Some(node) = session.cluster.nodes.get(volume.node) else { continue };
        if let Ok(bytes) = node.link.weigh(&volume.root).await {
            session.costs.volumes.entry(volume.key).or_insert((bytes, bytes)).1 = bytes;
        }
    }
}

/// Writes down what was measured, by service.
pub(super) fn tell(session: &Session) -> Vec<ServiceCosts> {
    let costs = &session.costs;
    let mut all = Vec::new();
    for (name, service) in session.measured.services() {
        let of_service = || costs.containers.values().filter(|(of, ..)| of == name).map(|(_, _, _, usage)| usage);
        let seconds: Vec<f64> = of_service().filter_map(|usage| usage.cpu_seconds).collect();
        let (running, healthy) = costs.started.get(name).copied().unwrap_or_default();
        let image = session.digests.iter().find(|image| image.reference == service.image);
        let of_volumes: Vec<(u64, u64)> =
            mounts(service).filter_map(|mount| costs.volumes.get(&mount.source).copied()).collect();
        all.push(ServiceCosts {
            service: name.to_owned(),
            image: image.map(|image| image.id.clone()),
            image_bytes: image.and_then(|image| u64::try_from(image.size).ok()),
            seconds_to_running: running,
            seconds_to_healthy: healthy,
            memory_peak: of_service().filter_map(|usage| usage.memory_peak).max(),
            cpu_seconds: (!seconds.is_empty()).then(|| seconds.iter().sum()),
            volume_bytes: (!of_volumes.is_empty()).then(|| of_volumes.iter().map(|(_, last)| last).sum()),
            volume_growth: (!of_volumes.is_empty())
                .then(|| of_volumes.iter().map(|(first, last)| last.saturating_sub(*first)).sum()),
        });
    }
    session.log.write(Fact::Measured { services: all.clone() });
    all
}
