//! The engines of a swarm: the manager, and one for each node.

use std::collections::BTreeMap;
use std::sync::Arc;

use bollard::Docker;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::OnceCell;

/// How to reach a swarm: its manager's engine, and the engine of each of its nodes (containers can only be looked at on the node
/// where they run).
#[derive(Debug, Clone)]
pub struct Engines {
    manager: Docker,
    nodes: BTreeMap<String, Docker>,
    /// How far the manager's clock is ahead of ours.
    ahead: Arc<OnceCell<SignedDuration>>,
}

impl Engines {
    /// A swarm with engines by node identifier. Tasks of a node that is not among them are looked for at the manager when the map
    /// is empty, and reported as unknown otherwise.
    pub fn new(manager: Docker, nodes: BTreeMap<String, Docker>) -> Self {
        Self { manager, nodes, ahead: Arc::default() }
    }

    /// The manager's engine.
    pub fn manager(&self) -> &Docker {
        &self.manager
    }

    /// The engine of a node.
    pub fn node(&self, id: &str) -> Option<&Docker> {
        if self.nodes.is_empty() { Some(&self.manager) } else { self.nodes.get(id) }
    }

    /// Every engine once, with a name for messages.
    pub fn all(&self) -> Vec<(String, &Docker)> {
        if self.nodes.is_empty() {
            return vec![("manager".to_owned(), &self.manager)];
        }
        self.nodes.iter().map(|(id, docker)| (id.clone(), docker)).collect()
    }

    /// The time by the manager's clock: an engine may run on another machine, and its times are compared with this one. When the
    /// engine does not tell its time, ours is taken.
    pub async fn now(&self) -> Timestamp {
        let ahead = self.ahead.get_or_try_init(|| async {
            let before = Timestamp::now();
            let info = self.manager.info().await.map_err(drop)?;
            let after = Timestamp::now();
            let theirs: Timestamp = info.system_time.ok_or(())?.parse().map_err(drop)?;
            let middle = before.saturating_add(before.duration_until(after) / 2).unwrap_or(before);
            Ok::<_, ()>(middle.duration_until(theirs))
        });
        let ahead = ahead.await.copied().unwrap_or(SignedDuration::ZERO);
        let now = Timestamp::now();
        now.saturating_add(ahead).unwrap_or(now)
    }
}
