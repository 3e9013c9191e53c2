//! R009 and R016: the service `app`, and its deploy labels.

use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Draft, Set, Subject};
use crate::record::Level;

pub(super) const SERVICE: Rule = Rule {
    id: "R009",
    name: "app-service-missing",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "one service named 'app'",
    needs: &[],
    page: page!("R009"),
    check: Check::Set(service),
};

pub(super) const LABELS: Rule = Rule {
    id: "R016",
    name: "deploy-labels-missing",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "deploy labels stanza present",
    needs: &[],
    page: page!("R016"),
    check: Check::Set(labels),
};

fn service(_subject: &Subject, set: &Set) -> Vec<Draft> {
    if set.project().services.contains_key("app") {
        return Vec::new();
    }
    let at = set.first(&["services"]).map_or_else(|| set.whole_file(), |found| found.key);
    let similar = set.project().services().map(|(name, _)| name);
    let meant = similar
        .filter(|name| strsim::osa_distance(&name.to_lowercase(), "app") <= 1)
        .map(|name| format!("`app` instead of `{name}`"))
        .next();
    vec![
        Draft::new("no service is called `app`")
            .at(at, "")
            .did_you_mean(meant)
            .help("abra reads version, timeout and backups from the service `app`: call the main one that"),
    ]
}

fn labels(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let app = set.project().services.get("app");
    if app.is_none_or(|app| !app.deploy.labels.is_empty()) {
        return Vec::new();
    }
    let draft = Draft::new("the service `app` has no deploy labels")
        .at(set.service_at("app"), "no `deploy: labels:` in this service")
        .help("at least `coop-cloud.${STACK_NAME}.version` belongs there");
    match set.first(&["services", "app", "labels"]) {
        Some(found) => vec![draft.at(found.key, "labels of the container: neither abra nor Traefik reads them")],
        None => vec![draft],
    }
}
