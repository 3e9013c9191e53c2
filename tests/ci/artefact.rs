//! Artefacts as a job leaves them, made without a node.

use std::io::{Cursor, Write as _};
use std::path::Path;

use taster::record::{
    CandidateSummary, EVENT_SCHEMA, Evidence, Fact, LogHeader, Outcome, PlannedStep, StepKind, StepResult,
};
use taster::run::{Redactor, RunLog};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

pub(crate) const RUN: &str = "20261121-100000-teapot-abcd";

/// A run's log: install passed, upgrade as told.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) commit: String,
    pub(crate) recipe: String,
    pub(crate) run: String,
    pub(crate) dirty: bool,
    pub(crate) upgrade: Outcome,
    /// What the recipe and its apps say, wherever they can.
    pub(crate) words: String,
    pub(crate) screenshot: Option<String>,
    pub(crate) ends: bool,
    /// Lint alone was tried, and ended so.
    pub(crate) lint: Option<Outcome>,
    /// What the plan leaves out.
    pub(crate) left_out: Vec<String>,
}

impl Made {
    pub(crate) fn of(commit: &str, upgrade: Outcome) -> Self {
        Self {
            commit: commit.to_owned(),
            recipe: "teapot".to_owned(),
            run: RUN.to_owned(),
            dirty: false,
            upgrade,
            words: "the probe `rows` differs".to_owned(),
            screenshot: None,
            ends: true,
            lint: None,
            left_out: Vec::new(),
        }
    }

    /// The text of the log.
    pub(crate) fn log(&self) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        self.write(folder.path());
        std::fs::read(folder.path().join("events.ndjson")).unwrap()
    }

    /// The run's folder.
    pub(crate) fn write(&self, folder: &Path) {
        std::fs::create_dir_all(folder).unwrap();
        let log = RunLog::create(&folder.join("events.ndjson"), Redactor::default(), Vec::new()).unwrap();
        log.write(Fact::Opened(LogHeader {
            schema: EVENT_SCHEMA.to_owned(),
            taster: "0.1.0".to_owned(),
            run: self.run.clone(),
            recipe: self.recipe.clone(),
            candidate: CandidateSummary { commit: Some(self.commit.clone()), version: None, dirty: self.dirty },
        }));
        let mut steps = Vec::new();
        for kind in [StepKind::Install, StepKind::Restart, StepKind::Redeploy] {
            steps.push(StepResult::new(format!("{}@default", kind.word()), kind, "default", Outcome::Passed));
        }
        let mut upgrade = StepResult::new("upgrade:1.0.0+1.0→x@default", StepKind::Upgrade, "default", self.upgrade);
        if self.upgrade != Outcome::Passed {
            upgrade.reason.clone_from(&self.words);
            upgrade.evidence = vec![Evidence::text("log", &self.words)];
            upgrade.advice = Some(self.words.clone());
        }
        steps.push(upgrade);
        if let Some(outcome) = self.lint {
            let mut lint = StepResult::new("lint@default", StepKind::Lint, "default", outcome);
            lint.reason = if outcome == Outcome::Passed { String::new() } else { self.words.clone() };
            steps = vec![lint];
        }
        let mut left_out = vec![self.words.clone()];
        left_out.extend(self.left_out.iter().cloned());
        let planned = |step: &StepResult| PlannedStep {
            id: step.id.clone(),
            kind: step.kind,
            variant: step.variant.clone(),
            hop: None,
            skip: None,
        };
        log.write(Fact::Plan { steps: steps.iter().map(planned).collect(), left_out, beside: Vec::new() });
        log.write(Fact::Page {
            look: "smoke".to_owned(),
            url: "https://teapot.test/".to_owned(),
            final_url: "https://teapot.test/".to_owned(),
            status: Some(200),
            title: self.words.clone(),
            faults: Vec::new(),
            third_parties: Vec::new(),
            screenshot: self.screenshot.clone(),
            seconds: 1.0,
        });
        steps.into_iter().for_each(|step| log.write(Fact::StepEnded(step)));
        if self.ends {
            log.write(Fact::Ended { exit: 0, left_behind: Vec::new() });
        }
    }

    /// The archive that the forge hands out.
    pub(crate) fn archive(&self) -> Vec<u8> {
        archive(&[(&format!("{RUN}/events.ndjson"), &self.log())])
    }
}

pub(crate) fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A small picture.
pub(crate) fn png() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 4, 3);
    encoder.set_color(png::ColorType::Rgb);
    encoder.add_text_chunk("Comment".to_owned(), "<script>".to_owned()).unwrap();
    encoder.write_header().unwrap().write_image_data(&[7; 36]).unwrap();
    bytes
}
