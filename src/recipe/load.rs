//! Reading a recipe from a work tree or from a revision.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::git::{Listing, Repository};
use super::tree::{Limits, Mode, Refusal, Tree, TreeBuilder};
use super::worktree::{self, Unread};
use super::{
    AbraSh, Candidate, EnvFile, Error, Irregularity, Origin, Problem, Readme, Recipe, ReleaseNotes, release, secret,
};

impl Recipe {
    /// Reads the recipe whose work tree is `path`, as it lies there now, with what is not committed and without what git ignores. A
    /// directory without git is fine; then there is no commit, and nothing is dirty.
    ///
    /// # Errors
    /// [`Error`] when there is no such directory, when it is not a recipe, or when its git repository is damaged.
    pub fn from_work_tree(path: &Path) -> Result<Recipe, Error> {
        Recipe::from_work_tree_within(path, Limits::default())
    }

    /// The same with limits of the caller's choice.
    ///
    /// # Errors
    /// As [`from_work_tree`](Recipe::from_work_tree).
    pub fn from_work_tree_within(path: &Path, limits: Limits) -> Result<Recipe, Error> {
        let path = directory(path)?;
        let repository = Repository::open(&path)?;
        let mut irregularities = Vec::new();
        let mut builder = TreeBuilder::new(limits);
        let tracked = repository.as_ref().map(|repo| repo.tracked(&mut irregularities)).unwrap_or_default();
        let exclude = repository.as_ref().map(Repository::exclude_file);
        let unread = worktree::read(&path, &tracked, exclude.as_deref(), &mut builder, &mut irregularities)?;
        let tree = builder.finish();
        let commit = repository.as_ref().map(Repository::head).transpose()?.flatten();
        let changed = match (&repository, &commit) {
            (None, _) => Vec::new(),
            (Some(_), None) => tree.iter().map(|(path, _)| path.to_owned()).collect(),
            (Some(repository), Some(commit)) => {
                let listing = repository.listing(commit, &limits)?;
                changes(&path, &tree, &unread, &listing, &mut irregularities)
            }
        };
        let dirty = !changed.is_empty() || (repository.is_some() && commit.is_none());
        let origin = Origin::WorkTree { path: path.clone() };
        let candidate = Candidate { commit, version: None, dirty, changed, origin };
        assemble(path, None, tree, candidate, repository.as_ref(), irregularities)
    }

    /// Reads the recipe at any revision (tag, branch, hash, `HEAD~2`) of the git repository `path`, bare or not, without a
    /// checkout. What lies in its work tree does not matter.
    ///
    /// # Errors
    /// [`Error`] when `path` is no git repository, has no such revision, is damaged, or does not hold a recipe there.
    pub fn at(path: &Path, revision: &str) -> Result<Recipe, Error> {
        Recipe::at_within(path, revision, Limits::default())
    }

    /// The files of a release (or of any revision) and what is parsed from them, without looking at the repository's other tags: its
    /// releases and irregularities are left empty. Files that are the same in `known`, another tree of that recipe, are not read again.
    ///
    /// # Errors
    /// As [`at`](Recipe::at).
    pub fn release(path: &Path, revision: &str, known: &Tree) -> Result<Recipe, Error> {
        let path = directory(path)?;
        let Some(repository) = Repository::open(&path)? else {
            return Err(Error::NotARepository { path, revision: revision.to_owned() });
        };
        repository.remember(known);
        let commit = repository.resolve(revision)?;
        let mut builder = TreeBuilder::new(Limits::default());
        repository.read_tree(&commit, &mut builder, &mut Vec::new())?;
        let tree = builder.finish();
        check(&path, Some(revision), &tree, &mut Vec::new())?;
        let origin = Origin::Revision { path: path.clone(), revision: revision.to_owned() };
        let version = super::Version::parse(revision).ok();
        let candidate = Candidate { commit: Some(commit), version, dirty: false, changed: Vec::new(), origin };
        let mut recipe = Recipe::of_tree("", tree, candidate);
        recipe.name = name(&path, Some(&repository), recipe.env_sample.as_ref(), &mut Vec::new());
        Ok(recipe)
    }

    /// The same with limits of the caller's choice.
    ///
    /// # Errors
    /// As [`at`](Recipe::at).
    pub fn at_within(path: &Path, revision: &str, limits: Limits) -> Result<Recipe, Error> {
        let path = directory(path)?;
        let Some(repository) = Repository::open(&path)? else {
            return Err(Error::NotARepository { path, revision: revision.to_owned() });
        };
        let commit = repository.resolve(revision)?;
        let mut irregularities = Vec::new();
        let mut builder = TreeBuilder::new(limits);
        repository.read_tree(&commit, &mut builder, &mut irregularities)?;
        let origin = Origin::Revision { path: path.clone(), revision: revision.to_owned() };
        let candidate = Candidate { commit: Some(commit), version: None, dirty: false, changed: Vec::new(), origin };
        assemble(path, Some(revision), builder.finish(), candidate, Some(&repository), irregularities)
    }
}

impl Recipe {
    /// The same recipe with other contents of some files, as if they had been changed in the tree: what is parsed from them is parsed
    /// anew, and everything about the revision stays as it is.
    ///
    /// # Errors
    /// [`Refusal`] for a file that may not be in a recipe.
    pub fn with_files(&self, changed: &BTreeMap<String, Vec<u8>>) -> Result<Recipe, Refusal> {
        let mut builder = TreeBuilder::new(Limits::default());
        for (path, file) in self.tree.iter() {
            let bytes = changed.get(path).map_or(&*file.bytes, Vec::as_slice);
            builder.insert(path, bytes, file.mode)?;
        }
        for (path, bytes) in changed.iter().filter(|(path, _)| self.tree.entry(path).is_none()) {
            builder.insert(path, bytes, Mode::Regular)?;
        }
        for (path, why) in self.tree.omitted() {
            builder.omit(path, why);
        }
        let tree = builder.finish();
        // What is irregular was told when the recipe was read.
        let Parsed { env_sample, abra_sh, readme, release_notes } = Parsed::read(&tree, &mut Vec::new());
        Ok(Recipe { tree, env_sample, abra_sh, readme, release_notes, ..self.clone() })
    }
}

impl Recipe {
    /// A recipe of these files, without releases; what is irregular about it is told when it is read by its path.
    pub(super) fn of_tree(name: &str, tree: Tree, candidate: Candidate) -> Recipe {
        let Parsed { env_sample, abra_sh, readme, release_notes } = Parsed::read(&tree, &mut Vec::new());
        Recipe {
            name: name.to_owned(),
            tree,
            candidate,
            env_sample,
            abra_sh,
            readme,
            releases: Vec::new(),
            other_tags: Vec::new(),
            release_notes,
            irregularities: Vec::new(),
        }
    }
}

/// What is parsed from the files of a tree.
struct Parsed {
    env_sample: Option<EnvFile>,
    abra_sh: Option<AbraSh>,
    readme: Option<Readme>,
    release_notes: ReleaseNotes,
}

impl Parsed {
    fn read(tree: &Tree, irregular: &mut Vec<Irregularity>) -> Parsed {
        let env_sample = parsed(tree, ".env.sample", irregular, |text| {
            let file = EnvFile::parse(text);
            let mut problems = file.problems.clone();
            problems.extend(secret::specs(&file, &file.effective(&Default::default())).1);
            problems.sort_by_key(|problem| (problem.line, problem.span.start));
            (file, problems)
        });
        let abra_sh = parsed(tree, "abra.sh", irregular, |text| {
            let file = AbraSh::parse(text);
            let problems = file.problems.clone();
            (file, problems)
        });
        let readme = parsed(tree, "README.md", irregular, |text| {
            let file = Readme::parse(text);
            let problems = file.problems.clone();
            (file, problems)
        });
        let release_notes = ReleaseNotes::read(tree, irregular);
        Parsed { env_sample, abra_sh, readme, release_notes }
    }
}

fn directory(path: &Path) -> Result<PathBuf, Error> {
    let absolute = path.canonicalize().map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => Error::NoSuchPath { path: path.to_owned() },
        std::io::ErrorKind::NotADirectory => Error::NotADirectory { path: path.to_owned() },
        _ => Error::Unreadable { path: path.to_owned(), source },
    })?;
    if absolute.is_dir() { Ok(absolute) } else { Err(Error::NotADirectory { path: path.to_owned() }) }
}

/// The paths in which a work tree differs from the commit. Bytes are compared as they are: that is what a run deploys, also
/// where git's own conversion of line endings would call two files the same.
fn changes(
    root: &Path,
    tree: &Tree,
    unread: &Unread,
    listing: &Listing,
    irregularities: &mut Vec<Irregularity>,
) -> Vec<String> {
    let mut changed: Vec<String> = Vec::new();
    changed.extend(
        tree.iter().filter(|(path, file)| !listing.same(path, file.mode, &file.bytes)).map(|(path, _)| path.to_owned()),
    );
    changed.extend(unread.files.iter().filter(|path| !listing.same_as_file(path, &root.join(path))).cloned());
    changed.extend(unread.repositories.iter().filter(|path| !listing.has_submodule(path)).cloned());
    let gone = |path: &&str| tree.entry(path).is_none() && !unread.files.iter().any(|unread| unread == path);
    changed.extend(listing.paths().filter(gone).map(ToOwned::to_owned));
    if listing.cut_short {
        irregularities.push(Irregularity::new(
            "",
            None,
            "the commit is too large to be compared with the work tree, so it counts as changed",
        ));
        changed.push(".".to_owned());
    }
    changed.sort();
    changed.dedup();
    changed
}

fn assemble(
    path: PathBuf,
    revision: Option<&str>,
    tree: Tree,
    mut candidate: Candidate,
    repository: Option<&Repository>,
    mut irregularities: Vec<Irregularity>,
) -> Result<Recipe, Error> {
    check(&path, revision, &tree, &mut irregularities)?;
    let irregular = &mut irregularities;
    let (mut releases, mut other_tags) = (Vec::new(), Vec::new());
    if let Some(repository) = repository {
        (releases, other_tags) = release::releases(repository.tags(irregular)?, irregular);
        if repository.is_shallow() {
            let what = "the repository is a shallow clone, so releases may be missing; `git fetch --unshallow --tags` completes it";
            irregular.push(Irregularity::new("", None, what));
        }
    }
    candidate.version = candidate.commit.as_ref().and_then(|commit| {
        releases.iter().rev().find(|release| release.commit == *commit).map(|release| release.version.clone())
    });
    let Parsed { env_sample, abra_sh, readme, release_notes } = Parsed::read(&tree, irregular);
    let name = name(&path, repository, env_sample.as_ref(), irregular);
    irregularities.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    Ok(Recipe {
        name,
        tree,
        candidate,
        env_sample,
        abra_sh,
        readme,
        releases,
        other_tags,
        release_notes,
        irregularities,
    })
}

/// Whether a file's name makes it a compose file of a recipe's root.
pub(crate) fn is_compose_file(name: &str) -> bool {
    name == "compose.yml"
        || name == "compose.yaml"
        || (name.starts_with("compose.") && (name.ends_with(".yml") || name.ends_with(".yaml")))
}

/// What makes a recipe is in recipe-format.md §4: a root compose file, and an `.env.sample` or an `abra.sh`. Real recipes have the
/// sample in a sub-folder only, or no plain `compose.yml`; they pass, and are told.
pub(super) fn check(
    path: &Path,
    revision: Option<&str>,
    tree: &Tree,
    irregularities: &mut Vec<Irregularity>,
) -> Result<(), Error> {
    let paths = || tree.iter().map(|(path, _)| path).chain(tree.omitted().map(|(path, _)| path));
    let has = |wanted: &str| paths().any(|path| path == wanted);
    let missing = |missing: &str| Error::NotARecipe {
        path: path.to_owned(),
        revision: revision.map(ToOwned::to_owned),
        missing: missing.to_owned(),
    };
    if !paths().any(is_compose_file) {
        return Err(missing("compose.yml"));
    }
    let nested = paths().find(|path| path.ends_with("/.env.sample")).map(ToOwned::to_owned);
    if !has(".env.sample") && !has("abra.sh") && nested.is_none() {
        return Err(missing("`.env.sample` and no `abra.sh`"));
    }
    let mut report = |path: &str, what: &str| irregularities.push(Irregularity::new(path, None, what));
    if !has("compose.yml") {
        report("", "there is no compose.yml in the root, only overlays or a file of another name");
    }
    match nested {
        _ if has(".env.sample") => {}
        Some(nested) => report(
            &nested,
            "`.env.sample` lies in a sub-folder only; abra looks for it in the root, so it was not used",
        ),
        None => report("", "there is no .env.sample"),
    }
    if !has("abra.sh") {
        report("", "there is no abra.sh");
    }
    if !has("README.md") {
        report("", "there is no README.md, so the recipe has no metadata");
    }
    Ok(())
}

/// Reads and parses one file of the root. `None` when it is not there, or cannot be read; the latter is reported.
fn parsed<T>(
    tree: &Tree,
    path: &str,
    irregularities: &mut Vec<Irregularity>,
    parse: impl Fn(&str) -> (T, Vec<Problem>),
) -> Option<T> {
    let there = tree.entry(path).is_some();
    let file = match tree.find(path) {
        Ok((_, file)) => file,
        Err(error) => {
            if there {
                irregularities.push(Irregularity::new(path, None, format!("it cannot be read: {error}")));
            }
            return None;
        }
    };
    if file.text().is_none() {
        irregularities.push(Irregularity::new(path, None, "it is not UTF-8; unreadable characters were replaced"));
    }
    let (value, problems) = parse(&String::from_utf8_lossy(&file.bytes));
    irregularities
        .extend(problems.into_iter().map(|problem| Irregularity::new(path, Some(problem.line), problem.what)));
    Some(value)
}

/// The recipe's name, see [`Recipe::name`].
pub(super) fn name(
    path: &Path,
    repository: Option<&Repository>,
    env: Option<&EnvFile>,
    irregularities: &mut Vec<Irregularity>,
) -> String {
    let directory = match path.file_name() {
        Some(git) if git == ".git" => path.parent().and_then(Path::file_name),
        name => name,
    };
    let directory = directory.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let directory = directory.strip_suffix(".git").unwrap_or(&directory);
    let said = env.and_then(|env| env.entry("TYPE").or_else(|| env.entry("RECIPE")));
    let Some(said) = said else { return directory.to_owned() };
    let told = said.value.split(':').next().unwrap_or_default().trim();
    if told.is_empty() || told == directory {
        return directory.to_owned();
    }
    let url = repository.and_then(Repository::origin_url).unwrap_or_default();
    let remote = url.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or_default();
    if remote.strip_suffix(".git").unwrap_or(remote) == told {
        return told.to_owned();
    }
    let what = format!(
        "`{}={told}` names another recipe than the repository, `{directory}`; abra goes by the repository's name",
        said.name
    );
    irregularities.push(Irregularity::new(".env.sample", Some(said.line), what));
    directory.to_owned()
}
