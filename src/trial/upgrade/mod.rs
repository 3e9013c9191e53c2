//! `upgrade`: from release to release and to the candidate, in place, as operators do it; and `rollback`, the way back.
//!
//! Everything that swarm keeps stays: nothing is pruned. A chain of upgrades goes on with one instance. Where it leaves from a release a
//! second time, it does so with a snapshot of the data, so that each install is paid once.

mod hop;
mod old_backup;
mod pages;
mod rollback;
mod search;
mod snapshot;
mod tables;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use bollard::Docker;

use self::hop::{Hop, Landed, Stop};
use self::pages::Pages;
use self::snapshot::Snapshot;
use super::apart::apart;
use super::data::{self, Readings};
use super::install;
use super::operator::Operator;
use super::recorder::Passed;
use super::session::{Replace, Session};
use super::subject::Subject;
use super::trouble::Trouble;
use crate::recipe::Recipe;
use crate::record::{Fact, HopKind, Outcome, PlannedHop, PlannedStep, StepKind, TriedHop, UpgradeMap};
use crate::run::{Redactor, RunFolder};
use crate::scenario::{Route, Scenario};

/// The class of an upgrade that changes nothing.
const SAME: &str = "same-deployment";

/// What an operator has who has arrived at a release.
#[derive(Debug)]
struct Arrived {
    operator: Operator,
    /// What the probes said there.
    readings: Readings,
    /// How it was tried: values that only a newer scenario has are not the operator's.
    scenario: Scenario,
    /// The data, where it is needed again.
    snapshot: Option<Snapshot>,
}

/// All upgrades of a run.
#[derive(Debug)]
pub(super) struct Upgrades {
    /// What the candidate is called.
    candidate: String,
    arrived: BTreeMap<String, Arrived>,
    /// The release, or the candidate, that is on the node as it should be.
    here: Option<String>,
    /// How often the plan still leaves from each release that it leaves from more than once.
    left_again: BTreeMap<String, usize>,
    /// How many snapshots were taken: each has a name of its own.
    taken: usize,
    /// The releases that an upgrade of the plan leaves from.
    left_from: BTreeSet<String>,
    /// Data is kept wherever an upgrade leaves from.
    keeps: bool,
    /// Pages are looked at before and after the upgrade from the newest release.
    pages: Option<RunFolder>,
    map: UpgradeMap,
}

impl Upgrades {
    /// Those of a plan. `pages` is the run's folder when pages are to be looked at as well.
    pub(super) fn new(route: &Route, candidate: &str, steps: &[PlannedStep], pages: Option<RunFolder>) -> Self {
        let tried = || steps.iter().filter(|step| step.skip.is_none());
        let hops_of = |kind| tried().filter(move |step| step.kind == kind).filter_map(|step| step.hop.as_ref());
        let hops: Vec<&PlannedHop> = hops_of(StepKind::Upgrade).collect();
        let mut left_again: BTreeMap<String, usize> = BTreeMap::new();
        let skips = || hops.iter().copied().filter(|hop| hop.kind == HopKind::Skip);
        // A backup of the newest release is taken where the upgrade left from.
        for again in skips().chain(hops_of(StepKind::OldBackup)) {
            let leave = hops.iter().copied().chain(hops_of(StepKind::OldBackup)).filter(|hop| hop.from == again.from);
            left_again.insert(again.from.clone(), leave.count());
        }
        let map = UpgradeMap {
            releases: route.names(candidate),
            declared_stops: route.stops().to_vec(),
            ..UpgradeMap::default()
        };
        Self {
            candidate: candidate.to_owned(),
            left_from: hops.iter().map(|hop| hop.from.clone()).collect(),
            arrived: BTreeMap::new(),
            here: None,
            keeps: !left_again.is_empty(),
            left_again,
            taken: 0,
            pages,
            map,
        }
    }

    /// The images of the releases that upgrades leave from, as far as these can be read: what is wrong with one is told when it is its turn.
    pub(super) fn images(&self, candidate: &(Recipe, Scenario)) -> BTreeSet<String> {
        let stops = self.left_from.iter().filter_map(|name| Stop::of(candidate, name, &self.candidate).ok());
        // Nothing is deployed here, so the secrets that are made up are nobody's.
        let redactor = Redactor::default();
        let subjects = stops.filter_map(|stop| {
            let operator = Operator::new(&stop.recipe);
            Subject::for_operator(stop.recipe, stop.scenario, &operator, &redactor).ok()
        });
        subjects.flat_map(|subject| subject.images()).collect()
    }

    /// What was tried so far; `None` when nothing was.
    pub(super) fn map(&self) -> Option<UpgradeMap> {
        Some(self.map.clone()).filter(|map| !map.hops.is_empty())
    }

    /// Tries one upgrade of the plan.
    ///
    /// # Errors
    /// Why the operator's app is not what it was, or that there is nothing to upgrade from.
    pub(super) async fn run(
        &mut self,
        session: &mut Session,
        host: &Docker,
        planned: Option<&PlannedHop>,
    ) -> Result<Passed, Trouble> {
        let Some(planned) = planned else {
            return Err(Trouble::skipped("no-earlier-release", "there is no earlier release to upgrade from"));
        };
        let tried = match apart(|| self.tell(session, host, planned)).await {
            Err(trouble) if planned.kind == HopKind::Skip && trouble.outcome == Outcome::Failed => {
                let trouble = apart(|| self.search(session, host, planned, trouble)).await;
                session.log.write(Fact::Upgrades { map: self.map.clone() });
                Err(trouble)
            }
            Err(trouble) if planned.kind == HopKind::Newest && trouble.class == SAME => {
                apart(|| self.try_older_ones(session, host, planned, trouble)).await
            }
            other => other,
        };
        self.left(session, &planned.from).await?;
        tried
    }

    /// The newest release deploys the very same: operators of an older one still upgrade to this candidate.
    async fn try_older_ones(
        &mut self,
        session: &mut Session,
        host: &Docker,
        planned: &PlannedHop,
        same: Trouble,
    ) -> Result<Passed, Trouble> {
        let here = self.here.take();
        let older = self.map.releases.iter().rev().skip_while(|name| **name != planned.from).skip(1).cloned();
        for from in older.collect::<Vec<_>>() {
            session.log.note(format!("{}; once more from {from}", same.reason));
            match self.tell(session, host, &PlannedHop { from, ..planned.clone() }).await {
                Err(trouble) if trouble.class == SAME => {}
                other => return other,
            }
        }
        self.here = here;
        Err(same)
    }

    /// An upgrade has left from a release: what no further one needs is forgotten.
    async fn left(&mut self, session: &mut Session, from: &str) -> Result<(), Trouble> {
        let rest = self.left_again.get_mut(from).map_or(0, |rest| {
            *rest = rest.saturating_sub(1);
            *rest
        });
        let snapshot = self.arrived.get_mut(from).filter(|_| rest == 0).and_then(|arrived| arrived.snapshot.take());
        match snapshot {
            Some(snapshot) => snapshot.forget(session).await,
            None => Ok(()),
        }
    }

    /// Tries one upgrade, and writes down what came of it.
    async fn tell(&mut self, session: &mut Session, host: &Docker, planned: &PlannedHop) -> Result<Passed, Trouble> {
        let landed = apart(|| self.go(session, host, planned)).await;
        let (outcome, reason, seconds, outage) = match &landed {
            Ok(landed) => (Outcome::Passed, landed.passed.reason.clone(), landed.seconds, landed.unavailable),
            Err(trouble) => (trouble.outcome, trouble.reason.clone(), 0.0, None),
        };
        self.map.hops.push(TriedHop {
            from: planned.from.clone(),
            to: planned.to.clone(),
            kind: planned.kind,
            outcome,
            reason: session.log.redactor().clean(&reason),
            seconds,
            unavailable: outage,
        });
        session.log.write(Fact::Upgrades { map: self.map.clone() });
        landed.map(|landed| landed.passed)
    }

    async fn go(&mut self, session: &mut Session, host: &Docker, planned: &PlannedHop) -> Result<Landed, Trouble> {
        let hop = self.hop(session, planned)?;
        apart(|| self.arrive(session, host, &hop)).await?;
        let folder = self.pages.clone().filter(|_| planned.kind == HopKind::Newest);
        let pages = match &folder {
            Some(folder) => Pages::before(session, folder).await?,
            None => None,
        };
        if pages.is_some()
            && let Some(arrived) = self.arrived.get_mut(&planned.from)
        {
            // Steps on a page may have written something.
            arrived.readings = data::look(session).await?;
        }
        if self.keeps {
            self.keep(session, &planned.from).await?;
        }
        let mut landed = apart(|| self.leave(session, host, &hop, planned.kind)).await?;
        if let (Some(pages), Some(folder)) = (pages, &folder) {
            landed.passed.evidence.extend(pages.after(session, folder).await?);
            if let Some(arrived) = self.arrived.get_mut(&planned.to) {
                arrived.readings = data::look(session).await?;
            }
        }
        Ok(landed)
    }

    /// Both ends of an upgrade.
    fn hop(&self, session: &Session, planned: &PlannedHop) -> Result<Hop, Trouble> {
        let from = Stop::of(&session.candidate, &planned.from, &self.candidate)?;
        let to = Stop::of(&session.candidate, &planned.to, &self.candidate)?;
        Ok(Hop::between(session, from, to, &self.map.releases))
    }

    /// Leaves for the newer end, and once more with the values of its sample if the operator's own were not enough.
    async fn leave(
        &mut self,
        session: &mut Session,
        host: &Docker,
        hop: &Hop,
        kind: HopKind,
    ) -> Result<Landed, Trouble> {
        self.here = None;
        let Some(arrived) = self.arrived.get(&hop.from.name) else { return Err(Trouble::blocked("install")) };
        let operator = hop.operator(&arrived.operator);
        let readings = arrived.readings.clone();
        let trouble = match apart(|| hop.go(session, host, &operator, &readings)).await {
            Ok(landed) => {
                self.land(&hop.to.name, landed.arrived(session));
                return Ok(landed);
            }
            Err(trouble) => trouble,
        };
        if trouble.class == SAME {
            // What is on the node is the newer release as well.
            let scenario = session.subject.scenario.clone();
            self.land(&hop.to.name, Arrived { operator: operator.clone(), readings, scenario, snapshot: None });
        }
        if trouble.outcome != Outcome::Failed || kind == HopKind::Search {
            return Err(trouble);
        }
        Err(apart(|| self.with_new_sample(session, host, hop, &operator, trouble)).await)
    }

    /// The operator has arrived somewhere.
    fn land(&mut self, name: &str, arrived: Arrived) {
        if self.arrived.get(name).is_some_and(|known| known.snapshot.is_some()) {
            // The snapshot is of another instance, and the next way from here starts with it.
            self.here = None;
            return;
        }
        self.here = Some(name.to_owned());
        self.arrived.insert(name.to_owned(), arrived);
    }

    /// Sees that the older end is on the node: as it stands there, from its snapshot, or installed.
    ///
    /// # Errors
    /// `blocked` when the release does not install any more: that is a finding of its own (lesson 7), and not the candidate's fault.
    async fn arrive(&mut self, session: &mut Session, host: &Docker, hop: &Hop) -> Result<(), Trouble> {
        let name = &hop.from.name;
        if self.here.as_ref() == Some(name) {
            return Ok(());
        }
        self.here = None;
        if self.arrived.get(name).is_some_and(|arrived| arrived.snapshot.is_some()) {
            self.put_back(session, host, &hop.from).await?;
        } else {
            let broken = |trouble: Trouble| match trouble.outcome {
                Outcome::Failed => Trouble {
                    outcome: Outcome::Blocked,
                    class: "predecessor-broken".to_owned(),
                    reason: format!("the release to upgrade from does not install any more: {}", trouble.reason),
                    ..trouble
                },
                _ => trouble,
            };
            session.log.progress("upgrade", format!("installing {name}"));
            // What was there before and does not go is not this release's fault.
            session.purge().await?;
            let (operator, readings) = install(session, host, &hop.from).await.map_err(broken)?;
            let scenario = session.subject.scenario.clone();
            self.arrived.insert(name.clone(), Arrived { operator, readings, scenario, snapshot: None });
        }
        self.here = Some(name.clone());
        Ok(())
    }

    /// Takes a snapshot where there is none yet.
    async fn keep(&mut self, session: &mut Session, name: &str) -> Result<(), Trouble> {
        let Some(arrived) = self.arrived.get_mut(name).filter(|arrived| arrived.snapshot.is_none()) else {
            return Ok(());
        };
        let begun = Instant::now();
        self.taken += 1;
        arrived.snapshot = Some(Snapshot::take(session, &format!("release-{}", self.taken)).await?);
        session.log.timing("snapshot", begun);
        Ok(())
    }

    /// Starts a release with the data that was there when it was left.
    async fn put_back(&self, session: &mut Session, host: &Docker, stop: &Stop) -> Result<(), Trouble> {
        let Some(arrived) = self.arrived.get(&stop.name) else { return Err(Trouble::blocked("install")) };
        let Some(snapshot) = &arrived.snapshot else { return Err(Trouble::blocked("install")) };
        session.log.progress("upgrade", format!("back to {}", stop.name));
        let again = async {
            session.purge().await?;
            let (recipe, scenario) = (stop.recipe.clone(), arrived.scenario.clone());
            let subject = Subject::for_operator(recipe, scenario, &arrived.operator, session.log.redactor())?;
            session.turn_to(subject, host).await?;
            snapshot.put_back(session).await?;
            let begun = Instant::now();
            session.deploy(&Replace::Changed).await?;
            let params = session.params();
            session.converge("upgrade", params, begun).await?;
            install::ask_all(session, "upgrade", begun).await?;
            data::compare(session, &arrived.readings, "a copy of its data was put back").await
        };
        again.await.map_err(|trouble| Trouble {
            outcome: Outcome::Errored,
            class: "snapshot".to_owned(),
            reason: format!("{} does not start with a copy of its data: {}", stop.name, trouble.reason),
            ..trouble
        })
    }
}

/// Puts a release on an empty node, with data in it.
async fn install(session: &mut Session, host: &Docker, stop: &Stop) -> Result<(Operator, Readings), Trouble> {
    let operator = Operator::new(&stop.recipe);
    let (recipe, scenario) = (stop.recipe.clone(), stop.scenario.clone());
    let subject = Subject::for_operator(recipe, scenario, &operator, session.log.redactor())?;
    let operator = subject.operator(&operator);
    session.turn_to(subject, host).await?;
    install::run(session).await?;
    data::seed(session).await?;
    let readings = data::read(session).await?;
    Ok((operator, readings))
}
