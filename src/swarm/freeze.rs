//! Holding containers still for a moment, so that what they write can be copied as it was at one time.

use bollard::Docker;
use bollard::query_parameters::ListContainersOptions;

use super::deploy::LABEL_NAMESPACE;
use super::engine::{EngineError, is_missing};

/// Containers that are held still. They must be let go by [`Frozen::thaw`]: an engine does not do it by itself.
#[derive(Debug)]
#[must_use]
pub struct Frozen<'a> {
    held: Vec<(&'a Docker, String)>,
}

impl<'a> Frozen<'a> {
    /// Holds every running container of a stack on these engines. Meanwhile the engine asks no healthcheck.
    ///
    /// # Errors
    /// When an engine refuses; what was held already runs again then.
    pub async fn hold(engines: &[&'a Docker], stack: &str) -> Result<Self, EngineError> {
        let mut frozen = Self { held: Vec::new() };
        for engine in engines {
            if let Err(error) = frozen.hold_on(engine, stack).await {
                frozen.thaw().await?;
                return Err(error);
            }
        }
        Ok(frozen)
    }

    async fn hold_on(&mut self, engine: &'a Docker, stack: &str) -> Result<(), EngineError> {
        let filters = [
            ("label".to_owned(), vec![format!("{LABEL_NAMESPACE}={stack}")]),
            ("status".to_owned(), vec!["running".to_owned()]),
        ];
        let options = ListContainersOptions { filters: Some(filters.into()), ..Default::default() };
        let listed = engine.list_containers(Some(options)).await;
        let listed = listed.map_err(EngineError::refused(format!("list the containers of {stack}")))?;
        for id in listed.into_iter().filter_map(|container| container.id) {
            match engine.pause_container(&id).await {
                Ok(()) => self.held.push((engine, id)),
                // It has just ended.
                Err(error) if is_missing(&error) || is_conflict(&error) => {}
                Err(error) => return Err(EngineError::refused(format!("pause the container {id}"))(error)),
            }
        }
        Ok(())
    }

    /// Lets all of them go on.
    ///
    /// # Errors
    /// The first engine that refuses, once all were asked.
    pub async fn thaw(self) -> Result<(), EngineError> {
        let mut first = Ok(());
        for (engine, id) in self.held {
            match engine.unpause_container(&id).await {
                Err(error) if !is_missing(&error) && !is_conflict(&error) && first.is_ok() => {
                    first = Err(EngineError::refused(format!("let the container {id} go on"))(error));
                }
                _ => {}
            }
        }
        first
    }
}

/// The container is not in the state for it.
fn is_conflict(error: &bollard::errors::Error) -> bool {
    matches!(error, bollard::errors::Error::DockerResponseServerError { status_code: 409, .. })
}
