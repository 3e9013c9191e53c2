//! A backup that is taken while the app is written to.

use taster::record::Outcome::{Failed, Passed};
use taster::record::StepKind::{Backup, Restore};

use crate::compose::{ROUTE, app};
use crate::support::{Recipe, Tried, everything};

fn tried(name: &str, fault: &str, write: &str) -> Tried {
    let service = "healthcheck:\n  test: [\"CMD\", \"demo-app\", \"health\"]\n  interval: 1s\n  timeout: 3s\n  retries: 30\n\
                   stop_grace_period: 2s\nvolumes:\n  - notes:/data\n";
    let labels = [
        "backupbot.backup=true".to_owned(),
        format!("backupbot.backup.pre-hook=demo-app {fault}dump /data/dump.json"),
        "backupbot.backup.volumes.notes.path=dump.json".to_owned(),
        "backupbot.restore.post-hook=demo-app restore /data/dump.json".to_owned(),
    ];
    let labels: String = labels.iter().map(|label| format!("        - \"{label}\"\n")).collect();
    let compose = format!("{}volumes:\n  notes:\n", app(service, "", &format!("{ROUTE}{labels}")));
    let scenario = format!(
        "[[seed]]\nservice = \"app\"\nrun = \"demo-app add 'buy tea'\"\n\n{write}\
         [[probe]]\nname = \"notes\"\nservice = \"app\"\nrun = \"demo-app list\"\n[ready]\npath = \"/healthz\"\n"
    );
    let recipe = Recipe::new(name, &compose).scenario(&scenario);
    let mut options = recipe.options();
    options.plan.steps = vec![Restore];
    options.plan.full = true;
    recipe.run(&options)
}

const WRITE: &str = "[[write]]\nservice = \"app\"\nrun = \"demo-app add 'note {mark}'\"\n\n";

#[test]
fn in_full_a_dump_that_is_taken_while_notes_are_written_is_of_one_moment() {
    let tried = tried("busy", "", WRITE);
    tried.passed();
    let all = everything(tried.step(Restore));
    assert!(all.contains("busy: the probe `notes`: written to while it was backed up; 1 to "), "{all}");
}

#[test]
fn in_full_a_dump_that_misses_what_was_written_before_its_newest_note_is_torn() {
    let tried = tried("torn", "--fault torn-dump ", WRITE);
    assert_eq!(tried.step(Backup).outcome, Passed, "nobody writes: {:#?}", tried.step(Backup));
    let words = [
        "not what was there at one moment",
        "is missing, and",
        "which was written after it, is there",
        "one transaction",
    ];
    tried.ended_so(Restore, Failed, "torn-backup", &words);
}

#[test]
fn in_full_without_a_writer_it_is_said_that_nothing_was_written() {
    let tried = tried("nobody-writes", "--fault torn-dump ", "");
    tried.passed();
    let all = everything(tried.step(Restore));
    assert!(all.contains("nothing was written during a backup: there is no [[write]]"), "{all}");
}
