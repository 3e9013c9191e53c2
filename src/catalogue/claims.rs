//! What the README claims, and what speaks for it or against it. Scores are set by hand; a claim stays unverified until a run shows it.

use crate::record::{CatalogueRecipe, Claim, Feature, Outcome, RunSummary, StepKind, Verdict};

/// The claims of a recipe. `run` is the newest run of what the catalogue shows.
pub(super) fn claims(entry: &CatalogueRecipe, run: Option<&RunSummary>) -> Vec<Claim> {
    let features = &entry.features;
    let status = features.status.to_string();
    let all: [(Feature, &str, Option<&str>); 7] = [
        // The rules that compare a claim with the files.
        (Feature::Status, &status, Some("M607")),
        (Feature::Image, &features.image.image, Some("M605")),
        (Feature::Healthcheck, &features.healthcheck, Some("M601")),
        (Feature::Backups, &features.backups, Some("M602")),
        (Feature::Email, &features.email, None),
        (Feature::Tests, &features.tests, None),
        (Feature::Sso, &features.sso, None),
    ];
    all.into_iter()
        .filter(|(_, claimed, _)| !claimed.is_empty())
        .map(|(feature, claimed, rule)| {
            let against = rule.and_then(|rule| finding(entry, rule));
            let (verdict, reason, proof) = match (against, run) {
                (Some(message), _) => (Verdict::Contradicted, message, None),
                (None, Some(run)) => match tried(feature, claimed, entry, run) {
                    Some((verdict, reason)) => (verdict, reason, Some(run.run.clone())),
                    None => (Verdict::Unverified, String::new(), None),
                },
                (None, None) => (Verdict::Unverified, String::new(), None),
            };
            Claim { feature, claimed: claimed.to_owned(), verdict, reason, run: proof }
        })
        .collect()
}

fn finding(entry: &CatalogueRecipe, rule: &str) -> Option<String> {
    entry.lint.as_ref()?.findings.iter().find(|finding| finding.rule == rule).map(|finding| finding.message.clone())
}

/// What a run shows of a claim that something is there.
fn tried(feature: Feature, claimed: &str, entry: &CatalogueRecipe, run: &RunSummary) -> Option<(Verdict, String)> {
    if !claimed.trim().to_ascii_lowercase().starts_with("yes") {
        return None;
    }
    let outcomes = |kind| run.steps.iter().filter(move |step| step.kind == kind);
    let passed = |kind| outcomes(kind).next().is_some() && outcomes(kind).all(|step| step.outcome == Outcome::Passed);
    let failed = |kind| outcomes(kind).find(|step| step.outcome == Outcome::Failed);
    match feature {
        // That `app` has one is what the linter compares with the claim; that it turns good is what a deploy waits for.
        Feature::Healthcheck if entry.lint.is_some() && passed(StepKind::Install) => Some((
            Verdict::Verified,
            "the service `app` has a healthcheck, and it turned good after an install".to_owned(),
        )),
        Feature::Backups => {
            if let Some(step) = failed(StepKind::Backup).or_else(|| failed(StepKind::Restore)) {
                return Some((Verdict::Contradicted, format!("{} failed: {}", step.id, step.reason)));
            }
            (passed(StepKind::Backup) && passed(StepKind::Restore))
                .then(|| (Verdict::Verified, "a backup was restored after everything had been deleted".to_owned()))
        }
        _ => None,
    }
}
