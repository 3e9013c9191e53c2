//! Small recipes, tried on a real node, and what came of it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use taster::record::{Event, Fact, ImageDigest, Outcome, StepKind, StepResult};
use taster::run::EventSink;
use taster::scenario::PlanOptions;
use taster::trial::{self, Ended, TrialOptions};
use tempfile::TempDir;

/// The program under test.
const TASTER: &str = env!("CARGO_BIN_EXE_taster");

/// No trial of these tests takes nearly as long, a whole chain of upgrades on a loaded machine neither; one that hangs shall say so itself.
const LONGEST: Duration = Duration::from_secs(500);

/// A recipe in a folder of its own.
pub(crate) struct Recipe {
    folder: TempDir,
    name: String,
}

impl Recipe {
    /// A recipe without git: a compose file, and an `.env.sample` with a domain.
    pub(crate) fn new(name: &str, compose: &str) -> Self {
        let recipe = Self { folder: TempDir::with_prefix("taster-trial-").unwrap(), name: name.to_owned() };
        recipe.file("compose.yml", compose).file(".env.sample", format!("TYPE={name}\nDOMAIN={name}.example.com\n"))
    }

    /// A folder without any file.
    pub(crate) fn empty(name: &str) -> Self {
        let recipe = Self { folder: TempDir::with_prefix("taster-trial-").unwrap(), name: name.to_owned() };
        std::fs::create_dir_all(recipe.path()).unwrap();
        recipe
    }

    /// Writes another file.
    pub(crate) fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    /// Commits everything, and publishes it as a release.
    pub(crate) fn release(self, tag: &str) -> Self {
        if !self.path().join(".git").exists() {
            self.git(&["init", "-q", "--initial-branch=main"]);
        }
        let message = format!("chore: publish {tag} release");
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", &message]);
        self.git(&["tag", "-a", "-m", &message, tag]);
        self
    }

    fn git(&self, arguments: &[&str]) {
        let mut git = Command::new("git");
        git.arg("-C")
            .arg(self.path())
            .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org"])
            .args(arguments);
        git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
        let done = git.output().unwrap();
        assert!(done.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// Writes the scenario.
    pub(crate) fn scenario(self, text: &str) -> Self {
        self.file("tests/taster.toml", text)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join(&self.name)
    }

    fn runs(&self) -> PathBuf {
        self.folder.path().join("runs")
    }

    /// Options to try only the installation.
    pub(crate) fn options(&self) -> TrialOptions {
        let mut options = TrialOptions { path: self.path(), runs: self.runs(), ..TrialOptions::default() };
        options.plan = PlanOptions { steps: vec![StepKind::Install], ..PlanOptions::default() };
        options.node.executable = Some(program().into());
        options
    }

    /// Installs it on a node.
    pub(crate) fn install(&self) -> Tried {
        self.run(&self.options())
    }

    /// Tries these steps, and the installation on which they rest.
    pub(crate) fn steps(&self, steps: &[StepKind]) -> Tried {
        let mut options = self.options();
        options.plan.steps = steps.to_vec();
        self.run(&options)
    }

    /// Tries it with these options; the demo app's images are there.
    pub(crate) fn run(&self, options: &TrialOptions) -> Tried {
        self.run_told(options, Vec::new())
    }

    /// The same; every event is told to the sinks as it happens.
    pub(crate) fn run_told(&self, options: &TrialOptions, sinks: Vec<EventSink>) -> Tried {
        within(async {
            demo_images(self.folder.path()).await;
            let ended = tokio::time::timeout(LONGEST, trial::run(options, sinks)).await;
            Tried::new(ended.expect("the trial hangs").expect("the trial begins"))
        })
    }

    /// Runs `taster test` on it with more arguments, without lint unless steps are named: what these small recipes lack is not what they
    /// are about.
    pub(crate) fn taster(&self, arguments: &[&str]) -> Said {
        let path = self.path();
        let runs = self.runs();
        let mut all = vec!["test", "--runs", runs.to_str().unwrap(), path.to_str().unwrap()];
        if !arguments.contains(&"--step") {
            all.extend(["--without", "lint"]);
        }
        all.extend(arguments);
        taster(&all)
    }
}

/// The executable whose agent runs in the nodes, and of which the demo app's image is made.
pub(crate) fn program() -> &'static Path {
    Path::new(TASTER)
}

/// Makes sure that the engine has the demo app's images.
async fn demo_images(folder: &Path) {
    taster::demo::prepare(&folder.join("demo"), Some(program())).await.expect("the demo app's images");
}

/// Runs asynchronous work to its end, on half the stack that a thread usually has: a run that needs more is aborted here before it is
/// aborted at a user's.
pub(crate) fn within<T: Send>(work: impl Future<Output = T> + Send) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(1 << 20);
        let thread = thread.spawn_scoped(scope, || runtime.block_on(work)).unwrap();
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// What a run of the program said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    /// Both streams.
    pub(crate) text: String,
}

impl Said {
    /// It ended with this code and said all of these.
    #[track_caller]
    pub(crate) fn expect(&self, code: i32, words: &[&str]) -> &Self {
        assert_eq!(self.code, code, "exit code; it said:\n{}", self.text);
        for word in words {
            assert!(self.text.contains(word), "it does not say {word:?}:\n{}", self.text);
        }
        assert!(!self.text.contains("panicked"), "{}", self.text);
        self
    }
}

/// What Docker's command line says.
pub(crate) fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().unwrap();
    assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs the program.
pub(crate) fn taster(arguments: &[&str]) -> Said {
    let output = Command::new(TASTER).args(arguments).env("NO_COLOR", "1").output().unwrap();
    let text = [&output.stdout[..], &output.stderr[..]].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    Said { code: output.status.code().expect("it ends by itself"), text: text.concat() }
}

/// A trial that has ended.
#[derive(Debug)]
pub(crate) struct Tried {
    pub(crate) ended: Ended,
    pub(crate) events: Vec<Event>,
}

impl Tried {
    fn new(ended: Ended) -> Self {
        let events = taster::run::read(&ended.folder.join("events.ndjson")).unwrap();
        let tried = Self { ended, events };
        // True of every trial (design.md §3.2, §3.7): each planned step ends in one outcome, and nothing stays.
        let planned: Vec<&String> = tried.facts(|fact| match fact {
            Fact::Plan { steps, .. } => steps.iter().map(|step| &step.id).collect(),
            _ => Vec::new(),
        });
        let ended: Vec<&String> = tried.ended.summary.steps.iter().map(|step| &step.id).collect();
        assert_eq!(planned, ended, "every planned step ends in exactly one outcome");
        let left: Vec<&String> = tried.facts(|fact| match fact {
            Fact::Ended { left_behind, .. } => left_behind.iter().collect(),
            _ => Vec::new(),
        });
        assert!(left.is_empty(), "left behind: {left:?}");
        tried
    }

    /// What a function finds in the facts of the log, in order.
    pub(crate) fn facts<'a, T>(&'a self, find: impl Fn(&'a Fact) -> Vec<T>) -> Vec<T> {
        self.events.iter().flat_map(|event| find(&event.fact)).collect()
    }

    /// The result of a step.
    #[track_caller]
    pub(crate) fn step(&self, kind: StepKind) -> &StepResult {
        let steps = &self.ended.summary.steps;
        steps.iter().find(|step| step.kind == kind).unwrap_or_else(|| panic!("no {kind:?} in {steps:?}"))
    }

    /// Every step passed, or was seen not to apply; the exit code is 0.
    #[track_caller]
    pub(crate) fn passed(&self) -> &StepResult {
        for step in self.ended.summary.steps.iter().filter(|step| !step.structural) {
            assert_eq!(step.outcome, Outcome::Passed, "{step:#?}");
        }
        assert_eq!(self.ended.exit, 0);
        self.step(StepKind::Install)
    }

    /// The installation ended so, with this class, and its reason and evidence hold these words.
    #[track_caller]
    pub(crate) fn install(&self, outcome: Outcome, class: &str, words: &[&str]) -> &StepResult {
        self.ended_so(StepKind::Install, outcome, class, words)
    }

    /// The installation failed with this class, which rests on time. On a machine without time to spare that is not the recipe's fault
    /// (design.md §3.2), and is said so; the words must be there all the same, and the first of them must tell the class.
    #[track_caller]
    pub(crate) fn judged(&self, class: &str, words: &[&str]) -> &StepResult {
        let starved = self.step(StepKind::Install).class.as_deref() == Some("starved");
        if !starved {
            return self.install(Outcome::Failed, class, words);
        }
        println!("{}: the machine is starved; it would be {class}", self.ended.summary.recipe);
        let step = self.install(Outcome::Errored, "starved", words);
        assert!(step.reason.contains(words[0]) && step.reason.contains("had no time to spare"), "{}", step.reason);
        step
    }

    /// A step ended so.
    #[track_caller]
    pub(crate) fn ended_so(&self, kind: StepKind, outcome: Outcome, class: &str, words: &[&str]) -> &StepResult {
        let step = self.step(kind);
        assert_eq!((step.outcome, step.class.as_deref()), (outcome, Some(class)), "{step:#?}");
        let all = everything(step);
        for word in words {
            assert!(all.contains(word), "no {word:?} in:\n{all}");
        }
        assert!(step.advice.as_ref().is_some_and(|advice| !advice.is_empty()), "no next move: {step:#?}");
        let exit = if outcome == Outcome::Failed { 1 } else { 4 };
        assert_eq!(self.ended.exit, exit, "exit code");
        step
    }

    /// Seconds from the deploy to the verdict on it.
    pub(crate) fn seconds_to_verdict(&self) -> f64 {
        let at = |wanted: fn(&Fact) -> bool| self.events.iter().find(|event| wanted(&event.fact)).unwrap().ms;
        let deployed = at(|fact| matches!(fact, Fact::Deployed { .. }));
        let ended = at(|fact| matches!(fact, Fact::StepEnded(_)));
        Duration::from_millis(ended - deployed).as_secs_f64()
    }

    /// The images that the run recorded.
    pub(crate) fn images(&self) -> &[ImageDigest] {
        &self.ended.summary.digests
    }

    /// The notes of the log.
    pub(crate) fn notes(&self) -> String {
        let notes = self.facts(|fact| match fact {
            Fact::Note { text } => vec![text.as_str()],
            _ => Vec::new(),
        });
        notes.join("\n")
    }
}

/// Reason, evidence and advice of a step as one text.
pub(crate) fn everything(step: &StepResult) -> String {
    let evidence: Vec<String> = step.evidence.iter().map(|piece| format!("{}: {}", piece.kind, piece.text)).collect();
    format!("{}\n{}\n{}", step.reason, evidence.join("\n"), step.advice.clone().unwrap_or_default())
}
