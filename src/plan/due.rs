//! What a night is for: what changed, then what nobody has looked at for long; of these first where least is known.

use jiff::{SignedDuration, Timestamp};

use crate::record::{DueRecipe, DueWhy};

/// What is known of a recipe before the night.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Its name.
    pub recipe: String,
    /// The commit that would be tried.
    pub commit: String,
    /// The commits that trusted runs have tried to an end, and when the newest of all runs began; `None` when there is none.
    pub tried: Option<(Vec<String>, Timestamp)>,
    /// How wide the interval of its stability is, 0 to 100.
    pub interval: f64,
    /// How long it takes, about, in seconds.
    pub seconds: f64,
}

/// What is due, the most urgent first: what was never tried or has changed, then what was tried longer than `stale` ago, each by the width of
/// the interval.
pub fn due(candidates: &[Candidate], now: Timestamp, stale: SignedDuration) -> Vec<DueRecipe> {
    let why = |candidate: &Candidate| match &candidate.tried {
        None => Some(DueWhy::New),
        Some((commits, _)) if !commits.contains(&candidate.commit) => Some(DueWhy::Changed),
        Some((_, newest)) if now.duration_since(*newest) >= stale => Some(DueWhy::Stale),
        Some(_) => None,
    };
    let mut due: Vec<(&Candidate, DueWhy)> =
        candidates.iter().filter_map(|candidate| Some((candidate, why(candidate)?))).collect();
    due.sort_by(|(a, why), (b, other)| {
        let urgency = |why: &DueWhy| u8::from(*why == DueWhy::Stale);
        urgency(why).cmp(&urgency(other)).then(b.interval.total_cmp(&a.interval)).then_with(|| a.recipe.cmp(&b.recipe))
    });
    let told = |(candidate, why): (&Candidate, DueWhy)| DueRecipe {
        recipe: candidate.recipe.clone(),
        commit: candidate.commit.clone(),
        why,
        interval: (candidate.interval * 10.0).round() / 10.0,
        seconds: candidate.seconds,
    };
    due.into_iter().map(told).collect()
}
