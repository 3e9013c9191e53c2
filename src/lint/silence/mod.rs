//! What is found and not counted: by a comment in the recipe, by the commons' `taster.toml`, by a baseline; and levels that `taster.toml` sets.

mod baseline;
mod comments;
mod policy;
mod unused;

use std::collections::{BTreeMap, BTreeSet};

pub use baseline::{Baseline, new_findings};
pub use policy::{Policy, PolicyError};
pub use unused::unused_ignores;

use super::draft::Draft;
use super::rule::Rule;
use super::rules::linter;
use super::subject::Subject;
use crate::record::{Finding, Level, Silenced, SilencedBy};
use comments::Comment;

/// Findings, parted.
#[derive(Debug, Default)]
pub(super) struct Parted {
    pub(super) counted: Vec<Finding>,
    pub(super) silenced: Vec<Silenced>,
    /// What is wrong with the comments that silence.
    pub(super) drafts: Vec<(&'static Rule, Draft)>,
}

/// Parts findings into those that count and those that do not. `judged` are the ids of the rules that were judged: a comment that
/// silences nothing is only to blame when its rule had its say.
pub(super) fn part(subject: &Subject, policy: &Policy, findings: Vec<Finding>, judged: &BTreeSet<&str>) -> Parted {
    let recipe = &subject.candidate.recipe;
    let (comments, mut drafts) = comments::find(&subject.candidate);
    let mut by_line: BTreeMap<(&str, Option<usize>), Vec<usize>> = BTreeMap::new();
    for (number, comment) in comments.iter().enumerate() {
        by_line.entry((comment.file.as_str(), Some(comment.line))).or_default().push(number);
        if comment.alone {
            by_line.entry((comment.file.as_str(), None)).or_default().push(number);
        }
    }
    let about = |finding: &Finding| {
        let place = finding.places.first().filter(|place| place.release.is_none());
        let key = place.map(|place| (place.file.as_str(), place.span.map(|span| span.line)));
        key.and_then(|key| by_line.get(&key)).cloned().unwrap_or_default()
    };
    let mut used: BTreeSet<(usize, &str)> = BTreeSet::new();
    policy.saw(&recipe.name, judged);
    let mut known = policy.baseline_of(&recipe.name);
    let mut parted = Parted::default();
    for finding in findings {
        let by_comment = about(&finding).iter().find_map(|number| {
            let (number, comment) = (*number, comments.get(*number)?);
            let rule = comment.silences(&finding)?;
            used.insert((number, rule));
            Some((SilencedBy::Comment, comment.reason.clone()))
        });
        let by = by_comment
            .or_else(|| policy.reason(&recipe.name, &finding).map(|reason| (SilencedBy::Config, reason)))
            .or_else(|| known.take(&finding).then(|| (SilencedBy::Baseline, String::new())));
        match by {
            Some((by, reason)) => parted.silenced.push(Silenced { finding, by, reason }),
            None => parted.counted.push(finding),
        }
    }
    drafts.extend(unused_comments(&comments, &used, judged));
    parted.drafts = drafts;
    parted
}

fn unused_comments(
    comments: &[Comment],
    used: &BTreeSet<(usize, &str)>,
    judged: &BTreeSet<&str>,
) -> Vec<(&'static Rule, Draft)> {
    let mut drafts = Vec::new();
    for (number, comment) in comments.iter().enumerate() {
        for (id, at) in &comment.rules {
            if judged.contains(id) && !used.contains(&(number, id)) {
                let draft = Draft::new(format!("this comment silences {id}, and {id} finds nothing here"))
                    .at(at.clone(), "")
                    .help("remove it: a fault that comes back here would go unseen");
                drafts.push((&linter::UNUSED, draft));
            }
        }
    }
    drafts
}

/// The level of a rule's findings under a policy; `None` when the rule is not to be judged.
pub(super) fn level(rule: &Rule, policy: &Policy, rules_as_of: Option<&str>) -> Option<Level> {
    if let Some(set) = policy.level(rule.id) {
        return set;
    }
    let newer =
        rules_as_of.is_some_and(|known| crate::recipe::natural_order(rule.since, known) == std::cmp::Ordering::Greater);
    Some(if newer && rule.level == Level::Error { Level::Warn } else { rule.level })
}
