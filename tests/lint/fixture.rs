//! Recipes made from fixtures: a base recipe, and what a case changes in it. The format is described in CONTRIBUTING.md.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use taster::config::{self, Config};
use taster::lint::{Options, Outside, Policy, Target};
use taster::recipe::natural_order;

/// The name of the recipe that every case makes.
pub(crate) const RECIPE: &str = "teapot";
/// The version that the base recipe has.
const BASE_VERSION: &str = "1.2.0+1.27.2";

/// One fixture: `fixtures/<ID>/bad…` or `good…`.
#[derive(Debug)]
pub(crate) struct Case {
    /// Its folder.
    pub(crate) folder: PathBuf,
    /// Other rules that it triggers too, because the fault is one for several.
    pub(crate) also: Vec<String>,
    /// How it is linted.
    pub(crate) options: Options,
    /// What the outside world says.
    pub(crate) outside: Outside,
    git: bool,
    released: bool,
    /// Kept as long as the case is.
    directory: tempfile::TempDir,
}

type Files = BTreeMap<String, Vec<u8>>;

pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lint/fixtures")
}

/// The folders of a rule's cases whose names start with `kind`.
pub(crate) fn cases(rule: &str, kind: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(fixtures().join(rule)) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir() && path.file_name().unwrap().to_string_lossy().starts_with(kind))
        .collect();
    found.sort();
    found
}

impl Case {
    /// Makes the recipe of a case, with its git repository.
    pub(crate) fn make(folder: &Path) -> Case {
        let mut case = Case {
            folder: folder.to_owned(),
            also: Vec::new(),
            options: Options::default(),
            outside: Outside::default(),
            git: true,
            released: true,
            directory: tempfile::tempdir().unwrap(),
        };
        let settings = std::fs::read_to_string(folder.join("case.txt")).unwrap_or_default();
        for line in settings.lines().filter(|line| !line.trim().is_empty()) {
            match line.split_once(' ').unwrap_or((line, "")) {
                ("also", rules) => case.also.extend(rules.split_whitespace().map(ToOwned::to_owned)),
                ("no-git", "") => case.git = false,
                ("abra", "") => case.options.abra = true,
                ("no-release", "") => case.released = false,
                _ => panic!("{}/case.txt: `{line}` is not understood", folder.display()),
            }
        }
        if let Ok(text) = std::fs::read_to_string(folder.join("outside.toml")) {
            case.outside = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        }
        if let Ok(text) = std::fs::read_to_string(folder.join(config::FILE)) {
            let config: Config = config::parse(config::FILE, &text).unwrap();
            case.options.policy = Policy::new(&config.lint, None).unwrap().written_in(config::FILE, &text).into();
        }
        let base = read(&fixtures().join("base"));
        let candidate = overlaid(&base, &own_files(folder), folder);
        let path = case.path();
        std::fs::create_dir(&path).unwrap();
        if !case.git {
            write(&path, &candidate);
            return case;
        }
        git(&path, 0, &["init", "--quiet", "--initial-branch=main"]);
        let mut releases: Vec<PathBuf> =
            std::fs::read_dir(folder.join("releases")).into_iter().flatten().map(|e| e.unwrap().path()).collect();
        releases.sort_by(|a, b| natural_order(&a.to_string_lossy(), &b.to_string_lossy()));
        for (number, release) in (1..).zip(&releases) {
            let tag = release.file_name().unwrap().to_string_lossy().into_owned();
            commit(&path, number, &overlaid(&base, &own_files(release), release), &format!("the state of {tag}"));
            tag_it(&path, number, &tag, &std::fs::read_to_string(release.join("tag.txt")).unwrap_or_default());
        }
        commit(&path, 100, &candidate, "the candidate");
        if releases.is_empty() && case.released {
            tag_it(&path, 100, BASE_VERSION, &std::fs::read_to_string(folder.join("tag.txt")).unwrap_or_default());
        }
        case
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join(RECIPE)
    }

    pub(crate) fn target(&self) -> Target {
        Target { path: self.path(), revision: None }
    }
}

/// Files of a case that belong to the recipe.
fn own_files(folder: &Path) -> Files {
    let mut files = read(folder);
    files.retain(|path, _| {
        !matches!(path.as_str(), "case.txt" | "expected.txt" | "outside.toml" | "tag.txt" | config::FILE)
            && !path.starts_with("releases/")
    });
    files
}

fn read(folder: &Path) -> Files {
    let mut files = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap_or_else(|error| panic!("{}: {error}", next.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                files.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    files
}

fn overlaid(base: &Files, changes: &Files, folder: &Path) -> Files {
    let mut files = base.clone();
    for (path, bytes) in changes {
        if let Some(gone) = path.strip_suffix(".gone") {
            assert!(files.remove(gone).is_some(), "{}/{path}: the base has no {gone}", folder.display());
        } else if let Some(changed) = path.strip_suffix(".diff") {
            let before = files.get(changed).unwrap_or_else(|| panic!("{}/{path}: no {changed}", folder.display()));
            let before = std::str::from_utf8(before).unwrap();
            let after = patched(before, std::str::from_utf8(bytes).unwrap())
                .unwrap_or_else(|why| panic!("{}/{path}: {why}", folder.display()));
            files.insert(changed.to_owned(), after.into_bytes());
        } else {
            files.insert(path.clone(), bytes.clone());
        }
    }
    files
}

/// A text with the hunks of a diff applied. Hunks have no line numbers: the lines that stay (` `) or go (`-`) must be found exactly
/// once. Hunks are parted by lines that start with `@@`.
pub(crate) fn patched(text: &str, diff: &str) -> Result<String, String> {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    for hunk in diff.split_inclusive('\n').collect::<Vec<_>>().split(|line| line.starts_with("@@")) {
        if hunk.is_empty() {
            continue;
        }
        let mut old = Vec::new();
        let mut new = Vec::new();
        for line in hunk {
            match line.split_at_checked(1) {
                Some((" ", rest)) => {
                    old.push(rest);
                    new.push(rest);
                }
                Some(("-", rest)) => old.push(rest),
                Some(("+", rest)) => new.push(rest),
                _ if line.trim().is_empty() => {
                    old.push("\n");
                    new.push("\n");
                }
                _ => return Err(format!("a line starts with neither ` `, `-` nor `+`: {line}")),
            }
        }
        let places: Vec<usize> =
            (0..=lines.len().saturating_sub(old.len())).filter(|&at| lines[at..].starts_with(&old)).collect();
        match (old.is_empty(), places.as_slice()) {
            (true, _) => lines.extend(new),
            (false, [at]) => _ = lines.splice(*at..*at + old.len(), new),
            (false, found) => {
                return Err(format!("found {} times, and once is needed:\n{}", found.len(), old.concat()));
            }
        }
    }
    Ok(lines.concat())
}

fn write(path: &Path, files: &Files) {
    for (name, bytes) in files {
        let file = path.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }
}

fn commit(path: &Path, month: usize, files: &Files, message: &str) {
    for entry in std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()) {
        match entry.is_dir() {
            _ if entry.ends_with(".git") => {}
            true => std::fs::remove_dir_all(entry).unwrap(),
            false => std::fs::remove_file(entry).unwrap(),
        }
    }
    write(path, files);
    git(path, month, &["add", "--all"]);
    git(path, month, &["commit", "--quiet", "--allow-empty", "-m", message]);
}

/// Tags the last commit: `tag.txt` holds `lightweight`, or the message.
fn tag_it(path: &Path, month: usize, tag: &str, how: &str) {
    let standard = format!("chore: publish {tag} release");
    match how.trim() {
        "lightweight" => git(path, month, &["tag", tag]),
        "" => git(path, month, &["tag", "-a", tag, "-m", &standard]),
        message => git(path, month, &["tag", "-a", tag, "-m", message]),
    }
}

pub(crate) fn git(path: &Path, month: usize, arguments: &[&str]) {
    let time = format!("{} +0000", 1_700_000_000 + month * 30 * 24 * 3600);
    let ran = Command::new("git")
        .current_dir(path)
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", path)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .envs([("GIT_AUTHOR_NAME", "Tea"), ("GIT_AUTHOR_EMAIL", "tea@example.com"), ("GIT_AUTHOR_DATE", &time)])
        .envs([("GIT_COMMITTER_NAME", "Tea"), ("GIT_COMMITTER_EMAIL", "tea@example.com")])
        .env("GIT_COMMITTER_DATE", &time)
        .output()
        .unwrap();
    assert!(ran.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn a_hunk_is_applied_where_it_is_found_once() {
    let text = "a\nb\nc\n";
    assert_eq!(patched(text, " a\n-b\n+B\n").unwrap(), "a\nB\nc\n");
    assert_eq!(patched(text, "-a\n@@\n+d\n").unwrap(), "b\nc\nd\n");
    assert!(patched(text, "-x\n").unwrap_err().starts_with("found 0 times"));
    assert!(patched("a\na\n", "-a\n").unwrap_err().starts_with("found 2 times"));
    assert!(patched(text, "a\n").is_err());
}
