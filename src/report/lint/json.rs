//! The report itself.

use std::io::{self, Write};

use crate::record::LintReport;

pub(super) fn write(report: &LintReport, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    writeln!(out)
}
