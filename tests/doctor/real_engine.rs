//! The engine of this machine.

use std::process::Command;

use crate::{check, diagnosis, doctor, names};

/// Whatever the doctor's runs left on the engine.
fn remains() -> String {
    let mut all = String::new();
    for kind in ["container", "volume", "network"] {
        let mut command = Command::new("docker");
        command.args([kind, "ls", "--filter", "label=taster.run", "--format", "{{.Label \"taster.run\"}}"]);
        if kind == "container" {
            command.arg("--all");
        }
        all += &String::from_utf8(command.output().unwrap().stdout).unwrap();
    }
    all.lines().filter(|run| run.contains("-doctor-")).collect()
}

#[test]
fn a_node_is_started_and_nothing_is_left() {
    let before = remains();
    let (code, diagnosis) = diagnosis(&mut doctor(&["--offline"]));
    assert_eq!((code, diagnosis["can_test"].as_bool()), (0, Some(true)), "{diagnosis}");
    for name in ["engine", "api", "swarm", "cgroup", "storage", "node image", "node", "disk", "memory"] {
        assert_eq!(check(&diagnosis, name).0, "ok", "{name}: {diagnosis}");
    }
    assert!(check(&diagnosis, "node").1.contains("ready in"));
    assert!(check(&diagnosis, "capabilities").0 != "unknown" && check(&diagnosis, "ip_vs").0 != "unknown");
    assert_eq!(remains(), before);
}

#[test]
fn without_a_node_what_only_it_tells_is_unknown_and_nothing_is_bad() {
    let (code, diagnosis) = diagnosis(&mut doctor(&["--offline", "--no-node"]));
    assert_eq!(code, 0);
    for name in ["node image", "node", "capabilities", "registry"] {
        assert_eq!(check(&diagnosis, name).0, "unknown");
    }
    assert_eq!(check(&diagnosis, "disk").0, "ok");
    let dead = crate::diagnosis(doctor(&["--offline"]).env("DOCKER_HOST", "unix:///nowhere/docker.sock")).1;
    assert_eq!(names(&diagnosis), names(&dead), "the same checks, whatever was found");
}

#[test]
fn a_docker_context_that_taster_does_not_use_is_pointed_out() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.json"), r#"{"currentContext": "elsewhere"}"#).unwrap();
    let mut command = doctor(&["--offline", "--no-node"]);
    command.env("DOCKER_CONFIG", folder.path()).env_remove("DOCKER_CONTEXT");
    if std::env::var_os("DOCKER_HOST").is_none() {
        let (_, diagnosis) = diagnosis(&mut command);
        let (status, _, to_do) = check(&diagnosis, "engine");
        assert!(status == "warn" && to_do.contains("DOCKER_HOST"), "{status} {to_do}");
    }
    command = doctor(&["--offline", "--no-node"]);
    command.env("DOCKER_CONFIG", folder.path()).env("DOCKER_HOST", "unix:///nowhere/docker.sock");
    let (_, diagnosis) = diagnosis(&mut command);
    assert!(!check(&diagnosis, "engine").2.contains("context"), "DOCKER_HOST outranks any context");
}
