//! Views of the event log and of the linter's report: terminal, JSON, SARIF, JUnit, Markdown, HTML, badges, annotations.

mod count;
mod lint;
mod live;
pub(crate) mod badge;
pub(crate) mod markup;
mod run;
mod score;
mod verdict;

pub(crate) use count::count;
pub use lint::{LintFormat, write_lint};
pub use live::{Live, Verbosity};
pub use run::{KeptRun, RunFormat, RunReportError, write_run};
pub use score::{score_explained, score_line};
pub use verdict::verdict;
