//! The environment of a job, as each system documents it.

use serde_json::json;

use crate::world::World;

/// The systems whose environment is known.
pub(crate) const ALL: [&str; 5] = ["forgejo", "gitea", "github", "drone", "woodpecker"];

/// The variables of a job.
pub(crate) type Variables = Vec<(&'static str, String)>;

/// What a job is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Event<'e> {
    Pull { head: &'e str, base: &'e str },
    Push { head: &'e str, before: &'e str },
    Tag { commit: &'e str, tag: &'e str },
    Schedule { commit: &'e str },
}

/// The variables that a system sets for an event.
pub(crate) fn variables(world: &World, system: &str, event: Event<'_>) -> Variables {
    match system {
        "drone" => drone(event),
        "woodpecker" => woodpecker(event),
        actions => self::actions(world, actions, event),
    }
}

/// As borrowed pairs.
pub(crate) fn pairs(variables: &Variables) -> Vec<(&str, &str)> {
    variables.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

fn actions(world: &World, system: &str, event: Event<'_>) -> Variables {
    let zero = "0".repeat(40);
    let made_up = world.git(&["rev-parse", "HEAD"]);
    let (name, sha, reference, payload) = match event {
        // GitHub names the merge that it made up.
        Event::Pull { head, base } => (
            "pull_request",
            if system == "github" { made_up.as_str() } else { head },
            if system == "github" { "refs/pull/7/merge" } else { "refs/pull/7/head" },
            json!({ "number": 7, "pull_request": { "number": 7, "title": "::error::x",
                "head": { "sha": head, "ref": "bump" }, "base": { "sha": base, "ref": "main" } } }),
        ),
        Event::Push { head, before } => {
            let before = if before.is_empty() { zero.as_str() } else { before };
            ("push", head, "refs/heads/main", json!({ "before": before, "after": head }))
        }
        Event::Tag { commit, tag } => {
            let reference = format!("refs/tags/{tag}");
            return shared(world, system, "push", commit, &reference, &json!({ "before": zero }));
        }
        Event::Schedule { commit } => ("schedule", commit, "refs/heads/main", json!({})),
    };
    shared(world, system, name, sha, reference, &payload)
}

fn shared(
    world: &World,
    system: &str,
    event: &str,
    sha: &str,
    reference: &str,
    payload: &serde_json::Value,
) -> Variables {
    let mut variables = vec![
        ("CI", "true".to_owned()),
        ("GITHUB_ACTIONS", "true".to_owned()),
        ("GITHUB_EVENT_NAME", event.to_owned()),
        ("GITHUB_EVENT_PATH", world.beside("event.json", &payload.to_string())),
        ("GITHUB_SHA", sha.to_owned()),
        ("GITHUB_REF", reference.to_owned()),
        ("GITHUB_REPOSITORY", "recipes/blog".to_owned()),
        ("GITHUB_SERVER_URL", "https://forge.example.coop".to_owned()),
        ("GITHUB_RUN_ID", "4711".to_owned()),
        ("GITHUB_RUN_NUMBER", "12".to_owned()),
        ("GITHUB_STEP_SUMMARY", world.path("step-summary.md").display().to_string()),
    ];
    if system != "github" {
        variables.push(("GITEA_ACTIONS", "true".to_owned()));
    }
    if system == "forgejo" {
        variables.push(("FORGEJO_ACTIONS", "true".to_owned()));
    }
    variables
}

fn drone(event: Event<'_>) -> Variables {
    let mut variables = vec![
        ("CI", "true".to_owned()),
        ("DRONE", "true".to_owned()),
        ("DRONE_REPO", "recipes/blog".to_owned()),
        ("DRONE_REPO_LINK", "https://forge.example.coop/recipes/blog".to_owned()),
        ("DRONE_BUILD_LINK", "https://drone.example.coop/recipes/blog/12".to_owned()),
    ];
    let own = match event {
        Event::Pull { head, base } => vec![
            ("DRONE_BUILD_EVENT", "pull_request"),
            ("DRONE_COMMIT_SHA", head),
            ("DRONE_COMMIT_BEFORE", base),
            ("DRONE_PULL_REQUEST", "7"),
            ("DRONE_TARGET_BRANCH", "main"),
            ("DRONE_SOURCE_BRANCH", "bump"),
            ("DRONE_COMMIT_BRANCH", "main"),
        ],
        Event::Push { head, before } => vec![
            ("DRONE_BUILD_EVENT", "push"),
            ("DRONE_COMMIT_SHA", head),
            ("DRONE_COMMIT_BEFORE", before),
            ("DRONE_BRANCH", "main"),
            ("DRONE_TARGET_BRANCH", "main"),
        ],
        Event::Tag { commit, tag } => {
            vec![("DRONE_BUILD_EVENT", "tag"), ("DRONE_COMMIT_SHA", commit), ("DRONE_TAG", tag)]
        }
        Event::Schedule { commit } => {
            vec![("DRONE_BUILD_EVENT", "cron"), ("DRONE_COMMIT_SHA", commit), ("DRONE_CRON", "taster")]
        }
    };
    variables.extend(own.into_iter().map(|(name, value)| (name, value.to_owned())));
    variables
}

fn woodpecker(event: Event<'_>) -> Variables {
    let mut variables = vec![
        ("CI", "woodpecker".to_owned()),
        ("CI_SYSTEM_NAME", "woodpecker".to_owned()),
        ("CI_REPO", "recipes/blog".to_owned()),
        ("CI_REPO_URL", "https://forge.example.coop/recipes/blog".to_owned()),
        ("CI_FORGE_TYPE", "forgejo".to_owned()),
        ("CI_FORGE_URL", "https://forge.example.coop".to_owned()),
        ("CI_PIPELINE_URL", "https://ci.example.coop/repos/3/pipeline/12".to_owned()),
    ];
    let own = match event {
        Event::Pull { head, .. } => vec![
            ("CI_PIPELINE_EVENT", "pull_request"),
            ("CI_COMMIT_SHA", head),
            ("CI_COMMIT_PULL_REQUEST", "7"),
            ("CI_COMMIT_TARGET_BRANCH", "main"),
            ("CI_COMMIT_SOURCE_BRANCH", "bump"),
            ("CI_COMMIT_BRANCH", "main"),
        ],
        Event::Push { head, before } => vec![
            ("CI_PIPELINE_EVENT", "push"),
            ("CI_COMMIT_SHA", head),
            ("CI_PREV_COMMIT_SHA", before),
            ("CI_COMMIT_BRANCH", "main"),
        ],
        Event::Tag { commit, tag } => {
            vec![("CI_PIPELINE_EVENT", "tag"), ("CI_COMMIT_SHA", commit), ("CI_COMMIT_TAG", tag)]
        }
        Event::Schedule { commit } => vec![("CI_PIPELINE_EVENT", "cron"), ("CI_COMMIT_SHA", commit)],
    };
    variables.extend(own.into_iter().map(|(name, value)| (name, value.to_owned())));
    variables
}
