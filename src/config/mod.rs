//! `taster.toml`: what the commons decides, for all of its recipes. Strict: an unknown key or a wrong type is an error with its place.
//!
//! It stands below [`record`](crate::record) in the order of modules, unlike in the first design, because it speaks of levels of findings.

mod catalogue;
mod history;
mod strict;

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::record::Level;

pub use catalogue::Catalogue;
pub use history::{History, Waiver};
pub use strict::{FileError, nearest, parse, place};

/// Where it lies, from where taster is started.
pub const FILE: &str = "taster.toml";

/// Everything that `taster.toml` may say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What concerns the linter.
    #[serde(default)]
    pub lint: Lint,
    /// What concerns the catalogue.
    #[serde(default)]
    pub catalogue: Catalogue,
    /// What concerns the history of trusted runs.
    #[serde(default)]
    pub history: History,
}

/// `[lint]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Lint {
    /// Errors of rules that came after this version of taster are warnings.
    #[serde(default)]
    pub rules_as_of: Option<String>,
    /// Levels by rule, instead of the rules' own.
    #[serde(default)]
    pub levels: BTreeMap<String, Override>,
    /// Findings that are silenced.
    #[serde(default)]
    pub ignore: Vec<Ignore>,
}

/// A level, or none at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Override {
    /// See [`Level::Error`].
    Error,
    /// See [`Level::Warn`].
    Warn,
    /// See [`Level::Info`].
    Info,
    /// The rule is not judged.
    Off,
}

impl Override {
    /// The level; `None` for a rule that is not judged.
    pub fn level(self) -> Option<Level> {
        match self {
            Self::Error => Some(Level::Error),
            Self::Warn => Some(Level::Warn),
            Self::Info => Some(Level::Info),
            Self::Off => None,
        }
    }
}

/// `[[lint.ignore]]`: findings of one rule that are silenced.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ignore {
    /// The rule, by id or name, and where that stands in the file.
    pub rule: Spanned<String>,
    /// The recipes, as a glob; all when absent.
    #[serde(default)]
    pub recipe: Option<String>,
    /// The files, from the recipe's root, as a glob; all when absent, findings without a file too.
    #[serde(default)]
    pub path: Option<String>,
    /// Why.
    pub reason: String,
}
