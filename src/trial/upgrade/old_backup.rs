//! A backup of the release before, restored into the candidate: what operators do whose server is gone, and who install what is newest.

use bollard::Docker;

use super::hop::{Hop, Stop};
use super::{SAME, Upgrades};
use crate::record::{HopKind, Outcome};
use crate::trial::backup;
use crate::trial::recorder::Passed;
use crate::trial::session::Session;
use crate::trial::trouble::Trouble;

impl Upgrades {
    /// Backs the release before up, loses everything, deploys the candidate with what its operator has, and restores into that.
    ///
    /// # Errors
    /// What did not come back. Skipped when the release before made no backup, blocked when it cannot: neither is the candidate's fault.
    pub(in crate::trial) async fn old_backup(
        &mut self,
        session: &mut Session,
        host: &Docker,
    ) -> Result<Passed, Trouble> {
        let newest = self.map.hops.iter().rev().find(|hop| hop.kind == HopKind::Newest);
        let Some(newest) = newest else { return Err(Trouble::blocked("upgrade")) };
        let from = newest.from.clone();
        if newest.outcome == Outcome::Skipped {
            let reason = "the release before deploys the very same services, and their backup was restored";
            return Err(Trouble::skipped(SAME, reason));
        }
        // Without values for the candidate there is no operator who could deploy it.
        let Some(operator) = self.arrived.get(&self.candidate).map(|arrived| arrived.operator.clone()) else {
            return Err(Trouble::blocked("upgrade"));
        };
        let older = Stop::of(&session.candidate, &from, &self.candidate)?;
        let newer = Stop::of(&session.candidate, &self.candidate, &self.candidate)?;
        let hop = Hop::between(session, older, newer, &self.map.releases);
        self.arrive(session, host, &hop).await?;
        self.here = None;
        let mut newer = hop.subject_of_operator(session, &operator)?;
        session.log.progress("restore", format!("a backup of {from}"));
        let taken = match backup::run(session, backup::Written::PutBack).await {
            Ok((_, taken)) => taken,
            Err(trouble) => return Err(of_the_older(&from, trouble)),
        };
        self.left(session, &from).await?;
        newer.scenario.probe.retain(|probe| taken.was_asked(&probe.name));
        let mut taken = taken.into_newer(&newer.project, hop.steps_after());
        session.purge().await?;
        session.turn_to(newer, host).await?;
        let restored = backup::restore(session, &mut taken, false).await;
        match restored {
            Ok(passed) => {
                let reason = format!("a backup of {from} comes back in {}: {}", self.candidate, passed.reason);
                Ok(Passed { reason, ..passed })
            }
            Err(trouble) => Err(Trouble {
                reason: format!("a backup of {from} does not come back in {}: {}", self.candidate, trouble.reason),
                ..trouble
            }
            .advise(
                "Let the hooks after the restore, and the app when it starts, take what the older release backed up; or tell operators in the \
                 release note to restore with the older release and to upgrade then.",
            )),
        }
    }
}

/// What the older release cannot do is not the candidate's fault.
fn of_the_older(from: &str, trouble: Trouble) -> Trouble {
    match (trouble.outcome, trouble.class.as_str()) {
        (Outcome::Failed, "no-backup") => {
            Trouble::skipped("no-backup", format!("{from} is not backed up, so operators have no backup of it"))
        }
        (Outcome::Failed, _) => Trouble {
            outcome: Outcome::Blocked,
            class: "predecessor-broken".to_owned(),
            reason: format!("{from} cannot be backed up: {}", trouble.reason),
            ..trouble
        },
        _ => trouble,
    }
}
