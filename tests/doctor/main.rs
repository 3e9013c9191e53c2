//! The doctor, on the real engine and without one.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic where it stands")]

mod no_engine;
mod real_engine;
mod registry;
mod tools;

use std::process::Command;

use serde_json::Value;

/// `taster doctor` with these arguments.
fn doctor(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_taster"));
    command.arg("doctor").args(arguments).env("NO_COLOR", "1");
    command
}

/// The exit code and the diagnosis.
#[track_caller]
fn diagnosis(command: &mut Command) -> (i32, Value) {
    let output = command.arg("--json").output().unwrap();
    let diagnosis: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(diagnosis["schema"], "taster.doctor/1");
    (output.status.code().unwrap(), diagnosis)
}

/// One check of a diagnosis: (status, found, what to do).
#[track_caller]
fn check(diagnosis: &Value, name: &str) -> (String, String, String) {
    let checks = diagnosis["checks"].as_array().unwrap();
    let found: Vec<&Value> = checks.iter().filter(|check| check["name"] == name).collect();
    assert_eq!(found.len(), 1, "{name}: {checks:?}");
    let text = |key: &str| found[0][key].as_str().unwrap().to_owned();
    assert!(!text("found").is_empty() && !text("means").is_empty(), "{:?}", found[0]);
    (text("status"), text("found"), text("to_do"))
}

/// The names of a diagnosis's checks.
fn names(diagnosis: &Value) -> Vec<&str> {
    diagnosis["checks"].as_array().unwrap().iter().map(|check| check["name"].as_str().unwrap()).collect()
}
