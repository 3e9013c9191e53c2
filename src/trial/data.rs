//! Seeds and probes: data written by the scenario's commands, and read before and after.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::session::Session;
use super::trouble::Trouble;
use crate::scenario::command;
use crate::swarm::exec::{self, Command};

/// How long one command may take.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(120);

/// Right after a restart an app may refuse for some seconds (lesson 22).
const RETRY_FOR: Duration = Duration::from_secs(20);

/// What the probes said, by name.
pub(super) type Readings = BTreeMap<String, String>;

/// Runs every seed.
///
/// # Errors
/// When one fails: the scenario and the recipe belong to the same maintainer.
pub(super) async fn seed(session: &mut Session) -> Result<(), Trouble> {
    for seed in session.subject.scenario.seed.clone() {
        session.log.progress("seed", seed.run.clone());
        run(session, &seed.service, &seed.run).await.map_err(|said| {
            Trouble::failed("seed", format!("the seed `{}` in {} failed", seed.run, seed.service))
                .with("output", said)
                .advise("Correct the command in tests/taster.toml.")
        })?;
    }
    Ok(())
}

/// Reads every probe.
///
/// # Errors
/// When one goes on failing.
pub(super) async fn read(session: &mut Session) -> Result<Readings, Trouble> {
    let mut readings = Readings::new();
    for probe in session.subject.scenario.probe.clone() {
        let begun = Instant::now();
        let said = loop {
            match run(session, &probe.service, &probe.run).await {
                Ok(said) => break said,
                Err(_) if begun.elapsed() < RETRY_FOR => tokio::time::sleep(Duration::from_millis(500)).await,
                Err(said) => {
                    return Err(Trouble::failed(
                        "probe",
                        format!("the probe `{}` in {} fails", probe.name, probe.service),
                    )
                    .with("output", said));
                }
            }
        };
        readings.insert(probe.name.clone(), said);
    }
    Ok(readings)
}

/// Compares what the probes say now with what they said before, with a bounded retry.
///
/// # Errors
/// The first probe that differs, with both readings.
pub(super) async fn compare(session: &mut Session, before: &Readings, after_what: &str) -> Result<(), Trouble> {
    let begun = Instant::now();
    loop {
        let now = read(session).await?;
        let Some((name, was)) = before.iter().find(|(name, was)| now.get(*name) != Some(was)) else { return Ok(()) };
        if begun.elapsed() > RETRY_FOR / 4 {
            let is = now.get(name).cloned().unwrap_or_default();
            return Err(Trouble::failed(
                "data-lost",
                format!("the data is not the same after {after_what}: the probe `{name}` differs"),
            )
            .with("before", was.clone())
            .with("after", is)
            .advise("See that everything the app writes lies in a named volume."));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Runs a command line in a running task of a service; the output, or what went wrong.
async fn run(session: &mut Session, service: &str, line: &str) -> Result<String, String> {
    let view = session.look().await.map_err(|trouble| trouble.reason)?;
    let service = view
        .services
        .iter()
        .find(|view| view.short_name == service)
        .ok_or_else(|| format!("there is no service {service}"))?;
    let mut wanted = Command::new(command(line));
    wanted.timeout = COMMAND_TIMEOUT;
    let done = exec::in_service(session.engines(), service, &wanted).await.map_err(|error| error.to_string())?;
    let clean = |text: String| session.log.redactor().clean(&text);
    match done.exit_code {
        0 => Ok(clean(done.stdout_text())),
        code => Err(clean(format!("exit code {code}\n{}{}", done.stdout_text(), done.stderr_text()))),
    }
}
