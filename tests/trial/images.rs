//! Images: there, pulled, missing, of another architecture, moved (lessons 15 and 30).

use taster::record::Fact;
use taster::record::Outcome::{Errored, Failed};

use crate::compose::routed;
use crate::docker_registry::free_address;
use crate::registry::{Image, Registry};
use crate::support::{Recipe, Tried};

const DEMO: &str = "taster-demo:2.0";

/// The routed demo app of another image.
fn of(image: &str) -> String {
    routed("", "").replace(DEMO, image)
}

/// Nothing was deployed: a pull problem is found before, and is an error of its own (lesson 15).
#[track_caller]
fn not_deployed(tried: &Tried) {
    let deploys = tried.facts(|fact| matches!(fact, Fact::Deployed { .. }).then_some(()).into_iter().collect());
    assert!(deploys.is_empty(), "a stack was deployed before its images were there");
}

#[test]
fn lesson_30_an_image_that_its_registry_does_not_have_is_the_recipes_fault() {
    let registry = Registry::start();
    let image = format!("{}/none:1", registry.address());
    let tried = Recipe::new("no-image", &of(&image)).install();
    tried.install(Failed, "no-such-image", &[&image, "does not exist in its registry", "used by: app"]);
    not_deployed(&tried);
}

#[test]
fn lesson_30_a_registry_that_cannot_be_reached_is_not_the_recipes_fault() {
    let image = format!("{}/app:1", free_address());
    let tried = Recipe::new("no-registry", &of(&image)).install();
    tried.install(Errored, "registry-unreachable", &[&image, "cannot be reached", "used by: app"]);
    not_deployed(&tried);
}

#[test]
fn lesson_30_a_moved_tag_shows_as_another_digest() {
    let registry = Registry::start();
    let reference = format!("{}/demo:2", registry.address());
    let recipe = Recipe::new("pulled", &of(&reference));
    let digest = |tried: &Tried| {
        let image = tried.images().iter().find(|image| image.reference == reference).expect("it is recorded");
        assert_eq!(image.source, "pulled", "{image:?}");
        let digest = image.digest.clone().expect("the registry's digest");
        assert!(digest.starts_with(&format!("{}/demo@sha256:", registry.address())), "{digest}");
        digest
    };
    registry.push(DEMO, "demo:2");
    let _pulled = Image(reference.clone());
    let first = recipe.install();
    first.passed();
    // The same tag, another image: only the digest tells.
    let other = Image::variant(DEMO, "taster-trial-moved:2");
    registry.push(&other.0, "demo:2");
    crate::registry::docker(&["image", "rm", "--force", &reference]);
    let second = recipe.install();
    second.passed();
    assert_ne!(digest(&first), digest(&second));
}

#[test]
fn lesson_15_an_image_that_is_there_is_not_pulled() {
    let tried = Recipe::new("found", &routed("", "")).install();
    tried.passed();
    let [image] = tried.images() else { panic!("{:?}", tried.images()) };
    assert_eq!((image.reference.as_str(), image.source.as_str()), (DEMO, "host"));
    assert!(image.id.starts_with("sha256:") && image.size > 0, "{image:?}");
    // Images are there before the deploy.
    let order = tried.facts(|fact| match fact {
        Fact::Image(_) => vec!["image"],
        Fact::Deployed { .. } => vec!["deployed"],
        _ => Vec::new(),
    });
    assert_eq!(order, ["image", "deployed"]);
}

#[test]
fn an_image_of_another_architecture_is_named_before_the_deploy() {
    let image = Image::foreign("taster-trial-foreign:1", if cfg!(target_arch = "aarch64") { "amd64" } else { "arm64" });
    let tried = Recipe::new("foreign", &of(&image.0)).install();
    tried.install(Failed, "wrong-architecture", &[&image.0, "is not built for", "64"]);
    not_deployed(&tried);
}

#[test]
fn a_reference_that_is_none_is_named() {
    let tried = Recipe::new("malformed", &of("Not:A:Reference")).install();
    tried.install(Failed, "image-reference", &["Not:A:Reference", "is not an image reference"]);
    not_deployed(&tried);
}

#[test]
fn lesson_13_a_bind_mount_of_a_path_that_the_node_does_not_have_is_named() {
    let tried = Recipe::new("bind", &routed("volumes:\n  - /srv/no/such/path:/data", "")).install();
    tried.install(Failed, "bind-source-missing", &["/srv/no/such/path", "Use a named volume"]);
}

#[test]
fn lesson_29_files_that_most_hosts_have_are_there_to_be_mounted() {
    let mounts = "volumes:\n  - /etc/timezone:/etc/timezone:ro\n  - /etc/localtime:/etc/localtime:ro";
    Recipe::new("timezone", &routed(mounts, "")).install().passed();
}

#[test]
fn lesson_13_a_host_name_over_64_characters_is_named() {
    let name = "a".repeat(70);
    let tried = Recipe::new("hostname", &routed(&format!("hostname: {name}"), "")).install();
    tried.install(Failed, "name-too-long", &["64 characters", "hostname"]);
}
