//! What the site keeps of runs: the report of each as one page, and its screenshots.

use std::path::{Component, Path, PathBuf};

use super::names::mark;
use crate::record::{CatalogueRecipe, RunLink};
use crate::report::{KeptRun, RunFormat, write_run};

/// Runs of a recipe that its page shows.
pub(super) const SHOWN: usize = 5;
/// Screenshots of one run that its recipe's page shows.
const PICTURES: usize = 4;
/// A picture larger than this many bytes is not shown.
const MOST_OF_A_PICTURE: u64 = 3 << 20;

/// The folder of runs.
pub(super) struct KeptRuns {
    folder: Option<PathBuf>,
}

/// What is there of one run.
pub(super) struct Kept {
    /// The run's identifier.
    run: String,
    /// Its report: path and page.
    report: Option<(String, Vec<u8>)>,
    /// Its screenshots: path and picture.
    pictures: Vec<(String, Vec<u8>)>,
}

impl KeptRuns {
    pub(super) fn in_folder(folder: Option<&Path>) -> Self {
        Self { folder: folder.map(Path::to_owned) }
    }

    /// What is there of the newest runs of a recipe. A run whose folder is gone, or was another machine's, is named and not linked.
    pub(super) fn of(&self, entry: &CatalogueRecipe) -> Vec<Kept> {
        let Some(folder) = &self.folder else { return Vec::new() };
        entry.runs.iter().take(SHOWN).filter_map(|run| kept(folder, run)).collect()
    }
}

impl Kept {
    /// The report of a run.
    pub(super) fn report<'k>(kept: &'k [Kept], run: &str) -> Option<&'k str> {
        kept.iter().find(|kept| kept.run == run)?.report.as_ref().map(|(path, _)| path.as_str())
    }

    /// The screenshots of a run.
    pub(super) fn pictures<'k>(kept: &'k [Kept], run: &str) -> Vec<&'k str> {
        let kept = kept.iter().filter(|kept| kept.run == run);
        kept.flat_map(|kept| kept.pictures.iter().map(|(path, _)| path.as_str())).collect()
    }

    pub(super) fn files(self) -> Vec<(String, Vec<u8>)> {
        self.report.into_iter().chain(self.pictures).collect()
    }
}

fn kept(folder: &Path, run: &RunLink) -> Option<Kept> {
    let folder = folder.join(inside(&run.path)?);
    let place = format!("runs/{}", mark(run.run.as_bytes()));
    let report = KeptRun::open(&folder).ok().and_then(|kept| {
        let mut page = Vec::new();
        write_run(RunFormat::Html, &kept, &mut page).ok()?;
        Some((format!("{place}.html"), page))
    });
    let pictures = run.screenshots.iter().take(PICTURES).enumerate().filter_map(|(number, file)| {
        let bytes = picture(&folder.join(inside(file)?))?;
        Some((format!("{place}-{}.png", number + 1), bytes))
    });
    Some(Kept { run: run.run.clone(), report, pictures: pictures.collect() })
}

/// A path that stays where it is put: `catalogue.json` may come from elsewhere.
fn inside(path: &str) -> Option<&Path> {
    let path = Path::new(path);
    let stays = path.components().all(|part| matches!(part, Component::Normal(_)));
    (stays && !path.as_os_str().is_empty()).then_some(path)
}

fn picture(path: &Path) -> Option<Vec<u8>> {
    let fits = std::fs::symlink_metadata(path).is_ok_and(|file| file.is_file() && file.len() <= MOST_OF_A_PICTURE);
    let bytes = fits.then(|| std::fs::read(path).ok()).flatten()?;
    bytes.starts_with(b"\x89PNG\r\n\x1a\n").then_some(bytes)
}
