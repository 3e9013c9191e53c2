//! L201: labels of the container, which nobody reads.

use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Draft, Pair, Set, Subject};
use crate::record::Level;

pub(super) const RULE: Rule = Rule {
    id: "L201",
    name: "service-labels-unread",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::Safe,
    confidence: Confidence::Certain,
    summary: "labels for Traefik, backup-bot and abra stand under `deploy:`",
    needs: &[],
    page: page!("L201"),
    check: Check::Set(check),
};

/// What labels of the three begin with, and who does not read them.
const READERS: [(&str, &str); 3] = [("traefik.", "Traefik"), ("backupbot.", "backup-bot"), ("coop-cloud.", "abra")];

fn check(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (name, service) in set.project().services() {
        let labels = set.container_labels(name);
        let of = |pair: &Pair, prefix: &str| {
            pair.key.to_lowercase().starts_with(prefix) && !service.deploy.labels.contains_key(&pair.key)
        };
        let all: Vec<Pair> =
            labels.iter().filter(|pair| READERS.iter().any(|(prefix, _)| of(pair, prefix))).cloned().collect();
        // One fix for all of a service: they may share the lines around them.
        let fix = super::moving::fix(set, name, &all);
        for (prefix, reader) in READERS {
            let unread: Vec<_> = labels.iter().filter(|pair| of(pair, prefix)).collect();
            let Some(first) = unread.first() else { continue };
            let count = unread.len();
            let labels = if count == 1 { "label".to_owned() } else { format!("{count} labels") };
            let mut draft =
                Draft::new(format!("{reader} does not read the {labels} `{prefix}…` of the service `{name}`"))
                    .at(first.key_at.clone(), "a label of the container")
                    .help("move it under `deploy:`, where the labels of the swarm service stand");
            if let Some(found) = set.last(&["services", name, "deploy"]) {
                draft = draft.at(found.key, "labels of the service belong here");
            }
            draft.fix = fix.clone();
            drafts.push(draft);
        }
    }
    drafts
}
