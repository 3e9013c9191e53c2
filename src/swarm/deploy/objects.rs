//! Making a stack's secrets and configs, and explaining why an existing one cannot change (lesson 24).

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bollard::Docker;
use bollard::errors::Error;
use bollard::models::{ConfigSpec, SecretSpec};
use bollard::query_parameters::{UpdateConfigOptionsBuilder, UpdateSecretOptionsBuilder};
use serde_json::Value;

use super::apply::{AppliedObject, Change};
use super::error::Immutable;
use super::file_object::{FileKind, StackFile, Version};
use super::{DeployError, raw};

/// A secret or config on the swarm.
pub(super) struct Existing {
    pub(super) id: String,
    version: i32,
    /// `Spec` as the engine gives it: with `Data` for a config, without for a secret.
    spec: Value,
}

/// The swarm's secrets or configs, by name.
pub(super) async fn existing(docker: &Docker, kind: FileKind) -> Result<HashMap<String, Existing>, DeployError> {
    let path = format!("/{kind}s");
    let listed = raw::get(docker, &path).await.map_err(DeployError::engine("list", kind.as_str(), ""))?;
    let objects = listed.as_array().into_iter().flatten().filter_map(|object| {
        let spec = object.get("Spec")?;
        let name = spec.get("Name")?.as_str()?.to_owned();
        let version =
            object.pointer("/Version/Index").and_then(Value::as_i64).and_then(|index| i32::try_from(index).ok())?;
        Some((name, Existing { id: object.get("ID")?.as_str()?.to_owned(), version, spec: spec.clone() }))
    });
    Ok(objects.collect())
}

/// Refuses configs whose content differs from what the swarm holds under their name. Nothing has been made yet.
///
/// Returns a warning for each config whose template driver would change: swarm keeps the old one without a word.
pub(super) fn check_configs(
    configs: &[StackFile<ConfigSpec>],
    existing: &HashMap<String, Existing>,
) -> Result<Vec<String>, DeployError> {
    let mut warnings = Vec::new();
    for config in configs {
        let name = config.spec.name.clone().unwrap_or_default();
        let Some(there) = existing.get(&name) else { continue };
        let (new, old) = (decode(config.spec.data.as_deref()), decode(there.spec.get("Data").and_then(Value::as_str)));
        if new != old {
            return Err(immutable(FileKind::Config, config, &name, first_difference(&old, &new)));
        }
        let driver = config.spec.templating.as_ref().map(|driver| driver.name.as_str());
        if driver != there.spec.pointer("/Templating/Name").and_then(Value::as_str) {
            warnings.push(format!(
                "config `{}`: its template_driver changed, but swarm keeps the old one of `{name}`: bump its version",
                config.key
            ));
        }
    }
    Ok(warnings)
}

/// Makes a secret, or brings its labels up to date.
pub(super) async fn put_secret(
    docker: &Docker,
    secret: &StackFile<SecretSpec>,
    existing: Option<&Existing>,
) -> Result<AppliedObject, DeployError> {
    let name = secret.spec.name.clone().unwrap_or_default();
    let Some(there) = existing else {
        let made =
            docker.create_secret(secret.spec.clone()).await.map_err(DeployError::engine("create", "secret", &name))?;
        return Ok(AppliedObject { name, id: made.id, change: Change::Created });
    };
    let options = UpdateSecretOptionsBuilder::default().version(i64::from(there.version)).build();
    match docker.update_secret(&there.id, secret.spec.clone(), options).await {
        Ok(()) => Ok(there.after_update(name, secret.spec.labels.as_ref())),
        Err(error) if refuses_content(&error) => Err(immutable(FileKind::Secret, secret, &name, String::new())),
        Err(error) => Err(DeployError::engine("update", "secret", name)(error)),
    }
}

/// Makes a config, or brings its labels up to date.
pub(super) async fn put_config(
    docker: &Docker,
    config: &StackFile<ConfigSpec>,
    existing: Option<&Existing>,
) -> Result<AppliedObject, DeployError> {
    let name = config.spec.name.clone().unwrap_or_default();
    let Some(there) = existing else {
        let made =
            docker.create_config(config.spec.clone()).await.map_err(DeployError::engine("create", "config", &name))?;
        return Ok(AppliedObject { name, id: made.id, change: Change::Created });
    };
    let options = UpdateConfigOptionsBuilder::default().version(i64::from(there.version)).build();
    match docker.update_config(&there.id, config.spec.clone(), options).await {
        Ok(()) => Ok(there.after_update(name, config.spec.labels.as_ref())),
        Err(error) if refuses_content(&error) => Err(immutable(FileKind::Config, config, &name, String::new())),
        Err(error) => Err(DeployError::engine("update", "config", name)(error)),
    }
}

impl Existing {
    fn after_update(&self, name: String, labels: Option<&HashMap<String, String>>) -> AppliedObject {
        let old: HashMap<String, String> =
            self.spec.get("Labels").and_then(|labels| serde_json::from_value(labels.clone()).ok()).unwrap_or_default();
        let change = if labels == Some(&old) { Change::Unchanged } else { Change::Updated };
        AppliedObject { name, id: self.id.clone(), change }
    }
}

/// Swarm's answer to new content under an old name.
fn refuses_content(error: &Error) -> bool {
    matches!(error, Error::DockerResponseServerError { message, .. } if message.contains("only updates to Labels are allowed"))
}

fn decode(data: Option<&str>) -> Vec<u8> {
    STANDARD.decode(data.unwrap_or_default()).unwrap_or_default()
}

/// ` (first at line 3)`, or nothing for content that is no text.
fn first_difference(old: &[u8], new: &[u8]) -> String {
    let (Ok(old), Ok(new)) = (std::str::from_utf8(old), std::str::from_utf8(new)) else {
        return String::new();
    };
    let same = old.split('\n').zip(new.split('\n')).take_while(|(old, new)| old == new).count();
    format!(" (first at line {})", same + 1)
}

fn immutable<Spec>(kind: FileKind, object: &StackFile<Spec>, name: &str, difference: String) -> DeployError {
    let custom = format!("{}_VERSION", object.key.to_uppercase().replace(['-', '.'], "_"));
    let (variable, remedy) = match &object.version {
        Version::Variable { name, value } => {
            let now = value.as_ref().map(|value| format!(", now `{value}`")).unwrap_or_default();
            let remedy =
                format!("Bump `{name}` (the version in its `name:`{now}) where it is set, in abra.sh or .env.sample");
            (Some(name.clone()), remedy)
        }
        Version::Missing => {
            let remedy = format!(
                "It has no version in its `name:`: add one, as in `${{STACK_NAME}}_{}_${{{custom}}}`, and export it in abra.sh",
                object.key
            );
            (None, remedy)
        }
        Version::Unknown => {
            let remedy =
                format!("Bump the version variable in its `name:` (by custom `{custom}`) in abra.sh, or give it one");
            (None, remedy)
        }
    };
    DeployError::Immutable(Box::new(Immutable {
        kind,
        key: object.key.clone(),
        file: if object.file.is_empty() { "its content".to_owned() } else { format!("its file `{}`", object.file) },
        name: name.to_owned(),
        difference,
        remedy,
        variable,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(key: &str, version: Version, content: &str) -> StackFile<ConfigSpec> {
        let data = Some(STANDARD.encode(content));
        let spec = ConfigSpec { name: Some(format!("shop_{key}_v1")), data, ..ConfigSpec::default() };
        StackFile { key: key.to_owned(), file: format!("{key}.tmpl"), version, spec }
    }

    fn holding(config: &StackFile<ConfigSpec>) -> HashMap<String, Existing> {
        let spec = serde_json::json!({ "Name": config.spec.name, "Data": config.spec.data });
        HashMap::from([(config.spec.name.clone().unwrap(), Existing { id: "id".into(), version: 1, spec })])
    }

    #[test]
    fn lesson_24_a_changed_config_names_file_line_and_variable() {
        let version = || Version::Variable { name: "APP_CONF_VERSION".to_owned(), value: Some("v1".to_owned()) };
        let there = holding(&config("app_conf", version(), "a\nb\nc\n"));
        let error = check_configs(&[config("app_conf", version(), "a\nb\nd\n")], &there).unwrap_err();
        let text = error.to_string();
        for part in [
            "config `app_conf`",
            "`app_conf.tmpl`",
            "first at line 3",
            "`shop_app_conf_v1`",
            "only updates to Labels are allowed",
            "Bump `APP_CONF_VERSION`",
            "now `v1`",
            "abra.sh",
        ] {
            assert!(text.contains(part), "{part} is missing in: {text}");
        }
        assert!(check_configs(&[config("app_conf", version(), "a\nb\nc\n")], &there).unwrap().is_empty());
    }

    #[test]
    fn without_a_version_the_remedy_is_to_add_one() {
        let there = holding(&config("c", Version::Missing, "old"));
        let unversioned = check_configs(&[config("c", Version::Missing, "new")], &there).unwrap_err().to_string();
        assert!(unversioned.contains("add one, as in `${STACK_NAME}_c_${C_VERSION}`"), "{unversioned}");
        let unknown = check_configs(&[config("c", Version::Unknown, "new")], &there).unwrap_err().to_string();
        assert!(unknown.contains("by custom `C_VERSION`"), "{unknown}");
    }

    #[test]
    fn a_lost_template_driver_is_told() {
        let there = holding(&config("c", Version::Unknown, "x"));
        let mut templated = config("c", Version::Unknown, "x");
        templated.spec.templating = Some(bollard::models::Driver { name: "golang".into(), options: None });
        assert_eq!(check_configs(&[templated], &there).unwrap().len(), 1);
    }
}
