//! Runs a command in a service's running container.

use std::time::{Duration, Instant};

use bollard::container::LogOutput;
use bollard::exec::{StartExecOptions, StartExecResults};
use bollard::models::ExecConfig;
use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;

use crate::swarm::engine::said;
use crate::swarm::observe::{Engines, HealthStatus, ServiceView, TaskState, TaskView};

/// How long to wait for the exit code after the output has ended.
const EXIT_CODE_WAIT: Duration = Duration::from_secs(5);

/// A command to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Program and arguments; no shell is put in between.
    pub argv: Vec<String>,
    /// Variables beside the container's own, as `KEY=value`.
    pub env: Vec<String>,
    /// The user; `None` = the container's own.
    pub user: Option<String>,
    /// The working directory; `None` = the container's own.
    pub dir: Option<String>,
    /// What it reads on standard input.
    pub stdin: Option<Vec<u8>>,
    /// How long it may take.
    pub timeout: Duration,
    /// How much of each output is kept, in bytes, from its beginning.
    pub output_limit: usize,
}

impl Command {
    /// A command with a timeout of a minute and a megabyte of output.
    pub fn new<S: Into<String>>(argv: impl IntoIterator<Item = S>) -> Self {
        Self {
            argv: argv.into_iter().map(Into::into).collect(),
            env: Vec::new(),
            user: None,
            dir: None,
            stdin: None,
            timeout: Duration::from_secs(60),
            output_limit: 1024 * 1024,
        }
    }

    /// A line for the container's shell (`sh -c`).
    pub fn shell(line: impl Into<String>) -> Self {
        Self::new(["sh".to_owned(), "-c".to_owned(), line.into()])
    }
}

/// What came of a command that ran to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The exit code; 126 and 127 also when the engine could not run the command at all.
    pub exit_code: i64,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
    /// One of the outputs was longer than the limit, and was cut.
    pub cut: bool,
    /// How long it took.
    pub took: Duration,
}

impl Output {
    /// Standard output as text.
    pub fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text.
    pub fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}

/// A command could not be run to its end.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// No task of the service runs.
    #[error("cannot run `{command}` in service {service}: none of its tasks is running")]
    NotRunning {
        /// The service's name.
        service: String,
        /// The command.
        command: String,
    },
    /// No engine is known for the task's node.
    #[error(
        "cannot run `{command}` in service {service}: its task runs on node {node}, and no engine is known for that node"
    )]
    UnknownNode {
        /// The service's name.
        service: String,
        /// The command.
        command: String,
        /// The node's identifier.
        node: String,
    },
    /// The engine refused, or the way to it broke.
    #[error("cannot {what} `{command}` in service {service}: {reason}")]
    Engine {
        /// What was attempted.
        what: &'static str,
        /// The service's name.
        service: String,
        /// The command.
        command: String,
        /// Why.
        reason: String,
    },
    /// It took too long. The engine has no way to end it: it may go on in the container until that ends.
    #[error("`{command}` in service {service} did not end within {} s", after.as_secs())]
    TimedOut {
        /// The service's name.
        service: String,
        /// The command.
        command: String,
        /// The time it had.
        after: Duration,
        /// What it wrote until then.
        stdout: Vec<u8>,
        /// What it wrote as errors until then.
        stderr: Vec<u8>,
    },
}

/// Runs a command in the newest running task of a service.
///
/// # Errors
/// When no task runs, the engine refuses, or it takes too long. A command that ends with an error is no error here: see
/// [`Output::exit_code`].
pub async fn in_service(engines: &Engines, service: &ServiceView, command: &Command) -> Result<Output, ExecError> {
    let line = command.argv.join(" ");
    let not_running = || ExecError::NotRunning { service: service.name.clone(), command: line.clone() };
    let running =
        service.tasks.iter().filter(|task| task.state == TaskState::Running && task.desired == TaskState::Running);
    // The newest of the healthy ones, else the newest: tasks are sorted so, and the sort is stable.
    let unwell = |task: &&TaskView| task.health.as_ref().is_some_and(|health| health.status != HealthStatus::Healthy);
    let task = running.min_by_key(|task| (!task.current, unwell(task))).ok_or_else(not_running)?;
    let (Some(container), Some(node)) = (&task.container_id, &task.node_id) else { return Err(not_running()) };
    let engine = engines.node(node).ok_or_else(|| ExecError::UnknownNode {
        service: service.name.clone(),
        command: line.clone(),
        node: node.clone(),
    })?;
    in_container(engine, container, &service.name, command).await
}

/// Runs a command in a container; `service` is for messages.
///
/// # Errors
/// When the engine refuses, or it takes too long.
pub async fn in_container(
    engine: &bollard::Docker,
    container: &str,
    service: &str,
    command: &Command,
) -> Result<Output, ExecError> {
    let line = command.argv.join(" ");
    let begun = Instant::now();
    let mut kept = Kept { stdout: Vec::new(), stderr: Vec::new(), cut: false, limit: command.output_limit };
    match tokio::time::timeout(command.timeout, run(engine, container, service, command, &mut kept)).await {
        Ok(Ok(exit_code)) => {
            Ok(Output { exit_code, stdout: kept.stdout, stderr: kept.stderr, cut: kept.cut, took: begun.elapsed() })
        }
        Ok(Err(error)) => Err(error),
        Err(_) => Err(ExecError::TimedOut {
            service: service.to_owned(),
            command: line,
            after: command.timeout,
            stdout: kept.stdout,
            stderr: kept.stderr,
        }),
    }
}

struct Kept {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    cut: bool,
    limit: usize,
}

impl Kept {
    fn add(&mut self, output: LogOutput) {
        let (strand, message) = match output {
            LogOutput::StdErr { message } => (&mut self.stderr, message),
            LogOutput::StdOut { message } | LogOutput::Console { message } | LogOutput::StdIn { message } => {
                (&mut self.stdout, message)
            }
        };
        let room = self.limit.saturating_sub(strand.len());
        self.cut |= message.len() > room;
        strand.extend_from_slice(&message[..message.len().min(room)]);
    }
}

async fn run(
    engine: &bollard::Docker,
    container: &str,
    service: &str,
    command: &Command,
    kept: &mut Kept,
) -> Result<i64, ExecError> {
    let refused = |what: &'static str, reason: String| ExecError::Engine {
        what,
        service: service.to_owned(),
        command: command.argv.join(" "),
        reason,
    };
    let config = ExecConfig {
        attach_stdin: Some(command.stdin.is_some()),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        cmd: Some(command.argv.clone()),
        env: Some(command.env.clone()).filter(|env| !env.is_empty()),
        user: command.user.clone(),
        working_dir: command.dir.clone(),
        ..ExecConfig::default()
    };
    let made = engine.create_exec(container, config).await.map_err(|error| refused("prepare", said(&error)))?;
    let started =
        engine.start_exec(&made.id, None::<StartExecOptions>).await.map_err(|error| refused("start", said(&error)))?;
    let StartExecResults::Attached { mut output, mut input } = started else {
        return Err(refused("start", "the engine did not attach to it".to_owned()));
    };
    let write = async {
        if let Some(bytes) = &command.stdin {
            // A command that does not read all of it is not at fault: its exit code says what came of it.
            let _ = input.write_all(bytes).await;
        }
        let _ = input.shutdown().await;
    };
    let read = async {
        while let Some(piece) = output.next().await {
            kept.add(piece.map_err(|error| refused("read the output of", said(&error)))?);
        }
        Ok::<(), ExecError>(())
    };
    if command.stdin.is_some() {
        let ((), read) = tokio::join!(write, read);
        read?;
    } else {
        read.await?;
    }
    // The output may end a moment before the engine has noted the exit code.
    let until = Instant::now() + EXIT_CODE_WAIT;
    loop {
        let state =
            engine.inspect_exec(&made.id).await.map_err(|error| refused("learn the exit code of", said(&error)))?;
        match state.exit_code {
            Some(code) if state.running != Some(true) => return Ok(code),
            _ if Instant::now() >= until => {
                return Err(refused("learn the exit code of", "the engine does not tell".to_owned()));
            }
            _ => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}
