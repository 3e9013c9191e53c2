//! `--online` in a pipeline: who is asked, and what the base is compared by.

use taster::record::Outcome;

use crate::comment::Forge;
use crate::images::{Answers, Registry, stranger};
use crate::partly::lint_alone;
use crate::systems::{Event, pairs, variables};
use crate::world::World;

/// The world with these images, committed on `main`.
fn world(app: &str, db: &str) -> World {
    let world = World::new();
    let text = world.read("teapot/compose.yml").replace("image: nginx:1.27.2", &format!("image: {app}"));
    world.write("compose.yml", &text.replace("image: postgres:16.4", &format!("image: {db}")));
    world.commit("images of our own");
    world
}

#[test]
fn an_image_that_is_gone_is_no_regression_of_a_change_that_did_not_touch_it() {
    let registry = Registry::start();
    registry.images("tea/pot", "1.27.3", &["amd64", "arm64"]);
    registry.images("tea/db", "16.4", &["amd64", "arm64"]);
    let at = |image: &str| format!("{}/tea/{image}", registry.address);
    let gone = world(&at("pot:1.27.2"), &at("db:16.4"));
    let (head, base) = gone.pull(&[("notes.md", "a file\n")]);
    let ran = gone.ci(&["--online"], &pairs(&variables(&gone, "forgejo", Event::Pull { head: &head, base: &base })));
    assert!(ran.code == 0 && ran.out.contains("the linter's errors are all in the base too"), "{ran:?}");
    let lint = std::fs::read_to_string(gone.run().join("lint.json")).unwrap();
    assert!(lint.contains("I405"), "{lint}");
    // A change that names an image that is not there is one.
    let sound = world(&at("pot:1.27.3"), &at("db:16.4"));
    let text = sound.read("teapot/compose.yml").replace("pot:1.27.3", "pot:1.27.4");
    let (head, base) = sound.pull(&[("compose.yml", &text)]);
    let ran = sound.ci(&["--online"], &pairs(&variables(&sound, "forgejo", Event::Pull { head: &head, base: &base })));
    assert!(ran.code == 1 && ran.out.contains("that the base does not have"), "{ran:?}");
}

#[test]
fn the_comment_judges_the_base_by_the_answers_of_the_job() {
    let registry = Registry::start();
    registry.images("tea/db", "16.4", &["amd64", "arm64"]);
    let at = |image: &str| format!("{}/tea/{image}", registry.address);
    let gone = world(&at("pot:1.27.2"), &at("db:16.4"));
    let (head, base) = gone.pull(&[("notes.md", "a file\n")]);
    gone.ci(&["--online"], &pairs(&variables(&gone, "forgejo", Event::Pull { head: &head, base: &base })));
    drop(registry);
    let read = |name: &str| std::fs::read_to_string(gone.run().join(name)).unwrap();
    let (found, answers) = (read("lint.json"), read("registries.json"));
    let lint = ("r/lint.json", found.as_str());
    for (files, state, words) in [
        (vec![lint, ("r/registries.json", &answers)], "success", "the base has all of these errors"),
        (vec![lint], "failure", "with errors that the base does not have"),
        (vec![lint, ("r/registries.json", "[{}]")], "failure", "with errors that the base does not have"),
    ] {
        let forge = Forge::new();
        forge.server.set(|state| state.repositories.merge_base = Some(base.clone()));
        forge.left(lint_alone(Outcome::Failed, &files));
        let ran = forge.comment(&["--base-repository", &gone.repository().display().to_string()]);
        assert!(ran.code == 0 && forge.body().contains(words), "{ran:?}: {}", forge.body());
        assert_eq!(forge.statuses()[0].0, state, "{}", forge.body());
    }
}

#[test]
fn the_file_of_the_commons_asks_for_pushes_and_never_for_pull_requests() {
    let asked_for = |is_pull: bool| {
        let (address, asked) = stranger(Answers::new());
        let world = world(&format!("{address}/tea/pot:1.0.0"), &format!("{address}/tea/db:1.0.0"));
        let config = world.beside("commons.toml", "[history]\nonline = true\n");
        let (head, base) = world.pull(&[("notes.md", "a file\n")]);
        let event =
            if is_pull { Event::Pull { head: &head, base: &base } } else { Event::Push { head: &head, before: &base } };
        let ran = world.ci(&["--config", &config], &pairs(&variables(&world, "forgejo", event)));
        assert!(world.run().join("run.json").exists(), "{ran:?}");
        asked.lock().unwrap().len()
    };
    assert_eq!(asked_for(true), 0, "a stranger chooses whom the machine would ask");
    assert!(asked_for(false) > 0);
}
