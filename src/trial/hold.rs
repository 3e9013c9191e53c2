//! Holding a run with everything in place, for whoever wants to look at it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::session::Session;
use super::smoke;
use crate::swarm::observe::TaskState;

/// When a run is held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum When {
    /// Never.
    #[default]
    Never,
    /// After the last step, before anything is removed.
    AtEnd,
    /// At the first step that fails; the rest of the plan is blocked then.
    AtFailure,
}

/// How to get at a run that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The node's engine, as `DOCKER_HOST` takes it.
    pub docker_host: String,
    /// The stack's name.
    pub stack: String,
    /// The step that failed, when one did.
    pub failed: Option<String>,
    /// The service at fault and its running container, or else the first of the stack that runs.
    pub container: Option<(String, String)>,
}

type Look = dyn Fn(Held) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync;

/// Whether and when a run is held, and what happens meanwhile: the run goes on when that ends.
#[derive(Clone, Default)]
pub struct Hold {
    /// When.
    pub when: When,
    look: Option<Arc<Look>>,
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hold").field("when", &self.when).finish_non_exhaustive()
    }
}

impl Hold {
    /// Holds a run until `look` is done with it.
    pub fn new<F>(when: When, look: impl Fn(Held) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self { when, look: Some(Arc::new(move |held| Box::pin(look(held)))) }
    }

    /// Lets whoever wants look; `failed` is the step that failed, and the service at fault.
    pub(super) async fn here(&self, session: &mut Session, failed: Option<(String, Option<String>)>) {
        let Some(look) = &self.look else { return };
        // Somebody may stay for hours.
        smoke::end(session).await;
        let (failed, at_fault) = failed.map_or((None, None), |(step, service)| (Some(step), service));
        // A stack that cannot be seen any more can still be looked at by its engine.
        let view = session.look().await.ok();
        let running = view.iter().flat_map(|view| &view.services).flat_map(|service| {
            let tasks = service.tasks.iter().filter(|task| task.state == TaskState::Running);
            tasks.filter_map(|task| Some((service.short_name.clone(), task.container_id.clone()?)))
        });
        let running: Vec<(String, String)> = running.collect();
        let container = running.iter().find(|(service, _)| Some(service) == at_fault.as_ref()).or(running.first());
        let held = Held {
            docker_host: session.cluster.manager().docker_host(),
            stack: session.subject.stack.clone(),
            failed,
            container: container.cloned(),
        };
        look(held).await;
    }
}
