//! One stack on a real node: deployed, deployed again, changed, in conflict, pruned, taken away.

use std::collections::BTreeMap;
use std::time::Duration;

use bollard::Docker;
use serde_json::Value;
use taster::compose::project::{FileObject, FileReference, Healthcheck, Network, Project, Service};
use taster::compose::{Form, Span, VariableUse};
use taster::swarm::deploy::{
    Applied, ApplyOptions, Change, DeployError, DeployOptions, Keep, StackSpec, apply, leftovers, raw, remove,
};

use crate::node::with_node;

const STACK: &str = "life";

/// Two services that never start, with a secret from outside and a config from a file.
fn project() -> Project {
    let mut service = Service { image: "example/none:1".to_owned(), ..Service::default() };
    service.deploy.replicas = Some(0);
    service.healthcheck = Some(Healthcheck {
        test: vec!["CMD".to_owned(), "true".to_owned()],
        retries: Some(3),
        ..Healthcheck::default()
    });
    let mut app = service.clone();
    let named = |source: &str| FileReference { source: source.to_owned(), ..FileReference::default() };
    app.configs = vec![named("app_conf")];
    app.secrets = vec![named("password")];
    let name = |name: &str| format!("{STACK}_{name}_v1");
    Project {
        services: BTreeMap::from([("app".to_owned(), app), ("db".to_owned(), service)]),
        configs: BTreeMap::from([(
            "app_conf".to_owned(),
            FileObject { name: name("app_conf"), file: "app.conf".to_owned(), ..FileObject::default() },
        )]),
        secrets: BTreeMap::from([(
            "password".to_owned(),
            FileObject { name: name("password"), external: true, ..FileObject::default() },
        )]),
        ..Project::default()
    }
}

fn options() -> DeployOptions {
    DeployOptions {
        run: Some("run-1".to_owned()),
        secret_values: BTreeMap::from([("password".to_owned(), b"generated".to_vec())]),
        variables: vec![VariableUse {
            name: "APP_CONF_VERSION".to_owned(),
            form: Form::Plain,
            operand: None,
            value: Some("v1".to_owned()),
            span: Span::default(),
            path: "configs.app_conf.name".to_owned(),
        }],
        ..DeployOptions::default()
    }
}

async fn deploy(
    docker: &Docker,
    project: &Project,
    content: &str,
    apply_options: ApplyOptions,
) -> Result<Applied, DeployError> {
    let spec = StackSpec::build(project, STACK, &options(), &|_| Ok(content.as_bytes().to_vec()))?;
    apply(docker, &spec, apply_options).await
}

fn changes(applied: &Applied) -> Vec<(&str, Change, bool)> {
    applied.services.iter().map(|service| (service.key.as_str(), service.change, service.replaces_tasks)).collect()
}

async fn spec_of(docker: &Docker, service: &str) -> Value {
    raw::get(docker, &format!("/services/{service}")).await.unwrap()["Spec"].clone()
}

#[test]
fn a_stack_is_made_kept_changed_and_taken_away() {
    with_node("deploylife", |node| async move {
        let docker = &node.engine;
        let plain = ApplyOptions::default();
        let first = deploy(docker, &project(), "one\ntwo\n", plain).await.unwrap();
        assert_eq!(changes(&first), [("app", Change::Created, true), ("db", Change::Created, true)]);
        let made: Vec<_> = first
            .networks
            .iter()
            .chain(&first.secrets)
            .chain(&first.configs)
            .map(|object| (object.name.as_str(), object.change))
            .collect();
        assert_eq!(
            made,
            [
                ("life_default", Change::Created),
                ("life_password_v1", Change::Created),
                ("life_app_conf_v1", Change::Created)
            ]
        );
        assert_eq!(first.adaptations.len(), 1);

        let again = deploy(docker, &project(), "one\ntwo\n", plain).await.unwrap();
        assert_eq!(changes(&again), [("app", Change::Unchanged, false), ("db", Change::Unchanged, false)]);
        assert!(
            again
                .networks
                .iter()
                .chain(&again.secrets)
                .chain(&again.configs)
                .all(|object| object.change == Change::Unchanged)
        );

        // bollard's model loses a service's healthcheck on the way back; the comparison must see it all the same.
        let mut other = project();
        other.services.get_mut("db").unwrap().healthcheck.as_mut().unwrap().retries = Some(4);
        other
            .services
            .get_mut("app")
            .unwrap()
            .deploy
            .labels
            .insert("coop-cloud.life.version".to_owned(), "1.0.1".to_owned());
        let changed = deploy(docker, &other, "one\ntwo\n", plain).await.unwrap();
        assert_eq!(changes(&changed), [("app", Change::Updated, false), ("db", Change::Updated, true)]);
        assert_eq!(spec_of(docker, "life_db").await["TaskTemplate"]["ContainerSpec"]["Healthcheck"]["Retries"], 4);

        let force = ApplyOptions { force: true, ..plain };
        let forced = deploy(docker, &other, "one\ntwo\n", force).await.unwrap();
        assert_eq!(changes(&forced), [("app", Change::Updated, true), ("db", Change::Updated, true)]);
        let kept = deploy(docker, &other, "one\ntwo\n", plain).await.unwrap();
        assert_eq!(
            changes(&kept),
            [("app", Change::Unchanged, false), ("db", Change::Unchanged, false)],
            "the force counter is kept"
        );
        assert_eq!(spec_of(docker, "life_app").await["TaskTemplate"]["ForceUpdate"], 1);
        assert_eq!(
            spec_of(docker, "life_app").await["TaskTemplate"]["ContainerSpec"]["Healthcheck"]["Retries"],
            3,
            "an update loses nothing"
        );

        conflicts(docker).await;
        externals(docker).await;
        orphans(docker, &other).await;
        teardown(docker).await;
    });
}

/// Lesson 24: the content of a config or secret changed and its name did not.
async fn conflicts(docker: &Docker) {
    let before = raw::get(docker, "/services/life_app").await.unwrap()["Version"].clone();
    let error = deploy(docker, &project(), "one\nTWO\n", ApplyOptions::default()).await.unwrap_err();
    assert!(matches!(error, DeployError::Immutable(_)), "{error}");
    let text = error.to_string();
    for part in [
        "config `app_conf`",
        "`app.conf`",
        "first at line 2",
        "`life_app_conf_v1`",
        "only updates to Labels are allowed",
        "Bump `APP_CONF_VERSION`",
        "abra.sh",
    ] {
        assert!(text.contains(part), "{part} is missing in: {text}");
    }
    assert_eq!(raw::get(docker, "/services/life_app").await.unwrap()["Version"], before, "nothing was touched");

    let mut project = project();
    project.secrets.insert("own".to_owned(), FileObject { file: "own".to_owned(), ..FileObject::default() });
    let content = |content: &'static str| {
        move |path: &str| Ok(if path == "own" { content } else { "one\ntwo\n" }.as_bytes().to_vec())
    };
    let spec = StackSpec::build(&project, STACK, &options(), &content("first")).unwrap();
    apply(docker, &spec, ApplyOptions::default()).await.unwrap();
    let spec = StackSpec::build(&project, STACK, &options(), &content("second")).unwrap();
    let text = apply(docker, &spec, ApplyOptions::default()).await.unwrap_err().to_string();
    assert!(
        text.contains("secret `own`")
            && text.contains("`life_own`")
            && text.contains("`${STACK_NAME}_own_${OWN_VERSION}`"),
        "{text}"
    );
}

async fn externals(docker: &Docker) {
    let mut missing = project();
    missing.services.get_mut("db").unwrap().networks.insert("proxy".to_owned(), None);
    missing.networks.insert("proxy".to_owned(), Network { external: true, ..Network::default() });
    let text = deploy(docker, &missing, "one\ntwo\n", ApplyOptions::default()).await.unwrap_err().to_string();
    assert!(text.contains("network \"proxy\" is declared as external, but could not be found"), "{text}");
    missing.networks.get_mut("proxy").unwrap().name = "docker_gwbridge".to_owned();
    let text = deploy(docker, &missing, "one\ntwo\n", ApplyOptions::default()).await.unwrap_err().to_string();
    assert!(text.contains("not in the right scope: \"local\" instead of \"swarm\""), "{text}");

    let mut missing = project();
    missing.secrets.get_mut("password").unwrap().name = "life_password_v2".to_owned();
    let spec = StackSpec::build(&missing, STACK, &DeployOptions::default(), &|_| Ok(b"one\ntwo\n".to_vec())).unwrap();
    let text = apply(docker, &spec, ApplyOptions::default()).await.unwrap_err().to_string();
    assert!(text.contains("service `app`: secret not found: life_password_v2"), "{text}");
}

async fn orphans(docker: &Docker, whole: &Project) {
    let mut smaller = whole.clone();
    smaller.services.remove("db");
    let reported = deploy(docker, &smaller, "one\ntwo\n", ApplyOptions::default()).await.unwrap();
    assert_eq!(
        reported.orphans.iter().map(|orphan| (orphan.name.as_str(), orphan.removed)).collect::<Vec<_>>(),
        [("life_db", false)]
    );
    spec_of(docker, "life_db").await;
    let prune = ApplyOptions { prune: true, ..ApplyOptions::default() };
    let pruned = deploy(docker, &smaller, "one\ntwo\n", prune).await.unwrap();
    assert_eq!(
        pruned.orphans.iter().map(|orphan| (orphan.name.as_str(), orphan.removed)).collect::<Vec<_>>(),
        [("life_db", true)]
    );
    assert!(raw::get(docker, "/services/life_db").await.is_err());
}

async fn teardown(docker: &Docker) {
    let there: Vec<_> = leftovers(docker, STACK).await.unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(
        there,
        [
            "service life_app",
            "network life_default",
            "secret life_own",
            "secret life_password_v1",
            "config life_app_conf_v1"
        ]
    );
    remove(&[docker], STACK, Keep::UNDEPLOY).await.unwrap();
    let kept: Vec<_> = leftovers(docker, STACK).await.unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(
        kept,
        ["secret life_own", "secret life_password_v1", "config life_app_conf_v1"],
        "an undeploy keeps them"
    );
    let back = deploy(docker, &project(), "one\ntwo\n", ApplyOptions::default()).await.unwrap();
    assert_eq!(back.secrets[0].change, Change::Unchanged, "an operator's secret outlives an undeploy");

    // A network in use does not go: that must be said, not waited for without end.
    let foreign = bollard::models::ServiceSpec {
        name: Some("foreign".to_owned()),
        task_template: Some(bollard::models::TaskSpec {
            container_spec: Some(bollard::models::TaskSpecContainerSpec {
                image: Some("example/none:1".to_owned()),
                ..Default::default()
            }),
            networks: Some(vec![bollard::models::NetworkAttachmentConfig {
                target: Some("life_default".to_owned()),
                ..Default::default()
            }]),
            ..Default::default()
        }),
        ..Default::default()
    };
    docker.create_service(foreign, None).await.unwrap();
    let hurried = Keep { within: Duration::from_secs(2), ..Keep::NOTHING };
    let text = remove(&[docker], STACK, hurried).await.unwrap_err().to_string();
    assert!(text.contains("after 2 s still there: network life_default"), "{text}");
    docker.delete_service("foreign").await.unwrap();

    let removed = remove(&[docker], STACK, Keep::NOTHING).await.unwrap();
    assert!(!removed.objects.is_empty());
    assert_eq!(leftovers(docker, STACK).await.unwrap(), []);
    assert_eq!(remove(&[docker], STACK, Keep::NOTHING).await.unwrap().objects, [], "what is gone is no error");
}
