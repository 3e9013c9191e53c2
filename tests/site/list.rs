//! The list: search, filters, order, keyboard; and all of it without JavaScript.

use crate::chromium::Reader;

const NAMES: &str =
    "[...document.querySelectorAll('#recipes .recipe')].map(li => li.querySelector('h3 a').textContent)";

async fn names(reader: &Reader) -> Vec<String> {
    reader.ask(NAMES).await
}

/// Types into the search field what replaces what is there.
async fn search(reader: &Reader, text: &str) -> Vec<String> {
    reader.run("void (document.querySelector('#q').focus(), document.querySelector('#q').select())").await;
    reader.key("Delete", None).await;
    reader.run("void (document.querySelector('#q').value = '', document.querySelector('#q').dispatchEvent(new Event('input', {bubbles: true})))").await;
    reader.type_text(text).await;
    names(reader).await
}

async fn tick(reader: &Reader, name: &str, value: &str) -> Vec<String> {
    let there: bool = reader
        .ask(&format!("(() => {{ const box = document.querySelector('input[name={name}][value=\"{value}\"]'); box?.click(); return !!box; }})()"))
        .await;
    assert!(there, "{name} {value}");
    names(reader).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn search_finds_words_of_name_description_category_and_tags_beginnings_and_mistakes() {
    let reader = Reader::open().await;
    reader.goto("index.html").await;
    let all = names(&reader).await.len();
    assert_eq!(all, 15);
    for (typed, found) in [
        ("fedi", &["mastodon", "pixelfed"][..]),
        ("FEDI pict", &["pixelfed"]),
        ("activitypub", &["mastodon", "peertube", "pixelfed"]),
        ("nextclodu", &["nextcloud"]),
        ("mextcloud", &["nextcloud"]),
        ("backupbot", &["backup-bot-two"]),
        ("monitoring", &["loki"]),
        ("single sign-on", &["keycloak"]),
        ("kalendars", &["nextcloud"]),
        ("qqqqqqqq", &[]),
    ] {
        assert_eq!(search(&reader, typed).await, found, "{typed}");
    }
    let hidden: bool = reader.ask("document.querySelector('#nothing').hidden").await;
    assert!(!hidden, "nothing found is told");
    let count: String = reader.ask("document.querySelector('#count').textContent").await;
    assert_eq!(count, "0 of 15 recipes");
    reader.key("Escape", None).await;
    assert_eq!(names(&reader).await.len(), all);
    assert_eq!(search(&reader, "git").await.first().map(String::as_str), Some("gitea"), "the name counts most");
    reader.assert_quiet().await;
    reader.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_widen_within_a_group_and_narrow_between_groups() {
    let reader = Reader::open().await;
    reader.goto("index.html").await;
    assert_eq!(tick(&reader, "level", "none").await, ["matrix-synapse", "pixelfed", "Zzz"], "not tested is no level 0");
    assert_eq!(
        tick(&reader, "level", "0-0").await,
        ["discourse", "matrix-synapse", "pixelfed", "Zzz"].map(ToOwned::to_owned)
    );
    assert_eq!(tick(&reader, "category", "none told").await, ["Zzz"]);
    assert_eq!(tick(&reader, "level", "none").await, Vec::<String>::new());
    tick(&reader, "level", "0-0").await;
    tick(&reader, "category", "none told").await;
    assert_eq!(tick(&reader, "has", "stable").await, ["hedgedoc", "nextcloud", "gitea", "keycloak", "traefik"]);
    assert_eq!(tick(&reader, "has", "maintained").await, ["nextcloud"]);
    assert_eq!(search(&reader, "forum").await, Vec::<String>::new(), "search and filters hold together");
    reader.run("void document.querySelector('#nothing button').click()").await;
    assert_eq!(names(&reader).await.len(), 15);
    reader.assert_quiet().await;
    reader.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_is_sorted_by_level_stability_name_or_freshness() {
    let reader = Reader::open().await;
    reader.goto("index.html").await;
    let first = |by: &'static str| {
        let reader = &reader;
        async move {
            let script = format!(
                "void (document.querySelector('#sort').value = '{by}', document.querySelector('#sort').dispatchEvent(new Event('input', {{bubbles: true}})))"
            );
            reader.run(&script).await;
            names(reader).await
        }
    };
    let without_scripts = names(&reader).await;
    assert_eq!(without_scripts[..4], ["hedgedoc", "nextcloud", "gitea", "keycloak"]);
    assert_eq!(first("level").await, without_scripts, "as the page itself is sorted");
    assert_eq!(first("stability").await[..4], ["hedgedoc", "nextcloud", "gitea", "keycloak"]);
    assert_eq!(
        first("stability").await[8..10],
        ["wordpress", "discourse"],
        "what was not tested comes after what is bad"
    );
    assert!(first("name").await.is_sorted_by_key(|name| name.to_lowercase()));
    assert_eq!(first("fresh").await[..2], ["gitea", "hedgedoc"]);
    assert_eq!(first("fresh").await.last().unwrap(), "Zzz");
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    let address: String = reader.ask("location.hash").await;
    assert_eq!(address, "#sort=fresh", "what is shown can be sent to somebody");
    reader.run("void (location.hash = '#q=chat')").await;
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert_eq!(names(&reader).await, ["matrix-synapse"]);
    reader.page.goto("about:blank").await.unwrap();
    reader.goto("index.html#q=fedi&has=community").await;
    assert_eq!(names(&reader).await, ["mastodon", "pixelfed"]);
    reader.assert_quiet().await;
    reader.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_javascript_the_whole_list_is_there_and_no_tool_that_does_nothing() {
    let reader = Reader::open().await;
    reader.without_scripts().await;
    reader.goto("index.html").await;
    assert_eq!(names(&reader).await.len(), 15);
    let visible: bool = reader.ask("document.querySelector('#tools').offsetHeight > 0").await;
    assert!(!visible);
    let levels: usize = reader.ask("document.querySelectorAll('#levels .meanings li').length").await;
    assert_eq!(levels, 9, "the page explains each level");
    reader.shoot("list-1280-light-without-javascript").await;
    reader.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_keyboard_reaches_everything_and_sees_where_it_is() {
    let reader = Reader::open().await;
    reader.goto("index.html").await;
    const AT: &str =
        "(() => { const e = document.activeElement; return e.id || e.name || e.textContent.trim().slice(0, 20); })()";
    let mut way: Vec<String> = Vec::new();
    for _ in 0..60 {
        reader.key("Tab", None).await;
        way.push(reader.ask(AT).await);
        let seen: bool = reader
            .ask("(() => { const e = document.activeElement; const shown = [e, e.closest('.recipe')].filter(Boolean); return e === document.body || shown.some(e => parseFloat(getComputedStyle(e).outlineWidth) > 0 && getComputedStyle(e).outlineStyle !== 'none'); })()")
            .await;
        assert!(seen, "nobody sees that the focus is on {:?}", way.last());
    }
    for stop in ["Skip to the content", "q", "sort", "level", "has", "category", "hedgedoc", "mastodon", "Zzz"] {
        assert!(way.iter().any(|at| at == stop), "Tab never comes to {stop}: {way:?}");
    }
    reader.run("void document.activeElement.blur()").await;
    reader.key("/", Some("/")).await;
    reader.type_text("fedi").await;
    assert_eq!(reader.ask::<String>("document.activeElement.id + document.activeElement.value").await, "qfedi");
    // A box is ticked with the space bar, a recipe opened with Enter.
    reader.run("void document.querySelector('input[name=level][value=none]').focus()").await;
    reader.key(" ", Some(" ")).await;
    assert_eq!(names(&reader).await, ["pixelfed"]);
    reader.run("void document.querySelector('#recipes a').focus()").await;
    reader.key("Enter", Some("\r")).await;
    reader.page.wait_for_navigation().await.unwrap();
    assert_eq!(reader.ask::<String>("document.querySelector('h1').textContent.trim()").await, "pixelfed");
    reader.assert_quiet().await;
    reader.close().await;
}
