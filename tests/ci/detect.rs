//! Where a job runs and what changed, from the environment that each system documents.

use taster::ci::{Change, DetectError, Place, System, detect};

use crate::systems::{ALL, Event, Variables, variables};
use crate::world::World;

const HEAD: &str = "1111111111111111111111111111111111111111";
const BASE: &str = "2222222222222222222222222222222222222222";

fn found(variables: &Variables) -> Result<Place, DetectError> {
    detect(&|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone()))
}

fn system(word: &str) -> System {
    match word {
        "forgejo" => System::Forgejo,
        "gitea" => System::Gitea,
        "github" => System::GitHub,
        "drone" => System::Drone,
        _ => System::Woodpecker,
    }
}

#[test]
fn every_system_tells_the_pull_request_its_own_commit_and_its_base() {
    let world = World::new();
    for word in ALL {
        let place = found(&variables(&world, word, Event::Pull { head: HEAD, base: BASE })).unwrap();
        assert_eq!(place.system, system(word));
        assert_eq!(place.commit.as_deref(), Some(HEAD), "{word}: never a merge that the forge made up");
        assert_eq!(place.repository.as_deref(), Some("recipes/blog"), "{word}");
        assert_eq!(place.forge.as_deref(), Some("https://forge.example.coop"), "{word}");
        assert!(place.job.is_some_and(|job| job.contains("12") || job.contains("4711")), "{word}");
        let Change::PullRequest { number, target, bases } = place.change else { panic!("{word}: {:?}", place.change) };
        assert_eq!((number, target.as_str()), (7, "main"), "{word}");
        // Woodpecker does not tell the base's commit.
        let first = if word == "woodpecker" { "refs/remotes/origin/main" } else { BASE };
        assert_eq!(bases[0], first, "{word}: {bases:?}");
    }
}

#[test]
fn every_system_tells_pushes_tags_and_schedules() {
    let world = World::new();
    for word in ALL {
        let push = found(&variables(&world, word, Event::Push { head: HEAD, before: BASE })).unwrap();
        let before = Some(BASE.to_owned());
        assert_eq!(push.change, Change::Push { branch: "main".to_owned(), before }, "{word}");
        let new = found(&variables(&world, word, Event::Push { head: HEAD, before: "" })).unwrap();
        assert_eq!(new.change, Change::Push { branch: "main".to_owned(), before: None }, "{word}: a new branch");
        let tag = found(&variables(&world, word, Event::Tag { commit: HEAD, tag: "1.0.0+2.0" })).unwrap();
        assert_eq!(tag.change, Change::Tag { tag: "1.0.0+2.0".to_owned() }, "{word}");
        let schedule = found(&variables(&world, word, Event::Schedule { commit: HEAD })).unwrap();
        assert_eq!((schedule.change, schedule.commit.as_deref()), (Change::Schedule, Some(HEAD)), "{word}");
    }
}

#[test]
fn without_a_system_it_is_somebodys_own_machine() {
    for variables in [vec![], vec![("CI", "true".to_owned())], vec![("GITHUB_ACTIONS", String::new())]] {
        let place = found(&variables).unwrap();
        assert_eq!((place.system, place.change, place.commit), (System::None, Change::Manual, None));
    }
}

#[test]
fn a_workflow_that_follows_another_tells_whose_commit_it_was() {
    let world = World::new();
    let mut variables = variables(&world, "gitea", Event::Schedule { commit: BASE });
    let event = world.beside("event.json", &format!("{{\"workflow_run\":{{\"id\":5,\"head_sha\":\"{HEAD}\"}}}}"));
    variables.retain(|(name, _)| !matches!(*name, "GITHUB_EVENT_NAME" | "GITHUB_EVENT_PATH"));
    variables.extend([("GITHUB_EVENT_NAME", "workflow_run".to_owned()), ("GITHUB_EVENT_PATH", event)]);
    assert_eq!(found(&variables).unwrap().follows.unwrap().commit, HEAD);
}

#[test]
fn what_is_missing_or_is_no_commit_is_an_error_that_names_it() {
    let world = World::new();
    for word in ALL {
        let whole = variables(&world, word, Event::Pull { head: HEAD, base: BASE });
        for (lacks, named) in [
            ("DRONE_PULL_REQUEST", "DRONE_PULL_REQUEST"),
            ("DRONE_COMMIT_SHA", "DRONE_COMMIT_SHA"),
            ("CI_COMMIT_PULL_REQUEST", "CI_COMMIT_PULL_REQUEST"),
            ("CI_COMMIT_SHA", "CI_COMMIT_SHA"),
            ("GITHUB_EVENT_PATH", "pull_request.head.sha"),
        ] {
            if whole.iter().all(|(name, _)| *name != lacks) {
                continue;
            }
            let mut some = whole.clone();
            some.retain(|(name, _)| *name != lacks);
            let error = found(&some).unwrap_err().to_string();
            assert!(error.contains(named), "{word} without {lacks}: {error}");
        }
    }
    let mut odd = variables(&world, "drone", Event::Pull { head: "--upload-pack=x", base: BASE });
    assert!(found(&odd).unwrap_err().to_string().contains("which is no commit"));
    odd = variables(&world, "forgejo", Event::Pull { head: HEAD, base: BASE });
    for (text, word) in [("{", "it is not JSON"), ("[]", "pull_request.head.sha")] {
        world.beside("event.json", text);
        let error = found(&odd).unwrap_err().to_string();
        assert!(error.contains(word), "{text}: {error}");
    }
    std::fs::remove_file(world.path("event.json")).unwrap();
    assert!(found(&odd).unwrap_err().to_string().contains("GITHUB_EVENT_PATH"));
}
