//! The built-in recipes: one that is fine, and one for each kind of trouble that taster is to catch.
//!
//! All are the same recipe; a faulty one differs from the good one in a few lines of its candidate, as a pull request would.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::repository::{self, Commit, WriteError};
use crate::record::{Outcome, StepKind};

/// The good recipe's files at its candidate, by path in the repository.
const FILES: [(&str, &str); 8] = [
    ("compose.yml", include_str!("recipe/compose.yml")),
    (".env.sample", include_str!("recipe/env.sample")),
    ("abra.sh", include_str!("recipe/abra.sh")),
    ("notes.conf.tmpl", include_str!("recipe/notes.conf.tmpl")),
    ("README.md", include_str!("recipe/README.md")),
    ("tests/taster.toml", include_str!("recipe/taster.toml")),
    ("release/1.1.0+1.1", include_str!("recipe/release/1.1.0+1.1")),
    ("release/next", include_str!("recipe/release/next")),
];

/// A file, a text in it, and what stands there instead.
type Edit = (&'static str, &'static str, &'static str);

/// From the candidate back to release 1.1.0+1.1.
const BACK_TO_1_1: [Edit; 2] =
    [("compose.yml", "taster-demo:2.0", "taster-demo:1.1"), ("compose.yml", "version=2.0.0+2.0", "version=1.1.0+1.1")];
/// From release 1.1.0+1.1 back to 1.0.0+1.0.
const BACK_TO_1_0: [Edit; 4] = [
    ("compose.yml", "taster-demo:1.1", "taster-demo:1.0"),
    ("compose.yml", "version=1.1.0+1.1", "version=1.0.0+1.0"),
    ("abra.sh", "NOTES_CONF_VERSION=v2", "NOTES_CONF_VERSION=v1"),
    ("notes.conf.tmpl", "title = Notes of {{ env \"DOMAIN\" }}", "title = Notes"),
];

/// A built-in recipe.
#[derive(Debug, Clone, Copy)]
pub struct DemoRecipe {
    /// Its name, and the name of its repository.
    pub name: &'static str,
    /// The fault planted in its candidate, in a sentence; `None` for the good one.
    pub what_is_wrong: Option<&'static str>,
    /// What must come of trying it.
    pub expect: Expectation,
    /// How the candidate differs from the good one.
    fault: &'static [Edit],
}

/// What must come of a step of a trial; every step before it must pass.
#[derive(Debug, Clone, Copy)]
pub struct Expectation {
    /// The step that tells; for the good recipe, every step must pass.
    pub step: StepKind,
    /// The outcomes that are right. More than one where the machine decides: whether a missing image is the recipe's fault
    /// (`failed`) cannot be known where no registry answers (`errored`).
    pub outcomes: &'static [Outcome],
    /// Each of these must stand in the step's reason or evidence, in any case of letters.
    pub says: &'static [&'static str],
}

/// Every built-in recipe, the good one first; then those that take longest, so that several at once end together.
pub fn all() -> Vec<DemoRecipe> {
    let failed = |step, says| Expectation { step, outcomes: &[Outcome::Failed], says };
    vec![
        DemoRecipe {
            name: "demo-notes",
            what_is_wrong: None,
            expect: Expectation { step: StepKind::Install, outcomes: &[Outcome::Passed], says: &[] },
            fault: &[],
        },
        DemoRecipe {
            name: "demo-stale-config",
            what_is_wrong: Some(
                "a new config file under its old version: it installs, and no operator can upgrade to it",
            ),
            expect: failed(StepKind::Upgrade, &["notes_conf_v2", "NOTES_CONF_VERSION"]),
            fault: &[("notes.conf.tmpl", "title = Notes of", "title = The notes of")],
        },
        DemoRecipe {
            name: "demo-crash-loop",
            what_is_wrong: Some(
                "the app looks for its password where no secret is mounted, and exits with 1 at every start",
            ),
            expect: failed(StepKind::Install, &["exit", "/run/secrets/admin_password"]),
            fault: &[("compose.yml", "/run/secrets/admin_pw\n", "/run/secrets/admin_password\n")],
        },
        DemoRecipe {
            name: "demo-never-healthy",
            what_is_wrong: Some("the healthcheck asks a port on which nothing listens"),
            expect: failed(StepKind::Install, &["health", "cannot connect"]),
            fault: &[
                (
                    "compose.yml",
                    "\"demo-app\", \"health\"]",
                    "\"demo-app\", \"health\", \"--listen\", \"127.0.0.1:8081\"]",
                ),
                ("compose.yml", "start_period: 30s", "start_period: 2s"),
                ("compose.yml", "retries: 5", "retries: 2"),
            ],
        },
        DemoRecipe {
            name: "demo-error-page",
            what_is_wrong: Some("healthy by its own account, and every page answers 500"),
            expect: failed(StepKind::Install, &["500"]),
            fault: &[("compose.yml", "      - DOMAIN\n", "      - DOMAIN\n      - DEMO_FAULT=status:500\n")],
        },
        DemoRecipe {
            name: "demo-impatient",
            what_is_wrong: Some("the first start takes 8 seconds, and the healthcheck kills it after 4, every time"),
            expect: failed(StepKind::Install, &["health", "start"]),
            fault: &[
                ("compose.yml", "      - DOMAIN\n", "      - DOMAIN\n      - DEMO_FAULT=slow-boot:8\n"),
                ("compose.yml", "start_period: 30s", "start_period: 1s"),
                ("compose.yml", "retries: 5", "retries: 3"),
            ],
        },
        DemoRecipe {
            name: "demo-forgetful",
            what_is_wrong: Some(
                "the volume is mounted beside the folder that the app writes to, so a restart begins a new notebook",
            ),
            expect: failed(StepKind::Restart, &["notebook"]),
            fault: &[("compose.yml", "notes:/data\n", "notes:/var/lib/notes\n")],
        },
        DemoRecipe {
            name: "demo-long-name",
            what_is_wrong: Some("a secret's name has more than the 64 characters that swarm allows"),
            expect: failed(StepKind::Install, &["64", "administrator_password"]),
            fault: &[
                (
                    "compose.yml",
                    "${STACK_NAME}_admin_pw_${SECRET_ADMIN_PW_VERSION}",
                    "${STACK_NAME}_administrator_password_for_the_page_that_shows_every_single_note_\
                     ${SECRET_ADMINISTRATOR_PASSWORD_FOR_THE_PAGE_THAT_SHOWS_EVERY_SINGLE_NOTE_VERSION}",
                ),
                (
                    ".env.sample",
                    "SECRET_ADMIN_PW_VERSION",
                    "SECRET_ADMINISTRATOR_PASSWORD_FOR_THE_PAGE_THAT_SHOWS_EVERY_SINGLE_NOTE_VERSION",
                ),
            ],
        },
        DemoRecipe {
            name: "demo-no-image",
            what_is_wrong: Some("the image's tag does not exist"),
            expect: Expectation {
                step: StepKind::Install,
                outcomes: &[Outcome::Failed, Outcome::Errored],
                says: &["taster-demo:9.9"],
            },
            fault: &[("compose.yml", "taster-demo:2.0", "taster-demo:9.9")],
        },
    ]
}

/// Writes every built-in recipe as a git repository of its name in this folder, and returns where each went.
///
/// # Errors
/// When a repository is there already, or cannot be written.
pub fn write_all(folder: &Path) -> Result<Vec<(DemoRecipe, PathBuf)>, WriteError> {
    all().into_iter().map(|recipe| Ok((recipe, recipe.write(folder)?))).collect()
}

impl DemoRecipe {
    /// Writes this recipe as a git repository of its name in a folder, and returns where it went. Two releases are tagged; the
    /// candidate is the head of `main`, checked out.
    ///
    /// # Errors
    /// When it is there already, or cannot be written.
    pub fn write(&self, folder: &Path) -> Result<PathBuf, WriteError> {
        let path = folder.join(self.name);
        repository::write(&path, &self.commits())?;
        Ok(path)
    }

    fn commits(&self) -> Vec<Commit> {
        let candidate: BTreeMap<String, String> =
            FILES.iter().map(|(path, text)| ((*path).to_owned(), text.replace("demo-notes", self.name))).collect();
        let mut second = edited(&candidate, &BACK_TO_1_1);
        second.remove("release/next");
        let mut first = edited(&second, &BACK_TO_1_0);
        first.remove("release/1.1.0+1.1");
        let release = |files, version: &str| Commit {
            message: format!("chore: publish {version} release\n"),
            files,
            tag: Some((version.to_owned(), format!("chore: publish {version} release\n"))),
        };
        vec![
            release(first, "1.0.0+1.0"),
            release(second, "1.1.0+1.1"),
            Commit { message: "feat: notes 2.0\n".to_owned(), files: edited(&candidate, self.fault), tag: None },
        ]
    }
}

/// The files with these edits. A text that is not there leaves its file as it is; the tests see to it that this never happens.
fn edited(files: &BTreeMap<String, String>, edits: &[Edit]) -> BTreeMap<String, String> {
    let mut files = files.clone();
    for (path, from, to) in edits {
        if let Some(text) = files.get_mut(*path) {
            *text = text.replacen(from, to, 1);
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edit_changes_its_file() {
        for recipe in all() {
            let commits = recipe.commits();
            let candidate = &all()[0].commits()[2].files;
            for (index, edits, from) in [
                (2, recipe.fault, candidate),
                (1, &BACK_TO_1_1[..], candidate),
                (0, &BACK_TO_1_0[..], &all()[0].commits()[1].files),
            ] {
                for (path, text, new) in edits {
                    assert!(from[*path].contains(text), "{}: {path} holds no {text:?}", recipe.name);
                    assert!(commits[index].files[*path].contains(new), "{}: {path} holds no {new:?}", recipe.name);
                }
            }
        }
    }

    #[test]
    fn each_fault_is_planted_once_and_expected_differently() {
        let recipes = all();
        assert!(recipes[0].what_is_wrong.is_none() && recipes[0].fault.is_empty());
        let mut told: Vec<_> = recipes[1..].iter().map(|r| (r.expect.step, r.expect.says)).collect();
        told.sort();
        told.dedup();
        assert_eq!(told.len(), recipes.len() - 1);
        for recipe in &recipes[1..] {
            assert!(recipe.what_is_wrong.is_some() && !recipe.fault.is_empty() && !recipe.expect.says.is_empty());
            assert!(!recipe.expect.outcomes.contains(&Outcome::Passed), "{}", recipe.name);
        }
    }

    #[test]
    fn the_long_name_is_too_long_whatever_the_stack_is_called() {
        let recipe = all().into_iter().find(|r| r.name == "demo-long-name").unwrap();
        let compose = &recipe.commits()[2].files["compose.yml"];
        let line = compose.lines().find(|line| line.contains("administrator")).unwrap();
        let (before_version, _) = line.trim().trim_start_matches("name: ").split_once("${SECRET").unwrap();
        let name = before_version.replace("${STACK_NAME}", "a") + "v1";
        assert!(name.len() > 64, "{name}: {}", name.len());
    }
}
