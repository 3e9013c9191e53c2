//! Secrets and configs: the objects, and a service's references to them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bollard::models::{
    ConfigSpec, Driver, SecretSpec, TaskSpecContainerSpecConfigs, TaskSpecContainerSpecFile,
    TaskSpecContainerSpecFile1, TaskSpecContainerSpecSecrets,
};

use super::names::{check_file_name, name_or_scope};
use super::spec::{Context, Files, StackContext};
use super::{DeployError, LABEL_STACK};
use crate::compose::Form;
use crate::compose::project::{FileObject, FileReference};

/// Largest secret, in bytes (swarmkit: less than 500 KiB).
const SECRET_LIMIT: usize = 500 * 1024 - 1;
/// Largest config, in bytes (swarmkit: less than 1000 KiB).
const CONFIG_LIMIT: usize = 1000 * 1024 - 1;

/// Secret or config.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FileKind {
    /// A secret: its content never comes back from the engine.
    Secret,
    /// A config.
    Config,
}

impl FileKind {
    /// `secret` or `config`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Config => "config",
        }
    }
}

impl std::fmt::Display for FileKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is known about the variable that versions a secret or config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Version {
    /// The caller did not hand in the variables.
    Unknown,
    /// The name holds no variable but the stack's.
    Missing,
    /// The variable.
    Variable {
        /// Its name.
        name: String,
        /// Its value, when it has one.
        value: Option<String>,
    },
}

/// A secret or config to make, with what its errors need to say.
#[derive(Debug, Clone, PartialEq)]
pub struct StackFile<Spec> {
    /// The key in the compose file.
    pub key: String,
    /// The file with the content as the compose file writes it; empty when there is none.
    pub file: String,
    /// The variable in its `name:` that versions it.
    pub version: Version,
    /// What the engine is asked for.
    pub spec: Spec,
}

/// The secrets of the project that the stack makes itself.
pub(super) fn secrets(context: &StackContext<'_>, files: Files<'_>) -> Result<Vec<StackFile<SecretSpec>>, DeployError> {
    let mut specs = Vec::new();
    for (key, object) in own(&context.project.secrets) {
        let name = object_name(FileKind::Secret, context.stack, key, object)?;
        // A driver brings the content itself; there is no file to read.
        let data = match object.driver.is_empty() {
            true => Some(content(FileKind::Secret, key, object, files)?),
            false => None,
        };
        let options: std::collections::HashMap<_, _> = object.driver_opts.clone().into_iter().collect();
        specs.push(StackFile {
            key: key.clone(),
            file: object.file.clone(),
            version: version(context, FileKind::Secret, key),
            spec: SecretSpec {
                name: Some(name),
                labels: Some(context.labels(&object.labels)),
                data,
                driver: (!object.driver.is_empty()).then(|| Driver {
                    name: object.driver.clone(),
                    options: Some(options).filter(|options| !options.is_empty()),
                }),
                templating: templating(object),
            },
        });
    }
    Ok(specs)
}

/// The configs of the project that the stack makes itself.
pub(super) fn configs(context: &StackContext<'_>, files: Files<'_>) -> Result<Vec<StackFile<ConfigSpec>>, DeployError> {
    let mut specs = Vec::new();
    for (key, object) in own(&context.project.configs) {
        specs.push(StackFile {
            key: key.clone(),
            file: object.file.clone(),
            version: version(context, FileKind::Config, key),
            spec: ConfigSpec {
                name: Some(object_name(FileKind::Config, context.stack, key, object)?),
                labels: Some(context.labels(&object.labels)),
                data: Some(content(FileKind::Config, key, object, files)?),
                templating: templating(object),
            },
        });
    }
    Ok(specs)
}

/// The external secrets whose values the caller hands in: what an operator would have made with `abra app secret generate`.
///
/// They get no stack label, because `docker stack rm` must not take them along; [`LABEL_STACK`] says whose they are.
pub(super) fn handed_in(
    context: &StackContext<'_>,
    values: &BTreeMap<String, Vec<u8>>,
) -> Result<Vec<StackFile<SecretSpec>>, DeployError> {
    let mut specs = Vec::new();
    for (key, object) in context.project.secrets.iter().filter(|(_, object)| object.external) {
        let Some(value) = values.get(key) else { continue };
        check_size(FileKind::Secret, key, "its value", value, SECRET_LIMIT)?;
        let mut labels = std::collections::HashMap::from([(LABEL_STACK.to_owned(), context.stack.to_owned())]);
        context.add_run_label(&mut labels);
        specs.push(StackFile {
            key: key.clone(),
            file: String::new(),
            version: version(context, FileKind::Secret, key),
            spec: SecretSpec {
                name: Some(object_name(FileKind::Secret, context.stack, key, object)?),
                labels: Some(labels),
                data: Some(STANDARD.encode(value)),
                ..SecretSpec::default()
            },
        });
    }
    Ok(specs)
}

/// The secrets that a service mounts, sorted by name; ids are filled in when the stack is applied.
pub(super) fn secret_references(
    context: &Context<'_>,
    references: &[FileReference],
) -> Result<Vec<TaskSpecContainerSpecSecrets>, DeployError> {
    let mut mounted = Vec::new();
    for (name, file) in targets(context, FileKind::Secret, references, &context.project.secrets)? {
        mounted.push(TaskSpecContainerSpecSecrets { file: Some(file), secret_id: None, secret_name: Some(name) });
    }
    mounted.sort_by(|a, b| a.secret_name.cmp(&b.secret_name));
    Ok(mounted)
}

/// The configs that a service mounts, sorted by name; ids are filled in when the stack is applied.
pub(super) fn config_references(
    context: &Context<'_>,
    references: &[FileReference],
) -> Result<Vec<TaskSpecContainerSpecConfigs>, DeployError> {
    let mut mounted = Vec::new();
    for (name, file) in targets(context, FileKind::Config, references, &context.project.configs)? {
        let TaskSpecContainerSpecFile { name: target, uid, gid, mode } = file;
        mounted.push(TaskSpecContainerSpecConfigs {
            file: Some(TaskSpecContainerSpecFile1 { name: target, uid, gid, mode }),
            runtime: None,
            config_id: None,
            config_name: Some(name),
        });
    }
    mounted.sort_by(|a, b| a.config_name.cmp(&b.config_name));
    Ok(mounted)
}

fn targets(
    context: &Context<'_>,
    kind: FileKind,
    references: &[FileReference],
    objects: &BTreeMap<String, FileObject>,
) -> Result<Vec<(String, TaskSpecContainerSpecFile)>, DeployError> {
    let mut seen = std::collections::BTreeSet::new();
    let mut found = Vec::with_capacity(references.len());
    for reference in references {
        let Some(object) = objects.get(&reference.source) else {
            return Err(DeployError::Undefined {
                service: context.service.to_owned(),
                kind: kind.as_str(),
                key: reference.source.clone(),
            });
        };
        let target = if reference.target.is_empty() { &reference.source } else { &reference.target };
        if !seen.insert(target.clone()) {
            let reason = format!("two {kind}s have the target `{target}`: give one of them another `target:`");
            return Err(DeployError::field(context.service, format!("{kind}s ({})", reference.source), reason));
        }
        let owner = |id: &str| if id.is_empty() { "0".to_owned() } else { id.to_owned() };
        found.push((
            object_name(kind, context.stack, &reference.source, object)?,
            TaskSpecContainerSpecFile {
                name: Some(target.clone()),
                uid: Some(owner(&reference.uid)),
                gid: Some(owner(&reference.gid)),
                mode: Some(reference.mode.unwrap_or(0o444)),
            },
        ));
    }
    Ok(found)
}

/// The name on the swarm, checked. An external object without a name goes by its key.
pub(super) fn object_name(kind: FileKind, stack: &str, key: &str, object: &FileObject) -> Result<String, DeployError> {
    let name = if object.external && object.name.is_empty() {
        key.to_owned()
    } else {
        name_or_scope(stack, key, &object.name)
    };
    check_file_name(kind.as_str(), stack, key, &name)?;
    Ok(name)
}

fn own(objects: &BTreeMap<String, FileObject>) -> impl Iterator<Item = (&String, &FileObject)> {
    objects.iter().filter(|(_, object)| !object.external)
}

/// The last variable in the object's `name:`, preferring one that says that it is a version.
fn version(context: &StackContext<'_>, kind: FileKind, key: &str) -> Version {
    let path = format!("{kind}s.{key}.name");
    let used = context.options.variables.iter().filter(|used| used.path == path && used.name != "STACK_NAME");
    let used: Vec<_> = used.collect();
    match used.iter().rev().find(|used| used.name.ends_with("_VERSION")).or(used.last()) {
        Some(used) => {
            let default = if matches!(used.form, Form::DefaultIfEmpty | Form::DefaultIfUnset) {
                used.operand.clone()
            } else {
                None
            };
            Version::Variable {
                name: used.name.clone(),
                value: used.value.clone().filter(|value| !value.is_empty()).or(default),
            }
        }
        None if context.options.variables.is_empty() => Version::Unknown,
        None => Version::Missing,
    }
}

fn templating(object: &FileObject) -> Option<Driver> {
    (!object.template_driver.is_empty()).then(|| Driver { name: object.template_driver.clone(), options: None })
}

fn content(kind: FileKind, key: &str, object: &FileObject, files: Files<'_>) -> Result<String, DeployError> {
    let bytes = files(&object.file).map_err(|source| DeployError::File {
        kind,
        key: key.to_owned(),
        file: object.file.clone(),
        source,
    })?;
    let limit = match kind {
        FileKind::Secret => SECRET_LIMIT,
        FileKind::Config => CONFIG_LIMIT,
    };
    check_size(kind, key, &format!("its file `{}`", object.file), &bytes, limit)?;
    Ok(STANDARD.encode(bytes))
}

fn check_size(kind: FileKind, key: &str, file: &str, bytes: &[u8], limit: usize) -> Result<(), DeployError> {
    if (1..=limit).contains(&bytes.len()) {
        return Ok(());
    }
    Err(DeployError::Size { kind, key: key.to_owned(), file: file.to_owned(), size: bytes.len(), limit })
}
