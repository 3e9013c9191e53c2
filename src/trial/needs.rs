//! `[needs]`: other recipes that run beside the one under test, as stacks of their own on the same node. They are there before its install,
//! stay through all of its steps, and go last.
//!
//! What becomes of them is never the fault of the recipe under test: without one of them nothing of it can be judged.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use bollard::Docker;

use super::costs::Costs;
use super::install;
use super::operator::Operator;
use super::reach;
use super::session::Session;
use super::subject::Subject;
use super::trouble::Trouble;
use crate::compose::project::Project;
use crate::ingress::proxy::Upstream;
use crate::ingress::routes::{RouteTable, of_stack};
use crate::recipe::Recipe;
use crate::record::Outcome;
use crate::scenario::{Need, PATH_IN_RECIPE, Scenario};
use crate::swarm::deploy::{self, Keep};
use crate::swarm::observe::{Observer, TaskState};

/// The class of a step that could not be tried, or judged, because of a recipe beside the one under test.
const CLASS: &str = "need";

/// Another recipe on the node.
#[derive(Debug)]
pub(super) struct Beside {
    name: String,
    pub(super) stack: String,
    /// Its services, for the ports that it publishes.
    pub(super) project: Project,
    /// Its routes; services are called after the stack.
    pub(super) routes: RouteTable,
    observer: Observer,
}

impl Beside {
    /// Where the ingress finds its services.
    async fn upstreams(&mut self, session: &Session) -> Result<BTreeMap<String, Vec<Upstream>>, Trouble> {
        let view = self.observer.observe().await?;
        let places = reach::locate(session, &view).await?;
        let named = places.into_iter().map(|(service, places)| (of_stack(&self.stack, &service), places)).collect();
        reach::upstreams(session, &named, &self.routes).await
    }

    /// A service of which no task runs any more.
    async fn down(&mut self) -> Result<Option<String>, Trouble> {
        let view = self.observer.observe().await?;
        let is_up = |state: &TaskState| matches!(state, TaskState::Running | TaskState::Complete);
        let wanted = |name: &str| {
            let service = self.project.services.get(name);
            service.is_some_and(|service| service.deploy.replicas != Some(0))
        };
        let down = view
            .services
            .iter()
            .find(|service| wanted(&service.short_name) && !service.tasks.iter().any(|task| is_up(&task.state)));
        Ok(down.map(|service| service.short_name.clone()))
    }
}

/// What a recipe is to run beside, in words.
pub(super) fn told(needs: &BTreeMap<String, Need>) -> Vec<String> {
    let told = |(name, need): (&String, &Need)| match &need.at {
        Some(at) => format!("{name} {at}"),
        None => name.clone(),
    };
    needs.iter().map(told).collect()
}

/// Puts every recipe that the scenario needs on the node, and goes back to the one under test. They are looked for in `folder`, and then
/// beside the recipe at `path`.
///
/// # Errors
/// When one of them does not come up: blocked, or errored when it is not there or nobody is at fault.
pub(super) async fn start(
    session: &mut Session,
    host: &Docker,
    (folder, path): (Option<&Path>, &Path),
) -> Result<(), Trouble> {
    let (recipe, scenario) = session.candidate.clone();
    if scenario.needs.is_empty() {
        return Ok(());
    }
    let own = session.subject.stack.clone();
    for (name, need) in &scenario.needs {
        let found = find(name, need, folder, path)?;
        let beside = up(session, host, &own, name, (found, need)).await.map_err(|trouble| not_up(name, trouble))?;
        session.beside.push(beside);
    }
    let subject = Subject::prepare(recipe, scenario, session.log.redactor())?;
    session.turn_to(subject, host).await?;
    // What was measured so far is not the candidate's.
    session.costs = Costs::default();
    Ok(())
}

/// A recipe by its name.
fn find(name: &str, need: &Need, folder: Option<&Path>, path: &Path) -> Result<Recipe, Trouble> {
    let beside = std::fs::canonicalize(path).ok().and_then(|path| path.parent().map(Path::to_owned));
    let folders: Vec<PathBuf> = folder.map(Path::to_owned).into_iter().chain(beside).collect();
    let advice = "Clone it beside the recipe under test, or name the folder where it lies with --needs.";
    let Some(root) = folders.iter().map(|folder| folder.join(name)).find(|root| root.is_dir()) else {
        let looked: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
        let reason =
            format!("the scenario needs the recipe {name} beside it, and there is none in {}", looked.join(" or "));
        return Err(Trouble::errored(CLASS, reason).advise(advice));
    };
    let read = match &need.at {
        Some(at) => Recipe::at(&root, at),
        None => Recipe::from_work_tree(&root),
    };
    let mut recipe = read.map_err(|error| {
        let reason = format!("the recipe {name}, which the scenario needs beside it, cannot be read: {error}");
        Trouble::errored(CLASS, reason).advise(advice)
    })?;
    // What it is called here is what its hosts are named after.
    name.clone_into(&mut recipe.name);
    Ok(recipe)
}

/// Installs one of them with what its own scenario sets.
async fn up(
    session: &mut Session,
    host: &Docker,
    own: &str,
    name: &str,
    (recipe, need): (Recipe, &Need),
) -> Result<Beside, Trouble> {
    let begun = Instant::now();
    let mut scenario = match recipe.tree.get(PATH_IN_RECIPE) {
        Some(file) => Scenario::parse(PATH_IN_RECIPE, &String::from_utf8_lossy(&file.bytes))
            .map_err(|error| Trouble::failed("scenario", error.to_string()))?,
        None => Scenario::default(),
    };
    scenario.env.extend(need.env.clone());
    let version = recipe.candidate.name();
    let subject = Subject::for_operator(recipe.clone(), scenario, &Operator::new(&recipe), session.log.redactor())?;
    let (stack, domain) = (subject.stack.clone(), subject.domain.clone());
    if stack == own || session.beside.iter().any(|beside| beside.stack == stack) {
        let reason = format!("its stack would be called {stack}, as another one is");
        return Err(
            Trouble::errored(CLASS, reason).advise("Take it out of [needs]: a recipe does not run beside itself.")
        );
    }
    let (project, routes) = (subject.project.clone(), subject.routes.clone().named_after(&stack));
    session.log.progress("needs", format!("installing {name}"));
    session.turn_to(subject, host).await?;
    session.guard_adopted().await?;
    install::run(session).await?;
    session.log.timing("needs", begun);
    session.log.note(format!(
        "beside it runs {name} {version} as the stack {stack}, at {domain}; up in {:.1} s",
        begun.elapsed().as_secs_f64()
    ));
    let observer = Observer::new(session.engines().clone(), stack.clone());
    Ok(Beside { name: name.to_owned(), stack, project, routes, observer })
}

/// That another recipe does not come up is no fault of the one under test.
fn not_up(name: &str, trouble: Trouble) -> Trouble {
    let reason = format!("{name}, which the scenario needs beside it, does not come up: {}", trouble.reason);
    let outcome = if trouble.outcome == Outcome::Errored { Outcome::Errored } else { Outcome::Blocked };
    Trouble { outcome, class: CLASS.to_owned(), reason, ..trouble }
}

/// Where the ingress finds the services of the recipes beside.
///
/// # Errors
/// When an engine does not answer.
pub(super) async fn upstreams(session: &mut Session) -> Result<BTreeMap<String, Vec<Upstream>>, Trouble> {
    let mut all = BTreeMap::new();
    let mut beside = std::mem::take(&mut session.beside);
    let mut found = Ok(());
    for one in &mut beside {
        match one.upstreams(session).await {
            Ok(more) => all.extend(more),
            Err(trouble) => {
                found = Err(trouble);
                break;
            }
        }
    }
    session.beside = beside;
    found.map(|()| all)
}

/// What failed while a recipe beside it was down is not held against the one under test.
pub(super) async fn excuse(session: &mut Session, trouble: Trouble) -> Trouble {
    if trouble.outcome != Outcome::Failed {
        return trouble;
    }
    for one in &mut session.beside {
        let Ok(Some(service)) = one.down().await else { continue };
        let reason =
            format!("{service} of {}, which it needs beside it, does not run any more: {}", one.name, trouble.reason);
        let errored = Trouble { outcome: Outcome::Errored, class: CLASS.to_owned(), reason, ..trouble };
        return errored.advise(format!("Look at the log of {service}; try {} by itself.", one.name));
    }
    trouble
}

/// Removes them, the last one first.
pub(super) async fn stop(session: &mut Session) {
    let engines = session.cluster.engines();
    for one in session.beside.iter().rev() {
        if let Err(error) = deploy::remove(&engines, &one.stack, Keep::NOTHING).await {
            session.log.note(format!("{} was not removed: {error}", one.name));
        }
    }
    session.beside.clear();
}
