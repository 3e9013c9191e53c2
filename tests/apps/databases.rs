//! Databases that taster asks by itself, without any scenario: SQLite in a volume, and Redis. Each once as it should be, and with faults.

use std::process::Command;

use taster::record::{Outcome, ProofKind, RunSummary, StepKind, StepResult};
use taster::trial::{self, TrialOptions};

/// A small app that keeps its rows in SQLite, with a log beside the database that it never writes back by itself.
const APP: &str = r#"
import http.server, secrets, sqlite3
held = sqlite3.connect('/data/app.db', isolation_level=None, check_same_thread=False)
held.execute('PRAGMA journal_mode = WAL')
held.execute('PRAGMA wal_autocheckpoint = 0')
held.execute('CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT)')
held.execute('CREATE TABLE IF NOT EXISTS seen (at TEXT)')
held.execute('CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT)')
held.execute('CREATE TABLE IF NOT EXISTS hits (page TEXT PRIMARY KEY, n INTEGER)')
held.execute('PRAGMA wal_checkpoint(TRUNCATE)')
if not held.execute('SELECT 1 FROM settings').fetchone():
    held.execute("INSERT INTO settings VALUES ('install', ?)", (secrets.token_hex(8),))
    held.executemany('INSERT INTO notes (text) VALUES (?)', [(secrets.token_hex(8),), (secrets.token_hex(8),)])
    held.executemany('INSERT INTO hits VALUES (?, 0)', [('front',), (secrets.token_hex(8),)])
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        held.execute("INSERT INTO seen VALUES (datetime('now'))")
        body = b'<!doctype html><title>Notes</title><p>An app with a database of its own.</p>'
        self.send_response(200); self.send_header('Content-Type', 'text/html'); self.end_headers(); self.wfile.write(body)
    def log_message(self, *rest): pass
import threading, time
def tick():
    while True:
        held.execute("INSERT INTO seen VALUES (datetime('now'))"); held.execute("UPDATE hits SET n = n + 1 WHERE page = 'front'"); time.sleep(0.3)
threading.Thread(target=tick, daemon=True).start()
http.server.ThreadingHTTPServer(('', 8080), Answer).serve_forever()
"#;

/// Takes a dump, or reads it back, through SQLite's own way; `more` is done to the dump.
fn hooks(more: &str) -> String {
    format!(
        "import sqlite3, sys\n\
         app, dump = sqlite3.connect('/data/app.db', timeout=20), sqlite3.connect('/data/dump.db')\n\
         if sys.argv[1] == 'dump':\n    app.backup(dump)\n    {more}\n    dump.commit()\n    dump.execute('PRAGMA journal_mode = DELETE')\n\
         else:\n    dump.backup(app)\n"
    )
}

fn notes(labels: &[&str], more: &str) -> Folder {
    let labels: String = labels.iter().map(|label| format!("        - \"{label}\"\n")).collect();
    let compose = format!(
        r#"version: "3.8"
services:
  app:
    image: taster-apps/python:bookworm
    command: ["python3", "/app.py"]
    networks: [proxy]
    configs:
      - {{ source: app, target: /app.py }}
      - {{ source: hooks, target: /hooks.py }}
    volumes: ["data:/data"]
    stop_grace_period: 1s
    healthcheck:
      test: ["CMD", "python3", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/', timeout=5)"]
      interval: 1s
      timeout: 10s
      retries: 30
    deploy:
      labels:
        - "traefik.enable=true"
        - "traefik.http.routers.${{STACK_NAME}}.rule=Host(`${{DOMAIN}}`)"
        - "traefik.http.routers.${{STACK_NAME}}.entrypoints=web-secure"
        - "traefik.http.routers.${{STACK_NAME}}.tls=true"
        - "traefik.http.services.${{STACK_NAME}}.loadbalancer.server.port=8080"
        - "backupbot.backup=true"
{labels}networks:
  proxy: {{ external: true }}
volumes: {{ data: }}
configs:
  app: {{ name: "${{STACK_NAME}}_app_v1", file: ./app.py }}
  hooks: {{ name: "${{STACK_NAME}}_hooks_v1", file: ./hooks.py }}
"#
    );
    Folder::new("sqlite-notes", &[("compose.yml", &compose), ("app.py", APP), ("hooks.py", &hooks(more))])
}

const DUMP: [&str; 3] = [
    "backupbot.backup.pre-hook=python3 /hooks.py dump",
    "backupbot.backup.volumes.data.path=dump.db",
    "backupbot.restore.post-hook=python3 /hooks.py restore",
];

/// Saves, and loads again; `more` is done between the two moments at which a careless hook looks, and after the other.
fn saving(more: &str) -> String {
    format!(
        "set -eu\nREDISCLI_AUTH=$(cat /run/secrets/redis_password); export REDISCLI_AUTH; cd /data\n\
         case $1 in\nbackup)\n  redis-cli SAVE\n  : >later.txt\n  {more}\n  ;;\n\
         restore)\n  redis-cli DEBUG RELOAD NOSAVE\n  [ ! -s later.txt ] || \
         {{ redis-cli DEL taster_busy_two; redis-cli RPUSH taster_busy_two $(cat later.txt); }}\n  redis-cli SAVE\n  ;;\nesac\n"
    )
}

/// Redis that keeps what it was told before it was asked to save, behind a generated password.
fn cache(labels: &[&str]) -> Folder {
    cache_with(labels, &saving("true"), "")
}

fn cache_with(labels: &[&str], hooks: &str, scenario: &str) -> Folder {
    let labels: String = labels.iter().map(|label| format!("        - \"{label}\"\n")).collect();
    let compose = format!(
        r#"version: "3.8"
services:
  app:
    image: {image}
    command:
      - sh
      - -c
      - |
        export REDISCLI_AUTH="$$(cat /run/secrets/redis_password)"
        (sleep 1; redis-cli SETNX installed "$$(date +%s%N)"; redis-cli SETEX session 600 x; redis-cli SAVE) &
        exec redis-server --dir /data --save '' --enable-debug-command local --requirepass "$$REDISCLI_AUTH"
    secrets: [redis_password]
    configs:
      - {{ source: hooks, target: /hooks.sh }}
    volumes: ["data:/data"]
    stop_grace_period: 1s
    healthcheck:
      test: ["CMD-SHELL", "REDISCLI_AUTH=$$(cat /run/secrets/redis_password) redis-cli GET installed | grep -q ."]
      interval: 1s
      timeout: 5s
      retries: 30
    deploy:
      labels:
        - "backupbot.backup=true"
{labels}volumes: {{ data: }}
configs:
  hooks: {{ name: "${{STACK_NAME}}_hooks_v1", file: ./hooks.sh }}
secrets:
  redis_password: {{ external: true, name: "${{STACK_NAME}}_redis_password_${{SECRET_REDIS_PASSWORD_VERSION}}" }}
"#,
        image = image("taster-apps/redis")
    );
    let files = [("compose.yml", compose.as_str()), ("hooks.sh", hooks), ("tests/taster.toml", scenario)];
    Folder::new("redis-cache", &files)
}

const SAVE: &str = "backupbot.backup.pre-hook=REDISCLI_AUTH=$$(cat /run/secrets/redis_password) redis-cli SAVE";
const RELOAD: &str =
    "backupbot.restore.post-hook=REDISCLI_AUTH=$$(cat /run/secrets/redis_password) redis-cli DEBUG RELOAD NOSAVE";

/// The only image of this name that the engine has.
fn image(name: &str) -> String {
    let listed =
        Command::new("docker").args(["image", "ls", "--format", "{{.Repository}}:{{.Tag}}", name]).output().unwrap();
    let text = String::from_utf8(listed.stdout).unwrap();
    assert!(!text.trim().is_empty(), "there is no {name}: run tests/apps/build.sh");
    text.lines().next().unwrap().to_owned()
}

struct Folder(tempfile::TempDir, &'static str);

impl Folder {
    fn new(name: &'static str, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join(name);
        std::fs::create_dir_all(root.join("tests")).unwrap();
        let sample = format!("TYPE={name}\nDOMAIN={name}.example.com\nSECRET_REDIS_PASSWORD_VERSION=v1\n");
        for (path, text) in files.iter().chain(&[(".env.sample", sample.as_str())]) {
            std::fs::write(root.join(path), text).unwrap();
        }
        Self(folder, name)
    }

    fn root(&self) -> std::path::PathBuf {
        self.0.path().join(self.1)
    }

    async fn restore(&self) -> RunSummary {
        self.tried(false, StepKind::Restore).await
    }

    /// Publishes what is there as a release.
    fn release(&self, tag: &str) {
        for arguments in [
            &["init", "--quiet", "--initial-branch=main"][..],
            &["add", "--all"],
            &["commit", "--quiet", "--message", tag],
            &["tag", "--annotate", "--message", tag, tag],
        ] {
            let mut git = Command::new("git");
            git.current_dir(self.root()).args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]);
            let done = git.env("GIT_CONFIG_GLOBAL", "/dev/null").args(arguments).output().unwrap();
            assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
        }
    }

    /// This step with what it rests on; with everything that takes long, or without.
    async fn tried(&self, full: bool, step: StepKind) -> RunSummary {
        let mut options =
            TrialOptions { path: self.root(), runs: self.0.path().join("runs"), ..TrialOptions::default() };
        options.plan.full = full;
        options.plan.steps = vec![step];
        options.node.executable = Some(env!("CARGO_BIN_EXE_taster").into());
        let ended = trial::run(&options, Vec::new()).await.unwrap();
        ended.summary
    }
}

fn restore(summary: &RunSummary) -> &StepResult {
    summary.steps.iter().find(|step| step.kind == StepKind::Restore).unwrap()
}

fn proven(summary: &RunSummary, by: &str) {
    let step = restore(summary);
    assert_eq!(step.outcome, Outcome::Passed, "{summary:#?}");
    let proof = summary.proofs.iter().find(|proof| proof.volume == "data").unwrap();
    assert_eq!((proof.kind, proof.by.join(",").as_str()), (ProofKind::Application, by), "{summary:#?}");
    assert!(step.evidence.iter().any(|piece| piece.text.contains("a planted row among them")), "{step:#?}");
    assert!(!step.weak, "{step:#?}");
}

fn lost(summary: &RunSummary, words: &[&str]) {
    let step = restore(summary);
    assert_eq!((step.outcome, step.class.as_deref()), (Outcome::Failed, Some("data-lost")), "{summary:#?}");
    let all = format!(
        "{}\n{}",
        step.reason,
        step.evidence.iter().map(|piece| piece.text.clone()).collect::<Vec<_>>().join("\n")
    );
    for word in words {
        assert!(all.contains(word), "no {word:?} in {all}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_that_is_dumped_and_read_back_is_proven_without_a_scenario() {
    proven(&notes(&DUMP, "pass").restore().await, "SQLite in the volume data");
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_whose_dump_loses_a_row_is_found_out() {
    let summary = notes(&DUMP, "dump.execute('DELETE FROM notes WHERE id = 2')").restore().await;
    lost(&summary, &["SQLite in the volume data holds less", "app.db notes: 1 of 2 row(s)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_whose_dump_loses_a_row_of_a_table_that_changes_all_the_time_is_found_out() {
    // One row counts visits, so that the table is never the same twice; the other one is lost, and a new one stands in its place.
    let swap = "dump.execute(\"UPDATE hits SET page = 'other' WHERE page <> 'front'\")";
    let summary = notes(&DUMP, swap).restore().await;
    lost(&summary, &["app.db hits: 1 of 2 row(s) that do not change by themselves are gone"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_that_is_dumped_while_it_is_written_to_is_of_one_moment() {
    let summary = notes(&DUMP, "pass").tried(true, StepKind::Restore).await;
    let step = restore(&summary);
    assert_eq!(step.outcome, Outcome::Passed, "{summary:#?}");
    let busy = |text: &str| text.starts_with("SQLite in the volume data: written to while it was backed up; 1 to ");
    assert!(step.evidence.iter().any(|piece| piece.kind == "busy" && busy(&piece.text)), "{step:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_that_is_dumped_table_by_table_is_torn() {
    // As a script that reads one table after the other does, without a transaction around them.
    let later = "\n    import time\n    time.sleep(2)\n    two = 'taster_busy_two'\n    \
                 if app.execute('SELECT 1 FROM sqlite_schema WHERE name = ?', (two,)).fetchone():\n        \
                 dump.execute('DELETE FROM ' + two)\n        \
                 dump.executemany('INSERT INTO ' + two + ' VALUES (?)', app.execute('SELECT n FROM ' + two).fetchall())";
    let summary = notes(&DUMP, later).tried(true, StepKind::Restore).await;
    let step = restore(&summary);
    assert_eq!((step.outcome, step.class.as_deref()), (Outcome::Failed, Some("torn-backup")), "{summary:#?}");
    assert!(
        step.reason.contains("a transaction is torn: of two tables that were always written together"),
        "{step:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_whose_files_are_copied_while_it_runs_is_told() {
    let summary = notes(&[], "pass").restore().await;
    let backup = summary.steps.iter().find(|step| step.kind == StepKind::Backup).unwrap();
    let told = backup.evidence.iter().any(|piece| {
        piece.kind == "finding" && piece.text.contains("its files in data are copied while it runs, and no hook")
    });
    assert!(told, "{backup:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_whose_dump_loses_a_table_is_found_out() {
    let summary = notes(&DUMP, "dump.execute('DROP TABLE notes')").restore().await;
    lost(&summary, &["app.db notes: not there; it had 2 row(s)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_that_is_copied_hot_without_its_log_is_found_out() {
    let summary = notes(&["backupbot.backup.volumes.data.path=app.db"], "pass").restore().await;
    lost(&summary, &["SQLite in the volume data holds less", "taster_canary_"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_that_is_saved_and_loaded_again_is_proven_without_a_scenario() {
    let labels = [SAVE, "backupbot.backup.volumes.data.path=dump.rdb", RELOAD];
    proven(&cache(&labels).restore().await, "Redis in app");
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_that_keeps_the_newest_key_in_memory_alone_is_found_out() {
    let summary = cache(&["backupbot.backup.volumes.data.path=dump.rdb", RELOAD]).restore().await;
    lost(&summary, &["Redis in app holds less", "db0 taster_canary_"]);
    let text = format!("{:?}", restore(&summary));
    assert!(!text.contains("db0 session"), "what has a time to live is no loss: {text}");
}

const HOOKS: [&str; 3] = [
    "backupbot.backup.pre-hook=sh /hooks.sh backup",
    "backupbot.backup.volumes.data.path=dump.rdb,later.txt",
    "backupbot.restore.post-hook=sh /hooks.sh restore",
];

/// What the app keeps is written by the scenario, as the app itself would.
const LIST: &str = r#"
[[seed]]
service = "app"
run = 'REDISCLI_AUTH=$(cat /run/secrets/redis_password) redis-cli RPUSH notes tea'

[[write]]
service = "app"
run = 'REDISCLI_AUTH=$(cat /run/secrets/redis_password) redis-cli RPUSH notes "note {mark}"'

[[probe]]
name = "notes"
service = "app"
run = 'REDISCLI_AUTH=$(cat /run/secrets/redis_password) redis-cli LRANGE notes 0 -1'
"#;

#[tokio::test(flavor = "multi_thread")]
async fn redis_that_is_saved_while_it_is_written_to_is_of_one_moment() {
    let summary = cache_with(&HOOKS, &saving("true"), LIST).tried(true, StepKind::Restore).await;
    let step = restore(&summary);
    assert_eq!(step.outcome, Outcome::Passed, "{summary:#?}");
    for name in ["Redis in app", "the probe `notes`"] {
        let busy = format!("{name}: written to while it was backed up; 1 to ");
        assert!(step.evidence.iter().any(|piece| piece.kind == "busy" && piece.text.starts_with(&busy)), "{step:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_that_is_dumped_key_by_key_is_torn() {
    // One list is of another moment than the rest, as with a script that reads one key after the other.
    let later = "sleep 2; redis-cli LRANGE taster_busy_two 0 -1 >later.txt";
    let summary = cache_with(&HOOKS, &saving(later), "").tried(true, StepKind::Restore).await;
    let step = restore(&summary);
    assert_eq!((step.outcome, step.class.as_deref()), (Outcome::Failed, Some("torn-backup")), "{summary:#?}");
    assert!(step.reason.contains("Redis in app: a transaction is torn"), "{step:#?}");
}

/// A release, and a candidate whose app does this to its database when it starts.
fn migrating(migration: &str, scenario: &str) -> Folder {
    let folder = notes(&DUMP, "pass");
    folder.release("1.0.0+1.0");
    let write = |path: &str, text: &str| std::fs::write(folder.root().join(path), text).unwrap();
    let compose = std::fs::read_to_string(folder.root().join("compose.yml")).unwrap();
    write("compose.yml", &compose.replace("_app_v1", "_app_v2"));
    write("app.py", &APP.replace("class Answer", &format!("{migration}\nclass Answer")));
    write("tests/taster.toml", scenario);
    folder
}

async fn migrated(folder: &Folder) -> StepResult {
    let summary = folder.tried(false, StepKind::Upgrade).await;
    summary.steps.into_iter().find(|step| step.kind == StepKind::Upgrade).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_whose_migration_loses_a_row_is_found_out_and_the_row_is_named() {
    // As many rows as before: only their keys tell.
    let swap = "held.execute('UPDATE notes SET id = 7 WHERE id = 2')";
    let step = migrated(&migrating(swap, "")).await;
    assert_eq!((step.outcome, step.class.as_deref()), (Outcome::Failed, Some("data-lost")), "{step:#?}");
    let words = "SQLite in the volume data: 1 of 2 row(s) of the table app.db notes are gone after the upgrade: 2";
    assert!(step.reason.ends_with(words), "{step:#?}");
    assert!(step.advice.unwrap().contains("[upgrade.may_lose]"));
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_whose_migration_rewrites_and_adds_rows_and_loses_what_it_may_is_well() {
    let migration = "held.execute('ALTER TABLE notes ADD COLUMN mark TEXT'); held.execute(\"UPDATE notes SET mark = 'old', text = 'x'\")\n\
                     held.execute(\"INSERT INTO notes (text) VALUES ('new')\"); held.execute('DELETE FROM notes WHERE id = 1')\n\
                     held.execute('DELETE FROM hits'); held.execute('DELETE FROM seen')";
    let declared = "[upgrade.may_lose]\nnotes = \"the first note only says hello\"\n";
    let step = migrated(&migrating(migration, declared)).await;
    // `hits` counts visits all the time; that it was emptied is a loss all the same.
    assert_eq!((step.outcome, step.class.as_deref()), (Outcome::Failed, Some("data-lost")), "{step:#?}");
    assert!(step.reason.contains("the table app.db hits had 2 row(s) and has none"), "{step:#?}");
    let fewer = migration
        .replace("held.execute('DELETE FROM hits');", "held.execute(\"DELETE FROM hits WHERE page <> 'front'\");");
    let step = migrated(&migrating(&fewer, declared)).await;
    assert_eq!(step.outcome, Outcome::Passed, "{step:#?}");
    let told: Vec<&str> = step.evidence.iter().map(|piece| piece.text.as_str()).collect();
    let told = told.join("\n");
    for words in [
        "app.db notes are gone after the upgrade: 1; declared in the scenario: the first note only says hello",
        "app.db hits has 1 of 2 row(s) after the upgrade",
    ] {
        assert!(told.contains(words), "no {words:?} in {told}");
    }
}
