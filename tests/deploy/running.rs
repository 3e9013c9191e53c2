//! A stack that runs: the containers and volumes that swarm makes of our services are those that it makes of the reference's.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use taster::agent::executable::Packed;
use taster::demo::app::Version;
use taster::demo::image;
use taster::swarm::deploy::{
    ApplyOptions, DeployOptions, Keep, Removed, StackSpec, apply, leftovers, lose, raw, remove,
};
use tokio::time::{Instant, sleep};

use crate::differences::{between, leaves};
use crate::node::{TestNode, with_node};
use crate::{observed, project, reference};

const STACK: &str = "running";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/deploy/running")
}

async fn load_image(node: &TestNode) {
    let packed = Packed::of(Path::new(env!("CARGO_BIN_EXE_taster"))).unwrap();
    let archive = image::archive(&packed, &Version::ALL[..1]).unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for part in &archive.parts {
        std::io::Write::write_all(&mut file, part).unwrap();
    }
    reference::docker(&node.host, &["load", "--input", file.path().to_str().unwrap()]).await;
}

/// What is there once the stack's only container is healthy: specs, volumes and the container itself.
async fn healthy(node: &TestNode) -> BTreeMap<String, Value> {
    let until = Instant::now() + Duration::from_secs(60);
    let filter = raw::filters("label", &format!("com.docker.stack.namespace={STACK}"));
    loop {
        let running = raw::get(&node.engine, &format!("/containers/json?filters={filter}")).await.unwrap();
        if let Some(id) = running.pointer("/0/Id").and_then(Value::as_str) {
            let container = raw::get(&node.engine, &format!("/containers/{id}/json")).await.unwrap();
            if container.pointer("/State/Health/Status") == Some(&json!("healthy")) {
                let mut seen = observed::stack(&node.engine, STACK).await;
                seen.insert("container".to_owned(), container_facts(container));
                return seen;
            }
        }
        if Instant::now() > until {
            panic!("not healthy: {}", reference::docker(&node.host, &["stack", "ps", "--no-trunc", STACK]).await);
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// What a container was made from, without the task's own ids, which are also in labels and paths.
fn container_facts(mut container: Value) -> Value {
    let labels = container["Config"]["Labels"].as_object_mut().unwrap();
    let changing = [
        "com.docker.swarm.task.id",
        "com.docker.swarm.task.name",
        "com.docker.swarm.service.id",
        "com.docker.swarm.node.id",
    ];
    for key in changing {
        assert!(labels.remove(key).is_some(), "{key}");
    }
    let mounts = container["Mounts"].as_array_mut().unwrap();
    mounts.sort_by_key(|mount| mount["Destination"].to_string());
    json!({ "Config": container["Config"], "HostConfig": container["HostConfig"], "Mounts": container["Mounts"] })
}

/// Nothing is there any more, and these were. What has failed swarm itself takes away, as soon as its service is gone.
async fn gone(node: &TestNode, removed: Removed, kinds_there: &[&str]) {
    let kinds: Vec<_> = removed.objects.iter().map(|object| object.kind.as_str()).collect();
    for kind in kinds_there {
        assert!(kinds.contains(kind), "no {kind} among {kinds:?}");
    }
    assert_eq!(leftovers(&node.engine, STACK).await.unwrap(), []);
}

/// How the containers of the stack ended, in order.
async fn deaths(node: &TestNode) -> Vec<String> {
    let label = format!("label=com.docker.stack.namespace={STACK}");
    let wanted = ["--filter", "event=die", "--filter", &label, "--format", "{{.Actor.Attributes.exitCode}}"];
    // Whole seconds are compared: what happened in this one is told once it is over.
    let until = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() + 1;
    let until = until.to_string();
    let events = [["events", "--since", "10m", "--until", &until].as_slice(), &wanted].concat();
    reference::docker(&node.host, &events).await.lines().map(str::to_owned).collect()
}

#[test]
fn containers_and_volumes_are_those_of_the_reference() {
    with_node("deployrunning", |node| async move {
        load_image(&node).await;
        let files = vec!["compose.yml".to_owned()];
        reference::deploy(&node.host, &folder(), &files, STACK, &BTreeMap::new()).await.unwrap();
        let reference = healthy(&node).await;
        let all = ["service", "task", "container", "network", "secret", "config", "volume"];
        gone(&node, remove(&[&node.engine], STACK, Keep::NOTHING).await.unwrap(), &all).await;
        assert_eq!(deaths(&node).await, ["0"], "an undeploy lets the app end by itself");

        let project = project::load(&folder(), &files, &BTreeMap::new());
        let read = |file: &str| std::fs::read(folder().join(file));
        let spec = StackSpec::build(&project, STACK, &DeployOptions::default(), &read).unwrap();
        apply(&node.engine, &spec, ApplyOptions::default()).await.unwrap();
        let ours = healthy(&node).await;
        let kept_by_swarm = ["service", "network", "secret", "config", "volume"];
        gone(&node, lose(&[&node.engine], STACK, Duration::from_secs(60)).await.unwrap(), &kept_by_swarm).await;
        assert_eq!(deaths(&node).await, ["0", "137"], "what is lost is not asked");

        assert!(reference.contains_key("volume running_data") && reference.contains_key("volume running_scratch"));
        println!("{} leaves compared", leaves(&reference));
        let differences = between(&reference, &ours);
        assert!(differences.is_empty(), "{differences:#?}");
    });
}

#[test]
fn a_container_that_only_has_such_a_name_is_somebody_elses() {
    with_node("deploynamesake", |node| async move {
        load_image(&node).await;
        let image = reference::docker(&node.host, &["images", "--quiet"]).await;
        reference::docker(&node.host, &["create", "--name", "running_mine", "--volume", "/data", &image]).await;
        let hurried = Keep { within: Duration::from_secs(2), ..Keep::NOTHING };
        let text = remove(&[&node.engine], STACK, hurried).await.unwrap_err().to_string();
        assert!(text.contains("container running_mine"), "{text}");
        let volumes = "{{range .Mounts}}{{.Name}}{{end}}";
        let volume = reference::docker(&node.host, &["inspect", "--format", volumes, "running_mine"]).await;
        reference::docker(&node.host, &["volume", "inspect", &volume]).await;

        reference::docker(&node.host, &["start", "running_mine"]).await;
        let text = lose(&[&node.engine], STACK, Duration::from_secs(1)).await.unwrap_err().to_string();
        assert!(text.contains("container running_mine"), "{text}");
        let state = reference::docker(&node.host, &["inspect", "--format", "{{.State.Status}}", "running_mine"]).await;
        assert_eq!(state, "running");
    });
}
