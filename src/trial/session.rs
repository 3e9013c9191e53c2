//! A node with the subject on it: what every step of a trial works with.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Instant;

use bollard::Docker;

use super::converge::Watch;
use super::costs::{self, Costs};
use super::logs::LogWriter;
use super::needs::{self, Beside};
use super::reach::{self, Place};
use super::smoke::Shared;
use super::subject::Subject;
use super::trouble::Trouble;
use crate::agent::{IngressStarted, IngressUpdate, LinkError};
use crate::compose::project::Project;
use crate::ingress::proxy::Upstream;
use crate::recipe::Recipe;
use crate::record::{Fact, NodeFacts, Proof};
use crate::run::{RunFolder, RunLog};
use crate::scenario::Scenario;
use crate::swarm::deploy::{self, Applied, ApplyOptions, Change, DeployOptions, Endpoints, Keep};
use crate::swarm::images;
use crate::swarm::labels::Owner;
use crate::swarm::node::{Cluster, Memory};
use crate::swarm::observe::{Engines, Observer, StackView, TaskState};

/// Which tasks a deploy replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Replace {
    /// Those whose specification changed, as every deploy does.
    Changed,
    /// All of them.
    All,
    /// Those of one service, which alone is deployed.
    One(String),
    /// Those whose specification changed, of all services but one, which is not deployed.
    Except(String),
}

/// A node with the subject on it.
#[derive(Debug)]
pub(super) struct Session {
    /// The nodes.
    pub cluster: Cluster,
    /// Facts about them.
    pub facts: NodeFacts,
    /// What is tried.
    pub subject: Subject,
    /// The log.
    pub log: RunLog,
    /// The ingress, once it was started.
    pub ingress: Option<IngressStarted>,
    /// The digests of what runs.
    pub digests: Vec<crate::record::ImageDigest>,
    /// What proves that data survives, once a restore was tried.
    pub proofs: Vec<Proof>,
    /// What the candidate's services cost.
    pub(super) costs: Costs,
    /// The project whose costs these are.
    pub(super) measured: Project,
    /// The candidate, whatever is on the node, and what is known about it.
    pub(super) candidate: (Recipe, Scenario),
    /// The recipe may reach out of its containers.
    pub(super) trusted: bool,
    pub(super) engines: Engines,
    observer: Observer,
    pub(super) owner: Owner,
    told: BTreeMap<String, TaskState>,
    /// The peers that each service names, as last seen.
    mentions: BTreeMap<String, Vec<String>>,
    /// What the ingress was last told.
    routed: Option<BTreeMap<String, Vec<Upstream>>>,
    /// Who judges the newest deploy.
    pub(super) watch: Option<Watch>,
    /// Keeps what its tasks write.
    logs: LogWriter,
    /// Containers whose trust store was looked at.
    trusting: BTreeSet<String>,
    /// Other recipes that run beside it.
    pub(super) beside: Vec<Beside>,
    /// Where its running tasks are, by service.
    pub located: BTreeMap<String, Vec<Place>>,
    /// Networks on which a member of ours is to stay.
    pub(super) to_join: Vec<String>,
    /// The browser in which its pages are looked at.
    pub(super) browser: Option<Shared>,
}

impl Session {
    /// A session on nodes that are up.
    ///
    /// # Errors
    /// When the manager does not answer.
    pub(super) async fn open(
        cluster: Cluster,
        subject: Subject,
        log: RunLog,
        owner: &Owner,
        folder: &RunFolder,
    ) -> Result<Self, Trouble> {
        let facts = cluster.facts(owner, Memory::Used).await?;
        log.write(Fact::Node(facts.clone()));
        let nodes = cluster.nodes.iter().map(|node| (node.swarm_id.clone(), node.engine.clone())).collect();
        let engines = Engines::new(cluster.manager().engine.clone(), nodes);
        let observer = Observer::new(engines.clone(), subject.stack.clone());
        let logs = LogWriter::new(engines.clone(), folder.clone(), log.clone());
        Ok(Self {
            costs: Costs::default(),
            measured: subject.project.clone(),
            candidate: (subject.recipe.clone(), subject.scenario.clone()),
            cluster,
            facts,
            subject,
            log,
            ingress: None,
            digests: Vec::new(),
            proofs: Vec::new(),
            mentions: BTreeMap::new(),
            trusted: false,
            engines,
            observer,
            owner: owner.clone(),
            told: BTreeMap::new(),
            routed: None,
            watch: None,
            logs,
            trusting: BTreeSet::new(),
            beside: Vec::new(),
            located: BTreeMap::new(),
            to_join: Vec::new(),
            browser: None,
        })
    }

    /// Loses the stack with everything that is its own, data too. The step `leftovers` removes it as operators do.
    ///
    /// # Errors
    /// When something of it does not go.
    pub(super) async fn purge(&mut self) -> Result<(), Trouble> {
        costs::sample(self, true).await;
        costs::weigh(self).await;
        let begun = Instant::now();
        deploy::lose(&self.cluster.engines(), &self.subject.stack, Keep::NOTHING.within).await?;
        self.log.timing("undeploy", begun);
        Ok(())
    }

    /// Goes on with another subject on the same nodes, an older release or the candidate again: what it needs is put there, and nothing of it
    /// deployed yet.
    ///
    /// # Errors
    /// When it reaches out of its containers and was not trusted to, or something that it needs cannot be had.
    pub(super) async fn turn_to(&mut self, subject: Subject, host: &Docker) -> Result<(), Trouble> {
        subject.check_trust(self.trusted)?;
        self.costs.end();
        self.observer = Observer::new(self.engines.clone(), subject.stack.clone());
        self.routed = None;
        self.watch = None;
        self.subject = subject;
        self.prepare_node().await?;
        self.provide_images(host, &BTreeSet::new()).await
    }

    /// The peers that a service names as a host.
    pub(super) fn mentions(&self, service: &str) -> &[String] {
        self.mentions.get(service).map_or(&[], Vec::as_slice)
    }

    /// A folder for what must not outlive the run.
    pub(super) fn scratch(&self) -> &Path {
        &self.owner.scratch
    }

    /// The engines of the nodes.
    pub(super) fn engines(&self) -> &Engines {
        &self.engines
    }

    /// Puts the images on the nodes (lesson 15: before the deploy), and with them those of `along` that can be had at once.
    ///
    /// # Errors
    /// The first image that cannot be had.
    pub(super) async fn provide_images(&mut self, host: &Docker, along: &BTreeSet<String>) -> Result<(), Trouble> {
        let begun = Instant::now();
        let wanted = self.subject.images();
        let mut digests = Vec::new();
        self.log.progress("images", wanted.iter().cloned().collect::<Vec<_>>().join(", "));
        let log = self.log.clone();
        let result = images::provide(host, &self.cluster.nodes, &self.facts.architecture, &wanted, along, |image| {
            log.write(Fact::Image(image.clone()));
            digests.push(image);
        })
        .await;
        for image in digests {
            if !self.digests.contains(&image) {
                self.digests.push(image);
            }
        }
        self.log.timing("images", begun);
        result.map_err(|error| {
            let users: Vec<&str> = self
                .subject
                .project
                .services()
                .filter(|(_, service)| service.image == error.reference())
                .map(|(name, _)| name)
                .collect();
            let users = users.join(", ");
            Trouble::from(error).with("services", format!("used by: {users}"))
        })
    }

    /// On a swarm that was there before us nothing may bear the stack's name yet: it would be taken over, and removed in the end.
    pub(super) async fn guard_adopted(&self) -> Result<(), Trouble> {
        if self.cluster.is_ephemeral() {
            return Ok(());
        }
        let there = deploy::leftovers(&self.cluster.manager().engine, &self.subject.stack).await?;
        if there.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = there.iter().map(ToString::to_string).collect();
        let reason = format!("the swarm already has something by the name of the stack, {}", self.subject.stack);
        Err(Trouble::errored("stack-exists", reason)
            .with("there", names.join("\n"))
            .advise("Remove it if it is of no use, or try the recipe on a node of its own (without `--node engine`)."))
    }

    /// Deploys the subject.
    ///
    /// # Errors
    /// When the project cannot be deployed, or the swarm refuses it.
    pub(super) async fn deploy(&mut self, replace: &Replace) -> Result<Applied, Trouble> {
        costs::sample(self, true).await;
        let begun = Instant::now();
        let endpoints = if self.facts.endpoint_mode == "dnsrr" {
            Endpoints::DnsRoundRobin { why: "virtual IPs do not route on this node (no ip_vs)".to_owned() }
        } else {
            Endpoints::AsWritten
        };
        let options = DeployOptions {
            run: Some(self.owner.run.clone()),
            domain: Some(self.owner.domain.clone()),
            endpoints,
            node_images: self
                .subject
                .images()
                .into_iter()
                .map(|image| (image.clone(), images::reference_on_node(&image)))
                .collect(),
            ..DeployOptions::default()
        };
        let mut spec = self.subject.stack_spec(&options)?;
        match replace {
            Replace::One(only) => spec.services.retain(|name, _| name == only),
            Replace::Except(not) => spec.services.retain(|name, _| name != not),
            Replace::Changed | Replace::All => {}
        }
        let apply = ApplyOptions { prune: false, force: matches!(replace, Replace::All | Replace::One(_)) };
        let applied = deploy::apply(&self.cluster.manager().engine, &spec, apply).await?;
        for adaptation in &applied.adaptations {
            self.log.write(Fact::Adaptation {
                service: adaptation.service.clone().unwrap_or_default(),
                what: adaptation.what.clone(),
                why: adaptation.why.clone(),
            });
        }
        for warning in &applied.warnings {
            self.log.note(warning.clone());
        }
        let word = |change| match change {
            Change::Created => "created",
            Change::Updated => "updated",
            Change::Unchanged => "unchanged",
        };
        let services =
            applied.services.iter().map(|service| (service.key.clone(), word(service.change).to_owned())).collect();
        let commit = self.subject.recipe.candidate.commit.clone();
        self.log.write(Fact::Deployed { stack: self.subject.stack.clone(), services, commit });
        self.log.timing("deploy", begun);
        Ok(applied)
    }

    /// Looks at the stack now.
    ///
    /// # Errors
    /// When an engine does not answer.
    pub(super) async fn look(&mut self) -> Result<StackView, Trouble> {
        let view = self.observer.observe().await?;
        self.tell_tasks(&view);
        self.mentions =
            view.services.iter().map(|service| (service.short_name.clone(), service.mentions.clone())).collect();
        self.logs.follow(&view);
        self.trust(&view).await?;
        costs::sample(self, false).await;
        self.located = reach::locate(self, &view).await?;
        let mut upstreams = reach::upstreams(self, &self.located, &self.subject.routes).await?;
        upstreams.extend(needs::upstreams(self).await?);
        self.route(upstreams).await?;
        Ok(view)
    }

    /// Waits until the logs of all tasks have ended, for a moment at most, so that last words are kept.
    pub(super) async fn finish_logs(&mut self) {
        self.logs.finish().await;
    }

    /// Lets new containers trust the ingress, so that an app which calls its own URL takes the certificate. Nothing of the recipe's own
    /// specification is touched (lesson 4), and it is told.
    async fn trust(&mut self, view: &StackView) -> Result<(), Trouble> {
        let Some(ingress) = self.ingress.as_ref().filter(|_| self.cluster.is_ephemeral()) else { return Ok(()) };
        for service in &view.services {
            for task in service.tasks.iter().filter(|task| task.state == TaskState::Running) {
                let (Some(container), Some(id)) = (&task.container_id, &task.node_id) else { continue };
                if self.trusting.contains(container) {
                    continue;
                }
                let found = self.cluster.nodes.iter().enumerate().find(|(_, node)| node.swarm_id == *id);
                let Some((number, node)) = found else { continue };
                let inspected = node.engine.inspect_container(container, None).await;
                // A container that has just gone needs no trust.
                let pid = inspected.ok().and_then(|inspected| inspected.state).and_then(|state| state.pid);
                let Some(pid) = pid.and_then(|pid| u32::try_from(pid).ok()).filter(|pid| *pid > 0) else { continue };
                self.costs.container(container, &service.short_name, number, pid);
                self.trusting.insert(container.clone());
                let stores = match node.link.trust(pid, &ingress.ca).await {
                    Ok(stores) => stores,
                    Err(LinkError::Refused { reason, .. }) => {
                        self.log.note(format!("{}: {reason}", service.short_name));
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                };
                if !stores.is_empty() {
                    self.log.write(Fact::Adaptation {
                        service: service.short_name.clone(),
                        what: format!("the ingress's certificate authority is added to {}", stores.join(", ")),
                        why: "an app that calls its own URL must be able to trust the certificate".to_owned(),
                    });
                }
            }
        }
        Ok(())
    }

    /// Tells the log every task that changed its state.
    fn tell_tasks(&mut self, view: &StackView) {
        for service in &view.services {
            for task in &service.tasks {
                if self.told.get(&task.id) == Some(&task.state) {
                    continue;
                }
                self.told.insert(task.id.clone(), task.state.clone());
                self.log.write(Fact::Task {
                    service: service.short_name.clone(),
                    task: task.id.clone(),
                    state: task.state.to_string(),
                    error: (!task.err.is_empty()).then(|| task.err.clone()),
                    exit_code: task.exit_code.filter(|_| task.state.is_terminal()),
                });
            }
        }
    }

    /// Tells the ingress where the tasks are, when that changed.
    pub(super) async fn route(&mut self, upstreams: BTreeMap<String, Vec<Upstream>>) -> Result<(), Trouble> {
        if self.ingress.is_some() && self.routed.as_ref() == Some(&upstreams) {
            return Ok(());
        }
        let mut routes = self.subject.routes.clone();
        self.beside.iter().for_each(|beside| routes.join(&beside.routes));
        let projects = std::iter::once(&self.subject.project).chain(self.beside.iter().map(|beside| &beside.project));
        let ports = projects.flat_map(|project| project.services().flat_map(|(_, service)| &service.ports));
        let on_node = ports.filter(|port| port.mode == "host" || self.facts.endpoint_mode == "vip");
        let taken = on_node.filter_map(|port| u16::try_from(port.published).ok()).collect();
        let update =
            IngressUpdate { hosts: routes.hosts().into_iter().collect(), routes, upstreams: upstreams.clone(), taken };
        self.ingress = Some(self.cluster.manager().link.ingress(update).await?);
        self.routed = Some(upstreams);
        Ok(())
    }
}
