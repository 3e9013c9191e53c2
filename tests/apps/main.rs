//! Real apps in real versions (see README.md): the good recipe passes, and the same recipe with one planted fault fails with the right
//! reason. The images are made by `tests/apps/build.sh`; a test without its images fails and says so.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod commands;
mod databases;
mod torn;
mod whole_way;

use std::path::{Path, PathBuf};
use std::process::Command;

use taster::record::{Outcome, RunSummary, StepKind, StepResult};
use taster::trial::{self, TrialOptions};

/// The recipes as git repositories in a temporary folder.
struct Bench {
    dir: tempfile::TempDir,
    repository: PathBuf,
}

impl Bench {
    fn new(app: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/apps/recipes.sh");
        let written = Command::new("bash").arg(script).arg(dir.path()).arg(app).output().unwrap();
        assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
        let repository = dir.path().join(app);
        Self { dir, repository }
    }

    /// The release tags, oldest first.
    fn releases(&self) -> Vec<String> {
        let recipe = taster::recipe::Recipe::at(&self.repository, "HEAD").unwrap();
        recipe.releases.iter().map(|release| release.tag.clone()).collect()
    }

    /// Changes a text in the candidate's compose file: the planted fault.
    fn plant(&self, from: &str, to: &str) {
        self.plant_in("compose.yml", from, to);
    }

    /// The same in another file.
    fn plant_in(&self, file: &str, from: &str, to: &str) {
        let path = self.repository.join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "the fault is planted: `{from}` is there to be changed");
        std::fs::write(&path, text.replace(from, to)).unwrap();
    }

    async fn taste(&self, revision: Option<&str>) -> RunSummary {
        self.steps(revision, &[]).await
    }

    /// Tries these steps, and those they rest on.
    async fn steps(&self, revision: Option<&str>, steps: &[StepKind]) -> RunSummary {
        let mut options = TrialOptions {
            path: self.repository.clone(),
            revision: revision.map(str::to_owned),
            runs: self.dir.path().join("runs"),
            ..TrialOptions::default()
        };
        options.plan.steps = steps.to_vec();
        options.node.executable = Some(env!("CARGO_BIN_EXE_taster").into());
        trial::run(&options, Vec::new()).await.unwrap().summary
    }
}

/// Passed, or rightly not tried: the first release has none before it.
fn fine(step: &StepResult) -> bool {
    step.outcome == Outcome::Passed || (step.outcome == Outcome::Skipped && step.structural)
}

/// Level 5 is what can be measured; a first release has no upgrade to fail.
fn passes(summary: &RunSummary) {
    let not_passed: Vec<&StepResult> = summary.steps.iter().filter(|step| !fine(step)).collect();
    assert!(not_passed.is_empty(), "{not_passed:#?}");
    assert_eq!((summary.level, summary.level_is_at_least), (5, true));
    let install = summary.steps.iter().find(|step| step.kind == StepKind::Install).unwrap();
    assert!(!install.weak, "a real app's front page is a strong answer: {install:#?}");
}

fn fails(summary: &RunSummary, step: &str, class: &str) {
    // Some faults show in the files already; this is about what the node shows.
    let mut on_node = summary.steps.iter().filter(|step| step.kind != StepKind::Lint);
    let first = on_node.find(|step| step.outcome != Outcome::Passed).unwrap();
    assert_eq!(
        (first.kind.word(), first.outcome, first.class.as_deref()),
        (step, Outcome::Failed, Some(class)),
        "{first:#?}"
    );
}

/// The candidate goes through every step; so does the first release, where there is time for it.
async fn history_is_good(app: &str) {
    let bench = Bench::new(app);
    let first = first_is_good(&bench).await;
    let candidate = bench.taste(None).await;
    passes(&candidate);
    assert_ne!(first.digests, candidate.digests, "they are really different images");
}

/// The first release goes through every step.
async fn first_is_good(bench: &Bench) -> RunSummary {
    let releases = bench.releases();
    assert!(releases.len() >= 3, "at least three releases in real versions: {releases:?}");
    let first = bench.taste(releases.first().map(String::as_str)).await;
    passes(&first);
    first
}

/// The one test of a real app in the default tier: every step, and the upgrade from the newest release.
#[tokio::test(flavor = "multi_thread")]
async fn radicale_candidate_passes() {
    passes(&Bench::new("radicale").taste(None).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_full_radicale_first_release_passes() {
    first_is_good(&Bench::new("radicale")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn radicale_behind_a_wrong_port_does_not_answer() {
    let bench = Bench::new("radicale");
    bench.plant("loadbalancer.server.port=5232", "loadbalancer.server.port=5233");
    fails(&bench.taste(None).await, "install", "no-answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_full_radicale_with_its_volume_beside_the_data_loses_it() {
    let bench = Bench::new("radicale");
    bench.plant("- data:/data", "- data:/elsewhere");
    let summary = bench.taste(None).await;
    let lost = summary.steps.iter().find(|step| step.outcome == Outcome::Failed).unwrap();
    assert!(["install", "restart"].contains(&lost.kind.word()), "{lost:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn dokuwiki_first_release_and_candidate_pass() {
    history_is_good("dokuwiki").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wordpress_first_release_and_candidate_pass() {
    history_is_good("wordpress").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wordpress_that_cannot_find_its_database_is_named() {
    let bench = Bench::new("wordpress");
    bench.plant("WORDPRESS_DB_HOST: ${STACK_NAME}_db", "WORDPRESS_DB_HOST: ${STACK_NAME}_database");
    let summary = bench.taste(None).await;
    let install = summary.steps.iter().find(|step| step.kind == StepKind::Install).unwrap();
    assert_eq!(install.outcome, Outcome::Failed, "{install:#?}");
    assert!(install.reason.contains("app"), "{install:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ihatemoney_first_release_and_candidate_pass() {
    history_is_good("ihatemoney").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ihatemoney_without_its_restore_hook_loses_the_data_and_the_database_itself_shows_it() {
    let bench = Bench::new("ihatemoney");
    bench.plant("- \"backupbot.restore.post-hook=/pg_backup.sh restore\"\n", "");
    // Without any probe: a scenario that says nothing stands for the recipe's own and for the one that taster brings along.
    std::fs::write(bench.repository.join("tests/taster.toml"), "").unwrap();
    let summary = bench.steps(None, &[StepKind::Restore]).await;
    fails(&summary, "restore", "data-lost");
    let restore = summary.steps.iter().find(|step| step.kind.word() == "restore").unwrap();
    assert!(restore.reason.contains("PostgreSQL in db holds less"), "{restore:#?}");
    assert!(restore.evidence.iter().any(|piece| piece.text.contains("taster_canary_")), "{restore:#?}");
}
