//! What fails a pipeline, for each gate, with what is known of the base and without.

use taster::record::{
    HISTORY_SCHEMA, HistoryLine, HistoryStep, Outcome, RunSummary, StepKind, StepResult, Trust, worst_exit,
};
use taster::score::{Base, Gate, GateVerdict, Measured, Standing, gate, ladder};

use Outcome::{Blocked, Errored, Failed, Passed, Skipped};

fn step(kind: StepKind, outcome: Outcome) -> StepResult {
    let id = match kind {
        StepKind::Upgrade => "upgrade:1.0.0+1.0→new@default".to_owned(),
        kind => format!("{}@default", kind.word()),
    };
    let mut step = StepResult::new(id, kind, "default", outcome);
    step.reason = if outcome == Passed { String::new() } else { "because".to_owned() };
    step
}

fn run(steps: &[(StepKind, Outcome)]) -> RunSummary {
    let steps: Vec<StepResult> = steps.iter().map(|(kind, outcome)| step(*kind, *outcome)).collect();
    let level = ladder(Measured { steps: &steps, variants: &[], findings: None }, &Standing::default());
    let mut summary = line("x", &[]).summary();
    (summary.level, summary.level_is_at_least) = (level.level, level.at_least);
    summary.outcome = RunSummary::worst(&steps);
    summary.steps = steps;
    summary
}

fn line(commit: &str, steps: &[(StepKind, Outcome)]) -> HistoryLine {
    HistoryLine {
        schema: HISTORY_SCHEMA.to_owned(),
        run: format!("20261120-100000-blog-{}", commit.repeat(4).chars().take(4).collect::<String>()),
        at: "2026-11-20T10:00:00Z".to_owned(),
        recipe: "blog".to_owned(),
        commit: commit.to_owned(),
        version: None,
        trust: Trust::DefaultBranch,
        variants: Vec::new(),
        steps: steps
            .iter()
            .map(|(kind, outcome)| {
                let mut known = HistoryStep::from(&step(*kind, *outcome));
                known.id = known.id.replace("new", "old");
                known.structural = *outcome == Skipped;
                known
            })
            .collect(),
        findings: None,
        proofs: Vec::new(),
        upgrade_map: None,
        services: Vec::new(),
        upstream: None,
    }
}

fn base(lines: Vec<HistoryLine>) -> Base {
    Base { commit: Some("b".to_owned()), lines, ..Base::default() }
}

#[track_caller]
fn judged(kind: Gate, steps: &[(StepKind, Outcome)], base: &Base, exit: u8) -> GateVerdict {
    let summary = run(steps);
    let verdict = gate(kind, &summary, worst_exit(&summary.steps), base);
    assert_eq!(verdict.exit, exit, "{verdict:?}");
    assert_eq!(verdict.reasons.is_empty(), exit == 0, "{verdict:?}");
    verdict
}

#[test]
fn only_what_the_base_passed_is_a_regression() {
    use StepKind::{Backup, Install, Upgrade};
    let known = |outcome| base(vec![line("b", &[(Install, Passed), (Upgrade, outcome), (Backup, Passed)])]);
    let failed = [(Install, Passed), (Upgrade, Failed)];
    let verdict = judged(Gate::Regression, &failed, &known(Passed), 1);
    assert!(verdict.reasons[0].contains("the base passed it"), "{verdict:?}");
    let verdict = judged(Gate::Regression, &failed, &known(Failed), 0);
    assert!(verdict.notes[0].contains("so it does in the base"), "{verdict:?}");
    // Nothing was wrong with the base, and now something is.
    judged(Gate::Regression, &failed, &known(Skipped), 1);
    // What was not measured says nothing.
    for outcome in [Errored, Blocked] {
        let verdict = judged(Gate::Regression, &failed, &known(outcome), 1);
        assert!(verdict.reasons[0].contains("nobody knows how the base stood"), "{verdict:?}");
    }
    judged(Gate::Regression, &[(Install, Passed), (Upgrade, Passed)], &known(Failed), 0);
}

#[test]
fn the_bases_own_commit_tells_before_a_newer_run_of_another() {
    use StepKind::Install;
    let own = |outcome| vec![line("b", &[(Install, outcome)]), line("c", &[(Install, Failed)])];
    judged(Gate::Regression, &[(Install, Failed)], &base(own(Passed)), 1);
    // Its own run could not tell, and the newest that can is another's.
    judged(Gate::Regression, &[(Install, Failed), (StepKind::Lint, Passed)], &base(own(Errored)), 0);
    // An upgrade from another release is another step.
    let mut other = line("b", &[(StepKind::Upgrade, Failed)]);
    other.steps[0].id = "upgrade:0.9.0+1.0→old@default".to_owned();
    judged(Gate::Regression, &[(StepKind::Upgrade, Failed)], &base(vec![other]), 1);
}

#[test]
fn errors_of_the_linter_are_compared_one_by_one_where_the_base_was_judged() {
    let failed = [(StepKind::Lint, Failed), (StepKind::Install, Passed)];
    let with = |new: Option<Vec<taster::record::Finding>>| Base { new_errors: new, ..base(Vec::new()) };
    judged(Gate::Regression, &failed, &with(Some(Vec::new())), 0);
    judged(Gate::Regression, &failed, &with(None), 1);
}

#[test]
fn what_could_not_be_tested_is_never_green() {
    use StepKind::{Install, Lint, Restart};
    let none = Base::default();
    for kind in [Gate::Regression, Gate::Level(1), Gate::Strict] {
        let summary = run(&[(Lint, Passed), (Install, Errored)]);
        assert_eq!(gate(kind, &summary, worst_exit(&summary.steps), &none).exit, 4, "{kind}");
        let summary = run(&[(Lint, Skipped), (Install, Skipped)]);
        assert_eq!(gate(kind, &summary, worst_exit(&summary.steps), &none).exit, 3, "{kind}");
        let summary = run(&[(Lint, Passed), (Install, Passed), (Restart, Blocked)]);
        let exit = gate(kind, &summary, worst_exit(&summary.steps), &none).exit;
        assert_eq!(exit, 3, "{kind}: blocked, and no failure of the recipe is why");
        let summary = run(&[(Lint, Passed), (Install, Passed)]);
        assert_eq!(gate(kind, &summary, 4, &none).exit, 4, "{kind}: something was left behind");
    }
    // A failure is the news, and is told with what else went wrong.
    let verdict = judged(Gate::Regression, &[(Lint, Failed), (Install, Errored)], &none, 1);
    assert!(verdict.notes.iter().any(|note| note.contains("install@default")), "{verdict:?}");
    // Blocked by what the base fails too.
    let known = base(vec![line("b", &[(Install, Failed)])]);
    judged(Gate::Regression, &[(Lint, Passed), (Install, Failed), (Restart, Blocked)], &known, 0);
}

#[test]
fn a_level_is_reached_missed_or_not_measured() {
    use StepKind::{Install, Redeploy, Restart, Upgrade};
    let none = Base::default();
    let all = [(Install, Passed), (Restart, Passed), (Redeploy, Passed)];
    judged(Gate::Level(2), &all, &none, 0);
    judged(Gate::Level(3), &all, &none, 3);
    let failed = [(Install, Passed), (Restart, Passed), (Redeploy, Passed), (Upgrade, Failed)];
    judged(Gate::Level(3), &failed, &none, 1);
    let above = judged(Gate::Level(2), &failed, &none, 0);
    assert!(above.notes[0].contains("above the level"), "{above:?}");
}

#[test]
fn strict_is_the_runs_own_exit_code() {
    let known = base(vec![line("b", &[(StepKind::Install, Failed)])]);
    judged(Gate::Strict, &[(StepKind::Install, Failed)], &known, 1);
    let verdict = gate(Gate::Strict, &run(&[(StepKind::Install, Passed)]), 0, &known);
    assert_eq!(verdict.exit, 0);
}

#[test]
fn gates_are_read_and_what_no_run_can_prove_is_refused() {
    for text in ["regression", "strict", "level:1", "level:5"] {
        assert_eq!(text.parse::<Gate>().unwrap().to_string(), text);
    }
    for (text, words) in
        [("level:6", "cannot be proven by one run"), ("level:0", "no gate"), ("level", "no gate"), ("", "no gate")]
    {
        assert!(text.parse::<Gate>().unwrap_err().contains(words), "{text}");
    }
}
