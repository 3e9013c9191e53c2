//! `rollback`: the way back from the candidate to the release before: it works, it is refused, or it corrupts.

use std::time::Instant;

use bollard::Docker;

use super::Upgrades;
use super::hop::{Hop, Stop, settled};
use super::tables::Tables;
use crate::record::{Evidence, HopKind, Outcome};
use crate::trial::data::Readings;
use crate::trial::operator::Operator;
use crate::trial::recorder::Passed;
use crate::trial::session::{Replace, Session};
use crate::trial::subject::Subject;
use crate::trial::trouble::Trouble;

impl Upgrades {
    /// Deploys the release before over the candidate, with what its operator had. One that refuses newer data, and loses none of it, does
    /// what it should.
    ///
    /// # Errors
    /// When data is lost, or the candidate does not come back either.
    pub(in crate::trial) async fn rollback(&mut self, session: &mut Session, host: &Docker) -> Result<Passed, Trouble> {
        let newest = self.map.hops.iter().rev().find(|hop| hop.kind == HopKind::Newest);
        let Some(newest) = newest else {
            return Err(Trouble::skipped("no-earlier-release", "there is no earlier release to go back to"));
        };
        let (from, outcome) = (newest.from.clone(), newest.outcome);
        if outcome == Outcome::Skipped {
            return Err(Trouble::skipped("same-deployment", "the release before deploys the very same services"));
        }
        let at_candidate = self.here.take().is_some_and(|here| here == self.candidate);
        let (older, newer) = (self.arrived.get(&from), self.arrived.get(&self.candidate));
        let (Some(older), Some(newer), true) = (older, newer, at_candidate && outcome == Outcome::Passed) else {
            return Err(Trouble::blocked("upgrade"));
        };
        let (older_operator, newer_operator) = (older.operator.clone(), newer.operator.clone());
        let (older_readings, newer_readings) = (older.readings.clone(), newer.readings.clone());
        let older_scenario = older.scenario.clone();
        let tables = Tables::read(session).await?;
        let told = !older_readings.is_empty() || !tables.is_empty();
        let data = if told { "with all data" } else { "; nothing tells of its data" };
        let stop = Stop { scenario: older_scenario, ..Stop::of(&session.candidate, &from, &self.candidate)? };
        let candidate = Stop::of(&session.candidate, &self.candidate, &self.candidate)?;
        let forward = Hop::between(session, stop.clone(), candidate, &self.map.releases);
        let begun = Instant::now();
        let back = back(session, host, &stop, &older_operator, (&older_readings, &tables)).await;
        let Err(trouble) = back else {
            let reason = format!("{from} runs again {data}, after {:.1} s", begun.elapsed().as_secs_f64());
            let passed = Passed::from(vec![Evidence::text("rollback", format!("works: {reason}"))]);
            return Ok(Passed { weak: !told, ..passed });
        };
        if trouble.outcome != Outcome::Failed {
            return Err(trouble);
        }
        session.log.progress("rollback", "forward again");
        let again = again(session, host, &forward, &newer_operator, (&newer_readings, &tables)).await;
        match again {
            Ok(()) if !shows_less(&trouble) => {
                let left = if told { "the candidate has all of it" } else { "the candidate runs again" };
                let reason = format!("{from} refuses the newer data and leaves it alone: {left}");
                let mut passed = Passed::from(vec![Evidence::text("rollback", format!("refuses: {reason}"))]);
                passed.evidence.push(Evidence::text("refused", trouble.reason));
                passed.evidence.extend(trouble.evidence);
                passed.weak = !told;
                Ok(passed)
            }
            Ok(()) => Err(Trouble {
                class: "rollback-corrupts".to_owned(),
                reason: format!("{from} starts with the newer data and shows less of it: {}", trouble.reason),
                ..trouble
            }
            .with("forward", "with the candidate all of it is there again")
            .advise("Tell operators in the release note that there is no way back without a backup.")),
            Err(second) if second.outcome == Outcome::Failed => Err(Trouble {
                class: "rollback-corrupts".to_owned(),
                reason: format!("after {from} was tried again the candidate does not work either: {}", second.reason),
                ..trouble.clone()
            }
            .with("back", trouble.reason)
            .advise("Tell operators in the release note that there is no way back without a backup.")),
            Err(second) => Err(second),
        }
    }
}

/// Other data than before, or an emptied table. A probe that fails shows nothing: the older release's own tools may refuse as well.
fn shows_less(trouble: &Trouble) -> bool {
    trouble.class == "data-lost" && trouble.evidence.iter().all(|piece| piece.kind != "probe")
}

/// What was there before.
type Before<'b> = (&'b Readings, &'b Tables);

/// Puts the older release over the candidate.
async fn back(
    session: &mut Session,
    host: &Docker,
    stop: &Stop,
    operator: &Operator,
    before: Before<'_>,
) -> Result<(), Trouble> {
    let (recipe, scenario) = (stop.recipe.clone(), stop.scenario.clone());
    let older = Subject::for_operator(recipe, scenario, operator, session.log.redactor())?;
    put(session, host, older, before, "the rollback").await
}

/// Puts the candidate over whatever is there.
async fn again(
    session: &mut Session,
    host: &Docker,
    forward: &Hop,
    operator: &Operator,
    before: Before<'_>,
) -> Result<(), Trouble> {
    let mut newer = forward.subject_of_operator(session, operator)?;
    newer.scenario.probe.retain(|probe| before.0.contains_key(&probe.name));
    put(session, host, newer, before, "going back and forward again").await
}

async fn put(
    session: &mut Session,
    host: &Docker,
    subject: Subject,
    (readings, tables): Before<'_>,
    after_what: &str,
) -> Result<(), Trouble> {
    session.turn_to(subject, host).await?;
    let before = session.look().await?;
    let params = session.params().after(&before);
    let begun = Instant::now();
    session.deploy(&Replace::Changed).await?;
    settled(session, params, begun, readings, after_what).await?;
    tables.compare(session).await.map(drop)
}
