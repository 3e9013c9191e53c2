//! E326 and E327: the files that configs and secrets are made from.

use crate::compose::project::FileObject;
use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Draft, Set, Subject};
use crate::record::Level;

pub(super) const MISSING: Rule = Rule {
    id: "E326",
    name: "config-file-missing",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "the files of configs and secrets are there",
    needs: &[],
    page: page!("E326"),
    check: Check::Set(missing),
};

pub(super) const EXECUTABLE: Rule = Rule {
    id: "E327",
    name: "script-not-executable",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "a script that is the entrypoint may be executed",
    needs: &[],
    page: page!("E327"),
    check: Check::Set(executable),
};

fn missing(subject: &Subject, set: &Set) -> Vec<Draft> {
    let project = set.project();
    let of = |section, map: &std::collections::BTreeMap<String, FileObject>| {
        let own = map.iter().filter(|(_, object)| !object.external && !object.file.is_empty());
        own.filter_map(|(key, object)| {
            let error = subject.candidate.recipe.tree.find(&set.path_of(&object.file)).err()?;
            let found = set.last(&[section, key, "file"])?;
            let what = section.trim_end_matches('s');
            Some(Draft::new(format!("the {what} `{key}` cannot be made: {error}")).at(found.value, ""))
        })
        .collect::<Vec<_>>()
    };
    let mut drafts = of("configs", &project.configs);
    drafts.extend(of("secrets", &project.secrets));
    drafts
}

/// Configs and secrets are mounted with mode 0444 unless `mode:` says otherwise; not even root executes that.
fn executable(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (name, service) in set.project().services() {
        let Some(program) = service.entrypoint.as_ref().and_then(|entrypoint| entrypoint.first()) else { continue };
        let mounted = service.configs.iter().find(|config| {
            config.target == *program
                || (config.target.is_empty() && program.strip_prefix('/') == Some(config.source.as_str()))
        });
        let Some(config) = mounted.filter(|config| config.mode.unwrap_or(0o444) & 0o111 == 0) else { continue };
        let Some(found) = set.last(&["services", name, "entrypoint"]) else { continue };
        let reference = set.items(&["services", name, "configs"]).into_iter().find(|(_, item)| match item.as_map() {
            Some(map) => map.get("source").and_then(|source| source.as_text()) == Some(&config.source),
            None => item.as_text() == Some(&config.source),
        });
        let mut draft = Draft::new(format!("the entrypoint `{program}` of the service `{name}` may not be executed"))
            .help("add `mode: 0555` to the config in this service, or start it with `sh`");
        draft = match reference {
            Some((at, _)) => draft.at(at, "mounted without the right to execute").at(found.value, "executed here"),
            None => draft.at(found.value, "executed here"),
        };
        drafts.push(draft);
    }
    drafts
}
