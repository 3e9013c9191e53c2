//! Recipes read from a work tree.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use taster::recipe::{Error, Limits, LookupError, Mode, Origin, Recipe};

use crate::repository::{REGULAR, Repository};

fn read(path: &Path) -> Recipe {
    Recipe::from_work_tree(path).unwrap_or_else(|error| panic!("{error}"))
}

/// The irregularities as text, without those that come with a recipe that is only a compose file and a sample.
fn told(recipe: &Recipe) -> Vec<String> {
    recipe.irregularities.iter().map(ToString::to_string).collect()
}

#[test]
fn a_regular_recipe_has_nothing_irregular() {
    let mut repository = Repository::regular();
    let recipe = read(repository.path());
    assert_eq!(told(&recipe), [""; 0]);
    assert_eq!(recipe.name, "demo");
    assert_eq!(recipe.candidate.commit, Some(repository.git(&["rev-parse", "HEAD"])));
    assert!(!recipe.candidate.dirty);
    assert_eq!(recipe.candidate.changed, [""; 0]);
    assert!(matches!(&recipe.candidate.origin, Origin::WorkTree { path } if path.ends_with("demo")));
    assert_eq!(recipe.env_sample.unwrap().compose_files(), ["compose.yml"]);
    assert_eq!(recipe.abra_sh.unwrap().exported(), [("NGINX_CONF_VERSION", "v1")]);
    let readme = recipe.readme.unwrap();
    assert_eq!((readme.name.as_deref(), readme.description.as_deref()), (Some("Demo"), Some("A small recipe.")));
    let paths: Vec<&str> = recipe.tree.iter().map(|(path, _)| path).collect();
    assert_eq!(paths, [".env.sample", "README.md", "abra.sh", "compose.yml"]);
}

#[test]
fn every_kind_of_change_makes_it_dirty_and_is_named() {
    type Change = fn(&mut Repository);
    let changes: [(&str, Change); 8] = [
        ("compose.yml", |r| r.write("compose.yml", "services: {}\n")),
        ("abra.sh", |r| r.remove("abra.sh")),
        ("new/file", |r| r.write("new/file", "x")),
        ("staged", |r| {
            r.write("staged", "x");
            r.git(&["add", "staged"]);
        }),
        ("abra.sh", |r| fs::set_permissions(r.path().join("abra.sh"), fs::Permissions::from_mode(0o755)).unwrap()),
        ("abra.sh", |r| {
            r.remove("abra.sh");
            r.link("abra.sh", "compose.yml");
        }),
        // The same bytes after a conversion by git are other bytes for whoever deploys them.
        ("compose.yml", |r| r.write("compose.yml", REGULAR[0].1.replace('\n', "\r\n"))),
        ("clone", |r| {
            r.git(&["init", "--quiet", "clone"]);
            r.write("clone/file", "x");
        }),
    ];
    for (path, change) in changes {
        let mut repository = Repository::regular();
        change(&mut repository);
        let recipe = read(repository.path());
        assert!(recipe.candidate.dirty, "{path}");
        assert_eq!(recipe.candidate.changed, [path]);
    }
}

#[test]
fn what_git_ignores_is_not_part_of_it_and_not_dirty() {
    let mut repository = Repository::regular();
    repository.write(".gitignore", "*.log\n/build/\n!keep.log\nsub/*.tmp\n");
    repository.write("forced.log", "tracked all the same");
    repository.write("build/forced", "tracked in an ignored directory");
    repository.git(&["add", "--force", "forced.log", "build/forced"]);
    repository.write("deep/.gitignore", "*\n!.gitignore\n!kept\n");
    repository.write("deep/kept", "x");
    repository.commit("ignore");
    repository.write(".git/info/exclude", "*.secret\n");
    for ignored in ["a.log", "deep/a.log", "build/out", "sub/x.tmp", "deep/other", "x.secret"] {
        repository.write(ignored, "x");
    }
    let recipe = read(repository.path());
    assert_eq!(recipe.candidate.changed, [""; 0]);
    let paths: Vec<&str> =
        recipe.tree.iter().map(|(path, _)| path).filter(|path| !REGULAR.iter().any(|(r, _)| r == path)).collect();
    assert_eq!(paths, [".gitignore", "build/forced", "deep/.gitignore", "deep/kept", "forced.log"]);

    repository.write("keep.log", "x");
    repository.write("other/sub/x.tmp", "x");
    assert_eq!(read(repository.path()).candidate.changed, ["keep.log", "other/sub/x.tmp"]);
    assert_eq!(repository.git(&["status", "--porcelain", "--untracked-files=all"]), "?? keep.log\n?? other/sub/x.tmp");
}

#[test]
fn lesson_31_the_tree_does_not_change_after_the_work_tree_changes() {
    let mut repository = Repository::regular();
    let recipe = read(repository.path());
    let before: Vec<_> = recipe.tree.iter().map(|(path, file)| (path.to_owned(), file.clone())).collect();
    repository.write("compose.yml", "other\n");
    repository.remove("abra.sh");
    repository.commit("later");
    fs::remove_dir_all(repository.path()).unwrap();
    let after: Vec<_> = recipe.tree.iter().map(|(path, file)| (path.to_owned(), file.clone())).collect();
    assert_eq!(before, after);
    assert_eq!(recipe.tree.get("compose.yml").unwrap().text(), Some(REGULAR[0].1));
}

#[test]
fn a_directory_without_git_is_fine() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("nextcloud");
    fs::create_dir(&path).unwrap();
    for (file, text) in REGULAR {
        fs::write(path.join(file), text.replace("TYPE=demo", "TYPE=nextcloud:1.0.0+1")).unwrap();
    }
    let recipe = read(&path);
    assert_eq!((recipe.name.as_str(), recipe.candidate.commit, recipe.candidate.dirty), ("nextcloud", None, false));
    assert_eq!(recipe.releases.len(), 0);
}

#[test]
fn a_directory_inside_another_repository_is_not_that_repository() {
    let repository = Repository::regular();
    for (file, text) in REGULAR {
        repository.write(&format!("fixtures/inner/{file}"), text);
    }
    let recipe = read(&repository.path().join("fixtures/inner"));
    assert_eq!((recipe.name.as_str(), recipe.candidate.commit), ("inner", None));
}

#[test]
fn before_the_first_commit_it_is_dirty_and_has_no_commit() {
    let repository = Repository::empty();
    for (file, text) in REGULAR {
        repository.write(file, text);
    }
    let recipe = read(repository.path());
    assert_eq!((recipe.candidate.commit, recipe.candidate.dirty), (None, true));
    assert_eq!(recipe.candidate.changed.len(), REGULAR.len());
}

#[test]
fn links_stay_inside_and_special_files_are_named() {
    let mut repository = Repository::regular();
    repository.write("conf/app.conf", "x");
    repository.link("inside", "conf/app.conf");
    repository.link("outside", "/etc/passwd");
    repository.link("up", "../../etc");
    repository.commit("links");
    nix::unistd::mkfifo(&repository.path().join("pipe"), nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
    let recipe = read(repository.path());
    assert_eq!(told(&recipe), ["pipe: it is a named pipe, which no recipe can hold"]);
    assert!(!recipe.candidate.dirty, "git does not see a pipe either");
    assert_eq!(recipe.tree.get("inside").unwrap().text(), Some("x"));
    assert_eq!(recipe.tree.entry("outside").unwrap().mode, Mode::Symlink);
    for path in ["outside", "up/passwd"] {
        assert!(matches!(recipe.tree.find(path), Err(LookupError::Leaves { .. })), "{path}");
    }
    assert!(recipe.tree.find("pipe").unwrap_err().to_string().contains("a named pipe"));
    let evidence = repository.beside("evidence");
    assert_eq!(recipe.tree.write_to(&evidence).unwrap(), ["outside", "up"]);
    assert_eq!(fs::read_to_string(evidence.join("inside")).unwrap(), "x");
}

#[test]
fn an_ignore_file_that_leads_elsewhere_is_not_followed() {
    let repository = Repository::regular();
    repository.link(".gitignore", "/dev/zero");
    let recipe = read(repository.path());
    assert!(
        told(&recipe).iter().any(|told| told.starts_with(".gitignore: it is not a plain file")),
        "{:?}",
        told(&recipe)
    );
}

#[test]
fn what_is_too_large_is_named_and_not_read() {
    let mut repository = Repository::regular();
    repository.write("video.mp4", vec![0; 5000]);
    repository.commit("a video");
    let limits = Limits { file_bytes: 4000, total_bytes: 20_000, files: 100, depth: 5 };
    let recipe = Recipe::from_work_tree_within(repository.path(), limits).unwrap();
    assert_eq!(told(&recipe), ["video.mp4: `video.mp4` has 5000 bytes; files over 4000 bytes are not read"]);
    assert!(matches!(recipe.tree.find("video.mp4"), Err(LookupError::Omitted { .. })));
    assert!(!recipe.candidate.dirty, "it was compared with the commit all the same");
    repository.write("video.mp4", vec![1; 5000]);
    assert_eq!(Recipe::from_work_tree_within(repository.path(), limits).unwrap().candidate.changed, ["video.mp4"]);
    repository.git(&["checkout", "--quiet", "video.mp4"]);

    for number in 0..300 {
        repository.write(&format!("many/{number}"), "");
    }
    repository.write("a/b/c/d/e/f", "");
    let recipe = Recipe::from_work_tree_within(repository.path(), limits).unwrap();
    assert_eq!(recipe.tree.len(), 100);
    assert!(recipe.tree.get("compose.yml").is_some(), "the root comes first");
    let told = told(&recipe);
    assert!(told.iter().any(|told| told.contains("a recipe may have 100 files")), "{told:?}");
    assert!(told.iter().any(|told| told.contains("more than 100 files; the rest was not read")), "{told:?}");
}

#[test]
fn a_submodule_is_named_and_not_dirty() {
    let inner = Repository::regular();
    let mut repository = Repository::regular();
    repository.git(&["submodule", "--quiet", "add", inner.path().to_str().unwrap(), "vendor/inner"]);
    repository.commit("a submodule");
    let recipe = read(repository.path());
    assert!(told(&recipe)[0].starts_with("vendor/inner: it is a git repository of its own"), "{:?}", told(&recipe));
    assert_eq!(recipe.candidate.changed, [""; 0]);
    assert!(matches!(recipe.tree.find("vendor/inner/compose.yml"), Err(LookupError::Omitted { .. })));
}

#[test]
fn a_linked_work_tree_is_read_like_any_other() {
    let mut repository = Repository::regular();
    let linked = repository.beside("linked");
    repository.git(&["worktree", "add", "--quiet", "-b", "topic", linked.to_str().unwrap()]);
    repository.tag("1.0.0+1");
    let recipe = read(&linked);
    assert_eq!(recipe.candidate.commit, Some(repository.git(&["rev-parse", "topic"])));
    assert_eq!((recipe.candidate.dirty, recipe.releases.len()), (false, 1));
}

#[test]
fn the_name_is_the_directorys_unless_origin_and_type_agree_on_another() {
    let mut repository = Repository::regular();
    let checkout = repository.beside("src");
    repository.git(&["worktree", "add", "--quiet", "-b", "topic", checkout.to_str().unwrap()]);
    let recipe = read(&checkout);
    assert_eq!(recipe.name, "src");
    assert_eq!(
        told(&recipe),
        [
            ".env.sample:1: `TYPE=demo` names another recipe than the repository, `src`; abra goes by the repository's name"
        ]
    );
    repository.git(&["remote", "add", "origin", "https://git.example.com/coop-cloud/demo.git"]);
    assert_eq!(read(&checkout).name, "demo");
    repository.git(&["remote", "set-url", "origin", "git@git.example.com:demo"]);
    assert_eq!(read(&checkout).name, "demo");
    repository.git(&["remote", "set-url", "origin", "https://git.example.com/coop-cloud/other"]);
    assert_eq!(read(&checkout).name, "src");
}

#[test]
fn says_what_is_wrong_with_the_path() {
    let repository = Repository::regular();
    let error = |path: &Path| Recipe::from_work_tree(path).unwrap_err();
    let missing = repository.beside("missing");
    assert_eq!(
        error(&missing).to_string(),
        format!("cannot read a recipe from {}: there is no such path", missing.display())
    );
    let file = repository.path().join("compose.yml");
    assert!(matches!(error(&file), Error::NotADirectory { .. }));
    assert!(matches!(error(&file.join("x")), Error::NotADirectory { .. }));
    repository.remove("compose.yml");
    let text = error(repository.path()).to_string();
    assert!(text.ends_with("is not a recipe: it has no compose.yml; a recipe has a compose file (compose.yml) in its root, and beside it an .env.sample or an abra.sh"), "{text}");
    repository.write("compose.yml", "");
    repository.remove("abra.sh");
    repository.remove(".env.sample");
    let text = error(repository.path()).to_string();
    assert!(text.contains("it has no `.env.sample` and no `abra.sh`"), "{text}");
}
