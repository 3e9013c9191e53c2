//! Pages with which nothing is wrong.

use std::time::Duration;

use taster::browser::{Patience, Visit};
use taster::trial::smoke::{Judgement, Wanted, judge};

use crate::site::{HOST, Site, html, told, typed, visit};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_with_script_style_and_picture() {
    let site = Site::new(|asked| match asked.path() {
        "/" => html(
            "<title>Notes</title><link rel=stylesheet href=/s.css><h1>Hello</h1><p id=p>no</p><img src=/i.svg><script src=/s.js></script>",
        ),
        "/s.css" => typed("text/css", "h1 { color: green }"),
        "/s.js" => typed("text/javascript", "document.getElementById('p').textContent = 'scripts run'; console.log('said', {a: 1}, 2)"),
        "/i.svg" => typed("image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><rect width='9' height='9'/></svg>"),
        _ => html("").status(404),
    })
    .await;
    let seen = site.front().await;
    Site::assert_fine(&seen);
    let view = seen.0;
    assert_eq!((view.title.as_str(), view.final_url.as_str()), ("Notes", "https://app.test/"));
    assert!(view.text.contains("Hello") && view.text.contains("scripts run") && !view.blank, "{}", view.text);
    let document = view.document.clone().unwrap();
    assert_eq!((document.status, document.service.as_deref()), (Some(200), Some("app")));
    let loads: Vec<(&str, Option<u16>)> = view.loads.iter().map(|load| (load.kind.as_str(), load.status)).collect();
    for kind in ["Document", "Stylesheet", "Script", "Image"] {
        assert!(loads.contains(&(kind, Some(200))), "{loads:?}");
    }
    assert!(
        view.console
            .iter()
            .any(|line| line.level == "log" && line.text.starts_with("said") && line.text.ends_with('2')),
        "{:?}",
        view.console
    );
    assert!(view.took < Duration::from_secs(5), "{:?}", view.took);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_single_page_app_that_paints_late() {
    let site = Site::page(
        "<title>App</title><div id=app></div><script>setTimeout(() => { document.getElementById('app').textContent = 'Here at last' }, 2500)</script>",
    )
    .await;
    let seen = site.front().await;
    Site::assert_fine(&seen);
    assert!(seen.0.text.contains("Here at last"), "{}", seen.0.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_that_fades_in_and_one_in_a_shadow_root() {
    let site = Site::page(
        "<style>h1 { opacity: 0; animation: in 1s 1s forwards } @keyframes in { to { opacity: 1 } }</style><h1>Faded in</h1>",
    )
    .await;
    Site::assert_fine(&site.front().await);
    let site = Site::page(
        "<div id=x></div><script>document.getElementById('x').attachShadow({mode: 'open'}).innerHTML = '<p>In the shadow</p>'</script>",
    )
    .await;
    let wanted = Visit { contains: Some("in the SHADOW".to_owned()), ..visit("/") };
    let view = site.visit(&wanted).await;
    let judged = Wanted { contains: wanted.contains, ..Wanted::default() };
    assert_eq!(judge(&view, &judged), Judgement::Fine, "{:#?}", told(&view));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_without_a_word_is_not_blank() {
    let site = Site::page(
        "<canvas id=c width=200 height=200></canvas><script>const c = document.getElementById('c').getContext('2d'); c.fillRect(20, 20, 50, 50)</script>",
    )
    .await;
    let seen = site.front().await;
    Site::assert_fine(&seen);
    assert_eq!(seen.0.text.trim(), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_huge_page() {
    let rows = "<tr><td>row</td><td>of a very long table</td></tr>\n".repeat(60_000);
    let page = format!("<title>Huge</title><table>{rows}</table>");
    let site = Site::new(move |_| html(&page)).await;
    let seen = site.front().await;
    Site::assert_fine(&seen);
    assert!(seen.0.text.len() <= 40_000 && seen.0.took < Duration::from_secs(60), "{:?}", seen.0.took);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dialog_does_not_hold_the_page_up() {
    let site =
        Site::page("<title>Ask</title><script>alert('Boo'); confirm('Really?')</script><p>After the dialogs</p>").await;
    let seen = site.front().await;
    Site::assert_fine(&seen);
    assert_eq!(seen.0.dialogs, ["alert: Boo", "confirm: Really?"]);
    assert!(seen.0.text.contains("After the dialogs"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_never_stops_asking() {
    let site = Site::new(|asked| match asked.path() {
        "/" => html(
            "<title>Busy</title><p id=p>0</p><script>let n = 0; setInterval(() => { n++; document.getElementById('p').textContent = n; fetch('/poll?' + n) }, 100); \
             new EventSource('/events')</script>",
        ),
        "/events" => typed("text/event-stream", "data: x\n\n").after(Duration::from_secs(60)),
        path if path.starts_with("/poll") => typed("text/plain", "x").after(Duration::from_secs(if path.ends_with('5') { 60 } else { 0 })),
        _ => html("").status(404),
    })
    .await;
    let seen = site.front().await;
    Site::assert_fine(&seen);
    assert!(seen.0.took < Duration::from_secs(10), "{:?}", seen.0.took);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_serve_is_refused_and_told() {
    let site = Site::page(
        "<title>Tracked</title><h1>Hello</h1><img src=https://pixel.example/x.gif><link rel=stylesheet href=https://fonts.example/f.css>\
         <script>fetch('http://127.0.0.1:1/').catch(() => {}); new WebSocket('wss://live.example/').onerror = () => {}</script>",
    )
    .await;
    let seen = site.front().await;
    Site::assert_fine(&seen);
    let foreign: Vec<&str> = seen.0.third_parties().map(|load| load.url.as_str()).collect();
    for url in
        ["https://pixel.example/x.gif", "https://fonts.example/f.css", "http://127.0.0.1:1/", "wss://live.example/"]
    {
        assert!(foreign.contains(&url), "{foreign:?}");
    }
    assert!(seen.0.third_parties().all(|load| load.status.is_none()), "{:?}", seen.0.loads);
    assert!(site.asked().iter().all(|asked| asked.url.contains(HOST)), "{:?}", site.asked());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_logged_in_is_told_so() {
    let site = Site::new(|asked| match asked.path() {
        "/" => html("<title>Log in</title><form><input name=user></form><script>fetch('/api/me')</script>"),
        _ => typed("application/json", "{}").status(401),
    })
    .await;
    Site::assert_fine(&site.front().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_visit_is_a_new_visitor_and_plain_http_works() {
    let site =
        Site::new(|asked| html(format!("<title>{}</title><p>hello", asked.cookie)).header("set-cookie", "seen=1"))
            .await;
    for _ in 0..2 {
        let seen = site.front().await;
        assert_eq!((seen.0.title.as_str(), seen.1), ("", Judgement::Fine));
    }
    let plain = Visit { url: format!("http://{HOST}/"), patience: Patience::default(), ..Visit::default() };
    let view = site.visit(&plain).await;
    assert_eq!(judge(&view, &Wanted::default()), Judgement::Fine, "{:#?}", told(&view));
    assert!(site.asked().iter().any(|asked| asked.url == "http://app.test/"), "{:?}", site.asked());
}
