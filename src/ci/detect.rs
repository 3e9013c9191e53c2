//! Finding out from the environment where a job runs and what changed.
//!
//! Sources: GitHub's «Variables reference» and webhook payloads, which Forgejo and Gitea follow; Forgejo's «Actions | Reference»; Drone's
//! «Environment reference»; Woodpecker's «Environment variables». docs/ci/README.md says what was seen of it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::place::{Change, Followed, Place, System};

/// No event's description is larger, in bytes.
const LARGEST_EVENT: u64 = 16 << 20;

/// Why nobody can tell what changed.
#[derive(Debug, thiserror::Error)]
pub enum DetectError {
    /// A variable that the system documents is not there.
    #[error(
        "this is {system} and the event is `{event}`, but {missing} is not set, so nobody can tell what is to be tested"
    )]
    Missing {
        /// The system.
        system: &'static str,
        /// The event.
        event: String,
        /// The variable, or the field of the event's description.
        missing: &'static str,
    },
    /// The description of the event cannot be read.
    #[error("cannot read the event's description {} (GITHUB_EVENT_PATH): {why}", path.display())]
    Event {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// What should be a commit is none.
    #[error("{name} is `{value}`, which is no commit")]
    Commit {
        /// The variable or field.
        name: &'static str,
        /// What it holds.
        value: String,
    },
}

/// Where this job runs and what changed, by the variables of its environment.
///
/// # Errors
/// [`DetectError`] when a system is found and does not tell what is to be tested.
pub fn detect(variable: &dyn Fn(&str) -> Option<String>) -> Result<Place, DetectError> {
    let get = |name: &str| variable(name).filter(|value| !value.is_empty());
    let is = |name: &str, value: &str| get(name).is_some_and(|found| found.eq_ignore_ascii_case(value));
    if is("CI", "woodpecker") || is("CI_SYSTEM_NAME", "woodpecker") {
        return woodpecker(&get);
    }
    if is("DRONE", "true") {
        return drone(&get);
    }
    for (name, system) in
        [("FORGEJO_ACTIONS", System::Forgejo), ("GITEA_ACTIONS", System::Gitea), ("GITHUB_ACTIONS", System::GitHub)]
    {
        if is(name, "true") {
            return actions(system, &get);
        }
    }
    Ok(nowhere())
}

fn nowhere() -> Place {
    Place {
        system: System::None,
        change: Change::Manual,
        commit: None,
        repository: None,
        forge: None,
        job: None,
        summary: None,
        follows: None,
    }
}

type Get<'g> = &'g dyn Fn(&str) -> Option<String>;

fn actions(system: System, get: Get<'_>) -> Result<Place, DetectError> {
    let event = get("GITHUB_EVENT_NAME").unwrap_or_default();
    let missing = |missing| DetectError::Missing { system: system.word(), event: event.clone(), missing };
    let payload = match get("GITHUB_EVENT_PATH") {
        Some(path) => read_event(Path::new(&path))?,
        None => Value::Null,
    };
    let text = |pointer: &str| payload.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let reference = get("GITHUB_REF").unwrap_or_default();
    let sha = commit("GITHUB_SHA", get("GITHUB_SHA"))?;
    let mut place = Place {
        system,
        commit: sha.clone(),
        repository: get("GITHUB_REPOSITORY"),
        forge: get("GITHUB_SERVER_URL"),
        summary: get("GITHUB_STEP_SUMMARY").map(PathBuf::from),
        ..nowhere()
    };
    if let (Some(server), Some(repository)) = (&place.forge, &place.repository) {
        // Forgejo and Gitea show a run by its number in the repository, GitHub by its identifier.
        let run = if system == System::GitHub { get("GITHUB_RUN_ID") } else { get("GITHUB_RUN_NUMBER") };
        place.job = run.map(|run| format!("{server}/{repository}/actions/runs/{run}"));
    }
    if event.starts_with("pull_request") {
        // GITHUB_SHA may be a merge that the forge made up for the test; the pull request's own commit is what is told about.
        let head = commit("pull_request.head.sha", text("/pull_request/head/sha"))?;
        place.commit = Some(head.ok_or_else(|| missing("pull_request.head.sha of GITHUB_EVENT_PATH"))?);
        let target = text("/pull_request/base/ref").or_else(|| get("GITHUB_BASE_REF")).unwrap_or_default();
        let base = commit("pull_request.base.sha", text("/pull_request/base/sha"))?;
        let number = payload.pointer("/pull_request/number").or_else(|| payload.pointer("/number"));
        place.change = Change::PullRequest {
            number: number
                .and_then(Value::as_u64)
                .ok_or_else(|| missing("pull_request.number of GITHUB_EVENT_PATH"))?,
            bases: bases(base, &target),
            target,
        };
        return Ok(place);
    }
    let tag = reference.strip_prefix("refs/tags/").map(str::to_owned);
    place.change = match (event.as_str(), tag) {
        ("push" | "create", Some(tag)) => Change::Tag { tag },
        ("push", None) => Change::Push {
            branch: reference.strip_prefix("refs/heads/").unwrap_or(&reference).to_owned(),
            before: commit("before", text("/before"))?,
        },
        ("release", tag) => Change::Tag {
            tag: text("/release/tag_name").or(tag).ok_or_else(|| missing("release.tag_name of GITHUB_EVENT_PATH"))?,
        },
        ("schedule", _) => Change::Schedule,
        _ => Change::Manual,
    };
    if event == "workflow_run" {
        let head = commit("workflow_run.head_sha", text("/workflow_run/head_sha"))?;
        place.follows = head.map(|commit| Followed { commit });
    }
    if place.commit.is_none() {
        return Err(missing("GITHUB_SHA"));
    }
    Ok(place)
}

fn drone(get: Get<'_>) -> Result<Place, DetectError> {
    let event = get("DRONE_BUILD_EVENT").unwrap_or_default();
    let missing = |missing| DetectError::Missing { system: System::Drone.word(), event: event.clone(), missing };
    let sha = commit("DRONE_COMMIT_SHA", get("DRONE_COMMIT_SHA").or_else(|| get("DRONE_COMMIT")))?;
    let repository = get("DRONE_REPO");
    let link = get("DRONE_REPO_LINK");
    let forge = link.zip(repository.as_ref()).and_then(|(link, name)| forge_of(&link, name));
    let before = commit("DRONE_COMMIT_BEFORE", get("DRONE_COMMIT_BEFORE"))?;
    let target = get("DRONE_TARGET_BRANCH").or_else(|| get("DRONE_COMMIT_BRANCH")).unwrap_or_default();
    let change = match event.as_str() {
        "pull_request" => Change::PullRequest {
            number: number(get("DRONE_PULL_REQUEST")).ok_or_else(|| missing("DRONE_PULL_REQUEST"))?,
            bases: bases(before, &target),
            target,
        },
        "tag" => Change::Tag { tag: get("DRONE_TAG").ok_or_else(|| missing("DRONE_TAG"))? },
        "push" => Change::Push { branch: target, before },
        "cron" => Change::Schedule,
        _ => Change::Manual,
    };
    let commit = Some(sha.ok_or_else(|| missing("DRONE_COMMIT_SHA"))?);
    Ok(Place { system: System::Drone, change, commit, repository, forge, job: get("DRONE_BUILD_LINK"), ..nowhere() })
}

fn woodpecker(get: Get<'_>) -> Result<Place, DetectError> {
    let event = get("CI_PIPELINE_EVENT").unwrap_or_default();
    let missing = |missing| DetectError::Missing { system: System::Woodpecker.word(), event: event.clone(), missing };
    let sha = commit("CI_COMMIT_SHA", get("CI_COMMIT_SHA"))?;
    let repository = get("CI_REPO");
    let link = get("CI_REPO_URL").zip(repository.as_ref()).and_then(|(link, name)| forge_of(&link, name));
    let change = match event.as_str() {
        // `pull_request`, and those about its closing and its words.
        event if event.starts_with("pull_request") => {
            let target = get("CI_COMMIT_TARGET_BRANCH").unwrap_or_default();
            Change::PullRequest {
                number: number(get("CI_COMMIT_PULL_REQUEST")).ok_or_else(|| missing("CI_COMMIT_PULL_REQUEST"))?,
                // The commit before is that of the pipeline before, not of the base.
                bases: bases(None, &target),
                target,
            }
        }
        "tag" | "release" => Change::Tag { tag: get("CI_COMMIT_TAG").ok_or_else(|| missing("CI_COMMIT_TAG"))? },
        "push" => Change::Push {
            branch: get("CI_COMMIT_BRANCH").unwrap_or_default(),
            before: commit("CI_PREV_COMMIT_SHA", get("CI_PREV_COMMIT_SHA"))?,
        },
        "cron" => Change::Schedule,
        _ => Change::Manual,
    };
    Ok(Place {
        system: System::Woodpecker,
        change,
        commit: Some(sha.ok_or_else(|| missing("CI_COMMIT_SHA"))?),
        repository,
        forge: get("CI_FORGE_URL").or(link),
        job: get("CI_PIPELINE_URL"),
        ..nowhere()
    })
}

/// The commit that the system names, or what a clone calls the branch.
fn bases(commit: Option<String>, target: &str) -> Vec<String> {
    let branches = [format!("refs/remotes/origin/{target}"), format!("refs/heads/{target}")];
    commit.into_iter().chain(branches.into_iter().filter(|_| !target.is_empty())).collect()
}

/// A full hash; a hash of zeroes is git's word for none.
fn commit(name: &'static str, value: Option<String>) -> Result<Option<String>, DetectError> {
    let Some(value) = value.filter(|value| !value.is_empty() && value.bytes().any(|byte| byte != b'0')) else {
        return Ok(None);
    };
    let is_hash = matches!(value.len(), 40 | 64) && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash { Ok(Some(value.to_ascii_lowercase())) } else { Err(DetectError::Commit { name, value }) }
}

fn number(text: Option<String>) -> Option<u64> {
    text?.parse().ok()
}

/// The forge's address, from that of a repository on it.
fn forge_of(link: &str, repository: &str) -> Option<String> {
    Some(link.trim_end_matches('/').trim_end_matches(".git").strip_suffix(repository)?.trim_end_matches('/').to_owned())
}

fn read_event(path: &Path) -> Result<Value, DetectError> {
    let failed = |why: String| DetectError::Event { path: path.to_owned(), why };
    let size = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
    if size > LARGEST_EVENT {
        return Err(failed(format!("it has {size} bytes, and no event has more than {LARGEST_EVENT}")));
    }
    let bytes = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|error| failed(format!("it is not JSON: {error}")))
}
