//! What is left of a stack on an engine.

use bollard::Docker;
use serde_json::Value;

use super::{DeployError, LABEL_NAMESPACE, LABEL_STACK, raw};

/// The kind of a thing that a stack may leave behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftoverKind {
    /// A service.
    Service,
    /// A task that swarm has not forgotten and that has a node.
    Task,
    /// A container on this engine.
    Container,
    /// A network.
    Network,
    /// A secret.
    Secret,
    /// A config.
    Config,
    /// A volume on this engine.
    Volume,
}

impl LeftoverKind {
    /// In the order in which they can be taken away.
    pub(super) const ALL: [Self; 7] =
        [Self::Service, Self::Task, Self::Container, Self::Network, Self::Secret, Self::Config, Self::Volume];

    /// `service`, `task`, …
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Task => "task",
            Self::Container => "container",
            Self::Network => "network",
            Self::Secret => "secret",
            Self::Config => "config",
            Self::Volume => "volume",
        }
    }

    /// Known to the engine that has it, and not to the swarm. A network is both: workers lose it after the manager.
    pub(super) fn is_local(self) -> bool {
        matches!(self, Self::Container | Self::Network | Self::Volume)
    }

    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Service => "/services",
            Self::Task => "/tasks",
            Self::Container => "/containers/json?all=true",
            Self::Network => "/networks",
            Self::Secret => "/secrets",
            Self::Config => "/configs",
            Self::Volume => "/volumes",
        }
    }
}

impl std::fmt::Display for LeftoverKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing that belongs to a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// What it is.
    pub kind: LeftoverKind,
    /// Its name (a task's is its id).
    pub name: String,
    /// Its id; a volume's is its name.
    pub id: String,
}

impl std::fmt::Display for Leftover {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

/// Everything on the engine that belongs to a stack: by its labels, or by `<stack>_` in front of its name where no label says that
/// it is another stack's. Empty = clean.
///
/// # Errors
/// The engine could not be asked. An engine that is no swarm (any more) holds no services, tasks, secrets or configs.
pub async fn leftovers(docker: &Docker, stack: &str) -> Result<Vec<Leftover>, DeployError> {
    let mut found = Vec::new();
    for kind in LeftoverKind::ALL {
        found.extend(list(docker, kind, stack).await?);
    }
    Ok(found)
}

/// The stack's things of one kind, sorted by name.
pub(super) async fn list(docker: &Docker, kind: LeftoverKind, stack: &str) -> Result<Vec<Leftover>, DeployError> {
    let listed = match raw::get(docker, kind.path()).await {
        Ok(listed) => listed,
        // 503: the engine is in no swarm, or no manager.
        Err(bollard::errors::Error::DockerResponseServerError { status_code: 503, .. }) => return Ok(Vec::new()),
        Err(error) => return Err(DeployError::engine("list", kind.as_str(), stack)(error)),
    };
    let items = if kind == LeftoverKind::Volume { listed.get("Volumes") } else { Some(&listed) };
    let items = items.and_then(Value::as_array).into_iter().flatten();
    let mut found: Vec<_> = items.filter_map(|item| belongs(kind, item, stack)).collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn belongs(kind: LeftoverKind, item: &Value, stack: &str) -> Option<Leftover> {
    let text = |pointer: &str| item.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    // Swarm 20.10 never forgets the tasks of a removed job that had no node yet. They hold nothing and nobody can remove them.
    if kind == LeftoverKind::Task && text("/NodeID").is_none_or(|node| node.is_empty()) {
        return None;
    }
    let (id, name, labels) = match kind {
        LeftoverKind::Service | LeftoverKind::Secret | LeftoverKind::Config => {
            (text("/ID")?, text("/Spec/Name")?, "/Spec/Labels")
        }
        LeftoverKind::Task => (text("/ID")?, text("/ID")?, "/Spec/ContainerSpec/Labels"),
        LeftoverKind::Container => {
            (text("/Id")?, text("/Names/0").unwrap_or_default().trim_start_matches('/').to_owned(), "/Labels")
        }
        LeftoverKind::Network => (text("/Id")?, text("/Name")?, "/Labels"),
        LeftoverKind::Volume => (text("/Name")?, text("/Name")?, "/Labels"),
    };
    let label = |key: &str| item.pointer(labels).and_then(|labels| labels.get(key)).and_then(Value::as_str);
    let owner = label(LABEL_NAMESPACE).or(label(LABEL_STACK));
    let ours = match owner {
        Some(owner) => owner == stack,
        None => name.strip_prefix(stack).is_some_and(|rest| rest.starts_with('_')),
    };
    ours.then_some(Leftover { kind, name, id })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_stack_owns_by_label_or_by_prefix_but_never_what_is_labelled_otherwise() {
        let volume = |name: &str, labels: Value| {
            belongs(LeftoverKind::Volume, &json!({"Name": name, "Labels": labels}), "shop").is_some()
        };
        assert!(volume("anything", json!({LABEL_NAMESPACE: "shop"})));
        assert!(volume("shop_data", Value::Null));
        assert!(!volume("shopping_data", Value::Null));
        assert!(!volume("shop_two_data", json!({LABEL_NAMESPACE: "shop_two"})));
        let secret = json!({"ID": "x", "Spec": {"Name": "plain", "Labels": {LABEL_STACK: "shop"}}});
        assert!(belongs(LeftoverKind::Secret, &secret, "shop").is_some());
    }
}
