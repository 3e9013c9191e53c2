//! Whether a scenario and a recipe fit: what the one names, the other must have.
//!
//! A scenario that names a service, a host, a variable or a secret that is not there would fail minutes into a run, or worse: an
//! override of a variable that nothing reads changes nothing, and nobody notices.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use toml::de::{DeTable, DeValue};

use super::{PageStep, Scenario, Value};
use crate::compose::project::Project;
use crate::config::{FileError, nearest, place};
use crate::ingress::routes::RouteTable;
use crate::recipe::Tree;

/// What a recipe has, configured as the scenario's `[env]` says.
#[derive(Debug, Clone)]
pub struct Surroundings<'a> {
    /// Its files.
    pub files: &'a Tree,
    /// Every variable that something in the recipe reads or offers.
    pub variables: BTreeSet<&'a str>,
    /// Its services and secrets.
    pub project: &'a Project,
    /// Its routes.
    pub routes: &'a RouteTable,
    /// The values with which it is deployed.
    pub environment: &'a BTreeMap<String, String>,
    /// The secrets that taster generates, by their keys.
    pub secrets: BTreeSet<&'a str>,
}

/// A scenario file with its text, for places in it.
#[derive(Debug)]
pub struct Written<'a> {
    file: &'a str,
    text: &'a str,
}

/// A step of the way to a value: a key or an index.
#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

impl<'a> Written<'a> {
    /// `file` is its name for messages.
    pub fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text }
    }

    /// Everything that the scenario names and the recipe does not have.
    pub fn check(&self, scenario: &Scenario, has: &Surroundings<'_>) -> Vec<FileError> {
        let mut found = Vec::new();
        self.variables(scenario, has, &mut found);
        self.overlays(scenario, has, &mut found);
        for (index, seed) in scenario.seed.iter().enumerate() {
            self.command(&[Step::Key("seed"), Step::Index(index)], (&seed.service, &seed.run), has, &mut found);
        }
        for (index, write) in scenario.write.iter().enumerate() {
            self.command(&[Step::Key("write"), Step::Index(index)], (&write.service, &write.run), has, &mut found);
        }
        for (index, probe) in scenario.probe.iter().enumerate() {
            self.command(&[Step::Key("probe"), Step::Index(index)], (&probe.service, &probe.run), has, &mut found);
        }
        self.hosts(scenario, has, &mut found);
        self.values(scenario, has, &mut found);
        found.sort_by_key(|error| (error.line, error.column));
        found
    }

    /// That a variant cannot be deployed, at its place.
    pub fn variant(&self, name: &str, message: String) -> FileError {
        self.error(&[Step::Key("variants"), Step::Key(name)], message, None)
    }

    /// That the recipe cannot be deployed as the scenario's `[env]` says.
    pub fn whole(&self, message: String) -> FileError {
        self.error(&[Step::Key("env")], message, None)
    }

    fn variables(&self, scenario: &Scenario, has: &Surroundings<'_>, found: &mut Vec<FileError>) {
        let of_variants = scenario.variants.iter().flat_map(|(name, variant)| {
            variant.env.keys().map(move |key| (vec![Step::Key("variants"), Step::Key(name), Step::Key("env")], key))
        });
        for (mut way, name) in scenario.env.keys().map(|name| (vec![Step::Key("env")], name)).chain(of_variants) {
            if has.variables.contains(name.as_str()) {
                continue;
            }
            way.push(Step::Key(name));
            let message = format!("nothing in the recipe reads the variable {name}, so a value for it changes nothing");
            found.push(self.error(&way, message, nearest(name, has.variables.iter().copied())));
        }
    }

    fn overlays(&self, scenario: &Scenario, has: &Surroundings<'_>, found: &mut Vec<FileError>) {
        for (name, variant) in &scenario.variants {
            for (index, path) in variant.compose.iter().enumerate() {
                if let Err(error) = has.files.find(path.trim_start_matches("./")) {
                    let way = [Step::Key("variants"), Step::Key(name), Step::Key("compose"), Step::Index(index)];
                    found.push(self.error(&way, error.to_string(), None));
                }
            }
        }
    }

    fn command(
        &self,
        way: &[Step<'_>],
        (service, run): (&str, &str),
        has: &Surroundings<'_>,
        found: &mut Vec<FileError>,
    ) {
        let below = |key| [way, &[Step::Key(key)]].concat();
        let Some(there) = has.project.services.get(service) else {
            let known: Vec<&str> = has.project.services().map(|(name, _)| name).collect();
            let message = format!("the recipe has no service {service}; it has {}", some(&known));
            found.push(self.error(&below("service"), message, nearest(service, known.iter().copied())));
            return;
        };
        if there.deploy.replicas == Some(0) {
            let message = format!("the service {service} has no replicas, so nothing can run in it");
            found.push(self.error(&below("service"), message, None));
        }
        let known: BTreeSet<&str> = there
            .secrets
            .iter()
            .map(|secret| if secret.target.is_empty() { secret.source.as_str() } else { secret.target.as_str() })
            .map(|target| target.trim_start_matches("/run/secrets/"))
            .collect();
        for name in secrets_read(run) {
            if !known.contains(name) {
                let listed: Vec<&str> = known.iter().copied().collect();
                let message =
                    format!("the service {service} has no secret at /run/secrets/{name}; it has {}", some(&listed));
                found.push(self.error(&below("run"), message, nearest(name, listed.iter().copied())));
            }
        }
    }

    fn hosts(&self, scenario: &Scenario, has: &Surroundings<'_>, found: &mut Vec<FileError>) {
        let hosts = has.routes.hosts();
        let pages = scenario.page.iter().enumerate();
        let pages = pages.map(|(index, page)| (vec![Step::Key("page"), Step::Index(index)], &page.host, &page.path));
        let ready = scenario.ready.iter().map(|ready| (vec![Step::Key("ready")], &ready.host, &ready.path));
        for (way, host, path) in ready.chain(pages) {
            let below = |key| [way.as_slice(), &[Step::Key(key)]].concat();
            if hosts.is_empty() {
                let message = "no router of the recipe names a host, so there is no page to ask for".to_owned();
                found.push(self.error(&way, message, None));
            } else if let Some(host) = host.as_ref().filter(|host| !hosts.contains(&host.to_ascii_lowercase())) {
                let known: Vec<&str> = hosts.iter().map(String::as_str).collect();
                let message = format!("no router names the host {host}; they name {}", some(&known));
                found.push(self.error(&below("host"), message, nearest(host, known.iter().copied())));
            }
            if !path.starts_with('/') {
                let message = format!("`{path}` is no path on a host: it does not start with a slash");
                let meant = format!("/{path}");
                found.push(self.error(&below("path"), message, Some(meant.as_str()).filter(|_| !path.contains("://"))));
            }
        }
    }

    fn values(&self, scenario: &Scenario, has: &Surroundings<'_>, found: &mut Vec<FileError>) {
        for (page, declared) in scenario.page.iter().enumerate() {
            for (step, done) in declared.steps.iter().enumerate() {
                let PageStep::Fill { with, .. } = done else { continue };
                for value in with.values() {
                    let (name, known, what): (_, Vec<&str>, _) = match value {
                        Value::Secret(name) => {
                            (name, has.secrets.iter().copied().collect(), "secret is generated for it")
                        }
                        Value::Env(name) => {
                            (name, has.environment.keys().map(String::as_str).collect(), "variable of that name is set")
                        }
                    };
                    if known.contains(&name.as_str()) {
                        continue;
                    }
                    let way = [
                        Step::Key("page"),
                        Step::Index(page),
                        Step::Key("steps"),
                        Step::Index(step),
                        Step::Key("with"),
                    ];
                    let message = format!("{value}: no {what}");
                    found.push(self.error(&way, message, nearest(name, known)));
                }
            }
        }
    }

    fn error(&self, way: &[Step<'_>], message: String, suggestion: Option<&str>) -> FileError {
        let (line, column) = place(self.text, self.start(way));
        let suggestion = suggestion.map(str::to_owned);
        FileError { file: self.file.to_owned(), line, column, message, suggestion }
    }

    /// Where the value at the end of the way starts, or the last part of the way that is written.
    fn start(&self, way: &[Step<'_>]) -> usize {
        let Ok(document) = DeTable::parse(self.text) else { return 0 };
        let mut at = 0;
        let mut table = Some(document.get_ref());
        let mut array = None;
        for step in way {
            let value = match (step, table, array.take()) {
                (Step::Key(key), Some(table), _) => {
                    table.iter().find(|(known, _)| known.get_ref() == key).map(|(_, value)| value)
                }
                (Step::Index(index), _, Some(array)) => {
                    let array: &toml::de::DeArray<'_> = array;
                    array.get(*index)
                }
                _ => None,
            };
            let Some(value) = value else { return at };
            at = value.span().start;
            match value.get_ref() {
                DeValue::Table(inner) => table = Some(inner),
                DeValue::Array(inner) => {
                    table = None;
                    array = Some(inner);
                }
                _ => table = None,
            }
        }
        at
    }
}

/// The names behind `/run/secrets/` in a command.
fn secrets_read(command: &str) -> BTreeSet<&str> {
    #[expect(clippy::expect_used, reason = "the pattern is a constant, and a test reads it")]
    let pattern = Regex::new(r"/run/secrets/([A-Za-z0-9_.-]+)").expect("a valid pattern");
    pattern
        .captures_iter(command)
        .filter_map(|found| found.get(1))
        .map(|name| name.as_str().trim_end_matches('.'))
        .collect()
}

fn some(known: &[&str]) -> String {
    if known.is_empty() { "none".to_owned() } else { known.join(", ") }
}
