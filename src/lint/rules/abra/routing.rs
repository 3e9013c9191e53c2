//! R010: Traefik routes to the recipe.

use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Draft, Set, Subject};
use crate::record::Level;

pub(super) const RULE: Rule = Rule {
    id: "R010",
    name: "traefik-not-enabled",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "traefik routing enabled",
    needs: &[],
    page: page!("R010"),
    check: Check::Set(check),
};

fn check(subject: &Subject, set: &Set) -> Vec<Draft> {
    // A recipe without a domain has no web routing (recipe-format.md §1.2).
    let Some(domain) = subject.candidate.sample.entry("DOMAIN") else { return Vec::new() };
    let enabled = |labels: &std::collections::BTreeMap<String, String>| {
        labels.get("traefik.enable").is_some_and(|value| value == "true")
    };
    if set.project().services().any(|(_, service)| enabled(&service.deploy.labels)) {
        return Vec::new();
    }
    let at = ["app"].into_iter().chain(set.project().services().map(|(name, _)| name));
    let at = at.filter_map(|name| set.first(&["services", name])).next();
    let mut draft = Draft::new("the sample has a `DOMAIN`, and no service has the deploy label `traefik.enable=true`")
        .at(at.map_or_else(|| set.whole_file(), |found| found.key), "")
        .at(subject.candidate.in_sample(domain.name_span.clone()), "so the recipe is to be reached by the web")
        .help("add the label under `deploy: labels:`, or take `DOMAIN` out of the sample");
    for (name, _) in set.project().services() {
        if let Some(label) = set.container_labels(name).into_iter().find(|label| label.key == "traefik.enable") {
            draft = draft.at(label.key_at, "a label of the container: Traefik does not read it");
        }
    }
    vec![draft]
}
