//! L215 to L219: what backup-bot is told to take (recipe-format.md §6).

use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Draft, Set, Subject};
use crate::record::Level;

use std::collections::BTreeSet;

use super::bot::{self, below};

pub(super) const FIRST: Rule = Rule {
    id: "L215",
    name: "backup-label-v1",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "no label is one of the first version of backup-bot",
    needs: &[],
    page: page!("L215"),
    check: Check::Set(first),
};
pub(super) const HOOK: Rule = Rule {
    id: "L216",
    name: "hook-without-backup",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "every stack with hooks has backups switched on",
    needs: &[],
    page: page!("L216"),
    check: Check::Set(hook),
};
pub(super) const OFF: Rule = Rule {
    id: "L217",
    name: "backup-nowhere",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "every stack with volumes says whether it is backed up",
    needs: &[],
    page: page!("L217"),
    check: Check::Set(off),
};
pub(super) const VOLUME: Rule = Rule {
    id: "L218",
    name: "backup-volume-unknown",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "every volume that a backup label names is mounted",
    needs: &[],
    page: page!("L218"),
    check: Check::Set(volume),
};
pub(super) const VALUE: Rule = Rule {
    id: "L219",
    name: "backup-value-not-boolean",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "backup labels that switch something are true or false",
    needs: &[],
    page: page!("L219"),
    check: Check::Set(value),
};

fn first(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (service, definition) in set.project().services() {
        for pair in set.deploy_labels(service).iter().filter(|pair| pair.key == "backupbot.backup.path") {
            let paths = pair.value.clone().unwrap_or_default();
            let volumes: Vec<String> = paths
                .split(',')
                .filter_map(|path| {
                    let mount = bot::volumes(definition).find(|mount| below(path, &mount.target).is_some())?;
                    Some(match below(path, &mount.target)? {
                        "" => format!("`backupbot.backup.volumes.{}=true`", mount.source),
                        rest => format!("`backupbot.backup.volumes.{}.path={rest}`", mount.source),
                    })
                })
                .collect();
            let help = if volumes.is_empty() {
                "name volumes instead: `backupbot.backup.volumes.<volume>.path=…`, from the root of the volume"
                    .to_owned()
            } else {
                format!("write {} instead", volumes.join(" and "))
            };
            drafts.push(
                Draft::new(format!(
                    "`backupbot.backup.path` of the service `{service}` is a label of backup-bot's first version"
                ))
                .at(pair.key_at.clone(), "paths of the container; the second version has paths of volumes")
                .help(help),
            );
        }
    }
    drafts
}

fn hook(_subject: &Subject, set: &Set) -> Vec<Draft> {
    if bot::switched(set) {
        return Vec::new();
    }
    let mut drafts = Vec::new();
    for (service, _) in set.project().services() {
        let hooks = set
            .deploy_labels(service)
            .iter()
            .filter(|pair| pair.key.starts_with("backupbot.") && pair.key.ends_with("-hook"));
        for pair in hooks.take(1) {
            drafts.push(
                Draft::new(format!("the hooks of the service `{service}` never run: no service switches backups on"))
                    .at(pair.key_at.clone(), "")
                    .help("add the label `backupbot.backup=${ENABLE_BACKUPS:-true}`"),
            );
        }
    }
    drafts
}

fn off(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let elsewhere = |name: &str| {
        let hook = set
            .deploy_labels(name)
            .iter()
            .any(|pair| pair.key.starts_with("backupbot.") && pair.key.ends_with("-hook"));
        // Labels that stand in the wrong place are L201's.
        hook || set.container_labels(name).iter().any(|pair| pair.key.starts_with("backupbot."))
    };
    if bot::switched(set) || set.project().services().any(|(name, _)| elsewhere(name)) {
        return Vec::new();
    }
    let volumes = set.project().services().flat_map(|(_, service)| bot::volumes(service));
    let kept: BTreeSet<&str> = volumes.map(|mount| mount.source.as_str()).collect();
    if kept.is_empty() {
        return Vec::new();
    }
    let at = crate::lint::rules::place::key(set, &["services", "app", "deploy", "labels"]);
    vec![
        Draft::new(format!("nothing is backed up, and there are volumes: {}", kept.iter().map(|volume| format!("`{volume}`")).collect::<Vec<_>>().join(", ")))
            .at(at, "no `backupbot.backup` here or in another service")
            .help("add the label `backupbot.backup=${ENABLE_BACKUPS:-true}` to `app`, or `=false` if nothing in them needs to survive"),
    ]
}

fn volume(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let mounted: Vec<&str> = set
        .project()
        .services()
        .flat_map(|(_, service)| bot::volumes(service))
        .map(|mount| mount.source.as_str())
        .collect();
    let mut drafts = Vec::new();
    for (service, _) in set.project().services() {
        for pair in set.deploy_labels(service) {
            let Some(rest) = pair.key.strip_prefix("backupbot.backup.volumes.") else { continue };
            let name = rest.strip_suffix(".path").unwrap_or(rest);
            let bare = name.strip_prefix(&set.stack).and_then(|rest| rest.strip_prefix('_')).unwrap_or(name);
            if mounted.contains(&bare) {
                continue;
            }
            let near = mounted.iter().map(|other| (strsim::osa_distance(bare, other), other)).min();
            let meant = near.filter(|(distance, _)| *distance <= 3).map(|(_, other)| format!("`{other}`"));
            drafts.push(
                Draft::new(format!(
                    "a backup label of the service `{service}` names the volume `{bare}`, which no service mounts"
                ))
                .at(pair.key_at.clone(), "")
                .did_you_mean(meant)
                .help("name a volume as it is called under `volumes:`"),
            );
        }
    }
    drafts
}

fn value(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (service, _) in set.project().services() {
        for pair in set.deploy_labels(service) {
            let switch = pair.key == "backupbot.backup"
                || pair.key.starts_with("backupbot.backup.volumes.") && !pair.key.ends_with(".path");
            let value = pair.value.clone().unwrap_or_default();
            if switch
                && !value.is_empty()
                && !value.eq_ignore_ascii_case("true")
                && !value.eq_ignore_ascii_case("false")
            {
                drafts.push(
                    Draft::new(format!(
                        "`{}` of the service `{service}` is `{value}`, neither true nor false",
                        pair.key
                    ))
                    .at(pair.value_at.clone(), "")
                    .help("write `true` or `false`"),
                );
            }
        }
    }
    drafts
}
