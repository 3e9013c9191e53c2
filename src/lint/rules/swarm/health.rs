//! S120 and S121: durations that abra refuses, and healthchecks that kill a database at its first boot (lesson 14).

use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Draft, Set, Subject};
use crate::record::Level;

use std::time::Duration;

use crate::lint::database::Database;
use crate::lint::rules::place;

pub(super) const VARIABLE: Rule = Rule {
    id: "S120",
    name: "variable-in-duration",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "durations of a service are written out, not taken from variables",
    needs: &[],
    page: page!("S120"),
    check: Check::Set(variable),
};
pub(super) const START: Rule = Rule {
    id: "S121",
    name: "start-period-short",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "a database has a minute for its first boot before its healthcheck kills it",
    needs: &[],
    page: page!("S121"),
    check: Check::Set(start),
};

/// Values that the format wants as a duration, below a service.
const DURATIONS: [&str; 11] = [
    "healthcheck.interval",
    "healthcheck.timeout",
    "healthcheck.start_period",
    "healthcheck.start_interval",
    "stop_grace_period",
    "deploy.update_config.delay",
    "deploy.update_config.monitor",
    "deploy.rollback_config.delay",
    "deploy.rollback_config.monitor",
    "deploy.restart_policy.delay",
    "deploy.restart_policy.window",
];

/// What a database may need on a slow disk to make its files; the entrypoints of the official images restart the server once.
const FIRST_BOOT: Duration = Duration::from_secs(60);

fn variable(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let durations = set.loaded.variables.iter().filter_map(|used| {
        let below = used.path.strip_prefix("services.")?;
        let key = DURATIONS.iter().find(|key| below.ends_with(&format!(".{key}")))?;
        Some((used, below.strip_suffix(key)?.trim_end_matches('.'), key))
    });
    durations
        .map(|(used, service, key)| {
            Draft::new(format!("`{key}` of the service `{service}` comes from the variable `{}`", used.name))
                .at(set.location(used.span), "")
                .help("write the value out, or put the other value into an overlay: recipes report that abra checks it before it fills variables in")
        })
        .collect()
}

fn start(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (name, service) in set.project().services() {
        let Some((database, check)) = Database::of(service).zip(service.healthcheck.as_ref()) else { continue };
        if check.disable || check.test.is_empty() || check.test == ["NONE"] {
            continue;
        }
        // The engine's defaults: every 30 s, 3 times, no start period.
        let interval = check.interval.filter(|interval| !interval.is_zero()).unwrap_or(Duration::from_secs(30));
        let retries = check.retries.filter(|retries| *retries > 0).unwrap_or(3);
        let grace = check.start_period.unwrap_or_default();
        let until_killed = grace.as_secs_f64() + interval.as_secs_f64() * retries as f64;
        if until_killed < FIRST_BOOT.as_secs_f64() {
            drafts.push(
                Draft::new(format!(
                    "{} in the service `{name}` has {until_killed:.0} s for its first boot, then its healthcheck kills it: start period \
                     {:.0} s + {retries} × {:.0} s",
                    database.name(),
                    grace.as_secs_f64(),
                    interval.as_secs_f64()
                ))
                .at(place::key(set, &["services", name, "healthcheck", "start_period"]), "")
                .help("write `start_period: 1m` or more: a check that succeeds earlier ends it, so it costs nothing"),
            );
        }
    }
    drafts
}
