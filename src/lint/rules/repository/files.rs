//! G706, G707, G708 and G712: files that a repository has or should not have.

use std::sync::LazyLock;

use regex::Regex;

use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Draft, Subject};
use crate::record::Level;

pub(super) const LICENCE: Rule = Rule {
    id: "G706",
    name: "licence-missing",
    level: Level::Info,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "the repository has a licence",
    needs: &[],
    page: page!("G706"),
    check: Check::Recipe(licence),
};

pub(super) const RENOVATE: Rule = Rule {
    id: "G707",
    name: "renovate-missing",
    level: Level::Info,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "a bot is asked to offer new images",
    needs: &[],
    page: page!("G707"),
    check: Check::Recipe(renovate),
};

pub(super) const TEMPLATE: Rule = Rule {
    id: "G708",
    name: "template-unrendered",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "nothing is left of the template that the recipe was made from",
    needs: &[],
    page: page!("G708"),
    check: Check::Recipe(template),
};

pub(super) const PRIVATE: Rule = Rule {
    id: "G712",
    name: "private-file",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "no file with credentials is in the repository",
    needs: &[],
    page: page!("G712"),
    check: Check::Recipe(private),
};

/// Where Renovate looks for its settings.
const SETTINGS: [&str; 8] = [
    "renovate.json",
    "renovate.json5",
    ".renovaterc",
    ".renovaterc.json",
    ".renovaterc.json5",
    ".github/renovate.json",
    ".gitea/renovate.json",
    ".forgejo/renovate.json",
];

fn licence(subject: &Subject) -> Vec<Draft> {
    let mut names = subject.candidate.recipe.tree.iter().map(|(path, _)| path.to_ascii_lowercase());
    let known = |path: &str| {
        ["licence", "license", "copying", "unlicense", "licenses/"].iter().any(|name| path.starts_with(name))
    };
    if names.any(|path| known(&path)) {
        return Vec::new();
    }
    vec![
        Draft::new("there is no licence")
            .at(subject.candidate.file("LICENSE"), "not there")
            .help("without one nobody may share or change the recipe: add a file `LICENSE`"),
    ]
}

fn renovate(subject: &Subject) -> Vec<Draft> {
    let facts = &subject.candidate;
    let Some((path, file)) = SETTINGS.iter().find_map(|path| Some((*path, facts.recipe.tree.get(path)?))) else {
        return vec![
            Draft::new("there is no renovate.json, so no bot offers new images")
                .at(facts.file("renovate.json"), "not there")
                .help("the bot takes up recipes that have one: `{ \"extends\": [\"config:recommended\"] }`"),
        ];
    };
    // JSON5 and `.renovaterc` may hold comments.
    let error = match path.ends_with(".json") {
        true => serde_json::from_slice::<serde_json::Value>(&file.bytes).err(),
        false => None,
    };
    let told = error.map(|error| {
        Draft::new(format!("`{path}` is no JSON, so no bot offers new images"))
            .at(facts.line(path, error.line()), error.to_string())
    });
    told.into_iter().collect()
}

/// What `abra recipe new` fills in; a dotted chain of names (`{{ .Task.Slot }}`) is swarm's own, and may stay.
fn template(subject: &Subject) -> Vec<Draft> {
    static LEFT: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"\{\{-?[ \t]*\.(Name|Description|Category|Title|Recipe|Domain|Version|Image|Status)[ \t]*-?\}\}")
            .ok()
    });
    let facts = &subject.candidate;
    let rendered = |path: &str| {
        let root = !path.contains('/');
        root && (matches!(path, "README.md" | ".env.sample" | "abra.sh" | ".drone.yml")
            || facts.root_compose_files().contains(&path))
    };
    let mut drafts = Vec::new();
    for (path, file) in facts.recipe.tree.iter().filter(|(path, _)| rendered(path)) {
        let text = String::from_utf8_lossy(&file.bytes);
        // Formats of docker's own commands look alike.
        let lines =
            text.lines().enumerate().filter(|(_, line)| !line.contains("--format") && !line.contains("docker "));
        for (number, line) in lines {
            let Some(found) = LEFT.as_ref().filter(|_| line.contains("{{")).and_then(|left| left.find(line)) else {
                continue;
            };
            drafts.push(
                Draft::new(format!("`{}` is left of the template that the recipe was made from", found.as_str()))
                    .at(facts.line(path, number + 1), "")
                    .help("write what belongs there"),
            );
        }
    }
    drafts
}

fn private(subject: &Subject) -> Vec<Draft> {
    let facts = &subject.candidate;
    let mut drafts = Vec::new();
    for (path, file) in facts.recipe.tree.iter() {
        let name = path.rsplit('/').next().unwrap_or(path);
        let head = file.bytes.get(..file.bytes.len().min(4096)).unwrap_or_default();
        let head = String::from_utf8_lossy(head);
        let what = match () {
            () if name == ".env" || (name.ends_with(".env") && path.starts_with('.')) => "the environment of an app",
            () if head.contains("-----BEGIN ") && head.contains("PRIVATE KEY-----") => "a private key",
            () => continue,
        };
        drafts.push(
            Draft::new(format!("`{path}` holds {what}, and everybody can read it")).at(facts.file(path), "").help(
                "take it out, put its name into `.gitignore`, and change every credential in it: git keeps the old one",
            ),
        );
    }
    drafts
}
