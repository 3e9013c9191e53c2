//! Recipes read at a revision, without a checkout.

use std::fs;
use std::path::Path;

use taster::recipe::{Error, Limits, Mode, Origin, Recipe};

use crate::repository::{REGULAR, Repository};

fn at(path: &Path, revision: &str) -> Recipe {
    Recipe::at(path, revision).unwrap_or_else(|error| panic!("{error}"))
}

fn error(path: &Path, revision: &str) -> Error {
    Recipe::at(path, revision).map(|recipe| recipe.name).unwrap_err()
}

/// A repository with two releases, a change after them, and a change that is not committed.
fn released() -> Repository {
    let mut repository = Repository::regular();
    repository.tag("1.0.0+1.27.1");
    repository.write("compose.yml", "second\n");
    repository.write_executable("run.sh", "#!/bin/sh\n");
    repository.commit("second");
    repository.tag("1.1.0+1.27.2");
    repository.write("compose.yml", "third\n");
    repository.commit("third");
    repository.write("compose.yml", "not committed\n");
    repository
}

fn compose(recipe: &Recipe) -> &str {
    recipe.tree.get("compose.yml").unwrap().text().unwrap()
}

#[test]
fn lesson_02_reads_what_was_asked_for_and_records_its_commit() {
    let mut repository = released();
    for (revision, expected, version) in [
        ("1.0.0+1.27.1", REGULAR[0].1, Some("1.0.0+1.27.1")),
        ("refs/tags/1.0.0+1.27.1", REGULAR[0].1, Some("1.0.0+1.27.1")),
        ("1.1.0+1.27.2", "second\n", Some("1.1.0+1.27.2")),
        ("main", "third\n", None),
        ("HEAD", "third\n", None),
        ("HEAD~1", "second\n", Some("1.1.0+1.27.2")),
    ] {
        let recipe = at(repository.path(), revision);
        assert_eq!(compose(&recipe), expected, "{revision}");
        let commit = repository.git(&["rev-parse", &format!("{revision}^{{commit}}")]);
        assert_eq!(recipe.candidate.commit, Some(commit.clone()), "{revision}");
        assert_eq!(recipe.candidate.version.as_ref().map(ToString::to_string).as_deref(), version, "{revision}");
        assert!(!recipe.candidate.dirty);
        assert!(matches!(&recipe.candidate.origin, Origin::Revision { revision: asked, .. } if asked == revision));
        for hash in [&commit[..], &commit[..10]] {
            assert_eq!(at(repository.path(), hash).candidate.commit, Some(commit.clone()));
        }
    }
    assert_eq!(at(repository.path(), "HEAD").tree.entry("run.sh").unwrap().mode, Mode::Executable);
    let recipe = Recipe::from_work_tree(repository.path()).unwrap();
    assert_eq!((compose(&recipe), recipe.candidate.dirty), ("not committed\n", true));
}

#[test]
fn a_tag_wins_over_everything_else_of_its_name() {
    let mut repository = released();
    repository.git(&["branch", "1.0.0+1.27.1", "main"]);
    // Looks like what `git describe` prints for the last commit.
    let described = format!("1.0.0+1.27.1-2-g{}", &repository.git(&["rev-parse", "main"])[..7]);
    repository.git(&["tag", &described, "1.0.0+1.27.1"]);
    for tag in ["1.0.0+1.27.1", &described] {
        assert_eq!(compose(&at(repository.path(), tag)), REGULAR[0].1, "{tag}");
    }
}

#[test]
fn a_bare_repository_has_revisions_and_no_work_tree() {
    let mut repository = released();
    let bare = repository.beside("demo.git");
    repository.git(&["clone", "--quiet", "--bare", ".", bare.to_str().unwrap()]);
    let recipe = at(&bare, "1.1.0+1.27.2");
    assert_eq!((recipe.name.as_str(), compose(&recipe), recipe.releases.len()), ("demo", "second\n", 2));
    assert!(matches!(Recipe::from_work_tree(&bare), Err(Error::NotARecipe { .. })));
}

#[test]
fn a_packed_repository_reads_the_same() {
    let mut repository = released();
    let loose = at(repository.path(), "1.1.0+1.27.2");
    repository.git(&["gc", "--quiet", "--aggressive", "--prune=now"]);
    repository.git(&["pack-refs", "--all"]);
    let packed = at(repository.path(), "1.1.0+1.27.2");
    assert_eq!(loose.tree, packed.tree);
    assert_eq!(loose.releases, packed.releases);
}

#[test]
fn a_shallow_clone_is_told() {
    let mut repository = released();
    let shallow = repository.beside("shallow");
    let url = format!("file://{}", repository.path().display());
    repository.git(&["clone", "--quiet", "--depth=1", &url, shallow.to_str().unwrap()]);
    let recipe = at(&shallow, "HEAD");
    assert_eq!(compose(&recipe), "third\n");
    assert!(recipe.irregularities.iter().any(|i| i.what.contains("shallow clone")), "{:?}", recipe.irregularities);
    let text = error(&shallow, "1.0.0+1.27.1").to_string();
    assert!(text.contains("a shallow clone (`git fetch --unshallow --tags` completes it)"), "{text}");
    assert!(Recipe::from_work_tree(&shallow).unwrap().irregularities.iter().any(|i| i.what.contains("shallow clone")));
}

#[test]
fn a_repository_without_commits_has_no_revision() {
    let repository = Repository::empty();
    let text = error(repository.path(), "HEAD").to_string();
    assert!(text.ends_with("has no revision HEAD: nothing has been committed to it yet"), "{text}");
}

#[test]
fn says_what_is_wrong_with_a_revision() {
    let mut repository = released();
    let blob = repository.git(&["rev-parse", "HEAD:compose.yml"]);
    let cases = [
        ("v1.1.0+1.27.2", "did you mean 1.1.0+1.27.2"),
        ("1.1.0", "did you mean 1.1.0+1.27.2"),
        ("mian", "did you mean main?"),
        ("HEAD~9", "has no revision HEAD~9: git finds nothing of that name"),
        ("", "git finds nothing of that name"),
        ("..", "git finds nothing of that name"),
        ("0123456789012345678901234567890123456789", "git finds nothing of that name"),
        (&blob, "the name leads to a blob, and a commit is needed"),
    ];
    for (revision, part) in cases {
        let error = error(repository.path(), revision);
        assert!(matches!(error, Error::NoSuchRevision { .. }), "{revision}: {error}");
        assert!(error.to_string().contains(part), "{revision}: {error}");
        assert!(!error.to_string().contains("parse"), "the library's own words say nothing more: {error}");
    }
    let dir = tempfile::tempdir().unwrap();
    let text = error(dir.path(), "HEAD").to_string();
    assert!(text.ends_with("it is not a git repository; only a git repository has revisions"), "{text}");
    repository.git(&["rm", "--quiet", "--force", "compose.yml"]);
    repository.commit("no compose file");
    let text = error(repository.path(), "HEAD").to_string();
    assert!(text.contains("it has no compose.yml") && text.ends_with("(looked at revision HEAD)"), "{text}");
}

#[test]
fn tags_become_releases_in_their_order() {
    let mut repository = Repository::regular();
    // Equal numbers: the tag's date decides, though 1.10 is the greater upstream version.
    for tag in ["1.10.0+1", "1.0.0+1.10", "1.0.0+1.9", "1.2.0+1"] {
        repository.tag(tag);
    }
    repository.git(&["tag", "0.1.0+1"]);
    repository.git(&["tag", "--annotate", "0.2.0+1", "1.2.0+1", "--message", "a tag on a tag"]);
    repository.tag("v1.0.3");
    repository.tag("0.0.1");
    let tree = repository.git(&["rev-parse", "HEAD^{tree}"]);
    repository.git(&["tag", "--annotate", "3.0.0+1", &tree, "--message", "a tree"]);
    repository.git(&["symbolic-ref", "refs/tags/4.0.0+1", "refs/tags/1.2.0+1"]);
    repository.write(".git/refs/tags/5.0.0+1", "not a hash\n");
    repository.write(".git/refs/tags/6.0.0+1", "0123456789012345678901234567890123456789\n");
    let recipe = at(repository.path(), "main");
    let releases: Vec<_> = recipe.releases.iter().map(|r| (r.tag.as_str(), r.annotated)).collect();
    let expected = [
        ("0.1.0+1", false),
        ("0.2.0+1", true),
        ("1.0.0+1.10", true),
        ("1.0.0+1.9", true),
        ("1.2.0+1", true),
        ("1.10.0+1", true),
    ];
    assert_eq!(releases, expected);
    let newest = recipe.releases.last().unwrap();
    assert_eq!(newest.message, "chore: publish 1.10.0+1 release");
    assert_eq!(newest.commit, repository.git(&["rev-parse", "HEAD"]));
    let tagged = repository.git(&["for-each-ref", "--format=%(taggerdate:unix)", "refs/tags/1.10.0+1"]);
    assert_eq!(newest.tagged_at.unwrap().as_second().to_string(), tagged);
    let committed = repository.git(&["log", "-1", "--format=%ct"]);
    assert_eq!(recipe.releases[0].tagged_at.unwrap().as_second().to_string(), committed);

    let told = |name: &str| {
        let path = format!("refs/tags/{name}");
        recipe.irregularities.iter().filter(|i| i.path == path).map(|i| i.what.as_str()).collect::<Vec<_>>().join(" | ")
    };
    assert!(told("0.1.0+1").starts_with("the tag is lightweight"));
    assert!(told("v1.0.3").contains("it starts with `v`"));
    assert!(told("0.0.1").contains("no `+<upstream>` part"));
    assert!(told("3.0.0+1").contains("leads to a tree"));
    assert!(told("4.0.0+1").contains("a name for another name"));
    assert!(told("6.0.0+1").contains("cannot be read"));
    assert!(
        recipe.irregularities.iter().any(|i| i.path.starts_with("refs/tags") && i.what.contains("5.0.0+1")),
        "{:#?}",
        recipe.irregularities
    );
    assert_eq!(recipe.candidate.version.unwrap().to_string(), "1.10.0+1");
}

#[test]
fn a_damaged_repository_says_what_cannot_be_read() {
    type Damage = fn(&mut Repository) -> String;
    let damages: [(&str, Damage); 6] = [
        ("`compose.yml`, blob", |r| r.git(&["rev-parse", "HEAD:compose.yml"])),
        ("the directory ``, tree", |r| r.git(&["rev-parse", "HEAD^{tree}"])),
        ("the directory `conf`, tree", |r| r.git(&["rev-parse", "HEAD:conf"])),
        ("", |r| r.git(&["rev-parse", "HEAD"])),
        ("`conf/a`, blob", |r| r.git(&["rev-parse", "HEAD:conf/a"])),
        ("", |r| r.git(&["rev-parse", "1.0.0+1"])),
    ];
    for (what, which) in damages {
        for bytes in [&b"garbage"[..], b""] {
            let mut repository = Repository::regular();
            repository.write("conf/a", "a");
            repository.commit("a directory");
            repository.tag("1.0.0+1");
            let id = which(&mut repository);
            repository.damage(&id, bytes);
            let error = error(repository.path(), "1.0.0+1");
            assert!(matches!(error, Error::Corrupt { .. }), "{what}: {error:?}");
            assert!(error.to_string().contains(what), "{what}: {error}");
        }
    }
}

#[test]
fn an_object_with_another_objects_content_is_damage() {
    let mut repository = Repository::regular();
    repository.write("evil", "something else entirely\n");
    repository.commit("another blob");
    let evil = repository.git_id("HEAD:evil");
    let evil = fs::read(repository.object(&evil)).unwrap();
    let compose = repository.git_id("HEAD:compose.yml");
    repository.damage(&compose, &evil);
    let text = error(repository.path(), "HEAD").to_string();
    assert!(text.contains("`compose.yml`, blob") && text.contains("its content does not match its name"), "{text}");
}

#[test]
fn a_missing_object_and_a_broken_head_are_damage() {
    let mut repository = Repository::regular();
    let compose = repository.git_id("HEAD:compose.yml");
    fs::remove_file(repository.object(&compose)).unwrap();
    assert!(matches!(error(repository.path(), "HEAD"), Error::Corrupt { .. }));
    repository.write(".git/HEAD", "nonsense\n");
    for result in [Recipe::at(repository.path(), "HEAD"), Recipe::from_work_tree(repository.path())] {
        let error = result.map(|recipe| recipe.name).unwrap_err();
        assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
    }
    fs::remove_dir_all(repository.path().join(".git")).unwrap();
    repository.write(".git", "gitdir: /nowhere\n");
    assert!(matches!(error(repository.path(), "HEAD"), Error::Corrupt { .. }));
}

#[test]
fn a_submodule_at_a_revision_is_named() {
    let inner = Repository::regular();
    let mut repository = Repository::regular();
    repository.git(&["submodule", "--quiet", "add", inner.path().to_str().unwrap(), "inner"]);
    repository.commit("a submodule");
    let recipe = at(repository.path(), "HEAD");
    let told: Vec<_> = recipe.irregularities.iter().map(ToString::to_string).collect();
    assert!(told.len() == 1 && told[0].starts_with("inner: it is a git submodule (commit "), "{told:?}");
}

/// Trees that git itself would refuse to check out, made by hand.
#[test]
fn hand_made_trees_cannot_leave_or_write_through_a_link() {
    let mut repository = Repository::regular();
    let link = repository.git_with(&["hash-object", "-w", "--stdin"], "/tmp");
    let blob = repository.git_with(&["hash-object", "-w", "--stdin"], "services: {}\n");
    let inner = repository.hand_made_tree(&[("100644", "passwd", &blob)]);
    let entries = [
        ("100644", "..", blob.as_str()),
        ("40000", ".GIT", &inner),
        ("100644", ".env.sample", &blob),
        ("100644", "a/b", &blob),
        ("100644", "compose.yml", &blob),
        ("120000", "etc", &link),
        ("40000", "etc", &inner),
    ];
    let tree = repository.hand_made_tree(&entries);
    let commit = repository.git(&["commit-tree", &tree, "-m", "evil"]);
    let recipe = at(repository.path(), &commit);
    let paths: Vec<&str> = recipe.tree.iter().map(|(path, _)| path).collect();
    // A name with a slash in it is only a strange way to write a directory.
    assert_eq!(paths, [".env.sample", "a/b", "compose.yml", "etc"]);
    let told: Vec<_> = recipe.irregularities.iter().map(|i| i.path.as_str()).collect();
    for path in ["..", ".GIT/passwd", "etc/passwd"] {
        assert!(told.contains(&path), "{path}: {told:?}");
    }
    assert_eq!(recipe.tree.write_to(&repository.beside("evidence")).unwrap(), ["etc"]);
}

/// Ten directories of ten names each, ten deep, describe ten thousand million files with eleven objects.
#[test]
fn a_tree_bomb_is_cut_short_and_told() {
    let mut repository = Repository::regular();
    let blob = repository.git_with(&["hash-object", "-w", "--stdin"], "x");
    let names: Vec<String> = (0..10).map(|n| format!("f{n}")).collect();
    let mut tree =
        repository.hand_made_tree(&names.iter().map(|n| ("100644", n.as_str(), blob.as_str())).collect::<Vec<_>>());
    for _ in 0..9 {
        tree =
            repository.hand_made_tree(&names.iter().map(|n| ("40000", n.as_str(), tree.as_str())).collect::<Vec<_>>());
    }
    let root = repository.hand_made_tree(&[
        ("100644", ".env.sample", &blob),
        ("40000", "bomb", &tree),
        ("100644", "compose.yml", &blob),
    ]);
    let commit = repository.git(&["commit-tree", &root, "-m", "bomb"]);
    let recipe = at(repository.path(), &commit);
    assert!(recipe.tree.get("compose.yml").is_some());
    assert!(recipe.irregularities.iter().any(|i| i.what.contains("the rest was not read")));
}

#[test]
fn what_is_too_large_at_a_revision_is_named() {
    let mut repository = Repository::regular();
    repository.write("video.mp4", vec![0; 5000]);
    repository.commit("a video");
    let limits = Limits { file_bytes: 4000, ..Limits::default() };
    let recipe = Recipe::at_within(repository.path(), "HEAD", limits).unwrap();
    let text = recipe.tree.find("video.mp4").unwrap_err().to_string();
    assert!(text.contains("has 5000 bytes; files over 4000 bytes are not read"), "{text}");
}

impl Repository {
    fn git_id(&mut self, revision: &str) -> String {
        self.git(&["rev-parse", revision])
    }

    /// A tree object with exactly these entries, which git's own commands would refuse.
    fn hand_made_tree(&mut self, entries: &[(&str, &str, &str)]) -> String {
        let mut data = Vec::new();
        for (mode, name, id) in entries {
            data.extend_from_slice(format!("{mode} {name}\0").as_bytes());
            data.extend((0..id.len()).step_by(2).map(|at| u8::from_str_radix(&id[at..at + 2], 16).unwrap()));
        }
        let file = self.beside("tree-object");
        fs::write(&file, data).unwrap();
        self.git(&["hash-object", "-t", "tree", "-w", "--literally", file.to_str().unwrap()])
    }
}

fn earlier(path: &Path, revision: &str) -> Vec<String> {
    at(path, revision).earlier().unwrap().into_iter().map(|release| release.tag).collect()
}

#[test]
fn releases_that_came_after_an_old_commit_are_none_that_it_is_upgraded_from() {
    let mut repository = released();
    let (first, second, third) = ("1.0.0+1.27.1", "1.1.0+1.27.2", "2.0.0+1.28.0");
    let untagged = repository.git(&["rev-parse", "HEAD"]);
    repository.write("compose.yml", "fourth\n");
    repository.commit("fourth");
    repository.tag(third);
    repository.write("compose.yml", "fifth\n");
    repository.commit("fifth");
    assert_eq!(earlier(repository.path(), &untagged), [first, second], "the newest release came after it");
    assert_eq!(earlier(repository.path(), "HEAD"), [first, second, third]);
    // A release by its version, whatever the order of the tags.
    assert_eq!(earlier(repository.path(), second), [first]);
    // The same commit checked out, with changes and without.
    repository.git(&["checkout", "--quiet", &untagged]);
    let here = |path: &Path| Recipe::from_work_tree(path).unwrap().earlier().unwrap().len();
    assert_eq!(here(repository.path()), 2);
    repository.write("compose.yml", "changed\n");
    assert_eq!(here(repository.path()), 2);
    // A branch that left before the second release is upgraded from the first one.
    repository.git(&["checkout", "--quiet", "--force", "-b", "fix", first]);
    repository.write("compose.yml", "a fix\n");
    repository.commit("a fix");
    assert_eq!(earlier(repository.path(), "fix"), [first]);
    // Changes on the commit of a release are not that release any more.
    repository.git(&["checkout", "--quiet", second]);
    repository.write("compose.yml", "changed\n");
    assert_eq!(here(repository.path()), 2);
}

#[test]
fn releases_beside_the_branch_count_where_none_is_on_it_and_a_shallow_clone_keeps_all() {
    let mut repository = Repository::regular();
    // Each release is tagged on a commit that the branch never gets.
    repository.git(&["checkout", "--quiet", "-b", "release-1"]);
    repository.commit("release 1");
    repository.tag("1.0.0+1.27.1");
    repository.git(&["checkout", "--quiet", "main"]);
    let old = repository.commit("squashed");
    repository.git(&["checkout", "--quiet", "-b", "release-2"]);
    repository.commit("release 2");
    repository.tag("1.1.0+1.27.2");
    repository.git(&["checkout", "--quiet", "main"]);
    repository.commit("squashed again");
    assert_eq!(earlier(repository.path(), "main"), ["1.0.0+1.27.1", "1.1.0+1.27.2"]);
    assert_eq!(earlier(repository.path(), &old), ["1.0.0+1.27.1"], "the second one came from it");
    let shallow = repository.beside("shallow-tags");
    let url = format!("file://{}", repository.path().display());
    repository.git(&["clone", "--quiet", "--depth=1", &url, shallow.to_str().unwrap()]);
    std::process::Command::new("git")
        .current_dir(&shallow)
        .args(["fetch", "--quiet", "--depth=1", "origin", "refs/tags/*:refs/tags/*"])
        .status()
        .unwrap();
    assert_eq!(earlier(&shallow, "HEAD").len(), 2);
}
