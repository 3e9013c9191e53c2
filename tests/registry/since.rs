//! Since when there is something newer, asked of a real registry (Debian's `docker-registry`).

use jiff::civil::date;
use serde_json::{Value, json};
use taster::registry::{Newer, Presence, Registries, RegistryError};

use crate::images::{Answers, Registry, stranger};

/// What comes of asking about this image.
fn since(registry: &Registry, image: &str) -> Newer {
    asked(registry, &format!("{}/{image}", registry.address)).unwrap()
}

fn asked(registry: &Registry, reference: &str) -> Result<Newer, RegistryError> {
    registry.runtime.block_on(async {
        let registries = Registries::new().unwrap();
        let facts = registries.ask(reference).await?;
        registries.newer_since(reference, &facts).await
    })
}

fn there(newest: &str, since: Option<jiff::civil::Date>) -> Newer {
    Newer::There { newest: newest.to_owned(), since }
}

#[test]
fn the_earliest_day_of_what_is_newer_counts() {
    let registry = Registry::start();
    let made = |tag: &str, created: &str| registry.made("tea/pot", tag, "amd64", created);
    made("1.27.1", "2020-01-01T00:00:00Z");
    made("1.27.2", "2026-01-10T00:00:00Z");
    assert_eq!(since(&registry, "tea/pot:1.27.2"), Newer::Nothing, "what is older is not newer");
    // Of other kinds: another number of parts, another suffix, no version.
    made("1.28", "2026-01-11T00:00:00Z");
    made("1.27.3-alpine", "2026-01-12T00:00:00Z");
    made("latest", "2026-01-13T00:00:00Z");
    assert_eq!(since(&registry, "tea/pot:1.27.2"), Newer::Nothing);
    assert_eq!(since(&registry, "tea/pot:latest"), Newer::Unknown, "a word compares with nothing");
    assert_eq!(since(&registry, "tea/pot"), Newer::Unknown);
    // The one that came first was built anew since: the other one's day is the earliest that is known.
    made("1.27.3", "2026-07-01T00:00:00Z");
    made("1.27.10", "2026-05-02T23:30:00-01:00");
    assert_eq!(since(&registry, "tea/pot:1.27.2"), there("1.27.10", Some(date(2026, 5, 3))), "days are those of UTC");
    assert_eq!(since(&registry, "tea/pot:1.27.3"), there("1.27.10", Some(date(2026, 5, 3))));
    assert_eq!(since(&registry, "tea/pot:1.27.10"), Newer::Nothing);
}

#[test]
fn of_an_image_for_many_platforms_amd64_tells_or_else_the_first_that_runs() {
    let registry = Registry::start();
    registry.image("tea/pot", "1.0.0", "amd64");
    let (attested, arm64, amd64) =
        (json!("2024-01-01T00:00:00Z"), json!("2025-02-02T00:00:00Z"), json!("2026-03-03T00:00:00Z"));
    registry.made_for("tea/pot", "1.0.1", &[("unknown", attested.clone()), ("arm64", arm64.clone()), ("amd64", amd64)]);
    assert_eq!(since(&registry, "tea/pot:1.0.0"), there("1.0.1", Some(date(2026, 3, 3))));
    registry.image("tea/cup", "1.0.0", "arm64");
    registry.made_for(
        "tea/cup",
        "1.0.1",
        &[("unknown", attested), ("arm64", arm64), ("s390x", json!("2023-01-01T00:00:00Z"))],
    );
    assert_eq!(since(&registry, "tea/cup:1.0.0"), there("1.0.1", Some(date(2025, 2, 2))));
}

#[test]
fn what_has_no_date_that_can_be_believed_tells_none() {
    let registry = Registry::start();
    registry.image("tea/pot", "1.0.0", "amd64");
    for (number, created) in
        ["1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "2013-02-28T23:59:59Z", "soon"].into_iter().enumerate()
    {
        registry.made("tea/pot", &format!("1.0.{}", number + 1), "amd64", created);
    }
    registry.made("tea/pot", "1.0.5", "amd64", Value::Null);
    assert_eq!(since(&registry, "tea/pot:1.0.0"), there("1.0.5", None), "reproducible builds have no day");
    registry.made("tea/pot", "1.0.6", "amd64", "2013-03-01T00:00:00Z");
    assert_eq!(since(&registry, "tea/pot:1.0.0"), there("1.0.6", Some(date(2013, 3, 1))));
}

#[test]
fn what_the_registry_lost_tells_nothing_and_what_it_has_still_does() {
    let registry = Registry::start();
    registry.image("tea/pot", "1.0.0", "amd64");
    let lost = registry.made("tea/pot", "1.0.1", "amd64", "2026-01-01T00:00:00Z");
    registry.lose(&lost);
    assert_eq!(since(&registry, "tea/pot:1.0.0"), there("1.0.1", None), "its tag is listed, and its manifest is a 404");
    registry.made("tea/pot", "1.0.2", "amd64", "2026-02-02T00:00:00Z");
    assert_eq!(since(&registry, "tea/pot:1.0.0"), there("1.0.2", Some(date(2026, 2, 2))));
    // The image that the recipe names is gone, and so is its tag from the list: nobody knows what came after it.
    assert_eq!(since(&registry, "tea/pot:1.0.3"), Newer::Unknown, "a list without the tag itself proves nothing");
}

#[test]
fn the_sixteen_lowest_versions_are_asked_for_their_day() {
    let registry = Registry::start();
    registry.image("tea/pot", "1.0.0", "amd64");
    for number in 1..=16 {
        registry.made("tea/pot", &format!("1.0.{number}"), "amd64", format!("2026-02-{number:02}T00:00:00Z"));
    }
    registry.made("tea/pot", "1.0.17", "amd64", "2026-01-01T00:00:00Z");
    assert_eq!(since(&registry, "tea/pot:1.0.0"), there("1.0.17", Some(date(2026, 2, 1))));
    assert_eq!(since(&registry, "tea/pot:1.0.1"), there("1.0.17", Some(date(2026, 1, 1))), "now it is the sixteenth");
}

#[test]
fn a_registry_that_stops_answering_is_an_error_and_no_day() {
    let registry = Registry::start();
    registry.image("tea/pot", "1.0.0", "amd64");
    registry.made("tea/pot", "1.0.1", "amd64", "2026-01-01T00:00:00Z");
    let reference = format!("{}/tea/pot:1.0.0", registry.address);
    let registries = Registries::new().unwrap();
    let facts = registry.runtime.block_on(registries.ask(&reference)).unwrap();
    assert!(facts.tags_are_whole && facts.tags.len() == 2, "{facts:?}");
    drop(registry);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let error = runtime.block_on(registries.newer_since(&reference, &facts)).unwrap_err();
    assert!(matches!(error, RegistryError::Unreachable { .. }), "{error}");
}

#[test]
fn tags_that_nobody_is_shown_prove_nothing_and_a_limit_is_an_error() {
    const MANIFEST: &str = "/v2/tea/pot/manifests/1.0.0";
    const TAGS: &str = "/v2/tea/pot/tags/list?n=1000";
    let one = |status: &'static str, headers: &str, body: &str| vec![(status, headers.to_owned(), body.to_owned())];
    let image = || one("200 OK", "", r#"{"architecture":"amd64"}"#);
    let registry = Registry::start();
    let of = |answers: Answers| asked(&registry, &format!("{}/tea/pot:1.0.0", stranger(answers).0));
    let hidden = Answers::from([(MANIFEST, one("401 Unauthorized", "", "{}"))]);
    assert_eq!(of(hidden).unwrap(), Newer::Unknown);
    let unlisted = Answers::from([(MANIFEST, image()), (TAGS, one("404 Not Found", "", "{}"))]);
    assert_eq!(of(unlisted).unwrap(), Newer::Unknown);
    let whole = Answers::from([(MANIFEST, image()), (TAGS, one("200 OK", "", r#"{"tags":["1.0.0"]}"#))]);
    assert_eq!(of(whole).unwrap(), Newer::Nothing);
    // The second page is refused: what it would hold may be newer.
    let page = "Link: </v2/tea/pot/tags/list?last=1.0.0>; rel=\"next\"\r\n";
    let torn = Answers::from([(MANIFEST, image()), (TAGS, one("200 OK", page, r#"{"tags":["1.0.0"]}"#))]);
    assert_eq!(of(torn).unwrap(), Newer::Unknown);
    let both = || one("200 OK", "", r#"{"tags":["1.0.0","1.0.1"]}"#);
    let limited = Answers::from([
        (MANIFEST, image()),
        (TAGS, both()),
        ("/v2/tea/pot/manifests/1.0.1", one("429 Too Many", "Retry-After: 3600\r\n", "")),
    ]);
    assert!(matches!(of(limited), Err(RegistryError::Limited { .. })));
    let broken = Answers::from([
        (MANIFEST, image()),
        (TAGS, both()),
        ("/v2/tea/pot/manifests/1.0.1", one("500 Broken", "", "")),
    ]);
    assert_eq!(of(broken).unwrap(), there("1.0.1", None), "one image that is broken is no registry that is");
    let absent = Answers::from([(TAGS, one("200 OK", "", r#"{"tags":["1.0.1"]}"#))]);
    let (address, _) = stranger(absent);
    let reference = format!("{address}/tea/pot:1.0.0");
    let facts = registry.runtime.block_on(Registries::new().unwrap().ask(&reference)).unwrap();
    assert_eq!(facts.presence, Presence::Absent);
    assert_eq!(
        asked(&registry, &reference).unwrap(),
        there("1.0.1", None),
        "the tag may be gone, and a newer one there"
    );
}
