//! Scenarios and recipes without a node: which scenario a recipe is tried with, whether the two fit, and a first one to begin with.

use std::collections::BTreeSet;
use std::path::Path;

use super::operator::Operator;
use super::run::TrialError;
use super::subject::Subject;
use crate::config::FileError;
use crate::recipe::{Recipe, compose_files};
use crate::run::Redactor;
use crate::scenario::{PATH_IN_RECIPE, Scenario, Surroundings, Written, built_in, scaffold};

/// Everything in the scenario that does not fit the recipe, with its place; `file` is the scenario's name for messages, and `text` what is
/// written there.
pub fn misfits(recipe: &Recipe, scenario: &Scenario, file: &str, text: &str) -> Vec<FileError> {
    let written = Written::new(file, text);
    let subject = match subject(recipe, scenario) {
        Ok(subject) => subject,
        Err(why) => return vec![written.whole(format!("the recipe cannot be deployed like this: {why}"))],
    };
    let mut variables: BTreeSet<&str> = subject.environment.keys().map(String::as_str).collect();
    // Its own overrides are what is in question.
    variables.retain(|name| !scenario.env.contains_key(*name));
    variables.extend(["COMPOSE_FILE", "DOMAIN", "STACK_NAME"]);
    if let Some(sample) = &recipe.env_sample {
        variables.extend(sample.entries.iter().chain(&sample.options).map(|entry| entry.name.as_str()));
    }
    variables.extend(recipe.abra_sh.iter().flat_map(|script| &script.variables).map(|variable| variable.name.as_str()));
    let mut broken = Vec::new();
    let mut variants = Vec::new();
    for name in scenario.variants.keys() {
        let Some(varied) = scenario.variant(name) else { continue };
        let is_there = |path: &String| recipe.tree.find(path.trim_start_matches("./")).is_ok();
        match self::subject(recipe, &varied) {
            Ok(subject) => variants.push(subject),
            // A file that is not there is told by its own place.
            Err(_) if scenario.variants.get(name).is_some_and(|variant| !variant.compose.iter().all(is_there)) => {}
            Err(why) => broken.push(written.variant(name, format!("the variant {name} cannot be deployed: {why}"))),
        }
    }
    for subject in std::iter::once(&subject).chain(&variants) {
        variables.extend(subject.variables.iter().map(|used| used.name.as_str()));
        // A name without a value in environment: reads the variable, and looks the same as one with a value once it is loaded.
        let services = subject.project.services();
        variables.extend(services.flat_map(|(_, service)| service.environment.keys()).map(String::as_str));
    }
    let surroundings = surroundings(recipe, &subject, variables);
    let mut found = written.check(scenario, &surroundings);
    found.extend(broken);
    found.sort_by_key(|error| (error.line, error.column));
    found
}

/// The text of a first scenario for a recipe: it fits as it is written, and what only a maintainer knows is commented out in it.
///
/// # Errors
/// Why the recipe cannot be deployed.
pub fn first_scenario(recipe: &Recipe) -> Result<String, String> {
    let subject = subject(recipe, &Scenario::default())?;
    let environment: Vec<(String, String)> = subject.environment.clone().into_iter().collect();
    let files = compose_files(&environment);
    Ok(scaffold(&recipe.name, &surroundings(recipe, &subject, BTreeSet::new()), &files))
}

/// The scenario to try a recipe with, and which one it is, in words: the one that the user names, else the recipe's own, else one that taster
/// brings along and that fits, else an empty one.
///
/// # Errors
/// When it cannot be read.
pub(super) fn scenario(named: Option<&Path>, recipe: &Recipe) -> Result<(Scenario, String), TrialError> {
    if let Some(path) = named {
        let text = std::fs::read_to_string(path)
            .map_err(|source| TrialError::ScenarioFile { path: path.to_owned(), source })?;
        let file = path.display().to_string();
        return Ok((Scenario::parse(&file, &text)?, format!("the scenario is {file}, as --scenario says")));
    }
    if let Some(file) = recipe.tree.get(PATH_IN_RECIPE) {
        let text = String::from_utf8_lossy(&file.bytes);
        return Ok((
            Scenario::parse(PATH_IN_RECIPE, &text)?,
            format!("the scenario is the recipe's own {PATH_IN_RECIPE}"),
        ));
    }
    let none = "there is no scenario for this recipe, so the trial is the generic one";
    let Some((file, text)) = built_in(&recipe.name) else {
        return Ok((Scenario::default(), format!("{none}; `taster scenario new` makes a first one")));
    };
    let scenario = Scenario::parse(&file, text)?;
    // It speaks of the recipe as its maintainers publish it; a fork may have other services.
    if let Some(misfit) = misfits(recipe, &scenario, &file, text).first() {
        return Ok((Scenario::default(), format!("{none}: the built-in one does not fit: {misfit}")));
    }
    Ok((scenario, format!("the scenario is taster's own {file}, because the recipe has no {PATH_IN_RECIPE}")))
}

fn surroundings<'a>(recipe: &'a Recipe, subject: &'a Subject, variables: BTreeSet<&'a str>) -> Surroundings<'a> {
    Surroundings {
        files: &recipe.tree,
        variables,
        project: &subject.project,
        routes: &subject.routes,
        environment: &subject.environment,
        secrets: subject.secrets.keys().map(String::as_str).collect(),
    }
}

fn subject(recipe: &Recipe, scenario: &Scenario) -> Result<Subject, String> {
    // Nothing is written anywhere, so there is nothing to hide.
    Subject::for_operator(recipe.clone(), scenario.clone(), &Operator::new(recipe), &Redactor::default())
        .map_err(|trouble| trouble.reason)
}
