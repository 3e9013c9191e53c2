//! Waits until the stack has converged, and goes on watching it while it is asked.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::answer;
use super::convergence::{Cause, Facts, Judge, Params, Verdict};
use super::session::Session;
use super::trouble::Trouble;
use crate::swarm::observe::{Pressure, StackView, Wake, changes, mentioned_in};

/// A service that neither a route nor a healthcheck vouches for must have been up for so long (design.md §3.3).
const SETTLE: Duration = Duration::from_secs(10);

/// The judge of the newest deploy.
#[derive(Debug)]
pub(super) struct Watch {
    judge: Judge,
    begun: Instant,
    timeout: Duration,
}

impl Session {
    /// What the judge must know of this recipe.
    pub(super) fn params(&self) -> Params {
        let project = &self.subject.project;
        let names: Vec<String> = project.services.keys().cloned().collect();
        let mut params = Params::new(self.subject.timeout, names.iter().cloned());
        params.images_loaded = true;
        let routers = answer::served(&self.subject.routes).flat_map(|router| &router.backends);
        let routed: BTreeSet<&str> = routers.map(|backend| backend.service.as_str()).collect();
        for (name, service) in project.services() {
            if !routed.contains(name) {
                params.settle.insert(name.to_owned(), self.settle_time(name));
            }
            let mut uses: BTreeSet<String> = service.depends_on.iter().cloned().collect();
            for config in &service.configs {
                let Some(file) = project.configs.get(&config.source).map(|object| object.file.as_str()) else {
                    continue;
                };
                let content = self.subject.read(file).unwrap_or_default();
                let content = String::from_utf8_lossy(&content);
                uses.extend(mentioned_in(&content, &self.subject.stack, name, &names));
            }
            params.uses.insert(name.to_owned(), uses);
        }
        params
    }

    /// How long a service must be up without a failure when nothing else tells that it works.
    fn settle_time(&self, service: &str) -> Duration {
        let service = self.subject.project.services.get(service);
        let monitor = service.and_then(|service| service.deploy.update_config.as_ref()?.monitor);
        monitor.unwrap_or_default().max(SETTLE)
    }

    /// The same, for every service without a healthcheck: an answer says that it works now, and only time that it goes on.
    pub(super) fn settle_unchecked(&self, params: &mut Params) {
        for (name, service) in self.subject.project.services() {
            if !service.is_checked() {
                params.settle.insert(name.to_owned(), self.settle_time(name));
            }
        }
    }

    /// Waits until the stack has converged, or the judge says that it will not.
    ///
    /// # Errors
    /// The judge's cause, or an engine that went away.
    pub(super) async fn converge(
        &mut self,
        step: &str,
        params: Params,
        begun: Instant,
    ) -> Result<(Facts, StackView), Trouble> {
        let timeout = params.timeout;
        self.watch = Some(Watch { judge: Judge::new(params), begun, timeout });
        let found = self.until_converged(step).await;
        self.log.timing("converge", begun);
        if found.is_ok() {
            self.stay_on_networks();
        }
        found
    }

    /// Waits until the judge of the newest deploy says that it has converged.
    async fn until_converged(&mut self, step: &str) -> Result<(Facts, StackView), Trouble> {
        let mut wakes = changes(&self.engines);
        let mut said = String::new();
        loop {
            let (view, verdict) = self.judged().await?;
            match verdict {
                Some(Verdict::Converged(facts)) => return Ok((facts, view)),
                Some(Verdict::Failed(cause) | Verdict::Errored(cause)) => return Err(cause.into()),
                Some(Verdict::Waiting(waits)) => {
                    let words: Vec<String> =
                        waits.iter().map(|wait| format!("{} {}", wait.service, wait.what)).collect();
                    let words = words.join("; ");
                    // Seconds that pass are no news.
                    let news: String = words.chars().filter(|c| !c.is_ascii_digit() && *c != '.').collect();
                    if news != said {
                        self.log.progress(step, words);
                        said = news;
                    }
                }
                None => {
                    return Err(Trouble::errored("not-deployed", "nothing was deployed that could converge")
                        .advise("This is a fault of taster: please report it with the run's folder."));
                }
            }
            tokio::select! {
                wake = wakes.next() => if let Wake::Trouble { engine, reason } = wake {
                    self.log.note(format!("the stream of events of {engine} broke: {reason}"));
                },
                () = self.cluster.manager().link.ended() => {
                    return Err(Trouble::errored("node-gone", "the node ended in the middle of the run")
                        .advise("Run it again; if it happens again, look at the host's engine and its memory."));
                }
            }
        }
    }

    /// Looks at the stack while the app is asked: one that falls over now is named now, and not when patience ends.
    ///
    /// # Errors
    /// The judge's cause, or an engine that went away.
    pub(super) async fn look_on(&mut self) -> Result<(), Trouble> {
        match self.judged().await?.1 {
            // Beyond its time the judge knows nothing but that time is up, and who asks has a patience of their own.
            Some(verdict) if self.in_time() => {
                verdict.cause().map_or(Ok(()), |cause: &Cause| Err(cause.clone().into()))
            }
            _ => Ok(()),
        }
    }

    /// What has answered must still stand: an answer between two crashes is none.
    ///
    /// # Errors
    /// The judge's cause, or an engine that went away.
    pub(super) async fn still_converged(&mut self, step: &str) -> Result<(), Trouble> {
        match self.judged().await?.1 {
            Some(Verdict::Converged(_)) | None => Ok(()),
            Some(_) => self.until_converged(step).await.map(drop),
        }
    }

    fn in_time(&self) -> bool {
        self.watch.as_ref().is_some_and(|watch| watch.begun.elapsed() < watch.timeout)
    }

    async fn judged(&mut self) -> Result<(StackView, Option<Verdict>), Trouble> {
        let view = self.look().await?;
        let pressure = self.pressure().await?;
        let verdict = self.watch.as_mut().map(|watch| watch.judge.look(&view, watch.begun.elapsed(), &pressure));
        Ok((view, verdict))
    }

    pub(super) async fn pressure(&self) -> Result<Pressure, Trouble> {
        let raw = self.cluster.manager().link.pressure().await?;
        Ok(Pressure::from_proc(raw.cpu.as_deref(), raw.io.as_deref(), raw.memory.as_deref(), raw.disk_free))
    }
}
