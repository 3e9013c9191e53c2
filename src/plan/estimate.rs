//! How long a recipe takes, and how much memory its node needs: as measured before, or guessed and said so.

use std::collections::BTreeMap;

use crate::record::{HistoryLine, Outcome, StepKind};

/// Of so many of the newest runs the median counts.
const NEWEST: usize = 5;

/// How long a recipe takes that nobody has measured, when no other one was measured either, in seconds.
pub const GUESS: f64 = 300.0;

/// What a node with an engine of its own needs before anything is deployed, in bytes.
const NODE: u64 = 400 << 20;

/// What the services of a recipe need that nobody has measured, in bytes.
const SERVICES: u64 = 1 << 30;

/// What one recipe needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Seconds.
    pub seconds: f64,
    /// How many runs that rests on; 0 for a guess.
    pub runs: usize,
    /// Bytes of memory on the engine's machine.
    pub memory: u64,
    /// Whether the memory was measured.
    pub memory_measured: bool,
}

/// What every recipe needs, as far as a history tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimates {
    known: BTreeMap<String, Estimate>,
    /// What a recipe takes that nobody has measured, in seconds: the median of the others, or [`GUESS`].
    pub unmeasured: f64,
}

impl Default for Estimates {
    fn default() -> Self {
        Self { known: BTreeMap::new(), unmeasured: GUESS }
    }
}

impl Estimates {
    /// Of a history's lines by recipe, each oldest first.
    pub fn of<'l>(recipes: impl IntoIterator<Item = (&'l String, &'l Vec<HistoryLine>)>) -> Self {
        let known: BTreeMap<String, Estimate> =
            recipes.into_iter().filter_map(|(name, lines)| Some((name.clone(), measured(lines)?))).collect();
        let unmeasured = median(known.values().map(|known| known.seconds).collect()).unwrap_or(GUESS);
        Self { known, unmeasured }
    }

    /// What a recipe needs.
    pub fn get(&self, recipe: &str) -> Estimate {
        let guess = Estimate { seconds: self.unmeasured, runs: 0, memory: NODE + SERVICES, memory_measured: false };
        self.known.get(recipe).copied().unwrap_or(guess)
    }
}

fn measured(lines: &[HistoryLine]) -> Option<Estimate> {
    // A run that deployed nothing, or was broken off, tells nothing about how long one takes.
    let deployed = |line: &&HistoryLine| {
        let ended = |outcome| matches!(outcome, Outcome::Passed | Outcome::Failed);
        line.steps.iter().any(|step| step.kind != StepKind::Lint && ended(step.outcome))
    };
    let newest: Vec<&HistoryLine> = lines.iter().rev().filter(deployed).take(NEWEST).collect();
    let seconds = newest.iter().map(|line| line.steps.iter().map(|step| step.seconds.max(0.0)).sum());
    let seconds = median(seconds.collect())?;
    let peak = |line: &&HistoryLine| -> Option<u64> {
        let peaks: Vec<u64> = line.services.iter().filter_map(|service| service.memory_peak).collect();
        (!peaks.is_empty()).then(|| peaks.into_iter().fold(0, u64::saturating_add))
    };
    let memory = newest.iter().filter_map(peak).max();
    Some(Estimate {
        seconds,
        runs: newest.len(),
        // A fifth more, for the next version may take more.
        memory: NODE.saturating_add(memory.map_or(SERVICES, |peak| peak.saturating_add(peak / 5))),
        memory_measured: memory.is_some(),
    })
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.retain(|value| value.is_finite());
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
