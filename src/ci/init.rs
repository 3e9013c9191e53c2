//! The workflows that a recipe's repository gets: written once, brought up to date, and never over what somebody changed.
//!
//! The files are those of `docs/ci/`, with the digest of taster's image and the commit of its workflows in place of zeroes.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::run::replace_file;

/// Who commits what `taster sync` changed: the workflows name them, and Renovate must know them to go on rebasing.
pub const AUTHOR: &str = "taster@noreply.invalid";

/// How the first line of a written file begins; the hash of the rest follows.
const HEAD: &str = "# taster ci init sha256:";
/// The places of an image's digest and of a commit in the files of `docs/ci/`.
const NO_DIGEST: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
const NO_COMMIT: &str = "@0000000000000000000000000000000000000000";
/// Taster's image, unless another registry has a copy.
const IMAGE: &str = "git.coopcloud.tech/toolshed/taster";
/// The place of the history's address.
const NO_HISTORY: &str = "https://git.example.coop/commons/history.git";

/// For which system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Forgejo Actions.
    Forgejo,
    /// Gitea Actions.
    Gitea,
    /// Drone.
    Drone,
    /// Woodpecker.
    Woodpecker,
}

impl Target {
    /// The files, by path in the repository.
    fn files(self) -> Vec<(String, &'static str)> {
        const FORGEJO: [(&str, &str); 3] = [
            ("taster.yml", include_str!("../../docs/ci/forgejo/taster.yml")),
            ("taster-renovate.yml", include_str!("../../docs/ci/forgejo/taster-renovate.yml")),
            ("taster-release.yml", include_str!("../../docs/ci/forgejo/taster-release.yml")),
        ];
        const WOODPECKER: [(&str, &str); 4] = [
            ("taster.yml", include_str!("../../docs/ci/woodpecker/taster.yml")),
            ("taster-comment.yml", include_str!("../../docs/ci/woodpecker/taster-comment.yml")),
            ("taster-renovate.yml", include_str!("../../docs/ci/woodpecker/taster-renovate.yml")),
            ("taster-release.yml", include_str!("../../docs/ci/woodpecker/taster-release.yml")),
        ];
        let below = |folder: &str, files: &[(&str, &'static str)]| {
            files.iter().map(|(name, text)| (format!("{folder}/{name}"), *text)).collect()
        };
        match self {
            Self::Forgejo => below(".forgejo/workflows", &FORGEJO),
            Self::Gitea => below(".gitea/workflows", &FORGEJO),
            Self::Drone => vec![(".drone.yml".to_owned(), include_str!("../../docs/ci/drone/drone.yml"))],
            Self::Woodpecker => below(".woodpecker", &WOODPECKER),
        }
    }

    /// A file of Forgejo as this system needs it.
    fn fitted(self, template: &str) -> String {
        match self {
            // Its API hands out other uploads than Forgejo's.
            Self::Gitea => template.replace("/recipe-pull-request.yml@", "/recipe-pull-request-gitea.yml@"),
            Self::Forgejo | Self::Drone | Self::Woodpecker => template.to_owned(),
        }
    }

    /// Whether its files call workflows of taster's own repository.
    pub fn calls_workflows(self) -> bool {
        matches!(self, Self::Forgejo | Self::Gitea)
    }
}

/// What is pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pins {
    /// The digest of taster's image, `sha256:…`.
    pub digest: String,
    /// The image's name, when it is not taster's own.
    pub image: Option<String>,
    /// The commit of taster's repository whose workflows are called.
    pub commit: Option<String>,
    /// The git address of the commons' history of trusted runs.
    pub history: String,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// It is no digest.
    #[error(
        "`{0}` is no digest: write sha256: and 64 hexadecimal digits, as the registry tells it (a tag can be moved)"
    )]
    Digest(String),
    /// It is no name of an image.
    #[error("`{0}` is no name of an image without a tag, such as registry.example.org/taster")]
    Image(String),
    /// It is no commit.
    #[error("`{0}` is no commit: write its 40 hexadecimal digits (a tag or a branch can be moved)")]
    Commit(String),
    /// It is no address.
    #[error("`{0}` is no address of a git repository that everybody can read, such as {NO_HISTORY}")]
    History(String),
    /// The commit is missing.
    #[error("the workflows are called from taster's repository: name the commit with --ref")]
    NoCommit,
    /// Somebody changed files.
    #[error("{} changed by hand: nothing was written; --force writes over them, --diff shows what would change", told(.0))]
    Changed(Vec<String>),
    /// Renovate's configuration cannot be changed.
    #[error(
        "cannot add gitIgnoredAuthors to {file}: {why}; add \"{AUTHOR}\" to it by hand, so that Renovate goes on rebasing"
    )]
    Renovate {
        /// The file.
        file: String,
        /// Why.
        why: String,
    },
    /// The system refused.
    #[error("cannot {what} {}: {why}", path.display())]
    Io {
        /// What was attempted.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's own error.
        why: std::io::Error,
    },
}

fn told(files: &[String]) -> String {
    format!("{} {}", files.join(", "), if files.len() == 1 { "was" } else { "were" })
}

/// A file that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its path in the repository.
    pub path: String,
    /// What is there; `None` when nothing is.
    pub before: Option<String>,
    /// What shall be there.
    pub after: String,
}

/// What has to be written into a repository; empty when nothing has. Nothing is written yet.
///
/// # Errors
/// [`InitError`]; all or nothing.
pub fn prepare(repository: &Path, target: Target, pins: &Pins, force: bool) -> Result<Vec<Written>, InitError> {
    check(target, pins)?;
    let mut written = Vec::new();
    let mut changed = Vec::new();
    for (path, template) in target.files() {
        let after = text(&target.fitted(template), pins);
        let before = read(&repository.join(&path))?;
        match &before {
            Some(before) if *before == after => continue,
            Some(before) if !force && !is_ours(before) => changed.push(path.clone()),
            _ => {}
        }
        written.push(Written { path, before, after });
    }
    if !changed.is_empty() {
        return Err(InitError::Changed(changed));
    }
    written.extend(renovate(repository)?);
    Ok(written)
}

/// Writes what was prepared.
///
/// # Errors
/// [`InitError::Io`].
pub fn write(repository: &Path, written: &[Written]) -> Result<(), InitError> {
    for one in written {
        let path = repository.join(&one.path);
        let failed = |what, why| InitError::Io { what, path: path.clone(), why };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|why| failed("make the folder of", why))?;
        }
        replace_file(&path, one.after.as_bytes()).map_err(|why| failed("write", why))?;
    }
    Ok(())
}

fn check(target: Target, pins: &Pins) -> Result<(), InitError> {
    let is_hex = |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !pins.digest.strip_prefix("sha256:").is_some_and(|hex| is_hex(hex, 64)) {
        return Err(InitError::Digest(pins.digest.clone()));
    }
    if let Some(image) = &pins.image {
        let known = |c: char| c.is_ascii_alphanumeric() || "-._/:".contains(c);
        let tagged = image.rsplit('/').next().unwrap_or_default().contains(':');
        if image.is_empty() || tagged || !image.chars().all(known) {
            return Err(InitError::Image(image.clone()));
        }
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/:".contains(c);
    if !pins.history.contains("://") || !pins.history.chars().all(plain) {
        return Err(InitError::History(pins.history.clone()));
    }
    match &pins.commit {
        Some(commit) if !is_hex(commit, 40) => Err(InitError::Commit(commit.clone())),
        None if target.calls_workflows() => Err(InitError::NoCommit),
        _ => Ok(()),
    }
}

/// A file as it is written: what it holds is told by its first line, so that a change by hand is seen.
fn text(template: &str, pins: &Pins) -> String {
    let mut body = template.replace(NO_DIGEST, &pins.digest.to_ascii_lowercase()).replace(NO_HISTORY, &pins.history);
    if let Some(image) = &pins.image {
        body = body.replace(&format!("{IMAGE}@"), &format!("{image}@"));
    }
    if let Some(commit) = &pins.commit {
        body = body.replace(NO_COMMIT, &format!("@{}", commit.to_ascii_lowercase()));
    }
    format!("{HEAD}{}\n{body}", hash(&body))
}

fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a file is as an earlier `taster ci init` wrote it.
fn is_ours(text: &str) -> bool {
    let told = text.strip_prefix(HEAD).and_then(|rest| rest.split_once('\n'));
    told.is_some_and(|(known, body)| known == hash(body))
}

/// Renovate's configuration with our author in it, when there is one that lacks them.
fn renovate(repository: &Path) -> Result<Option<Written>, InitError> {
    for file in ["renovate.json", ".renovaterc.json", ".renovaterc", ".github/renovate.json", "renovate.json5"] {
        let Some(before) = read(&repository.join(file))? else { continue };
        let failed = |why: String| InitError::Renovate { file: file.to_owned(), why };
        let parsed: serde_json::Value =
            serde_json::from_str(&before).map_err(|error| failed(format!("it is no plain JSON: {error}")))?;
        let known = parsed.get("gitIgnoredAuthors");
        if known.and_then(|known| known.as_array()).is_some_and(|known| known.iter().any(|author| author == AUTHOR)) {
            return Ok(None);
        }
        if known.is_some() {
            return Err(failed("it has such a list already".to_owned()));
        }
        let Some(object) = parsed.as_object() else { return Err(failed("it is no object".to_owned())) };
        // Only this line is added: the file's own order and spaces stay.
        let (head, rest) = before.split_once('{').ok_or_else(|| failed("it is no object".to_owned()))?;
        let comma = if object.is_empty() { "\n" } else { "," };
        let after = format!("{head}{{\n  \"gitIgnoredAuthors\": [\"{AUTHOR}\"]{comma}{rest}");
        return Ok(Some(Written { path: file.to_owned(), before: Some(before), after }));
    }
    Ok(None)
}

fn read(path: &Path) -> Result<Option<String>, InitError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(why) => Err(InitError::Io { what: "read", path: path.to_owned(), why }),
    }
}
