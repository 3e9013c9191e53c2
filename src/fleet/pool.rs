//! Several recipes at once on one machine: each has a node and a run folder of its own, and one that is broken stops no other.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};

use super::result::fleet_recipe;
use crate::plan::{Capacity, Need, next};
use crate::record::{FleetRecipe, FleetResult};
use crate::swarm::{engine, facts};
use crate::trial::{self, Ended, TrialOptions};

/// One recipe to be tried.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its name.
    pub recipe: String,
    /// How.
    pub options: TrialOptions,
    /// What it needs of the machine.
    pub need: Need,
}

/// One recipe that was tried, or could not be.
#[derive(Debug)]
pub struct Ran {
    /// What came of it.
    pub recipe: FleetRecipe,
    /// The run; `None` when there was none.
    pub ended: Option<Ended>,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// What came of all.
#[derive(Debug, Default)]
pub struct Pooled {
    /// Those that were tried, in the order of their ends.
    pub ran: Vec<Ran>,
    /// Those that were not begun, and why.
    pub left: Vec<(String, String)>,
}

/// Tries all recipes, as many side by side as the machine has room for, the longest first. With a budget none is begun that would not end
/// within it, going by what it took before. `told` hears of each when it has ended.
pub async fn run_all(
    mut jobs: Vec<Job>,
    capacity: Capacity,
    budget: Option<Duration>,
    mut told: impl FnMut(&Ran),
) -> Pooled {
    let begun = Instant::now();
    let mut pooled = Pooled::default();
    let mut running = FuturesUnordered::new();
    let mut needs: Vec<(String, Need)> = Vec::new();
    let mut stopped = None;
    let mut signal = std::pin::pin!(trial::interrupted());
    loop {
        if stopped.is_none() {
            let left = budget.map(|budget| budget.saturating_sub(begun.elapsed()).as_secs_f64());
            while let Some(late) = jobs.iter().position(|job| left.is_some_and(|left| job.need.seconds > left)) {
                let job = jobs.remove(late);
                pooled.left.push((job.recipe, "there was not enough time left for it".to_owned()));
            }
            let waiting: Vec<Need> = jobs.iter().map(|job| job.need).collect();
            let beside: Vec<Need> = needs.iter().map(|(_, need)| *need).collect();
            if let Some(index) = next(&waiting, &beside, capacity) {
                let job = jobs.remove(index);
                needs.push((job.recipe.clone(), job.need));
                running.push(Box::pin(one(job)));
                continue;
            }
        }
        let ran: Ran = tokio::select! {
            ended = running.next() => match ended {
                Some(ran) => ran,
                None => break,
            },
            // Each run ends by itself at the same signal; what has not begun stays so.
            name = &mut signal, if stopped.is_none() => {
                stopped = Some(name);
                continue;
            }
        };
        needs.retain(|(recipe, _)| *recipe != ran.recipe.recipe);
        told(&ran);
        pooled.ran.push(ran);
    }
    let why = stopped.map(|name| format!("it had not begun when {name} came"));
    pooled.left.extend(jobs.into_iter().map(|job| (job.recipe, why.clone().unwrap_or_default())));
    pooled
}

async fn one(job: Job) -> Ran {
    let begun = Instant::now();
    let name = job.recipe.clone();
    let ended = AssertUnwindSafe(trial::run(&job.options, Vec::new())).catch_unwind().await;
    let without = |reason: String| {
        (FleetRecipe { recipe: name.clone(), result: FleetResult::NotTested, run: None, reason }, None)
    };
    let (mut recipe, ended) = match ended {
        Ok(Ok(ended)) => (fleet_recipe(&ended.summary), Some(ended)),
        Ok(Err(error)) => without(format!("{:#}", anyhow::Error::new(error))),
        Err(_) => without("taster itself broke off; this is a fault of taster, please report it".to_owned()),
    };
    if let Some(ended) = ended.as_ref().filter(|ended| ended.exit == 4 && recipe.result == FleetResult::Passed) {
        recipe.result = FleetResult::Errored;
        recipe.reason = format!("something was left behind, or the log is not whole: see {}", ended.folder.display());
    }
    recipe.recipe = job.recipe;
    Ran { recipe, ended, seconds: begun.elapsed().as_secs_f64() }
}

/// What the engine's machine has: by default a recipe for each processor, and nine tenths of the memory that is free.
pub async fn capacity(jobs: Option<usize>) -> Capacity {
    let facts = match engine::connect().await {
        Ok(docker) => facts::engine(&docker).await.ok(),
        Err(_) => None,
    };
    let cpus = facts.as_ref().and_then(|facts| usize::try_from(facts.cpus).ok()).filter(|cpus| *cpus > 0);
    let cpus = cpus.or_else(|| std::thread::available_parallelism().ok().map(usize::from)).unwrap_or(1);
    let total = facts.and_then(|facts| u64::try_from(facts.memory).ok()).filter(|total| *total > 0);
    // Of another machine only the total is known.
    let here = engine::address().starts_with("unix://");
    let free =
        if here { std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| available(&text)) } else { None };
    let memory = free.map_or(total, |free| Some(total.map_or(free, |total| total.min(free))));
    Capacity { jobs: jobs.unwrap_or(cpus).max(1), memory: memory.map(|memory| memory / 10 * 9) }
}

/// `MemAvailable` of /proc/meminfo, in bytes.
fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::available;

    #[test]
    fn free_memory_is_what_the_kernel_calls_available() {
        assert_eq!(available("MemTotal: 9 kB\nMemAvailable:    2048 kB\n"), Some(2 << 20));
        assert_eq!(available("MemTotal: 9 kB\n"), None);
    }
}
