//! What is refused before anything is made, and how it reads.

use std::collections::BTreeMap;
use std::io;

use serde_json::json;
use taster::compose::project::{
    FileObject, FileReference, Healthcheck, Network, Project, ResourceLimit, Service, ServiceVolume, UpdateConfig,
};
use taster::swarm::deploy::{DeployOptions, StackSpec};

fn project(change: impl FnOnce(&mut Service, &mut Project)) -> Project {
    let mut service = Service { image: "example/app:1".to_owned(), ..Service::default() };
    let mut project = Project::default();
    change(&mut service, &mut project);
    project.services.insert("app".to_owned(), service);
    project
}

#[track_caller]
fn refused(project: &Project, parts: &[&str]) {
    refused_in("shop", project, parts);
}

#[track_caller]
fn refused_in(stack: &str, project: &Project, parts: &[&str]) {
    let files = |path: &str| match path {
        "missing" => Err(io::Error::from(io::ErrorKind::NotFound)),
        "empty" => Ok(Vec::new()),
        "huge" => Ok(vec![0; 1_024_000]),
        _ => Ok(b"x".to_vec()),
    };
    let text = StackSpec::build(project, stack, &DeployOptions::default(), &files).map(|_| ()).unwrap_err().to_string();
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in: {text}");
    }
}

fn uses(source: &str) -> Vec<FileReference> {
    vec![FileReference { source: source.to_owned(), ..FileReference::default() }]
}

#[test]
fn lesson_25_long_names_are_refused_with_the_arithmetic() {
    let stack = "a".repeat(45);
    let secret = project(|service, project| {
        service.secrets = uses("s");
        let name = format!("{stack}_administrator_pass_v1");
        project.secrets.insert("s".to_owned(), FileObject { external: true, name, ..FileObject::default() });
    });
    let sum = format!("stack name `{stack}` 45 + `_` 1 + `administrator_pass_v1` 21 = 67");
    refused_in(
        &stack,
        &secret,
        &["secret `s`", "has 67 characters", "Docker allows 64", &sum, "by 3", "at most 42 characters"],
    );
    let mut service = project(|_, _| {});
    let definition = service.services.remove("app").unwrap();
    service.services.insert("b".repeat(18), definition);
    refused_in(&stack, &service, &["service", "has 64 characters", "Docker allows 63", "45 + `_` 1", "18 = 64"]);
    let network = project(|service, project| {
        service.networks = BTreeMap::from([("n".repeat(18), None)]);
        project.networks.insert("n".repeat(18), Network::default());
    });
    refused_in(&stack, &network, &["network", "Docker allows 63"]);
}

#[test]
fn undefined_references_name_the_service_and_the_section() {
    refused(&project(|service, _| service.secrets = uses("nope")), &["service `app`", "secret `nope`", "`secrets:`"]);
    refused(&project(|service, _| service.configs = uses("nope")), &["config `nope`"]);
    refused(&project(|service, _| service.networks = BTreeMap::from([("nope".to_owned(), None)])), &["network `nope`"]);
    let volume = ServiceVolume {
        kind: "volume".to_owned(),
        source: "nope".to_owned(),
        target: "/x".to_owned(),
        ..ServiceVolume::default()
    };
    refused(&project(|service, _| service.volumes = vec![volume]), &["volume `nope`"]);
    refused(&project(|service, _| service.credential_spec = Some(json!({"config": "nope"}))), &["config `nope`"]);
}

#[test]
fn files_that_cannot_become_objects_are_refused() {
    for (file, parts) in [
        ("missing", &["config `c`", "cannot read its file `missing`"][..]),
        ("empty", &["config `c`", "`empty` has 0 bytes", "from 1 to 1023999 bytes"]),
        ("huge", &["1024000 bytes"]),
    ] {
        let file = FileObject { file: file.to_owned(), ..FileObject::default() };
        refused(&project(|_, project| drop(project.configs.insert("c".to_owned(), file))), parts);
    }
}

#[test]
fn values_that_swarm_does_not_know_are_refused_with_what_it_knows() {
    let update = |failure_action: &str, order: &str| UpdateConfig {
        failure_action: failure_action.to_owned(),
        order: order.to_owned(),
        ..UpdateConfig::default()
    };
    refused(&project(|service, _| service.deploy.mode = "everywhere".to_owned()), &["deploy.mode", "replicated-job"]);
    refused(
        &project(|service, _| service.deploy.update_config = Some(update("retry", ""))),
        &["deploy.update_config.failure_action", "pause"],
    );
    refused(
        &project(|service, _| service.deploy.rollback_config = Some(update("", "first"))),
        &["deploy.rollback_config.order", "start-first"],
    );
    refused(
        &project(|service, _| service.deploy.endpoint_mode = "mesh".to_owned()),
        &["deploy.endpoint_mode", "dnsrr"],
    );
    refused(&project(|service, _| service.restart = "sometimes".to_owned()), &["`restart`", "on-failure"]);
    let limits = ResourceLimit { cpus: "some".to_owned(), ..ResourceLimit::default() };
    refused(
        &project(|service, _| service.deploy.resources.limits = Some(limits)),
        &["deploy.resources.limits.cpus", "'0.5'"],
    );
    let both = Healthcheck { disable: true, test: vec!["CMD".to_owned()], ..Healthcheck::default() };
    refused(&project(|service, _| service.healthcheck = Some(both)), &["healthcheck", "disable"]);
    refused(&project(|service, _| service.image = String::new()), &["`image`", "cannot build"]);
    let credentials = json!({"file": "a", "registry": "b"});
    refused(
        &project(|service, _| service.credential_spec = Some(credentials)),
        &["file and registry exclude each other"],
    );
}

#[test]
fn mounts_that_contradict_themselves_are_refused() {
    let mount = |kind: &str, source: &str| ServiceVolume {
        kind: kind.to_owned(),
        source: source.to_owned(),
        target: "/x".to_owned(),
        ..ServiceVolume::default()
    };
    let with = |volume: ServiceVolume| project(|service, _| service.volumes = vec![volume]);
    refused(&with(mount("bind", "")), &["volumes (/x)", "needs a source"]);
    refused(&with(mount("tmpfs", "/somewhere")), &["has no source"]);
    refused(&with(mount("floppy", "a")), &["`floppy`"]);
    refused(
        &with(ServiceVolume { tmpfs_size: Some(1), ..mount("bind", "/a") }),
        &["tmpfs options are incompatible with type bind"],
    );
    refused(
        &with(ServiceVolume { bind_propagation: Some("x".to_owned()), ..mount("bind", "/a") }),
        &["propagation", "rprivate"],
    );
}

#[test]
fn two_secrets_at_one_target_are_refused() {
    let project = project(|service, project| {
        service.secrets = uses("a");
        service.secrets.push(FileReference { target: "a".to_owned(), ..uses("b").remove(0) });
        for key in ["a", "b"] {
            project.secrets.insert(key.to_owned(), FileObject { external: true, ..FileObject::default() });
        }
    });
    refused(&project, &["service `app`", "two secrets have the target `a`"]);
}

#[test]
fn a_credential_config_with_a_name_of_its_own_is_refused_as_the_reference_refuses_it() {
    let project = project(|service, project| {
        service.credential_spec = Some(json!({"config": "spec"}));
        project.configs.insert(
            "spec".to_owned(),
            FileObject { file: "f".to_owned(), name: "other".to_owned(), ..FileObject::default() },
        );
    });
    refused(&project, &["credential_spec", "`spec`", "`other`"]);
}
