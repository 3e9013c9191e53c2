//! Pull requests, comments with their attachments, statuses and artefacts, as Forgejo and Gitea publish their API: bare lists with
//! `X-Total-Count` and `Link`, comments without pages, artefacts in Forgejo's shape (from 16 on) or Gitea's (from 1.25 on).

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Mutex;

use serde_json::{Value, json};

use super::{Request, State, answer, page_of};

/// An answer instead of the right one, once.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) method: &'static str,
    pub(crate) part: &'static str,
    pub(crate) status: u16,
    pub(crate) retry_after: Option<&'static str>,
    pub(crate) message: String,
    /// What was asked is done all the same, and only the answer is lost.
    pub(crate) after: bool,
}

/// Whose API for artefacts it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Shape {
    #[default]
    Forgejo,
    Gitea,
    /// Before either had one.
    None,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    pub(crate) number: u64,
    pub(crate) login: String,
    pub(crate) body: String,
    pub(crate) assets: Vec<Value>,
    /// How often it was edited.
    pub(crate) edits: usize,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Artefact {
    pub(crate) id: u64,
    pub(crate) name: String,
    /// The commit of the run that made it.
    pub(crate) commit: String,
    pub(crate) expired: bool,
    pub(crate) bytes: Vec<u8>,
}

/// Files of a release, by name.
pub(crate) type Attached = Vec<(String, Vec<u8>)>;

#[derive(Debug, Default)]
pub(crate) struct Repositories {
    /// Open pull requests: number, head, base.
    pub(crate) pulls: Vec<(u64, String, String)>,
    /// The commit that they began from, where that is told.
    pub(crate) merge_base: Option<String>,
    pub(crate) comments: Vec<Comment>,
    /// Commit and what was posted.
    pub(crate) statuses: Vec<(String, Value)>,
    pub(crate) artefacts: Vec<Artefact>,
    pub(crate) shape: Shape,
    /// Who the token belongs to; `None`: it may not ask.
    pub(crate) me: Option<String>,
    /// Uploaded pictures.
    pub(crate) uploads: Vec<Vec<u8>>,
    /// Attachments are switched off.
    pub(crate) no_uploads: bool,
    /// Releases: the tag, and the names of what is attached with their bytes.
    pub(crate) releases: Vec<(String, Attached)>,
    /// A store beside the forge, by path.
    pub(crate) stored: BTreeMap<String, Vec<u8>>,
}

/// What came of a request: a status and a body, and for listings how many things there are in all.
struct Answer {
    status: u16,
    body: Vec<u8>,
    total: Option<usize>,
    link: Option<String>,
}

impl Answer {
    fn json(status: u16, value: &Value) -> Self {
        Self { status, body: serde_json::to_vec(value).unwrap(), total: None, link: None }
    }

    fn error(status: u16, message: &str) -> Self {
        Self::json(status, &json!({ "message": message, "url": "https://forge/api/swagger" }))
    }
}

pub(super) fn serve(
    stream: &mut impl Write,
    request: &Request,
    url: &str,
    state: &Mutex<State>,
) -> std::io::Result<()> {
    let mut state = state.lock().unwrap();
    let matching = |refusal: &Refusal| refusal.method == request.method && request.path.contains(refusal.part);
    let refusal = state.refusals.iter().position(matching).map(|at| state.refusals.remove(at));
    let given = request.header("authorization").strip_prefix("token ");
    let refused = state.demands.as_deref().is_some_and(|token| given != Some(token));
    let done = match &refusal {
        Some(refusal) if !refusal.after => Answer::error(refusal.status, &refusal.message),
        _ if refused => Answer::error(401, "token is required"),
        _ => route(request, url, &mut state),
    };
    if let Some(refusal) = refusal {
        let headers: Vec<String> = refusal.retry_after.iter().map(|after| format!("Retry-After: {after}")).collect();
        let body = serde_json::to_vec(&json!({ "message": refusal.message })).unwrap();
        return answer(stream, refusal.status, &headers, &body);
    }
    let mut headers = vec!["Content-Type: application/json".to_owned()];
    headers.extend(done.total.map(|total| format!("X-Total-Count: {total}")));
    headers.extend(done.link.map(|link| format!("Link: {link}")));
    answer(stream, done.status, &headers, &done.body)
}

fn route(request: &Request, url: &str, state: &mut State) -> Answer {
    let most = state.page;
    let repositories = &mut state.repositories;
    if request.path == "/api/v1/user" {
        return match &repositories.me {
            Some(login) => Answer::json(200, &json!({ "id": 1, "login": login })),
            None => Answer::error(403, "token does not have at least one of required scope(s): [read:user]"),
        };
    }
    let rest = request.path.strip_prefix("/api/v1/repos/recipes/blog/").unwrap_or_default();
    let parts: Vec<&str> = rest.split('/').collect();
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    match (request.method.as_str(), parts.as_slice()) {
        ("GET", ["pulls"]) => {
            let all = repositories.pulls.iter().map(|one| pull(one, repositories)).collect();
            page(request, url, all, most)
        }
        ("GET", ["pulls", number]) => {
            match repositories.pulls.iter().find(|(known, ..)| known.to_string() == *number) {
                Some(found) => Answer::json(200, &pull(found, repositories)),
                None => Answer::error(404, "pull request does not exist"),
            }
        }
        ("GET", ["issues", number, "comments"]) => {
            let of = repositories.comments.iter().filter(|comment| comment.number.to_string() == *number);
            let all: Vec<Value> = of.map(|comment| shown(comment, false)).collect();
            let total = all.len();
            Answer { total: Some(total), ..Answer::json(200, &Value::Array(all)) }
        }
        ("POST", ["issues", number, "comments"]) => add(repositories, number, &body),
        ("PATCH", ["issues", "comments", id]) => edit(repositories, id, &body),
        ("GET", ["issues", "comments", id, "assets"]) => match find(repositories, id) {
            Some(comment) => Answer::json(200, &Value::Array(comment.assets.clone())),
            None => Answer::error(404, "comment does not exist"),
        },
        ("POST", ["issues", "comments", id, "assets"]) => attach(request, url, repositories, id),
        ("POST", ["statuses", sha]) => {
            let known = matches!(body["state"].as_str(), Some("pending" | "success" | "error" | "failure" | "warning"));
            if !known {
                return Answer::error(422, "[State]: Required");
            }
            repositories.statuses.push(((*sha).to_owned(), body.clone()));
            Answer::json(201, &body)
        }
        ("GET", ["commits", sha, "statuses"]) => {
            let of = repositories.statuses.iter().enumerate().filter(|(_, (known, _))| known == sha);
            let all = of.map(|(id, (_, status))| {
                json!({ "id": id, "status": status["state"], "context": status["context"], "description": status["description"] })
            });
            page(request, url, all.collect(), most)
        }
        ("GET", ["actions", "artifacts"]) if repositories.shape != Shape::None => {
            artefacts(request, url, repositories, most)
        }
        ("GET", ["actions", "artifacts", id, "zip"]) => {
            match repositories.artefacts.iter().find(|one| one.id.to_string() == *id) {
                Some(one) => Answer { status: 200, body: one.bytes.clone(), total: None, link: None },
                None => Answer::error(404, "artifact does not exist"),
            }
        }
        ("GET", ["actions", "runs", id]) => {
            // A run has the number of its artefact and a hundred more.
            match repositories.artefacts.iter().find(|one| (one.id + 100).to_string() == *id) {
                Some(one) => {
                    Answer::json(200, &json!({ "id": one.id + 100, "commit_sha": one.commit, "event": "pull_request" }))
                }
                None => Answer::error(404, "run does not exist"),
            }
        }
        ("GET", ["releases", "tags", tag]) => match repositories.releases.iter().position(|(known, _)| known == tag) {
            Some(at) => Answer::json(200, &release(repositories, at)),
            None => Answer::error(404, "release does not exist"),
        },
        ("POST", ["releases"]) => {
            let Some(tag) = body["tag_name"].as_str() else { return Answer::error(422, "[TagName]: Required") };
            if repositories.releases.iter().any(|(known, _)| known == tag) {
                return Answer::error(409, "release already exists");
            }
            repositories.releases.push((tag.to_owned(), Vec::new()));
            Answer::json(201, &release(repositories, repositories.releases.len() - 1))
        }
        ("POST", ["releases", id, "assets"]) => attach_to_release(request, repositories, id),
        _ => Answer::error(404, "not found"),
    }
}

/// Identifiers count from 30.
fn release(repositories: &Repositories, at: usize) -> Value {
    let (tag, attached) = &repositories.releases[at];
    let assets: Vec<Value> =
        attached.iter().map(|(name, bytes)| json!({ "id": 1, "name": name, "size": bytes.len() })).collect();
    json!({ "id": at + 30, "tag_name": tag, "name": tag, "draft": false, "assets": assets })
}

fn attach_to_release(request: &Request, repositories: &mut Repositories, id: &str) -> Answer {
    let at = id.parse::<usize>().ok().and_then(|id| id.checked_sub(30));
    let Some((_, attached)) = at.and_then(|at| repositories.releases.get_mut(at)) else {
        return Answer::error(404, "release does not exist");
    };
    let Some(bytes) = part(request) else { return Answer::error(400, "no multipart body") };
    let name = request.parameter("name").unwrap_or_default().to_owned();
    attached.push((name.clone(), bytes));
    Answer::json(201, &json!({ "id": 1, "name": name }))
}

/// The content of the only part of a form.
fn part(request: &Request) -> Option<Vec<u8>> {
    let boundary = request.header("content-type").split("boundary=").nth(1).filter(|boundary| !boundary.is_empty())?;
    let end = format!("\r\n--{boundary}--\r\n");
    let starts = request.body.windows(4).position(|four| four == b"\r\n\r\n")?;
    let ends = request.body.windows(end.len()).position(|window| window == end.as_bytes())?;
    Some(request.body[starts + 4..ends].to_vec())
}

fn pull((number, head, base): &(u64, String, String), repositories: &Repositories) -> Value {
    json!({
        "merge_base": repositories.merge_base,
        "id": number + 1000, "number": number, "state": "open", "title": "@everyone <b>", "user": { "login": "mallory" },
        "head": { "label": "x", "ref": "bump", "sha": head }, "base": { "label": "main", "ref": "main", "sha": base },
    })
}

fn shown(comment: &Comment, assets: bool) -> Value {
    let assets = if assets { comment.assets.clone() } else { Vec::new() };
    json!({ "id": comment.id, "body": comment.body, "user": { "login": comment.login }, "assets": assets })
}

fn find<'r>(repositories: &'r mut Repositories, id: &str) -> Option<&'r mut Comment> {
    repositories.comments.iter_mut().find(|comment| comment.id.to_string() == id)
}

fn add(repositories: &mut Repositories, number: &str, body: &Value) -> Answer {
    let Some(text) = body["body"].as_str().filter(|text| !text.is_empty()) else {
        return Answer::error(422, "[Body]: Required");
    };
    let Some((number, ..)) = repositories.pulls.iter().find(|(known, ..)| known.to_string() == number) else {
        return Answer::error(404, "issue does not exist");
    };
    let comment = Comment {
        id: 500 + repositories.comments.len() as u64,
        number: *number,
        login: repositories.me.clone().unwrap_or_else(|| "taster-bot".to_owned()),
        body: text.to_owned(),
        ..Comment::default()
    };
    let answer = Answer::json(201, &shown(&comment, true));
    repositories.comments.push(comment);
    answer
}

fn edit(repositories: &mut Repositories, id: &str, body: &Value) -> Answer {
    let me = repositories.me.clone().unwrap_or_else(|| "taster-bot".to_owned());
    let Some(comment) = find(repositories, id) else { return Answer::error(404, "comment does not exist") };
    if comment.login != me {
        return Answer::error(403, "user should have permission to edit comments");
    }
    comment.body = body["body"].as_str().unwrap_or_default().to_owned();
    comment.edits += 1;
    Answer::json(200, &shown(comment, true))
}

fn attach(request: &Request, url: &str, repositories: &mut Repositories, id: &str) -> Answer {
    if repositories.no_uploads {
        return Answer::error(404, "attachments are disabled");
    }
    let Some(picture) = part(request) else { return Answer::error(400, "no multipart body") };
    let name = request.parameter("name").unwrap_or_default().to_owned();
    let number = repositories.uploads.len();
    repositories.uploads.push(picture);
    let attachment =
        json!({ "id": number, "name": name, "browser_download_url": format!("{url}/attachments/{number}") });
    match find(repositories, id) {
        Some(comment) => comment.assets.push(attachment.clone()),
        None => return Answer::error(404, "comment does not exist"),
    }
    Answer::json(201, &attachment)
}

fn artefacts(request: &Request, url: &str, repositories: &Repositories, most: usize) -> Answer {
    let wanted = request.parameter("name");
    let of = repositories.artefacts.iter().filter(|one| wanted.is_none_or(|wanted| one.name == wanted));
    let all: Vec<Value> = of
        .map(|one| {
            let mut told =
                json!({ "id": one.id, "name": one.name, "expired": one.expired, "size_in_bytes": one.bytes.len() });
            match repositories.shape {
                Shape::Forgejo => told["run_id"] = json!(one.id + 100),
                _ => told["workflow_run"] = json!({ "id": one.id + 100, "repository_id": 1, "head_sha": one.commit }),
            }
            told
        })
        .collect();
    let total = all.len();
    let mut answer = page(request, url, all, most);
    if repositories.shape == Shape::Gitea {
        let listed: Value = serde_json::from_slice(&answer.body).unwrap();
        answer.body = serde_json::to_vec(&json!({ "artifacts": listed, "total_count": total })).unwrap();
    }
    answer
}

fn page(request: &Request, url: &str, all: Vec<Value>, most: usize) -> Answer {
    let (page, limit) = page_of(request, most);
    let (total, pages) = (all.len(), all.len().div_ceil(limit));
    let shown: Vec<Value> = all.into_iter().skip((page - 1) * limit).take(limit).collect();
    let link = (page < pages).then(|| format!("<{url}{}?page={}>; rel=\"next\"", request.path, page + 1));
    Answer { total: Some(total), link, ..Answer::json(200, &Value::Array(shown)) }
}
