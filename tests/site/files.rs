//! The files as such: well-formed, the same for the same input, nothing absolute, feed and sitemap.

use taster::site::{Files, build};

use crate::sample::{self, NASTY};

fn text<'f>(files: &'f Files, path: &str) -> &'f str {
    std::str::from_utf8(files.get(path).unwrap_or_else(|| panic!("there is no {path}"))).unwrap()
}

fn published() -> Files {
    let mut catalogue = sample::catalogue();
    catalogue.url = Some("https://recipes.example.coop/all/".to_owned());
    build(&catalogue, None)
}

#[test]
fn the_same_catalogue_gives_the_same_bytes() {
    let runs = tempfile::tempdir().unwrap();
    crate::pages::keep_runs(runs.path());
    let once = build(&sample::catalogue(), Some(runs.path()));
    assert_eq!(once, build(&sample::catalogue(), Some(runs.path())));
    let json = serde_json::to_vec(&sample::catalogue()).unwrap();
    assert_eq!(once, build(&serde_json::from_slice(&json).unwrap(), Some(runs.path())), "catalogue.json says it all");
}

#[test]
fn badges_feed_and_sitemap_are_well_formed() {
    let files = published();
    let mut seen = 0;
    for (path, bytes) in files.iter().filter(|(path, _)| path.ends_with(".svg") || path.ends_with(".xml")) {
        let parsed = python_xml(bytes);
        assert_eq!(parsed, "", "{path}: {}", String::from_utf8_lossy(bytes));
        seen += 1;
    }
    assert_eq!(seen, 17, "15 badges, the feed and the sitemap");
    assert_ne!(python_xml(b"<a><b></a>"), "", "the judge can say no");
    assert!(text(&files, "badges/pixelfed.svg").contains(">not tested<"));
    assert!(text(&files, "badges/mastodon.svg").contains(">level 4 · stability 71<"));
    assert!(text(&files, "badges/gitea.svg").contains("level 6+"));
}

/// What an XML parser that is not ours says against a text.
fn python_xml(bytes: &[u8]) -> String {
    use std::io::Write as _;
    let script = "import sys, xml.dom.minidom\ntry: xml.dom.minidom.parseString(sys.stdin.buffer.read())\nexcept Exception as error: print(error)";
    let mut child = std::process::Command::new("python3")
        .args(["-c", script])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn a_page_names_no_table_and_has_no_list_that_is_not_there() {
    let mut catalogue = sample::catalogue();
    let told = ["Each is in the table below.", "<th scope=\"col\">from</th>", "class=\"runs\""];
    let files = build(&catalogue, None);
    let page = text(&files, "recipes/mastodon.html");
    assert!(told.iter().all(|part| page.contains(part)), "{page}");
    // The same releases, and nobody tried them.
    let entry = catalogue.recipes.iter_mut().find(|entry| entry.name == "mastodon").unwrap();
    (entry.upgrades, entry.required_stops, entry.runs) = Default::default();
    let files = build(&catalogue, None);
    let page = text(&files, "recipes/mastodon.html");
    assert!(page.contains("no upgrade of this recipe was tried") && page.contains("no run is known"), "{page}");
    assert!(page.contains("Which upgrades hold: none was tried."), "{page}");
    assert!(!told.iter().any(|part| page.contains(part)), "{page}");
}

#[test]
fn the_feed_tells_releases_and_levels_with_lasting_identifiers() {
    let files = published();
    let feed = text(&files, "feed.xml");
    assert!(feed.contains("<title>mastodon: version 3.1.0+4.4.2</title>"), "{feed}");
    assert!(feed.contains("<title>gitea: a new recipe, version 1.0.0+1.0.0</title>"));
    assert!(feed.contains("<title>mastodon: rose to level 4</title>"), "{feed}");
    assert!(!feed.contains("at least level 0"), "a run that broke off is no fall");
    assert!(feed.contains("https://recipes.example.coop/all/recipes/mastodon.html#v3.1.0+4.4.2"));
    assert!(feed.find("gitea: ").unwrap() < feed.find("hedgedoc: ").unwrap(), "the newest first");
    let ids = |feed: &str| -> Vec<String> {
        feed.split("<id>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
    };
    let elsewhere = build(&sample::catalogue(), None);
    assert_eq!(ids(feed), ids(text(&elsewhere, "feed.xml")), "the same wherever it is published");
    let mut unique = ids(feed);
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), ids(feed).len());
    assert!(!text(&elsewhere, "feed.xml").contains("https://recipes.example.coop"));
}

#[test]
fn absolute_addresses_are_there_only_where_the_commons_names_its_own() {
    let (with, without) = (published(), build(&sample::catalogue(), None));
    assert!(!without.contains_key("sitemap.xml"));
    let sitemap = text(&with, "sitemap.xml");
    assert!(sitemap.contains("<loc>https://recipes.example.coop/all/</loc>"), "{sitemap}");
    assert!(
        sitemap
            .contains("<loc>https://recipes.example.coop/all/recipes/mastodon.html</loc><lastmod>2026-11-19</lastmod>"),
        "{sitemap}"
    );
    let page = text(&with, "recipes/mastodon.html");
    assert!(
        page.contains("<meta property=\"og:url\" content=\"https://recipes.example.coop/all/recipes/mastodon.html\">")
    );
    assert!(page.contains("og:title\" content=\"mastodon · Recipes of the Example Commons\""));
    assert!(page.contains("nobody sorts for you. Level 4.\""));
    assert!(!text(&without, "recipes/mastodon.html").contains("og:url"));
    assert!(text(&without, "recipes/mastodon.html").contains("og:title"));
}

#[test]
fn a_name_that_is_no_file_name_gets_one_that_is() {
    let files = published();
    for path in files.keys() {
        assert!(path.chars().all(|c| c.is_ascii_alphanumeric() || "-_.~/".contains(c)), "{path}");
        assert!(!path.contains(".."), "{path}");
    }
    let raw = files.values().filter(|bytes| String::from_utf8_lossy(bytes).contains(NASTY)).count();
    assert_eq!(raw, 0, "hostile text stands nowhere as it was");
}
