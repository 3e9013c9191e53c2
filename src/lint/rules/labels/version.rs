//! L225 to L227: what abra reads from the labels of `app`.

use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Draft, Set, Subject};
use crate::record::Level;

use crate::lint::Pair;
use crate::lint::rules::place;
use crate::recipe::Version;

pub(super) const MISSING: Rule = Rule {
    id: "L225",
    name: "version-label-missing",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "the service app has the label coop-cloud.${STACK_NAME}.version",
    needs: &[],
    page: page!("L225"),
    check: Check::Set(missing),
};
pub(super) const MALFORMED: Rule = Rule {
    id: "L226",
    name: "version-label-malformed",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "the version label reads x.y.z+upstream",
    needs: &[],
    page: page!("L226"),
    check: Check::Set(malformed),
};
pub(super) const TIMEOUT: Rule = Rule {
    id: "L227",
    name: "timeout-label-malformed",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "the timeout label is a whole number of seconds",
    needs: &[],
    page: page!("L227"),
    check: Check::Set(timeout),
};

fn label<'s>(set: &'s Set, name: &str) -> Option<&'s Pair> {
    let key = format!("coop-cloud.{}.{name}", set.stack);
    set.deploy_labels("app").iter().rev().find(|pair| pair.key == key)
}

fn missing(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let app = set.project().services.get("app");
    // No label at all is R016's, a misspelt one L205's, one of the container L201's.
    let meant = |key: &str| key.contains("coop") && key.ends_with("version");
    let elsewhere = app.is_some_and(|app| app.deploy.labels.keys().chain(app.labels.keys()).any(|key| meant(key)));
    if app.is_none_or(|app| app.deploy.labels.is_empty()) || elsewhere {
        return Vec::new();
    }
    vec![
        Draft::new("the service `app` has no version label: abra cannot tell which version is deployed")
            .at(place::key(set, &["services", "app", "deploy", "labels"]), "")
            .help("add the label `coop-cloud.${STACK_NAME}.version=1.0.0+<tag of the image>`"),
    ]
}

fn malformed(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let Some(pair) = label(set, "version") else { return Vec::new() };
    let value = pair.value.clone().unwrap_or_default();
    let Err(error) = Version::parse(&value) else { return Vec::new() };
    let without = value.strip_prefix(['v', 'V']).filter(|rest| Version::parse(rest).is_ok());
    vec![
        Draft::new(format!("the version label `{value}` is no version: {error}"))
            .at(pair.value_at.clone(), "")
            .did_you_mean(without.map(|version| format!("`{version}`")))
            .help("write the recipe's own three numbers, `+`, and the tag of the image of `app`"),
    ]
}

fn timeout(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let Some(pair) = label(set, "timeout") else { return Vec::new() };
    let value = pair.value.clone().unwrap_or_default();
    if value.parse::<u32>().is_ok_and(|seconds| seconds > 0) {
        return Vec::new();
    }
    vec![
        Draft::new(format!("the timeout label `{value}` is no whole number of seconds"))
            .at(pair.value_at.clone(), "")
            .help("write `coop-cloud.${STACK_NAME}.timeout=${TIMEOUT:-120}`: abra waits that long for the deploy"),
    ]
}
