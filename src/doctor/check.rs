//! One thing that was looked into, and all of them together.

use schemars::JsonSchema;
use serde::Serialize;

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// As it should be.
    Ok,
    /// Recipes can be tested, with less speed, less certainty or fewer steps.
    Warn,
    /// Recipes cannot be tested here at all.
    Bad,
    /// Could not be found out.
    Unknown,
}

impl Status {
    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Unknown => "unknown",
        }
    }
}

/// One thing that was looked into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Check {
    /// What it is about; stable, programs may rely on it.
    pub name: &'static str,
    /// How it came out.
    pub status: Status,
    /// What was found.
    pub found: String,
    /// What that means for testing recipes.
    pub means: String,
    /// What to do about it; empty when there is nothing to do.
    pub to_do: String,
}

impl Check {
    /// All is well.
    pub(super) fn ok(name: &'static str, found: impl Into<String>, means: impl Into<String>) -> Self {
        Self { name, status: Status::Ok, found: found.into(), means: means.into(), to_do: String::new() }
    }

    /// Something is less than it could be.
    pub(super) fn warn(
        name: &'static str,
        found: impl Into<String>,
        means: impl Into<String>,
        to_do: impl Into<String>,
    ) -> Self {
        Self { name, status: Status::Warn, found: found.into(), means: means.into(), to_do: to_do.into() }
    }

    /// Nothing can be tested.
    pub(super) fn bad(
        name: &'static str,
        found: impl Into<String>,
        means: impl Into<String>,
        to_do: impl Into<String>,
    ) -> Self {
        Self { name, status: Status::Bad, found: found.into(), means: means.into(), to_do: to_do.into() }
    }

    /// It could not be found out.
    pub(super) fn unknown(
        name: &'static str,
        found: impl Into<String>,
        means: impl Into<String>,
        to_do: impl Into<String>,
    ) -> Self {
        Self { name, status: Status::Unknown, found: found.into(), means: means.into(), to_do: to_do.into() }
    }
}

/// Everything that was looked into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Diagnosis {
    /// The version of this format.
    pub schema: &'static str,
    /// Whether recipes can be tested here: no check is bad.
    pub can_test: bool,
    /// The checks.
    pub checks: Vec<Check>,
}

impl Diagnosis {
    pub(super) fn new(checks: Vec<Check>) -> Self {
        let can_test = checks.iter().all(|check| check.status != Status::Bad);
        Self { schema: "taster.doctor/1", can_test, checks }
    }
}

/// Bytes as people read them.
pub(super) fn gib(bytes: u64) -> String {
    let tenths = bytes / ((1 << 30) / 10);
    format!("{}.{} GiB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_check_is_enough_and_unknown_ones_are_not() {
        let unknown = Check::unknown("a", "", "", "");
        let warn = Check::warn("b", "", "", "");
        assert!(Diagnosis::new(vec![unknown.clone(), warn.clone()]).can_test);
        assert!(!Diagnosis::new(vec![unknown, warn, Check::bad("c", "", "", "")]).can_test);
    }

    #[test]
    fn sizes_are_readable() {
        assert_eq!(gib(0), "0.0 GiB");
        assert_eq!(gib(3 << 30), "3.0 GiB");
        assert_eq!(gib((3 << 29) + 1000), "1.5 GiB");
    }
}
