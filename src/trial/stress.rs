//! `stress`: the install once more on a node that is short of processor and disk: how near its healthchecks come to killing a start that
//! would have gone well (lesson 14).
//!
//! Asked for with `--stress`, and for no level: how slow an operator's server is, nobody knows.

use std::time::Instant;

use super::convergence::{FirstHealthy, ServiceFacts};
use super::recorder::Passed;
use super::session::{Replace, Session};
use super::subject::Subject;
use super::trouble::Trouble;
use crate::agent::Throttle;
use crate::compose::project::Project;
use crate::record::{Evidence, Outcome};
use crate::swarm::engine;

/// Half a processor: what many small servers have left for one more app.
const CPU_PERCENT: u64 = 50;

/// A slow hard disk under load, in bytes a second.
const DISK: u64 = 10_000_000;

/// The recipe's own time for a deploy is not what is tried here: a start may take so many times as long.
const LONGER: u32 = 4;

/// Less than this share of what a healthcheck allows left over is near.
const NEAR: f64 = 0.2;

/// Installs the candidate on the emptied node with less processor and disk.
///
/// # Errors
/// That a healthcheck kills it, or what else goes wrong; errored when nothing of the node can be throttled.
pub(super) async fn run(session: &mut Session) -> Result<Passed, Trouble> {
    let (recipe, scenario) = session.candidate.clone();
    let subject = Subject::prepare(recipe, scenario, session.log.redactor())?;
    session.purge().await?;
    session.turn_to(subject, &engine::connect().await?).await?;
    let throttle = Throttle { cpu_percent: cpu_percent(&session.subject.project), disk_bytes: DISK };
    let (mut holds, mut evidence) = (Vec::new(), Vec::new());
    for node in &session.cluster.nodes {
        let throttled = node.link.throttle(Some(throttle)).await?;
        evidence.extend(throttled.fails.into_iter().map(|why| Evidence::text("not-throttled", why)));
        holds = throttled.holds;
    }
    let started = if holds.is_empty() { None } else { Some(start(session).await) };
    for node in &session.cluster.nodes {
        node.link.throttle(None).await?;
    }
    let Some(started) = started else {
        let trouble = Trouble::errored("throttle", "neither processor nor disk of the node could be throttled");
        return Err(Trouble { evidence, ..trouble }.advise(
            "Run it where the node's container may write to its own control group; `taster doctor` tells more.",
        ));
    };
    let holds = holds.join(", ");
    let services = match started {
        Ok(services) => services,
        Err(trouble) => return Err(under_stress(trouble, &holds)),
    };
    judge(&services, &holds, evidence)
}

/// The services as they came up.
async fn start(session: &mut Session) -> Result<Vec<(String, ServiceFacts)>, Trouble> {
    let begun = Instant::now();
    session.deploy(&Replace::Changed).await?;
    let mut params = session.params();
    params.timeout = params.timeout.saturating_mul(LONGER);
    // That the node has no time to spare is what was asked for, and excuses nothing.
    params.thresholds.starved_cpu = f64::INFINITY;
    params.thresholds.starved_io = f64::INFINITY;
    let (facts, _) = session.converge("stress", params, begun).await?;
    Ok(facts.services.into_iter().collect())
}

/// A control group of cgroup v1 may not have less than one inside it, so the largest limit of a service is what everything gets at least.
fn cpu_percent(project: &Project) -> u64 {
    let limits = project.services().filter_map(|(_, service)| {
        let cpus: f64 = service.deploy.resources.limits.as_ref()?.cpus.parse().ok()?;
        Some((cpus * 100.0).ceil().clamp(0.0, 100_000.0))
    });
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100000")]
    let largest = limits.fold(0.0, f64::max) as u64;
    largest.max(CPU_PERCENT)
}

/// What goes wrong here went well without stress.
fn under_stress(trouble: Trouble, holds: &str) -> Trouble {
    if trouble.outcome != Outcome::Failed {
        return trouble;
    }
    let of_health = matches!(trouble.class.as_str(), "killed-while-starting" | "healthcheck-never-passes");
    let class = if of_health { "killed-under-stress".to_owned() } else { trouble.class };
    let reason = format!("with {holds} it does not start: {}", trouble.reason);
    Trouble { class, reason, ..trouble }
}

/// Tells every service's margin; one that was killed on the way has none.
fn judge(services: &[(String, ServiceFacts)], holds: &str, mut evidence: Vec<Evidence>) -> Result<Passed, Trouble> {
    let (mut words, mut near) = (Vec::new(), Vec::new());
    for (name, service) in services {
        let Some(first) = &service.first_healthy else { continue };
        let text = format!(
            "{name}: healthy {:.1} s after its start, of {:.1} s that its healthcheck allows: {:.1} s to spare, and {} of {} failing checks",
            first.seconds,
            first.allowed,
            first.margin(),
            first.failures,
            first.retries
        );
        evidence.push(Evidence::text("margin", text));
        words.push(format!("{name} has {:.1} s to spare", first.margin()));
        if is_near(first) {
            near.push(format!("{name} (healthy after {:.1} s of {:.1} s)", first.seconds, first.allowed));
        }
    }
    let killed: Vec<&str> =
        services.iter().filter(|(_, service)| service.killed > 0).map(|(name, _)| name.as_str()).collect();
    if !killed.is_empty() {
        let reason = format!(
            "with {holds} its healthcheck killed {} while it was still starting; it came up only when it was started again",
            killed.join(", ")
        );
        let trouble = Trouble::failed("killed-under-stress", reason);
        return Err(Trouble { evidence, service: killed.first().map(|name| (*name).to_owned()), ..trouble }.advise(
            "Raise `healthcheck.start_period`: failures within it do not count, and an app that is healthy sooner does not wait for it.",
        ));
    }
    if words.is_empty() {
        words.push("it starts; no service has a healthcheck that could kill it".to_owned());
    }
    let mut reason = format!("with {holds}: {}", words.join(", "));
    if !near.is_empty() {
        reason = format!("with {holds} a healthcheck nearly kills {}", near.join(", "));
        let text = format!("{reason}: raise `healthcheck.start_period`, a server under load is slower than this one");
        evidence.push(Evidence::text("finding", text));
    }
    Ok(Passed { reason, evidence, ..Passed::default() })
}

/// Hardly any time was left, or one more failing check would have been the last.
fn is_near(first: &FirstHealthy) -> bool {
    first.margin() < first.allowed * NEAR || first.failures > 0 && first.failures + 1 >= u64::from(first.retries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(seconds: f64, failures: u64, killed: u64) -> Vec<(String, ServiceFacts)> {
        let first = FirstHealthy { seconds, allowed: 10.0, failures, retries: 3 };
        vec![("app".to_owned(), ServiceFacts { first_healthy: Some(first), killed, ..ServiceFacts::default() })]
    }

    #[test]
    fn a_margin_is_told_and_a_small_one_is_a_finding() {
        let told = |services: &[(String, ServiceFacts)]| judge(services, "less", Vec::new());
        let wide = told(&service(4.0, 1, 0)).unwrap();
        assert!(wide.reason.contains("app has 6.0 s to spare"), "{wide:?}");
        assert!(wide.evidence.iter().all(|piece| piece.kind != "finding"));
        for near in [service(8.5, 0, 0), service(4.0, 2, 0)] {
            let near = told(&near).unwrap();
            assert!(
                near.reason.contains("nearly kills app") && near.evidence.iter().any(|piece| piece.kind == "finding")
            );
        }
        let killed = told(&service(4.0, 0, 1)).unwrap_err();
        assert_eq!((killed.outcome, killed.class.as_str()), (Outcome::Failed, "killed-under-stress"));
        assert!(
            told(&[("db".to_owned(), ServiceFacts::default())])
                .unwrap()
                .reason
                .contains("no service has a healthcheck")
        );
    }
}
