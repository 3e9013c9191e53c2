//! The catalogue as pages: a list with instant search, a page and a badge for each recipe, a feed of changes.
//!
//! A pure function of `catalogue.json` (and of the folders of the runs that it names) to files: the same input gives the same bytes. The
//! pages ask nothing of the network, work from `file://` and under any path, and without JavaScript but for search, filters and sorting.
//! Whatever a recipe says is text: every page, picture and feed is made with maud, which escapes; the one other writer of markup is
//! `notes`, for release notes.

mod badge;
mod feed;
mod layout;
mod levels;
mod list;
mod names;
mod notes;
mod recipe;
mod runs;
mod sitemap;
mod words;
mod write;

use std::collections::BTreeMap;
use std::path::Path;

use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use crate::record::{Catalogue, CatalogueRecipe};
use layout::Asset;
use names::Names;
use runs::KeptRuns;

pub use write::{SiteError, Written, write};

/// The files of a site, by their paths from its root (`recipes/blog.html`).
pub type Files = BTreeMap<String, Vec<u8>>;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("search.js");

/// What every page is made from.
struct Site<'c> {
    catalogue: &'c Catalogue,
    names: Names<'c>,
    runs: KeptRuns,
    style: Asset,
    script: Asset,
}

impl Site<'_> {
    fn title(&self) -> &str {
        self.catalogue.title.as_deref().unwrap_or("Recipes")
    }

    /// The absolute address of a file of the site; `None` when the commons does not say where it publishes.
    fn absolute(&self, path: &str) -> Option<String> {
        let url = self.catalogue.url.as_deref().filter(|url| !url.is_empty())?;
        let path = if path == "index.html" { "" } else { path };
        Some(format!("{}/{path}", url.trim_end_matches('/')))
    }
}

/// Makes the site. `runs` is the folder of the runs that the catalogue names; without it the pages name runs and link to nothing.
pub fn build(catalogue: &Catalogue, runs: Option<&Path>) -> Files {
    let site = Site {
        catalogue,
        names: Names::of(&catalogue.recipes),
        runs: KeptRuns::in_folder(runs),
        style: Asset::new("style", "css", STYLE),
        script: Asset::new("search", "js", SCRIPT),
    };
    let mut files: Files = catalogue.recipes.par_iter().flat_map(|entry| of_recipe(&site, entry)).collect();
    for asset in [&site.style, &site.script] {
        files.insert(asset.path.clone(), asset.text.as_bytes().to_vec());
    }
    files.insert("index.html".to_owned(), list::page(&site).into_bytes());
    files.insert("feed.xml".to_owned(), feed::feed(&site).into_bytes());
    if let Some(sitemap) = sitemap::sitemap(&site) {
        files.insert("sitemap.xml".to_owned(), sitemap.into_bytes());
    }
    files
}

/// What one recipe brings: its page, its badge, and what is shown of its runs.
fn of_recipe(site: &Site, entry: &CatalogueRecipe) -> Vec<(String, Vec<u8>)> {
    let kept = site.runs.of(entry);
    let page = recipe::page(site, entry, &kept);
    let mut files = vec![
        (site.names.page(entry), page.into_bytes()),
        (site.names.badge(entry), badge::badge(entry).into_string().into_bytes()),
    ];
    files.extend(kept.into_iter().flat_map(runs::Kept::files));
    files
}
