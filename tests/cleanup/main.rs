//! Always clean (design.md §3.7): whenever a run is interrupted or killed, and by whom, nothing is left behind.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use taster::record::{Fact, Outcome, RunSummary};

const TASTER: &str = env!("CARGO_BIN_EXE_taster");

/// What the verbose view says when a phase has begun.
const PHASES: [(&str, &str); 10] = [
    ("node", "node: starting"),
    ("images", "images: "),
    ("install", "begin  install"),
    ("restart", "begin  restart"),
    ("redeploy", "begin  redeploy"),
    ("backup", "begin  backup"),
    ("restore", "begin  restore"),
    ("smoke", "begin  smoke"),
    ("upgrade", "begin  upgrade"),
    ("leftovers", "begin  leftovers"),
];

/// A folder with the demo recipes, and a lock folder of its own: other tests on this engine are none of its business.
struct Bench {
    dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let bench = Self { dir: tempfile::tempdir().unwrap() };
        // One whole demo writes the recipes and loads the images.
        let done = bench.command(&["demo", "demo-long-name", "--dir"]).arg(bench.path("demo")).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(TASTER);
        command.args(arguments).env("TASTER_LOCKS", self.path("locks")).env("CI", "1");
        command
    }

    /// Starts a trial of the good demo recipe (of a step alone, with what it rests on) and waits until the phase has begun; the process,
    /// and the folder of its run.
    fn start(&self, phase: &str, marker: &str) -> (Child, PathBuf) {
        let before = self.runs();
        let step = if matches!(phase, "node" | "images") { "install" } else { phase };
        let mut child = self
            .command(&["test", "-v", "--step", step, "--runs"])
            .arg(self.path("runs"))
            .arg(self.path("demo/recipes/demo-notes"))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let seen: Vec<String> = lines.by_ref().map(Result::unwrap).take_while(|line| !line.contains(marker)).collect();
        // The rest is read by nobody, and must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        assert!(child.try_wait().unwrap().is_none(), "it ended before «{marker}»: {seen:#?}");
        let mut new = self.runs();
        new.retain(|run| !before.contains(run));
        assert_eq!(new.len(), 1, "{new:?}");
        (child, new.remove(0))
    }

    /// The run folders.
    fn runs(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.path("runs")) else { return Vec::new() };
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}

/// Everything on the engine that carries the label of this run.
fn left_by(run: &Path) -> String {
    let label = format!("label=taster.run={}", run.file_name().unwrap().to_str().unwrap());
    let list = |arguments: &[&str]| {
        let output = Command::new("docker").args(arguments).args(["-q", "--filter", &label]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    [list(&["ps", "-a"]), list(&["volume", "ls"]), list(&["network", "ls"])].concat()
}

fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(child.id().try_into().unwrap()), signal).unwrap();
}

#[test]
fn ctrl_c_at_each_step_leaves_nothing_and_a_whole_record() {
    let bench = Bench::new();
    for (phase, marker) in PHASES {
        let (mut child, run) = bench.start(phase, marker);
        signal(&child, if phase == "restart" { Signal::SIGTERM } else { Signal::SIGINT });
        let status = child.wait().unwrap();
        assert_eq!(status.code(), Some(4), "{phase}");
        assert_eq!(left_by(&run), "", "{phase}");
        let summary: RunSummary = serde_json::from_slice(&std::fs::read(run.join("run.json")).unwrap()).unwrap();
        let outcomes: Vec<_> = summary.steps.iter().map(|step| (step.kind.word(), step.outcome)).collect();
        let events = taster::run::read(&run.join("events.ndjson")).unwrap();
        let planned = events.iter().find_map(|event| match &event.fact {
            Fact::Plan { steps, .. } => Some(steps.len()),
            _ => None,
        });
        assert_eq!(Some(outcomes.len()), planned, "{phase}: every planned step has one outcome: {outcomes:?}");
        let broken = summary.steps.iter().find(|step| step.outcome == Outcome::Errored).unwrap();
        assert_eq!(broken.class.as_deref(), Some("interrupted"), "{phase}: {broken:#?}");
        let expected = if matches!(phase, "node" | "images") { "install" } else { phase };
        assert_eq!(broken.kind.word(), expected);
        let ended = taster::run::read(&run.join("events.ndjson")).unwrap().pop().unwrap();
        assert_eq!(ended.fact, Fact::Ended { exit: 4, left_behind: Vec::new() }, "{phase}");
        assert_eq!(
            std::fs::read_dir(bench.path("locks")).unwrap().count(),
            0,
            "{phase}: its lock and sockets are gone"
        );
    }
}

#[test]
fn kill_9_at_each_step_and_the_next_start_cleans_up() {
    let bench = Bench::new();
    for (phase, marker) in PHASES {
        let (mut child, run) = bench.start(phase, marker);
        signal(&child, Signal::SIGKILL);
        child.wait().unwrap();
        if phase != "node" {
            // The negative control: there was something to clean.
            assert_ne!(left_by(&run), "", "{phase}");
        }
        let events = taster::run::read(&run.join("events.ndjson")).unwrap();
        assert!(matches!(events.first().unwrap().fact, Fact::Opened(_)), "{phase}: the log is readable");
        assert!(!run.join("run.json").exists(), "{phase}: no summary claims that the run ended");
        let next = bench.command(&["node", "rm"]).output().unwrap();
        assert!(next.status.success(), "{phase}: {}", String::from_utf8_lossy(&next.stderr));
        assert_eq!(left_by(&run), "", "{phase}");
        assert_eq!(std::fs::read_dir(bench.path("locks")).unwrap().count(), 0, "{phase}");
    }
}

#[test]
fn lesson_32_a_janitor_leaves_live_runs_alone() {
    let bench = Bench::new();
    let (mut child, run) = bench.start("install", "begin  install");
    let janitor = bench.command(&["node", "rm"]).output().unwrap();
    assert!(janitor.status.success());
    assert_ne!(left_by(&run), "", "the live run's node is still there");
    // Another machine's janitor cannot see the lock, so it does not judge.
    let stranger = bench.command(&["node", "rm"]).env("TASTER_LOCKS", bench.path("elsewhere")).output().unwrap();
    assert!(stranger.status.success());
    assert_ne!(left_by(&run), "", "nor does another machine's janitor touch it");
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(0), "the run went on to its end");
    assert_eq!(left_by(&run), "");
}

#[test]
fn an_engine_that_goes_away_in_the_middle_is_no_fault_of_the_recipe() {
    let bench = Bench::new();
    let (mut child, run) = bench.start("restart", "begin  restart");
    let name = format!("taster-{}-0", run.file_name().unwrap().to_str().unwrap());
    assert!(Command::new("docker").args(["kill", &name]).output().unwrap().status.success());
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(4));
    let summary: RunSummary = serde_json::from_slice(&std::fs::read(run.join("run.json")).unwrap()).unwrap();
    assert_eq!(summary.steps.first().unwrap().outcome, Outcome::Passed, "what was tried before stands");
    assert!(summary.steps.iter().all(|step| step.outcome != Outcome::Failed), "{:#?}", summary.steps);
    assert!(summary.steps.iter().any(|step| step.outcome == Outcome::Errored), "{:#?}", summary.steps);
    assert_eq!(left_by(&run), "");
}
