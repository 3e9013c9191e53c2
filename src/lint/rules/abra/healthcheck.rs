//! R002: every service has a healthcheck.

use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Draft, Set, Subject};
use crate::record::Level;

pub(super) const RULE: Rule = Rule {
    id: "R002",
    name: "healthcheck-missing",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "healthcheck enabled for all services",
    needs: &[],
    page: page!("R002"),
    check: Check::Set(check),
};

fn check(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let without = set.project().services().filter(|(_, service)| service.healthcheck.is_none());
    without
        .map(|(name, _)| {
            Draft::new(format!("the service `{name}` has no healthcheck"))
                .at(set.service_at(name), "no `healthcheck:` in this service")
                .help(
                    "add a `healthcheck:` whose `test:` asks the app itself, so that a deploy that broke it is noticed",
                )
        })
        .collect()
}
