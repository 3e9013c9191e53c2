//! A wake-up whenever the stack may have changed.
//!
//! The engine tells of containers, services and nodes, and not of tasks: a task follows its container some tens of milliseconds later.
//! So each event is followed by a few more wake-ups; a slow poll stands behind all of it.

use std::collections::HashMap;
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::EventsOptionsBuilder;
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

use super::engines::Engines;

/// The slow poll.
const POLL: Duration = Duration::from_millis(500);
/// When to look again after an event.
const ECHOES: [Duration; 3] = [Duration::from_millis(60), Duration::from_millis(150), Duration::from_millis(350)];
/// Pause before a broken stream of events is opened again.
const REOPEN: Duration = Duration::from_millis(500);
/// Events of containers that change nothing for a task (each run of a healthcheck makes three) are left out by naming the others.
const CONTAINER_EVENTS: [&str; 9] =
    ["create", "start", "die", "oom", "kill", "stop", "destroy", "update", "health_status"];

/// Why to look.
#[derive(Debug)]
pub enum Wake {
    /// An engine told of a change, or did so a moment ago.
    Event,
    /// Nothing was told for a while.
    Poll,
    /// An engine's stream of events broke: engine trouble, and nothing that a recipe did. It is opened again, so this comes once for
    /// each time.
    Trouble {
        /// Which engine.
        engine: String,
        /// Why.
        reason: String,
    },
}

enum Told {
    Change,
    Broken { engine: String, reason: String },
}

/// The wake-ups; dropping it stops listening.
#[derive(Debug)]
pub struct Changes {
    told: mpsc::Receiver<Told>,
    echoes: Vec<Instant>,
    /// Owned so that the listeners end with it.
    _listeners: JoinSet<()>,
}

impl std::fmt::Debug for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Change => f.write_str("Change"),
            Self::Broken { engine, .. } => write!(f, "Broken({engine})"),
        }
    }
}

/// Listens to every engine. Must be called within a tokio runtime.
pub fn changes(engines: &Engines) -> Changes {
    // One pending message for each engine is enough: a wake-up says that something changed, not what.
    let (tell, told) = mpsc::channel(16);
    let mut listeners = JoinSet::new();
    listeners.spawn(listen(
        "manager".to_owned(),
        engines.manager().clone(),
        &["service", "node", "container"],
        tell.clone(),
    ));
    for (name, docker) in engines.all().into_iter().filter(|(name, _)| name != "manager") {
        listeners.spawn(listen(format!("node {name}"), docker.clone(), &["container"], tell.clone()));
    }
    Changes { told, echoes: Vec::new(), _listeners: listeners }
}

impl Changes {
    /// Waits until it is time to look again: at most half a second.
    pub async fn next(&mut self) -> Wake {
        let poll = Instant::now() + POLL;
        let echo = self.echoes.iter().min().copied();
        let until = echo.map_or(poll, |echo| echo.min(poll));
        match timeout_at(until, self.told.recv()).await {
            Ok(Some(Told::Change)) => {
                while let Ok(more) = self.told.try_recv() {
                    if let Told::Broken { engine, reason } = more {
                        return Wake::Trouble { engine, reason };
                    }
                }
                let now = Instant::now();
                self.echoes = ECHOES.iter().map(|after| now + *after).collect();
                Wake::Event
            }
            Ok(Some(Told::Broken { engine, reason })) => Wake::Trouble { engine, reason },
            // Every listener is gone: they never end by themselves, so this is a runtime that shuts down.
            Ok(None) => {
                tokio::time::sleep_until(until).await;
                Wake::Poll
            }
            Err(_) => {
                let now = Instant::now();
                self.echoes.retain(|echo| *echo > now);
                if echo.is_some_and(|echo| echo <= now) { Wake::Event } else { Wake::Poll }
            }
        }
    }
}

async fn listen(engine: String, docker: Docker, kinds: &'static [&'static str], tell: mpsc::Sender<Told>) {
    let mut names: Vec<&str> = CONTAINER_EVENTS.to_vec();
    if kinds.contains(&"service") {
        names.push("remove");
    }
    let filters = HashMap::from([("type", kinds.to_vec()), ("event", names)]);
    loop {
        let options = EventsOptionsBuilder::default().filters(&filters).build();
        let mut events = Box::pin(docker.events(Some(options)));
        let reason = loop {
            match events.next().await {
                // An event that the library cannot read is an event all the same.
                Some(Ok(_) | Err(Error::JsonDataError { .. } | Error::JsonSerdeError { .. })) => {
                    if tell.send(Told::Change).await.is_err() {
                        return;
                    }
                }
                Some(Err(error)) => break error.to_string(),
                None => break "the engine ended the stream".to_owned(),
            }
        };
        if tell.send(Told::Broken { engine: engine.clone(), reason }).await.is_err() {
            return;
        }
        sleep(REOPEN).await;
    }
}
