//! R012: the versions of configs are kept in the recipe.

use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Draft, Set, Subject};
use crate::record::Level;

pub(super) const RULE: Rule = Rule {
    id: "R012",
    name: "config-versions-missing",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "config versions are vendored",
    needs: &[],
    page: page!("R012"),
    check: Check::Set(check),
};

fn check(subject: &Subject, set: &Set) -> Vec<Draft> {
    if subject.candidate.recipe.abra_sh.is_some() {
        return Vec::new();
    }
    let users = set.project().services().filter(|(_, service)| !service.configs.is_empty()).map(|(name, _)| name);
    let first = users.filter_map(|name| set.first(&["services", name, "configs"]).map(|found| (name, found))).next();
    let Some((service, found)) = first else { return Vec::new() };
    vec![
        Draft::new(format!("the service `{service}` uses configs, and there is no `abra.sh` to hold their versions"))
            .at(found.key, "")
            .help("add an `abra.sh` with a line `export <CONFIG>_VERSION=v1` for each config"),
    ]
}
