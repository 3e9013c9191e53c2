//! How fast the linter is, against `docker stack config` on the same files in the same run.
//!
//! `cargo bench --bench lint`. Targets (issue 3): at most 3 ms a recipe warm, 20 ms as a process on a recipe of five files, 1 s for 200
//! recipes with histories on two cores.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use taster::lint::{Options, Outside, Target, lint};

/// Releases that each recipe of the many has.
const RELEASES: usize = 10;
/// How many the many are.
const MANY: usize = 200;

fn main() {
    let directory = tempfile::tempdir().unwrap();
    let recipe = recipe(&directory.path().join("teapot"), 2);
    let target = Target { path: recipe.clone(), revision: None };

    let warm = median(50, || {
        let linted = lint(&target, Outside::default(), &Options::default());
        assert_eq!(linted.report.findings, []);
    });
    let process = median(20, || run(Command::new(env!("CARGO_BIN_EXE_taster")).arg("lint").arg(&recipe)));
    let files = recipe.join("compose.yml");
    let values: [(&str, &str); 4] = [
        ("STACK_NAME", "teapot"),
        ("DOMAIN", "t.example"),
        ("SECRET_DB_PASSWORD_VERSION", "v1"),
        ("NGINX_CONF_VERSION", "v3"),
    ];
    let reference = median(20, || run(Command::new("docker").args(["stack", "config", "-c"]).arg(&files).envs(values)));
    println!("one recipe, warm                 {warm:>10.2?}   (target 3 ms)");
    println!("one recipe, as a process         {process:>10.2?}   (target 20 ms)");
    println!("docker stack config, as a process {reference:>9.2?}   ratio {:.2}", ratio(process, reference));

    let template = self::recipe(&directory.path().join("template"), RELEASES);
    let copy = |number: usize| {
        let path = directory.path().join(format!("r{number}"));
        run(Command::new("cp").arg("-a").arg(&template).arg(&path));
        path
    };
    let many: Vec<PathBuf> = (0..MANY).map(copy).collect();
    let all = median(3, || run(Command::new(env!("CARGO_BIN_EXE_taster")).arg("lint").args(&many)));
    let serial = reference * u32::try_from(MANY).unwrap();
    println!(
        "{MANY} recipes, {RELEASES} releases each   {all:>10.2?}   (target 1 s)   ratio to as many docker stack config {:.3}",
        ratio(all, serial)
    );
}

fn ratio(ours: Duration, reference: Duration) -> f64 {
    ours.as_secs_f64() / reference.as_secs_f64()
}

fn median(times: usize, mut work: impl FnMut()) -> Duration {
    work();
    let mut taken: Vec<Duration> = (0..times)
        .map(|_| {
            let began = Instant::now();
            work();
            began.elapsed()
        })
        .collect();
    taken.sort();
    taken[times / 2]
}

fn run(command: &mut Command) {
    let output = command.stdout(Stdio::null()).stderr(Stdio::piped()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The good recipe of the tests' fixtures in a git repository with some releases.
fn recipe(path: &Path, releases: usize) -> PathBuf {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lint/fixtures/base");
    std::fs::create_dir_all(path).unwrap();
    run(Command::new("cp").arg("-a").arg(base.join(".")).arg(path));
    let git = |arguments: &[&str]| {
        run(Command::new("git")
            .current_dir(path)
            .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
            .args(arguments));
    };
    git(&["init", "--quiet"]);
    let compose = std::fs::read_to_string(path.join("compose.yml")).unwrap();
    for number in 0..=releases {
        let version = format!("1.{}.0+1.27.2", 2 + number);
        std::fs::write(path.join("compose.yml"), compose.replace("1.2.0+1.27.2", &version)).unwrap();
        git(&["add", "--all"]);
        git(&["commit", "--quiet", "-m", &version]);
        git(&["tag", "-a", &version, "-m", &format!("chore: publish {version} release")]);
    }
    path.to_owned()
}
