//! `taster sync` on real git repositories: what a bump needs, and not a byte more.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// The good recipe of the linter's tests, released as 1.2.0+1.27.2.
struct Recipe {
    dir: tempfile::TempDir,
}

#[derive(Debug)]
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Recipe {
    fn new() -> Self {
        let recipe = Self { dir: tempfile::tempdir().unwrap() };
        let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lint/fixtures/base/.");
        assert!(Command::new("cp").arg("-a").arg(base).arg(recipe.path()).status().unwrap().success());
        let _ = std::fs::remove_dir_all(recipe.path().join("release"));
        recipe.git(&["init", "--quiet", "--initial-branch=main"]);
        recipe.commit();
        recipe.git(&["tag", "--annotate", "1.2.0+1.27.2", "--message", "a release"]);
        recipe
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("teapot")
    }

    fn git(&self, arguments: &[&str]) -> String {
        std::fs::create_dir_all(self.path()).unwrap();
        let output = Command::new("git")
            .current_dir(self.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "a commit"]);
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.path().join(file)).unwrap_or_default()
    }

    /// Changes a file as a bot does, and commits it.
    fn bump(&self, file: &str, from: &str, to: &str) {
        let text = self.read(file);
        assert!(text.contains(from), "{file} has no {from}");
        std::fs::write(self.path().join(file), text.replacen(from, to, 1)).unwrap();
        self.commit();
    }

    fn sync(&self, more: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_taster"))
            .arg("sync")
            .args(more)
            .arg(self.path())
            .current_dir(self.dir.path())
            .env_remove("TASTER_CONFIG")
            .output()
            .unwrap();
        Ran {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The version in the label.
    fn label(&self) -> String {
        let text = self.read("compose.yml");
        let (_, rest) = text.split_once("${STACK_NAME}.version=").unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    }

    fn changed(&self) -> Vec<String> {
        self.git(&["status", "--porcelain", "--untracked-files=all"]).lines().map(|line| line[3..].to_owned()).collect()
    }
}

#[test]
fn a_bump_raises_the_label_by_its_kind_and_names_what_changed() {
    for (file, from, to, label, note) in [
        ("compose.yml", "nginx:1.27.2", "nginx:1.27.3", "1.2.1+1.27.3", "- app: nginx 1.27.2 → 1.27.3\n"),
        ("compose.yml", "nginx:1.27.2", "nginx:1.28.0", "1.3.0+1.28.0", "- app: nginx 1.27.2 → 1.28.0\n"),
        ("compose.yml", "nginx:1.27.2", "nginx:2.0.0", "2.0.0+2.0.0", "- app: nginx 1.27.2 → 2.0.0\n"),
        ("compose.yml", "postgres:16.4", "postgres:16.5", "1.3.0+1.27.2", "- db: postgres 16.4 → 16.5\n"),
        ("compose.yml", "postgres:16.4", "postgres:17.0", "2.0.0+1.27.2", "- db: postgres 16.4 → 17.0\n"),
    ] {
        let recipe = Recipe::new();
        recipe.bump(file, from, to);
        let before = recipe.read("compose.yml");
        let ran = recipe.sync(&[]);
        assert_eq!(ran.code, 0, "{to}: {ran:?}");
        assert_eq!((recipe.label().as_str(), recipe.read("release/next").as_str()), (label, note), "{ran:?}");
        assert_eq!(
            recipe.read("compose.yml"),
            before.replace("version=1.2.0+1.27.2", &format!("version={label}")),
            "no other byte"
        );
        assert_eq!(recipe.changed(), ["compose.yml", "release/next"]);
        assert_eq!(recipe.sync(&[]).code, 6, "nothing is left to do, before the commit");
        recipe.commit();
        let again = recipe.sync(&[]);
        assert!(again.code == 6 && again.err.contains("everything is in step"), "nor after it: {again:?}");
        assert!(recipe.changed().is_empty());
    }
}

#[test]
fn a_second_bump_before_the_release_raises_from_the_release_and_not_again() {
    let recipe = Recipe::new();
    recipe.bump("compose.yml", "nginx:1.27.2", "nginx:1.27.3");
    assert_eq!(recipe.sync(&[]).code, 0);
    std::fs::write(
        recipe.path().join("release/next"),
        "# Words of a maintainer\n- app: nginx 1.27.2 → 1.27.3\nMore words",
    )
    .unwrap();
    recipe.commit();
    recipe.bump("compose.yml", "nginx:1.27.3", "nginx:1.27.4");
    recipe.bump("compose.yml", "postgres:16.4", "postgres:16.4.1");
    assert_eq!(recipe.sync(&[]).code, 0);
    assert_eq!(recipe.label(), "1.2.1+1.27.4");
    assert_eq!(
        recipe.read("release/next"),
        "# Words of a maintainer\n- app: nginx 1.27.2 → 1.27.4\nMore words\n- db: postgres 16.4 → 16.4.1\n"
    );
    assert_eq!(recipe.sync(&[]).code, 6);
}

#[test]
fn a_changed_config_gets_its_version_as_the_linter_fixes_it() {
    let recipe = Recipe::new();
    let file = recipe.path().join("nginx.conf.tmpl");
    std::fs::write(&file, format!("{}# changed\n", recipe.read("nginx.conf.tmpl"))).unwrap();
    recipe.commit();
    let ran = recipe.sync(&[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(recipe.read("abra.sh").starts_with("export NGINX_CONF_VERSION=v4\n"), "{}", recipe.read("abra.sh"));
    assert_eq!(recipe.label(), "1.2.1+1.27.2");
    assert!(ran.err.contains("a config's file changed"), "{ran:?}");
    assert_eq!(recipe.changed(), ["abra.sh", "compose.yml"], "no image changed, so there is nothing to name");
    assert_eq!(recipe.sync(&[]).code, 6);
}

#[test]
fn what_operators_must_do_is_a_major_version_and_stays_one() {
    let recipe = Recipe::new();
    // A variable that must be set, and has no default.
    recipe.bump("compose.yml", "      - DB_HOST=db\n", "      - DB_HOST=db\n      - API_KEY=${API_KEY:?}\n");
    recipe.bump(".env.sample", "LOG_LEVEL=info\n", "LOG_LEVEL=info\nAPI_KEY=secret\n");
    let ran = recipe.sync(&[]);
    assert!(ran.code == 0 && ran.err.contains("operators must act"), "{ran:?}");
    assert_eq!(recipe.label(), "2.0.0+1.27.2");
    recipe.commit();
    assert_eq!(recipe.sync(&[]).code, 6, "the label says so already");
    assert_eq!(recipe.label(), "2.0.0+1.27.2");
}

#[test]
fn a_person_may_override_and_a_higher_label_is_left_alone() {
    let recipe = Recipe::new();
    recipe.bump("compose.yml", "nginx:1.27.2", "nginx:1.27.3");
    assert_eq!(recipe.sync(&["--major"]).code, 0);
    assert_eq!(recipe.label(), "2.0.0+1.27.3");
    assert_eq!(recipe.sync(&[]).code, 6, "a job does not take it back");
    assert_eq!(recipe.sync(&["--minor"]).code, 0);
    assert_eq!(recipe.label(), "1.3.0+1.27.3");
    assert_eq!(recipe.sync(&["--major", "--minor"]).code, 2);
    let shown = recipe.sync(&["--patch", "--diff"]);
    assert!(
        shown.code == 0 && shown.out.contains("+        - \"coop-cloud.${STACK_NAME}.version=1.2.1+1.27.3\""),
        "{shown:?}"
    );
    assert_eq!(recipe.label(), "1.3.0+1.27.3", "only shown");
    let told: serde_json::Value = serde_json::from_str(&recipe.sync(&["--patch", "--json"]).out).unwrap();
    assert_eq!((&told["version"], &told["raise"]), (&"1.2.1+1.27.3".into(), &"patch".into()), "{told}");
}

#[test]
fn nothing_is_due_when_nothing_that_is_deployed_changed() {
    let recipe = Recipe::new();
    assert_eq!(recipe.sync(&[]).code, 6, "a release is never written over");
    recipe.bump("README.md", "#", "##");
    let ran = recipe.sync(&[]);
    assert!(ran.code == 6 && ran.err.contains("nothing that is deployed differs from 1.2.0+1.27.2"), "{ran:?}");
    assert!(recipe.changed().is_empty());
}

#[test]
fn what_cannot_be_brought_in_step_is_told_and_left_as_it_is() {
    let cases: [(&str, &str, &str); 4] = [
        ("        - \"coop-cloud.${STACK_NAME}.version=1.2.0+1.27.2\"\n", "", "has no version label to raise"),
        ("version=1.2.0+1.27.2", "version=${VERSION:-1.2.0+1.27.2}", "is already"),
        ("nginx:1.27.2", "nginx", "has no tag"),
        ("nginx:1.27.2", "nginx:1.27.2\n    image: twice", "do not load"),
    ];
    for (from, to, words) in cases {
        let recipe = Recipe::new();
        recipe.bump("compose.yml", "postgres:16.4", "postgres:16.5");
        recipe.bump("compose.yml", from, to);
        let before = recipe.read("compose.yml");
        let ran = recipe.sync(&[]);
        if words == "is already" {
            // Written once, inside a variable's default: still one place, and it is changed there.
            assert!(ran.code == 0 && recipe.read("compose.yml").contains("${VERSION:-1.3.0+1.27.2}"), "{ran:?}");
            continue;
        }
        assert!(ran.code == 1 && ran.err.contains(words), "{words}: {ran:?}");
        assert_eq!(recipe.read("compose.yml"), before);
        assert!(recipe.changed().is_empty(), "{:?}", recipe.changed());
    }
    let empty = tempfile::tempdir().unwrap();
    let ran = Command::new(env!("CARGO_BIN_EXE_taster")).arg("sync").arg(empty.path()).output().unwrap();
    assert_eq!(ran.status.code(), Some(2));
    let recipe = Recipe::new();
    recipe.git(&["tag", "--delete", "1.2.0+1.27.2"]);
    let ran = recipe.sync(&[]);
    assert!(ran.code == 1 && ran.err.contains("it has no release yet"), "{ran:?}");
}
