//! Sending a [`StackSpec`] to an engine.

use std::collections::{BTreeMap, HashMap};

use bollard::Docker;
use bollard::errors::Error;
use bollard::models::{NetworkCreateRequest, ServiceSpec};
use bollard::query_parameters::UpdateServiceOptionsBuilder;
use serde_json::Value;

use super::file_object::FileKind;
use super::network::is_user_defined;
use super::objects::{self, Existing};
use super::spec::{Adaptation, StackSpec};
use super::{DeployError, LABEL_IMAGE, LABEL_NAMESPACE, raw};

/// How often an update is sent again when the swarm changed the service in between.
const UPDATE_ATTEMPTS: usize = 5;

/// How a spec is applied.
#[derive(Debug, Clone, Copy, Default)]
pub struct ApplyOptions {
    /// Remove services of the stack that the spec no longer has (`--prune`); otherwise they are only reported.
    pub prune: bool,
    /// Replace every task even where nothing changed (`docker service update --force`).
    pub force: bool,
}

/// What became of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was not there.
    Created,
    /// It was there and is different now.
    Updated,
    /// It was there and is the same.
    Unchanged,
}

/// A network, secret or config after a deploy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedObject {
    /// Its name on the swarm.
    pub name: String,
    /// Its id.
    pub id: String,
    /// What became of it.
    pub change: Change,
}

/// A service after a deploy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedService {
    /// Its key in the compose file.
    pub key: String,
    /// Its name on the swarm.
    pub name: String,
    /// Its id.
    pub id: String,
    /// What became of it.
    pub change: Change,
    /// Whether its tasks' template or endpoint changed, so that swarm replaces its tasks. True for a new service.
    pub replaces_tasks: bool,
}

/// A service of the stack that the project no longer has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    /// Its name on the swarm.
    pub name: String,
    /// Its id.
    pub id: String,
    /// Whether it was removed ([`ApplyOptions::prune`]).
    pub removed: bool,
}

/// What a deploy did: every object that the stack has now.
#[derive(Debug, Clone, Default)]
pub struct Applied {
    /// The stack's own networks.
    pub networks: Vec<AppliedObject>,
    /// The stack's own secrets, and those handed in for external ones.
    pub secrets: Vec<AppliedObject>,
    /// The stack's own configs.
    pub configs: Vec<AppliedObject>,
    /// Services, sorted by key.
    pub services: Vec<AppliedService>,
    /// Services of this stack that the project no longer has.
    pub orphans: Vec<Orphan>,
    /// Every deliberate difference from `docker stack deploy`.
    pub adaptations: Vec<Adaptation>,
    /// What the engine or the conversion warned of.
    pub warnings: Vec<String>,
}

impl Applied {
    /// The keys of the services that are new or other than before.
    pub fn changed(&self) -> Vec<&str> {
        let changed = self.services.iter().filter(|service| service.change != Change::Unchanged);
        changed.map(|service| service.key.as_str()).collect()
    }
}

/// Deploys a stack: looks first (external objects, immutable configs), then makes networks, secrets, configs and services in the
/// order of the reference. Images are not resolved to digests; tasks are not waited for.
///
/// # Errors
/// What the reference would refuse, in plainer words; see [`DeployError`]. Looking comes first, so that most errors leave the
/// engine as it was; an error of the engine in the middle leaves what was made before it, to be taken away by [`super::remove`].
pub async fn apply(docker: &Docker, spec: &StackSpec, options: ApplyOptions) -> Result<Applied, DeployError> {
    let info = docker.info().await.map_err(DeployError::engine("inspect", "engine", ""))?;
    if info.swarm.and_then(|swarm| swarm.control_available) != Some(true) {
        return Err(DeployError::NotAManager);
    }
    let mut applied = Applied { adaptations: spec.adaptations.clone(), ..Applied::default() };
    applied.warnings.extend(spec.warnings.iter().map(|(service, what)| format!("service `{service}`: {what}")));
    for name in &spec.external_networks {
        check_external_network(docker, name).await?;
    }
    let secrets = objects::existing(docker, FileKind::Secret).await?;
    let configs = objects::existing(docker, FileKind::Config).await?;
    applied.warnings.extend(objects::check_configs(&spec.configs, &configs)?);
    let mut ids = Ids::new(&secrets, &configs);
    ids.check(spec)?;
    let services = existing_services(docker, &spec.stack).await?;
    applied.orphans = orphans(docker, spec, &services, options.prune).await?;
    let networks = existing_networks(docker, &spec.stack).await?;
    for network in &spec.networks {
        applied.networks.push(put_network(docker, network, &networks, &mut applied.warnings).await?);
    }
    for secret in &spec.handed_in {
        let name = secret.spec.name.as_deref().unwrap_or_default();
        applied.secrets.push(match secrets.get(name) {
            // An operator's secret outlives deploys; its value is not ours to change.
            Some(there) => AppliedObject { name: name.to_owned(), id: there.id.clone(), change: Change::Unchanged },
            None => objects::put_secret(docker, secret, None).await?,
        });
    }
    for secret in &spec.secrets {
        let there = secrets.get(secret.spec.name.as_deref().unwrap_or_default());
        applied.secrets.push(objects::put_secret(docker, secret, there).await?);
    }
    for config in &spec.configs {
        let there = configs.get(config.spec.name.as_deref().unwrap_or_default());
        applied.configs.push(objects::put_config(docker, config, there).await?);
    }
    ids.learn(FileKind::Secret, &applied.secrets);
    ids.learn(FileKind::Config, &applied.configs);
    for (key, service) in &spec.services {
        let mut service = service.clone();
        ids.fill(key, &mut service)?;
        let there = services.get(service.name.as_deref().unwrap_or_default());
        applied.services.push(put_service(docker, key, service, there, options.force, &mut applied.warnings).await?);
    }
    Ok(applied)
}

async fn check_external_network(docker: &Docker, name: &str) -> Result<(), DeployError> {
    if !is_user_defined(name) {
        return Ok(());
    }
    match raw::get(docker, &format!("/networks/{name}")).await {
        Ok(network) => match network.get("Scope").and_then(Value::as_str).unwrap_or_default() {
            "swarm" => Ok(()),
            scope => Err(DeployError::ExternalNetworkScope { name: name.to_owned(), scope: scope.to_owned() }),
        },
        Err(Error::DockerResponseServerError { status_code: 404, .. }) => {
            Err(DeployError::ExternalNetworkMissing { name: name.to_owned() })
        }
        Err(error) => Err(DeployError::engine("inspect", "network", name)(error)),
    }
}

/// The stack's networks, name to id.
async fn existing_networks(docker: &Docker, stack: &str) -> Result<HashMap<String, String>, DeployError> {
    let listed = of_stack(docker, "/networks", "network", stack).await?;
    let named = listed.iter().filter_map(|network| {
        Some((network.get("Name")?.as_str()?.to_owned(), network.get("Id")?.as_str()?.to_owned()))
    });
    Ok(named.collect())
}

/// The stack's services as the engine gives them, by name.
async fn existing_services(docker: &Docker, stack: &str) -> Result<BTreeMap<String, Value>, DeployError> {
    let listed = of_stack(docker, "/services", "service", stack).await?;
    Ok(listed
        .into_iter()
        .filter_map(|service| Some((service.pointer("/Spec/Name")?.as_str()?.to_owned(), service)))
        .collect())
}

async fn of_stack(docker: &Docker, path: &str, kind: &'static str, stack: &str) -> Result<Vec<Value>, DeployError> {
    let path = format!("{path}?filters={}", raw::filters("label", &format!("{LABEL_NAMESPACE}={stack}")));
    match raw::get(docker, &path).await.map_err(DeployError::engine("list", kind, stack))? {
        Value::Array(items) => Ok(items),
        _ => Ok(Vec::new()),
    }
}

async fn orphans(
    docker: &Docker,
    spec: &StackSpec,
    services: &BTreeMap<String, Value>,
    prune: bool,
) -> Result<Vec<Orphan>, DeployError> {
    let mut orphans = Vec::new();
    for (name, service) in services {
        if spec.services.values().any(|wanted| wanted.name.as_ref() == Some(name)) {
            continue;
        }
        let id = text(service, "/ID");
        if prune {
            docker.delete_service(&id).await.map_err(DeployError::engine("remove", "service", name))?;
        }
        orphans.push(Orphan { name: name.clone(), id, removed: prune });
    }
    Ok(orphans)
}

async fn put_network(
    docker: &Docker,
    network: &NetworkCreateRequest,
    existing: &HashMap<String, String>,
    warnings: &mut Vec<String>,
) -> Result<AppliedObject, DeployError> {
    let name = network.name.clone();
    if let Some(id) = existing.get(&name) {
        return Ok(AppliedObject { name, id: id.clone(), change: Change::Unchanged });
    }
    let made = docker.create_network(network.clone()).await.map_err(DeployError::engine("create", "network", &name))?;
    if !made.warning.is_empty() {
        warnings.push(format!("network `{name}`: {}", made.warning));
    }
    Ok(AppliedObject { name, id: made.id, change: Change::Created })
}

async fn put_service(
    docker: &Docker,
    key: &str,
    mut spec: ServiceSpec,
    existing: Option<&Value>,
    force: bool,
    warnings: &mut Vec<String>,
) -> Result<AppliedService, DeployError> {
    let name = spec.name.clone().unwrap_or_default();
    let mut warn = |found: Option<Vec<String>>| {
        warnings.extend(found.into_iter().flatten().map(|warning| format!("service `{key}`: {}", warning.trim())));
    };
    let Some(there) = existing else {
        let made = docker.create_service(spec, None).await.map_err(DeployError::engine("create", "service", &name))?;
        warn(made.warnings);
        let id = made.id.unwrap_or_default();
        return Ok(AppliedService { key: key.to_owned(), name, id, change: Change::Created, replaces_tasks: true });
    };
    let id = text(there, "/ID");
    let mut before = there.clone();
    for attempt in 1.. {
        keep_from(&before, &mut spec, force);
        let version =
            before.pointer("/Version/Index").and_then(Value::as_i64).and_then(|index| i32::try_from(index).ok());
        let options = UpdateServiceOptionsBuilder::default().version(version.unwrap_or_default()).build();
        match docker.update_service(&id, spec.clone(), options, None).await {
            Ok(answer) => {
                warn(answer.warnings);
                break;
            }
            // The swarm itself writes to services (update status): what we read is old, so read again.
            Err(error) if attempt < UPDATE_ATTEMPTS && error.to_string().contains("update out of sequence") => {
                before = inspect(docker, &id, &name).await?;
            }
            Err(error) => return Err(DeployError::engine("update", "service", name)(error)),
        }
    }
    let after = inspect(docker, &id, &name).await?;
    let differs = |pointer: &str| before.pointer(pointer) != after.pointer(pointer);
    let replaces_tasks = differs("/Spec/TaskTemplate") || differs("/Spec/EndpointSpec");
    let change = if differs("/Spec") { Change::Updated } else { Change::Unchanged };
    Ok(AppliedService { key: key.to_owned(), name, id, change, replaces_tasks })
}

/// What an update takes over from the service as it is: the force counter, and the image as it was resolved when the compose file
/// still names the same one.
fn keep_from(existing: &Value, spec: &mut ServiceSpec, force: bool) {
    let image = spec.labels.as_ref().and_then(|labels| labels.get(LABEL_IMAGE)).cloned();
    let label = existing.pointer("/Spec/Labels").and_then(|labels| labels.get(LABEL_IMAGE)).and_then(Value::as_str);
    let Some(template) = spec.task_template.as_mut() else { return };
    let counter = existing.pointer("/Spec/TaskTemplate/ForceUpdate").and_then(Value::as_u64).unwrap_or(0);
    template.force_update = Some(counter + u64::from(force));
    if image.as_deref() == label
        && let Some(container) = template.container_spec.as_mut()
        && let Some(resolved) = existing.pointer("/Spec/TaskTemplate/ContainerSpec/Image").and_then(Value::as_str)
    {
        container.image = Some(resolved.to_owned());
    }
}

async fn inspect(docker: &Docker, id: &str, name: &str) -> Result<Value, DeployError> {
    raw::get(docker, &format!("/services/{id}")).await.map_err(DeployError::engine("inspect", "service", name))
}

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The ids of secrets and configs by name, which services refer to.
struct Ids(HashMap<(FileKind, String), String>);

impl Ids {
    fn new(secrets: &HashMap<String, Existing>, configs: &HashMap<String, Existing>) -> Self {
        let of = |kind, map: &HashMap<String, Existing>| {
            map.iter().map(move |(name, object)| ((kind, name.clone()), object.id.clone())).collect::<Vec<_>>()
        };
        Self(of(FileKind::Secret, secrets).into_iter().chain(of(FileKind::Config, configs)).collect())
    }

    fn learn(&mut self, kind: FileKind, made: &[AppliedObject]) {
        self.0.extend(made.iter().map(|object| ((kind, object.name.clone()), object.id.clone())));
    }

    /// Whether every reference will find its object, before anything is made.
    fn check(&self, spec: &StackSpec) -> Result<(), DeployError> {
        let secrets = spec.secrets.iter().chain(&spec.handed_in).filter_map(|secret| secret.spec.name.clone());
        let configs = spec.configs.iter().filter_map(|config| config.spec.name.clone());
        let coming = secrets.map(|name| (FileKind::Secret, name)).chain(configs.map(|name| (FileKind::Config, name)));
        let mut all = Self(self.0.clone());
        all.0.extend(coming.map(|key| (key, String::new())));
        for (key, service) in &spec.services {
            all.fill(key, &mut service.clone())?;
        }
        Ok(())
    }

    /// Puts ids beside the names in a service.
    fn fill(&self, service: &str, spec: &mut ServiceSpec) -> Result<(), DeployError> {
        let find = |kind, name: &Option<String>| {
            let name = name.clone().unwrap_or_default();
            let missing = || DeployError::ExternalMissing { service: service.to_owned(), kind, name: name.clone() };
            self.0.get(&(kind, name.clone())).cloned().ok_or_else(missing)
        };
        let Some(container) = spec.task_template.as_mut().and_then(|template| template.container_spec.as_mut()) else {
            return Ok(());
        };
        for secret in container.secrets.iter_mut().flatten() {
            secret.secret_id = Some(find(FileKind::Secret, &secret.secret_name)?);
        }
        for config in container.configs.iter_mut().flatten() {
            config.config_id = Some(find(FileKind::Config, &config.config_name)?);
        }
        let credentials = container.privileges.as_mut().and_then(|privileges| privileges.credential_spec.as_mut());
        if let Some(credentials) = credentials.filter(|credentials| credentials.config.is_some()) {
            credentials.config = Some(find(FileKind::Config, &credentials.config)?);
        }
        Ok(())
    }
}
