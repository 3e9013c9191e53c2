//! Asks the engines, as little as possible: services and tasks from the manager each time; a container only while it lives, and
//! once more when it has ended.

use std::collections::HashMap;

use bollard::errors::Error;
use futures_util::future::join_all;
use serde::de::DeserializeOwned;

use super::engines::Engines;
use super::parse;
use super::view::{HealthStatus, StackView, TaskState, TaskView};
use super::wire::{RawContainer, RawNode, RawService, RawTask};
use crate::swarm::deploy::{LABEL_NAMESPACE, raw};
use crate::swarm::engine::{is_missing, said};
use crate::swarm::logs::{self, LogLimits, LogLine};

/// What is kept of a failed task's log.
const TAIL: LogLimits = LogLimits { lines: 25, bytes: 16 * 1024 };

/// The engines could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    /// The manager did not answer.
    #[error("the swarm manager did not say {what} of stack {stack}: {}", said(.source))]
    Manager {
        /// What was asked for.
        what: &'static str,
        /// The stack.
        stack: String,
        /// Why.
        source: Error,
    },
    /// A task runs on a node whose engine is not known here.
    #[error("task {task} runs on node {node}, and no engine is known for that node: give it to `Engines::new`")]
    UnknownNode {
        /// The task.
        task: String,
        /// The node's identifier.
        node: String,
    },
    /// A node's engine did not answer.
    #[error("the engine of node {node} did not show the container of task {task}: {}", said(.source))]
    Node {
        /// The task.
        task: String,
        /// The node's identifier.
        node: String,
        /// Why.
        source: Error,
    },
}

/// Looks at one stack again and again, and remembers what can change no more.
#[derive(Debug)]
pub struct Observer {
    engines: Engines,
    stack: String,
    ended: HashMap<String, TaskView>,
    logs: HashMap<String, Vec<LogLine>>,
}

/// Looks at a stack once.
///
/// # Errors
/// When an engine does not answer.
pub async fn observe(engines: &Engines, stack: &str) -> Result<StackView, ObserveError> {
    Observer::new(engines.clone(), stack).observe().await
}

impl Observer {
    /// An observer that has seen nothing yet.
    pub fn new(engines: Engines, stack: impl Into<String>) -> Self {
        Self { engines, stack: stack.into(), ended: HashMap::new(), logs: HashMap::new() }
    }

    /// Looks at the stack now.
    ///
    /// # Errors
    /// When an engine does not answer. A container that is gone is no error: its task then has `inspected: false`.
    pub async fn observe(&mut self) -> Result<StackView, ObserveError> {
        let services = self.services().await?;
        let taken_at = self.engines.now().await;
        let nodes: Vec<RawNode> = self.ask("the nodes", "/nodes").await?;
        let nodes: Vec<_> = nodes.into_iter().map(parse::node).collect();
        let tasks = if services.is_empty() { Vec::new() } else { self.tasks(&services).await? };
        let mut by_service: HashMap<String, Vec<RawTask>> = HashMap::new();
        for task in tasks {
            by_service.entry(task.service_id.clone()).or_default().push(task);
        }
        let names: Vec<String> = services.iter().map(|service| service.short_name(&self.stack)).collect();
        let mut views = Vec::new();
        for raw in services {
            let tasks = by_service.remove(&raw.id).unwrap_or_default();
            views.push(parse::service(raw, &self.stack, &names, nodes.len() as u64, tasks));
        }
        views.sort_by(|a, b| a.name.cmp(&b.name));
        for task in views.iter_mut().flat_map(|service| &mut service.tasks) {
            if let Some(known) = self.ended.get(&task.id) {
                recall(task, known);
            }
        }
        let looked =
            views.iter_mut().flat_map(|service| &mut service.tasks).filter(|task| !self.ended.contains_key(&task.id));
        for outcome in join_all(looked.map(|task| look(&self.engines, task))).await {
            outcome?;
        }
        self.read_logs(views.iter_mut().flat_map(|service| &mut service.tasks)).await;
        for service in &mut views {
            service.healthcheck = service
                .tasks
                .iter()
                .find(|task| task.inspected && task.current)
                .and_then(|task| task.healthcheck.clone());
            for task in service.tasks.iter().filter(|task| task.state.is_terminal()) {
                self.ended.entry(task.id.clone()).or_insert_with(|| task.clone());
            }
        }
        Ok(StackView { stack: self.stack.clone(), taken_at, services: views, nodes })
    }

    async fn services(&self) -> Result<Vec<RawService>, ObserveError> {
        let filters = raw::filters("label", &format!("{LABEL_NAMESPACE}={}", self.stack));
        self.ask("the services", &format!("/services?status=true&filters={filters}")).await
    }

    /// The tasks of each service, asked for one service at a time: all at once, so that it takes no longer.
    async fn tasks(&self, services: &[RawService]) -> Result<Vec<RawTask>, ObserveError> {
        let of_one = |service: &RawService| format!("/tasks?filters={}", raw::filters("service", &service.id));
        let paths: Vec<String> = services.iter().map(of_one).collect();
        let answers = join_all(paths.iter().map(|path| self.ask::<Vec<RawTask>>("the tasks", path))).await;
        let answers: Result<Vec<_>, _> = answers.into_iter().collect();
        Ok(answers?.into_iter().flatten().collect())
    }

    async fn ask<T: DeserializeOwned>(&self, what: &'static str, path: &str) -> Result<T, ObserveError> {
        let failed = |source| ObserveError::Manager { what, stack: self.stack.clone(), source };
        let value = raw::get(self.engines.manager(), path).await.map_err(failed)?;
        serde_json::from_value(value).map_err(|error| failed(error.into()))
    }

    /// Reads the last lines of tasks that are in trouble: once of a failed one, each time of one that is not healthy. A log that
    /// cannot be read (its driver keeps nothing here) leaves the tail empty.
    async fn read_logs(&mut self, tasks: impl Iterator<Item = &mut TaskView>) {
        let mut wanted = Vec::new();
        for task in tasks {
            let unhealthy = task.health.as_ref().is_some_and(|health| {
                health.status == HealthStatus::Unhealthy
                    || health.probes.last().is_some_and(|probe| probe.exit_code != 0)
            });
            let failed = matches!(task.state, TaskState::Failed | TaskState::Complete);
            if let Some(lines) = self.logs.get(&task.id) {
                task.log_tail.clone_from(lines);
            } else if task.inspected && (failed || unhealthy) {
                wanted.push(task);
            }
        }
        let engines = &self.engines;
        let read = join_all(wanted.into_iter().map(|task| async move {
            task.log_tail = logs::task_tail(engines, task, TAIL).await.unwrap_or_default();
            task.state.is_terminal().then(|| (task.id.clone(), task.log_tail.clone()))
        }));
        let read: Vec<_> = read.await;
        self.logs.extend(read.into_iter().flatten());
    }
}

/// Takes over what was learnt about a container that has ended; what the manager says stays as it is now.
fn recall(task: &mut TaskView, known: &TaskView) {
    task.inspected = known.inspected;
    task.oom_killed = known.oom_killed;
    task.started_at = known.started_at;
    task.finished_at = known.finished_at;
    task.image_id.clone_from(&known.image_id);
    task.exit_code = known.exit_code.or(task.exit_code);
    task.healthcheck.clone_from(&known.healthcheck);
    task.health.clone_from(&known.health);
}

async fn look(engines: &Engines, task: &mut TaskView) -> Result<(), ObserveError> {
    let (Some(container), Some(node)) = (task.container_id.clone(), task.node_id.clone()) else { return Ok(()) };
    let Some(engine) = engines.node(&node) else {
        return Err(ObserveError::UnknownNode { task: task.id.clone(), node });
    };
    let failed = |source| ObserveError::Node { task: task.id.clone(), node: node.clone(), source };
    match raw::get(engine, &format!("/containers/{container}/json")).await {
        Ok(value) => {
            let raw: RawContainer = serde_json::from_value(value).map_err(|error| failed(error.into()))?;
            parse::container(task, raw);
        }
        Err(error) if is_missing(&error) => {}
        Err(source) => return Err(failed(source)),
    }
    Ok(())
}
