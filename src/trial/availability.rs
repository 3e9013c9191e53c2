//! For how long an app does not answer while something is done to it.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use super::answer::{self, Question, Strength};
use super::session::Session;

/// Pause between two questions.
const PAUSE: Duration = Duration::from_millis(250);

/// An answer that takes longer is none for whoever waits for the page.
const PATIENCE: Duration = Duration::from_secs(5);

/// For how long an app did not answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Outage {
    /// All of it together.
    pub total: Duration,
    /// The longest stretch.
    pub longest: Duration,
}

/// Asks an app again and again beside what is done to it. Dropping it ends that.
#[derive(Debug)]
pub(super) struct Availability {
    asking: JoinHandle<()>,
    seen: Arc<Mutex<Vec<(Instant, bool)>>>,
}

impl Availability {
    /// Starts to ask at the app's first route; `None` when it has none.
    pub(super) fn watch(session: &Session) -> Option<Self> {
        let routes = session.subject.routes.clone();
        let question: Question =
            answer::questions(&routes, &session.subject.domain, session.subject.scenario.ready.as_ref())
                .into_iter()
                .next()?;
        let link = session.cluster.manager().link.clone();
        let ingress = session.ingress.clone()?;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let told = seen.clone();
        let asking = tokio::spawn(async move {
            loop {
                let asked_at = Instant::now();
                let answer = answer::ask(&link, &ingress, &routes, &question, PATIENCE).await;
                if let Ok(mut told) = told.lock() {
                    told.push((asked_at, answer.strength != Strength::None));
                }
                tokio::time::sleep(PAUSE).await;
            }
        });
        Some(Self { asking, seen })
    }

    /// Ends the questions.
    pub(super) fn outage(self) -> Outage {
        self.seen.lock().map(|seen| outage(&seen)).unwrap_or_default()
    }
}

impl Drop for Availability {
    fn drop(&mut self) {
        self.asking.abort();
    }
}

/// From each first question without an answer to the next one with an answer; an outage that goes on at the end counts to the last
/// question.
fn outage(seen: &[(Instant, bool)]) -> Outage {
    let mut outage = Outage::default();
    let mut down_since: Option<Instant> = None;
    let mut add = |since: Instant, until: Instant| {
        let lasted = until.duration_since(since);
        outage.total += lasted;
        outage.longest = outage.longest.max(lasted);
    };
    for (at, up) in seen {
        match (up, down_since) {
            (false, None) => down_since = Some(*at),
            (true, Some(since)) => {
                add(since, *at);
                down_since = None;
            }
            _ => {}
        }
    }
    if let (Some(since), Some((last, _))) = (down_since, seen.last()) {
        add(since, *last);
    }
    outage
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outages_are_added_up_and_the_longest_is_kept() {
        let begun = Instant::now();
        let at = |seconds: u64, up| (begun + Duration::from_secs(seconds), up);
        let seen = [
            at(0, true),
            at(1, false),
            at(2, false),
            at(4, true),
            at(5, false),
            at(6, true),
            at(7, false),
            at(9, false),
        ];
        let found = outage(&seen);
        assert_eq!((found.total.as_secs(), found.longest.as_secs()), (6, 3));
        assert_eq!(outage(&[at(0, true)]), Outage::default());
        assert_eq!(outage(&[]), Outage::default());
    }
}
