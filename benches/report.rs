//! `taster report` on a run with 100 000 events and 50 MB of logs, against reading the same files and nothing else.
//!
//! `cargo bench --bench report`. Targets (issue 6): at most 1 s and 100 MB.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and fails by panicking")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

const EVENTS: usize = 100_000;
const LOGS: usize = 50 << 20;

fn main() {
    let directory = tempfile::tempdir().unwrap();
    let run = directory.path().join("20261121-100000-teapot-abcd");
    make(&run);
    let size = std::fs::metadata(run.join("events.ndjson")).unwrap().len();
    let reference = (0..3).map(|_| reading(&run)).min().unwrap();
    println!("{EVENTS} events, {} MB; logs of {} MB", size / 1_000_000, LOGS / 1_000_000);
    println!("the files read and nothing else   {reference:>10.2?}   (reference)");
    for format in ["human", "json", "junit", "markdown", "html", "badge"] {
        let (time, memory) = (0..3).map(|_| report(&run, format)).min().unwrap();
        println!(
            "{format:<33} {time:>10.2?}   {:>4} MB   ratio {:.2}   (targets 1 s, 100 MB)",
            memory / 1_000_000,
            time.as_secs_f64() / reference.as_secs_f64()
        );
    }
}

fn make(run: &Path) {
    std::fs::create_dir_all(run.join("logs")).unwrap();
    let mut events = std::io::BufWriter::new(std::fs::File::create(run.join("events.ndjson")).unwrap());
    let mut write = |number: usize, fact: serde_json::Value| {
        let event = json!({ "at": "2026-11-21T10:00:00.123456789Z", "ms": number * 10, "fact": fact });
        writeln!(events, "{event}").unwrap();
    };
    write(
        0,
        json!({ "type": "opened", "schema": "taster.events/1", "taster": "0.1.0", "run": "20261121-100000-teapot-abcd", "recipe": "teapot", "candidate": { "commit": "0123456789", "version": null, "dirty": false } }),
    );
    write(
        0,
        json!({ "type": "plan", "steps": [{ "id": "install@default", "kind": "install", "variant": "default" }], "left_out": [] }),
    );
    write(0, json!({ "type": "step-started", "id": "install@default" }));
    for number in 3..EVENTS - 2 {
        write(
            number,
            match number % 4 {
                0 => {
                    json!({ "type": "task", "service": "app", "task": format!("task{}", number / 40), "state": "running", "error": null, "exit_code": null })
                }
                1 => json!({ "type": "timing", "what": "converge", "seconds": 0.25 }),
                2 => json!({ "type": "note", "text": "something that is worth a line in the log of the run" }),
                _ => {
                    json!({ "type": "progress", "step": "install@default", "text": "waits for app to become healthy: 1 of 2 tasks run, the healthcheck says starting" })
                }
            },
        );
    }
    write(
        EVENTS,
        json!({ "type": "step-ended", "id": "install@default", "kind": "install", "variant": "default", "outcome": "passed", "reason": "", "flaky": false, "seconds": 900.0, "evidence": [] }),
    );
    write(EVENTS, json!({ "type": "ended", "exit": 0, "left_behind": [] }));
    events.flush().unwrap();
    let line =
        "2026-11-21T10:00:00Z GET /a/page?with=parameters 200 0.012 s \"an agent\" error: none <b>not bold</b>\n";
    for service in ["app", "db", "worker", "cache", "proxy"] {
        std::fs::write(run.join(format!("logs/{service}.1.abc.log")), line.repeat(LOGS / 5 / line.len())).unwrap();
    }
}

fn reading(run: &Path) -> Duration {
    let began = Instant::now();
    let mut bytes = std::fs::read(run.join("events.ndjson")).unwrap().len();
    for entry in std::fs::read_dir(run.join("logs")).unwrap() {
        bytes += std::fs::read(entry.unwrap().path()).unwrap().len();
    }
    assert!(bytes > LOGS);
    began.elapsed()
}

/// Runs a process: wall clock, and the kernel's count of its memory.
fn report(run: &Path, format: &str) -> (Duration, u64) {
    let began = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_taster"))
        .args(["report", "--format", format])
        .arg(run)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = peak.and_then(|peak| peak.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
        most = most.max(kilobytes.unwrap_or_default() * 1024);
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(child.wait().unwrap().success());
    (began.elapsed(), most)
}
