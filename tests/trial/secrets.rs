//! Generated secrets are in no file of a run: not in its events, its summary, its logs (design.md §3.1).

use std::path::Path;

use taster::record::Outcome::Failed;

use crate::compose::routed;
use crate::support::{Recipe, Tried, everything};

/// So many hexadecimal digits that nothing else in a run folder has: hashes have 12, 40 or 64.
const DIGITS: usize = 57;

/// A recipe whose app reads a config into which swarm writes the secret.
fn recipe(name: &str, config: &str) -> Recipe {
    let service = "environment:\n  - DEMO_CONFIG_FILE=/etc/notes.conf\nsecrets:\n  - pw\nconfigs:\n  - source: conf\n    target: /etc/notes.conf";
    let compose = format!(
        "{}secrets:\n  pw:\n    external: true\n    name: ${{STACK_NAME}}_pw_${{SECRET_PW_VERSION}}\n\
         configs:\n  conf:\n    name: ${{STACK_NAME}}_conf_v1\n    file: notes.conf.tmpl\n    template_driver: golang\n",
        routed(service, "")
    );
    let sample = format!("DOMAIN={name}.example.com\nSECRET_PW_VERSION=v1  # length={DIGITS} charset=hex\n");
    Recipe::new(name, &compose).file(".env.sample", sample).file("notes.conf.tmpl", config)
}

/// Every file of the run's folder that holds exactly so many hexadecimal digits in a row.
fn leaks(folder: &Path) -> Vec<String> {
    let mut leaks = Vec::new();
    let mut folders = vec![folder.to_owned()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            let words = text.split(|c: char| !matches!(c, '0'..='9' | 'a'..='f'));
            leaks.extend(words.filter(|word| word.len() == DIGITS).map(|word| format!("{}: {word}", path.display())));
        }
    }
    assert!(files >= 4, "there is hardly anything to look at: {files} files");
    leaks
}

fn clean(tried: &Tried) {
    let leaks = leaks(&tried.ended.folder);
    assert!(leaks.is_empty(), "{leaks:#?}");
}

#[test]
fn a_secret_on_the_page_is_redacted() {
    let recipe = recipe("on-page", "title = We never tell {{ secret \"pw\" }}\n");
    let tried = recipe.install();
    let install = tried.passed();
    // It was there to be seen, else this test would see nothing either.
    assert!(install.reason.contains("“We never tell [secret pw], notebook"), "{}", install.reason);
    clean(&tried);
}

#[test]
fn a_secret_in_an_apps_last_words_is_redacted() {
    let recipe = recipe("in-log", "{{ secret \"pw\" }} = no such setting\n");
    let tried = recipe.install();
    let step = tried.install(Failed, "crash-loop", &["\"[secret pw]\" is no setting"]);
    assert!(everything(step).contains("exits with 1"));
    let logs = std::fs::read_dir(tried.ended.folder.join("logs")).unwrap().map(|entry| entry.unwrap().path());
    let logs: Vec<String> = logs.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    assert!(logs.iter().any(|log| log.contains("[secret pw]")), "{logs:?}");
    clean(&tried);
}

#[test]
fn a_secret_that_the_operator_inserts_is_made_up_and_said_so() {
    let sample = "DOMAIN=a.example.com\nSECRET_PW_VERSION=v1  # generate=false\n";
    let tried = recipe("inserted", "title = Hello\n").file(".env.sample", sample).install();
    tried.passed();
    assert!(tried.notes().contains("the secret `pw` is inserted by the operator"), "{}", tried.notes());
}
