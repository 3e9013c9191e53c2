//! Who tries which recipes: the longest first, each to whoever has the least to do.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::estimate::Estimates;
use crate::record::{PLAN_SCHEMA, PlannedRecipe, Shard, ShardPlan};

/// Splits recipes among `shards` runners. The same recipes and durations give the same split on every machine, in whatever order they come.
pub fn shards(recipes: &[String], estimates: &Estimates, shards: usize) -> ShardPlan {
    let mut planned: Vec<PlannedRecipe> = recipes
        .iter()
        .map(|recipe| {
            let estimate = estimates.get(recipe);
            PlannedRecipe { recipe: recipe.clone(), seconds: estimate.seconds, runs: estimate.runs }
        })
        .collect();
    planned.sort_by(|a, b| a.recipe.cmp(&b.recipe));
    planned.dedup_by(|a, b| a.recipe == b.recipe);
    let split = split(&planned.iter().map(|one| one.seconds).collect::<Vec<_>>(), shards);
    let shard = |(number, indices): (usize, &Vec<usize>)| Shard {
        shard: number + 1,
        seconds: indices.iter().map(|index| planned[*index].seconds).sum(),
        recipes: indices.iter().map(|index| planned[*index].recipe.clone()).collect(),
    };
    let shards: Vec<Shard> = split.iter().enumerate().map(shard).collect();
    let makespan = shards.iter().map(|shard| shard.seconds).fold(0.0, f64::max);
    ShardPlan {
        schema: PLAN_SCHEMA.to_owned(),
        makespan,
        lower_bound: lower_bound(&planned.iter().map(|one| one.seconds).collect::<Vec<_>>(), shards.len()),
        unmeasured: planned.iter().filter(|one| one.runs == 0).count(),
        guess: estimates.unmeasured,
        recipes: planned,
        shards,
    }
}

/// Indices of durations by runner: the longest first, each to the runner with the least to do. No runner is without work unless there are more
/// runners than durations.
pub fn split(seconds: &[f64], runners: usize) -> Vec<Vec<usize>> {
    let runners = runners.max(1);
    let mut order: Vec<usize> = (0..seconds.len()).collect();
    order.sort_by(|a, b| seconds[*b].total_cmp(&seconds[*a]).then(a.cmp(b)));
    let mut loads: BinaryHeap<Reverse<(Load, usize)>> =
        (0..runners).map(|runner| Reverse((Load(0.0), runner))).collect();
    let mut split = vec![Vec::new(); runners];
    for index in order {
        let Some(Reverse((Load(load), runner))) = loads.pop() else { break };
        split[runner].push(index);
        // A duration of nothing must not heap everything on one runner.
        loads.push(Reverse((Load(load + seconds[index].max(0.001)), runner)));
    }
    split
}

/// No split can take less than this: the longest one, or an equal share of all.
pub fn lower_bound(seconds: &[f64], runners: usize) -> f64 {
    let sum: f64 = seconds.iter().sum();
    seconds.iter().copied().fold(sum / runners.max(1) as f64, f64::max)
}

/// Seconds that can be compared.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Load(f64);

impl Eq for Load {}

impl Ord for Load {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Load {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
