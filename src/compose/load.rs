//! From files to a project.

use super::interpolate::{self, VariableUse};
use super::merge;
use super::model::{self, Sections, Surroundings};
use super::problem::{Issue, LoadError, MOST_PROBLEMS, Problem};
use super::project::Project;
use super::schema::{self, FormatVersion};
use super::source::{SourceFile, Span};
use super::tree::{Content, Entry, Mapping};
use super::yaml;

/// Keys of services that the swarm loader refuses outright, and what to use instead.
const FORBIDDEN: [(&str, &str); 8] = [
    ("extends", "swarm has no `extends`: use an anchor and a merge key, or an overlay"),
    ("volume_driver", "define the volume under the top-level `volumes:` with its `driver:`"),
    ("volumes_from", "define the volume under the top-level `volumes:` and mount it in each service"),
    ("cpu_quota", "set limits under `deploy.resources`"),
    ("cpu_shares", "set limits under `deploy.resources`"),
    ("cpuset", "set limits under `deploy.resources`"),
    ("mem_limit", "set limits under `deploy.resources`"),
    ("memswap_limit", "set limits under `deploy.resources`"),
];

/// A project, and what was learnt on the way to it.
#[derive(Debug)]
pub struct Loaded {
    /// What a swarm would be asked for.
    pub project: Project,
    /// What is probably not meant, but loads; at most 200.
    pub warnings: Vec<Problem>,
    /// Every variable that the files use, in the order of the files.
    pub variables: Vec<VariableUse>,
    /// The files, interpolated, in the order in which they were given.
    pub documents: Vec<Document>,
    /// The directory of the first file, relative to the recipe's root and empty for the root: relative paths in the project start
    /// there.
    pub directory: String,
}

/// One file as a tree of values with their places, after interpolation and before merging.
#[derive(Debug)]
pub struct Document {
    /// The file.
    pub source: SourceFile,
    /// Its content.
    pub content: Mapping,
}

impl Loaded {
    /// The last place that decides the value at a path of keys, for example `["services", "app", "image"]`.
    ///
    /// List items are not reached by this: look into [`Loaded::documents`] for them.
    pub fn find(&self, path: &[&str]) -> Option<&Entry> {
        self.documents.iter().rev().find_map(|document| find(&document.content, path))
    }

    /// A place in words: file, line and column.
    pub fn problem_at(&self, span: Span, path: &str, message: impl Into<String>) -> Problem {
        Issue::new(span, path, message).locate(&self.sources())
    }

    /// The files as they were read.
    pub fn sources(&self) -> Vec<SourceFile> {
        self.documents.iter().map(|document| document.source.clone()).collect()
    }
}

fn find<'d>(map: &'d Mapping, path: &[&str]) -> Option<&'d Entry> {
    let (last, above) = path.split_last()?;
    let mut here = map;
    for key in above {
        here = here.get(key)?.as_map()?;
    }
    here.entry(last)
}

/// Loads compose files in the order in which they are to be merged.
///
/// `env` is the deployer's environment. `read_env_file` reads a file that a service names under `env_file:`; its path is relative
/// to the recipe's root, and it returns the reason when there is no such file. Nothing is read from the disk otherwise.
///
/// # Errors
/// Everything that is wrong with the files, when the swarm loader would refuse them.
pub fn load(
    files: &[SourceFile],
    env: &dyn Fn(&str) -> Option<String>,
    read_env_file: &dyn Fn(&str) -> Result<Vec<u8>, String>,
) -> Result<Loaded, LoadError> {
    let directory = files.first().and_then(|file| file.path.rsplit_once('/')).map_or("", |(directory, _)| directory);
    let surroundings = Surroundings { env, read_env_file, directory };
    let mut loading = Loading { files, surroundings, warnings: Vec::new(), variables: Vec::new() };
    loading.run().map_err(|issues| LoadError {
        problems: issues.into_iter().take(MOST_PROBLEMS).map(|issue| issue.locate(files)).collect(),
        sources: files.to_vec(),
    })
}

struct Loading<'a> {
    files: &'a [SourceFile],
    surroundings: Surroundings<'a>,
    warnings: Vec<Issue>,
    variables: Vec<VariableUse>,
}

impl Loading<'_> {
    fn run(&mut self) -> Result<Loaded, Vec<Issue>> {
        if self.files.is_empty() {
            let help = "name at least one, for example `compose.yml`";
            return Err(vec![Issue::new(Span::default(), "", "no compose file was given").help(help)]);
        }
        let mut documents = self.read_all()?;
        let version = self.version(&documents)?;
        let mut merged: Option<Sections> = None;
        let mut problems = Vec::new();
        for (number, document) in (0..).zip(&mut documents) {
            match self.sections(number, document, version) {
                Ok(sections) if problems.is_empty() => match &mut merged {
                    None => merged = Some(sections),
                    Some(merged) => merge::merge(merged, sections)
                        .map_err(|conflict| vec![conflict_issue(number, document, &conflict)])?,
                },
                Ok(_) => {}
                Err(found) => problems.extend(found),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let sections = merged.unwrap_or_default();
        let project = Project {
            version: documents.first().and_then(|first| first.get("version")).map(|_| version.to_string()),
            services: merge::services(sections.services),
            networks: sections.networks,
            volumes: sections.volumes,
            secrets: sections.secrets,
            configs: sections.configs,
            extensions: sections.extensions,
        };
        let warnings = std::mem::take(&mut self.warnings);
        let documents = self.files.iter().cloned().zip(documents).map(|(source, content)| Document { source, content });
        Ok(Loaded {
            project,
            warnings: warnings.into_iter().take(MOST_PROBLEMS).map(|issue| issue.locate(self.files)).collect(),
            variables: std::mem::take(&mut self.variables),
            documents: documents.collect(),
            directory: self.surroundings.directory.to_owned(),
        })
    }

    fn read_all(&self) -> Result<Vec<Mapping>, Vec<Issue>> {
        let mut documents = Vec::new();
        let mut problems = Vec::new();
        for (number, file) in (0..).zip(self.files) {
            match yaml::read(number, file) {
                Ok(document) => documents.push(document),
                Err(found) => problems.extend(found),
            }
        }
        if problems.is_empty() { Ok(documents) } else { Err(problems) }
    }

    /// The version of all files, which must be the same. A file without `version:` has the newest.
    fn version(&self, documents: &[Mapping]) -> Result<FormatVersion, Vec<Issue>> {
        let mut common: Option<(FormatVersion, &str)> = None;
        for ((number, file), document) in (0..).zip(self.files).zip(documents) {
            let (version, span) = version_of(number, document)?;
            match common {
                None => common = Some((version, &file.path)),
                Some((first, path)) if first != version => {
                    let message = format!("this file has format {version}, and `{path}` has format {first}");
                    let help = match document.get("version") {
                        Some(_) => format!("write `version: \"{first}\"` here too"),
                        None => format!(
                            "a file without `version:` has format {version}; write `version: \"{first}\"` at its top"
                        ),
                    };
                    return Err(vec![Issue::new(span, "version", message).help(help)]);
                }
                Some(_) => {}
            }
        }
        Ok(common.map_or(FormatVersion::NEWEST, |(version, _)| version))
    }

    fn sections(
        &mut self,
        number: u32,
        document: &mut Mapping,
        version: FormatVersion,
    ) -> Result<Sections, Vec<Issue>> {
        let forbidden = forbidden(document);
        if !forbidden.is_empty() {
            return Err(forbidden);
        }
        if let Some(source) = self.files.get(number as usize) {
            let outcome = interpolate::interpolate(source, document, self.surroundings.env);
            self.variables.extend(outcome.variables);
            self.warnings.extend(outcome.warnings);
            if !outcome.errors.is_empty() {
                return Err(outcome.errors);
            }
        }
        let invalid = schema::validate(number, document, version);
        if !invalid.is_empty() {
            return Err(invalid);
        }
        let (sections, problems, warnings) = model::read(document, &self.surroundings);
        self.warnings.extend(warnings);
        if problems.is_empty() { Ok(sections) } else { Err(problems) }
    }
}

fn version_of(number: u32, document: &Mapping) -> Result<(FormatVersion, Span), Vec<Issue>> {
    let Some(node) = document.get("version") else {
        return Ok((FormatVersion::NEWEST, Span::new(number, 0, 0)));
    };
    let issue = |message: String, help: &str| Err(vec![Issue::new(node.span, "version", message).help(help)]);
    match &node.content {
        Content::Text(text) => match FormatVersion::parse(text) {
            Some(version) => Ok((version, node.span)),
            None => issue(
                format!("`{text}` is no compose format that swarm takes: it takes 3.0 to 3.13"),
                "write `version: \"3.8\"`, as recipes do",
            ),
        },
        Content::Int(_) | Content::Float(_) => {
            issue("the version is a number, and must be text".to_owned(), "put it in quotes")
        }
        _ => issue(format!("the version is {}, and must be text", node.kind()), "write `version: \"3.8\"`"),
    }
}

fn forbidden(document: &Mapping) -> Vec<Issue> {
    let Some(services) = document.get("services").and_then(|services| services.as_map()) else { return Vec::new() };
    let mut issues = Vec::new();
    for (name, service) in services.iter() {
        let Some(service) = service.node.as_map() else { continue };
        for (key, instead) in FORBIDDEN {
            if let Some(entry) = service.entry(key) {
                let message = format!("the swarm loader refuses `{key}`");
                issues.push(Issue::new(entry.key, format!("services.{name}"), message).help(instead));
            }
        }
    }
    issues
}

fn conflict_issue(number: u32, document: &Mapping, conflict: &merge::Conflict) -> Issue {
    let merge::Conflict { service, key } = conflict;
    let span = find(document, &["services", service, key]).map_or(Span::new(number, 0, 0), |entry| entry.key);
    let message =
        format!("`{key}` holds a list here and something else in an earlier file, and these cannot be merged");
    Issue::new(span, format!("services.{service}.{key}"), message).help("give it the same shape in both files")
}
