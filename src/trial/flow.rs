//! From the recipe to the last step of the plan.

use std::time::Instant;

use super::apart::apart;
use super::backup::{self, Taken};
use super::data::{self, Readings};
use super::hold::When;
use super::install::{self, Installed};
use super::recorder::Passed;
use super::run::{Gathered, TrialOptions};
use super::session::Session;
use super::subject::Subject;
use super::trouble::Trouble;
use super::upgrade::Upgrades;
use super::{costs, guess, leftovers, lint, needs, redeploy, restart, smoke, stress, variant};
use crate::recipe::Recipe;
use crate::record::{Outcome, PlannedStep, StepKind};
use crate::run::{RunFolder, RunLog};
use crate::scenario::{DEFAULT_VARIANT, Scenario, is_guess};
use crate::swarm::engine;
use crate::swarm::labels::Owner;
use crate::swarm::node::{Cluster, NodeOptions};
use crate::swarm::reap;

/// What later steps need of earlier ones.
#[derive(Default)]
struct State {
    installed: Option<(Installed, Readings)>,
    /// The backup, or why there is none.
    backup: Option<Result<Taken, Trouble>>,
    /// A restore failed: what is on the node is not what was installed.
    is_spoiled: bool,
}

/// What a run stands on.
pub(super) struct Ground<'a> {
    pub(super) options: &'a TrialOptions,
    pub(super) owner: &'a Owner,
    pub(super) folder: &'a RunFolder,
    pub(super) log: &'a RunLog,
    /// The upgrades of the plan.
    pub(super) upgrades: Upgrades,
    /// Pages are looked at in some step.
    pub(super) looks: bool,
}

impl Ground<'_> {
    /// Tries every planned step. Every trouble goes to the recorder.
    pub(super) async fn taste(mut self, recipe: Recipe, scenario: Scenario, gathered: &mut Gathered) {
        self.lint(&recipe, gathered).await;
        if gathered.recorder.is_done() {
            return;
        }
        let mut session = match apart(|| self.set_up(recipe, scenario, gathered)).await {
            Ok(session) => session,
            Err(trouble) => return gathered.recorder.break_off(trouble),
        };
        let mut state = State::default();
        while let Some(step) = gathered.recorder.begin() {
            match apart(|| self.step(&step, &mut session, &mut state)).await {
                Ok(passed) => gathered.recorder.passed(passed),
                Err(trouble) => {
                    let trouble = apart(|| needs::excuse(&mut session, trouble)).await;
                    let holds = trouble.outcome == Outcome::Failed && self.options.hold.when == When::AtFailure;
                    let goes_on = trouble.outcome == Outcome::Skipped || !(self.options.fail_fast || holds);
                    let at_fault = trouble.service.clone();
                    gathered.recorder.trouble(trouble);
                    if !goes_on {
                        gathered.recorder.block_rest(step.kind.word());
                    }
                    if holds {
                        self.options.hold.here(&mut session, Some((step.id.clone(), at_fault))).await;
                    }
                }
            }
            gathered.digests.clone_from(&session.digests);
            gathered.proofs.clone_from(&session.proofs);
            gathered.upgrade_map = self.upgrades.map();
        }
        if self.options.hold.when == When::AtEnd {
            self.options.hold.here(&mut session, None).await;
        }
        smoke::end(&mut session).await;
        apart(|| costs::sample(&mut session, true)).await;
        apart(|| costs::weigh(&mut session)).await;
        gathered.services = costs::tell(&session);
        needs::stop(&mut session).await;
        session.finish_logs().await;
    }

    /// The step that needs no node comes before there is one. Nothing rests on it: what the linter finds must not hide what a node shows.
    async fn lint(&self, recipe: &Recipe, gathered: &mut Gathered) {
        if !gathered.recorder.begin_if(StepKind::Lint) {
            return;
        }
        match lint::run(recipe, self.options, self.folder, self.log, gathered).await {
            Ok(passed) => gathered.recorder.passed(passed),
            Err(trouble) => gathered.recorder.trouble(trouble),
        }
    }

    async fn step(&mut self, step: &PlannedStep, session: &mut Session, state: &mut State) -> Result<Passed, Trouble> {
        if self.looks && state.installed.is_some() && matches!(step.kind, StepKind::Redeploy | StepKind::Backup) {
            // These steps wait more than they work: time in which the browser of a later one can start.
            smoke::warm(session);
        }
        match (step.kind, &state.installed) {
            (StepKind::Install, _) if is_guess(&step.variant) => {
                apart(move || variant::run(session, &step.variant)).await.map_err(guess::informs)
            }
            (StepKind::Install, _) if step.variant != DEFAULT_VARIANT => {
                apart(move || variant::run(session, &step.variant)).await
            }
            (StepKind::Install, _) => {
                let (first, readings) = apart(move || first(session)).await?;
                let passed = first.passed();
                state.installed = Some((first, readings));
                Ok(passed)
            }
            (StepKind::Backup, Some(_)) => match apart(|| backup::run(session, backup::Written::ByTime)).await {
                Ok((mut passed, taken)) => {
                    if let Some(path) = &self.options.keep_backup {
                        passed.evidence.extend(apart(move || backup::keep(session, path)).await?);
                    }
                    state.backup = Some(Ok(taken));
                    Ok(passed)
                }
                Err(trouble) => {
                    state.backup = Some(Err(trouble.clone()));
                    Err(trouble)
                }
            },
            (StepKind::Restore, Some(_)) => match &mut state.backup {
                Some(Ok(taken)) => {
                    let full = self.options.plan.full;
                    let restored = apart(move || backup::restore(session, taken, full)).await;
                    state.is_spoiled = restored.as_ref().is_err_and(|trouble| trouble.class != "unproven");
                    restored
                }
                Some(Err(trouble)) if trouble.outcome == Outcome::Skipped => Err(trouble.clone()),
                _ => Err(Trouble::blocked("backup")),
            },
            (StepKind::Restart, Some((installed, readings))) => {
                apart(move || restart::run(session, installed, readings)).await
            }
            (StepKind::Redeploy, Some(_)) => apart(move || redeploy::run(session)).await,
            (StepKind::Smoke, Some(_)) => {
                if std::mem::take(&mut state.is_spoiled) {
                    // What a visitor sees must not be held against the recipe twice.
                    session.log.progress("smoke", "installing once more, after the restore that failed");
                    session.purge().await?;
                    apart(|| first(session)).await?;
                }
                apart(move || smoke::run(session, self.folder)).await
            }
            (StepKind::Upgrade, Some(_)) => {
                let host = engine::connect().await?;
                apart(|| self.upgrades.run(session, &host, step.hop.as_ref())).await
            }
            (StepKind::Rollback, Some(_)) => {
                let host = engine::connect().await?;
                apart(|| self.upgrades.rollback(session, &host)).await
            }
            (StepKind::OldBackup, Some(_)) => {
                let host = engine::connect().await?;
                apart(|| self.upgrades.old_backup(session, &host)).await
            }
            (StepKind::Stress, Some(_)) => apart(move || stress::run(session)).await,
            (StepKind::Leftovers, _) => apart(move || leftovers::run(session)).await,
            _ => Err(Trouble::blocked("install")),
        }
    }

    /// Everything before the first step: the subject, the node, the images.
    async fn set_up(&self, recipe: Recipe, scenario: Scenario, gathered: &mut Gathered) -> Result<Session, Trouble> {
        let log = self.log;
        let subject = Subject::prepare(recipe, scenario, log.redactor())?;
        for note in &subject.notes {
            log.note(note.clone());
        }
        subject.check_trust(self.options.trust)?;
        let deployed = crate::compose::to_yaml(&subject.project);
        let kept = self.folder.write("deployed/compose.yml", log.redactor().clean(&deployed).as_bytes());
        kept.map_err(|error| {
            Trouble::errored("run-folder", format!("cannot write to {}: {error}", self.folder.path().display()))
        })?;
        let host = engine::connect().await?;
        let reaped = reap::reap(&host).await?;
        for failure in reaped.failures {
            log.note(format!("something of a dead run stays: {failure}"));
        }
        for remnant in reaped.removed {
            log.note(format!("removed what the dead run {} left: {} {}", remnant.run, remnant.kind, remnant.name));
        }
        let begun = Instant::now();
        log.progress("node", "starting");
        let along = self.upgrades.images(&(subject.recipe.clone(), subject.scenario.clone()));
        let ahead = subject.images().union(&along).cloned().collect();
        let cluster = Cluster::start(&host, self.owner, &NodeOptions { ahead, ..self.options.node.clone() }).await?;
        log.timing("node-ready", begun);
        let mut session = Session::open(cluster, subject, log.clone(), self.owner, self.folder).await?;
        session.trusted = self.options.trust;
        gathered.node = Some(session.facts.clone());
        session.guard_adopted().await?;
        session.prepare_node().await?;
        let where_they_lie = (self.options.needs.as_deref(), self.options.path.as_path());
        let beside = apart(|| needs::start(&mut session, &host, where_they_lie)).await;
        let provided = match beside {
            Ok(()) => session.provide_images(&host, &along).await,
            Err(trouble) => Err(trouble),
        };
        gathered.digests.clone_from(&session.digests);
        provided?;
        Ok(session)
    }
}

/// Installs, and writes the data that must survive.
async fn first(session: &mut Session) -> Result<(Installed, Readings), Trouble> {
    let installed = install::run(session).await?;
    data::seed(session).await?;
    let readings = data::read(session).await?;
    Ok((installed, readings))
}
