//! What a change can affect, and which runner tries what, in words.

use std::fmt::Write as _;

use super::markup::{markdown_code, plain};
use crate::record::{Change, ChangePlan, ChangedService, RunSummary, ShardPlan, StepKind, StepResult};
use crate::scenario::DEFAULT_VARIANT;
use crate::score::Reached;

/// So many rows a table has at most.
const MOST_ROWS: usize = 60;
/// So many reasons are told of a step.
const MOST_REASONS: usize = 3;
/// How much of a reason is told, in characters.
const LONGEST_REASON: usize = 300;

/// A change in a few lines: the services, and the steps; with `explain` also every file and every reason.
pub fn change(plan: &ChangePlan, explain: bool) -> String {
    let mut lines = vec![format!(
        "{}: {} → {}",
        plan.recipe,
        plan.base,
        plan.candidate.version.as_deref().or(plan.candidate.commit.as_deref()).unwrap_or("the files as they lie there")
    )];
    lines.extend(plan.base_note.iter().map(|note| format!("  {note}")));
    if explain {
        let file = |file: &crate::record::ChangedFile| format!("  {} {}: {}", file.change.word(), file.path, file.part);
        lines.extend(plan.files.iter().map(file));
    }
    lines.extend(plan.services.iter().map(|one| format!("  {}", service(one))));
    if plan.files.is_empty() {
        lines.push("  no file differs".to_owned());
    }
    for step in &plan.steps {
        let mark = if step.tried { "✓" } else { "–" };
        let reasons = &step.because[..if explain { step.because.len() } else { 1.min(step.because.len()) }];
        let more = step.because.len() - reasons.len();
        let more = if more == 0 { String::new() } else { format!(" (and {more} more; --explain tells)") };
        lines.push(format!("{mark} {:<10} {}{more}", step.kind.word(), reasons.join("\n             ")));
    }
    for variant in &plan.variants {
        let mark = if variant.tried { "✓" } else { "–" };
        lines.push(format!("{mark} install@{}: {}", variant.variant, variant.because));
    }
    lines.iter().map(|line| line.split('\n').map(plain).collect::<Vec<_>>().join("\n") + "\n").collect()
}

fn service(one: &ChangedService) -> String {
    let what = match (&one.bump, one.change) {
        (_, Change::Added) => "is new".to_owned(),
        (_, Change::Removed) => "is gone".to_owned(),
        (Some(bump), _) => format!("{} → {}, {}", bump.from, bump.to, bump.kind.word()),
        (None, _) => "the same image".to_owned(),
    };
    let differs =
        if one.differs.is_empty() { String::new() } else { format!("; differs in {}", one.differs.join(", ")) };
    let state = match (one.state.is_empty(), one.reaches.is_empty()) {
        (false, _) => format!("keeps state in {}", one.state.join(", ")),
        (true, false) => format!("no state of its own; reaches some: {}", one.reaches.join(" → ")),
        (true, true) => "no state".to_owned(),
    };
    format!("{}: {what}{differs}; {state}", one.service)
}

/// Which runner tries which recipes.
pub fn shards_told(plan: &ShardPlan) -> String {
    let mut lines: Vec<String> = plan
        .shards
        .iter()
        .map(|shard| format!("{}: {:.0} s: {}", shard.shard, shard.seconds, shard.recipes.join(" ")))
        .collect();
    lines.push(format!("{:.0} s in all; no split takes less than {:.0} s", plan.makespan, plan.lower_bound));
    lines.iter().map(|line| plain(line) + "\n").collect()
}

/// Why each step was tried and what was left out and why, as a table in Markdown. All reasons may quote a stranger.
pub fn change_markdown(change: &ChangePlan, run: &RunSummary) -> String {
    let base = change.base_commit.as_deref().unwrap_or(&change.base);
    let mut text = format!(
        "**Tried is what the change can affect**, compared with {}\n\n| step | | why |\n|---|---|---|\n",
        markdown_code(&base.chars().take(10).collect::<String>())
    );
    for (name, tried, because) in rows(change, run).into_iter().take(MOST_ROWS) {
        let tried = if tried { "tried" } else { "not tried" };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {} | {tried} | {} |", markdown_code(&name), told(&because));
    }
    text.push('\n');
    text
}

/// What was not tried because the change cannot affect it, in one sentence; `None` when nothing was left out.
pub fn untried(change: &ChangePlan, run: &RunSummary) -> Option<String> {
    let names: Vec<String> =
        rows(change, run).into_iter().filter(|(_, tried, _)| !tried).map(|(name, ..)| name).take(MOST_ROWS).collect();
    let told =
        format!("not tried, and neither passed nor failed, since the change cannot affect it: {}", names.join(", "));
    (!names.is_empty()).then_some(told)
}

/// The level of a run that tried only part, with what was taken over from the base.
pub fn level_told(level: &Reached, run: &RunSummary) -> String {
    let own =
        if run.level_is_at_least { format!("at least level {}", run.level) } else { format!("level {}", run.level) };
    match level.inherited.first() {
        None => format!("{own} by what was tried; no trusted run of the base's own commit tells about the rest"),
        Some((_, from)) => format!(
            "{} with {} step(s) taken over from trusted run(s) of the base's own commit, such as {from}; {own} by what was tried alone",
            level.words(),
            level.inherited.len()
        ),
    }
}

/// Each kind of step and each variant: its name, whether it was tried, and why. Steps that are only tried when asked for are left out.
fn rows(change: &ChangePlan, run: &RunSummary) -> Vec<(String, bool, Vec<String>)> {
    let tried = |is_meant: &dyn Fn(&StepResult) -> bool| run.steps.iter().any(is_meant);
    let is_asked_for = |kind: StepKind| matches!(kind, StepKind::Rollback | StepKind::OldBackup | StepKind::Stress);
    let kinds = change.steps.iter().filter_map(|step| {
        let is_in = tried(&|result| result.kind == step.kind && result.variant == DEFAULT_VARIANT);
        let because = match (is_in, step.tried) {
            (true, false) if step.kind == StepKind::Lint => {
                vec!["no file differs, and a run that tries nothing proves nothing".to_owned()]
            }
            (true, false) => vec!["everything else that is tried on a node rests on it".to_owned()],
            // Left out on the command line, or not possible there; the plan in the log says which.
            (false, true) => vec!["it was left out of this run, though the change can affect it".to_owned()],
            _ => step.because.clone(),
        };
        (is_in || !is_asked_for(step.kind)).then(|| (step.kind.word().to_owned(), is_in, because))
    });
    let variants = change.variants.iter().map(|variant| {
        let is_in = tried(&|result| result.kind == StepKind::Install && result.variant == variant.variant);
        (format!("install@{}", variant.variant), is_in, vec![variant.because.clone()])
    });
    kinds.chain(variants).collect()
}

/// The first reasons, each shortened.
fn told(because: &[String]) -> String {
    let short = |text: &String| {
        let mut short: String = text.chars().take(LONGEST_REASON).collect();
        if short.len() < text.len() {
            short.push('…');
        }
        markdown_code(&short)
    };
    let mut told: Vec<String> = because.iter().take(MOST_REASONS).map(short).collect();
    if because.len() > MOST_REASONS {
        told.push(format!("and {} more", because.len() - MOST_REASONS));
    }
    told.join("; ")
}
