//! From differences to what is to be tried: a step is left out only when nothing that changed can touch what it looks at.

use super::change::{Cause, Differences, Touches};
use crate::lint::Facts;
use crate::record::{StepKind, StepReason, VariantReason};
use crate::scenario::Scenario;

/// A kind of step, whether a difference that touches this can affect it, and why it is not affected when none does.
type Looks = (StepKind, fn(Touches) -> bool, &'static str);

const LOOKS_AT: [Looks; 11] = [
    (StepKind::Install, |touches| touches.runs, NOTHING_RUNS),
    (StepKind::Restart, |touches| touches.runs, NOTHING_RUNS),
    (StepKind::Redeploy, |touches| touches.runs, NOTHING_RUNS),
    (StepKind::Backup, |touches| touches.data, NO_STATE),
    (StepKind::Restore, |touches| touches.data, NO_STATE),
    (StepKind::Smoke, |touches| touches.pages, NO_PAGES),
    (StepKind::Upgrade, |touches| touches.upgrade || touches.runs, NOTHING_RUNS),
    (StepKind::Rollback, |_| false, "only tried with --full"),
    (StepKind::OldBackup, |_| false, "only tried with --full"),
    (StepKind::Stress, |_| false, "only tried with --stress"),
    (StepKind::Leftovers, |touches| touches.runs, NOTHING_RUNS),
];

const NOTHING_RUNS: &str = "nothing that is deployed differs";
const NO_STATE: &str = "no service that differs keeps state or reaches one that does, and no backup label differs";
const NO_PAGES: &str = "visitors reach no service that differs";

/// Whether a step is tried only when it is asked for, whatever changed.
pub(super) fn only_when_asked(kind: StepKind) -> bool {
    matches!(kind, StepKind::Rollback | StepKind::OldBackup | StepKind::Stress)
}

/// Every kind of step, whether it can be affected, and why.
pub(super) fn steps(found: &Differences) -> Vec<StepReason> {
    let because = |causes: Vec<&Cause>| causes.into_iter().map(|cause| cause.text.clone()).collect();
    let lint = match found.files.len() {
        0 => StepReason { kind: StepKind::Lint, tried: false, because: vec!["no file differs".to_owned()] },
        count => StepReason {
            kind: StepKind::Lint,
            tried: true,
            because: vec![format!("the linter judges all files, and {count} of them differ(s)")],
        },
    };
    let mut steps = vec![lint];
    for (kind, affects, why_not) in LOOKS_AT {
        let causes: Vec<&Cause> = found.causes.iter().filter(|cause| affects(cause.touches)).collect();
        steps.push(match causes.is_empty() {
            true => StepReason { kind, tried: false, because: vec![why_not.to_owned()] },
            false => StepReason { kind, tried: true, because: because(causes) },
        });
    }
    steps
}

/// The declared variants, whether they can be affected, and why.
pub(super) fn variants(found: &Differences, scenario: &Scenario, facts: &Facts) -> Vec<VariantReason> {
    let all = found.causes.iter().find(|cause| cause.touches.runs);
    let sampled: Vec<String> =
        facts.sampled().map(|set| set.name.split(':').map(str::to_owned).collect()).unwrap_or_default();
    let one = |(name, variant): (&String, &crate::scenario::Variant)| {
        let files = if variant.compose.is_empty() { &sampled } else { &variant.compose };
        let files: Vec<&str> = files.iter().map(|file| file.trim_start_matches("./")).collect();
        let overlays = files.iter().filter(|file| !sampled.iter().any(|known| known == *file)).copied();
        let own = || files.iter().find(|file| found.files.iter().any(|changed| changed.path == **file));
        let (tried, because) = if let Some(cause) = all {
            (true, cause.text.clone())
        } else if let Some(file) = own() {
            (true, format!("its compose file {file} changed"))
        } else if let Some(why) = overlays.filter_map(|file| read_by(file, found, facts)).next() {
            (true, why)
        } else {
            (false, "nothing that it deploys differs".to_owned())
        };
        VariantReason { variant: name.clone(), tried, because }
    };
    scenario.variants.iter().map(one).collect()
}

/// Why a changed file may be a part of what an overlay deploys. It is not loaded here, so whatever it names counts.
fn read_by(overlay: &str, found: &Differences, facts: &Facts) -> Option<String> {
    let Some(text) = facts.recipe.tree.get(overlay).and_then(|file| file.text()) else {
        return Some(format!("its compose file {overlay} cannot be read"));
    };
    // A name that is put together from variables may be any.
    let any = text.lines().any(|line| line.contains("file:") && line.contains('$'));
    let is_word = |path: &str| path == "README.md" || path.starts_with("release/");
    found.files.iter().map(|file| file.path.as_str()).find_map(|path| {
        let name = path.rsplit('/').next().unwrap_or(path);
        match path {
            "abra.sh" => Some(format!("abra.sh changed, from which the names of configs in {overlay} come")),
            _ if text.contains(name) => Some(format!("its compose file {overlay} names {path}, which changed")),
            _ if any && !is_word(path) => Some(format!("its compose file {overlay} may name {path}, which changed")),
            _ => None,
        }
    })
}
