//! L202 to L205: keys that Traefik, backup-bot and abra do not know.

use super::traefik::plain;
use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Draft, Set, Subject};
use crate::record::Level;
use crate::traefik::{self, Protocol};

pub(super) const REFUSED: Rule = Rule {
    id: "L202",
    name: "traefik-label-refused",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "every label for Traefik is one that it can read",
    needs: &[],
    page: page!("L202"),
    check: Check::Set(refused),
};
pub(super) const IGNORED: Rule = Rule {
    id: "L203",
    name: "traefik-label-ignored",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "every label that begins with `traefik.` is one of Traefik's",
    needs: &[],
    page: page!("L203"),
    check: Check::Set(ignored),
};
pub(super) const BACKUPBOT: Rule = Rule {
    id: "L204",
    name: "backupbot-label-unknown",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "every label that begins with `backupbot.` is one of backup-bot's",
    needs: &[],
    page: page!("L204"),
    check: Check::Set(backupbot),
};
pub(super) const COOP_CLOUD: Rule = Rule {
    id: "L205",
    name: "coop-cloud-label-unknown",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "every label that begins with `coop-cloud.` is one of abra's",
    needs: &[],
    page: page!("L205"),
    check: Check::Set(coop_cloud),
};

const ROOT: [&str; 4] = ["enable", "http", "tcp", "udp"];
/// Roots of Traefik 1, which no later version reads.
const FIRST_VERSION: [&str; 5] = ["backend", "frontend", "port", "protocol", "weight"];
const BOTS_LABELS: [&str; 7] = [
    "backup",
    "backup.pre-hook",
    "backup.post-hook",
    "restore.pre-hook",
    "restore.post-hook",
    "backup.path",
    "restore",
];
const ABRAS_LABELS: [&str; 6] = ["version", "timeout", "recipe", "chaos", "chaos-version", "autoupdate"];

fn refused(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (service, _) in set.project().services() {
        for pair in set.deploy_labels(service) {
            let key = pair.key.to_lowercase();
            let Some((before, wrong, known)) = unread(&key) else { continue };
            let meant = nearest(&wrong, &known).map(|near| format!("`{}{near}`", plain(set, &before)));
            drafts.push(
                Draft::new(format!(
                    "Traefik has no label `{}`, and ignores every label of the service `{service}` for it",
                    plain(set, &pair.key)
                ))
                .at(pair.key_at.clone(), "")
                .did_you_mean(meant)
                .help("correct it or take it away"),
            );
        }
    }
    drafts
}

/// What Traefik cannot read of a label's key in lower case: what stands before it, the word itself, and the words that could stand there.
fn unread(key: &str) -> Option<(String, String, Vec<&'static str>)> {
    let parts: Vec<&str> = key.splitn(5, '.').collect();
    let ["traefik", protocol, rest @ ..] = parts.as_slice() else { return None };
    let (kind, options) = (*protocol, Protocol::of(protocol)?);
    let below = |what: &str, name: &str| format!("traefik.{kind}.{what}.{name}.");
    match rest {
        ["routers", name, field] => of_options(below("routers", name), field, traefik::router_options(options)),
        ["services", name, field] => of_options(below("services", name), field, traefik::service_options(options)),
        ["middlewares", name, field] => {
            let word = field.split(['.', '[']).next().unwrap_or_default();
            let Some(middleware) = traefik::middleware_kind(options, word) else {
                let known = traefik::middleware_kinds(options).iter().map(|kind| kind.name).collect();
                return Some((below("middlewares", name), word.to_owned(), known));
            };
            let (_, option) = field.split_once('.').filter(|_| !middleware.options.is_empty())?;
            // A newer Traefik may have more: what is like nothing known is let pass.
            let wrong = of_options(format!("{}{word}.", below("middlewares", name)), option, middleware.options);
            wrong.filter(|(_, wrong, known)| nearest(wrong, known).is_some())
        }
        // A router, service or middleware with a name and nothing else.
        ["routers" | "services" | "middlewares", ..] => Some((format!("{key}."), String::new(), Vec::new())),
        [other, ..] => {
            // Transports (`serverstransports`) are for files only.
            let known = vec!["routers", "services", "middlewares"];
            Some((format!("traefik.{kind}."), (*other).to_owned(), known))
        }
        [] => Some((format!("{key}."), String::new(), Vec::new())),
    }
}

fn of_options(
    before: String,
    field: &str,
    options: &'static [&'static str],
) -> Option<(String, String, Vec<&'static str>)> {
    let known = || options.iter().map(|option| option.trim_end_matches('.')).collect();
    (!traefik::is_option(options, field)).then(|| (before, field.to_owned(), known()))
}

fn ignored(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (service, _) in set.project().services() {
        for pair in set.deploy_labels(service) {
            let key = pair.key.to_lowercase();
            let root = match key.split_once('.') {
                Some(("traefik", rest)) => rest.split('.').next().unwrap_or_default(),
                // `treafik.enable` is nobody's.
                Some((first, _)) if first != "traefik" && strsim::osa_distance(first, "traefik") <= 2 => {
                    let meant = pair.key.replacen(pair.key.split('.').next().unwrap_or_default(), "traefik", 1);
                    drafts.push(
                        nobodys(service, &plain(set, &pair.key))
                            .at(pair.key_at.clone(), "")
                            .did_you_mean(Some(format!("`{meant}`"))),
                    );
                    continue;
                }
                _ => continue,
            };
            if ROOT.contains(&root) || matches!(root, "docker" | "swarm" | "tls") {
                continue;
            }
            let draft = nobodys(service, &plain(set, &pair.key)).at(pair.key_at.clone(), "");
            if FIRST_VERSION.contains(&root) {
                drafts.push(draft.help("it is of Traefik 1: use traefik.http.routers and traefik.http.services"));
            } else if let Some(near) = nearest(root, &ROOT) {
                // Other words may be constraints of an operator's Traefik.
                drafts.push(draft.did_you_mean(Some(format!("`traefik.{near}`"))).help("correct it or take it away"));
            }
        }
    }
    drafts
}

fn nobodys(service: &str, key: &str) -> Draft {
    Draft::new(format!("Traefik does not know the label `{key}` of the service `{service}`"))
}

fn backupbot(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (service, _) in set.project().services() {
        for pair in set.deploy_labels(service) {
            let known = match pair.key.split_once('.') {
                Some(("backupbot", rest)) => BOTS_LABELS.contains(&rest) || rest.starts_with("backup.volumes."),
                Some((first, _)) if strsim::osa_distance(first, "backupbot") <= 2 => false,
                _ => continue,
            };
            if known {
                continue;
            }
            let rest = pair.key.split_once('.').map_or("", |(_, rest)| rest);
            let rest = rest.replace('_', "-");
            let meant = if rest.starts_with("backup.volume.") {
                Some(rest.replacen("backup.volume.", "backup.volumes.", 1))
            } else {
                nearest(&rest, &BOTS_LABELS).map(str::to_owned)
            };
            drafts.push(
                Draft::new(format!("backup-bot does not know the label `{}` of the service `{service}`", pair.key))
                    .at(pair.key_at.clone(), "")
                    .did_you_mean(meant.map(|meant| format!("`backupbot.{meant}`")))
                    .help("correct it or take it away: the bot passes over it without a word"),
            );
        }
    }
    drafts
}

fn coop_cloud(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let ours = format!("coop-cloud.{}.", set.stack);
    let mut drafts = Vec::new();
    for (service, _) in set.project().services() {
        for pair in set.deploy_labels(service) {
            let draft = |key: &str| {
                Draft::new(format!("abra does not know the label `{}` of the service `{service}`", plain(set, key)))
                    .at(pair.key_at.clone(), "")
            };
            if let Some(rest) = pair.key.strip_prefix(&ours) {
                if !ABRAS_LABELS.contains(&rest) {
                    let meant = nearest(rest, &ABRAS_LABELS).map(|near| format!("`coop-cloud.${{STACK_NAME}}.{near}`"));
                    drafts.push(draft(&pair.key).did_you_mean(meant).help("correct it or take it away"));
                }
            } else if pair.key.split('.').next().is_some_and(|first| strsim::osa_distance(first, "coop-cloud") <= 2) {
                let last = pair.key.rsplit('.').next().unwrap_or_default();
                let meant = nearest(last, &ABRAS_LABELS).map(|near| format!("`coop-cloud.${{STACK_NAME}}.{near}`"));
                drafts.push(draft(&pair.key).did_you_mean(meant).help("abra reads `coop-cloud.${STACK_NAME}.…` only"));
            }
        }
    }
    drafts
}

/// The known word that was probably meant: a third of it may be wrong.
fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let close = known.iter().map(|near| (strsim::osa_distance(word, near), *near)).min()?;
    (close.0 <= close.1.len().div_ceil(3)).then_some(close.1)
}
