//! Drives the judge from a real swarm.

use std::time::{Duration, Instant};

use super::cause::{Cause, Class};
use super::judge::{Judge, Verdict};
use super::limits::Params;
use crate::swarm::observe::{Engines, Observer, PressureSource, StackView, Wake, changes};

/// For how long an engine may fail to answer before the wait is given up.
const ENGINE_PATIENCE: Duration = Duration::from_secs(10);

/// One look and what the judge said.
#[derive(Debug)]
pub struct Step<'a> {
    /// What was seen.
    pub view: &'a StackView,
    /// What the judge said.
    pub verdict: &'a Verdict,
    /// Since the deploy.
    pub elapsed: Duration,
}

/// Waits until the stack has converged or will not. `on_step` is called after every look. Never waits longer than the timeout, but for one
/// look: an engine that does not answer for ten seconds ends it as engine trouble.
///
/// Dropping the future ends the wait at any moment and leaves nothing behind.
pub async fn watch(
    engines: &Engines,
    stack: &str,
    params: Params,
    started: Instant,
    pressure: &impl PressureSource,
    mut on_step: impl FnMut(Step<'_>) + Send,
) -> Verdict {
    let timeout = params.timeout;
    let mut changes = changes(engines);
    let mut observer = Observer::new(engines.clone(), stack);
    let mut judge = Judge::new(params);
    let mut silent_since: Option<Instant> = None;
    let mut broken: Option<String> = None;
    loop {
        let look =
            tokio::time::timeout(ENGINE_PATIENCE, async { (observer.observe().await, pressure.pressure().await) });
        let trouble = match look.await {
            Ok((Ok(view), pressure)) => {
                silent_since = None;
                let elapsed = started.elapsed();
                let verdict = judge.look(&view, elapsed, &pressure);
                on_step(Step { view: &view, verdict: &verdict, elapsed });
                if !matches!(verdict, Verdict::Waiting(_)) {
                    return verdict;
                }
                None
            }
            Ok((Err(error), _)) => Some(error.to_string()),
            Err(_) => Some("it did not answer in time".to_owned()),
        };
        if let Some(reason) = trouble {
            let since = *silent_since.get_or_insert_with(Instant::now);
            if since.elapsed() >= ENGINE_PATIENCE || started.elapsed() >= timeout {
                return Verdict::Errored(engine_gone(stack, &reason, broken));
            }
        }
        // A broken stream of events is no verdict by itself: the slow poll goes on, and an engine that is really gone does not answer it.
        if let Wake::Trouble { engine, reason } = changes.next().await {
            broken = Some(format!("the events of {engine} broke off: {reason}"));
        }
    }
}

fn engine_gone(stack: &str, reason: &str, broken: Option<String>) -> Cause {
    let headline = format!("the swarm could not be asked about stack {stack} any more");
    let advice = "The engine or the way to it is gone: look at the node's engine log; try again on a fresh node.";
    Cause::new(Class::Engine, "", headline, advice).with("engine", reason).with("engine", broken.unwrap_or_default())
}
