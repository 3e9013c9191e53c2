//! What is tried: a recipe with its environment, as a project that can be deployed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::demands::{self, Demand};
use super::operator::Operator;
use super::smoke;
use super::trouble::Trouble;
use crate::compose::project::Project;
use crate::compose::{self, SourceFile, VariableUse};
use crate::ingress::routes::{self, RouteTable};
use crate::recipe::{LookupError, Recipe, secret, stack_name};
use crate::run::Redactor;
use crate::scenario::Scenario;
use crate::swarm::deploy::{DeployError, DeployOptions, StackSpec};

/// How long a deploy may take when the recipe does not say. abra waits 50 to 60 s by its documentation and from memory [M]; a
/// shared CI machine is slower than the servers that its operators have.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(120);

/// The longest name of a secret that Docker takes (lesson 25).
const NAME_LIMIT: usize = 64;

/// So many characters of a recipe's name go into its domain: names of secrets and configs have at most 64 (lesson 25), and an
/// operator's domain is rarely shorter than ours.
const SHORT_NAME: usize = 20;

/// A recipe, ready to be deployed.
#[derive(Debug)]
pub struct Subject {
    /// The recipe.
    pub recipe: Recipe,
    /// What is known about it.
    pub scenario: Scenario,
    /// The app's domain.
    pub domain: String,
    /// The stack's name.
    pub stack: String,
    /// The merged project.
    pub project: Project,
    /// Its routes.
    pub routes: RouteTable,
    /// The environment with which it is deployed.
    pub environment: BTreeMap<String, String>,
    /// Values for its external secrets, by key.
    pub secrets: BTreeMap<String, Vec<u8>>,
    /// The folder of the first compose file, empty for the recipe's root: paths in the project start there.
    directory: String,
    /// The variables that its compose files use.
    pub variables: Vec<VariableUse>,
    /// How long a deploy may take.
    pub timeout: Duration,
    /// What the recipe asks of the machine beyond the ordinary.
    pub demands: Vec<Demand>,
    /// What a reader should know.
    pub notes: Vec<String>,
}

impl Subject {
    /// Loads the recipe's compose files with the environment of an operator who has just made an app of it; secrets are generated,
    /// and the redactor learns them.
    ///
    /// # Errors
    /// When the recipe's files cannot be deployed as they are; the recipe is at fault.
    pub fn prepare(recipe: Recipe, scenario: Scenario, redactor: &Redactor) -> Result<Self, Trouble> {
        let operator = Operator::new(&recipe);
        let subject = Self::for_operator(recipe, scenario, &operator, redactor)?;
        // Not of the releases before it: they are never opened in a browser with a scenario that may speak of newer things.
        smoke::check(&subject)?;
        Ok(subject)
    }

    /// The same for an operator who has an `.env` and secrets already; only secrets that are new are generated, and noted.
    ///
    /// # Errors
    /// When the recipe's files cannot be deployed with that environment.
    pub fn for_operator(
        recipe: Recipe,
        scenario: Scenario,
        operator: &Operator,
        redactor: &Redactor,
    ) -> Result<Self, Trouble> {
        let (domain, stack, environment) = environment(&recipe, operator, &scenario);
        let files = compose_files(&recipe, &environment)?;
        let variables: BTreeMap<&str, &str> =
            environment.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let lookup = |name: &str| variables.get(name).map(|value| (*value).to_owned());
        let loaded = compose::load(&files, &lookup, &|path| read(&recipe, path).map_err(|error| error.to_string()))
            .map_err(|error| {
                Trouble::failed("compose", error.to_string())
                    .with("compose", error.render(false))
                    .advise("Correct the compose file; `docker stack config` refuses it as well.")
            })?;
        let mut notes: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
        let (variables, directory) = (loaded.variables, loaded.directory);
        let project = loaded.project;
        if project.services.is_empty() {
            return Err(Trouble::failed(
                "no-services",
                "the compose files define no service, so there is nothing to try",
            )
            .advise("Add the app under services: in compose.yml, or name the file that has it in COMPOSE_FILE."));
        }
        let secrets = secrets(&project, operator, &recipe, &environment, &stack, redactor, &mut notes)?;
        let routes = RouteTable::from_project(&project, &routes::Options::for_stack(&stack));
        if let Some(note) = routes.errors().next() {
            let all: Vec<String> = routes.errors().map(ToString::to_string).collect();
            return Err(Trouble::failed("not-routed", note.to_string())
                .with("labels", all.join("\n"))
                .advise("Correct the Traefik labels under deploy: labels:."));
        }
        let timeout = scenario.limits.deploy.unwrap_or_else(|| timeout(&project, &stack, &mut notes));
        let demands = demands::of(&project);
        let environment = environment.into_iter().collect();
        let subject = Self {
            domain,
            stack,
            routes,
            environment,
            secrets,
            directory,
            variables,
            timeout,
            demands,
            notes,
            project,
            recipe,
            scenario,
        };
        // Everything that can be known without an engine is told before a node is started.
        subject.stack_spec(&DeployOptions::default())?;
        Ok(subject)
    }

    /// What a deploy asks the swarm for; secrets and the variables behind names are filled in.
    ///
    /// # Errors
    /// What cannot be deployed as it is written.
    pub fn stack_spec(&self, options: &DeployOptions) -> Result<StackSpec, DeployError> {
        let options =
            DeployOptions { secret_values: self.secrets.clone(), variables: self.variables.clone(), ..options.clone() };
        StackSpec::build(&self.project, &self.stack, &options, &|path| self.read(path))
    }

    /// # Errors
    /// When it reaches out of its containers (design.md §3.6), and was not trusted to.
    pub(super) fn check_trust(&self, trusted: bool) -> Result<(), Trouble> {
        if trusted || self.demands.is_empty() {
            return Ok(());
        }
        let demands: Vec<String> = self.demands.iter().map(ToString::to_string).collect();
        let reason = "the recipe reaches out of its containers, and was not trusted to";
        Err(Trouble::errored("needs-trust", reason)
            .with("demands", demands.join("\n"))
            .advise("If you trust it, and the machine can be thrown away, run it again with --trust."))
    }

    /// What its operator has from now on: the `.env` it was made with, and the secrets by their real names.
    pub fn operator(&self, env: &Operator) -> Operator {
        let mut operator = env.clone();
        for (key, value) in &self.secrets {
            let name = self.project.secrets.get(key).map_or("", |object| object.name.as_str());
            operator.secrets.insert(if name.is_empty() { key.clone() } else { name.to_owned() }, value.clone());
        }
        operator
    }

    /// The images of all services.
    pub fn images(&self) -> BTreeSet<String> {
        self.project.services().map(|(_, service)| service.image.clone()).filter(|image| !image.is_empty()).collect()
    }

    /// A file that a config or secret names, from the folder of the first compose file.
    ///
    /// # Errors
    /// When there is none, or its path leaves the recipe.
    pub fn read(&self, path: &str) -> std::io::Result<Vec<u8>> {
        if path.starts_with('/') || self.directory.is_empty() {
            return read(&self.recipe, path);
        }
        read(&self.recipe, &format!("{}/{path}", self.directory))
    }
}

fn read(recipe: &Recipe, path: &str) -> std::io::Result<Vec<u8>> {
    let found = recipe.tree.find(path.trim_start_matches("./"));
    found
        .map(|(_, file)| file.bytes.to_vec())
        .map_err(|error| std::io::Error::new(std::io::ErrorKind::NotFound, error.to_string()))
}

/// The app's domain, the stack's name, and what an operator deploys with: the values of their `.env`, the domain filled in, and the versions that the
/// recipe's `abra.sh` exports, which win over it [M].
fn environment(recipe: &Recipe, operator: &Operator, scenario: &Scenario) -> (String, String, Vec<(String, String)>) {
    let short: String = recipe
        .name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .take(SHORT_NAME)
        .collect();
    let short = short.trim_matches('-');
    let domain = format!("{}.test", if short.is_empty() { "recipe" } else { short });
    let stack = stack_name(&domain);
    let mut overrides = BTreeMap::from([("STACK_NAME".to_owned(), stack.clone())]);
    if operator.env.entry("DOMAIN").is_some() || recipe.env_sample.is_none() {
        overrides.insert("DOMAIN".to_owned(), domain.clone());
    }
    overrides.extend(scenario.env.clone());
    overrides.extend(operator.set.clone());
    let environment = recipe.environment(&operator.env, &overrides);
    (domain, stack, environment)
}

fn compose_files(recipe: &Recipe, environment: &[(String, String)]) -> Result<Vec<SourceFile>, Trouble> {
    crate::recipe::compose_files(environment)
        .into_iter()
        .map(|path| match recipe.tree.find(path.trim_start_matches("./")) {
            Ok((_, file)) => Ok(SourceFile::new(path, file.bytes.clone())),
            Err(error @ LookupError::Omitted { .. }) => {
                Err(Trouble::failed("compose", format!("cannot load the compose files: {error}"))
                    .advise(format!("See that {path} is the file you mean: no compose file of an app is that large.")))
            }
            Err(error) => Err(Trouble::failed("overlay-missing", format!("COMPOSE_FILE names {path}: {error}"))
                .with(
                    "environment",
                    environment
                        .iter()
                        .filter(|(key, _)| key == "COMPOSE_FILE")
                        .map(|(key, value)| format!("{key}={value}"))
                        .collect::<String>(),
                )
                .advise(format!("Add {path} to the recipe, or take it out of COMPOSE_FILE in .env.sample."))),
        })
        .collect()
}

/// Generates the external secrets that services use, as abra would: by the variable in their name.
fn secrets(
    project: &Project,
    operator: &Operator,
    recipe: &Recipe,
    environment: &[(String, String)],
    stack: &str,
    redactor: &Redactor,
    notes: &mut Vec<String>,
) -> Result<BTreeMap<String, Vec<u8>>, Trouble> {
    let (mut specs, problems) = secret::specs(&operator.env, environment);
    if let Some(sample) = &recipe.env_sample {
        // A variable that only the recipe's own sample describes: a default in the compose file may still name its secret.
        let known: BTreeSet<String> = specs.iter().map(|spec| spec.variable.clone()).collect();
        specs.extend(secret::specs(sample, environment).0.into_iter().filter(|spec| !known.contains(&spec.variable)));
    }
    notes.extend(problems.iter().map(|problem| format!(".env.sample:{}: {}", problem.line, problem.what)));
    let used: BTreeSet<&str> = project
        .services()
        .flat_map(|(_, service)| service.secrets.iter().map(|secret| secret.source.as_str()))
        .collect();
    let mut values = BTreeMap::new();
    for (key, object) in project.secrets.iter().filter(|(key, object)| object.external && used.contains(key.as_str())) {
        let real = if object.name.is_empty() { key } else { &object.name };
        if real.len() > NAME_LIMIT {
            // The deploy refuses it, with the arithmetic.
            continue;
        }
        if let Some(value) = operator.secrets.get(real) {
            values.insert(key.clone(), value.clone());
            continue;
        }
        // abra finds the secret by its real name, made of the variable's name and value.
        let spec = specs.iter().find(|spec| *real == format!("{stack}_{}_{}", spec.name, spec.version));
        let Some(spec) = spec else {
            let known: Vec<String> = specs
                .iter()
                .map(|spec| format!("{} (makes {stack}_{}_{})", spec.variable, spec.name, spec.version))
                .collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(Trouble::failed("secret-missing", format!("the secret `{key}` is external and named {real}, and no variable of .env.sample makes it"))
                .with("environment", format!("variables that make secrets: {known}"))
                .advise(format!("Add `SECRET_{}_VERSION=v1` to .env.sample, and use it in the secret's name: `${{STACK_NAME}}_{key}_${{SECRET_{}_VERSION}}`.", key.to_uppercase(), key.to_uppercase())));
        };
        if !spec.generate {
            notes.push(format!(
                "the secret `{key}` is inserted by the operator (generate=false); taster made up a value"
            ));
        }
        if !operator.secrets.is_empty() {
            notes.push(format!("the secret `{key}` is new to the operator, and was generated"));
        }
        let value = secret::generate(spec, &mut rand::rng());
        redactor.learn(key, &value);
        values.insert(key.clone(), value.into_bytes());
    }
    Ok(values)
}

/// The recipe's own time limit, from the label that abra reads (recipe-format.md §1.5).
fn timeout(project: &Project, stack: &str, notes: &mut Vec<String>) -> Duration {
    let label = format!("coop-cloud.{stack}.timeout");
    let written =
        project.services().find_map(|(_, service)| service.deploy.labels.get(&label)).filter(|text| !text.is_empty());
    match written.map(|text| (text, text.parse::<u64>())) {
        Some((_, Ok(seconds))) if seconds > 0 => Duration::from_secs(seconds),
        Some((text, _)) => {
            notes.push(format!("the label {label} is no number of seconds: `{text}`"));
            DEFAULT_TIMEOUT
        }
        None => DEFAULT_TIMEOUT,
    }
}
