//! `sitemap.xml`, by sitemaps.org: it needs absolute addresses, so there is none without the site's own.

use maud::{PreEscaped, html};

use super::Site;
use super::words::{day, fresh};
use crate::report::markup::xml;

pub(super) fn sitemap(site: &Site) -> Option<String> {
    let index = site.absolute("index.html")?;
    let pages = site.catalogue.recipes.iter().filter_map(|entry| {
        let at = [fresh(entry), entry.last_tested.as_deref().map(day)].into_iter().flatten().max();
        Some((site.absolute(&site.names.page(entry))?, at))
    });
    let changed = site.catalogue.as_of.as_deref().map(day);
    let pages = std::iter::once((index, changed)).chain(pages);
    let sitemap = html! {
        (PreEscaped("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"))
        urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" {
            @for (address, at) in pages { url { loc { (xml(&address)) } @if let Some(at) = at { lastmod { (xml(at)) } } } "\n" }
        }
        "\n"
    };
    Some(sitemap.into_string())
}
