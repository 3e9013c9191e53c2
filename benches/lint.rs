//! How fast the linter is, against `docker stack config` on the same files in the same run, and how much memory it takes.
//!
//! `cargo bench --bench lint`. Targets (issue 3): at most 3 ms a recipe warm, 20 ms as a process on a recipe of five files, 1 s for 200
//! recipes with histories on two cores. On a machine with other work the time that passes says little: the time on a processor stands
//! beside it, and the two commands are run in turns.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use taster::lint::{Options, Outside, Target, lint};

/// The program's own allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Releases that each recipe of the many has.
const RELEASES: usize = 10;
/// How many the many are.
const MANY: usize = 200;

fn main() {
    let directory = tempfile::tempdir().unwrap();
    let recipe = recipe(&directory.path().join("teapot"), 2);
    let target = Target { path: recipe.clone(), revision: None };

    let warm = Runs::of(50, on_processor, || {
        let linted = lint(&target, Outside::default(), &Options::default());
        assert_eq!(linted.report.findings, []);
    });
    let files = recipe.join("compose.yml");
    let values: [(&str, &str); 4] = [
        ("STACK_NAME", "teapot"),
        ("DOMAIN", "t.example"),
        ("SECRET_DB_PASSWORD_VERSION", "v1"),
        ("NGINX_CONF_VERSION", "v3"),
    ];
    let (mut process, mut reference) = (Runs::default(), Runs::default());
    for _ in 0..41 {
        process.add(of_children, || run(Command::new(env!("CARGO_BIN_EXE_taster")).arg("lint").arg(&recipe)));
        reference.add(of_children, || {
            run(Command::new("docker").args(["stack", "config", "-c"]).arg(&files).envs(values));
        });
    }
    println!("                                       median    on a processor, mean");
    println!("one recipe, warm                  {warm}   (target 3 ms)");
    println!("one recipe, as a process          {process}   (target 20 ms)");
    println!(
        "docker stack config, as a process {reference}   ratio {:.2}",
        ratio(process.median(), reference.median())
    );

    let template = self::recipe(&directory.path().join("template"), RELEASES);
    let copy = |number: usize| {
        let path = directory.path().join(format!("r{number}"));
        run(Command::new("cp").arg("-a").arg(&template).arg(&path));
        path
    };
    let many: Vec<PathBuf> = (0..MANY).map(copy).collect();
    let mut most = 0;
    let all = Runs::of(5, of_children, || {
        most = most.max(peak(Command::new(env!("CARGO_BIN_EXE_taster")).arg("lint").args(&many)));
    });
    let serial = reference.median() * u32::try_from(MANY).unwrap();
    println!(
        "{MANY} recipes, {RELEASES} releases each    {all}   (target 1 s)   ratio to as many docker stack config {:.3}",
        ratio(all.median(), serial)
    );
    println!("memory for these {MANY}              {:>8.1} MB", most as f64 / 1024.0);
}

/// What some runs took: by the clock, and on a processor.
#[derive(Default)]
struct Runs {
    clock: Vec<Duration>,
    processor: Duration,
}

impl Runs {
    /// So many runs, after one that does not count.
    fn of(times: usize, processor: impl Fn() -> Duration, mut work: impl FnMut()) -> Self {
        work();
        let mut runs = Self::default();
        for _ in 0..times {
            runs.add(&processor, &mut work);
        }
        runs
    }

    fn add(&mut self, processor: impl Fn() -> Duration, mut work: impl FnMut()) {
        let (began, before) = (Instant::now(), processor());
        work();
        self.clock.push(began.elapsed());
        self.processor += processor().saturating_sub(before);
    }

    fn median(&self) -> Duration {
        let mut sorted = self.clock.clone();
        sorted.sort();
        sorted[sorted.len() / 2]
    }
}

impl std::fmt::Display for Runs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mean = self.processor / u32::try_from(self.clock.len()).unwrap();
        write!(f, "{:>10.2?} {:>10.2?}", self.median(), mean)
    }
}

/// The time that this thread was on a processor.
fn on_processor() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

/// The time that processes which this one waited for were on a processor; in steps of 10 ms, so that only many runs tell.
fn of_children() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = text.rsplit_once(") ").unwrap();
    let ticks: u64 = fields.split(' ').skip(13).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

/// Runs a command, and tells the most memory that it held, in kilobytes.
fn peak(command: &mut Command) -> u64 {
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let mut most = 0;
    loop {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let high =
            status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        most = most.max(high.unwrap_or_default());
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success());
            return most;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn ratio(ours: Duration, reference: Duration) -> f64 {
    ours.as_secs_f64() / reference.as_secs_f64()
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
