//! The pages in a browser: what a recipe's page tells, that text stays text, that links lead somewhere, that all can be read.

use std::path::Path;

use taster::record::{CandidateSummary, EVENT_SCHEMA, Fact, LogHeader, Outcome, StepKind, StepResult};
use taster::run::{Redactor, RunLog};

use crate::chromium::{Reader, below};

/// A run with two screenshots, and a file outside that looks like a third.
pub(crate) fn keep_runs(folder: &Path) {
    let run = folder.join("20261119-101112-mastodon-abcd");
    std::fs::create_dir_all(run.join("smoke")).unwrap();
    let log = RunLog::create(&run.join("events.ndjson"), Redactor::default(), Vec::new()).unwrap();
    log.write(Fact::Opened(LogHeader {
        schema: EVENT_SCHEMA.to_owned(),
        taster: "0.1.0".to_owned(),
        run: "20261119-101112-mastodon-abcd".to_owned(),
        recipe: "mastodon".to_owned(),
        candidate: CandidateSummary::default(),
    }));
    log.write(Fact::StepEnded(StepResult::new("install@default", StepKind::Install, "default", Outcome::Passed)));
    log.write(Fact::Ended { exit: 0, left_behind: Vec::new() });
    for (name, shade) in [("smoke/front.png", 40), ("smoke/login.png", 90), ("../outside.png", 1)] {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 640, 400);
        encoder.set_color(png::ColorType::Grayscale);
        let pixels: Vec<u8> =
            (0..640 * 400).map(|at| u8::try_from((at / 640 / 4 + shade) % 200 + 40).unwrap()).collect();
        encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
        std::fs::write(run.join(name), bytes).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recipes_page_tells_everything_that_is_known() {
    let reader = Reader::open().await;
    reader.goto("recipes/mastodon.html").await;
    let text: String = reader.ask("document.body.innerText").await;
    for told in [
        "Level 4: can be backed up and restored",
        "To level 5, no linter errors: the linter finds 1 error",
        "Stability, between 71 and 80 from 24 observations",
        "Status measured",
        "3 of 5",
        "41.2 s to the first answer",
        "1.3 GB",
        "application (postgres)",
        "9 upgrades tried: 8 passed, 1 failed.",
        "Stop at 2.0.0+4.3.0",
        "contradicted",
        "unverified",
        "run abra app cmd app reindex",
        "abra app new mastodon",
        "1 error, 2 warnings and 0 remarks",
        "Grace (grace@example.coop), Kim",
    ] {
        assert!(text.contains(told), "{told:?} is not told:\n{text}");
    }
    let loaded: Vec<bool> = reader
        .ask("[...document.querySelectorAll('.pictures img')].map(img => (img.loading = 'eager', img)).map(img => img.getAttribute('src').startsWith('../runs/'))")
        .await;
    assert_eq!(loaded, [true, true], "the picture outside of the run is not taken");
    let charts: Vec<String> = reader.ask("[...document.querySelectorAll('figure svg')].map(svg => svg.getAttribute('role') + svg.querySelector('title').textContent.slice(0, 10))").await;
    assert_eq!(charts, ["imgStability ", "imgWhich upgr"]);
    assert_eq!(reader.ask::<usize>("document.querySelectorAll('.edge.failed').length").await, 1);
    assert_eq!(reader.ask::<usize>("document.querySelectorAll('.edge.passed').length").await, 8);
    assert!(!text.contains("outside"));
    assert!(!text.contains("At least level 0"), "a run that broke off proves no level, and shows none");
    reader.assert_quiet().await;
    // What nobody tested is said to be so.
    reader.goto("recipes/pixelfed.html").await;
    let text: String = reader.ask("document.body.innerText").await;
    assert!(
        text.contains("Not tested: no run is known.")
            && text.contains("Not tested: no upgrade of this recipe was tried."),
        "{text}"
    );
    assert!(!text.contains("Level 0") && text.to_lowercase().matches("not tested").count() >= 12, "{text}");
    reader.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_text_stays_text_on_every_page() {
    let reader = Reader::open().await;
    let pages: Vec<String> = below(reader.folder.path()).into_iter().filter(|path| path.ends_with(".html")).collect();
    assert!(pages.len() > 15, "{pages:?}");
    for path in &pages {
        reader.goto(path).await;
        let title: String = reader.ask("document.title").await;
        assert_ne!(title, "owned", "{path}");
        let odd: Vec<String> = reader
            .ask("[...document.querySelectorAll('script:not([src]), img[onerror], b, i, [onmouseover], a[href^=\"javascript\" i], img[src=x]')].filter(e => !document.title.includes(': passed')).map(e => e.outerHTML)")
            .await;
        assert_eq!(odd, Vec::<String>::new(), "{path}");
    }
    reader.goto("index.html").await;
    let shown: String = reader.ask("document.querySelector('#recipes').innerText").await;
    assert!(shown.contains("<script>document.title='owned'</script>"), "{shown}");
    reader.assert_quiet().await;
    reader.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_link_and_picture_leads_somewhere() {
    let reader = Reader::open().await;
    let pages: Vec<String> = below(reader.folder.path()).into_iter().filter(|path| path.ends_with(".html")).collect();
    let mut followed = 0;
    for path in pages {
        reader.goto(&path).await;
        let links: Vec<(String, String)> = reader
            .ask("[...document.querySelectorAll('[href], [src]')].map(e => [e.getAttribute('href') ?? e.getAttribute('src'), e.href ?? e.src])")
            .await;
        for (written, address) in links {
            assert!(
                !written.starts_with('/') && !written.starts_with("file:"),
                "{path}: {written} holds at one place only"
            );
            let Some(local) = address.strip_prefix(&reader.address("")) else {
                assert!(
                    ["https://", "http://", "mailto:", "data:"].iter().any(|scheme| address.starts_with(scheme)),
                    "{path}: {address}"
                );
                continue;
            };
            let (file, part) = local.split_once('#').unwrap_or((local, ""));
            let text = std::fs::read_to_string(reader.folder.path().join(file.replace("%20", " ")));
            assert!(reader.folder.path().join(file).is_file(), "{path} links to {local}, which is not there");
            if let (Ok(text), false) = (text, part.is_empty()) {
                assert!(
                    text.contains(&format!("id=\"{part}\"")),
                    "{path} links to {local}, and the file has no such part"
                );
            }
            followed += 1;
        }
    }
    assert!(followed > 200, "{followed}");
    reader.close().await;
}

/// Contrast of all visible text by WCAG 2 (4.5, for large text 3), names of all controls, order of headings, one h1, no scrolling sideways.
const READABLE: &str = r"(() => {
  const light = (c) => { const [r, g, b] = c.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const parse = (text) => { const n = text.match(/[\d.]+/g).map(Number); return { rgb: n.slice(0, 3), a: n.length > 3 ? n[3] : 1 }; };
  const behind = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.a === 1) return c.rgb; } return parse(getComputedStyle(document.body).backgroundColor).rgb; };
  const faults = [];
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.checkVisibility() || e.closest('.vh, .skip')) continue;
    const style = getComputedStyle(e), svg = e.closest('svg');
    if (svg && e.tagName === 'title') continue;
    const [a, b] = [light(parse(svg ? style.fill : style.color).rgb), light(behind(e))].sort((x, y) => y - x);
    for (let p = e; p; p = p.parentElement) if (parseFloat(getComputedStyle(p).opacity) < 1) faults.push(`faded: ${e.textContent.trim().slice(0, 30)}`);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < (large ? 3 : 4.5)) faults.push(`contrast ${contrast.toFixed(2)} of ${e.className || e.tagName} ${e.textContent.trim().slice(0, 30)}`);
  }
  for (const e of document.querySelectorAll('a, button, input, select, img, svg[role], summary')) {
    const name = e.getAttribute('aria-label') || e.alt || e.querySelector('img')?.alt || e.textContent.trim() || [...(e.labels || [])].map(l => l.textContent.trim()).join('');
    if (!name) faults.push(`no name: ${e.outerHTML.slice(0, 80)}`);
  }
  let level = 0;
  for (const h of document.querySelectorAll('h1, h2, h3, h4')) { const n = Number(h.tagName[1]); if (n > level + 1) faults.push(`heading ${h.textContent} jumps`); level = n; }
  if (document.querySelectorAll('h1').length !== 1) faults.push('not one h1');
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  if (new Set(ids).size !== ids.length) faults.push('an id twice');
  for (const e of document.querySelectorAll('[aria-labelledby]')) if (!document.getElementById(e.getAttribute('aria-labelledby'))) faults.push(`no ${e.getAttribute('aria-labelledby')}`);
  if (document.documentElement.scrollWidth > innerWidth) faults.push(`wider than the window: ${document.documentElement.scrollWidth}`);
  if (document.documentElement.lang !== 'en') faults.push('no language');
  return faults;
})()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_can_be_read_at_three_widths_and_in_both_schemes() {
    let reader = Reader::open().await;
    for scheme in ["light", "dark"] {
        reader.media("prefers-color-scheme", scheme).await;
        for (width, height) in [(1280, 900), (760, 1000), (390, 844)] {
            for (name, path) in
                [("list", "index.html"), ("recipe", "recipes/mastodon.html"), ("untested", "recipes/pixelfed.html")]
            {
                reader.size(width, height).await;
                reader.goto(path).await;
                let faults: Vec<String> = reader.ask(READABLE).await;
                assert_eq!(faults, Vec::<String>::new(), "{path} at {width}, {scheme}");
                reader.shoot(&format!("{name}-{width}-{scheme}")).await;
            }
        }
    }
    reader.media("prefers-reduced-motion", "reduce").await;
    reader.goto("index.html").await;
    let moving: usize = reader.ask("[...document.querySelectorAll('*')].filter(e => { const s = getComputedStyle(e); return parseFloat(s.transitionDuration) > 0 || parseFloat(s.animationDuration) > 0 || s.scrollBehavior === 'smooth'; }).length").await;
    assert_eq!(moving, 0, "who wants no motion gets none");
    reader.assert_quiet().await;
    reader.close().await;
}
