//! Snapshots of an app's data at a release, so that several ways can start there and only one install is paid for (design.md §3.5).
//!
//! The containers are held still, everything in the volumes is copied in the node, and they go on. What the operator has is kept with it
//! by who asked for the snapshot.

use bollard::models::VolumeCreateRequest;

use crate::agent::FilesRequest;
use crate::swarm::deploy::{DeployOptions, LABEL_NAMESPACE};
use crate::swarm::engine::EngineError;
use crate::swarm::freeze::Frozen;
use crate::trial::backup::volumes;
use crate::trial::session::Session;
use crate::trial::trouble::Trouble;

/// The copy of everything in one volume.
#[derive(Debug)]
struct Part {
    /// The volume's key in the compose file.
    key: String,
    /// The number of its node.
    node: usize,
    /// The copy's name.
    store: String,
}

/// The copy of everything in all volumes.
#[derive(Debug)]
pub(super) struct Snapshot {
    parts: Vec<Part>,
}

impl Snapshot {
    /// Copies what is on the nodes now.
    ///
    /// # Errors
    /// When it cannot be copied: no fault of the recipe.
    pub(super) async fn take(session: &mut Session, name: &str) -> Result<Self, Trouble> {
        let volumes = volumes::there(session).await?;
        let engines = session.cluster.engines();
        let frozen = Frozen::hold(&engines, &session.subject.stack).await?;
        let mut parts = Vec::new();
        let mut copied = Ok(());
        for (number, volume) in volumes.iter().enumerate() {
            let store = format!("{name}-{number}");
            let request = FilesRequest::Save { root: volume.root.clone(), paths: Vec::new(), store: store.clone() };
            copied = volumes::ask(session, volume.node, request, drop).await;
            if copied.is_err() {
                break;
            }
            parts.push(Part { key: volume.key.clone(), node: volume.node, store });
        }
        frozen.thaw().await?;
        copied?;
        Ok(Self { parts })
    }

    /// Makes the volumes of the stack, which must not be there, and writes everything into them; the stack is deployed over them then.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) async fn put_back(&self, session: &mut Session) -> Result<(), Trouble> {
        let spec = session.subject.stack_spec(&DeployOptions::default())?;
        for part in &self.parts {
            let name = spec.volumes.iter().find(|volume| volume.key == part.key).map(|volume| volume.name.clone());
            let (Some(name), Some(node)) = (name, session.cluster.nodes.get(part.node)) else { continue };
            let own = session.subject.project.volumes.get(&part.key);
            let mut labels: std::collections::HashMap<String, String> =
                own.map(|own| own.labels.clone().into_iter().collect()).unwrap_or_default();
            labels.insert(LABEL_NAMESPACE.to_owned(), session.subject.stack.clone());
            let request = VolumeCreateRequest {
                name: Some(name.clone()),
                driver_opts: own.map(|own| own.driver_opts.clone().into_iter().collect()),
                labels: Some(labels),
                ..Default::default()
            };
            let made = node.engine.create_volume(request).await;
            let root = made.map_err(EngineError::refused(format!("create the volume {name}")))?.mountpoint;
            let request = FilesRequest::Load { store: part.store.clone(), root, whole: true };
            volumes::ask(session, part.node, request, drop).await?;
        }
        Ok(())
    }

    /// Forgets the copies.
    ///
    /// # Errors
    /// When the node is gone.
    pub(super) async fn forget(self, session: &Session) -> Result<(), Trouble> {
        for part in self.parts {
            volumes::ask(session, part.node, FilesRequest::Forget { store: part.store }, drop).await?;
        }
        Ok(())
    }
}
