//! What each rung asks for, one function for each (design.md §3.3). Words and data come from the same place.

use super::level::Measured;
use super::standing::{HALF_MONTHS, Standing};
use super::steps::{hop, newest_hop};
use crate::record::RungState::{Missing, Satisfied, Unknown};
use crate::record::{Outcome, RungDemand, RungState, StepKind, StepResult};

/// Half-months of the last [`HALF_MONTHS`] in which level 5 must have held.
const GOOD_HALF_MONTHS: usize = 20;

/// The stability that level 8 asks for.
const STABLE: f64 = 80.0;

fn demand(state: RungState, text: impl Into<String>) -> RungDemand {
    RungDemand { state, text: text.into(), steps: Vec::new() }
}

fn of<'r>(run: Measured<'r>, kind: StepKind) -> Vec<&'r StepResult> {
    run.steps.iter().filter(|step| step.kind == kind).collect()
}

/// What one step says to a rung.
fn one(step: &StepResult, standing: &Standing) -> RungDemand {
    let id = &step.id;
    let why = if step.reason.is_empty() { String::new() } else { format!(": {}", step.reason) };
    let (state, text) = match step.outcome {
        Outcome::Passed if step.flaky => (Satisfied, format!("{id} passed when it was tried again")),
        Outcome::Passed => (Satisfied, format!("{id} passed")),
        Outcome::Failed => (Missing, format!("{id} failed{why}")),
        Outcome::Skipped if step.structural => (Satisfied, format!("{id} does not apply{why}")),
        Outcome::Skipped if standing.waived.contains(&step.kind) => {
            (Satisfied, format!("{id} is declared as skipped, and the commons accepts it{why}"))
        }
        // A recipe cannot award itself a level.
        Outcome::Skipped => (Unknown, format!("{id} is declared as skipped, which proves nothing{why}")),
        // Blocked by a failure shows on the rung of that failure; blocked by an error is unmeasured.
        Outcome::Blocked => (Unknown, format!("{id} was blocked{why}")),
        Outcome::Errored => (Unknown, format!("{id} could not be measured{why}")),
    };
    RungDemand { state, text, steps: vec![id.clone()] }
}

fn each(steps: &[&StepResult], kind: StepKind, standing: &Standing) -> Vec<RungDemand> {
    if steps.is_empty() {
        return vec![demand(Unknown, format!("{} was not tried", kind.word()))];
    }
    steps.iter().map(|step| one(step, standing)).collect()
}

/// 1: some variant installs.
pub(super) fn some_install(run: Measured<'_>, standing: &Standing) -> Vec<RungDemand> {
    let installs = of(run, StepKind::Install);
    if let Some(step) = installs.iter().find(|step| step.outcome == Outcome::Passed) {
        return vec![one(step, standing)];
    }
    let mut all = each(&installs, StepKind::Install, standing);
    // One that could not be measured might have installed, and what was skipped, for whatever reason, has not shown that it does.
    let open = |demand: &mut RungDemand| {
        if demand.state == Satisfied {
            demand.state = Unknown;
        }
        demand.state == Unknown
    };
    let unknown: Vec<RungDemand> = all.iter_mut().filter_map(|demand| open(demand).then(|| demand.clone())).collect();
    if unknown.is_empty() { all } else { unknown }
}

/// 2: the sampled and every declared variant installs; a restart and a redeploy change nothing.
pub(super) fn all_install(run: Measured<'_>, standing: &Standing) -> Vec<RungDemand> {
    let mut demands = Vec::new();
    for kind in [StepKind::Install, StepKind::Restart, StepKind::Redeploy] {
        demands.extend(each(&of(run, kind), kind, standing));
    }
    let installs = of(run, StepKind::Install);
    let untried = run.variants.iter().filter(|name| installs.iter().all(|step| step.variant != **name));
    demands.extend(untried.map(|name| demand(Unknown, format!("the variant {name} was not tried"))));
    demands
}

/// 3: upgraded from the newest release.
pub(super) fn upgraded(run: Measured<'_>, standing: &Standing) -> Vec<RungDemand> {
    each(&newest_hop(&of(run, StepKind::Upgrade), |step| &step.id), StepKind::Upgrade, standing)
}

/// 4: everything that was written came back.
pub(super) fn restored(run: Measured<'_>, standing: &Standing) -> Vec<RungDemand> {
    let of_kind = |kind| each(&of(run, kind), kind, standing);
    of_kind(StepKind::Backup).into_iter().chain(of_kind(StepKind::Restore)).collect()
}

/// 5: no error of the linter.
pub(super) fn no_lint_errors(run: Measured<'_>, standing: &Standing) -> Vec<RungDemand> {
    each(&of(run, StepKind::Lint), StepKind::Lint, standing)
}

/// 6: in an organisation of the community, with a licence.
pub(super) fn community(standing: &Standing) -> Vec<RungDemand> {
    vec![
        match standing.community {
            Some(true) => demand(Satisfied, "it is in a community organisation of the commons"),
            Some(false) => demand(Missing, "it is in no community organisation of the commons"),
            None => demand(
                Unknown,
                "the commons names no community organisation (`community` under [catalogue] in taster.toml), or nobody told where the recipe lives",
            ),
        },
        match standing.licence {
            Some(true) => demand(Satisfied, "it has a licence"),
            Some(false) => demand(Missing, "it has no file with a licence"),
            None => demand(Unknown, "its files were not looked at for a licence"),
        },
    ]
}

/// 7: everything that can be tried, and not a shade on any of it.
pub(super) fn everything(run: Measured<'_>, standing: &Standing) -> Vec<RungDemand> {
    let mut demands = chain(run, standing);
    for kind in [StepKind::Rollback, StepKind::Smoke, StepKind::Leftovers] {
        demands.extend(each(&of(run, kind), kind, standing));
    }
    // Where there is no release before, or no time for it, there is no such step.
    let old_backup = of(run, StepKind::OldBackup);
    if !old_backup.is_empty() {
        demands.extend(each(&old_backup, StepKind::OldBackup, standing));
    }
    let ids = |steps: Vec<&StepResult>| -> Vec<String> { steps.into_iter().map(|step| step.id.clone()).collect() };
    let weak = ids(run.steps.iter().filter(|step| step.weak).collect());
    demands.push(match weak.is_empty() {
        false => RungDemand {
            state: Missing,
            text: format!("the answer was weak in {}: declare [ready] in tests/taster.toml", weak.join(", ")),
            steps: weak,
        },
        true if of(run, StepKind::Install).iter().any(|step| step.outcome == Outcome::Passed) => {
            demand(Satisfied, "every answer was strong")
        }
        true => demand(Unknown, "nothing was installed that could answer"),
    });
    demands.push(match run.findings {
        Some(counts) if counts.warn == 0 => demand(Satisfied, "the linter has no warning"),
        Some(counts) => demand(Missing, format!("the linter has {} warning(s)", counts.warn)),
        None => demand(Unknown, "the linter did not look for warnings"),
    });
    let flaky = ids(run.steps.iter().filter(|step| step.flaky).collect());
    demands.push(match flaky.is_empty() {
        true => demand(Satisfied, "nothing passed only when it was tried again"),
        false => RungDemand {
            state: Missing,
            text: format!("passed only when tried again: {}", flaky.join(", ")),
            steps: flaky,
        },
    });
    demands
}

/// Every upgrade from each release to the next, up to the candidate: in this run, or in an earlier trusted one. Upgrades that skip
/// releases inform, and do not count.
fn chain(run: Measured<'_>, standing: &Standing) -> Vec<RungDemand> {
    let upgrades = of(run, StepKind::Upgrade);
    let newest = || newest_hop(&upgrades, |step| &step.id).into_iter().map(|step| one(step, standing));
    // Without any release there is no chain; one hop that changes nothing says nothing about the others.
    if upgrades.iter().any(|step| step.outcome == Outcome::Skipped && step.structural && hop(&step.id).is_none()) {
        return newest().collect();
    }
    let Some(releases) = &standing.releases else {
        let why = "the releases of the recipe were not looked at, so nobody knows the whole chain of upgrades";
        return newest().chain([demand(Unknown, why)]).collect();
    };
    let ends: Vec<&str> = releases.iter().map(String::as_str).chain([standing.candidate.as_str()]).collect();
    let mut demands = Vec::new();
    for pair in ends.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let tried = upgrades.iter().find(|step| hop(&step.id) == Some((from, to)));
        demands.push(match (tried, standing.hops.get(&(from.to_owned(), to.to_owned()))) {
            (Some(step), _) => one(step, standing),
            (None, Some(true)) => demand(Satisfied, format!("the upgrade {from}→{to} passed in an earlier run")),
            (None, Some(false)) => demand(Missing, format!("the upgrade {from}→{to} failed in an earlier run")),
            (None, None) => demand(Unknown, format!("the upgrade {from}→{to} was never tried")),
        });
    }
    if demands.is_empty() {
        demands.push(demand(Satisfied, "there is no earlier release to upgrade from"));
    }
    demands
}

/// 8: looked after, for long.
pub(super) fn maintained(standing: &Standing) -> Vec<RungDemand> {
    let good = standing.half_months.iter().filter(|half| **half == Some(true)).count();
    let bad = standing.half_months.iter().filter(|half| **half == Some(false)).count();
    let told =
        format!("level 5 held in {good} of the last {HALF_MONTHS} half-months, and {GOOD_HALF_MONTHS} are needed");
    let (upgraded, words) = standing.upgraded.demand();
    vec![
        match standing.maintainer {
            Some(true) => demand(Satisfied, "its README names a maintainer"),
            Some(false) => demand(Missing, "its README names no maintainer"),
            None => demand(Unknown, "its README was not looked at for a maintainer"),
        },
        match good {
            good if good >= GOOD_HALF_MONTHS => demand(Satisfied, told),
            _ if bad > HALF_MONTHS - GOOD_HALF_MONTHS => demand(Missing, format!("{told}; it did not hold in {bad}")),
            _ => demand(Unknown, format!("{told}; {} were not measured", HALF_MONTHS - good - bad)),
        },
        demand(upgraded, words),
        match standing.stability {
            Some(stability) if stability >= STABLE => demand(Satisfied, format!("its stability is {stability:.1}")),
            Some(stability) => demand(Missing, format!("its stability is {stability:.1}, and {STABLE:.0} is needed")),
            None => demand(Unknown, "there is no history of trusted runs that stability could come from"),
        },
    ]
}
