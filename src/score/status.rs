//! The status by the commons' own scale, as measured (recipe-format.md §1.3).

use crate::record::RungState::{Missing, Satisfied, Unknown};
use crate::record::{Claim, Feature, MeasuredStatus, Outcome, RungDemand, RungState, StepKind, StepResult, Verdict};

/// The status that runs and files show: 5 = everything in 4 and SSO; 4 = upstream image, backups, email, healthcheck, tests; 3 = one or
/// two of those missing; 2 = three or four missing, or no upstream image; 1 = none of them; 0 = it does not install. What nobody showed
/// counts as missing here, and is told as unknown. `None` when no install came to an end.
pub fn measured_status(steps: &[StepResult], claims: &[Claim], image_rating: &str) -> Option<MeasuredStatus> {
    let of = |kind: StepKind| steps.iter().filter(move |step| step.kind == kind);
    let passed = |kind| of(kind).any(|step| step.outcome == Outcome::Passed);
    let failed = |kind| of(kind).any(|step| step.outcome == Outcome::Failed);
    let reason = |state: RungState, text: String| RungDemand { state, text, steps: Vec::new() };
    if !passed(StepKind::Install) {
        let reasons = vec![reason(Missing, "it does not install".to_owned())];
        return failed(StepKind::Install).then_some(MeasuredStatus { status: 0, reasons });
    }
    let verdict = |feature| claims.iter().find(|claim| claim.feature == feature).map(|claim| claim.verdict);
    let claimed = |feature, name: &str| match verdict(feature) {
        Some(Verdict::Verified) => reason(Satisfied, format!("{name}: shown by a run")),
        Some(Verdict::Contradicted) => reason(Missing, format!("{name}: claimed, and contradicted")),
        Some(Verdict::Unverified) => reason(Unknown, format!("{name}: nothing has shown it")),
        None => reason(Unknown, format!("{name}: not claimed, and nothing has shown it")),
    };
    let tried = |kinds: &[StepKind], name: &str, how: &str| match kinds {
        kinds if kinds.iter().any(|kind| failed(*kind)) => reason(Missing, format!("{name}: {how} failed")),
        kinds if kinds.iter().all(|kind| passed(*kind)) => reason(Satisfied, format!("{name}: {how} passed")),
        _ => reason(Unknown, format!("{name}: {how} did not come to a result")),
    };
    let image = match (verdict(Feature::Image), image_rating.trim()) {
        (Some(Verdict::Contradicted), _) => {
            reason(Missing, "upstream image: claimed, and contradicted by the files".to_owned())
        }
        (_, "3" | "4") => reason(Satisfied, "upstream image: the README says so, and the files agree".to_owned()),
        _ => reason(Missing, "upstream image: the README does not say that the image is upstream's".to_owned()),
    };
    let reasons = vec![
        image,
        tried(&[StepKind::Backup, StepKind::Restore], "backups", "a backup and its restore"),
        claimed(Feature::Email, "email"),
        claimed(Feature::Healthcheck, "healthcheck"),
        tried(&[StepKind::Smoke], "tests", "the smoke test in a browser"),
        claimed(Feature::Sso, "SSO"),
    ];
    let held = |reason: &RungDemand| reason.state == Satisfied;
    let (upstream, sso) = (held(&reasons[0]), held(&reasons[5]));
    let status = match reasons[..5].iter().filter(|reason| !held(reason)).count() {
        0 if sso => 5,
        0 => 4,
        5 => 1,
        1 | 2 if upstream => 3,
        _ => 2,
    };
    Some(MeasuredStatus { status, reasons })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(kinds: &[(StepKind, Outcome)], verified: &[Feature], rating: &str) -> Option<u8> {
        let steps: Vec<StepResult> =
            kinds.iter().map(|(kind, outcome)| StepResult::new(kind.word(), *kind, "default", *outcome)).collect();
        let claim = |feature: &Feature| Claim {
            feature: *feature,
            claimed: "Yes".into(),
            verdict: Verdict::Verified,
            reason: String::new(),
            run: None,
        };
        let claims: Vec<Claim> = verified.iter().map(claim).collect();
        measured_status(&steps, &claims, rating).map(|measured| measured.status)
    }

    #[test]
    fn the_scale_is_that_of_the_commons() {
        use Outcome::{Errored, Failed, Passed};
        use StepKind::{Backup, Install, Restore, Smoke};
        let all = [(Install, Passed), (Backup, Passed), (Restore, Passed), (Smoke, Passed)];
        let features = [Feature::Email, Feature::Healthcheck, Feature::Sso];
        assert_eq!(status(&all, &features, "4"), Some(5));
        assert_eq!(status(&all, &features[..2], "4"), Some(4));
        assert_eq!(status(&all, &[Feature::Healthcheck], "4"), Some(3), "email is missing");
        assert_eq!(status(&all, &[], "3"), Some(3), "two are missing");
        assert_eq!(status(&all, &features[..2], "1"), Some(2), "no upstream image");
        assert_eq!(status(&all[..1], &[Feature::Healthcheck], "4"), Some(2), "three are missing");
        assert_eq!(status(&all[..1], &[], "1"), Some(1));
        assert_eq!(status(&[(Install, Failed)], &features, "4"), Some(0));
        assert_eq!(status(&[(Install, Errored)], &features, "4"), None, "nothing is known");
        let failed = [(Install, Passed), (Backup, Passed), (Restore, Failed), (Smoke, Passed)];
        assert_eq!(status(&failed, &features, "4"), Some(3), "the backup cannot be restored");
    }
}
