//! Backup and restore: what backup-bot would do, and the proof that data survives (design.md §3.5, lessons 16 to 22).

use taster::record::Outcome::{Blocked, Failed, Passed, Skipped};
use taster::record::StepKind::{Backup, Redeploy, Restart, Restore, Upgrade};
use taster::record::{Outcome, ProofKind};

use crate::compose::{ROUTE, app};
use crate::support::{Recipe, Tried, everything};

const SEED: &str = "[[seed]]\nservice = \"app\"\nrun = \"demo-app add 'buy tea'\"\n\n\
                    [[probe]]\nname = \"notes\"\nservice = \"app\"\nrun = \"demo-app list\"\n";

const ON: &str = "backupbot.backup=true";

/// The demo app with its notes in a volume, and these labels. The answer is the health page: no title tells one notebook from another.
fn notes(name: &str, labels: &[&str]) -> Recipe {
    let service = "healthcheck:\n  test: [\"CMD\", \"demo-app\", \"health\"]\n  interval: 1s\n  timeout: 3s\n  retries: 30\n\
                   stop_grace_period: 2s\nvolumes:\n  - notes:/data\n";
    let labels: String = labels.iter().map(|label| format!("        - \"{label}\"\n")).collect();
    let compose = format!("{}volumes:\n  notes:\n", app(service, "", &format!("{ROUTE}{labels}")));
    Recipe::new(name, &compose).scenario(&format!("{SEED}[ready]\npath = \"/healthz\"\n"))
}

fn outcomes(tried: &Tried) -> (Outcome, Outcome) {
    (tried.step(Backup).outcome, tried.step(Restore).outcome)
}

#[test]
fn a_dump_that_is_written_and_read_by_hooks_brings_the_data_back() {
    let recipe = notes(
        "dumps",
        &[
            ON,
            "backupbot.backup.pre-hook=demo-app dump /data/dump.json",
            "backupbot.backup.volumes.notes.path=dump.json,attachments",
            "backupbot.restore.post-hook=demo-app restore /data/dump.json",
        ],
    );
    let tried = recipe.steps(&[Restart, Redeploy, Restore, Upgrade]);
    tried.passed();
    let (backup, restore) = (tried.step(Backup), tried.step(Restore));
    assert!(backup.reason.starts_with("1 file(s)") && everything(backup).contains("attachments"), "{backup:#?}");
    assert!(restore.reason.contains("1 volume(s) lost and restored") && !restore.weak, "{restore:#?}");
    let proofs = &tried.ended.summary.proofs;
    assert_eq!(proofs.len(), 1, "{proofs:#?}");
    assert_eq!((proofs[0].kind, proofs[0].by.join(",")), (ProofKind::Application, "notes".to_owned()));
    assert_eq!((proofs[0].files, proofs[0].uncovered), (2, 0), "made anew from the dump: {proofs:#?}");
    assert_eq!(tried.ended.summary.level, 4);
}

#[test]
fn whole_volumes_and_paths_of_the_first_version_are_restored_and_files_alone_can_prove_it() {
    // Without a probe; the front page names the notebook, which a fresh install would not know.
    let recipe = notes("first-version", &[ON, "backupbot.backup.path=/data/notes.jsonl,/data/notebook,/own.json"]);
    let scenario = "[[seed]]\nservice = \"app\"\nrun = \"demo-app add 'buy tea'\"\n\n\
                    [[seed]]\nservice = \"app\"\nrun = \"demo-app dump /own.json\"\n";
    let tried = recipe.scenario(scenario).steps(&[Restore]);
    tried.passed();
    let proof = &tried.ended.summary.proofs[0];
    assert_eq!((proof.kind, proof.files, proof.uncovered), (ProofKind::File, 2, 0), "{proof:#?}");
    assert!(everything(tried.step(Backup)).contains("the container of app: 1 file(s)"), "{:#?}", tried.step(Backup));
}

#[test]
fn lesson_19_written_volumes_and_no_labels_is_no_backup() {
    let tried = notes("no-labels", &[]).steps(&[Restore]);
    let words = ["the run wrote to notes", "backupbot.backup=${ENABLE_BACKUPS:-true}"];
    tried.ended_so(Backup, Failed, "no-backup", &words);
    assert_eq!(outcomes(&tried), (Failed, Blocked));
}

#[test]
fn without_a_volume_there_is_nothing_to_back_up_and_the_ladder_goes_on() {
    let tried = Recipe::new("stateless", &crate::compose::routed("", "")).steps(&[Restore]);
    for kind in [Backup, Restore] {
        let step = tried.step(kind);
        assert_eq!((step.outcome, step.class.as_deref()), (Skipped, Some("nothing-written")), "{step:#?}");
        assert!(step.structural);
    }
    assert_eq!(tried.ended.exit, 0);
}

#[test]
fn lesson_17_a_dump_outside_every_volume_makes_an_empty_backup() {
    let labels = [
        ON,
        "backupbot.backup.pre-hook=demo-app dump /dump.json",
        "backupbot.backup.volumes.notes.path=dump.json",
        "backupbot.restore.post-hook=demo-app restore /dump.json",
    ];
    let tried = notes("outside", &labels).steps(&[Restore]);
    tried.ended_so(Backup, Failed, "empty-backup", &["holds no file", "the volume notes: dump.json"]);
    assert_eq!(outcomes(&tried), (Failed, Blocked));
}

#[test]
fn a_volume_that_is_left_out_is_an_empty_backup() {
    // Backups are on, no hook writes a dump elsewhere, and the only volume is excluded.
    let tried = notes("left-out", &[ON, "backupbot.backup.volumes.notes=false"]).steps(&[Restore]);
    tried.ended_so(Backup, Failed, "empty-backup", &["left out by the labels: notes"]);
}

#[test]
fn in_full_a_dump_in_a_path_that_is_not_selected_is_lost() {
    let labels =
        [ON, "backupbot.backup.pre-hook=demo-app dump /data/dump.json", "backupbot.backup.volumes.notes.path=schema"];
    let tried = notes("unselected", &labels).steps(&[Restore]);
    let words =
        ["the probe `notes` differs after the restore", "before: buy tea", "schema (2 bytes)", "no service has a hook"];
    tried.ended_so(Restore, Failed, "data-lost", &words);
    assert_eq!(tried.step(Backup).outcome, Passed);
}

#[test]
fn a_hook_that_fails_is_told_with_what_it_said() {
    let labels = [ON, "backupbot.backup.pre-hook=demo-app dump /no/such/folder/dump.json"];
    let tried = notes("hook-fails", &labels).steps(&[Backup]);
    let words = ["the hook before the backup ends with exit code 1", "cannot write /no/such/folder/dump.json"];
    tried.ended_so(Backup, Failed, "backup-hook", &words);
}

#[test]
fn lesson_16_a_dump_that_is_empty_or_cut_off_is_found_out_by_the_restore() {
    // The hook says that all is well, and the dump is what an earlier, broken one left.
    let labels = [
        ON,
        "backupbot.backup.pre-hook=demo-app --fault truncated-dump dump /data/dump.json",
        "backupbot.backup.volumes.notes.path=dump.json",
        "backupbot.restore.post-hook=demo-app restore /data/dump.json",
    ];
    let tried = notes("truncated", &labels).steps(&[Restore]);
    let words = ["the hook after the restore ends with exit code 1", "this is no dump of the demo app"];
    tried.ended_so(Restore, Failed, "restore-hook", &words);
    let labels = labels.map(|label| label.replace("truncated-dump", "empty-dump"));
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    let tried = notes("empty", &labels).steps(&[Restore]);
    assert_eq!(tried.step(Backup).outcome, Passed, "a hook that exits with 0 tells nothing");
    tried.ended_so(Restore, Failed, "data-lost", &["the probe `notes` differs after the restore", "buy tea"]);
}

#[test]
fn lesson_20_a_restore_hook_that_stops_half_way_with_exit_0_is_found_out() {
    let labels = [
        ON,
        "backupbot.backup.pre-hook=demo-app dump /data/dump.json",
        "backupbot.backup.volumes.notes.path=dump.json",
        "backupbot.restore.post-hook=demo-app --fault half-restore restore /data/dump.json",
    ];
    let recipe = notes("half-way", &labels);
    let more = SEED.replace("[[probe]]", "[[seed]]\nservice = \"app\"\nrun = \"demo-app add 'and milk'\"\n\n[[probe]]");
    let tried = recipe.scenario(&format!("{more}[ready]\npath = \"/healthz\"\n")).steps(&[Restore]);
    let words = ["the probe `notes` differs after the restore", "before: buy tea\nand milk", "after: buy tea"];
    tried.ended_so(Restore, Failed, "data-lost", &words);
}

#[test]
fn in_full_lesson_21_a_dump_of_an_earlier_day_is_found_out() {
    // The hook writes its dump beside the path that is selected, where an older one lies.
    let labels = [
        ON,
        "backupbot.backup.pre-hook=demo-app dump /data/new.json",
        "backupbot.backup.volumes.notes.path=dump.json",
        "backupbot.restore.post-hook=demo-app restore /data/dump.json",
    ];
    let later = "[[seed]]\nservice = \"app\"\nrun = \"demo-app dump /data/dump.json\"\n\n\
                 [[seed]]\nservice = \"app\"\nrun = \"demo-app add 'and milk'\"\n\n[[probe]]";
    let scenario = format!("{}[ready]\npath = \"/healthz\"\n", SEED.replace("[[probe]]", later));
    let tried = notes("earlier-day", &labels).scenario(&scenario).steps(&[Restore]);
    let words = ["the probe `notes` differs after the restore", "before: buy tea\nand milk", "after: buy tea"];
    tried.ended_so(Restore, Failed, "data-lost", &words);
}

#[test]
fn in_full_lesson_22_an_app_that_is_busy_after_a_restore_is_asked_again() {
    let labels = [
        ON,
        "backupbot.backup.pre-hook=demo-app dump /data/dump.json",
        "backupbot.backup.volumes.notes.path=dump.json",
        "backupbot.restore.post-hook=demo-app --fault busy-restore:5 restore /data/dump.json",
    ];
    let tried = notes("busy-for-a-while", &labels).steps(&[Restore]);
    tried.passed();
    assert!(!tried.step(Restore).weak, "no restart was needed: {:#?}", tried.step(Restore));
}

#[test]
fn a_probe_that_is_content_with_nothing_proves_nothing() {
    let labels = [
        ON,
        "backupbot.backup.pre-hook=demo-app dump /data/dump.json",
        "backupbot.backup.volumes.notes.path=dump.json",
    ];
    let scenario = "[[seed]]\nservice = \"app\"\nrun = \"demo-app add 'buy tea'\"\n\n\
                    [[probe]]\nname = \"health\"\nservice = \"app\"\nrun = \"demo-app health\"\n[ready]\npath = \"/healthz\"\n";
    let tried = notes("content", &labels).scenario(scenario).steps(&[Restore]);
    let words = ["nothing proves that the data of notes", "the probe `health` is content", "notes.jsonl", "[[probe]]"];
    let step = tried.step(Restore);
    assert_eq!((step.outcome, step.class.as_deref()), (Blocked, Some("unproven")), "{step:#?}");
    for word in words {
        assert!(everything(step).contains(word), "no {word:?} in {step:#?}");
    }
    assert_eq!((tried.ended.exit, tried.ended.summary.proofs[0].kind), (3, ProofKind::None));
}

#[test]
fn in_full_what_is_kept_beside_the_volume_is_lost_with_the_container() {
    let recipe = notes("beside", &[ON]);
    let compose = std::fs::read_to_string(recipe.path().join("compose.yml")).unwrap();
    let beside = "    environment:\n      - DEMO_DATA=/var/notes\n    stop_grace_period";
    let recipe = recipe.file("compose.yml", compose.replace("    stop_grace_period", beside));
    // Something lies in the volume, and it is not what the app knows.
    let seed = "[[seed]]\nservice = \"app\"\nrun = \"demo-app dump /data/old.json\"\n\n";
    let tried = recipe.scenario(&format!("{seed}{SEED}[ready]\npath = \"/healthz\"\n")).steps(&[Restore]);
    tried.ended_so(Restore, Failed, "data-lost", &["the probe `notes` differs after the restore", "buy tea"]);
}

/// Tries the restore with everything that takes long.
fn in_full(recipe: &Recipe) -> Tried {
    let mut options = recipe.options();
    options.plan.steps = vec![Restore];
    options.plan.full = true;
    recipe.run(&options)
}

#[test]
fn in_full_a_backup_that_is_cut_in_half_or_left_out_is_noticed() {
    let recipe = notes(
        "sabotaged",
        &[
            ON,
            "backupbot.backup.pre-hook=demo-app dump /data/dump.json",
            "backupbot.backup.volumes.notes.path=dump.json",
            "backupbot.restore.post-hook=demo-app restore /data/dump.json",
        ],
    );
    let tried = in_full(&recipe);
    tried.passed();
    let all = everything(tried.step(Restore));
    for word in [
        "the backup of notes was cut in half, and that was noticed",
        "the backup of notes was left out, and that was noticed",
    ] {
        assert!(all.contains(word), "{all}");
    }
}

#[test]
fn in_full_a_probe_that_does_not_look_into_a_volume_is_blind_for_it() {
    // Two volumes in one service: the probe tells the notes, and nothing tells the papers, of which few come back.
    let compose = std::fs::read_to_string(notes("blind", &[ON]).path().join("compose.yml")).unwrap();
    let compose = compose.replace("- notes:/data\n", "- notes:/data\n      - papers:/papers\n");
    let compose = compose.replace("volumes:\n  notes:\n", "volumes:\n  notes:\n  papers:\n");
    assert_eq!(compose.matches("papers").count(), 3, "{compose}");
    let dumped = "[[seed]]\nservice = \"app\"\nrun = \"demo-app dump /papers/paper.json\"\n\n";
    let scenario = format!("{SEED}{dumped}[ready]\npath = \"/healthz\"\n");
    let tried = in_full(&Recipe::new("blind", &compose).scenario(&scenario));
    let step = tried.step(Restore);
    assert_eq!((step.outcome, step.class.as_deref()), (Blocked, Some("unproven")), "{step:#?}");
    let all = everything(step);
    assert!(all.contains("the backup of papers was cut in half, and nothing noticed"), "{all}");
}
