//! The stack's volumes on the nodes, and what lies in them.

use std::collections::BTreeMap;

use crate::agent::{FileEntry, FileKind, FilesRequest};
use crate::compose::backup::Selected;
use crate::swarm::deploy::DeployOptions;
use crate::swarm::engine::is_missing;
use crate::swarm::observe::TaskState;
use crate::trial::session::Session;
use crate::trial::trouble::Trouble;

/// Every file below a root, by path.
pub(in crate::trial) type Manifest = BTreeMap<String, FileEntry>;

/// A volume of the stack, on the node that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::trial) struct Volume {
    /// The key in the compose file.
    pub key: String,
    /// The number of its node; the manager is 0.
    pub node: usize,
    /// Where its files are on that node.
    pub root: String,
    /// When it was made, in seconds since 1970.
    pub made: i64,
}

impl Volume {
    /// What of it the run wrote. What an image brings along has times before the volume's.
    pub(in crate::trial) fn is_written(&self, manifest: &Manifest) -> bool {
        manifest.values().any(|entry| entry.kind != FileKind::Folder && entry.changed >= self.made - 1)
    }
}

/// The named volumes of the stack that are on the nodes; external ones are somebody else's.
pub(in crate::trial) async fn there(session: &Session) -> Result<Vec<Volume>, Trouble> {
    let spec = session.subject.stack_spec(&DeployOptions::default())?;
    let mut found = Vec::new();
    for volume in spec.volumes.iter().filter(|volume| !volume.external) {
        for (number, node) in session.cluster.nodes.iter().enumerate() {
            let inspected = match node.engine.inspect_volume(&volume.name).await {
                Ok(inspected) => inspected,
                Err(error) if is_missing(&error) => continue,
                Err(error) => {
                    return Err(Trouble::errored(
                        "engine",
                        format!("cannot inspect the volume {}: {error}", volume.name),
                    )
                    .advise("The node's engine went away; run it again."));
                }
            };
            if inspected.driver == "local" {
                let made = inspected.created_at.map_or(0, |at| at.unix_timestamp());
                found.push(Volume { key: volume.key.clone(), node: number, root: inspected.mountpoint, made });
            }
        }
    }
    Ok(found)
}

/// Everything in these volumes, by key.
pub(super) async fn describe(session: &Session, volumes: &[Volume]) -> Result<BTreeMap<String, Manifest>, Trouble> {
    let mut all: BTreeMap<String, Manifest> = BTreeMap::new();
    for volume in volumes {
        let manifest = all.entry(volume.key.clone()).or_default();
        let request = FilesRequest::Describe { root: volume.root.clone(), paths: Vec::new() };
        ask(session, volume.node, request, |entry| drop(manifest.insert(entry.path.clone(), entry))).await?;
    }
    Ok(all)
}

/// Has the agent of a node do something with files.
pub(super) async fn ask(
    session: &Session,
    node: usize,
    request: FilesRequest,
    tell: impl FnMut(FileEntry),
) -> Result<(), Trouble> {
    let Some(node) = session.cluster.nodes.get(node) else {
        return Err(Trouble::errored("node-link", format!("there is no node {node}")).advise("Run it again."));
    };
    node.link.files(request, tell).await.map_err(|error| {
        let said = error.to_string();
        if said.contains("No space left") {
            return Trouble::errored("disk-full", said)
                .advise("Free disk space on the engine (`docker system df` tells where it went), and try again.");
        }
        if said.contains("Read-only file system") || said.contains("leads out of its root") {
            return Trouble::failed("backup-path", said)
                .advise("Let the labels select paths that lie in a volume and can be written back.");
        }
        error.into()
    })
}

/// Where the files of a service's running container are, and on which node.
pub(super) async fn container(session: &mut Session, service: &str) -> Result<(usize, String), Trouble> {
    let view = session.look().await?;
    let tasks = view.services.iter().filter(|view| view.short_name == service).flat_map(|view| &view.tasks);
    for task in tasks.filter(|task| task.state == TaskState::Running && task.desired == TaskState::Running) {
        let (Some(container), Some(id)) = (&task.container_id, &task.node_id) else { continue };
        let found = session.cluster.nodes.iter().enumerate().find(|(_, node)| node.swarm_id == *id);
        let Some((number, node)) = found else { continue };
        let state = node.engine.inspect_container(container, None).await.ok().and_then(|inspected| inspected.state);
        if let Some(pid) = state.and_then(|state| state.pid).filter(|pid| *pid > 0) {
            return Ok((number, format!("/proc/{pid}/root")));
        }
    }
    Err(Trouble::failed("not-running", format!("{service}: no container runs whose files could be backed up"))
        .advise("Its log says why it ended."))
}

/// The paths for the agent: none is everything.
pub(super) fn paths(selected: &Selected) -> Option<Vec<String>> {
    match selected {
        Selected::Whole => Some(Vec::new()),
        Selected::Paths(paths) => Some(paths.clone()),
        Selected::Nothing => None,
    }
}
