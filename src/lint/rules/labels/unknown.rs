//! L202 to L205: keys that Traefik, backup-bot and abra do not know.

use super::traefik::plain;
use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Draft, Set, Subject};
use crate::record::Level;

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

const HTTP_ROUTER: [&str; 9] = [
    "rule",
    "rulesyntax",
    "entrypoints",
    "middlewares",
    "service",
    "priority",
    "tls",
    "tls.certresolver",
    "tls.options",
];
const TCP_ROUTER: [&str; 10] = [
    "rule",
    "rulesyntax",
    "entrypoints",
    "middlewares",
    "service",
    "priority",
    "tls",
    "tls.certresolver",
    "tls.options",
    "tls.passthrough",
];
const UDP_ROUTER: [&str; 2] = ["entrypoints", "service"];
const SERVICE: [&str; 8] = [
    "loadbalancer.server.port",
    "loadbalancer.server.scheme",
    "loadbalancer.server.url",
    "loadbalancer.server.weight",
    "loadbalancer.server.preservepath",
    "loadbalancer.passhostheader",
    "loadbalancer.serverstransport",
    "loadbalancer.strategy",
];
/// Options that go on below.
const BELOW_ROUTER: [&str; 3] = ["tls.domains[", "observability.", "parentrefs"];
const BELOW_SERVICE: [&str; 8] = [
    "loadbalancer.servers[",
    "loadbalancer.server.tls",
    "loadbalancer.sticky",
    "loadbalancer.healthcheck",
    "loadbalancer.passivehealthcheck",
    "loadbalancer.responseforwarding",
    "loadbalancer.terminationdelay",
    "loadbalancer.proxyprotocol",
];
const HTTP_MIDDLEWARE: [&str; 26] = [
    "addprefix",
    "basicauth",
    "buffering",
    "chain",
    "circuitbreaker",
    "compress",
    "contenttype",
    "digestauth",
    "encodedcharacters",
    "errors",
    "forwardauth",
    "grpcweb",
    "headers",
    "inflightreq",
    "ipallowlist",
    "ipwhitelist",
    "passtlsclientcert",
    "plugin",
    "ratelimit",
    "redirectregex",
    "redirectscheme",
    "replacepath",
    "replacepathregex",
    "retry",
    "stripprefix",
    "stripprefixregex",
];
const TCP_MIDDLEWARE: [&str; 3] = ["inflightconn", "ipallowlist", "ipwhitelist"];
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
            let parts: Vec<&str> = key.splitn(5, '.').collect();
            let ["traefik", protocol @ ("http" | "tcp" | "udp"), rest @ ..] = parts.as_slice() else { continue };
            let (before, wrong, known): (String, &str, &[&str]) = match rest {
                ["routers", name, field] => {
                    let known: &[&str] = match *protocol {
                        "http" => &HTTP_ROUTER,
                        "tcp" => &TCP_ROUTER,
                        _ => &UDP_ROUTER,
                    };
                    if known.contains(field) || BELOW_ROUTER.iter().any(|start| field.starts_with(start)) {
                        continue;
                    }
                    (format!("traefik.{protocol}.routers.{name}."), field, known)
                }
                ["services", name, field] => {
                    if SERVICE.contains(field) || BELOW_SERVICE.iter().any(|start| field.starts_with(start)) {
                        continue;
                    }
                    (format!("traefik.{protocol}.services.{name}."), field, &SERVICE)
                }
                ["middlewares", name, field] => {
                    let known: &[&str] = if *protocol == "http" { &HTTP_MIDDLEWARE } else { &TCP_MIDDLEWARE };
                    let kind = field.split(['.', '[']).next().unwrap_or_default();
                    if known.contains(&kind) {
                        continue;
                    }
                    (format!("traefik.{protocol}.middlewares.{name}."), kind, known)
                }
                ["serverstransports", ..] => continue,
                [kind, ..] if !["routers", "services", "middlewares"].contains(kind) => {
                    (format!("traefik.{protocol}."), kind, &["routers", "services", "middlewares", "serverstransports"])
                }
                // A router, service or middleware with a name and nothing else.
                _ => (format!("{key}."), "", &[]),
            };
            let meant = nearest(wrong, known).map(|near| format!("`{}{near}`", plain(set, &before)));
            drafts.push(
                Draft::new(format!(
                    "Traefik has no label `{}`, and ignores every label of the service `{service}` for it",
                    plain(set, &pair.key)
                ))
                .at(pair.key_at, "")
                .did_you_mean(meant)
                .help("correct it or take it away"),
            );
        }
    }
    drafts
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
                            .at(pair.key_at, "")
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
                    .at(pair.key_at, "")
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
