//! What `taster scan` and `taster catalogue` have in common: where recipes come from, and reading them.

use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::catalogue::{Memory, ReadOptions, Reading, read_all};
use crate::config::{self, Config};
use crate::forge::{Forge, ForgeError, Patience, Repository};
use crate::lint::{self, Policy};
use crate::mirror::{About, Bounds, Mirrors, Place, Source, Wanted, name_of, repositories, without_credentials};
use crate::record::{Trouble, TroubleClass};

/// Where recipes come from, and what is kept of them.
#[derive(Debug, Args)]
pub(super) struct SourceArguments {
    /// Use the mirrors as they are, without any network.
    #[arg(long)]
    offline: bool,
    /// Where mirrors and results are kept; $XDG_CACHE_HOME/taster or ~/.cache/taster when absent.
    #[arg(long, value_name = "DIR", env = "TASTER_CACHE")]
    cache: Option<PathBuf>,
    /// What the commons decides: sources, community organisations; `taster.toml` here, when there is one.
    #[arg(long, value_name = "FILE", env = "TASTER_CONFIG")]
    config: Option<PathBuf>,
    /// No progress on standard error.
    #[arg(short, long)]
    quiet: bool,
}

impl SourceArguments {
    /// The file of what the commons decides, when one was named.
    pub(super) fn config(&self) -> Option<&Path> {
        self.config.as_deref()
    }

    /// Whether no network is to be used.
    pub(super) fn offline(&self) -> bool {
        self.offline
    }
}

/// What holds, after arguments, environment and `taster.toml`.
pub(super) struct Settings {
    pub(super) config: Config,
    policy: Arc<Policy>,
    sources: Vec<Source>,
    cache: PathBuf,
    offline: bool,
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
        let policy = Arc::new(Policy::new(&config.lint, None)?);
        if let Some(url) = config.catalogue.url.as_ref().filter(|url| !is_web_address(url)) {
            anyhow::bail!(
                "`url` under `[catalogue]` is `{url}`, and an address such as https://recipes.example.coop is needed"
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
        Ok(Settings { config, policy, sources, cache, offline: arguments.offline, quiet: arguments.quiet })
    }

    /// Brings every repository of the sources to this machine, and reads it.
    pub(super) fn readings(&self, lint: bool) -> anyhow::Result<Vec<Reading>> {
        let options = self.options(lint);
        let (places, wanted) = self.gather()?;
        let mirrors = Mirrors::in_folder(&self.cache.join("mirrors"), self.bounds(), self.offline);
        let mut readings = self.read_places(places, &options);
        readings.extend(self.read_places(self.fetch(&mirrors, &wanted), &options));
        // A mirror that is damaged is made anew, once: the repository itself may be sound.
        for reading in readings.iter_mut().filter(|_| !self.offline) {
            let damaged = reading.trouble.as_ref().is_some_and(|trouble| trouble.class == TroubleClass::Corrupt);
            let wanted = wanted.iter().find(|one| without_credentials(&one.address) == reading.place.source);
            if let (true, Some(wanted)) = (damaged && reading.place.path.is_some(), wanted) {
                mirrors.discard(&wanted.address);
                let again = mirrors.fetch_all(std::slice::from_ref(wanted), &|_| {});
                if let Some(anew) = read_all(again, &options, &|_| {}).pop() {
                    *reading = anew;
                }
            }
        }
        Ok(readings)
    }

    fn options(&self, lint: bool) -> ReadOptions {
        ReadOptions {
            lint: lint.then(|| lint::Options {
                rules_as_of: self.config.lint.rules_as_of.clone(),
                policy: Arc::clone(&self.policy),
                ..lint::Options::default()
            }),
            policy: format!("{:?}", self.config.lint),
            memory: Memory::in_folder(&self.cache.join("results")),
        }
    }

    fn bounds(&self) -> Bounds {
        let settings = &self.config.catalogue;
        let given = Bounds::default();
        Bounds {
            bytes: settings.largest_megabytes.map_or(given.bytes, |megabytes| megabytes.saturating_mul(1_000_000)),
            time: settings.fetch_seconds.map_or(given.time, Duration::from_secs),
        }
    }

    fn read_places(&self, places: Vec<Place>, options: &ReadOptions) -> Vec<Reading> {
        let bar = self.bar("reading", places.len());
        let readings = read_all(places, options, &|name| step(&bar, name));
        bar.finish_and_clear();
        readings
    }

    fn fetch(&self, mirrors: &Mirrors, wanted: &[Wanted]) -> Vec<Place> {
        let bar = self.bar("fetching", wanted.len());
        let places = mirrors.fetch_all(wanted, &|name| step(&bar, name));
        bar.finish_and_clear();
        places
    }

    /// The repositories that are here, and those to be mirrored. A listing that cannot be had is a place with its trouble.
    fn gather(&self) -> anyhow::Result<(Vec<Place>, Vec<Wanted>)> {
        let (mut places, mut wanted) = (Vec::new(), Vec::new());
        for source in &self.sources {
            match source {
                Source::Folder(folder) => places.extend(repositories(folder)?),
                Source::Address(address) => {
                    wanted.push(Wanted { address: address.clone(), about: About::default() });
                }
                Source::Organisation { forge, name } => {
                    let (listed, trouble) = self.listing(forge, name);
                    places.extend(trouble);
                    wanted.extend(listed);
                }
            }
        }
        let ignored = &self.config.catalogue.ignore;
        places.retain(|place| !ignored.contains(&place.name));
        wanted.retain(|one| !ignored.contains(&name_of(&one.address)));
        // Two sources may name one repository.
        let mut seen = BTreeSet::new();
        places.retain(|place| seen.insert(place.source.clone()));
        wanted.retain(|one| seen.insert(without_credentials(&one.address)));
        Ok((places, wanted))
    }

    /// The repositories of an organisation: what its forge lists, or what it listed last, with the reason.
    fn listing(&self, forge: &str, name: &str) -> (Vec<Wanted>, Option<Place>) {
        let organisation = format!("{forge}/{name}");
        let file = self.cache.join("listings").join(format!("{}.json", organisation.replace(['/', ':'], "_")));
        let asked = match self.offline {
            true => None,
            false => Some(self.forge(forge).and_then(|forge| forge.repositories(name))),
        };
        let known =
            || std::fs::read(&file).ok().and_then(|bytes| serde_json::from_slice::<Vec<Repository>>(&bytes).ok());
        let (listed, trouble) = match asked {
            Some(Ok(listed)) => {
                // Only a memory for bad days: without it the next failure has no listing.
                let kept = serde_json::to_vec(&listed).map(|bytes| keep(&file, &bytes));
                if !matches!(kept, Ok(Ok(()))) {
                    eprintln!("warning: the listing of {organisation} could not be kept in {}", file.display());
                }
                (listed, None)
            }
            Some(Err(error)) => (known().unwrap_or_default(), Some((class(&error), error.to_string()))),
            None => match known() {
                Some(listed) => (listed, None),
                None => {
                    let reason =
                        format!("there is no listing of {organisation} yet, and --offline forbids asking for one");
                    (Vec::new(), Some((TroubleClass::Offline, reason)))
                }
            },
        };
        let wanted =
            listed.iter().map(|one| Wanted { address: one.clone_url.clone(), about: one.about(&organisation) });
        let trouble = trouble.map(|(class, reason)| Place {
            name: organisation.clone(),
            source: organisation.clone(),
            trouble: Some(Trouble { class, reason: format!("cannot list the organisation: {reason}") }),
            ..Place::default()
        });
        (wanted.collect(), trouble)
    }

    fn forge(&self, url: &str) -> Result<Forge, ForgeError> {
        // One forge must not see the token of another.
        let forges: BTreeSet<&String> = self
            .sources
            .iter()
            .filter_map(|source| match source {
                Source::Organisation { forge, .. } => Some(forge),
                _ => None,
            })
            .collect();
        let token = std::env::var("TASTER_FORGE_TOKEN").ok().filter(|token| !token.is_empty() && forges.len() == 1);
        Forge::new(url, token, Patience::default())
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

fn step(bar: &ProgressBar, name: &str) {
    bar.set_message(name.to_owned());
    bar.inc(1);
}

fn keep(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(file, bytes)
}

fn class(error: &ForgeError) -> TroubleClass {
    match error {
        ForgeError::Refused { .. } => TroubleClass::Auth,
        ForgeError::NotFound { .. } => TroubleClass::NotFound,
        _ => TroubleClass::Network,
    }
}

pub(super) fn read_config(named: Option<&Path>) -> anyhow::Result<Config> {
    let file = match named {
        Some(file) => file,
        None if Path::new(config::FILE).is_file() => Path::new(config::FILE),
        None => return Ok(Config::default()),
    };
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(config::parse(&file.display().to_string(), &text)?)
}

fn is_web_address(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
}

fn default_cache() -> anyhow::Result<PathBuf> {
    // The specification of XDG: a path that is not absolute counts for nothing.
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_CACHE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
        .map(|cache| cache.join("taster"))
        .context("neither XDG_CACHE_HOME nor HOME names a folder; say with --cache where mirrors are to be kept")
}
