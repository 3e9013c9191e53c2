//! The plan of a run: which steps, in which order, and what is left out.

use super::{Route, Scenario};
use crate::record::{HopKind, PlannedHop, PlannedStep, StepKind};

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
    /// The user named these steps: they are tried although the scenario declares them, or what they rest on, as skipped.
    pub named: bool,
    /// Only these variants beside the sampled one; all that the scenario declares when empty.
    pub variants: Vec<String>,
    /// Not these steps, and why not.
    pub without: Vec<(StepKind, String)>,
    /// Everything that there is to try: however long it takes: the whole chain of upgrades with its skips, the way back, guesses, sabotage.
    pub full: bool,
    /// The whole chain of upgrades with its skips.
    pub chain: bool,
    /// An install on a node that is short of processor and disk as well.
    pub stress: bool,
    /// No upgrade may skip releases, and why not.
    pub no_skips: Option<String>,
}

/// What will be tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The steps, in order.
    pub steps: Vec<PlannedStep>,
    /// What is left out, in words.
    pub left_out: Vec<String>,
}

/// What a plan is made from beside what the user asked for.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// What to call the candidate.
    pub candidate: &'a str,
    /// The release that it is upgraded from, if there is one.
    pub from: Option<&'a str>,
    /// The way there from older releases.
    pub route: &'a Route,
    /// What is known about the recipe.
    pub scenario: &'a Scenario,
}

/// Makes the plan. Each declared variant is installed once the sampled one has shown all it has.
pub fn plan(options: &PlanOptions, known: Known<'_>) -> Plan {
    let mut plan = Plan { steps: Vec::new(), left_out: Vec::new() };
    for kind in StepKind::IN_ORDER {
        if kind == StepKind::Stress {
            plan.variants(options, known);
        }
        if !options.wants(kind) {
            let why = options.without.iter().find(|(without, _)| *without == kind);
            let why = match why {
                Some((_, why)) => why,
                None if kind == StepKind::Stress && options.steps.is_empty() => "with --stress",
                None if is_long(kind) && options.steps.is_empty() => "with --full",
                None => "not asked for",
            };
            plan.left_out.push(format!("{} ({why})", kind.word()));
        } else if kind == StepKind::Upgrade {
            plan.upgrades(options, known);
        } else if kind == StepKind::OldBackup {
            plan.old_backup(known);
        } else {
            plan.add(kind, DEFAULT_VARIANT, None);
        }
        if kind == StepKind::Rollback && options.wants(StepKind::Upgrade) {
            plan.skips(options, known);
        }
    }
    if !options.named {
        for step in &mut plan.steps {
            step.skip = known.scenario.skip.why(step.kind);
        }
    }
    plan
}

/// Whether a step takes too long for every pull request.
fn is_long(kind: StepKind) -> bool {
    matches!(kind, StepKind::Rollback | StepKind::OldBackup)
}

impl PlanOptions {
    fn wants(&self, kind: StepKind) -> bool {
        if self.without.iter().any(|(without, _)| *without == kind) {
            return false;
        }
        if kind == StepKind::Stress && self.stress {
            return true;
        }
        if self.steps.is_empty() {
            return kind != StepKind::Stress && (self.full || !is_long(kind));
        }
        let asked = |kind| self.steps.contains(&kind);
        // Everything on a node rests on an install, which lint does without; what is restored was backed up, and back leads only what
        // went ahead.
        let rests_on_it = match kind {
            StepKind::Install => self.steps != [StepKind::Lint] || self.stress,
            StepKind::Backup => asked(StepKind::Restore),
            StepKind::Upgrade => asked(StepKind::Rollback) || asked(StepKind::OldBackup),
            _ => false,
        };
        asked(kind) || rests_on_it
    }
}

impl Plan {
    fn add(&mut self, kind: StepKind, variant: &str, hop: Option<PlannedHop>) {
        let id = match &hop {
            Some(hop) => format!("{}:{}→{}@{variant}", kind.word(), hop.from, hop.to),
            None => format!("{}@{variant}", kind.word()),
        };
        self.steps.push(PlannedStep { id, kind, variant: variant.to_owned(), hop, skip: None });
    }

    fn variants(&mut self, options: &PlanOptions, known: Known<'_>) {
        for name in known.scenario.variants.keys() {
            let chosen = options.variants.is_empty() || options.variants.contains(name);
            if chosen && (options.steps.is_empty() || options.steps.contains(&StepKind::Install)) {
                self.add(StepKind::Install, name, None);
            } else {
                self.left_out.push(format!("install@{name} (not asked for)"));
            }
        }
    }

    /// The newest release, or all of them in a row; without one there is still a step that says so.
    fn upgrades(&mut self, options: &PlanOptions, known: Known<'_>) {
        let chain = known.route.chain(known.candidate);
        let is_whole = options.full || options.chain;
        if is_whole && !chain.is_empty() {
            self.left_out.extend(known.route.left_out.clone());
            for hop in chain {
                self.add(StepKind::Upgrade, DEFAULT_VARIANT, Some(hop));
            }
            return;
        }
        if let Some(oldest) = chain.iter().find(|hop| hop.kind == HopKind::Chain) {
            self.left_out.push(format!("upgrades from {} on (with --full, or --from all)", oldest.from));
        }
        let newest = known.from.map(|from| PlannedHop {
            from: from.to_owned(),
            to: known.candidate.to_owned(),
            kind: HopKind::Newest,
        });
        self.add(StepKind::Upgrade, DEFAULT_VARIANT, newest);
    }

    /// A backup of the newest release, restored into the candidate. Without an earlier release there is none.
    fn old_backup(&mut self, known: Known<'_>) {
        let Some(from) = known.from else { return };
        let (from, to) = (from.to_owned(), known.candidate.to_owned());
        self.add(StepKind::OldBackup, DEFAULT_VARIANT, Some(PlannedHop { from, to, kind: HopKind::Newest }));
    }

    fn skips(&mut self, options: &PlanOptions, known: Known<'_>) {
        if !options.full && !options.chain {
            return;
        }
        let skips = known.route.skips(known.candidate);
        if let Some(why) = options.no_skips.as_ref().filter(|_| !skips.is_empty()) {
            self.left_out.push(format!("upgrades that skip releases ({why})"));
            return;
        }
        for hop in skips {
            self.add(StepKind::Upgrade, DEFAULT_VARIANT, Some(hop));
        }
        if !known.route.stops().is_empty() {
            self.left_out.push(format!("upgrades past {} (declared stops)", known.route.stops().join(", ")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(scenario: &Scenario) -> Known<'_> {
        static NOWHERE: std::sync::LazyLock<Route> = std::sync::LazyLock::new(Route::default);
        Known { candidate: "abc", from: Some("1.0.0+1.0"), route: &NOWHERE, scenario }
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
    fn a_full_plan_goes_the_whole_way_and_back_and_each_step_has_an_id_of_its_own() {
        let releases: Vec<crate::recipe::Release> = ["1.0.0+1", "1.1.0+1", "2.0.0+2"]
            .map(|version| crate::recipe::Release {
                version: crate::recipe::Version::parse(version).unwrap(),
                tag: version.to_owned(),
                annotated: true,
                tagged_at: None,
                commit: String::new(),
                message: String::new(),
            })
            .into();
        let scenario = Scenario::default();
        let route = Route::choose(&releases, &releases, &scenario.upgrade, jiff::Timestamp::UNIX_EPOCH).unwrap();
        let known = Known { candidate: "abc", from: Some("2.0.0+2"), route: &route, scenario: &scenario };
        let ids = |options: &PlanOptions| -> Vec<String> {
            let steps = plan(options, known).steps.into_iter();
            steps.filter(|step| step.hop.is_some() || step.kind == StepKind::Rollback).map(|step| step.id).collect()
        };
        let hops = ["1.0.0+1→1.1.0+1", "1.1.0+1→2.0.0+2", "2.0.0+2→abc"].map(|hop| format!("upgrade:{hop}@default"));
        let skips = ["1.0.0+1→abc", "1.1.0+1→abc"].map(|hop| format!("upgrade:{hop}@default"));
        let full = ids(&PlanOptions { full: true, ..PlanOptions::default() });
        let old_backup = "old-backup:2.0.0+2→abc@default".to_owned();
        assert_eq!(
            full,
            [&hops[..], &["rollback@default".to_owned()], &skips, std::slice::from_ref(&old_backup)].concat()
        );
        let chain = ids(&PlanOptions { chain: true, steps: vec![StepKind::Upgrade], ..PlanOptions::default() });
        assert_eq!(chain, [&hops[..], &skips].concat());
        assert_eq!(ids(&PlanOptions::default()), hops[2..]);
        let left_out = plan(&PlanOptions::default(), known).left_out;
        assert!(left_out.contains(&"upgrades from 1.0.0+1 on (with --full, or --from all)".to_owned()), "{left_out:?}");
        assert!(left_out.contains(&"rollback (with --full)".to_owned()), "{left_out:?}");
        let back = ids(&PlanOptions { steps: vec![StepKind::Rollback], ..PlanOptions::default() });
        assert_eq!(back, [hops[2].clone(), "rollback@default".to_owned()]);
        let old = ids(&PlanOptions { steps: vec![StepKind::OldBackup], ..PlanOptions::default() });
        assert_eq!(old, [hops[2].clone(), old_backup]);
        for words in ["old-backup (with --full)", "stress (with --stress)"] {
            assert!(left_out.contains(&words.to_owned()), "{left_out:?}");
        }
        let no_skips = Some("no copies there".to_owned());
        let without = PlanOptions { full: true, no_skips, ..PlanOptions::default() };
        assert_eq!(ids(&without).len(), 5);
        assert!(plan(&without, known).left_out.iter().any(|words| words.contains("no copies there")));
    }

    #[test]
    fn stress_comes_only_when_it_is_asked_for_and_before_everything_is_removed() {
        let ids = |options: &PlanOptions| -> Vec<String> {
            plan(options, known(&Scenario::default())).steps.into_iter().map(|step| step.id).collect()
        };
        assert!(!ids(&PlanOptions { full: true, ..PlanOptions::default() }).contains(&"stress@default".to_owned()));
        let stress = ids(&PlanOptions { stress: true, ..PlanOptions::default() });
        assert_eq!(stress[stress.len() - 2..], ["stress@default", "leftovers@default"]);
        let only = PlanOptions { steps: vec![StepKind::Stress], ..PlanOptions::default() };
        assert_eq!(ids(&only), ["install@default", "stress@default"]);
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
