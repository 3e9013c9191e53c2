//! `--online`: what the registries of the recipe's images say, for the linter and for level 8. Whatever goes wrong here is a note in the log, and
//! never the recipe's fault.

use std::time::Duration;

use crate::lint::{ANSWERS, Outside, Subject};
use crate::record::{Fact, Upstream};
use crate::registry::{Asked, Registries, RegistryError};
use crate::run::{RunFolder, RunLog};

/// How long the registries of a recipe are asked in all: the time of a run is the recipe's.
const PATIENCE: Duration = Duration::from_secs(180);

/// What registries said.
#[derive(Default)]
pub(super) struct Said {
    /// For the linter; nothing when nobody answered in time.
    pub(super) outside: Outside,
    /// Since when there has been something newer than the app's image.
    pub(super) upstream: Option<Upstream>,
}

/// Asks about the images of the recipe. What the linter is told is kept in the run's folder too.
pub(super) async fn ask(subject: &Subject, folder: &RunFolder, log: &RunLog) -> Said {
    let images: Vec<String> = subject.images().into_iter().map(ToOwned::to_owned).collect();
    let app = subject.candidate.sampled().and_then(|set| set.project().services.get("app"));
    let app = app.map(|service| service.image.clone()).unwrap_or_default();
    if app.is_empty() {
        log.note("nobody knows what upstream has that is newer: no service `app` is deployed whose image could be asked about");
    }
    log.progress("lint", "asking the registries");
    let mut said = Said::default();
    match tokio::time::timeout(PATIENCE, asked(&images, &app, log, &mut said)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => log.note(format!("nobody knows what upstream has that is newer than {app}: {error}")),
        Err(_) => {
            let within = PATIENCE.as_secs();
            log.note(format!("nobody knows what upstream has: the registries did not answer within {within} s"));
        }
    }
    if let Some(upstream) = &said.upstream {
        log.write(Fact::Upstream(upstream.clone()));
    }
    if let Some(answers) = &said.outside.images {
        let kept = serde_json::to_vec_pretty(answers).map_err(std::io::Error::from);
        if let Err(error) = kept.and_then(|json| folder.write(ANSWERS, &json)) {
            log.note(format!("what the registries said is not kept: {error}"));
        }
    }
    said
}

async fn asked(images: &[String], app: &str, log: &RunLog, said: &mut Said) -> Result<(), RegistryError> {
    let registries = Registries::new()?;
    let asked = Asked::about(&registries, images).await;
    asked.silent().for_each(|line| log.note(line));
    said.outside = asked.outside();
    said.upstream = asked.upstream(&registries, app).await?;
    Ok(())
}
