//! C001: the recipe cannot be read at all.

use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::recipe::Error;
use crate::record::{Finding, Level};

pub(super) const RULE: Rule = Rule {
    id: "C001",
    name: "recipe-unreadable",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "the folder holds a recipe that can be read",
    needs: &[],
    page: page!("C001"),
    check: Check::Engine,
};

/// The finding about a recipe of which nothing else can be judged.
pub(in crate::lint) fn finding(error: &Error) -> Finding {
    Finding {
        rule: RULE.id.to_owned(),
        name: RULE.name.to_owned(),
        level: RULE.level,
        message: error.to_string(),
        places: Vec::new(),
        sets: Vec::new(),
        help: None,
        did_you_mean: None,
        fix: None,
    }
}
