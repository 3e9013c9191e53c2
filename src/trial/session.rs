//! A node with the subject on it: what every step of a trial works with.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bollard::Docker;
use bollard::models::NetworkCreateRequest;

use super::convergence::{Facts, Judge, Params, Verdict};
use super::reach::{self, Place};
use super::subject::Subject;
use super::trouble::Trouble;
use crate::agent::{IngressStarted, IngressUpdate};
use crate::ingress::proxy::Upstream;
use crate::record::{Fact, NodeFacts};
use crate::run::RunLog;
use crate::swarm::deploy::{self, Applied, ApplyOptions, Change, DeployOptions, Endpoints, StackSpec};
use crate::swarm::engine::EngineError;
use crate::swarm::images;
use crate::swarm::labels::Owner;
use crate::swarm::node::Cluster;
use crate::swarm::observe::{Engines, Observer, Pressure, StackView, TaskState, Wake, changes};

/// Which tasks a deploy replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Replace {
    /// Those whose specification changed, as every deploy does.
    Changed,
    /// All of them.
    All,
    /// Those of one service, which alone is deployed.
    One(String),
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
    engines: Engines,
    observer: Observer,
    owner: Owner,
    told: BTreeMap<String, TaskState>,
    routed: BTreeMap<String, Vec<Upstream>>,
    /// Where its running tasks are, by service.
    pub located: BTreeMap<String, Vec<Place>>,
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
    ) -> Result<Self, (Cluster, Trouble)> {
        let facts = match cluster.facts(owner).await {
            Ok(facts) => facts,
            Err(error) => return Err((cluster, error.into())),
        };
        log.write(Fact::Node(facts.clone()));
        let nodes = cluster.nodes.iter().map(|node| (node.swarm_id.clone(), node.engine.clone())).collect();
        let engines = Engines::new(cluster.manager().engine.clone(), nodes);
        let observer = Observer::new(engines.clone(), subject.stack.clone());
        Ok(Self {
            cluster,
            facts,
            subject,
            log,
            ingress: None,
            digests: Vec::new(),
            engines,
            observer,
            owner: owner.clone(),
            told: BTreeMap::new(),
            routed: BTreeMap::new(),
            located: BTreeMap::new(),
        })
    }

    /// The engines of the nodes.
    pub(super) fn engines(&self) -> &Engines {
        &self.engines
    }

    /// Puts the images on the nodes (lesson 15: before the deploy).
    ///
    /// # Errors
    /// The first image that cannot be had.
    pub(super) async fn provide_images(&mut self, host: &Docker) -> Result<(), Trouble> {
        let begun = Instant::now();
        let nodes: Vec<&Docker> = self.cluster.nodes.iter().map(|node| &node.engine).collect();
        let wanted = self.subject.images();
        let mut digests = Vec::new();
        self.log.progress("images", wanted.iter().cloned().collect::<Vec<_>>().join(", "));
        let log = self.log.clone();
        let result = images::provide(host, &nodes, &self.facts.architecture, &wanted, |image| {
            log.write(Fact::Image(image.clone()));
            digests.push(image);
        })
        .await;
        self.digests = digests;
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

    /// Starts the ingress and makes the networks that an operator's swarm has before any recipe: every external one, `proxy` usually.
    ///
    /// # Errors
    /// When the node refuses.
    pub(super) async fn prepare_node(&mut self) -> Result<(), Trouble> {
        self.route(BTreeMap::new()).await?;
        let external = self.subject.project.networks.iter().filter(|(_, network)| network.external);
        for (key, network) in external {
            let name = if network.name.is_empty() { key } else { &network.name };
            if matches!(name.as_str(), "host" | "bridge" | "none" | "ingress") {
                continue;
            }
            let engine = &self.cluster.manager().engine;
            if !self.cluster.is_ephemeral() && engine.inspect_network(name, None).await.is_ok() {
                continue;
            }
            let request = NetworkCreateRequest {
                name: name.clone(),
                driver: Some("overlay".to_owned()),
                attachable: Some(true),
                labels: Some(self.owner.labels("network")),
                ..Default::default()
            };
            engine.create_network(request).await.map_err(EngineError::refused(format!("create the network {name}")))?;
        }
        Ok(())
    }

    /// Deploys the subject.
    ///
    /// # Errors
    /// When the project cannot be deployed, or the swarm refuses it.
    pub(super) async fn deploy(&mut self, replace: &Replace) -> Result<Applied, Trouble> {
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
            ..DeployOptions::default()
        };
        let mut spec = self.subject.stack_spec(&options)?;
        self.name_images_for_node(&mut spec);
        if let Replace::One(only) = replace {
            spec.services.retain(|name, _| name == only);
        }
        let apply = ApplyOptions { prune: false, force: *replace != Replace::Changed };
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

    /// An engine knows a digest only of what it pulled itself: the image is named by its tag there.
    fn name_images_for_node(&self, spec: &mut StackSpec) {
        for (name, service) in &mut spec.services {
            let container = service.task_template.as_mut().and_then(|task| task.container_spec.as_mut());
            let Some(image) = container.and_then(|container| container.image.as_mut()) else { continue };
            let on_node = images::reference_on_node(image);
            if on_node != *image {
                self.log.write(Fact::Adaptation {
                    service: name.clone(),
                    what: format!("image {on_node} instead of {image}; it is the one with that digest"),
                    why: "an engine knows a digest only of what it pulled itself".to_owned(),
                });
                *image = on_node;
            }
        }
    }

    /// Looks at the stack now.
    ///
    /// # Errors
    /// When an engine does not answer.
    pub(super) async fn look(&mut self) -> Result<StackView, Trouble> {
        let view = self.observer.observe().await?;
        self.tell_tasks(&view);
        self.located = reach::locate(self, &view).await?;
        self.route(reach::upstreams(self, &self.located).await?).await?;
        Ok(view)
    }

    /// Waits until the stack has converged, or the judge says that it will not.
    ///
    /// # Errors
    /// The judge's cause, or an engine that went away.
    pub(super) async fn converge(
        &mut self,
        step: &str,
        mut params: Params,
        begun: Instant,
    ) -> Result<(Facts, StackView), Trouble> {
        params.images_loaded = true;
        self.settle_times(&mut params);
        let mut judge = Judge::new(params);
        let mut wakes = changes(&self.engines);
        let mut said = String::new();
        loop {
            let view = self.look().await?;
            let pressure = self.pressure().await?;
            match judge.look(&view, begun.elapsed(), &pressure) {
                Verdict::Converged(facts) => {
                    self.log.timing("converge", begun);
                    return Ok((facts, view));
                }
                Verdict::Failed(cause) | Verdict::Errored(cause) => {
                    self.log.timing("converge", begun);
                    return Err(cause.into());
                }
                Verdict::Waiting(waits) => {
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

    /// A service that nothing routes to and that has no healthcheck must have been up for a while (design.md §3.3).
    fn settle_times(&self, params: &mut Params) {
        let routed: BTreeSet<&str> = self
            .subject
            .routes
            .routers
            .iter()
            .flat_map(|router| &router.backends)
            .map(|backend| backend.service.as_str())
            .collect();
        for (name, service) in self.subject.project.services() {
            let monitor = service.deploy.update_config.as_ref().and_then(|update| update.monitor).unwrap_or_default();
            if !routed.contains(name) {
                params.settle.insert(name.to_owned(), monitor.max(Duration::from_secs(10)));
            }
        }
    }

    async fn pressure(&self) -> Result<Pressure, Trouble> {
        let raw = self.cluster.manager().link.pressure().await?;
        Ok(Pressure::from_proc(raw.cpu.as_deref(), raw.io.as_deref(), raw.memory.as_deref(), raw.disk_free))
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
    async fn route(&mut self, upstreams: BTreeMap<String, Vec<Upstream>>) -> Result<(), Trouble> {
        if self.ingress.is_some() && self.routed == upstreams {
            return Ok(());
        }
        let publishes_usual_ports =
            self.subject.project.services().flat_map(|(_, service)| &service.ports).any(|port| {
                matches!(port.published, 80 | 443) && (port.mode == "host" || self.facts.endpoint_mode == "vip")
            });
        let update = IngressUpdate {
            routes: self.subject.routes.clone(),
            upstreams: upstreams.clone(),
            hosts: self.subject.routes.hosts().into_iter().collect(),
            usual_ports: !publishes_usual_ports,
        };
        self.ingress = Some(self.cluster.manager().link.ingress(update).await?);
        self.routed = upstreams;
        Ok(())
    }
}
