//! The plan of a run: which steps, in which order, and what is left out.

use super::Scenario;
use crate::record::{PlannedStep, StepKind};

/// The variant that every recipe has: `COMPOSE_FILE` as sampled.
pub const DEFAULT_VARIANT: &str = "default";

/// Before the name of an overlay that nothing declares: the name of a variant that taster guesses. It informs, and counts for no level.
pub const GUESSED: &str = "guessed:";

/// Whether a variant of this name is a guess.
pub fn is_guess(variant: &str) -> bool {
    variant.starts_with(GUESSED)
}

/// What the user asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanOptions {
    /// Only these steps, and those they rest on; all of them when empty.
    pub steps: Vec<StepKind>,
    /// Only these variants beside the sampled one; all that the scenario declares when empty.
    pub variants: Vec<String>,
    /// Not these steps, and why not.
    pub without: Vec<(StepKind, String)>,
    /// Everything, however long it takes.
    pub full: bool,
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
const TRIED: [StepKind; 9] = [
    StepKind::Lint,
    StepKind::Install,
    StepKind::Restart,
    StepKind::Redeploy,
    StepKind::Backup,
    StepKind::Restore,
    StepKind::Smoke,
    StepKind::Upgrade,
    StepKind::Leftovers,
];

/// The steps of the design that this version cannot try yet: they are named in every plan, so that no verdict looks wider than it is.
const NOT_YET: [StepKind; 1] = [StepKind::Rollback];

/// What a plan is made from beside what the user asked for.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// What to call the candidate.
    pub candidate: &'a str,
    /// The release that it is upgraded from, if there is one.
    pub from: Option<&'a str>,
    /// What is known about the recipe.
    pub scenario: &'a Scenario,
}

/// Makes the plan. Each declared variant is installed once the sampled one has shown all it has.
pub fn plan(options: &PlanOptions, known: Known<'_>) -> Plan {
    let wanted = |kind: StepKind| {
        if options.without.iter().any(|(without, _)| *without == kind) {
            return false;
        }
        // Everything on a node rests on an install, which lint does without; what is restored was backed up.
        let rests_on_it = kind == StepKind::Install && options.steps != [StepKind::Lint]
            || kind == StepKind::Backup && options.steps.contains(&StepKind::Restore);
        options.steps.is_empty() || options.steps.contains(&kind) || rests_on_it
    };
    let planned = |kind: StepKind, variant: &str| PlannedStep {
        id: match (kind, known.from) {
            (StepKind::Upgrade, Some(from)) => format!("upgrade:{from}→{}@{variant}", known.candidate),
            _ => format!("{}@{variant}", kind.word()),
        },
        kind,
        variant: variant.to_owned(),
    };
    let mut steps = Vec::new();
    let mut left_out = Vec::new();
    for kind in TRIED {
        if kind == StepKind::Leftovers {
            for name in known.scenario.variants.keys() {
                let chosen = options.variants.is_empty() || options.variants.contains(name);
                if chosen && (options.steps.is_empty() || options.steps.contains(&StepKind::Install)) {
                    steps.push(planned(StepKind::Install, name));
                } else {
                    left_out.push(format!("install@{name} (not asked for)"));
                }
            }
        }
        if wanted(kind) {
            steps.push(planned(kind, DEFAULT_VARIANT));
        } else {
            let why = options.without.iter().find(|(without, _)| *without == kind);
            left_out.push(format!("{} ({})", kind.word(), why.map_or("not asked for", |(_, why)| why)));
        }
    }
    let not_yet: Vec<&str> = NOT_YET.iter().map(|kind| kind.word()).collect();
    left_out.push(format!("{} (not part of this version of taster)", not_yet.join(", ")));
    Plan { steps, left_out }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(scenario: &Scenario) -> Known<'_> {
        Known { candidate: "abc", from: Some("1.0.0+1.0"), scenario }
    }

    #[test]
    fn what_is_not_tried_is_named() {
        let options = PlanOptions { steps: vec![StepKind::Restart], ..PlanOptions::default() };
        let plan = plan(&options, known(&Scenario::default()));
        let kinds: Vec<StepKind> = plan.steps.iter().map(|step| step.kind).collect();
        assert_eq!(kinds, [StepKind::Install, StepKind::Restart]);
        let left_out = plan.left_out.join("; ");
        for word in ["redeploy", "leftovers", "upgrade", "backup", "rollback"] {
            assert!(left_out.contains(word), "{left_out}");
        }
    }

    #[test]
    fn lint_comes_first_and_needs_no_install() {
        let kinds = |steps: Vec<StepKind>| -> Vec<StepKind> {
            let options = PlanOptions { steps, ..PlanOptions::default() };
            plan(&options, known(&Scenario::default())).steps.iter().map(|step| step.kind).collect()
        };
        assert_eq!(kinds(vec![StepKind::Lint]), [StepKind::Lint]);
        assert_eq!(kinds(vec![StepKind::Restart, StepKind::Lint])[..2], [StepKind::Lint, StepKind::Install]);
        assert_eq!(kinds(Vec::new())[..2], [StepKind::Lint, StepKind::Install]);
    }

    #[test]
    fn what_is_restored_was_backed_up() {
        let options = PlanOptions { steps: vec![StepKind::Restore], ..PlanOptions::default() };
        let steps = plan(&options, known(&Scenario::default())).steps;
        let kinds: Vec<StepKind> = steps.iter().map(|step| step.kind).collect();
        assert_eq!(kinds, [StepKind::Install, StepKind::Backup, StepKind::Restore]);
    }

    #[test]
    fn an_upgrade_and_every_declared_variant_have_ids_of_their_own() {
        let scenario = Scenario::parse("t", "[variants.smtp]\ncompose = [\"compose.yml\"]\n[variants.sso]\n").unwrap();
        let ids = |options: &PlanOptions| -> Vec<String> {
            plan(options, known(&scenario)).steps.into_iter().map(|step| step.id).collect()
        };
        let all = ids(&PlanOptions::default());
        for id in ["install@default", "upgrade:1.0.0+1.0→abc@default", "install@smtp", "install@sso"] {
            assert!(all.iter().any(|known| known == id), "{all:?}");
        }
        assert_eq!(all.last().map(String::as_str), Some("leftovers@default"));
        let one = PlanOptions { variants: vec!["sso".to_owned()], ..PlanOptions::default() };
        assert!(!ids(&one).contains(&"install@smtp".to_owned()) && ids(&one).contains(&"install@sso".to_owned()));
    }

    #[test]
    fn what_is_ruled_out_is_named_with_its_reason() {
        let without = vec![(StepKind::Smoke, "no browser".to_owned())];
        let plan = plan(&PlanOptions { without, ..PlanOptions::default() }, known(&Scenario::default()));
        assert!(plan.steps.iter().all(|step| step.kind != StepKind::Smoke));
        assert!(plan.left_out.contains(&"smoke (no browser)".to_owned()), "{:?}", plan.left_out);
    }
}
