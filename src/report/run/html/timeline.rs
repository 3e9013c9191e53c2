//! When what happened: steps and tasks as bars on one scale.

use maud::{Markup, html};

use crate::record::{Event, Fact, Outcome};

/// So many tasks are drawn; a run with a crash loop has hundreds.
const MOST_TASKS: usize = 60;

struct Bar<'a> {
    name: &'a str,
    from: u64,
    to: u64,
    tone: &'static str,
    said: String,
}

pub(super) fn markup(events: &[Event]) -> Markup {
    let end = events.last().map_or(1, |event| event.ms).max(1);
    let (steps, tasks) = (steps(events, end), tasks(events, end));
    let more = tasks.len().saturating_sub(MOST_TASKS);
    html! {
        div.timeline {
            @for bar in steps.iter() { (row(bar, end, "step-bar")) }
            @for bar in tasks.iter().take(MOST_TASKS) { (row(bar, end, "task-bar")) }
        }
        @if more > 0 { p { (more) " more tasks are in events.ndjson." } }
        p.scale { "0 s" span { (seconds(end)) } }
    }
}

fn row(bar: &Bar<'_>, end: u64, class: &str) -> Markup {
    let share = |ms: u64| f64::from(u32::try_from(ms * 10_000 / end).unwrap_or(10_000)) / 100.0;
    let (left, width) = (share(bar.from), (share(bar.to) - share(bar.from)).max(0.3));
    html! {
        div.row {
            span.name { (bar.name) }
            span.track {
                span class={ (class) " " (bar.tone) } style={ "margin-left:" (format!("{left:.2}")) "%;width:" (format!("{width:.2}")) "%" } title=(bar.said) {}
            }
            span.said { (bar.said) }
        }
    }
}

fn seconds(ms: u64) -> String {
    format!("{}.{} s", ms / 1000, ms % 1000 / 100)
}

fn steps(events: &[Event], end: u64) -> Vec<Bar<'_>> {
    let mut bars: Vec<Bar<'_>> = Vec::new();
    for event in events {
        match &event.fact {
            Fact::StepStarted { id } => {
                bars.push(Bar { name: id, from: event.ms, to: end, tone: "unsure", said: "killed".to_owned() });
            }
            Fact::StepEnded(step) => {
                if let Some(bar) = bars.iter_mut().find(|bar| bar.name == step.id) {
                    bar.to = event.ms;
                    bar.tone = if step.flaky { "unsure" } else { super::tone(step.outcome) };
                    let word = if step.outcome == Outcome::Passed { "" } else { step.outcome.word() };
                    bar.said = format!("{} {word}", seconds(bar.to - bar.from)).trim_end().to_owned();
                }
            }
            _ => {}
        }
    }
    bars
}

fn tasks(events: &[Event], end: u64) -> Vec<Bar<'_>> {
    let mut bars: Vec<(&str, Bar<'_>)> = Vec::new();
    let mut known = std::collections::HashMap::new();
    for event in events {
        let Fact::Task { service, task, state, error, exit_code } = &event.fact else { continue };
        let index = *known.entry(task.as_str()).or_insert_with(|| {
            bars.push((task, Bar { name: service, from: event.ms, to: end, tone: "good", said: String::new() }));
            bars.len() - 1
        });
        let Some((_, bar)) = bars.get_mut(index) else { continue };
        let ended = matches!(state.as_str(), "complete" | "shutdown" | "failed" | "rejected" | "remove" | "orphaned");
        bar.to = if ended { event.ms } else { end };
        if error.is_some() || matches!(state.as_str(), "failed" | "rejected") {
            bar.tone = "bad";
        }
        let code = exit_code.filter(|code| *code != 0).map(|code| format!(", exit code {code}")).unwrap_or_default();
        bar.said = if ended { format!("{state}{code}") } else { format!("last seen {state}") };
    }
    bars.into_iter().map(|(_, bar)| bar).collect()
}
