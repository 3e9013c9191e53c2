//! Where recipes come from: an organisation of a forge, an address, a folder, a list of these.

use std::path::{Path, PathBuf};

use super::place::Place;

/// A source of recipes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// An organisation of a Forgejo or Gitea forge: `https://git.example.coop/recipes`.
    Organisation {
        /// The forge, without a slash at its end.
        forge: String,
        /// The organisation's name.
        name: String,
    },
    /// The address of a repository, for git.
    Address(String),
    /// A git repository, or a folder with git repositories in it.
    Folder(PathBuf),
}

/// Why a source cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It is neither an address nor a path.
    #[error(
        "cannot use the source `{0}`: it is no address (https, ssh, git, file) and there is no such path; give an organisation \
         (https://forge/name), the address of a repository, a folder, or a file with a list of these"
    )]
    Unknown(String),
    /// The list or the folder cannot be read.
    #[error("cannot read the source {}: {why}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// The system's own error.
        why: std::io::Error,
    },
}

impl Source {
    /// Reads a source as somebody writes it. A file is a list: a source on each line, `#` begins a comment.
    ///
    /// # Errors
    /// [`SourceError`] says what it is not.
    pub fn parse(text: &str) -> Result<Vec<Source>, SourceError> {
        Self::parse_within(text, true)
    }

    fn parse_within(text: &str, lists: bool) -> Result<Vec<Source>, SourceError> {
        let text = text.trim();
        if let Some(source) = address(text) {
            return Ok(vec![source]);
        }
        let path = Path::new(text);
        let unreadable = |why| SourceError::Unreadable { path: path.to_owned(), why };
        let Ok(metadata) = path.metadata() else { return Err(SourceError::Unknown(text.to_owned())) };
        if metadata.is_dir() {
            return Ok(vec![Source::Folder(path.to_owned())]);
        }
        if !lists {
            return Err(SourceError::Unknown(text.to_owned()));
        }
        let list = std::fs::read_to_string(path).map_err(unreadable)?;
        let mut sources = Vec::new();
        for line in list.lines().map(|line| line.split('#').next().unwrap_or_default().trim()) {
            if !line.is_empty() {
                sources.extend(Self::parse_within(line, false)?);
            }
        }
        Ok(sources)
    }
}

fn address(text: &str) -> Option<Source> {
    if let Some((scheme, rest)) = text.split_once("://") {
        return match scheme {
            "http" | "https" => {
                let mut parts = rest.trim_end_matches('/').split('/');
                let host = parts.next().filter(|host| !host.is_empty())?;
                match parts.collect::<Vec<_>>().as_slice() {
                    [name] if !name.is_empty() && !name.ends_with(".git") => {
                        Some(Source::Organisation { forge: format!("{scheme}://{host}"), name: (*name).to_owned() })
                    }
                    [] => None,
                    _ => Some(Source::Address(text.to_owned())),
                }
            }
            "ssh" | "git" | "file" => Some(Source::Address(text.to_owned())),
            _ => None,
        };
    }
    // `git@host:path`, git's short form for ssh; a path of this machine has its slash before any colon.
    let (host, path) = text.split_once(':')?;
    let short = !host.is_empty() && !host.contains('/') && host.contains('@') && !path.is_empty();
    short.then(|| Source::Address(text.to_owned()))
}

/// The repositories of a folder: itself when it is one, and those directly in it otherwise, by name.
///
/// # Errors
/// When the folder cannot be read.
pub fn repositories(folder: &Path) -> Result<Vec<Place>, SourceError> {
    let unreadable = |why| SourceError::Unreadable { path: folder.to_owned(), why };
    let folder = folder.canonicalize().map_err(unreadable)?;
    if is_repository(&folder) {
        return Ok(vec![local(folder)]);
    }
    let mut entries =
        std::fs::read_dir(&folder).map_err(unreadable)?.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    let folders = entries.into_iter().map(|entry| entry.path()).filter(|path| path.is_dir());
    Ok(folders.filter(|path| !hidden(path)).map(local).collect())
}

fn hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

fn is_repository(path: &Path) -> bool {
    path.join(".git").symlink_metadata().is_ok() || (path.join("HEAD").is_file() && path.join("objects").is_dir())
}

fn local(path: PathBuf) -> Place {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name = name.strip_suffix(".git").unwrap_or(&name).to_owned();
    let source = path.display().to_string();
    Place { name, source, path: Some(path), local: true, ..Place::default() }
}

/// An address without credentials: they are nobody's business, and addresses are published.
pub fn without_credentials(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme @ ("http" | "https"), rest)) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            format!("{scheme}://{}{path}", authority.rsplit('@').next().unwrap_or_default())
        }
        _ => url.to_owned(),
    }
}

/// The name of a repository: the last part of its address.
pub fn name_of(address: &str) -> String {
    let last = address.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or_default();
    last.strip_suffix(".git").unwrap_or(last).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_with_one_part_is_an_organisation_and_one_with_more_a_repository() {
        let organisation = Source::Organisation { forge: "https://git.example.coop".into(), name: "recipes".into() };
        for text in ["https://git.example.coop/recipes", "https://git.example.coop/recipes/"] {
            assert_eq!(Source::parse(text).unwrap(), std::slice::from_ref(&organisation));
        }
        for text in [
            "https://git.example.coop/recipes/app",
            "https://git.example.coop/app.git",
            "ssh://git@git.example.coop:2222/recipes/app.git",
            "git@git.example.coop:recipes/app.git",
            "file:///srv/app.git",
        ] {
            assert_eq!(Source::parse(text).unwrap(), [Source::Address(text.to_owned())], "{text}");
        }
        for text in ["https://", "https://git.example.coop", "ftp://x/y/z", "/no/such/path", "nothing"] {
            assert!(Source::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn credentials_are_never_shown() {
        assert_eq!(without_credentials("https://me:secret@host/a/b.git"), "https://host/a/b.git");
        assert_eq!(without_credentials("https://host/a@b"), "https://host/a@b");
        assert_eq!(without_credentials("git@host:a/b"), "git@host:a/b");
    }

    #[test]
    fn a_list_names_sources_line_by_line() {
        let dir = tempfile::tempdir().unwrap();
        let list = dir.path().join("list");
        std::fs::write(&list, "# ours\nhttps://h/a/b  # an app\n\nhttps://h/org\n").unwrap();
        assert_eq!(Source::parse(list.to_str().unwrap()).unwrap().len(), 2);
        std::fs::write(&list, list.to_str().unwrap()).unwrap();
        assert!(Source::parse(list.to_str().unwrap()).is_err(), "a list in a list could be itself");
    }
}
