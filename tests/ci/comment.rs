//! `taster ci comment` against a forge with the published API: one comment, edited in place, and a status.

use std::path::PathBuf;
use std::process::Command;

use taster::record::{HISTORY_SCHEMA, HistoryLine, HistoryStep, Outcome, StepKind, Trust};

use crate::artefact::{Made, RUN, archive, png};
use crate::server::{Artefact, Comment, Refusal, Server, Shape};
use crate::world::Ran;

pub(crate) const HEAD: &str = "1111111111111111111111111111111111111111";
pub(crate) const BASE: &str = "2222222222222222222222222222222222222222";
pub(crate) const TOKEN: &str = "t0ken/with+odd=signs";

/// A forge with pull request 7 of recipes/blog, and a folder.
pub(crate) struct Forge {
    pub(crate) server: Server,
    pub(crate) dir: tempfile::TempDir,
}

impl Forge {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::start(dir.path());
        server.set(|state| {
            state.demands = Some(TOKEN.to_owned());
            state.repositories.me = Some("taster-bot".to_owned());
            state.repositories.pulls = vec![(7, HEAD.to_owned(), BASE.to_owned())];
        });
        Self { server, dir }
    }

    /// The artefact of the head's job.
    pub(crate) fn left(&self, bytes: Vec<u8>) {
        self.server.set(|state| {
            let id = 40 + state.repositories.artefacts.len() as u64;
            let artefact =
                Artefact { id, name: format!("taster-{HEAD}"), commit: HEAD.to_owned(), expired: false, bytes };
            state.repositories.artefacts.push(artefact);
        });
    }

    pub(crate) fn comment(&self, more: &[&str]) -> Ran {
        self.comment_with(more, &[])
    }

    pub(crate) fn comment_with(&self, more: &[&str], environment: &[(&str, &str)]) -> Ran {
        let mut arguments = vec!["ci", "comment"];
        if !more.contains(&"--pending") {
            arguments.extend(["--pull", "7"]);
        }
        arguments.extend(more);
        let output = Command::new(env!("CARGO_BIN_EXE_taster"))
            .args(arguments)
            .current_dir(self.dir.path())
            .env_clear()
            .env("TASTER_FORGE", &self.server.url)
            .env("TASTER_FORGE_TOKEN", TOKEN)
            .env("CI", "woodpecker")
            .envs([("CI_PIPELINE_EVENT", "cron"), ("CI_COMMIT_SHA", BASE), ("CI_REPO", "recipes/blog")])
            .envs(environment.iter().copied())
            .output();
        output.unwrap().into()
    }

    pub(crate) fn comments(&self) -> Vec<Comment> {
        let mut comments = Vec::new();
        self.server.set(|state| comments.clone_from(&state.repositories.comments));
        comments
    }

    /// The only comment's text.
    pub(crate) fn body(&self) -> String {
        let comments = self.comments();
        assert_eq!(comments.len(), 1, "{comments:?}");
        comments.into_iter().next().unwrap().body
    }

    /// State and description of each status of the head.
    pub(crate) fn statuses(&self) -> Vec<(String, String)> {
        let mut statuses = Vec::new();
        self.server.set(|state| {
            for (commit, status) in &state.repositories.statuses {
                assert_eq!((commit.as_str(), status["context"].as_str()), (HEAD, Some("taster/level")));
                let text = |name: &str| status[name].as_str().unwrap().to_owned();
                statuses.push((text("state"), text("description")));
            }
        });
        statuses
    }

    pub(crate) fn refuses(&self, method: &'static str, part: &'static str, status: u16) {
        self.refuses_with(Refusal { method, part, status, retry_after: None, message: "no".to_owned(), after: false });
    }

    pub(crate) fn refuses_with(&self, refusal: Refusal) {
        self.server.set(|state| state.refusals.push(refusal));
    }

    /// A history in which the base's upgrade ended so.
    pub(crate) fn history(&self, commit: &str, upgrade: Outcome) -> PathBuf {
        let folder = self.dir.path().join("history");
        let step = |id: &str, kind, outcome| HistoryStep {
            id: id.to_owned(),
            kind,
            variant: "default".to_owned(),
            outcome,
            flaky: false,
            weak: false,
            structural: false,
            class: None,
            reason: String::new(),
            seconds: 1.0,
        };
        let line = HistoryLine {
            schema: HISTORY_SCHEMA.to_owned(),
            run: "20261120-100000-teapot-aaaa".to_owned(),
            at: "2026-11-20T10:00:00Z".to_owned(),
            recipe: "teapot".to_owned(),
            commit: commit.to_owned(),
            version: None,
            trust: Trust::DefaultBranch,
            variants: Vec::new(),
            steps: vec![
                step("install@default", StepKind::Install, Outcome::Passed),
                step("restart@default", StepKind::Restart, Outcome::Passed),
                step("redeploy@default", StepKind::Redeploy, Outcome::Passed),
                step("upgrade:1.0.0+1.0→y@default", StepKind::Upgrade, upgrade),
            ],
            findings: None,
            proofs: Vec::new(),
            upgrade_map: None,
            services: Vec::new(),
            upstream: None,
        };
        taster::history::append(&folder, &[line]).unwrap();
        folder
    }
}

#[test]
fn one_comment_tells_the_level_before_and_after_what_broke_and_what_to_do() {
    let forge = Forge::new();
    let history = forge.history(BASE, Outcome::Passed).display().to_string();
    forge.left(Made::of(HEAD, Outcome::Failed).archive());
    let ran = forge.comment(&["--history", &history]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let body = forge.body();
    let first: Vec<&str> = body.lines().take(2).collect();
    assert!(first[0].starts_with(&format!("<!-- taster:level {HEAD} ")), "{body}");
    assert_eq!(first[1], "### taster: failed · at least level 3 → level 2", "{body}");
    for words in ["**What broke**", "the base passed it", "**What to do:**", "All steps (4)", "the evidence", RUN] {
        assert!(body.contains(words), "{words}: {body}");
    }
    let (state, description) = forge.statuses().pop().unwrap();
    assert_eq!(state, "failure");
    assert_eq!(description, "level 2 (base: at least level 3), gate regression: failed");
    assert!(!ran.out.contains("probe"), "nothing of the log is in the job's own words: {ran:?}");
}

#[test]
fn what_the_base_failed_too_is_no_failure_of_the_pull_request() {
    let forge = Forge::new();
    let history = forge.history(BASE, Outcome::Failed).display().to_string();
    forge.left(Made::of(HEAD, Outcome::Failed).archive());
    assert_eq!(forge.comment(&["--history", &history]).code, 0);
    assert!(forge.body().contains("so it does in the base"), "{}", forge.body());
    assert_eq!(forge.statuses()[0].0, "success");
    // Without a history nobody knows, and it counts.
    let forge = Forge::new();
    forge.left(Made::of(HEAD, Outcome::Failed).archive());
    forge.comment(&[]);
    let body = forge.body();
    assert!(body.contains("nobody knows how the base stood") && body.contains("level unknown → level 2"), "{body}");
    assert_eq!(forge.statuses()[0].0, "failure");
}

#[test]
fn the_comment_is_edited_in_place_and_only_when_there_is_something_new() {
    for shape in [Shape::Forgejo, Shape::Gitea] {
        let forge = Forge::new();
        forge.server.set(|state| state.repositories.shape = shape);
        forge.left(Made::of(HEAD, Outcome::Failed).archive());
        assert_eq!(forge.comment(&[]).code, 0, "{shape:?}");
        let again = forge.comment(&[]);
        assert!(again.code == 6 && again.out.contains("everything is said"), "{again:?}");
        assert_eq!(forge.comments()[0].edits, 0);
        // The job ran once more.
        forge.left(Made::of(HEAD, Outcome::Passed).archive());
        let ran = forge.comment(&[]);
        assert_eq!(ran.code, 0, "{ran:?}");
        let comments = forge.comments();
        assert_eq!((comments.len(), comments[0].edits), (1, 1), "{comments:?}");
        assert!(comments[0].body.contains("### taster: passed"), "{}", comments[0].body);
        let states: Vec<String> = forge.statuses().into_iter().map(|(state, _)| state).collect();
        assert_eq!(states, ["failure", "success"]);
    }
}

#[test]
fn all_open_pull_requests_are_told_and_one_that_is_refused_keeps_no_other_back() {
    let forge = Forge::new();
    let heads: Vec<String> = (3..9).map(|digit| digit.to_string().repeat(40)).collect();
    forge.server.set(|state| {
        // Pages of two.
        state.page = 2;
        for (number, head) in (8..).zip(&heads) {
            state.repositories.pulls.push((number, head.clone(), BASE.to_owned()));
            let bytes = Made::of(head, Outcome::Passed).archive();
            let name = format!("taster-{head}");
            state.repositories.artefacts.push(Artefact {
                id: number,
                name,
                commit: head.clone(),
                expired: false,
                bytes,
            });
        }
    });
    forge.refuses("POST", "/issues/9/comments", 403);
    let ran = forge.comment(&["--pending"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.out.contains("pull request 7: its job has left nothing yet"), "{ran:?}");
    assert!(ran.err.contains("pull request 9") && ran.err.contains("403"), "{ran:?}");
    assert_eq!(forge.comments().iter().map(|one| one.number).collect::<Vec<_>>(), [8, 10, 11, 12, 13]);
    let ran = forge.comment(&["--pending"]);
    assert_eq!((ran.code, forge.comments().len()), (0, 6), "the one that was refused: {ran:?}");
}

#[test]
fn the_event_names_the_pull_request() {
    let forge = Forge::new();
    forge.left(Made::of(HEAD, Outcome::Passed).archive());
    let event = forge.dir.path().join("event.json");
    std::fs::write(&event, format!("{{\"workflow_run\":{{\"head_sha\":\"{HEAD}\"}}}}")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_taster"))
        .args(["ci", "comment"])
        .env_clear()
        .envs([("TASTER_FORGE_TOKEN", TOKEN), ("GITEA_ACTIONS", "true"), ("GITHUB_EVENT_NAME", "workflow_run")])
        .envs([("GITHUB_EVENT_PATH", event.to_str().unwrap()), ("GITHUB_SHA", BASE), ("GITHUB_REF", "refs/heads/main")])
        .envs([("GITHUB_REPOSITORY", "recipes/blog"), ("GITHUB_SERVER_URL", forge.server.url.as_str())])
        .output();
    let ran = Ran::from(output.unwrap());
    assert!(ran.code == 0 && forge.comments().len() == 1, "{ran:?}");
}

#[test]
fn rate_limits_are_waited_for_and_refusals_are_told_with_what_the_forge_says() {
    let forge = Forge::new();
    forge.left(Made::of(HEAD, Outcome::Passed).archive());
    let limit = |method, part| Refusal {
        method,
        part,
        status: 429,
        retry_after: Some("0"),
        message: "slow down".to_owned(),
        after: false,
    };
    forge.refuses_with(limit("GET", "/pulls/7"));
    forge.refuses_with(limit("POST", "/comments"));
    forge.refuses_with(limit("POST", "/statuses"));
    assert_eq!(forge.comment(&[]).code, 0);
    assert_eq!((forge.comments().len(), forge.statuses().len()), (1, 1));
    for (method, part, status, told) in [
        ("GET", "/pulls/7", 401, "wants a token"),
        ("GET", "/pulls/7", 404, "404"),
        ("POST", "/comments", 401, "wants a token"),
        ("POST", "/comments", 403, "TASTER_FORGE_TOKEN"),
        ("POST", "/comments", 404, "404"),
        ("POST", "/comments", 409, "409: no"),
        ("POST", "/comments", 422, "422: no"),
        ("POST", "/statuses", 403, "403"),
        ("POST", "/statuses", 422, "422: no"),
        ("GET", "/actions/artifacts", 400, "400: no"),
    ] {
        let forge = Forge::new();
        forge.left(Made::of(HEAD, Outcome::Passed).archive());
        forge.refuses(method, part, status);
        let ran = forge.comment(&[]);
        assert!(ran.code == 4 && ran.err.contains(told), "{method} {part} {status}: {ran:?}");
        // Nothing is half done for good.
        assert_eq!(forge.comment(&[]).code, 0, "{method} {part} {status}");
        assert_eq!((forge.comments().len(), forge.statuses().len()), (1, 1), "{method} {part} {status}");
    }
}

#[test]
fn an_answer_that_is_lost_after_the_comment_was_taken_makes_no_second_comment() {
    for status in [500, 502] {
        let forge = Forge::new();
        forge.left(Made::of(HEAD, Outcome::Passed).archive());
        let message = String::new();
        forge.refuses_with(Refusal {
            method: "POST",
            part: "/comments",
            status,
            retry_after: None,
            message,
            after: true,
        });
        let ran = forge.comment(&[]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!((forge.comments().len(), forge.statuses().len()), (1, 1));
    }
}

#[test]
fn a_comment_of_somebody_else_that_looks_like_ours_is_not_touched() {
    for me in [Some("taster-bot".to_owned()), None] {
        let forge = Forge::new();
        let forged = format!("<!-- taster:level {HEAD} 40 -->\nall is well");
        forge.server.set(|state| {
            state.repositories.me = me.clone();
            let login = "mallory".to_owned();
            state.repositories.comments.push(Comment {
                id: 1,
                number: 7,
                login,
                body: forged.clone(),
                ..Comment::default()
            });
        });
        forge.left(Made::of(HEAD, Outcome::Failed).archive());
        for _ in 0..2 {
            let ran = forge.comment(&[]);
            assert!(matches!(ran.code, 0 | 6), "{me:?}: {ran:?}");
        }
        let comments = forge.comments();
        assert_eq!(comments.len(), 2, "{me:?}: {comments:?}");
        assert_eq!((comments[0].body.as_str(), comments[0].edits), (forged.as_str(), 0));
        assert!(comments[1].body.contains("### taster: failed"), "{comments:?}");
    }
}

#[test]
fn pictures_are_drawn_anew_attached_once_and_missed_by_nobody_where_the_forge_takes_none() {
    let forge = Forge::new();
    let made = Made { screenshot: Some("pages/smoke.png".to_owned()), ..Made::of(HEAD, Outcome::Passed) };
    let (log, shot) = (made.log(), png());
    forge.left(archive(&[("r/events.ndjson", &log), ("r/pages/smoke.png", &shot)]));
    assert_eq!(forge.comment(&[]).code, 0);
    let body = forge.body();
    assert!(body.contains(&format!("![page]({}/attachments/0)", forge.server.url)), "{body}");
    forge.server.set(|state| {
        let [picture] = state.repositories.uploads.as_slice() else { panic!("{}", state.repositories.uploads.len()) };
        assert!(picture.starts_with(b"\x89PNG") && *picture != shot);
        assert!(!picture.windows(8).any(|window| window == b"<script>"), "only pixels went through");
        state.repositories.statuses.clear();
    });
    assert_eq!(forge.comment(&[]).code, 0, "the status was lost, so it is told again");
    forge.server.set(|state| assert_eq!(state.repositories.uploads.len(), 1, "the picture is there already"));

    let forge = Forge::new();
    forge.server.set(|state| state.repositories.no_uploads = true);
    forge.left(archive(&[("r/events.ndjson", &log), ("r/pages/smoke.png", &shot)]));
    assert_eq!(forge.comment(&[]).code, 0);
    assert!(!forge.body().contains("![page]"));
}

#[test]
fn a_store_takes_the_place_of_artefacts_that_the_forge_does_not_have() {
    let forge = Forge::new();
    forge.server.set(|state| state.repositories.shape = Shape::None);
    let ran = forge.comment(&[]);
    assert!(ran.code == 4 && ran.err.contains("name it with --store"), "{ran:?}");
    let store = forge.dir.path().join("store");
    let named = store.display().to_string();
    std::fs::create_dir_all(&store).unwrap();
    let ran = forge.comment(&["--store", &named]);
    assert!(ran.code == 6 && ran.out.contains("left nothing yet"), "{ran:?}");
    Made::of(HEAD, Outcome::Failed).write(&store.join(HEAD).join(RUN));
    assert_eq!(forge.comment(&["--store", &named]).code, 0);
    assert!(forge.body().contains("### taster: failed"));
    // Over the web, from a place that gets no token.
    let forge = Forge::new();
    let address = format!("{}/store", forge.server.url);
    assert_eq!(forge.comment(&["--store", &address]).code, 6);
    let bytes = Made::of(HEAD, Outcome::Passed).archive();
    forge.server.set(|state| drop(state.repositories.stored.insert(format!("{HEAD}.zip"), bytes)));
    assert_eq!(forge.comment(&["--store", &address]).code, 0);
    assert!(forge.body().contains("### taster: passed"));
    forge.server.set(|state| {
        assert!(state.tokens.iter().all(|(path, _)| path.starts_with("/api/")), "{:?}", state.tokens);
    });
}
