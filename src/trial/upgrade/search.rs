//! An upgrade that skips releases failed: which release in between is needed, and which service makes the difference.
//!
//! The nearest release that cannot be reached at once is found by halving: from the same start, so from the same snapshot. The release
//! before it is where an operator must stop. What changed in between is tried service by service.

use std::collections::BTreeSet;
use std::time::Instant;

use bollard::Docker;

use super::Upgrades;
use super::hop::{Hop, Stop, settled};
use crate::record::{HopKind, Outcome, PlannedHop, RequiredStop};
use crate::trial::apart::apart;
use crate::trial::session::{Replace, Session};
use crate::trial::subject::Subject;
use crate::trial::trouble::Trouble;

impl Upgrades {
    /// Looks for the shortest failing upgrade from the same start.
    pub(super) async fn search(
        &mut self,
        session: &mut Session,
        host: &Docker,
        skip: &PlannedHop,
        trouble: Trouble,
    ) -> Trouble {
        let names = self.map.releases.clone();
        let at = |name: &String| names.iter().position(|release| release == name);
        let (Some(start), Some(end)) = (at(&skip.from), at(&skip.to)) else { return trouble };
        let holds = |outcome: Outcome| matches!(outcome, Outcome::Passed | Outcome::Skipped);
        let broken =
            (start..end).find(|at| !self.map.hop(&names[*at], &names[at + 1]).is_some_and(|hop| holds(hop.outcome)));
        if let Some(at) = broken {
            let text = format!("{} → {} on the way does not pass by itself", names[at], names[at + 1]);
            return trouble.with("way", text);
        }
        let (mut reached, mut fails, mut trouble) = (start + 1, end, trouble);
        while fails - reached > 1 {
            let middle = usize::midpoint(reached, fails);
            let (from, to) = (names[start].clone(), names[middle].clone());
            let known = self.map.hop(&from, &to).map(|hop| hop.outcome);
            let outcome = match known {
                Some(outcome) => outcome,
                None => match self.tell(session, host, &PlannedHop { from, to, kind: HopKind::Search }).await {
                    Ok(_) => Outcome::Passed,
                    Err(second) => {
                        let outcome = second.outcome;
                        if outcome == Outcome::Failed {
                            trouble = second;
                        }
                        outcome
                    }
                },
            };
            match outcome {
                Outcome::Failed => fails = middle,
                outcome if holds(outcome) => reached = middle,
                _ => {
                    return trouble.with("search", format!("{} → {} could not be tried", names[start], names[middle]));
                }
            }
        }
        let (start, reached, fails) = (&names[start], &names[reached], &names[fails]);
        let service = match apart(|| self.service(session, host, start, reached, fails)).await {
            Ok(service) => service,
            Err(second) => {
                trouble = trouble.with("search", format!("the service was not found: {}", second.reason));
                None
            }
        };
        self.here = None;
        self.map.required_stops.push(RequiredStop {
            release: reached.clone(),
            from: start.clone(),
            fails_at: fails.clone(),
            service: service.clone(),
        });
        let whose =
            service.map(|service| format!("; the change of {service} makes the difference")).unwrap_or_default();
        let reason = format!(
            "{start} → {fails} fails, and by way of {reached} it does not: {reached} is a required stop{whose}: {}",
            trouble.reason
        );
        Trouble { class: "required-stop".to_owned(), reason, ..trouble }.advise(format!(
            "Let the migration of {fails} start from older data as well; or declare `[upgrade] stops = [\"{reached}\"]` in tests/taster.toml \
             and tell operators in its release note."
        ))
    }

    /// The service whose change between two releases makes the upgrade from `start` fail; `None` when no single one does.
    async fn service(
        &mut self,
        session: &mut Session,
        host: &Docker,
        start: &str,
        reached: &str,
        fails: &str,
    ) -> Result<Option<String>, Trouble> {
        let stop = |session: &Session, name: &str| Stop::of(&session.candidate, name, &self.candidate);
        let (from, good, bad) = (stop(session, start)?, stop(session, reached)?, stop(session, fails)?);
        let good = Hop::between(session, from.clone(), good, &self.map.releases);
        let bad = Hop::between(session, from, bad, &self.map.releases);
        let Some(arrived) = self.arrived.get(start) else { return Ok(None) };
        let (operator, readings) = (arrived.operator.clone(), arrived.readings.clone());
        let (good_operator, bad_operator) = (good.operator(&operator), bad.operator(&operator));
        let suspects = {
            let good = good.subject_of_operator(session, &good_operator)?;
            let bad = bad.subject_of_operator(session, &bad_operator)?;
            changed(&good, &bad)
        };
        if good.has_steps() || bad.has_steps() {
            // What operators run on the way belongs to a whole release, not to one of its services.
            return Ok(None);
        }
        if let [only] = suspects.as_slice() {
            return Ok(Some(only.clone()));
        }
        for suspect in suspects {
            session.log.progress("upgrade", format!("{start} → {reached} with {suspect} of {fails}"));
            self.here = None;
            self.arrive(session, host, &bad).await?;
            self.here = None;
            let good = good.subject_of_operator(session, &good_operator)?;
            let bad = bad.subject_of_operator(session, &bad_operator)?;
            let services: BTreeSet<String> = good.project.services.keys().cloned().collect();
            let before = session.look().await?;
            let begun = Instant::now();
            for (subject, replace) in [(good, Replace::Except(suspect.clone())), (bad, Replace::One(suspect.clone()))] {
                session.turn_to(subject, host).await?;
                session.deploy(&replace).await?;
            }
            let mut params = session.params().after(&before);
            params.expected.retain(|name| services.contains(name) || *name == suspect);
            let tried = settled(session, params, begun, &readings, "the upgrade");
            match tried.await {
                Err(trouble) if trouble.outcome == Outcome::Failed => return Ok(Some(suspect)),
                Err(trouble) => return Err(trouble),
                Ok(_) => {}
            }
        }
        Ok(None)
    }
}

/// The services that differ, by their own specification or a file that they are given, beyond what tells their version.
fn changed(good: &Subject, bad: &Subject) -> Vec<String> {
    let plain = |subject: &Subject, name: &str| {
        let mut service = subject.project.services.get(name)?.clone();
        service.deploy.labels.retain(|key, _| !key.starts_with("coop-cloud."));
        let file = |source: &String| {
            let object = subject.project.configs.get(source)?;
            Some((object.name.clone(), subject.read(&object.file).ok()))
        };
        let files: Vec<_> = service.configs.iter().map(|config| file(&config.source)).collect();
        Some((service, files))
    };
    let names = bad.project.services.keys();
    names.filter(|name| plain(good, name) != plain(bad, name)).cloned().collect()
}
