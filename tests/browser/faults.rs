//! Every fault that a page can have, planted.

use std::time::Duration;

use taster::browser::{Patience, Visit};
use taster::trial::smoke::{Judgement, Wanted, judge};

use crate::site::{Site, classes, gravest, html, redirect, told, typed, visit};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blank_page() {
    let seen = Site::page("<title>Blank</title><p> &nbsp; </p>").await.front().await;
    assert_eq!(classes(&seen), ["blank-page"]);
    assert!(seen.0.blank && seen.0.screenshot.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_single_page_app_that_never_paints() {
    let seen =
        Site::page("<title>App</title><div id=app></div><script>document.getElementById('other').x = 1</script>")
            .await
            .front()
            .await;
    assert_eq!(classes(&seen), ["blank-page", "uncaught-exception"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn white_on_white() {
    let seen = Site::page("<title>White</title><p style='color: white'>You cannot read this").await.front().await;
    assert_eq!(classes(&seen), ["blank-page"]);
    assert!(gravest(&seen).text.contains("one colour"), "{:?}", gravest(&seen));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exception_that_nothing_catches() {
    let seen =
        Site::page("<h1>Hello</h1><script>setTimeout(() => { throw new Error('the cat is out') }, 100)</script>")
            .await
            .front()
            .await;
    assert_eq!(classes(&seen), ["uncaught-exception"]);
    assert!(gravest(&seen).text.contains("Error: the cat is out"), "{:?}", gravest(&seen));
    assert!(seen.0.console.iter().any(|line| line.level == "exception" && line.text.contains("cat")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rejection_that_nothing_handles_and_one_that_is_handled_late() {
    let seen = Site::page("<h1>Hello</h1><script>Promise.reject(new Error('no tea'))</script>").await.front().await;
    assert_eq!(classes(&seen), ["uncaught-exception"]);
    assert!(gravest(&seen).text.contains("no tea"), "{:?}", gravest(&seen));
    let late = "<h1>Hello</h1><script>const p = Promise.reject(new Error('x')); setTimeout(() => p.catch(() => {}), 50)</script>";
    Site::assert_fine(&Site::page(late).await.front().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_that_is_not_there() {
    let seen = Site::page("<h1>Hello</h1><script src=/app.js></script>").await.front().await;
    assert_eq!(classes(&seen), ["failed-request"]);
    let text = gravest(&seen).text;
    assert!(text.contains("/app.js (Script): 404"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_of_its_own_host_that_the_ingress_does_not_have() {
    let seen = Site::page("<h1>Hello</h1><img src=https://app.test:8443/x.png>").await.front().await;
    // Not own: nothing answers there on an operator's server either, and the page is there without it.
    assert_eq!(seen.1, Judgement::Fine);
    assert_eq!(seen.0.third_parties().count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_that_never_comes() {
    let site = Site::new(|asked| match asked.path() {
        "/" => html("<h1>Hello</h1><script async src=/slow.js></script>"),
        _ => typed("text/javascript", "").after(Duration::from_secs(60)),
    })
    .await;
    let patience = Patience { rest: Duration::from_secs(5), paint: Duration::from_secs(8), ..visit("/").patience };
    let view = site.visit(&Visit { patience, ..visit("/") }).await;
    let judgement = judge(&view, &Wanted::default());
    let seen = (view, judgement);
    assert_eq!(classes(&seen), ["failed-request"]);
    assert!(gravest(&seen).text.contains("no answer"), "{:?}", gravest(&seen));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mixed_content() {
    let seen = Site::page("<h1>Hello</h1><script src=http://app.test/s.js></script>").await.front().await;
    assert_eq!(classes(&seen), ["mixed-content"]);
    assert!(gravest(&seen).text.contains("http://app.test/s.js"), "{:?}", gravest(&seen));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_that_runs_on_what_others_serve_cannot_be_judged() {
    let seen = Site::page(
        "<div id=app></div><script src=https://cdn.example/vue.js></script><script>Vue.mount('#app')</script>",
    )
    .await
    .front()
    .await;
    match &seen.1 {
        Judgement::Unknown { faults, missed } => {
            assert_eq!(missed, &["https://cdn.example/vue.js"]);
            assert!(faults.iter().any(|fault| fault.text.contains("Vue is not defined")), "{faults:?}");
        }
        other => panic!("{other:?}"),
    }
    // What is surely its own fault is not excused by it.
    let seen =
        Site::page("<h1>Hello</h1><script src=https://cdn.example/vue.js></script><script src=/app.js></script>")
            .await
            .front()
            .await;
    assert_eq!(classes(&seen), ["failed-request"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_title_and_a_missing_text() {
    let site = Site::page("<title>Installer</title><h1>Welcome to the installer</h1>").await;
    let wanted = Wanted {
        declared: true,
        title: Some("Wiki".to_owned()),
        contains: Some("Start page".to_owned()),
        status: None,
    };
    let asked = Visit { title: wanted.title.clone(), contains: wanted.contains.clone(), ..visit("/") };
    let view = site.visit(&asked).await;
    let judgement = judge(&view, &wanted);
    assert_eq!(classes(&(view, judgement)), ["wrong-title", "missing-text"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lesson_09_an_error_page_with_a_good_status() {
    let site = Site::page("<title>Blog</title><h1>Error establishing a database connection</h1>").await;
    let fault = gravest(&site.front().await);
    assert!(fault.class == "page-error" && fault.text.contains("database connection"), "{fault:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statuses() {
    let site = Site::new(|asked| html("<h1>Hello</h1>").status(asked.path()[1..].parse().unwrap_or(200))).await;
    for (status, declared, class) in [(500, false, "page-error"), (503, true, "page-error"), (404, true, "page-error")]
    {
        let view = site.visit(&visit(&format!("/{status}"))).await;
        let judgement = judge(&view, &Wanted { declared, ..Wanted::default() });
        let fault = gravest(&(view, judgement));
        assert!(fault.class == class && fault.text.contains(&status.to_string()), "{fault:?}");
    }
    for status in [401, 403, 404] {
        let view = site.visit(&visit(&format!("/{status}"))).await;
        let judgement = judge(&view, &Wanted::default());
        assert!(
            matches!(&judgement, Judgement::NoPage(reason) if reason.contains(&status.to_string())),
            "{judgement:?}"
        );
        let wanted = Wanted { declared: true, status: Some(status), ..Wanted::default() };
        assert_eq!(judge(&view, &wanted), Judgement::Fine, "{:#?}", told(&view));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lesson_08_a_page_of_the_proxy_is_not_the_apps() {
    let site =
        Site::new(|_| html("<title>Wiki</title><h1>All is well</h1>").header("x-taster-ingress", "no-upstream")).await;
    let fault = gravest(&site.front().await);
    assert!(
        fault.class == "page-error" && fault.text.contains("from the proxy, not from the app: no-upstream"),
        "{fault:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_never_answers() {
    let site = Site::new(|_| html("late").after(Duration::from_secs(120))).await;
    let seen = site.front().await;
    let fault = gravest(&seen);
    assert!(fault.class == "page-error" && fault.text.contains("no answer"), "{fault:?}");
    assert!(seen.0.took < Duration::from_secs(20), "{:?}", seen.0.took);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_without_end() {
    let site = Site::page("<h1>Hello</h1><script>setTimeout(() => { for (;;) {} }, 50)</script>").await;
    let seen = site.front().await;
    let fault = gravest(&seen);
    assert!(fault.class == "page-error" && fault.text.contains("without end"), "{fault:?}");
    assert!(seen.0.took < Duration::from_secs(60), "{:?}", seen.0.took);
    // And the browser serves the next page.
    let view = site.visit(&visit("/other")).await;
    assert_eq!(view.document.and_then(|document| document.status), Some(404));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redirects_in_a_circle() {
    let site = Site::new(|asked| redirect(if asked.is("/") { "/a" } else { "/" })).await;
    let fault = gravest(&site.front().await);
    assert!(fault.class == "page-error" && fault.text.contains("ERR_TOO_MANY_REDIRECTS"), "{fault:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_to_another_host() {
    let site = Site::new(|_| redirect("https://sso.example/login")).await;
    let seen = site.front().await;
    assert!(
        matches!(&seen.1, Judgement::NoPage(reason) if reason.contains("https://sso.example/login")),
        "{:?}",
        seen.1
    );
    let judgement = judge(&seen.0, &Wanted { declared: true, ..Wanted::default() });
    assert_eq!(gravest(&(seen.0, judgement)).class, "page-error");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_instead_of_a_page() {
    let site = Site::new(|_| {
        typed("application/octet-stream", "<?php echo 1;")
            .header("content-disposition", "attachment; filename=index.php")
    })
    .await;
    let seen = site.front().await;
    let fault = gravest(&seen);
    assert!(fault.class == "page-error" && fault.text.contains("index.php"), "{fault:?}");
    let kept: Vec<_> = walk(site.scratch.path()).into_iter().filter(|path| path.ends_with("index.php")).collect();
    assert!(kept.is_empty(), "{kept:?}");
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.flat_map(|entry| if entry.path().is_dir() { walk(&entry.path()) } else { vec![entry.path()] }).collect()
}
