//! The whole stack as requests: the pure half's entry.

use std::collections::{BTreeMap, HashMap};
use std::ops::Deref;
use std::path::PathBuf;

use bollard::models::{ConfigSpec, NetworkCreateRequest, SecretSpec, ServiceSpec};
use serde::{Deserialize, Serialize};

use super::file_object::StackFile;
use super::{DeployError, LABEL_NAMESPACE, file_object, mount, network, service};
use crate::compose::VariableUse;
use crate::compose::project::Project;
use crate::swarm::labels;

/// Reads a file of the recipe: the path as the compose file writes it, relative to the recipe's root, to its content.
pub type Files<'a> = &'a dyn Fn(&str) -> std::io::Result<Vec<u8>>;

/// A deliberate difference from what `docker stack deploy` would have made (lesson 4): it goes into the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adaptation {
    /// The service it concerns, by its key; `None` = every object of the stack.
    pub service: Option<String>,
    /// What is different.
    pub what: String,
    /// Why it has to be.
    pub why: String,
}

/// How peers are to reach services.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Endpoints {
    /// As the compose file says.
    #[default]
    AsWritten,
    /// By DNS round-robin wherever a virtual IP is wanted, because those do not route on this node.
    DnsRoundRobin {
        /// What was observed, for the log: `a virtual IP did not answer in this node (no ip_vs)`.
        why: String,
    },
}

/// What the caller decides about a deploy. The default changes nothing and hands nothing in.
#[derive(Debug, Clone, Default)]
pub struct DeployOptions {
    /// The run's id, put on every object as [`labels::RUN`].
    pub run: Option<String>,
    /// The lock domain of the run, put beside it as [`labels::DOMAIN`], so that whoever starts next can tell whether the run lives.
    pub domain: Option<String>,
    /// How peers are to reach services.
    pub endpoints: Endpoints,
    /// Values for external secrets, by key of the compose file. A secret that exists already is left as it is.
    pub secret_values: BTreeMap<String, Vec<u8>>,
    /// Names by which the node knows images, by the reference as written, where that is another one: a digest means nothing to an
    /// engine that got its image from a copy. The caller answers for it that both name the same image.
    pub node_images: BTreeMap<String, String>,
    /// The variables that the compose files use ([`crate::compose::Loaded::variables`]): errors name the one that versions a config.
    pub variables: Vec<VariableUse>,
    /// Where the first compose file lies on the machine that deploys. Relative bind mounts start there, as in the reference; without it
    /// they are refused.
    pub working_directory: Option<PathBuf>,
}

/// A volume that the stack's services mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackVolume {
    /// The key in the compose file.
    pub key: String,
    /// The name on the engine.
    pub name: String,
    /// Made by somebody else.
    pub external: bool,
}

/// Everything that a deploy asks an engine for, in the order in which it does.
#[derive(Debug, Clone)]
pub struct StackSpec {
    /// The stack's name.
    pub stack: String,
    /// External networks that must exist, by name.
    pub external_networks: Vec<String>,
    /// Networks to make where they are missing, sorted by name.
    pub networks: Vec<NetworkCreateRequest>,
    /// External secrets whose values were handed in: made where they are missing, else left alone.
    pub handed_in: Vec<StackFile<SecretSpec>>,
    /// The stack's own secrets.
    pub secrets: Vec<StackFile<SecretSpec>>,
    /// The stack's own configs.
    pub configs: Vec<StackFile<ConfigSpec>>,
    /// Services by key. References to secrets and configs carry names; their ids are filled in when the stack is applied.
    pub services: BTreeMap<String, ServiceSpec>,
    /// The named volumes that the services mount, sorted by key. Swarm makes them on the node where a task lands.
    pub volumes: Vec<StackVolume>,
    /// Every deliberate difference from the reference.
    pub adaptations: Vec<Adaptation>,
    /// What swarm takes otherwise than it is written, without a word: `(service, what)`.
    pub warnings: Vec<(String, String)>,
}

impl StackSpec {
    /// Converts a project. `stack` is put in front of names, `files` reads the files behind configs and secrets.
    ///
    /// # Errors
    /// Everything that can be known without an engine is refused here, before anything is made: names that are too long
    /// (lesson 25), undefined references, values that swarm does not know, unreadable files.
    pub fn build(
        project: &Project,
        stack: &str,
        options: &DeployOptions,
        files: Files<'_>,
    ) -> Result<Self, DeployError> {
        let context = StackContext { stack, project, options };
        let mut notes = Notes::default();
        if let Some(run) = &options.run {
            let domain =
                options.domain.as_ref().map(|domain| format!(" and {}={domain}", labels::DOMAIN)).unwrap_or_default();
            notes.adaptations.push(Adaptation {
                service: None,
                what: format!(
                    "label {}={run}{domain} on services, containers, networks, volumes, secrets and configs",
                    labels::RUN
                ),
                why: "so that nothing which a run made is left behind".to_owned(),
            });
        }
        let mut services = BTreeMap::new();
        for (name, definition) in project.services() {
            let context = Context { of_stack: context, service: name };
            services.insert(name.to_owned(), service::service(&context, definition, &mut notes)?);
        }
        let (networks, external_networks) = network::networks(&context)?;
        Ok(Self {
            stack: stack.to_owned(),
            external_networks,
            networks,
            handed_in: file_object::handed_in(&context, &options.secret_values)?,
            secrets: file_object::secrets(&context, files)?,
            configs: file_object::configs(&context, files)?,
            services,
            volumes: volumes(&context),
            adaptations: notes.adaptations,
            warnings: notes.warnings,
        })
    }
}

fn volumes(context: &StackContext<'_>) -> Vec<StackVolume> {
    let mounted = |key: &str| {
        let mut mounts = context.project.services.values().flat_map(|service| &service.volumes);
        mounts.any(|volume| volume.source == key && matches!(volume.kind.as_str(), "" | "volume"))
    };
    let used = context.project.volumes.iter().filter(|(key, _)| mounted(key));
    used.map(|(key, volume)| StackVolume {
        key: key.clone(),
        name: mount::volume_name(context.stack, key, volume),
        external: volume.external,
    })
    .collect()
}

/// What every part of the conversion may look at.
#[derive(Clone, Copy)]
pub(super) struct StackContext<'a> {
    pub(super) stack: &'a str,
    pub(super) project: &'a Project,
    pub(super) options: &'a DeployOptions,
}

impl StackContext<'_> {
    /// The recipe's labels with the stack's and the run's beside them.
    pub(super) fn labels(&self, own: &BTreeMap<String, String>) -> HashMap<String, String> {
        let mut labels: HashMap<_, _> = own.clone().into_iter().collect();
        labels.insert(LABEL_NAMESPACE.to_owned(), self.stack.to_owned());
        self.add_run_label(&mut labels);
        labels
    }

    /// Adds [`labels::RUN`] where a run is under way.
    pub(super) fn add_run_label(&self, labels: &mut HashMap<String, String>) {
        if let Some(run) = &self.options.run {
            labels.insert(labels::RUN.to_owned(), run.clone());
            labels.extend(self.options.domain.iter().map(|domain| (labels::DOMAIN.to_owned(), domain.clone())));
        }
    }
}

/// [`StackContext`] and the service that is being converted.
pub(super) struct Context<'a> {
    of_stack: StackContext<'a>,
    pub(super) service: &'a str,
}

impl<'a> Deref for Context<'a> {
    type Target = StackContext<'a>;

    fn deref(&self) -> &Self::Target {
        &self.of_stack
    }
}

/// What the conversion has to tell beside its result.
#[derive(Default)]
pub(super) struct Notes {
    adaptations: Vec<Adaptation>,
    warnings: Vec<(String, String)>,
}

impl Notes {
    /// Lists a deliberate difference.
    pub(super) fn adapt(&mut self, service: &str, what: &str, why: &str) {
        self.adaptations.push(Adaptation {
            service: Some(service.to_owned()),
            what: what.to_owned(),
            why: why.to_owned(),
        });
    }

    /// Lists what swarm silently takes otherwise.
    pub(super) fn warn(&mut self, service: &str, what: &str) {
        self.warnings.push((service.to_owned(), what.to_owned()));
    }
}
