//! `taster lint`: findings about the files of recipes.

pub(super) mod fixing;
mod online;

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use rayon::prelude::*;

use crate::config::{self, Config};
use crate::lint::{self, Baseline, FAMILIES, Folder, Linted, Options, Outside, Policy, Sources, Target, Trouble};
use crate::record::{FindingCounts, LINT_SCHEMA, LintReport, RecipeFindings, Safety};
use crate::report::{LintFormat, write_lint};

/// Judge the files of recipes, without deploying anything
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  taster lint                          the recipe in this folder, as it lies here\n  \
    taster lint --at 1.2.0+3.4 nextcloud a release, without a checkout\n  taster lint recipes/                 each recipe in a folder, in parallel\n  \
    taster lint --since 1.1.0+3.3        what changed since this release, not since the newest\n  \
    taster lint --diff                   what safe fixes would change, as a patch; --fix makes them\n  \
    taster lint --fix=unsafe             fixes too that somebody should look at\n  \
    taster lint --format json > old.json; taster lint --baseline old.json\n                                       only what is new since then counts\n  \
    taster lint --explain R012           what a rule wants, and why\n\n\
    Exit codes: 0 no errors (there may be warnings), 1 errors, 2 usage or configuration, 3 nothing was judged, 4 infrastructure."
)]
pub(super) struct LintArguments {
    /// The recipes' folders or git repositories, or folders that hold many.
    #[arg(default_value = ".", value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Judge this revision of the repository instead of the files as they lie there.
    #[arg(long = "at", value_name = "REVISION")]
    at: Option<String>,
    /// The release that rules across versions compare with, instead of the one before.
    #[arg(long, value_name = "TAG")]
    since: Option<String>,
    /// How findings are shown.
    #[arg(long, value_enum, default_value = "human", value_name = "FORMAT")]
    format: Format,
    /// Ask the registries of the images whether they are there, what they are built for, and what is newer.
    #[arg(long)]
    online: bool,
    /// Only abra's rules, and as abra judges: all compose files of the root merged into one.
    #[arg(long)]
    abra: bool,
    /// Errors of rules that came after this version of taster are warnings.
    #[arg(long, value_name = "VERSION")]
    rules_as_of: Option<String>,
    /// What the commons decides: levels, ignores; `taster.toml` here, when there is one.
    #[arg(long, value_name = "FILE", env = "TASTER_CONFIG")]
    config: Option<PathBuf>,
    /// A report of an earlier day (`--format json`): what it has does not count.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Change the files: fixes after which the same is deployed, or with `=unsafe` those that somebody should look at too.
    #[arg(long, value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "safe", value_name = "SAFETY", conflicts_with = "at")]
    fix: Option<FixSafety>,
    /// Print what `--fix` would change, as a patch, and change nothing.
    #[arg(long)]
    diff: bool,
    /// Print the page of a rule, by its id or name.
    #[arg(long, value_name = "RULE", exclusive = true)]
    explain: Option<String>,
    /// Print all rules.
    #[arg(long, exclusive = true)]
    list: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people, as a compiler shows it.
    Human,
    /// By the schema `lint` (`taster schema lint`).
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// JUnit XML.
    Junit,
    /// For comments.
    Markdown,
    /// For Forgejo Actions and GitHub Actions.
    Annotations,
}

impl From<Format> for LintFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Human => Self::Human,
            Format::Json => Self::Json,
            Format::Sarif => Self::Sarif,
            Format::Junit => Self::Junit,
            Format::Markdown => Self::Markdown,
            Format::Annotations => Self::Annotations,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FixSafety {
    /// The same is deployed afterwards.
    Safe,
    /// Those too after which something else is deployed.
    Unsafe,
}

impl From<FixSafety> for Safety {
    fn from(safety: FixSafety) -> Self {
        match safety {
            FixSafety::Safe => Self::Safe,
            FixSafety::Unsafe => Self::Unsafe,
        }
    }
}

pub(super) fn run(arguments: &LintArguments) -> ExitCode {
    if let Some(rule) = &arguments.explain {
        return explain(rule);
    }
    if arguments.list {
        return print(&list(), ExitCode::SUCCESS);
    }
    let options = match options(arguments) {
        Ok(options) => options,
        Err(error) => return super::fail(&error, 2),
    };
    let targets = targets(arguments);
    let (outside, silent) = match arguments.online.then(|| online::ask(&targets, &options)) {
        None => (Outside::default(), false),
        Some(Ok(asked)) => asked,
        Some(Err(error)) => return super::fail(&error, 4),
    };
    let most = arguments.fix.map(Safety::from).or(arguments.diff.then_some(Safety::Safe));
    if let Some(most) = most {
        let seen_from = fixing::seen_from(&targets);
        let fix = |target: &Target| fixing::fix(target, &outside, &options, most, arguments.diff.then_some(&seen_from));
        let fixes: Vec<fixing::Fixes> = targets.par_iter().map(fix).collect();
        for line in fixes.iter().flat_map(|fixes| &fixes.told) {
            eprintln!("{}", annotate_snippets::normalize_untrusted_str(line));
        }
        if let Some(error) = fixes.iter().find_map(|fixes| fixes.error.as_ref()) {
            return super::fail(&anyhow::anyhow!("{error}"), 4);
        }
        if arguments.diff {
            let patch: String = fixes.iter().map(|fixes| fixes.patch.as_str()).collect();
            // Findings are no failure of a patch; what could not be judged is.
            let unread: Vec<Judged> = fixes.into_iter().filter_map(|fixes| fixes.unread).collect();
            let code = if unread.is_empty() && !silent { 0 } else { exit_code(&unread, None, silent) };
            return print(&patch, ExitCode::from(code));
        }
    }
    let judge = |target: &Target| Judged::from(lint::lint(target, outside.clone(), &options));
    let judged: Vec<Judged> = targets.par_iter().map(judge).collect();
    show(arguments.format.into(), judged, lint::unused_ignores(&options), silent)
}

/// What is to be judged: of a folder that is no recipe and holds some, each of them, which is said.
fn targets(arguments: &LintArguments) -> Vec<Target> {
    let target = |path: &PathBuf| Target { path: path.clone(), revision: arguments.at.clone() };
    let mut targets = Vec::new();
    for given in arguments.paths.iter().map(target) {
        let Some(folder) = Folder::below(&given) else {
            targets.push(given);
            continue;
        };
        let names: Vec<_> =
            folder.others.iter().filter_map(|path| path.file_name()).map(|name| name.to_string_lossy()).collect();
        let others =
            if names.is_empty() { String::new() } else { format!("; no compose file is in {}", names.join(", ")) };
        let count = folder.recipes.len();
        let line = format!("note: {} is no recipe, and holds {count}, which are judged{others}", folder.path.display());
        eprintln!("{}", annotate_snippets::normalize_untrusted_str(&line));
        targets.extend(folder.recipes.iter().map(target));
    }
    targets
}

/// How it is to be judged, from the arguments and from `taster.toml`: a flag wins.
fn options(arguments: &LintArguments) -> anyhow::Result<Options> {
    let baseline = match &arguments.baseline {
        None => None,
        Some(path) => Some(
            Baseline::parse(&read(path)?)
                .map_err(|why| anyhow::anyhow!("cannot use the baseline {}: {why}", path.display()))?,
        ),
    };
    let commons = commons(arguments.config.as_deref(), baseline)?;
    let rules_as_of = arguments.rules_as_of.clone().or(commons.rules_as_of);
    if let Some(version) = rules_as_of.as_deref().filter(|version| !is_version(version)) {
        anyhow::bail!("`{version}` is no version of taster, so no rule can be newer; write one as `0.1.0`");
    }
    Ok(Options { abra: arguments.abra, since: arguments.since.clone(), rules_as_of, policy: commons.policy })
}

fn is_version(text: &str) -> bool {
    text.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// What the commons decides about findings: by this file, or by `taster.toml` here, when there is one.
pub(super) fn commons(config: Option<&Path>, baseline: Option<Baseline>) -> anyhow::Result<Options> {
    let (name, text, config) = decided(config)?;
    let policy = Policy::new(&config.lint, baseline).map_err(|error| anyhow::anyhow!("{name}: {error}"))?;
    let policy = policy.written_in(name, &text);
    Ok(Options { rules_as_of: config.lint.rules_as_of, policy: Arc::new(policy), ..Options::default() })
}

/// Everything that the commons decides: the file's name, its text, and what it says.
pub(super) fn decided(config: Option<&Path>) -> anyhow::Result<(String, String, Config)> {
    let (name, text) = match config.or_else(|| Some(Path::new(config::FILE)).filter(|file| file.is_file())) {
        Some(path) => (path.display().to_string(), read(path)?),
        None => (String::new(), String::new()),
    };
    let config: Config = config::parse(&name, &text)?;
    Ok((name, text, config))
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).map_err(|error| anyhow::anyhow!("cannot read {}: {error}", path.display()))
}

/// What is kept of a recipe until all are judged.
struct Judged {
    report: RecipeFindings,
    sources: Sources,
    trouble: Option<Trouble>,
}

impl From<Linted> for Judged {
    fn from(linted: Linted) -> Self {
        Self { report: linted.report, sources: linted.sources, trouble: linted.trouble }
    }
}

/// Shows what was judged, and what is to be said about `taster.toml`; `silent` tells that a registry gave no answer.
fn show(format: LintFormat, judged: Vec<Judged>, commons: Option<(RecipeFindings, Sources)>, silent: bool) -> ExitCode {
    let code = exit_code(&judged, commons.as_ref().map(|(report, _)| &report.counts), silent);
    let mut sources = Vec::new();
    let mut report = LintReport {
        schema: LINT_SCHEMA.to_owned(),
        taster: env!("CARGO_PKG_VERSION").to_owned(),
        recipes: Vec::new(),
        commons: None,
        counts: FindingCounts::default(),
    };
    for one in judged {
        report.counts = std::mem::take(&mut report.counts).and(&one.report.counts);
        report.recipes.push(one.report);
        sources.push(one.sources);
    }
    if let Some((about, file)) = commons {
        report.counts = std::mem::take(&mut report.counts).and(&about.counts);
        report.commons = Some(about);
        sources.push(file);
    }
    let written = match format {
        LintFormat::Human => {
            let mut out = BufWriter::new(anstream::AutoStream::auto(io::stdout()));
            write_lint(format, &report, &sources, &mut out).and_then(|()| out.flush())
        }
        _ => {
            let mut out = BufWriter::new(io::stdout().lock());
            write_lint(format, &report, &sources, &mut out).and_then(|()| out.flush())
        }
    };
    told(written, ExitCode::from(code))
}

/// The worst of all recipes and of `taster.toml`, in the order of design.md §3.2: 2, 1, 4, 3, 0.
fn exit_code(judged: &[Judged], commons: Option<&FindingCounts>, silent: bool) -> u8 {
    let any = |trouble| judged.iter().any(|one| one.trouble == Some(trouble));
    if any(Trouble::Usage) {
        2
    } else if judged.iter().map(|one| &one.report.counts).chain(commons).any(|counts| counts.error > 0) {
        1
    } else if silent || any(Trouble::Infrastructure) {
        4
    } else if judged.is_empty() {
        3
    } else {
        0
    }
}

/// Whoever reads may stop reading; that changes nothing about the recipes.
fn told(written: io::Result<()>, code: ExitCode) -> ExitCode {
    match written {
        Ok(()) => code,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => code,
        Err(error) => super::fail(&anyhow::Error::new(error).context("cannot write the report"), 4),
    }
}

fn print(text: &str, code: ExitCode) -> ExitCode {
    let mut out = io::stdout().lock();
    told(out.write_all(text.as_bytes()).and_then(|()| out.flush()), code)
}

fn explain(word: &str) -> ExitCode {
    if let Some((_, rule)) = lint::find_rule(word) {
        return print(rule.page, ExitCode::SUCCESS);
    }
    let known = FAMILIES.iter().flat_map(|family| family.rules).flat_map(|rule| [rule.id, rule.name]);
    let nearest = known.max_by(|a, b| strsim::jaro_winkler(word, a).total_cmp(&strsim::jaro_winkler(word, b)));
    let meant = nearest.map(|known| format!("; did you mean `{known}`?")).unwrap_or_default();
    super::fail(&anyhow::anyhow!("there is no rule `{word}` (`taster lint --list` names them all){meant}"), 2)
}

fn list() -> String {
    let rules = FAMILIES.iter().flat_map(|family| family.rules);
    let widest = rules.clone().map(|rule| rule.name.len()).max().unwrap_or_default();
    rules.map(|rule| format!("{} {:5} {:widest$}  {}\n", rule.id, rule.level.word(), rule.name, rule.summary)).collect()
}
