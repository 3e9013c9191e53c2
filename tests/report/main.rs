//! Reports of kept runs: every view says the same, hostile text stays text, and a run that was killed at any byte can still be shown.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;
use std::process::Command;

use taster::record::{
    CandidateSummary, DECLARED, EVENT_SCHEMA, Evidence, Fact, LogHeader, Outcome, PlannedStep, StepKind, StepResult,
};
use taster::report::{KeptRun, RunFormat, write_run};
use taster::run::{Redactor, RunLog};

const NASTY: &str = "</pre><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"> ]]> | `x` @everyone \u{1b}[31m";

/// A run of two steps, one failed, with hostile text wherever a recipe or an app can put one.
fn keep(folder: &Path, upgrade_ended: bool) {
    let log = RunLog::create(&folder.join("events.ndjson"), Redactor::default(), Vec::new()).unwrap();
    let planned =
        |id: &str, kind| PlannedStep { id: id.to_owned(), kind, variant: "default".to_owned(), hop: None, skip: None };
    log.write(Fact::Opened(LogHeader {
        schema: EVENT_SCHEMA.to_owned(),
        taster: "0.1.0".to_owned(),
        run: "20261121-100000-teapot-abcd".to_owned(),
        recipe: "teapot".to_owned(),
        candidate: CandidateSummary { commit: Some("0123456789abcdef".to_owned()), version: None, dirty: false },
    }));
    let steps = vec![planned("install@default", StepKind::Install), planned("upgrade:1→2@default", StepKind::Upgrade)];
    log.write(Fact::Plan { steps, left_out: vec![NASTY.to_owned()], beside: vec![NASTY.to_owned()] });
    log.write(Fact::StepStarted { id: "install@default".to_owned() });
    log.write(Fact::Task {
        service: NASTY.to_owned(),
        task: "abc".to_owned(),
        state: "running".to_owned(),
        error: Some(NASTY.to_owned()),
        exit_code: None,
    });
    log.write(Fact::Page {
        look: "smoke".to_owned(),
        url: "https://teapot.test/".to_owned(),
        final_url: "https://teapot.test/".to_owned(),
        status: Some(200),
        title: NASTY.to_owned(),
        faults: vec![NASTY.to_owned()],
        third_parties: vec![],
        screenshot: Some("../outside.png".to_owned()),
        seconds: 1.0,
    });
    let mut install = StepResult::new("install@default", StepKind::Install, "default", Outcome::Passed);
    install.reason = NASTY.to_owned();
    log.write(Fact::StepEnded(install));
    log.write(Fact::StepStarted { id: "upgrade:1→2@default".to_owned() });
    if upgrade_ended {
        let mut upgrade = StepResult::new("upgrade:1→2@default", StepKind::Upgrade, "default", Outcome::Failed);
        upgrade.reason = "the probe `rows` differs".to_owned();
        upgrade.evidence = vec![Evidence::text("log", NASTY)];
        upgrade.advice = Some(NASTY.to_owned());
        log.write(Fact::StepEnded(upgrade));
        log.write(Fact::Ended { exit: 1, left_behind: Vec::new() });
    }
    std::fs::create_dir_all(folder.join("logs")).unwrap();
    std::fs::write(folder.join("logs/app.1.abc.log"), format!("ready\nerror: {NASTY}\n")).unwrap();
}

fn shown(folder: &Path, format: RunFormat) -> String {
    let mut text = Vec::new();
    write_run(format, &KeptRun::open(folder).unwrap(), &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

const ALL: [RunFormat; 6] =
    [RunFormat::Human, RunFormat::Json, RunFormat::Junit, RunFormat::Markdown, RunFormat::Html, RunFormat::Badge];

#[test]
fn every_view_tells_the_verdict_and_what_failed() {
    let folder = tempfile::tempdir().unwrap();
    keep(folder.path(), true);
    for format in ALL {
        let text = shown(folder.path(), format);
        assert!(text.to_lowercase().contains("failed") || format == RunFormat::Badge, "{format:?}: {text}");
        assert!(text.contains("teapot") || format == RunFormat::Badge, "{format:?}: {text}");
        assert_eq!(text, shown(folder.path(), format), "the same run, the same bytes");
    }
    assert!(shown(folder.path(), RunFormat::Badge).contains("taster: level 1+"));
    let json: serde_json::Value = serde_json::from_str(&shown(folder.path(), RunFormat::Json)).unwrap();
    let schema = serde_json::from_str(&std::fs::read_to_string("catalogue-schema/run.json").unwrap()).unwrap();
    jsonschema::validate(&schema, &json).unwrap();
    let junit = shown(folder.path(), RunFormat::Junit);
    assert!(junit.contains("tests=\"2\"") && junit.contains("failures=\"1\""), "{junit}");
}

#[test]
fn every_view_tells_a_declared_skip_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    keep(folder.path(), true);
    let mut skip = StepResult::new("smoke@default", StepKind::Smoke, "default", Outcome::Skipped);
    skip.reason = "declared in the scenario: no page is for people".to_owned();
    skip.class = Some(DECLARED.to_owned());
    let log = folder.path().join("events.ndjson");
    let mut text = std::fs::read_to_string(&log).unwrap();
    let end = text.rfind("{\"at\"").unwrap();
    let ended = serde_json::json!({ "at": "2026-11-21T10:00:00Z", "ms": 9, "fact": Fact::StepEnded(skip) });
    text.insert_str(end, &format!("{ended}\n"));
    // The plan told it first.
    let planned = "\"kind\":\"upgrade\",\"variant\":\"default\"";
    assert!(text.contains(planned), "{text}");
    let text = text.replacen(planned, &format!("{planned},\"skip\":\"told in the plan\""), 1);
    std::fs::write(&log, text).unwrap();
    for format in ALL {
        let shown = shown(folder.path(), format);
        assert!(shown.contains("no page is for people") || format == RunFormat::Badge, "{format:?}: {shown}");
    }
    let junit = shown(folder.path(), RunFormat::Junit);
    assert!(junit.contains("<skipped type=\"skipped\" message=\"declared in the scenario: no page"), "{junit}");
    assert!(shown(folder.path(), RunFormat::Html).contains("declared in the scenario: told in the plan"));
}

#[test]
fn hostile_text_stays_text_in_a_real_browser() {
    let folder = tempfile::tempdir().unwrap();
    keep(folder.path(), true);
    let page = folder.path().join("run.html");
    std::fs::write(&page, shown(folder.path(), RunFormat::Html)).unwrap();
    let chromium = taster::browser::find().unwrap();
    let dumped = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=3000", "--dump-dom"])
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    let dom = String::from_utf8_lossy(&dumped.stdout);
    assert!(
        dom.contains("<title>teapot: failed, at least level 1</title>"),
        "it ran: {}",
        dom.get(..600).unwrap_or(&dom)
    );
    assert!(dom.contains("Find in all logs") && !dom.contains("<p class=\"search\" hidden"), "our own script runs");
    assert!(
        !dom.contains("<img src=\"x\"") && !dom.contains("<script>document.title"),
        "a recipe's text became markup"
    );
    let markdown = shown(folder.path(), RunFormat::Markdown);
    let outside_code: String = markdown.lines().filter(|line| !line.starts_with("    ")).collect();
    assert!(!outside_code.contains("@everyone") && !outside_code.contains("<script"), "{outside_code}");
}

#[test]
fn a_page_of_a_run_takes_no_picture_from_elsewhere() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("run");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(outer.path().join("outside.png"), b"\x89PNG\r\n\x1a\nsecret").unwrap();
    keep(&folder, true);
    assert!(!shown(&folder, RunFormat::Html).contains("data:image"));
}

#[test]
fn a_run_killed_at_any_byte_is_shown_with_what_it_did_not_reach() {
    let folder = tempfile::tempdir().unwrap();
    keep(folder.path(), false);
    let run = KeptRun::open(folder.path()).unwrap();
    assert!(!run.complete);
    let lost = run.summary.steps.last().unwrap();
    assert_eq!((lost.outcome, lost.class.as_deref()), (Outcome::Errored, Some("killed")));
    assert_eq!((run.summary.level, run.summary.level_is_at_least), (1, true));
    assert!(shown(folder.path(), RunFormat::Html).contains("The run was killed before it ended"));

    let whole = std::fs::read(folder.path().join("events.ndjson")).unwrap();
    let head = whole.iter().position(|byte| *byte == b'\n').unwrap();
    for end in 0..whole.len() {
        std::fs::write(folder.path().join("events.ndjson"), &whole[..end]).unwrap();
        match KeptRun::open(folder.path()) {
            Ok(run) => assert!(end >= head && !run.complete),
            Err(error) => assert!(end < head && error.to_string().contains("its beginning is lost"), "{end}: {error}"),
        }
    }
}

#[test]
fn what_is_no_run_is_told_with_what_to_do() {
    let empty = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_taster")).arg("report").args(arguments).current_dir(empty.path()).output();
        let output = output.unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = run(&[]);
    assert!(code == Some(2) && said.contains("there is no run in .taster/runs: make one with `taster test`"), "{said}");
    let (code, said) = run(&["20200101-000000-x-abcd"]);
    assert!(code == Some(2) && said.contains("cannot read the run in .taster/runs/20200101-000000-x-abcd"), "{said}");
    let (code, said) = run(&["--format", "pdf"]);
    assert!(code == Some(2) && said.contains("possible values"), "{said}");
}
