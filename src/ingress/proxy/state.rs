//! What the proxy knows at the moment: the routes, and where the tasks are.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use super::compiled::CompiledTable;
use crate::ingress::routes::RouteTable;

/// Tasks by compose service.
pub type Upstreams = BTreeMap<String, Vec<Upstream>>;

/// One running task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upstream {
    /// The task's identifier.
    pub task: String,
    /// Its address as the node reaches it.
    pub address: IpAddr,
    /// Container ports that are reached elsewhere, such as at a published port.
    #[serde(default)]
    pub ports: BTreeMap<u16, SocketAddr>,
}

impl Upstream {
    /// A task whose ports are reached at its own address.
    #[must_use]
    pub fn new(task: impl Into<String>, address: IpAddr) -> Self {
        Self { task: task.into(), address, ports: BTreeMap::new() }
    }

    /// Where a container port is reached.
    #[must_use]
    pub fn socket(&self, port: u16) -> SocketAddr {
        self.ports.get(&port).copied().unwrap_or_else(|| SocketAddr::new(self.address, port))
    }
}

/// Why a table cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("router or middleware '{name}': {reason}")]
pub struct StateError {
    /// The router or middleware.
    pub name: String,
    /// Why.
    pub reason: String,
}

/// The proxy's state; clones share it.
#[derive(Debug, Clone, Default)]
pub struct SharedState {
    current: Arc<RwLock<Arc<State>>>,
}

/// One state; a request sees the same one from its beginning to its end.
#[derive(Debug, Default)]
pub(super) struct State {
    pub table: Arc<CompiledTable>,
    upstreams: Upstreams,
    turns: Arc<Mutex<HashMap<String, usize>>>,
}

impl SharedState {
    /// A state without routes and tasks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces the routes; the tasks stay.
    ///
    /// # Errors
    /// When the table holds a pattern that does not compile, which [`RouteTable::from_project`] never makes.
    pub fn set_routes(&self, table: RouteTable) -> Result<(), StateError> {
        let table = Arc::new(CompiledTable::new(table)?);
        self.change(|old| State { table, upstreams: old.upstreams.clone(), turns: Arc::clone(&old.turns) });
        Ok(())
    }

    /// Replaces the tasks; the routes stay.
    pub fn set_upstreams(&self, upstreams: Upstreams) {
        self.change(|old| State { table: Arc::clone(&old.table), upstreams, turns: Arc::clone(&old.turns) });
    }

    fn change(&self, next: impl FnOnce(&State) -> State) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(next(&current));
    }

    pub(super) fn current(&self) -> Arc<State> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    /// The running tasks of a service.
    pub(super) fn tasks(&self, service: &str) -> &[Upstream] {
        self.upstreams.get(service).map_or(&[], Vec::as_slice)
    }

    /// Counts the turns of a round robin among `length`; each name has a count of its own, which outlives a change of tasks.
    pub(super) fn turn(&self, name: &str, length: usize) -> usize {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = turns.entry(name.to_owned()).or_default();
        let now = turn.checked_rem(length).unwrap_or_default();
        *turn = turn.wrapping_add(1);
        now
    }
}
