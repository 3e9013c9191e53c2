//! What the levels are called: YunoHost's names, because the community already reads them (design.md §3.3).

/// The names of the levels 0 to 8.
pub const LEVEL_NAMES: [&str; 9] = [
    "does not install",
    "installs in at least one way",
    "installs in all declared ways",
    "can be upgraded",
    "can be backed up and restored",
    "no linter errors",
    "community operated",
    "all tests, no warnings",
    "maintained and long-term good quality",
];
