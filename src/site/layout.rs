//! What all pages have in common.

use maud::{DOCTYPE, Markup, html};

use super::Site;
use super::names::mark;
use super::words::day;

/// Nothing is fetched from elsewhere and no script but ours is run: a hole in the escaping would still do nothing. `file:` is for who
/// opens the pages from a folder, where some browsers do not count it as the page's own place.
const POLICY: &str = "default-src 'none'; img-src 'self' file: data:; style-src 'self' file:; script-src 'self' file:; base-uri 'none'; form-action 'none'";

/// An empty picture would be asked for otherwise.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='4' fill='%231b6e3c'/%3E%3Cpath d='M4 9l3 3 5-7' fill='none' stroke='%23fff' stroke-width='2'/%3E%3C/svg%3E";

/// A file that pages need. Its name changes with what is in it, so no browser shows new pages with an old one.
pub(super) struct Asset {
    pub(super) path: String,
    pub(super) text: &'static str,
}

impl Asset {
    pub(super) fn new(name: &str, ending: &str, text: &'static str) -> Self {
        Self { path: format!("assets/{name}-{}.{ending}", mark(text.as_bytes())), text }
    }
}

/// A page.
pub(super) struct Page<'p> {
    /// Its path from the site's root.
    pub(super) path: &'p str,
    pub(super) title: &'p str,
    pub(super) description: &'p str,
    /// A picture of it, from the site's root.
    pub(super) picture: Option<&'p str>,
    /// The list is searched with a script.
    pub(super) scripted: bool,
}

impl Page<'_> {
    /// From this page to the site's root.
    fn up(&self) -> String {
        "../".repeat(self.path.matches('/').count())
    }

    pub(super) fn render(&self, site: &Site, main: &Markup) -> String {
        let up = self.up();
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(POLICY);
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) }
                    meta name="description" content=(self.description);
                    (self.open_graph(site))
                    link rel="icon" href=(ICON);
                    link rel="alternate" type="application/atom+xml" title={ "Changes of " (site.title()) } href={ (up) "feed.xml" };
                    link rel="stylesheet" href={ (up) (site.style.path) };
                    @if self.scripted { script defer src={ (up) (site.script.path) } {} }
                }
                body {
                    a.skip href="#main" { "Skip to the content" }
                    header.site {
                        a.home href={ (up) "index.html" } { (site.title()) }
                        nav aria-label="Site" {
                            a href={ (up) "index.html#levels" } { "What the levels mean" }
                            a href={ (up) "feed.xml" } { "Changes (Atom)" }
                        }
                    }
                    main #main { (main) }
                    footer.site {
                        p { "Made by taster " (site.catalogue.taster)
                            @if let Some(at) = &site.catalogue.as_of { " from what was known on " time datetime=(at) { (day(at)) } }
                            ". These pages ask nothing of anybody else." }
                    }
                }
            }
        };
        page.into_string()
    }

    /// How the page looks where somebody links to it (ogp.me). Addresses must be absolute there.
    fn open_graph(&self, site: &Site) -> Markup {
        let address = site.absolute(self.path);
        let picture = self.picture.and_then(|picture| site.absolute(picture));
        html! {
            meta property="og:type" content="website";
            meta property="og:site_name" content=(site.title());
            meta property="og:title" content=(self.title);
            meta property="og:description" content=(self.description);
            @if let Some(address) = &address {
                meta property="og:url" content=(address);
                link rel="canonical" href=(address);
            }
            @if let Some(picture) = &picture { meta property="og:image" content=(picture); }
        }
    }
}
