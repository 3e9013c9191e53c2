//! Views of the event log and of the linter's report: terminal, JSON, SARIF, JUnit, Markdown, annotations.

mod lint;
mod live;
mod verdict;

pub use lint::{LintFormat, write_lint};
pub use live::{Live, Verbosity};
pub use verdict::verdict;
