//! A backup of the release before, restored into the candidate.

use taster::record::Outcome::{Failed, Passed, Skipped};
use taster::record::StepKind::{OldBackup, Upgrade};

use crate::compose::{ROUTE, app};
use crate::support::{Recipe, Tried, everything};

const DUMP: [&str; 4] = [
    "backupbot.backup=true",
    "backupbot.backup.pre-hook=demo-app dump /data/dump.json",
    "backupbot.backup.volumes.notes.path=dump.json",
    "backupbot.restore.post-hook=demo-app restore /data/dump.json",
];

/// The demo app of this version with its notes in a volume, and these labels.
fn compose(version: &str, labels: &[&str]) -> String {
    let service = "healthcheck:\n  test: [\"CMD\", \"demo-app\", \"health\"]\n  interval: 1s\n  timeout: 3s\n  retries: 30\n\
                   stop_grace_period: 2s\nvolumes:\n  - notes:/data\n";
    let version_label = format!("coop-cloud.${{STACK_NAME}}.version={version}.0+{version}");
    let labels = labels.iter().copied().chain([version_label.as_str()]);
    let labels: String = labels.map(|label| format!("        - \"{label}\"\n")).collect();
    let compose = app(service, "", &format!("{ROUTE}{labels}"));
    format!("{}volumes:\n  notes:\n", compose.replace("taster-demo:2.0", &format!("taster-demo:{version}")))
}

/// A release of version 1.0 with these labels, and a candidate of version 2.0 with those.
fn tried(name: &str, older: &[&str], newer: &[&str]) -> Tried {
    let scenario = "[[seed]]\nservice = \"app\"\nrun = \"demo-app add 'buy tea'\"\n\n\
                    [[probe]]\nname = \"notes\"\nservice = \"app\"\nrun = \"demo-app list\"\n";
    let recipe = Recipe::new(name, &compose("1.0", older)).scenario(scenario).release("1.0.0+1.0");
    recipe.file("compose.yml", compose("2.0", newer)).steps(&[OldBackup])
}

#[test]
fn in_full_a_backup_of_the_release_before_comes_back_in_the_candidate() {
    let tried = tried("old-dump", &DUMP, &DUMP);
    tried.passed();
    let step = tried.step(OldBackup);
    assert!(step.id.starts_with("old-backup:1.0.0+1.0→"), "{step:#?}");
    let all = everything(step);
    for words in ["a backup of 1.0.0+1.0 comes back in", "notes: application (notes)"] {
        assert!(all.contains(words), "no {words:?} in {all}");
    }
    assert!(tried.ended.summary.proofs.is_empty(), "the candidate's own backup was not tried");
}

#[test]
fn in_full_a_candidate_whose_hook_wants_another_dump_cannot_restore_an_older_backup() {
    let newer = DUMP.map(|label| label.replace("dump.json", "dump-2.json"));
    let newer: Vec<&str> = newer.iter().map(String::as_str).collect();
    let tried = tried("other-dump", &DUMP, &newer);
    assert_eq!(tried.step(Upgrade).outcome, Passed, "in place all is well: {:#?}", tried.step(Upgrade));
    let words = [
        "a backup of 1.0.0+1.0 does not come back in",
        "the hook after the restore ends with exit code 1",
        "dump-2.json",
    ];
    tried.ended_so(OldBackup, Failed, "restore-hook", &words);
}

#[test]
fn in_full_a_candidate_that_reads_no_dump_any_more_loses_an_older_backup() {
    // From dumps to plain files: the candidate's own backups are whole, and nothing reads what the older release took.
    let tried = tried("no-hook", &DUMP, &["backupbot.backup=true"]);
    assert_eq!(tried.step(Upgrade).outcome, Passed, "{:#?}", tried.step(Upgrade));
    let words =
        ["the probe `notes` differs after the restore", "before: buy tea", "no service has a hook", "release note"];
    tried.ended_so(OldBackup, Failed, "data-lost", &words);
}

#[test]
fn in_full_a_release_that_made_no_backup_is_no_fault_of_the_candidate() {
    let tried = tried("first-backup", &[], &DUMP);
    let step = tried.step(OldBackup);
    assert_eq!((step.outcome, step.structural, step.class.as_deref()), (Skipped, true, Some("no-backup")), "{step:#?}");
}
