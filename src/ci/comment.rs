//! One comment on a pull request, edited in place, and the status of its commit.

use std::path::PathBuf;

use super::artefact::{Artefact, Refused};
use super::base::of_pull;
use super::store::{FetchError, Store};
use crate::forge::{Comment, Forge, ForgeError, Pull, State, Status};
use crate::history::History;
use crate::lint;
use crate::record::{Fact, HistoryLine, Ladder};
use crate::report::{CommentFacts, KeptRun, comment, refusal};
use crate::score::{Gate, GateVerdict, Measured, Reached, Standing, gate, ladder, reached};

/// The context of our status.
const CONTEXT: &str = "taster/level";
/// How our comment begins.
const MARKER: &str = "<!-- taster:level ";
/// So many pictures are attached.
const MOST_PICTURES: usize = 3;
/// How often a comment is tried that the forge did not surely take.
const TRIES: usize = 3;

/// What comments, and with what knowledge.
#[derive(Debug)]
pub struct Commenter {
    /// The forge, with a token that may write comments and statuses.
    pub forge: Forge,
    /// `owner/name`.
    pub repository: String,
    /// Where artefacts are.
    pub store: Store,
    /// What fails.
    pub gate: Gate,
    /// The history of trusted runs.
    pub history: History,
    /// A git repository that has the base's commit: the linter judges that one. Nothing of a pull request is looked for in it.
    pub base_repository: Option<PathBuf>,
    /// What the commons decides about the linter's findings.
    pub lint: lint::Options,
}

/// Why there is no comment.
#[derive(Debug, thiserror::Error)]
pub enum CommentError {
    /// The forge refuses, or does not answer.
    #[error(transparent)]
    Forge(#[from] ForgeError),
    /// The artefact cannot be fetched.
    #[error(transparent)]
    Fetch(FetchError),
    /// Something that should be a name of a repository is none.
    #[error("`{0}` is no repository: write owner/name")]
    Repository(String),
}

/// What was done about a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// There is no artefact for its commit yet.
    Nothing,
    /// Everything was said already.
    Known,
    /// The comment was written or edited, and the status set: in words, what it says.
    Told(String),
    /// The artefact counts for nothing, and the comment says so: why.
    Refused(String),
}

/// What is to be said.
struct Said {
    body: String,
    status: Status,
}

impl Commenter {
    /// Checks what came from outside before it becomes a part of addresses.
    ///
    /// # Errors
    /// [`CommentError::Repository`].
    pub fn check(&self) -> Result<(), CommentError> {
        let plain = |part: &str| {
            let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            !part.is_empty() && part.chars().all(known) && part.chars().any(|c| c != '.')
        };
        match self.repository.split_once('/') {
            Some((owner, name)) if plain(owner) && plain(name) => Ok(()),
            _ => Err(CommentError::Repository(self.repository.clone())),
        }
    }

    /// The open pull requests of the repository.
    ///
    /// # Errors
    /// [`CommentError`].
    pub fn open(&self) -> Result<Vec<Pull>, CommentError> {
        Ok(self.forge.open_pulls(&self.repository)?)
    }

    /// One pull request.
    ///
    /// # Errors
    /// [`CommentError`].
    pub fn pull(&self, number: u64) -> Result<Pull, CommentError> {
        Ok(self.forge.pull(&self.repository, number)?)
    }

    /// Says on a pull request what came of its newest commit's run. Whoever asks twice gets one comment.
    ///
    /// # Errors
    /// [`CommentError`]; a bad artefact is none, but is told.
    pub fn tell(&self, pull: &Pull) -> Result<Done, CommentError> {
        let head = &pull.head.sha;
        let found = match self.store.find(&self.forge, &self.repository, head) {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(Done::Nothing),
            Err(FetchError::Refused(why)) => return self.refuse(pull, "unreadable", &why),
            Err(error) => return Err(CommentError::Fetch(error)),
        };
        let mut own = self.own_comments(pull)?;
        let marker = marker(&found.source, head);
        let said = own.iter().any(|comment| comment.body.starts_with(&marker));
        if said && self.forge.status(&self.repository, head, CONTEXT)?.is_some() {
            return Ok(Done::Known);
        }
        if let Some(Err(why)) = &found.origin {
            return self.refuse(pull, &found.source, why);
        }
        let opened = found.place.open(&self.forge, &self.repository);
        let read = opened.and_then(|mut artefact| Ok((artefact.run(head)?, artefact)));
        let (run, mut artefact) = match read {
            Ok(read) => read,
            Err(FetchError::Refused(why)) => return self.refuse(pull, &found.source, &why),
            Err(error) => return Err(CommentError::Fetch(error)),
        };
        let lines = self.history.recipes.get(&run.summary.recipe).cloned().unwrap_or_default();
        let found = artefact.found();
        let base = of_pull(pull, lines, found, self.base_repository.as_deref(), &self.lint);
        let change = artefact.change(head);
        let level = reached(&run.summary, &base, change.as_ref());
        let before = base.line().map(level_of);
        let exit = exit(&run);
        let verdict = gate(self.gate, &run.summary, exit, &base);
        let say = |pictures: &[(String, String)]| {
            let facts = CommentFacts {
                marker: &marker,
                verdict: &verdict,
                base: &base,
                before: before.as_deref(),
                level: &level,
                change: change.as_ref(),
                commit: head,
                pictures,
            };
            comment(&run, facts)
        };
        let status = status(&level, change.is_some(), &verdict, before.as_deref());
        let written = self.write(pull, &mut own, &say(&[]))?;
        // Pictures belong to a comment, so there must be one first.
        let pictures = self.pictures(&run, &mut artefact, &written)?;
        if !pictures.is_empty() {
            self.forge.edit_comment(&self.repository, written.id, &say(&pictures))?;
        }
        self.forge.set_status(&self.repository, head, &status, None)?;
        Ok(Done::Told(status.description))
    }

    /// Says that an artefact was not used.
    fn refuse(&self, pull: &Pull, source: &str, why: &Refused) -> Result<Done, CommentError> {
        let head = &pull.head.sha;
        let said = Said {
            body: refusal(&marker(source, head), head, &why.to_string()),
            status: Status {
                context: CONTEXT.to_owned(),
                status: State::Error,
                description: "not judged: what the job left could not be used".to_owned(),
            },
        };
        let mut own = self.own_comments(pull)?;
        self.write(pull, &mut own, &said.body)?;
        self.forge.set_status(&self.repository, head, &said.status, None)?;
        Ok(Done::Refused(why.to_string()))
    }

    /// Our comments on a pull request, the oldest first. Anybody can write a comment that begins like ours; only our own are edited.
    fn own_comments(&self, pull: &Pull) -> Result<Vec<Comment>, CommentError> {
        let me = self.forge.me()?;
        let comments = self.forge.comments(&self.repository, pull.number)?;
        let ours = |comment: &Comment| {
            comment.body.starts_with(MARKER) && me.as_ref().is_none_or(|me| comment.user.login.eq_ignore_ascii_case(me))
        };
        Ok(comments.into_iter().filter(ours).collect())
    }

    /// Writes the comment, or edits the one that is there. When the forge did not surely take it, what is there is looked at again first.
    fn write(&self, pull: &Pull, own: &mut Vec<Comment>, body: &str) -> Result<Comment, CommentError> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.try_write(pull, own, body) {
                Err(ForgeError::Trouble { .. }) if tries < TRIES => *own = self.own_comments(pull)?,
                written => return Ok(written?),
            }
        }
    }

    fn try_write(&self, pull: &Pull, own: &[Comment], body: &str) -> Result<Comment, ForgeError> {
        for known in own {
            if known.body == body {
                return Ok(known.clone());
            }
            match self.forge.edit_comment(&self.repository, known.id, body) {
                // Somebody else's that looks like ours, or one that was deleted meanwhile.
                Err(ForgeError::Refused { status: 403, .. } | ForgeError::NotFound { .. }) => {}
                edited => return edited,
            }
        }
        self.forge.add_comment(&self.repository, pull.number, body)
    }

    /// Attaches the first pictures that the log names, drawn anew, and tells where they are. A forge that takes none loses nobody the rest.
    fn pictures(
        &self,
        run: &KeptRun,
        artefact: &mut Artefact,
        written: &Comment,
    ) -> Result<Vec<(String, String)>, CommentError> {
        let pages = run.events.iter().filter_map(|event| match &event.fact {
            Fact::Page { title, screenshot: Some(file), look, .. } => Some((format!("{look}: {title}"), file)),
            _ => None,
        });
        let mut pictures = Vec::new();
        let mut known = None;
        for (number, (title, file)) in pages.take(MOST_PICTURES).enumerate() {
            let Some(png) = artefact.picture(file) else { continue };
            let name = format!("{}-{number}.png", short_hash(&png));
            let there =
                known.get_or_insert_with(|| self.forge.attachments(&self.repository, written.id).unwrap_or_default());
            let attached = match there.iter().find(|one| one.name == name) {
                Some(attached) => attached.clone(),
                None => match self.forge.attach(&self.repository, written.id, &name, &png) {
                    Ok(attached) => attached,
                    Err(ForgeError::Trouble { url, tries, why }) => {
                        return Err(ForgeError::Trouble { url, tries, why }.into());
                    }
                    Err(_) => break,
                },
            };
            if is_plain(&attached.browser_download_url) {
                pictures.push((title, attached.browser_download_url));
            }
        }
        Ok(pictures)
    }
}

/// The line that our comment is known by, and what it tells about.
fn marker(source: &str, commit: &str) -> String {
    let plain = |text: &str| -> String {
        text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.')).take(80).collect()
    };
    // Two hyphens would end what is not shown.
    format!("{MARKER}{} {} -->", plain(commit), plain(source).replace("--", "-"))
}

/// Whether an address can stand in Markdown as it is.
fn is_plain(address: &str) -> bool {
    let web = address.starts_with("https://") || address.starts_with("http://");
    web && address.chars().all(|c| c.is_ascii_alphanumeric() || "-._~:/?=&%".contains(c))
}

fn short_hash(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// The exit code of a run, from its steps and its end; what the log says about it is not looked at.
fn exit(run: &KeptRun) -> u8 {
    let left_behind = run.events.iter().any(|event| match &event.fact {
        Fact::Ended { left_behind, .. } => !left_behind.is_empty(),
        _ => false,
    });
    match crate::record::worst_exit(&run.summary.steps) {
        0 if left_behind || !run.complete => 4,
        code => code,
    }
}

/// The level that a trusted run shows, in words.
fn level_of(line: &HistoryLine) -> String {
    let summary = line.summary();
    let measured = Measured { steps: &summary.steps, variants: &line.variants, findings: line.findings.as_ref() };
    let Ladder { level, at_least, .. } = ladder(measured, &Standing::default());
    if at_least { format!("at least level {level}") } else { format!("level {level}") }
}

/// The status: our own words and numbers, nothing of the log.
fn status(level: &Reached, in_part: bool, verdict: &GateVerdict, before: Option<&str>) -> Status {
    let status = match verdict.exit {
        0 => State::Success,
        1 => State::Failure,
        _ => State::Error,
    };
    let before = before.unwrap_or("unknown");
    // What was not tried must not look as if it were lost.
    let in_part = if in_part && level.at_least { ", tried in part" } else { "" };
    let level = level.words();
    Status {
        context: CONTEXT.to_owned(),
        status,
        description: format!("{level}{in_part} (base: {before}), gate {}: {}", verdict.gate, verdict.word()),
    }
}
