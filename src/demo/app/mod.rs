//! The demo app: a small web app that keeps notes, with every fault that a test wants to see caught.
//!
//! It is a program of its own that happens to live in taster's executable, because that executable is the only thing that a
//! machine without a registry is sure to have. It runs as process 1 of a container, and speaks through its log, as apps do.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Subcommand};

mod boot;
mod client;
mod fault;
mod shell;
mod store;
mod web;

pub use fault::{Fault, UnknownFault};
pub use store::Version;

/// How long `health` waits for the answer.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a torn dump takes.
const TORN_FOR: Duration = Duration::from_secs(3);

/// What the demo app is told. Every option can come from the environment, because that is how a recipe tells an app things.
#[derive(Debug, Clone, Args)]
pub struct AppArgs {
    /// What to do; to serve, when nothing is named.
    #[command(subcommand)]
    pub mode: Option<Mode>,
    /// Where the web app listens.
    #[arg(long, global = true, env = "DEMO_LISTEN", default_value = "0.0.0.0:8080")]
    pub listen: SocketAddr,
    /// A second, plain TCP listener that greets and echoes lines.
    #[arg(long, global = true, env = "DEMO_TCP")]
    pub tcp: Option<SocketAddr>,
    /// The folder of the notes.
    #[arg(long, global = true, env = "DEMO_DATA", default_value = "/data")]
    pub data: PathBuf,
    /// Which version of the app to be.
    #[arg(long, global = true, env = "DEMO_APP_VERSION", default_value = "1.0")]
    pub app_version: Version,
    /// A file of `title = …` and `welcome = …` lines.
    #[arg(long, global = true, env = "DEMO_CONFIG_FILE")]
    pub config_file: Option<PathBuf>,
    /// A file with the administrator's password; `/admin` asks for it.
    #[arg(long, global = true, env = "DEMO_PASSWORD_FILE")]
    pub password_file: Option<PathBuf>,
    /// A `host:port` that must accept a connection, else the app exits at once with an error.
    #[arg(long, global = true, env = "DEMO_NEEDS", value_delimiter = ',')]
    pub needs: Vec<String>,
    /// The app's own public URL: `/call` makes the app fetch it.
    #[arg(long, global = true, env = "DEMO_CALL")]
    pub call: Option<String>,
    /// The authorities that `/call` trusts, in PEM.
    #[arg(long, global = true, env = "SSL_CERT_FILE", default_value = "/etc/ssl/certs/ca-certificates.crt")]
    pub ca_file: PathBuf,
    /// Start, migrate, say how many notes there are, and exit with 0.
    #[arg(long, global = true, env = "DEMO_JOB", action = clap::ArgAction::SetTrue, value_parser = clap::builder::FalseyValueParser::new())]
    pub job: bool,
    /// What is wrong with the app; several are separated by commas.
    #[arg(long, global = true, env = "DEMO_FAULT", value_delimiter = ',', value_parser = parse_fault)]
    pub fault: Vec<Fault>,
}

/// What the demo app can do.
#[derive(Debug, Clone, Subcommand)]
pub enum Mode {
    /// Serve the notes.
    Serve,
    /// Ask the running app whether it is healthy; the exit code says so.
    Health,
    /// Add a note through the running app.
    Add {
        /// The note.
        text: String,
    },
    /// Print the text of every note, one a line: the same in every version.
    List,
    /// Write all notes as one JSON document.
    Dump {
        /// The file to write; standard output when left out.
        file: Option<PathBuf>,
    },
    /// Replace all notes by those of a dump.
    Restore {
        /// The file to read; standard input when left out.
        file: Option<PathBuf>,
    },
    /// Run plain commands, as the image's `sh -c` does for hooks and healthchecks.
    Sh {
        /// Commands with their arguments, joined by `&&`.
        #[arg(short)]
        commands: String,
    },
}

fn parse_fault(text: &str) -> Result<Fault, UnknownFault> {
    text.parse()
}

/// The command line as `taster` is to read it: called as `demo-app …` or `sh …`, which the demo image does through links to this
/// executable, it stands for `taster demo-app …` or `taster demo-app sh …`.
pub fn command_line(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    let called_as = arguments.first().map(Path::new).and_then(Path::file_name);
    let stands_for: &[&str] = match called_as.and_then(|name| name.to_str()) {
        Some("demo-app") => &["demo-app"],
        Some("sh") => &["demo-app", "sh"],
        _ => &[],
    };
    arguments.splice(1.min(arguments.len())..1.min(arguments.len()), stands_for.iter().map(OsString::from));
    arguments
}

/// Runs the demo app until it ends. It makes a runtime of its own: call it outside of any.
///
/// Errors are the app's own and go to its log; the exit code is 1 then.
pub fn run(args: AppArgs) -> ExitCode {
    let done = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")
        .and_then(|runtime| runtime.block_on(run_mode(&args)));
    match done {
        Ok(code) => code,
        Err(error) => {
            // A log that cannot be written is no reason to fail in another way than the one at hand.
            let _ = writeln!(std::io::stderr(), "notes {}: error: {error:#}", args.app_version.name());
            ExitCode::FAILURE
        }
    }
}

async fn run_mode(args: &AppArgs) -> anyhow::Result<ExitCode> {
    let local = |path: &str| format!("http://{}:{}{path}", Ipv4Addr::LOCALHOST, args.listen.port());
    let done = match &args.mode {
        Some(Mode::Sh { commands }) => return shell::run(commands),
        None | Some(Mode::Serve) => boot::run(args).await,
        Some(Mode::Health) => {
            let answer = client::get(&local("/healthz"), &args.ca_file, HEALTH_TIMEOUT).await?;
            anyhow::ensure!(answer.status == 200, "unhealthy: {} {}", answer.status, answer.body.trim());
            say(format_args!("{}", answer.body.trim()));
            Ok(())
        }
        Some(Mode::Add { text }) => {
            let answer = client::post(&local("/notes"), text, &args.ca_file, HEALTH_TIMEOUT).await?;
            anyhow::ensure!(answer.status == 201, "the note was not taken: {} {}", answer.status, answer.body.trim());
            say(format_args!("{}", answer.body.trim()));
            Ok(())
        }
        Some(Mode::List) => {
            anyhow::ensure!(!store::is_busy(&args.data), "the notes are being put in order after a restore");
            for line in store::texts(&args.data)? {
                say(format_args!("{line}"));
            }
            Ok(())
        }
        Some(Mode::Dump { file }) => {
            let mut dump = store::dump(&args.data)?;
            if args.fault.contains(&Fault::EmptyDump) {
                dump.keep(0);
            }
            if args.fault.contains(&Fault::TornDump) {
                tokio::time::sleep(TORN_FOR).await;
                dump.tear(store::dump(&args.data)?);
            }
            let mut text = serde_json::to_string_pretty(&dump)?;
            text.push('\n');
            if args.fault.contains(&Fault::TruncatedDump) {
                text = text.chars().take(text.chars().count() / 2).collect();
            }
            match file {
                Some(file) => std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display())),
                None => std::io::stdout().write_all(text.as_bytes()).context("cannot write to standard output"),
            }
        }
        Some(Mode::Restore { file }) => {
            let text = match file {
                Some(file) => {
                    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?
                }
                None => {
                    let mut text = String::new();
                    std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
                    text
                }
            };
            let mut dump: store::Dump = serde_json::from_str(&text).context("this is no dump of the demo app")?;
            if args.fault.contains(&Fault::HalfRestore) {
                dump.keep(dump.len() / 2);
            }
            let count = store::restore(&args.data, dump, args.app_version)?;
            for fault in &args.fault {
                if let Fault::BusyRestore(time) = fault {
                    store::be_busy(&args.data, *time)?;
                }
            }
            say(format_args!("restored {count} notes"));
            Ok(())
        }
    };
    done.map(|()| ExitCode::SUCCESS)
}

/// Writes a line of the app's log. The app is a program of its own, so this is its voice, not taster's.
fn say(line: std::fmt::Arguments<'_>) {
    // A closed log must not end the app: containers outlive whoever reads their logs.
    let _ = writeln!(std::io::stdout(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_links_in_the_image_stand_for_subcommands() {
        let line = |words: &[&str]| command_line(words.iter().map(OsString::from));
        assert_eq!(line(&["/usr/bin/demo-app", "health"]), ["/usr/bin/demo-app", "demo-app", "health"]);
        assert_eq!(line(&["sh", "-c", "demo-app dump"]), ["sh", "demo-app", "sh", "-c", "demo-app dump"]);
        assert_eq!(line(&["/usr/bin/taster", "demo-app"]), ["/usr/bin/taster", "demo-app"]);
        assert!(line(&[]).is_empty());
    }
}
