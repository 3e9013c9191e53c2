//! How fast the catalogue is built, against one `git show` process for each file, in the same run.
//!
//! `cargo bench --bench catalogue`. Targets (issue 4): every tag of 200 repositories × 20 tags in 2 s cold from local mirrors on two
//! cores and in 0.2 s warm, 20 × faster than `git show`, at most 150 MB, and linear from 100 to 1 000 repositories.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark prints, and fails by panicking"
)]

#[path = "../tests/support/forge.rs"]
mod server;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Releases of each repository.
const TAGS: usize = 20;
/// The files that are read of each release: those that decide what is deployed.
const READ: [&str; 4] = ["compose.yml", "compose.smtp.yml", ".env.sample", "abra.sh"];
/// `git show` is measured on so many of the files, and counted up: all of them take minutes.
const SAMPLE: usize = 200;

fn main() {
    let directory = tempfile::tempdir().unwrap();
    let small = directory.path().join("r200");
    generate(&small, 200);
    let cold = measure(directory.path(), &small, &["--no-lint"], true);
    let warm = measure(directory.path(), &small, &["--no-lint"], false);
    let linted = measure(directory.path(), &small, &[], true);
    let linted_warm = measure(directory.path(), &small, &[], false);
    let shown = git_show(&small);
    let files = 200 * TAGS * READ.len();
    let reference = shown * u32::try_from(files).unwrap() / u32::try_from(SAMPLE).unwrap();
    println!("200 × {TAGS} cold              {}   (targets 2 s, 150 MB)", told(cold));
    println!("200 × {TAGS} warm              {}   (target 0.2 s)", told(warm));
    println!("200 × {TAGS} cold, with lint   {}", told(linted));
    println!("200 × {TAGS} warm, with lint   {}", told(linted_warm));
    println!(
        "git show, {files} files       {:>8.2} s ({SAMPLE} measured)   ratio {:.0} (target 20)",
        reference.as_secs_f64(),
        reference.as_secs_f64() / cold.0.as_secs_f64()
    );
    for count in [100, 1_000] {
        let folder = directory.path().join(format!("r{count}"));
        generate(&folder, count);
        let (time, memory) = measure(directory.path(), &folder, &["--no-lint"], true);
        let each = time.as_secs_f64() * 1e3 / f64::from(u32::try_from(count).unwrap());
        println!("{count:>5} × {TAGS} cold           {}   {each:.2} ms each", told((time, memory)));
    }
    remote(directory.path(), &small);
}

fn told((time, memory): (Duration, u64)) -> String {
    format!("{:>8.3} s  {:>4} MB", time.as_secs_f64(), memory / 1_000_000)
}

/// The best of three processes, and its memory at the peak.
fn measure(directory: &Path, source: &Path, more: &[&str], cold: bool) -> (Duration, u64) {
    let cache = directory.join("cache");
    let once = || {
        if cold && cache.exists() {
            std::fs::remove_dir_all(&cache).unwrap();
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_taster"));
        command.arg("catalogue").arg("--source").arg(source).arg("--out").arg(directory.join("out"));
        command.args(more).arg("--cache").arg(&cache).current_dir(directory);
        let _ = std::fs::remove_dir_all(directory.join("out"));
        timed(&mut command)
    };
    (0..3).map(|_| once()).min().unwrap()
}

/// Runs a process: wall clock, and the kernel's count of its memory.
fn timed(command: &mut Command) -> (Duration, u64) {
    let begun = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let code = loop {
        if let Some(line) = std::fs::read_to_string(&status).ok().and_then(|text| line(&text)) {
            peak = peak.max(line);
        }
        match child.try_wait().unwrap() {
            Some(code) => break code,
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    let time = begun.elapsed();
    if !code.success() {
        // What it said went nowhere: it is asked again.
        let said = command.stderr(Stdio::piped()).output().unwrap().stderr;
        panic!("{command:?}: {code}\n{}", String::from_utf8_lossy(&said));
    }
    (time, peak)
}

fn line(status: &str) -> Option<u64> {
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

fn git_show(folder: &Path) -> Duration {
    let begun = Instant::now();
    for number in 0..SAMPLE / READ.len() {
        for file in READ {
            let name = format!("refs/tags/1.{}.0+1.{}.0:{file}", number % TAGS, number % TAGS);
            let mut shown = Command::new("git");
            shown.arg("-C").arg(folder.join(format!("recipe-{number:04}"))).args(["show", &name]);
            assert!(shown.stdout(Stdio::null()).status().unwrap().success());
        }
    }
    begun.elapsed()
}

/// Bare repositories in one pack each, as a mirror is after a clone, fed through `git fast-import`: files of realistic sizes, of which each
/// release changes two.
fn generate(folder: &Path, count: usize) {
    std::fs::create_dir_all(folder).unwrap();
    for number in 0..count {
        let path = folder.join(format!("recipe-{number:04}"));
        assert!(
            Command::new("git")
                .args(["init", "--quiet", "--bare", "--initial-branch=main"])
                .arg(&path)
                .status()
                .unwrap()
                .success()
        );
        let mut child = Command::new("git")
            .arg("-C")
            .arg(&path)
            .args(["fast-import", "--quiet"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(history(number).as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
    }
}

fn history(number: usize) -> String {
    let mut stream = String::new();
    let file = |stream: &mut String, path: &str, text: &str| {
        write!(stream, "M 100644 inline {path}\ndata {}\n{text}\n", text.len()).unwrap();
    };
    for release in 0..TAGS {
        let version = format!("1.{release}.0+1.{release}.0");
        let date = 1_700_000_000 + release * 86_400;
        write!(
            stream,
            "commit refs/heads/main\nmark :{}\ncommitter A <a@example.com> {date} +0000\ndata 1\nx\n",
            release + 1
        )
        .unwrap();
        if release == 0 {
            file(&mut stream, ".env.sample", &environment(number));
            file(&mut stream, "abra.sh", "export APP_CONF_VERSION=v1\nexport ENTRYPOINT_VERSION=v2\n");
            file(&mut stream, "README.md", &readme(number));
            file(&mut stream, "app.conf.tmpl", &"setting = {{ env \"DOMAIN\" }}\n".repeat(60));
        }
        file(&mut stream, "compose.yml", &compose(&version, release));
        file(&mut stream, "compose.smtp.yml", &smtp(release));
        stream.push('\n');
        write!(stream, "tag {version}\nfrom :{}\ntagger A <a@example.com> {date} +0000\ndata 1\nx\n", release + 1)
            .unwrap();
    }
    stream
}

fn environment(number: usize) -> String {
    let mut text = format!(
        "TYPE=recipe-{number:04}\nDOMAIN=app.example.com\nLETS_ENCRYPT_ENV=production\nSECRET_DB_PASSWORD_VERSION=v1 # length=32\nSECRET_SMTP_PASSWORD_VERSION=v1\nCOMPOSE_FILE=\"compose.yml\"\n"
    );
    for option in 0..20 {
        writeln!(text, "#OPTION_{option}=value of option {option}").unwrap();
    }
    text
}

fn readme(number: usize) -> String {
    format!(
        "# recipe-{number:04}\n\nAn app that does what apps do.\n\n<!-- metadata -->\n\n* **Category**: Apps\n* **Status**: 3, stable\n* **Image**: [`nginx`](https://example.com), 4, upstream\n* **Healthcheck**: Yes\n* **Backups**: Yes\n* **Email**: 3\n* **Tests**: 2\n* **SSO**: No\n\n<!-- endmetadata -->\n\n{}",
        "Some words about how to install it.\n".repeat(60)
    )
}

fn compose(version: &str, release: usize) -> String {
    let mut text = String::from("---\nversion: \"3.8\"\n\nservices:\n");
    for (name, image) in [("app", "nginx"), ("worker", "nginx"), ("db", "mariadb")] {
        write!(
            text,
            "  {name}:\n    image: {image}:1.{release}.0\n    networks:\n      - proxy\n      - internal\n    environment:\n      - DOMAIN\n      - DB_HOST=${{STACK_NAME}}_db\n      - DB_PASSWORD_FILE=/run/secrets/db_password\n    secrets:\n      - db_password\n    volumes:\n      - {name}:/data\n    healthcheck:\n      test: [\"CMD\", \"curl\", \"-f\", \"http://localhost\"]\n      interval: 30s\n      timeout: 10s\n      retries: 10\n      start_period: 1m\n    deploy:\n      restart_policy:\n        condition: on-failure\n      labels:\n        - \"traefik.enable=true\"\n        - \"traefik.http.services.${{STACK_NAME}}.loadbalancer.server.port=80\"\n        - \"traefik.http.routers.${{STACK_NAME}}.rule=Host(`${{DOMAIN}}`)\"\n        - \"traefik.http.routers.${{STACK_NAME}}.entrypoints=web-secure\"\n        - \"coop-cloud.${{STACK_NAME}}.version={version}\"\n        - \"backupbot.backup=true\"\n"
        )
        .unwrap();
    }
    text.push_str("networks:\n  proxy:\n    external: true\n  internal:\nvolumes:\n  app:\n  worker:\n  db:\nsecrets:\n  db_password:\n    external: true\n    name: ${STACK_NAME}_db_password_${SECRET_DB_PASSWORD_VERSION}\n");
    text
}

fn smtp(release: usize) -> String {
    format!(
        "version: \"3.8\"\nservices:\n  app:\n    environment:\n      - SMTP_HOST=mail-{release}\n    secrets:\n      - smtp_password\nsecrets:\n  smtp_password:\n    external: true\n    name: ${{STACK_NAME}}_smtp_password_${{SECRET_SMTP_PASSWORD_VERSION}}\n"
    )
}

/// A scan over smart HTTP: cloning all, and once more when nothing changed. Behind the server of the tests stands git's own
/// `git http-backend`, a process for each request, as on a forge; the round trips are of loopback.
fn remote(directory: &Path, folder: &Path) {
    let server = server::Server::start(folder);
    let names = (0..200).map(|number| format!("recipe-{number:04}"));
    let list: String = names.map(|name| format!("{}/recipes/{name}.git\n", server.url)).collect();
    std::fs::write(directory.join("list"), list).unwrap();
    let cache = directory.join("remote-cache");
    let scan = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_taster"));
        timed(command.args(["scan", "list"]).arg("--cache").arg(&cache).current_dir(directory))
    };
    println!("scan of 200, first        {}", told(scan()));
    let unchanged = (0..3).map(|_| scan()).min().unwrap();
    // The same question asked by git itself, one repository after the other.
    let begun = Instant::now();
    for number in 0..20 {
        let mut listed = Command::new("git");
        listed.args(["ls-remote", &format!("{}/recipes/recipe-{number:04}.git", server.url)]);
        assert!(listed.stdout(Stdio::null()).status().unwrap().success());
    }
    let reference = begun.elapsed() * 10;
    println!(
        "scan of 200, unchanged    {}   git ls-remote of each {:.2} s (20 measured), ratio {:.1}",
        told(unchanged),
        reference.as_secs_f64(),
        reference.as_secs_f64() / unchanged.0.as_secs_f64()
    );
}
