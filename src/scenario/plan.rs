//! The plan of a run: which steps, in which order, and what is left out.

use crate::record::{PlannedStep, StepKind};

/// The variant that every recipe has: `COMPOSE_FILE` as sampled.
pub(super) const DEFAULT_VARIANT: &str = "default";

/// What the user asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanOptions {
    /// Only these steps, and those they rest on; all of them when empty.
    pub steps: Vec<StepKind>,
}

/// What will be tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The steps, in order.
    pub steps: Vec<PlannedStep>,
    /// What is left out, in words.
    pub left_out: Vec<String>,
}

/// The steps that this version of taster can try, in their order.
const TRIED: [StepKind; 4] = [StepKind::Install, StepKind::Restart, StepKind::Redeploy, StepKind::Leftovers];

/// The steps of the design that this version cannot try yet: they are named in every plan, so that no verdict looks wider than it is.
const NOT_YET: [StepKind; 6] =
    [StepKind::Lint, StepKind::Upgrade, StepKind::Rollback, StepKind::Backup, StepKind::Restore, StepKind::Smoke];

/// Makes the plan.
pub fn plan(options: &PlanOptions) -> Plan {
    let wanted = |kind: StepKind| {
        // Everything rests on an install.
        options.steps.is_empty() || options.steps.contains(&kind) || kind == StepKind::Install
    };
    let steps = TRIED
        .into_iter()
        .filter(|kind| wanted(*kind))
        .map(|kind| PlannedStep {
            id: format!("{}@{DEFAULT_VARIANT}", kind.word()),
            kind,
            variant: DEFAULT_VARIANT.to_owned(),
        })
        .collect();
    let mut left_out: Vec<String> = TRIED
        .into_iter()
        .filter(|kind| !wanted(*kind))
        .map(|kind| format!("{} (not asked for)", kind.word()))
        .collect();
    let not_yet: Vec<&str> = NOT_YET.iter().map(|kind| kind.word()).collect();
    left_out.push(format!("{} (not part of this version of taster)", not_yet.join(", ")));
    Plan { steps, left_out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_tried_is_named() {
        let plan = plan(&PlanOptions { steps: vec![StepKind::Restart] });
        let kinds: Vec<StepKind> = plan.steps.iter().map(|step| step.kind).collect();
        assert_eq!(kinds, [StepKind::Install, StepKind::Restart]);
        let left_out = plan.left_out.join("; ");
        for word in ["redeploy", "leftovers", "upgrade", "backup"] {
            assert!(left_out.contains(word), "{left_out}");
        }
    }
}
