//! What writes to an app again and again, beside what is done to it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::whole::Written;
use crate::agent::{Link, SqliteRequest};
use crate::swarm::exec::{self, Command};
use crate::swarm::observe::{Engines, ServiceView};

/// Pause between two numbers.
const PAUSE: Duration = Duration::from_millis(50);

/// How long one number may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Where the numbers go. It holds what it needs of the session, which others use meanwhile.
#[derive(Debug)]
pub(super) enum Target {
    /// A command in a service's container, made of the number.
    Command { engines: Engines, service: Box<ServiceView>, argv: fn(&str, u64) -> Vec<String>, text: String },
    /// These SQLite databases below a root of a node: statements with `{n}`.
    Sqlite { link: Link, root: String, only: Vec<String>, statements: String },
}

impl Target {
    async fn write(&self, number: u64) -> Result<(), String> {
        match self {
            Self::Command { engines, service, argv, text } => {
                let mut command = Command::new(argv(text, number));
                command.timeout = LIMIT;
                match exec::in_service(engines, service, &command).await {
                    Ok(output) if output.exit_code == 0 => Ok(()),
                    Ok(output) => {
                        let said = [output.stderr_text(), output.stdout_text()];
                        let said = said.iter().map(|said| said.trim()).find(|said| !said.is_empty());
                        Err(format!("exit code {}: {}", output.exit_code, said.unwrap_or_default()))
                    }
                    Err(error) => Err(error.to_string()),
                }
            }
            Self::Sqlite { link, root, only, statements } => {
                let statements = statements.replace("{n}", &number.to_string());
                let request = SqliteRequest::Tell { root: root.clone(), only: only.clone(), statements };
                let said = link.sqlite(request).await.map_err(|error| error.to_string())?;
                match said.troubles.first() {
                    Some((file, why)) => Err(format!("{file}: {why}")),
                    None => Ok(()),
                }
            }
        }
    }
}

/// A writer at work. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Writer {
    /// What it is called in evidence.
    pub(super) name: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    tried: AtomicU64,
    safe: AtomicU64,
    stop: AtomicBool,
    trouble: Mutex<Option<String>>,
}

impl Writer {
    pub(super) fn start(name: String, target: Target) -> Self {
        let shared = Arc::new(Shared::default());
        let told = shared.clone();
        let task = tokio::spawn(async move {
            for number in 1.. {
                if told.stop.load(Ordering::Relaxed) {
                    return;
                }
                told.tried.store(number, Ordering::Relaxed);
                if let Err(why) = target.write(number).await {
                    // A hook may stop the app for a moment. Whether this number was written nobody knows, so none follows it.
                    if let Ok(mut trouble) = told.trouble.lock() {
                        *trouble = Some(why);
                    }
                    return;
                }
                told.safe.store(number, Ordering::Relaxed);
                tokio::time::sleep(PAUSE).await;
            }
        });
        Self { name, shared, task }
    }

    /// How many numbers are safe.
    pub(super) fn safe(&self) -> u64 {
        self.shared.safe.load(Ordering::Relaxed)
    }

    /// Why it ended, if it did.
    pub(super) fn trouble(&self) -> Option<String> {
        self.shared.trouble.lock().ok().and_then(|trouble| trouble.clone())
    }

    /// Ends it after the number that it is about; `before` of them were safe when the backup began.
    pub(super) async fn stop(mut self, before: u64) -> Written {
        self.shared.stop.store(true, Ordering::Relaxed);
        // It ends at the latest when its number has taken too long.
        let _ = tokio::time::timeout(LIMIT + PAUSE, &mut self.task).await;
        Written { before, tried: self.shared.tried.load(Ordering::Relaxed) }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
