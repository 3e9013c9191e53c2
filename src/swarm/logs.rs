//! Logs of tasks: the last lines, and all of them as they are written.
//!
//! They are read from the container on its node's engine, so that each line is known to belong to its task (the manager's service
//! logs do not say which).

use std::collections::{HashSet, VecDeque};
use std::fmt;

use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::query_parameters::LogsOptionsBuilder;
use futures_util::StreamExt;
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::swarm::engine::said;
use crate::swarm::observe::{Engines, StackView, TaskView};

/// What is kept of one line.
const LINE_BYTES: usize = 4 * 1024;

/// Where a line was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Output {
    /// Standard output, or a terminal.
    Stdout,
    /// Standard error.
    Stderr,
}

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// When the engine received it.
    pub at: Option<Timestamp>,
    /// Where it was written to.
    pub output: Output,
    /// The line without its end, cut at 4 KiB, control characters left out.
    pub text: String,
}

/// How much of a log to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLimits {
    /// At most so many lines, the last ones.
    pub lines: usize,
    /// At most so many bytes, the last ones.
    pub bytes: usize,
}

/// A log could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The task has no container (yet).
    #[error("task {task} has no container, and so no log")]
    NoContainer {
        /// The task.
        task: String,
    },
    /// No engine is known for the task's node.
    #[error("task {task} runs on node {node}, and no engine is known for that node")]
    UnknownNode {
        /// The task.
        task: String,
        /// The node's identifier.
        node: String,
    },
    /// The engine did not give it.
    #[error("the engine did not give the log of task {task}: {}", said(.source))]
    Engine {
        /// The task.
        task: String,
        /// Why.
        source: Error,
    },
}

/// The last lines of a task's log, oldest first.
///
/// # Errors
/// When the task has no container, or the engine does not give its log (the container is gone, its log driver keeps nothing).
pub async fn task_tail(engines: &Engines, task: &TaskView, limits: LogLimits) -> Result<Vec<LogLine>, LogError> {
    let (engine, container) = place(engines, task)?;
    let tail = limits.lines.to_string();
    let options = LogsOptionsBuilder::default().stdout(true).stderr(true).timestamps(true).tail(&tail).build();
    let mut stream = std::pin::pin!(engine.logs(&container, Some(options)));
    let mut kept: VecDeque<LogLine> = VecDeque::new();
    let mut bytes = 0;
    while let Some(output) = stream.next().await {
        let line = line(output.map_err(|source| LogError::Engine { task: task.id.clone(), source })?);
        bytes += line.text.len();
        kept.push_back(line);
        while kept.len() > limits.lines || bytes > limits.bytes {
            let Some(dropped) = kept.pop_front() else { break };
            bytes -= dropped.text.len();
        }
    }
    // Standard output and standard error arrive in two strands.
    let mut kept: Vec<LogLine> = kept.into();
    kept.sort_by_key(|line| line.at);
    Ok(kept)
}

/// A line with the task that wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskLine {
    /// The service's short name.
    pub service: String,
    /// The task: `<slot>.<first eight characters of its identifier>`.
    pub task: String,
    /// The line.
    pub line: LogLine,
}

impl fmt::Display for TaskLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(at) = self.line.at {
            write!(f, "{at:.3} ")?;
        }
        let mark = if self.line.output == Output::Stderr { '!' } else { '|' };
        write!(f, "{} {mark} {}", self.task, self.line.text)
    }
}

/// Follows every task of a stack from its first line to its last. Lines come out of the receiver that was handed out with it, so that
/// whoever writes them can redact them first; dropping the follower stops it.
#[derive(Debug)]
pub struct Follower {
    engines: Engines,
    seen: HashSet<String>,
    tell: mpsc::Sender<TaskLine>,
    followed: JoinSet<()>,
    bytes: usize,
}

impl Follower {
    /// A follower that forwards at most `bytes` of each task's log (a line then says that it was cut).
    pub fn new(engines: Engines, bytes: usize) -> (Self, mpsc::Receiver<TaskLine>) {
        let (tell, lines) = mpsc::channel(1024);
        (Self { engines, seen: HashSet::new(), tell, followed: JoinSet::new(), bytes }, lines)
    }

    /// Starts to follow the tasks in the view that it does not follow yet. Must be called within a tokio runtime.
    pub fn look(&mut self, view: &StackView) {
        while self.followed.try_join_next().is_some() {}
        for service in &view.services {
            for task in service.tasks.iter().filter(|task| task.container_id.is_some()) {
                if self.seen.contains(&task.id) {
                    continue;
                }
                let Ok((engine, container)) = place(&self.engines, task) else { continue };
                self.seen.insert(task.id.clone());
                let name = format!("{}.{}", task.slot, task.id.chars().take(8).collect::<String>());
                let (engine, tell, service, bytes) =
                    (engine.clone(), self.tell.clone(), service.short_name.clone(), self.bytes);
                self.followed.spawn(async move { follow(&engine, &container, &service, &name, bytes, &tell).await });
            }
        }
    }

    /// Waits until the logs of all followed tasks have ended, or the deadline: for use after a teardown, so that last words are kept.
    pub async fn finish(mut self, within: std::time::Duration) {
        let all = async { while self.followed.join_next().await.is_some() {} };
        // A task that goes on writing beyond the deadline is cut off; that is what the deadline is for.
        let _ = tokio::time::timeout(within, all).await;
    }
}

async fn follow(
    engine: &bollard::Docker,
    container: &str,
    service: &str,
    task: &str,
    bytes: usize,
    tell: &mpsc::Sender<TaskLine>,
) {
    let options = LogsOptionsBuilder::default().stdout(true).stderr(true).timestamps(true).follow(true).build();
    let mut stream = std::pin::pin!(engine.logs(container, Some(options)));
    let mut left = bytes;
    while let Some(output) = stream.next().await {
        let (mut line, ended) = match output {
            Ok(output) => (line(output), false),
            Err(error) => (note(format!("taster: the log could not be read on: {error}")), true),
        };
        let cut = line.text.len() > left;
        if cut {
            line = note(format!("taster: the log is cut here, after {bytes} bytes"));
        }
        left = left.saturating_sub(line.text.len() + 1);
        let line = TaskLine { service: service.to_owned(), task: task.to_owned(), line };
        if tell.send(line).await.is_err() || cut || ended {
            return;
        }
    }
}

fn note(text: String) -> LogLine {
    LogLine { at: None, output: Output::Stderr, text }
}

fn place<'a>(engines: &'a Engines, task: &TaskView) -> Result<(&'a bollard::Docker, String), LogError> {
    let (Some(container), Some(node)) = (&task.container_id, &task.node_id) else {
        return Err(LogError::NoContainer { task: task.id.clone() });
    };
    let engine =
        engines.node(node).ok_or_else(|| LogError::UnknownNode { task: task.id.clone(), node: node.clone() })?;
    Ok((engine, container.clone()))
}

fn line(output: LogOutput) -> LogLine {
    let (output, message) = match output {
        LogOutput::StdErr { message } => (Output::Stderr, message),
        LogOutput::StdOut { message } | LogOutput::Console { message } | LogOutput::StdIn { message } => {
            (Output::Stdout, message)
        }
    };
    let text = String::from_utf8_lossy(&message);
    let text = text.trim_end_matches(['\n', '\r']);
    let (at, text) = match text.split_once(' ') {
        Some((first, rest)) => first.parse::<Timestamp>().map_or((None, text), |at| (Some(at), rest)),
        None => text.parse::<Timestamp>().map_or((None, text), |at| (Some(at), "")),
    };
    let mut text: String = text.chars().filter(|c| !c.is_control() || *c == '\t').collect();
    if text.len() > LINE_BYTES {
        let mut end = LINE_BYTES;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push('…');
    }
    LogLine { at, output, text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> LogLine {
        line(LogOutput::StdOut { message: text.to_owned().into() })
    }

    #[test]
    fn the_engines_time_is_taken_off() {
        let line = read("2026-11-21T01:54:20.083470704Z boom at 5\n");
        assert_eq!(line.text, "boom at 5");
        assert_eq!(line.at.map(|at| at.to_string()).as_deref(), Some("2026-11-21T01:54:20.083470704Z"));
        assert_eq!(read("2026-11-21T01:54:20.083470704Z\n").text, "");
        assert_eq!(read("no time here\r\n").text, "no time here");
    }

    #[test]
    fn control_characters_and_long_lines_do_no_harm() {
        assert_eq!(read("\u{1b}[31mred\u{1b}[0m\u{7}").text, "[31mred[0m");
        let long = read(&"ä".repeat(10_000));
        assert!(long.text.len() <= LINE_BYTES + '…'.len_utf8(), "{}", long.text.len());
        assert!(long.text.ends_with('…'));
    }
}
