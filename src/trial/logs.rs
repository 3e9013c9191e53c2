//! The logs of every service, into the run's folder as they are written: of every task, also of those that swarm forgets.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::run::{RunFolder, RunLog};
use crate::swarm::logs::{Follower, TaskLine};
use crate::swarm::observe::{Engines, StackView};

/// What is kept of one task's log, in bytes.
const LIMIT: usize = 4 << 20;

/// How long to wait for last words.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Writes `logs/<service>.<task>.log` for every task of the stack. What cannot be read or written is noted: the outcome does not rest
/// on it.
#[derive(Debug)]
pub(super) struct LogWriter {
    running: Option<(Follower, JoinHandle<()>)>,
}

impl LogWriter {
    pub(super) fn new(engines: Engines, folder: RunFolder, log: RunLog) -> Self {
        let (follower, lines) = Follower::new(engines, LIMIT);
        Self { running: Some((follower, tokio::spawn(write(lines, folder, log)))) }
    }

    /// Follows the tasks that are new in this view.
    pub(super) fn follow(&mut self, view: &StackView) {
        if let Some((follower, _)) = &mut self.running {
            follower.look(view);
        }
    }

    /// Waits until the logs have ended, for a moment at most; nothing is followed any more.
    pub(super) async fn finish(&mut self) {
        let Some((follower, writer)) = self.running.take() else { return };
        follower.finish(LAST_WORDS).await;
        // It ends with the last of the lines; a panic in it would have been told by the runtime.
        let _ = writer.await;
    }
}

async fn write(mut lines: mpsc::Receiver<TaskLine>, folder: RunFolder, log: RunLog) {
    let mut files: HashMap<String, Option<File>> = HashMap::new();
    while let Some(line) = lines.recv().await {
        let name = format!("logs/{}.{}.log", line.service, line.task);
        let file = files.entry(name.clone()).or_insert_with(|| {
            let opened = OpenOptions::new().create(true).append(true).open(folder.path().join(&name));
            opened.map_err(|error| log.note(format!("the log {name} cannot be kept: {error}"))).ok()
        });
        let text = log.redactor().clean(&format!("{line}\n"));
        if let Some(Err(error)) = file.as_mut().map(|file| file.write_all(text.as_bytes())) {
            log.note(format!("the log {name} is not whole: {error}"));
            *file = None;
        }
    }
}
