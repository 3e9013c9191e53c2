//! G709 and G710: functions of `abra.sh` that somebody names.

use std::sync::LazyLock;

use regex::Regex;

use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::similar::similar;
use crate::lint::{Draft, Location, Subject};
use crate::record::Level;

pub(super) const HOOK: Rule = Rule {
    id: "G709",
    name: "hook-function-missing",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "commands after a deploy are functions of abra.sh",
    needs: &[],
    page: page!("G709"),
    check: Check::Recipe(hook),
};

pub(super) const COMMAND: Rule = Rule {
    id: "G710",
    name: "command-missing",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "commands that the texts name are functions of abra.sh",
    needs: &[],
    page: page!("G710"),
    check: Check::Recipe(command),
};

fn functions(subject: &Subject) -> Vec<&str> {
    let abra = subject.candidate.recipe.abra_sh.iter();
    abra.flat_map(|abra| &abra.functions).map(|function| function.name.as_str()).collect()
}

fn services(subject: &Subject) -> Vec<&str> {
    subject.candidate.sets.iter().flat_map(|set| set.project().services()).map(|(name, _)| name).collect()
}

/// `POST_DEPLOY_CMDS` and its like hold `<service> <function> <arguments>`, parted by `|` (recipe-format.md §1.2).
fn hook(subject: &Subject) -> Vec<Draft> {
    let facts = &subject.candidate;
    let (functions, services) = (functions(subject), services(subject));
    let mut drafts = Vec::new();
    for entry in facts.sample.entries.iter().chain(&facts.sample.options) {
        if !matches!(entry.name.as_str(), "POST_DEPLOY_CMDS" | "POST_UPGRADE_CMDS") {
            continue;
        }
        let at = facts.in_sample(entry.value_span.clone());
        for command in entry.value.split('|').map(str::trim).filter(|command| !command.is_empty()) {
            let mut words = command.split_whitespace();
            let (Some(service), function) = (words.next(), words.next()) else { continue };
            if !services.is_empty() && service != "local" && !services.contains(&service) {
                drafts.push(
                    Draft::new(format!("`{}` runs `{command}`, and there is no service `{service}`", entry.name))
                        .at(at.clone(), "")
                        .did_you_mean(similar(service, services.iter().copied()).map(|meant| format!("`{meant}`")))
                        .help("commands read `<service> <function> <arguments>`, with `|` between them"),
                );
            } else if function.is_none_or(|function| !functions.contains(&function)) {
                let function = function.unwrap_or_default();
                drafts.push(
                    Draft::new(format!(
                        "`{}` runs `{command}`, and `abra.sh` has no function `{function}`",
                        entry.name
                    ))
                    .at(at.clone(), "")
                    .did_you_mean(similar(function, functions.iter().copied()).map(|meant| format!("`{meant}`"))),
                );
            }
        }
    }
    drafts
}

/// `abra app cmd <domain> <service> <function>` and `abra app cmd --local <domain> <function>` in the README, the release notes, the
/// sample and the comments.
fn command(subject: &Subject) -> Vec<Draft> {
    static CALL: LazyLock<Option<Regex>> = LazyLock::new(|| {
        // Classes of ASCII: those of Unicode take longer to compile than everything else that the linter does to a recipe.
        Regex::new(
            r"abra app (?:cmd|command)((?:[ \t]+-[A-Za-z-]+)*)[ \t]+([!-~]+)[ \t]+([A-Za-z0-9_.<>-]+)(?:[ \t]+([A-Za-z0-9_.<>-]+))?",
        )
        .ok()
    });
    let facts = &subject.candidate;
    let functions = functions(subject);
    let told = |path: &str| matches!(path, "README.md" | ".env.sample" | "abra.sh") || path.starts_with("release/");
    let mut drafts = Vec::new();
    for (path, file) in facts.recipe.tree.iter().filter(|(path, _)| told(path)) {
        let Some(text) = file.text().filter(|text| text.contains("abra app c")) else { continue };
        let Some(call) = CALL.as_ref() else { continue };
        for found in call.captures_iter(text) {
            let local = found[1].split_whitespace().any(|flag| matches!(flag, "-l" | "--local"));
            let Some(name) = (if local { found.get(3) } else { found.get(4) }) else { continue };
            // Placeholders, and what a shell would fill in.
            let plain = name.as_str().chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
            if !plain || name.as_str().starts_with('-') || functions.contains(&name.as_str()) {
                continue;
            }
            let at: Location = facts.location(path, name.range());
            drafts.push(
                Draft::new(format!(
                    "`{path}` tells to run the function `{}`, and `abra.sh` has none of that name",
                    name.as_str()
                ))
                .at(at, "")
                .did_you_mean(similar(name.as_str(), functions.iter().copied()).map(|meant| format!("`{meant}`"))),
            );
        }
    }
    drafts
}
