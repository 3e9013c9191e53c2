//! The reference: the real `docker stack config`.

use std::path::Path;
use std::process::Command;

use serde_json::{Map, Number, Value};

use crate::case::Case;

/// What the reference makes of a case: the project, or its error message.
pub(crate) type Verdict = Result<Value, String>;

/// Runs the reference on a case, in a folder of its own.
pub(crate) fn verdict(case: &Case, folder: &Path) -> Verdict {
    for (name, content) in case.files.iter().map(|(name, content)| (name, content)).chain(&case.others) {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("folders can be made");
        std::fs::write(path, content).expect("files can be written");
    }
    let mut command = Command::new("docker");
    command.args(["stack", "config"]).current_dir(folder).env_clear();
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command.envs(&case.env);
    for (name, _) in &case.files {
        command.arg("--compose-file").arg(name);
    }
    let output = command.output().expect(
        "`docker stack config` is the judge of this test and needs no engine: install the Docker CLI (package docker-ce-cli or docker-cli, 28 or newer)",
    );
    if output.status.success() {
        let text = String::from_utf8(output.stdout).expect("the reference prints UTF-8");
        let value = yaml_serde::from_str(&text)
            .unwrap_or_else(|error| panic!("the reference's output is no YAML: {error}\n{text}"));
        return Ok(normal(plain(value)));
    }
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !message.contains("is not a docker command"),
        "this docker has no `stack config`; install the Docker CLI 28 or newer: {message}"
    );
    Err(message)
}

/// YAML as JSON, by a parser that is not ours.
fn plain(value: yaml_serde::Value) -> Value {
    match value {
        yaml_serde::Value::Null => Value::Null,
        yaml_serde::Value::Bool(value) => Value::Bool(value),
        yaml_serde::Value::Number(value) => match (value.as_i64(), value.as_u64(), value.as_f64()) {
            (Some(value), ..) => value.into(),
            (_, Some(value), _) => value.into(),
            (_, _, value) => value.into(),
        },
        yaml_serde::Value::String(value) => Value::String(value),
        yaml_serde::Value::Sequence(items) => Value::Array(items.into_iter().map(plain).collect()),
        yaml_serde::Value::Mapping(map) => {
            let pairs = map.into_iter().map(|(key, value)| (key.as_str().unwrap_or_default().to_owned(), plain(value)));
            Value::Object(pairs.collect::<Map<_, _>>())
        }
        yaml_serde::Value::Tagged(tagged) => plain(tagged.value),
    }
}

/// The same value with whole floats as integers, so that `1e3` equals `1000`.
pub(crate) fn normal(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::Number(normal_number(number)),
        Value::Array(items) => Value::Array(items.into_iter().map(normal).collect()),
        Value::Object(map) => Value::Object(map.into_iter().map(|(key, value)| (key, normal(value))).collect()),
        other => other,
    }
}

fn normal_number(number: Number) -> Number {
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 9e15 => Number::from(float as i64),
        _ => number,
    }
}
