//! V501: a config changed, and its name did not.

use super::compare::{pairs, push};
use crate::compose::project::FileObject;
use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Draft, Facts, Location, Set, Subject};
use crate::record::{Edit, Fix, Level, Safety};

pub(super) const RULE: Rule = Rule {
    id: "V501",
    name: "config-changed-unversioned",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::Safe,
    confidence: Confidence::Certain,
    summary: "a config that changed since the last release has a new version",
    needs: &[],
    page: page!("V501"),
    check: Check::Upgrade(check),
};

fn check(subject: &Subject, previous: &Facts) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (new, old) in pairs(subject, previous) {
        for (key, config) in &new.project().configs {
            let Some((before_key, before)) = same_name(subject, previous, new, old, key, config) else { continue };
            let Some(what) = changed(subject, previous, new, old, config, before) else { continue };
            push(&mut drafts, draft(subject, previous, new, old, (key, config), (before_key, before), &what));
        }
    }
    drafts
}

/// The config of the release before that an operator would have under the candidate's name. Versions in the sample are the operator's own:
/// raising them there does not reach anybody who has an app already.
fn same_name<'s>(
    subject: &Subject,
    previous: &Facts,
    new: &Set,
    old: &'s Set,
    key: &str,
    config: &FileObject,
) -> Option<(&'s str, &'s FileObject)> {
    if config.external {
        return None;
    }
    let name = |set: &Set, key: &str, config: &FileObject| {
        if config.name.is_empty() { format!("{}_{key}", set.stack) } else { config.name.clone() }
    };
    let mine = name(new, key, config);
    let of_old = || old.project().configs.iter().filter(|(_, before)| !before.external);
    let same = of_old().find(|(before_key, before)| name(old, before_key, before) == mine);
    let kept = || {
        let variable = version_of(new, key)?;
        let abra = subject.candidate.recipe.abra_sh.as_ref();
        let vendored = abra.is_some_and(|abra| abra.exported().iter().any(|(name, _)| *name == variable));
        let theirs = previous.sample.entry(&variable).is_some() && version_of(old, key).as_ref() == Some(&variable);
        of_old().find(|(before_key, _)| !vendored && theirs && *before_key == key)
    };
    same.or_else(kept).map(|(key, config)| (key.as_str(), config))
}

/// The variable that a config's name ends with.
fn version_of(set: &Set, key: &str) -> Option<String> {
    set.variables_at(&format!("configs.{key}.name")).last().map(|used| used.name.clone())
}

fn changed(
    subject: &Subject,
    previous: &Facts,
    new: &Set,
    old: &Set,
    config: &FileObject,
    before: &FileObject,
) -> Option<String> {
    let now = subject.candidate.recipe.tree.get(&new.path_of(&config.file))?;
    let then = previous.recipe.tree.get(&old.path_of(&before.file))?;
    match () {
        () if now.bytes != then.bytes => Some(format!("`{}` changed", config.file)),
        () if config.template_driver != before.template_driver => Some("its template driver changed".to_owned()),
        () => None,
    }
}

fn draft(
    subject: &Subject,
    previous: &Facts,
    new: &Set,
    old: &Set,
    (key, config): (&str, &FileObject),
    (_, before): (&str, &FileObject),
    what: &str,
) -> Draft {
    let release = previous.release.as_deref().unwrap_or_default();
    let message =
        format!("{what} since {release}, and the config `{key}` keeps its name: every upgrade from there is refused");
    let draft = Draft::new(message);
    let file = subject.candidate.file(new.path_of(&config.file));
    let then = previous.file(old.path_of(&before.file));
    let explained = |draft: Draft| draft.at(file.clone(), "changed").at(then.clone(), "as it was released");
    match version(subject, new, key) {
        Some(Version { at, value, in_sample: false, raised: Some(raised), exported }) => {
            let mut changes = vec![format!("configs.{key}.name")];
            changes.extend(exported.map(|variable| format!("environment.{variable}")));
            let range = at.range.clone().unwrap_or_default();
            let edit = Edit { file: at.file.clone(), start: range.start, end: range.end, replacement: raised.clone() };
            explained(draft.at(at, "the same version")).help(format!("raise it to `{raised}`")).fix(Fix {
                title: format!("raise the version of the config `{key}` from `{value}` to `{raised}`"),
                safety: Safety::Safe,
                edits: vec![edit],
                changes,
            })
        }
        Some(Version { at, in_sample: true, .. }) => {
            explained(draft.at(at, "operators have their own copy of this line"))
                .help("export the version in `abra.sh` instead, with a new value, and take it out of the sample")
        }
        Some(Version { at, .. }) => explained(draft.at(at, "the same version")).help("raise it"),
        None => {
            let at = new.first(&["configs", key]).map_or_else(|| new.whole_file(), |found| found.key);
            explained(draft.at(at, "no version in its name")).help(format!(
                "`name: ${{STACK_NAME}}_{key}_${{{upper}_VERSION}}`, and `export {upper}_VERSION=v1` in `abra.sh`",
                upper = key.replace('-', "_").to_ascii_uppercase()
            ))
        }
    }
}

/// Where a config's version is written, and the one after it.
struct Version {
    at: Location,
    value: String,
    in_sample: bool,
    raised: Option<String>,
    /// The variable that `abra.sh` exports.
    exported: Option<String>,
}

fn version(subject: &Subject, set: &Set, key: &str) -> Option<Version> {
    let facts = &subject.candidate;
    let used = set.variables_at(&format!("configs.{key}.name")).pop()?;
    let made = |at: Location, value: &str, in_sample| {
        // Only what is written exactly like that can be replaced without looking.
        let plain = facts.written(&at) == value;
        Version { at, value: value.to_owned(), in_sample, raised: next(value).filter(|_| plain), exported: None }
    };
    let exported = facts.recipe.abra_sh.as_ref().and_then(|abra| abra.variable(&used.name));
    if let Some(variable) = exported
        && let Some(value) = &variable.value
    {
        let end = variable.span.end;
        let quoted = usize::from(variable.raw.starts_with(['"', '\'']));
        let start = end.saturating_sub(variable.raw.len()) + quoted;
        let version = made(facts.location("abra.sh", start..end.saturating_sub(quoted)), value, false);
        return Some(Version { exported: Some(used.name.clone()), ..version });
    }
    if let Some(entry) = facts.sample.entry(&used.name) {
        return Some(made(facts.in_sample(entry.value_span.clone()), &entry.value, true));
    }
    let operand = used.operand.as_deref()?;
    let mut at = set.location(used.span);
    let end = at.range.as_ref()?.end.checked_sub(1)?;
    at.range = Some(end.checked_sub(operand.len())?..end);
    Some(made(at, operand, false))
}

/// `v4` after `v3`.
fn next(value: &str) -> Option<String> {
    let digits = value.len() - value.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let (stem, number) = value.split_at(value.len() - digits);
    Some(format!("{stem}{}", number.parse::<u64>().ok()?.checked_add(1)?))
}
