//! What `taster scan` and `taster catalogue` have in common: where recipes come from, and reading them.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::catalogue::{Memory, ReadOptions, Reading, read_all};
use crate::config::{self, Config};
use crate::lint::{self, Policy};
use crate::mirror::{Place, Source, repositories};

/// Where recipes come from, and what is kept of them.
#[derive(Debug, Args)]
pub(super) struct SourceArguments {
    /// Where mirrors and results are kept; $XDG_CACHE_HOME/taster or ~/.cache/taster when absent.
    #[arg(long, value_name = "DIR", env = "TASTER_CACHE")]
    pub(super) cache: Option<PathBuf>,
    /// What the commons decides: sources, community organisations; `taster.toml` here, when there is one.
    #[arg(long, value_name = "FILE", env = "TASTER_CONFIG")]
    pub(super) config: Option<PathBuf>,
    /// No progress on standard error.
    #[arg(short, long)]
    pub(super) quiet: bool,
}

/// What holds, after arguments, environment and `taster.toml`.
pub(super) struct Settings {
    pub(super) config: Config,
    sources: Vec<Source>,
    cache: PathBuf,
    quiet: bool,
}

impl Settings {
    /// Reads them. `named` are the sources on the command line; they win over `taster.toml`'s.
    pub(super) fn read(named: &[String], arguments: &SourceArguments) -> anyhow::Result<Settings> {
        let config = read_config(arguments.config.as_deref())?;
        let listed = if named.is_empty() { &config.catalogue.sources } else { named };
        if listed.is_empty() {
            anyhow::bail!(
                "there is no source: name an organisation (https://forge/name), a folder or the address of a repository, or list \
                 them as `sources` under `[catalogue]` in {}",
                config::FILE
            );
        }
        let mut sources = Vec::new();
        for source in listed {
            sources.extend(Source::parse(source)?);
        }
        let cache = match &arguments.cache {
            Some(cache) => cache.clone(),
            None => default_cache()?,
        };
        Ok(Settings { config, sources, cache, quiet: arguments.quiet })
    }

    /// Brings every repository of the sources to this machine, and reads it.
    pub(super) fn readings(&self, lint: bool) -> anyhow::Result<Vec<Reading>> {
        let places = self.places()?;
        let policy = Policy::new(&self.config.lint, None)?;
        let options = ReadOptions {
            lint: lint.then(|| lint::Options {
                rules_as_of: self.config.lint.rules_as_of.clone(),
                policy: Arc::new(policy),
                ..lint::Options::default()
            }),
            policy: format!("{:?}", self.config.lint),
            memory: Memory::in_folder(&self.cache.join("results")),
        };
        let bar = self.bar("reading", places.len());
        let readings = read_all(places, &options, &|name| {
            bar.set_message(name.to_owned());
            bar.inc(1);
        });
        bar.finish_and_clear();
        Ok(readings)
    }

    fn places(&self) -> anyhow::Result<Vec<Place>> {
        let mut places: Vec<Place> = Vec::new();
        for source in &self.sources {
            match source {
                Source::Folder(folder) => places.extend(repositories(folder)?),
                Source::Address(address) => anyhow::bail!("{address}: this version reads folders only"),
                Source::Organisation { forge, name } => {
                    anyhow::bail!("{forge}/{name}: this version reads folders only")
                }
            }
        }
        let ignored = &self.config.catalogue.ignore;
        places.retain(|place| !ignored.contains(&place.name));
        // Two sources may name one repository.
        let mut seen = std::collections::BTreeSet::new();
        places.retain(|place| seen.insert(place.source.clone()));
        Ok(places)
    }

    /// A bar with a name and totals on a terminal; nothing elsewhere.
    fn bar(&self, what: &'static str, total: usize) -> ProgressBar {
        if self.quiet || !std::io::stderr().is_terminal() || std::env::var_os("CI").is_some() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new(total as u64);
        if let Ok(style) = ProgressStyle::with_template("{prefix:>10} [{bar:30}] {pos}/{len} {msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(what);
        bar
    }
}

fn read_config(named: Option<&Path>) -> anyhow::Result<Config> {
    let file = match named {
        Some(file) => file,
        None if Path::new(config::FILE).is_file() => Path::new(config::FILE),
        None => return Ok(Config::default()),
    };
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(config::parse(&file.display().to_string(), &text)?)
}

fn default_cache() -> anyhow::Result<PathBuf> {
    // The specification of XDG: a path that is not absolute counts for nothing.
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_CACHE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
        .map(|cache| cache.join("taster"))
        .context("neither XDG_CACHE_HOME nor HOME names a folder; say with --cache where mirrors are to be kept")
}
