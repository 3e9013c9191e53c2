//! Seeds and probes: data written by the scenario's commands, and read before and after.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::inside;
use super::session::Session;
use super::trouble::Trouble;
use crate::scenario::command;
use crate::swarm::exec::Command;

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
        run(session, &seed.service, &seed.run).await?.map_err(|said| {
            Trouble::failed("seed", format!("the seed `{}` in {} failed", seed.run, seed.service))
                .with("output", said)
                .advise("Correct the command in tests/taster.toml.")
        })?;
    }
    Ok(())
}

/// Reads every probe, as what will be compared later: one that says nothing could not tell a loss.
///
/// # Errors
/// When one goes on failing, or says nothing.
pub(super) async fn read(session: &mut Session) -> Result<Readings, Trouble> {
    let readings = look(session).await?;
    let silent = session
        .subject
        .scenario
        .probe
        .iter()
        .find(|probe| readings.get(&probe.name).is_some_and(|said| said.trim().is_empty()));
    let Some(probe) = silent else { return Ok(readings) };
    let reason = format!(
        "the probe `{}` in {} says nothing, so it cannot tell whether data survives",
        probe.name, probe.service
    );
    Err(Trouble::failed("probe", reason).advise("Let it print what must be the same before and after."))
}

/// What the probes say now, be it nothing.
///
/// # Errors
/// When one goes on failing.
pub(super) async fn look(session: &mut Session) -> Result<Readings, Trouble> {
    let mut readings = Readings::new();
    for probe in session.subject.scenario.probe.clone() {
        let begun = Instant::now();
        let said = loop {
            match run(session, &probe.service, &probe.run).await? {
                Ok(said) => break said,
                Err(_) if begun.elapsed() < RETRY_FOR => tokio::time::sleep(Duration::from_millis(500)).await,
                Err(said) => {
                    return Err(Trouble::failed(
                        "probe",
                        format!("the probe `{}` in {} fails", probe.name, probe.service),
                    )
                    .with("probe", probe.name.clone())
                    .with("output", said)
                    .advise("Correct the command in tests/taster.toml, or see what the app says."));
                }
            }
        };
        readings.insert(probe.name.clone(), said);
    }
    Ok(readings)
}

/// What each probe says now, asked once; `None` where it fails.
///
/// # Errors
/// When one could not be asked.
pub(super) async fn once(session: &mut Session) -> Result<BTreeMap<String, Option<String>>, Trouble> {
    let mut said = BTreeMap::new();
    for probe in session.subject.scenario.probe.clone() {
        let now = run(session, &probe.service, &probe.run).await?;
        said.insert(probe.name, now.ok());
    }
    Ok(said)
}

/// Compares what the probes say now with what they said before, with a bounded retry.
///
/// # Errors
/// The first probe that differs, with both readings.
pub(super) async fn compare(session: &mut Session, before: &Readings, after_what: &str) -> Result<(), Trouble> {
    let begun = Instant::now();
    loop {
        let now = match look(session).await {
            Ok(now) => now,
            // It could be read before: what it reads is gone, or the app is.
            Err(trouble) if trouble.class == "probe" => {
                let was: Vec<String> = before.iter().map(|(name, said)| format!("{name}: {said}")).collect();
                let reason = format!("the data cannot be read any more after {after_what}: {}", trouble.reason);
                return Err(Trouble { class: "data-lost".to_owned(), reason, ..trouble }
                    .with("before", was.join("\n"))
                    .advise(
                        "See that everything the app writes lies in a named volume, and that what changes it keeps it.",
                    ));
            }
            Err(trouble) => return Err(trouble),
        };
        let Some((name, was)) = before.iter().find(|(name, was)| now.get(*name) != Some(was)) else { return Ok(()) };
        if begun.elapsed() > RETRY_FOR / 4 {
            let is = now.get(name).cloned().unwrap_or_default();
            return Err(Trouble::failed(
                "data-lost",
                format!("the data is not the same: the probe `{name}` differs after {after_what}"),
            )
            .with("before", was.clone())
            .with("after", is)
            .advise("See that everything the app writes lies in a named volume, and that what changes it keeps it."));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Runs a command line in a running task of a service: the output, or what went wrong with it.
///
/// # Errors
/// When it could not be asked: the node or its engine is gone, which is no fault of the recipe.
async fn run(session: &mut Session, service: &str, line: &str) -> Result<Result<String, String>, Trouble> {
    let mut wanted = Command::new(command(line));
    wanted.timeout = COMMAND_TIMEOUT;
    let done = match inside::run(session, service, &wanted).await? {
        Ok(done) => done,
        Err(unable) => return Ok(Err(unable.to_string())),
    };
    let clean = |text: String| session.log.redactor().clean(&text);
    Ok(match done.exit_code {
        0 => Ok(clean(done.stdout_text())),
        code => Err(clean(format!("exit code {code}\n{}{}", done.stdout_text(), done.stderr_text()))),
    })
}
