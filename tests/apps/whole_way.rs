//! Real apps from their first release to the candidate and back, with backup, loss, restore and browser on the way; and each once more with
//! a fault.

use taster::record::{HopKind, Outcome, RunSummary, StepKind};
use taster::trial::{self, TrialOptions};

use crate::{Bench, fine};

impl Bench {
    /// Tries everything; `upgrade` goes below the scenario of the recipe, and `steps` are all when none is named.
    async fn whole_way(&self, upgrade: &str, steps: &[StepKind]) -> RunSummary {
        let own = std::fs::read_to_string(self.repository.join("tests/taster.toml")).unwrap();
        let scenario = self.dir.path().join("whole-way.toml");
        // The apps' releases are years apart, and the chain goes back two years by itself.
        let from = &self.releases()[0];
        std::fs::write(&scenario, format!("{own}\n[upgrade]\nfrom = \"{from}\"\n{upgrade}")).unwrap();
        let mut options = TrialOptions {
            path: self.repository.clone(),
            scenario: Some(scenario),
            runs: self.dir.path().join("runs"),
            ..TrialOptions::default()
        };
        options.plan.full = steps.is_empty();
        options.plan.chain = true;
        options.plan.steps = steps.to_vec();
        options.node.executable = Some(env!("CARGO_BIN_EXE_taster").into());
        trial::run(&options, Vec::new()).await.unwrap().summary
    }
}

/// Everything passed, every release was gone through, and the way past others as well.
fn all_the_way(bench: &Bench, summary: &RunSummary) {
    let guess = |variant: &str| variant.starts_with("guessed:");
    let not_fine: Vec<_> = summary.steps.iter().filter(|step| !fine(step) && !guess(&step.variant)).collect();
    assert!(not_fine.is_empty(), "{not_fine:#?}");
    let map = summary.upgrade_map.as_ref().unwrap();
    let row = map.hops.iter().filter(|hop| matches!(hop.kind, HopKind::Chain | HopKind::Newest));
    assert_eq!(row.count(), bench.releases().len(), "{map:#?}");
    assert!(map.hops.iter().all(|hop| hop.outcome == Outcome::Passed), "{map:#?}");
    assert!(map.hops.iter().any(|hop| hop.kind == HopKind::Skip), "{map:#?}");
    let kinds: std::collections::BTreeSet<StepKind> = summary.steps.iter().map(|step| step.kind).collect();
    assert_eq!(kinds.len(), 11, "every kind of step but the one under stress: {kinds:?}");
}

/// The upgrade to the candidate fails so, and the chain before it is good.
fn last_hop_fails(summary: &RunSummary, class: &str, words: &str) {
    let newest = summary.steps.iter().find(|step| step.hop == Some(HopKind::Newest)).unwrap();
    assert_eq!((newest.outcome, newest.class.as_deref()), (Outcome::Failed, Some(class)), "{newest:#?}");
    assert!(newest.reason.contains(words), "{newest:#?}");
    let chain = summary.steps.iter().filter(|step| step.hop == Some(HopKind::Chain));
    assert!(chain.clone().count() > 0 && chain.clone().all(|step| step.outcome == Outcome::Passed));
}

#[tokio::test(flavor = "multi_thread")]
async fn calendars_go_the_whole_way_and_a_moved_folder_loses_them() {
    let bench = Bench::new("radicale");
    all_the_way(&bench, &bench.whole_way("", &[]).await);
    bench.plant("- data:/data", "- collections:/data");
    bench.plant("volumes:\n  data:", "volumes:\n  collections:");
    last_hop_fails(&bench.whole_way("", &[StepKind::Upgrade]).await, "data-lost", "after the upgrade");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wiki_goes_the_whole_way_and_a_moved_folder_loses_its_pages() {
    let bench = Bench::new("dokuwiki");
    all_the_way(&bench, &bench.whole_way("", &[]).await);
    bench.plant("- storage:/storage", "- wiki:/storage");
    bench.plant("volumes:\n  storage:", "volumes:\n  wiki:");
    last_hop_fails(&bench.whole_way("", &[StepKind::Upgrade]).await, "data-lost", "after the upgrade");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blog_and_its_database_go_the_whole_way_and_a_lost_upload_is_seen() {
    let bench = Bench::new("wordpress");
    all_the_way(&bench, &bench.whole_way("", &[]).await);
    // Themes lie in the volume beside the uploads: with them gone too, WordPress would not answer, and nobody would ask for the upload.
    let content = "- content:/var/www/html/wp-content";
    bench.plant(content, &format!("{content}\n      - uploads:/var/www/html/wp-content/uploads"));
    bench.plant("  content:\n", "  content:\n  uploads:\n");
    last_hop_fails(&bench.whole_way("", &[StepKind::Upgrade]).await, "data-lost", "uploads");
}

/// What the release note of 2.0.0 tells operators to do before PostgreSQL moves from 13 to 15, and where it tells them to stop.
fn purse(bench: &Bench, told: &str) -> String {
    let releases = bench.releases();
    format!("stops = [\"{}\"]\n[upgrade.edges.\"{}\"]\n{told}\n", releases[1], releases[2])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purse_goes_the_whole_way_past_a_major_version_of_its_database_and_without_the_told_step_it_is_refused() {
    let bench = Bench::new("ihatemoney");
    let prepare = "before = [{ service = \"db\", run = \"/pg_backup.sh prepare\" }]";
    all_the_way(&bench, &bench.whole_way(&purse(&bench, prepare), &[]).await);
    let summary = bench.whole_way(&purse(&bench, ""), &[StepKind::Upgrade]).await;
    let to = format!("→{}@default", bench.releases()[2]);
    let hop = summary.steps.iter().find(|step| step.id.ends_with(&to)).unwrap();
    // The recipe's own guard: better no start than an empty database.
    assert_eq!((hop.outcome, hop.class.as_deref()), (Outcome::Failed, Some("rolled-back")), "{hop:#?}");
    assert!(hop.reason.starts_with("db: "), "{hop:#?}");
    let words = "There is a database of PostgreSQL 13 and no dump of it.";
    assert!(hop.evidence.iter().any(|evidence| evidence.text.contains(words)), "{hop:#?}");
}
