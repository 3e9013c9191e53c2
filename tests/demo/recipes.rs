//! The built-in recipes as real git, and the reference loader of compose files, see them.

use std::path::Path;
use std::process::Command;

use taster::demo::recipes::{all, write_all};
use taster::demo::{WriteError, image};
use tempfile::tempdir;

#[track_caller]
fn git(repository: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(repository)
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1");
    let output = command.output().expect("git is needed by this test");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn git_finds_whole_repositories_with_annotated_tags() {
    let folder = tempdir().unwrap();
    let written = write_all(folder.path()).unwrap();
    assert_eq!(written.len(), all().len());
    for (recipe, path) in &written {
        git(path, &["fsck", "--full", "--strict", "--no-dangling"]);
        assert_eq!(git(path, &["symbolic-ref", "HEAD"]), "refs/heads/main");
        assert_eq!(git(path, &["status", "--porcelain"]), "", "{}: the working tree is the head's", recipe.name);
        assert_eq!(git(path, &["tag", "--sort=creatordate"]), "1.0.0+1.0\n1.1.0+1.1");
        assert_eq!(git(path, &["rev-list", "--count", "main"]), "3");
        for (tag, app) in [("1.0.0+1.0", "1.0"), ("1.1.0+1.1", "1.1")] {
            assert_eq!(git(path, &["cat-file", "-t", tag]), "tag");
            assert_eq!(
                git(path, &["for-each-ref", "--format=%(contents:subject)", &format!("refs/tags/{tag}")]),
                format!("chore: publish {tag} release")
            );
            let compose = git(path, &["show", &format!("{tag}:compose.yml")]);
            assert!(
                compose.contains(&format!("{}:{app}", image::REPOSITORY))
                    && compose.contains(&format!("version={tag}"))
            );
        }
        // A config that changed between releases has a new version, or the good recipe would be a bad example.
        let config = |tag: &str| {
            (git(path, &["show", &format!("{tag}:notes.conf.tmpl")]), git(path, &["show", &format!("{tag}:abra.sh")]))
        };
        let (old, new) = (config("1.0.0+1.0"), config("1.1.0+1.1"));
        assert!(old.0 != new.0 && old.1 != new.1);
        assert!(git(path, &["show", "main:.env.sample"]).contains(&format!("TYPE={}", recipe.name)));
    }
}

#[test]
fn equal_recipes_come_out_with_equal_ids() {
    let ids = || {
        let folder = tempdir().unwrap();
        let written = write_all(folder.path()).unwrap();
        written.iter().map(|(_, path)| git(path, &["show-ref", "--head"])).collect::<Vec<_>>()
    };
    assert_eq!(ids(), ids());
}

#[test]
fn what_is_there_already_is_left_alone() {
    let folder = tempdir().unwrap();
    let path = all()[0].write(folder.path()).unwrap();
    std::fs::write(path.join("mine"), "keep").unwrap();
    let error = write_all(folder.path()).unwrap_err();
    assert!(matches!(&error, WriteError::Exists(at) if *at == path), "{error}");
    assert_eq!(std::fs::read_to_string(path.join("mine")).unwrap(), "keep");
}

#[test]
fn the_reference_loader_takes_every_release() {
    let folder = tempdir().unwrap();
    for (recipe, path) in write_all(folder.path()).unwrap() {
        for revision in ["1.0.0+1.0", "1.1.0+1.1", "main"] {
            git(&path, &["checkout", "--quiet", revision]);
            let mut command = Command::new("docker");
            command.args(["stack", "config", "--compose-file", "compose.yml"]).current_dir(&path);
            command
                .env("STACK_NAME", "demo")
                .env("DOMAIN", "demo.test")
                .env("NOTES_CONF_VERSION", "v1")
                .env("SECRET_ADMIN_PW_VERSION", "v1");
            command.env("SECRET_ADMINISTRATOR_PASSWORD_FOR_THE_PAGE_THAT_SHOWS_EVERY_SINGLE_NOTE_VERSION", "v1");
            let output = command.output().expect("the docker CLI is needed by this test");
            let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert!(output.status.success(), "{} {revision}: {error}", recipe.name);
            assert!(out.contains("rule: Host(`demo.test`)") && out.contains("name: demo_notes_conf_v1"), "{out}");
        }
    }
}
