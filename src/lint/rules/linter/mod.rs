//! Rules about what silences other rules: comments in recipes, ignores in `taster.toml`. The engine makes their findings itself, when all
//! others are known.

use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::record::Level;

/// The family's rules.
pub(super) const RULES: &[&Rule] = &[&UNUSED, &INVALID, &CONFIG_UNUSED];

pub(in crate::lint) const UNUSED: Rule = Rule {
    id: "T801",
    name: "ignore-unused",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "every comment that silences a rule silences something",
    needs: &[],
    page: page!("T801"),
    check: Check::Engine,
};

pub(in crate::lint) const INVALID: Rule = Rule {
    id: "T802",
    name: "ignore-invalid",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "every comment that silences a rule names one that exists, and gives a reason",
    needs: &[],
    page: page!("T802"),
    check: Check::Engine,
};

pub(in crate::lint) const CONFIG_UNUSED: Rule = Rule {
    id: "T803",
    name: "config-ignore-unused",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "every ignore in taster.toml silences something",
    needs: &[],
    page: page!("T803"),
    check: Check::Engine,
};
