//! Whole requests against expectations written down by hand from the reference's behaviour, engine or no engine: above all the fields
//! that an old engine drops and that the parity test on it therefore cannot see.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use taster::compose::project::{
    Deploy, FileObject, FileReference, Healthcheck, Network, Port, Project, Service, ServiceNetwork, ServiceVolume,
    UpdateConfig, Volume,
};
use taster::swarm::deploy::{Adaptation, DeployOptions, Endpoints, StackSpec};

fn one(service: Service) -> Project {
    Project { services: BTreeMap::from([("app".to_owned(), service)]), ..Project::default() }
}

fn app() -> Service {
    Service { image: "example/app".to_owned(), ..Service::default() }
}

fn build(project: &Project, options: &DeployOptions) -> StackSpec {
    StackSpec::build(project, "shop", options, &|path| Ok(format!("content of {path}").into_bytes())).unwrap()
}

fn sent(spec: &StackSpec) -> Value {
    serde_json::to_value(&spec.services["app"]).unwrap()
}

#[test]
fn the_smallest_service_is_what_the_reference_sends() {
    let spec = build(&one(app()), &DeployOptions::default());
    assert_eq!(
        sent(&spec),
        json!({
            "Name": "shop_app",
            "Labels": { "com.docker.stack.namespace": "shop", "com.docker.stack.image": "example/app" },
            "TaskTemplate": {
                "ContainerSpec": {
                    "Image": "example/app:latest",
                    "Labels": { "com.docker.stack.namespace": "shop" },
                    "Privileges": {},
                },
                "Resources": {},
                "Placement": {},
                "Networks": [{ "Target": "shop_default", "Aliases": ["app"] }],
            },
            "Mode": { "Replicated": {} },
            "EndpointSpec": {},
        })
    );
    assert_eq!(
        serde_json::to_value(&spec.networks).unwrap(),
        json!([{
            "Name": "shop_default", "Driver": "overlay", "Internal": false, "Attachable": false,
            "Labels": { "com.docker.stack.namespace": "shop" },
        }])
    );
    assert_eq!(spec.adaptations, []);
}

#[test]
fn fields_that_newer_engines_read_are_sent() {
    let mut service = app();
    service.oom_score_adj = 100;
    service.healthcheck = Some(Healthcheck {
        test: vec!["CMD".to_owned(), "true".to_owned()],
        interval: Some(Duration::from_secs(2)),
        timeout: Some(Duration::from_millis(1500)),
        retries: Some(7),
        start_period: Some(Duration::from_secs(60)),
        start_interval: Some(Duration::from_secs(1)),
        disable: false,
    });
    service.volumes = vec![ServiceVolume {
        kind: "volume".to_owned(),
        source: "data".to_owned(),
        target: "/data".to_owned(),
        volume_nocopy: Some(false),
        volume_subpath: "part".to_owned(),
        ..ServiceVolume::default()
    }];
    let mut project = one(service);
    project.volumes.insert("data".to_owned(), Volume::default());
    let spec = build(&project, &DeployOptions::default());
    let container = &sent(&spec)["TaskTemplate"]["ContainerSpec"];
    assert_eq!(container["OomScoreAdj"], 100);
    assert_eq!(
        container["HealthCheck"],
        json!({ "Test": ["CMD", "true"], "Interval": 2_000_000_000_i64, "Timeout": 1_500_000_000_i64, "Retries": 7,
                "StartPeriod": 60_000_000_000_i64, "StartInterval": 1_000_000_000_i64 })
    );
    assert_eq!(
        container["Mounts"],
        json!([{ "Type": "volume", "Source": "shop_data", "Target": "/data",
                 "VolumeOptions": { "Subpath": "part", "Labels": { "com.docker.stack.namespace": "shop" } } }])
    );
    assert_eq!(spec.volumes.iter().map(|volume| volume.name.as_str()).collect::<Vec<_>>(), ["shop_data"]);
}

#[test]
fn secrets_and_configs_have_the_defaults_of_the_reference_and_sort_by_name() {
    let mut service = app();
    let named = |source: &str| FileReference { source: source.to_owned(), ..FileReference::default() };
    service.configs = vec![
        named("zeta"),
        FileReference { target: "/etc/a".to_owned(), uid: "33".to_owned(), mode: Some(0o555), ..named("alpha") },
    ];
    service.secrets = vec![named("key")];
    let mut project = one(service);
    for key in ["zeta", "alpha", "unused"] {
        project.configs.insert(key.to_owned(), FileObject { file: format!("{key}.conf"), ..FileObject::default() });
    }
    project.configs.get_mut("alpha").unwrap().template_driver = "golang".to_owned();
    project.secrets.insert(
        "key".to_owned(),
        FileObject { external: true, name: "shop_key_v1".to_owned(), ..FileObject::default() },
    );
    let values = BTreeMap::from([("key".to_owned(), b"generated".to_vec())]);
    let spec = build(&project, &DeployOptions { secret_values: values, ..DeployOptions::default() });
    let container = &sent(&spec)["TaskTemplate"]["ContainerSpec"];
    assert_eq!(
        container["Configs"],
        json!([
            { "ConfigName": "shop_alpha", "File": { "Name": "/etc/a", "UID": "33", "GID": "0", "Mode": 0o555 } },
            { "ConfigName": "shop_zeta", "File": { "Name": "zeta", "UID": "0", "GID": "0", "Mode": 0o444 } },
        ])
    );
    assert_eq!(
        container["Secrets"],
        json!([{ "SecretName": "shop_key_v1", "File": { "Name": "key", "UID": "0", "GID": "0", "Mode": 0o444 } }])
    );
    let configs: Vec<_> = spec.configs.iter().map(|config| serde_json::to_value(&config.spec).unwrap()).collect();
    assert_eq!(
        configs[0],
        json!({
            "Name": "shop_alpha", "Labels": { "com.docker.stack.namespace": "shop" }, "Data": "Y29udGVudCBvZiBhbHBoYS5jb25m",
            "Templating": { "Name": "golang" },
        })
    );
    assert_eq!(configs.len(), 3, "the reference makes configs that no service uses, too");
    assert!(spec.secrets.is_empty());
    assert_eq!(
        serde_json::to_value(&spec.handed_in[0].spec).unwrap(),
        json!({
            "Name": "shop_key_v1", "Labels": { "taster.stack": "shop" }, "Data": "Z2VuZXJhdGVk",
        })
    );
}

/// A project with every kind of object, for what the options may and may not touch.
fn everything() -> Project {
    let mut service = app();
    service.command = Some(vec!["serve".to_owned()]);
    service.environment = BTreeMap::from([("A".to_owned(), Some("1".to_owned()))]);
    service.configs = vec![FileReference { source: "conf".to_owned(), ..FileReference::default() }];
    service.volumes = vec![ServiceVolume {
        kind: "volume".to_owned(),
        source: "data".to_owned(),
        target: "/d".to_owned(),
        ..ServiceVolume::default()
    }];
    service.ports = vec![
        Port { target: 80, published: 8080, ..Port::default() },
        Port { target: 81, published: 8081, mode: "host".to_owned(), ..Port::default() },
    ];
    let mut project = one(service);
    project.configs.insert("conf".to_owned(), FileObject { file: "conf".to_owned(), ..FileObject::default() });
    project.volumes.insert("data".to_owned(), Volume::default());
    project
}

#[test]
fn lesson_04_what_is_added_is_listed_and_touches_nothing_of_the_recipe() {
    let plain = build(&everything(), &DeployOptions::default());
    let options = DeployOptions {
        run: Some("run-1".to_owned()),
        endpoints: Endpoints::DnsRoundRobin { why: "a virtual IP did not answer".to_owned() },
        ..DeployOptions::default()
    };
    let adapted = build(&everything(), &options);
    let listed: Vec<_> = adapted
        .adaptations
        .iter()
        .map(|Adaptation { service, what, .. }| (service.as_deref(), what.as_str()))
        .collect();
    assert_eq!(
        listed,
        [
            (None, "label taster.run=run-1 on services, containers, networks, volumes, secrets and configs"),
            (Some("app"), "endpoint mode dnsrr instead of vip"),
            (Some("app"), "ingress port 8080 (target 80) published as a dynamic host-mode port"),
        ]
    );
    let (plain, mut adapted) = (sent(&plain), sent(&adapted));
    assert_eq!(
        adapted["EndpointSpec"],
        json!({ "Mode": "dnsrr", "Ports": [
            { "TargetPort": 80, "PublishMode": "host" },
            { "TargetPort": 81, "PublishedPort": 8081, "PublishMode": "host" },
        ] })
    );
    adapted["EndpointSpec"] = plain["EndpointSpec"].clone();
    for labels in
        ["/Labels", "/TaskTemplate/ContainerSpec/Labels", "/TaskTemplate/ContainerSpec/Mounts/0/VolumeOptions/Labels"]
    {
        let labels = adapted.pointer_mut(labels).unwrap().as_object_mut().unwrap();
        assert_eq!(labels.remove("taster.run"), Some(json!("run-1")));
    }
    assert_eq!(adapted, plain, "image, command, configs, environment and all else are the recipe's");
}

#[test]
fn a_service_that_asks_for_dnsrr_is_left_alone() {
    let mut project = everything();
    project.services.get_mut("app").unwrap().deploy.endpoint_mode = "dnsrr".to_owned();
    let options =
        DeployOptions { endpoints: Endpoints::DnsRoundRobin { why: "x".to_owned() }, ..DeployOptions::default() };
    let spec = build(&project, &options);
    assert_eq!(spec.adaptations, []);
    assert_eq!(sent(&spec), sent(&build(&project, &DeployOptions::default())));
}

#[test]
fn an_image_may_go_by_the_nodes_name_for_it_and_that_is_listed() {
    let node_images = BTreeMap::from([("example/app".to_owned(), "example/app:0123456789ab".to_owned())]);
    let spec = build(&one(app()), &DeployOptions { node_images, ..DeployOptions::default() });
    let sent = sent(&spec);
    assert_eq!(sent["TaskTemplate"]["ContainerSpec"]["Image"], "example/app:0123456789ab");
    assert_eq!(sent["Labels"]["com.docker.stack.image"], "example/app");
    assert_eq!(spec.adaptations.len(), 1);
}

#[test]
fn a_rollback_of_a_rollback_is_a_pause_and_that_is_listed() {
    let mut service = app();
    let rollback = UpdateConfig { failure_action: "rollback".to_owned(), ..UpdateConfig::default() };
    service.deploy = Deploy { rollback_config: Some(rollback), ..Deploy::default() };
    let spec = build(&one(service), &DeployOptions::default());
    assert_eq!(sent(&spec)["RollbackConfig"]["FailureAction"], "pause");
    assert_eq!(spec.adaptations.len(), 1);
}

#[test]
fn what_swarm_reads_otherwise_is_warned_of() {
    let mut service = app();
    service.ports = vec![Port { target: 80, protocol: "quic".to_owned(), mode: "mesh".to_owned(), ..Port::default() }];
    service.isolation = "chroot".to_owned();
    let spec = build(&one(service), &DeployOptions::default());
    assert_eq!(spec.warnings.len(), 3);
    assert_eq!(sent(&spec)["EndpointSpec"], json!({ "Ports": [{ "TargetPort": 80 }] }));
}

#[test]
fn predefined_networks_get_no_alias_and_need_no_look_up() {
    let mut service = app();
    let aliases = ServiceNetwork { aliases: vec!["www".to_owned()], ..ServiceNetwork::default() };
    service.networks = BTreeMap::from([("h".to_owned(), None), ("web".to_owned(), Some(aliases))]);
    let mut project = one(service);
    project.networks.insert("h".to_owned(), Network { external: true, name: "host".to_owned(), ..Network::default() });
    project.networks.insert("web".to_owned(), Network { external: true, ..Network::default() });
    project.networks.insert("idle".to_owned(), Network { external: true, ..Network::default() });
    let spec = build(&project, &DeployOptions::default());
    assert_eq!(
        sent(&spec)["TaskTemplate"]["Networks"],
        json!([{ "Target": "host" }, { "Target": "web", "Aliases": ["www", "app"] }])
    );
    assert_eq!(spec.external_networks, ["host", "web"]);
    assert!(spec.networks.is_empty());
}
