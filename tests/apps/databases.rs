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
held.execute('PRAGMA wal_checkpoint(TRUNCATE)')
if not held.execute('SELECT 1 FROM settings').fetchone():
    held.execute("INSERT INTO settings VALUES ('install', ?)", (secrets.token_hex(8),))
    held.executemany('INSERT INTO notes (text) VALUES (?)', [(secrets.token_hex(8),), (secrets.token_hex(8),)])
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        held.execute("INSERT INTO seen VALUES (datetime('now'))")
        body = b'<!doctype html><title>Notes</title><p>An app with a database of its own.</p>'
        self.send_response(200); self.send_header('Content-Type', 'text/html'); self.end_headers(); self.wfile.write(body)
    def log_message(self, *rest): pass
import threading, time
def tick():
    while True:
        held.execute("INSERT INTO seen VALUES (datetime('now'))"); time.sleep(0.3)
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

/// Redis that keeps what it was told before it was asked to save, behind a generated password.
fn cache(labels: &[&str]) -> Folder {
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
secrets:
  redis_password: {{ external: true, name: "${{STACK_NAME}}_redis_password_${{SECRET_REDIS_PASSWORD_VERSION}}" }}
"#,
        image = image("taster-apps/redis")
    );
    Folder::new("redis-cache", &[("compose.yml", &compose)])
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
        std::fs::create_dir(&root).unwrap();
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
        let mut options =
            TrialOptions { path: self.root(), runs: self.0.path().join("runs"), ..TrialOptions::default() };
        options.plan.steps = vec![StepKind::Restore];
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
