//! L220 to L224: dumps of databases, and the way back (lessons 16 to 20).

use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Draft, Set, Subject};
use crate::record::Level;

use super::bot::{self, below, calls, written};
use crate::lint::Pair;
use crate::lint::database::Database;
use crate::lint::rules::place;

pub(super) const OUTSIDE: Rule = Rule {
    id: "L220",
    name: "dump-outside-volume",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "every dump is written into a volume",
    needs: &[],
    page: page!("L220"),
    check: Check::Set(outside),
};
pub(super) const UNSELECTED: Rule = Rule {
    id: "L221",
    name: "dump-not-selected",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "every dump lies where the labels of its volume select it",
    needs: &[],
    page: page!("L221"),
    check: Check::Set(unselected),
};
pub(super) const HOT: Rule = Rule {
    id: "L222",
    name: "database-copied-hot",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "no database is backed up by copying its files while it writes",
    needs: &[],
    page: page!("L222"),
    check: Check::Set(hot),
};
pub(super) const RESTORE: Rule = Rule {
    id: "L223",
    name: "restore-hook-missing",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "every dump has a restore hook that reads it",
    needs: &[],
    page: page!("L223"),
    check: Check::Set(restore),
};
pub(super) const CLEAN: Rule = Rule {
    id: "L224",
    name: "clean-without-if-exists",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "no dump drops objects that may not exist",
    needs: &[],
    page: page!("L224"),
    check: Check::Set(clean),
};

const DUMP_PROGRAMS: [&str; 9] = [
    "pg_dump",
    "pg_dumpall",
    "pg_basebackup",
    "mariadb-dump",
    "mysqldump",
    "mariadb-backup",
    "mariabackup",
    "mongodump",
    "sqlite3",
];

/// The hooks before a backup that write a dump: service, label, file.
fn dumps(set: &Set) -> Vec<(&str, &Pair, String)> {
    let mut dumps = Vec::new();
    for (name, service) in set.project().services() {
        // Labels of the first version take paths of the container, in a volume or not.
        let first_version = service.deploy.labels.contains_key("backupbot.backup.path");
        let Some(hook) = bot::hook(set, name, "backup.pre-hook").filter(|_| !first_version) else { continue };
        let command = hook.value.clone().unwrap_or_default();
        if !calls(&command, &DUMP_PROGRAMS) {
            continue;
        }
        if let Some(file) = written(&command).first() {
            dumps.push((name, hook, (*file).to_owned()));
        }
    }
    dumps
}

fn outside(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let outside = dumps(set).into_iter().filter(|(name, _, file)| {
        let service = set.project().services.get(*name);
        service.is_some_and(|service| !bot::volumes(service).any(|mount| below(file, &mount.target).is_some()))
    });
    outside
        .map(|(name, hook, file)| {
            Draft::new(format!(
                "the dump of the service `{name}` is never backed up: `{file}` lies in none of its volumes"
            ))
            .at(hook.value_at.clone(), "")
            .at(place::key(set, &["services", name, "volumes"]), "the bot takes these")
            .help("write the dump into a volume of the service")
        })
        .collect()
}

fn unselected(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let mut drafts = Vec::new();
    let labels: Vec<&Pair> = set.project().services().flat_map(|(name, _)| set.deploy_labels(name)).collect();
    for (name, hook, file) in dumps(set) {
        let Some(service) = set.project().services.get(name) else { continue };
        let mounts = bot::volumes(service).filter_map(|mount| Some((mount, below(&file, &mount.target)?)));
        let Some((mount, inside)) = mounts.max_by_key(|(mount, _)| mount.target.len()) else { continue };
        let switch = format!("backupbot.backup.volumes.{}", mount.source);
        let value = |pair: &Pair| pair.value.clone().unwrap_or_default();
        let left_out = labels.iter().find(|pair| pair.key == switch && value(pair).eq_ignore_ascii_case("false"));
        let selections: Vec<&Pair> =
            labels.iter().copied().filter(|pair| pair.key == format!("{switch}.path")).collect();
        let selected = selections.iter().flat_map(|pair| pair.value.iter()).flat_map(|paths| paths.split(','));
        let covered =
            selected.into_iter().any(|path| below(inside, path.trim_matches('/')).is_some() && !path.is_empty());
        let by = match (left_out, selections.first()) {
            (Some(pair), _) => pair,
            (None, Some(pair)) if !covered => pair,
            _ => continue,
        };
        drafts.push(
            Draft::new(format!("the dump of the service `{name}` is never backed up: the labels of the volume `{}` do not select `{inside}`", mount.source))
                .at(by.value_at.clone(), "selects something else")
                .at(hook.value_at.clone(), "writes the dump")
                .help(format!("write `{switch}.path={inside}`")),
        );
    }
    drafts
}

fn hot(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let project = set.project();
    if !project.services().any(|(_, service)| {
        service.deploy.labels.get("backupbot.backup").is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }) {
        return Vec::new();
    }
    let labels: Vec<&Pair> = project.services().flat_map(|(name, _)| set.deploy_labels(name)).collect();
    let first_version = labels.iter().any(|pair| pair.key == "backupbot.backup.path");
    let mut drafts = Vec::new();
    for (name, service) in project.services() {
        let Some((database, mount)) = Database::of(service).zip(bot::volumes(service).next()) else { continue };
        let switch = format!("backupbot.backup.volumes.{}", mount.source);
        let chosen = labels.iter().any(|pair| {
            pair.key == switch && pair.value.as_deref().is_some_and(|value| value.eq_ignore_ascii_case("false"))
                || pair.key == format!("{switch}.path")
        });
        // With labels of the first version only what they name is taken.
        let taken = !first_version || service.deploy.labels.contains_key("backupbot.backup.path");
        let dumped = bot::hook(set, name, "backup.pre-hook").is_some()
            || labels.iter().any(|pair| {
                pair.key.ends_with("pre-hook")
                    && pair.value.as_deref().is_some_and(|command| calls(command, database.dump_programs()))
            });
        if chosen || dumped || !taken {
            continue;
        }
        drafts.push(
            Draft::new(format!("the files of {} in the service `{name}` are copied while it writes to them: no hook dumps it", database.name()))
                .at(set.service_at(name), "")
                .help(format!(
                    "dump it with {} in a `backupbot.backup.pre-hook` of `{name}` into the volume `{}`, and select the dump with `{switch}.path`",
                    database.dump_programs()[0], mount.source
                )),
        );
    }
    drafts
}

fn restore(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let restores =
        |name: &str| ["restore.pre-hook", "restore.post-hook"].iter().any(|kind| bot::hook(set, name, kind).is_some());
    let lacking = dumps(set).into_iter().filter(|(name, ..)| !restores(name));
    lacking
        .map(|(name, hook, file)| {
            Draft::new(format!("nothing reads the dump of the service `{name}` back: a restore puts `{file}` there and leaves the database as it is"))
                .at(hook.value_at.clone(), "writes the dump")
                .help("add a `backupbot.restore.post-hook` that reads it, and that stops at the first error")
        })
        .collect()
}

fn clean(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (name, _) in set.project().services() {
        for pair in set.deploy_labels(name) {
            let hook = pair.key.starts_with("backupbot.") && pair.key.ends_with("-hook");
            let command = pair.value.clone().unwrap_or_default();
            let words: Vec<&str> = command.split(|c: char| c.is_whitespace() || matches!(c, '\'' | '"')).collect();
            let drops = words.iter().any(|word| {
                matches!(*word, "--clean" | "-c") && calls(&command, &["pg_dump", "pg_dumpall", "pg_restore"])
            });
            // `-c` is also how a shell is given its command.
            let by_option = words.contains(&"--clean")
                || drops && words.windows(2).any(|pair| pair[1] == "-c" && pair[0].starts_with("pg_"));
            if hook && by_option && drops && !words.contains(&"--if-exists") {
                drafts.push(
                    Draft::new(format!("a hook of the service `{name}` uses `--clean` without `--if-exists`: into an empty database the restore stops at the first `DROP`"))
                        .at(pair.value_at.clone(), "")
                        .help("add `--if-exists`"),
                );
            }
        }
    }
    drafts
}
