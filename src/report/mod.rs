//! Views of the event log and of the linter's report: terminal, JSON, SARIF, JUnit, Markdown, HTML, badges, annotations.

mod ci;
mod count;
mod fleet;
mod lint;
mod live;
pub(crate) mod badge;
pub(crate) mod markup;
mod plan;
mod run;
mod score;
mod verdict;

pub use ci::{gate_annotations, gate_markdown, gate_text, stop_annotation};
pub(crate) use count::count;
pub use fleet::{fleet_report, night_report};
pub use lint::{LintFormat, write_lint};
pub use live::{Live, Verbosity};
pub use plan::{change as change_explained, change_markdown, level_told, shards_told, untried};
pub use run::{CommentFacts, KeptRun, RunFormat, RunReportError, comment, refusal, write_run};
pub use score::{score_explained, score_line};
pub use verdict::verdict;
