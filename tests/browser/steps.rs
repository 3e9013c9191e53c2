//! What a visitor does on a page.

use taster::browser::{Step, View, Visit};

use crate::site::{Asked, Site, html, redirect, told, visit};

fn fill(field: &str, value: &str) -> Step {
    Step::Fill { field: field.to_owned(), value: value.to_owned() }
}

fn click(target: &str) -> Step {
    Step::Click { target: target.to_owned() }
}

fn expect(text: &str) -> Step {
    Step::Expect { text: text.to_owned() }
}

fn wait(selector: &str) -> Step {
    Step::Wait { selector: selector.to_owned() }
}

async fn done(site: &Site, steps: &[Step]) -> View {
    site.visit(&Visit { steps: steps.to_vec(), ..visit("/") }).await
}

/// A login with a form, and a page behind it.
fn login(asked: &Asked) -> crate::site::Answer {
    match (asked.method.as_str(), asked.path()) {
        ("POST", "/login") if asked.body == "user=ann&pass=s3cret+%26+more" => {
            redirect("/home").header("set-cookie", "in=1")
        }
        ("POST", "/login") => html("<title>Log in</title><p>Wrong password").status(200),
        (_, "/home") if asked.cookie == "in=1" => html(
            "<title>Home</title><h1>Welcome, Ann</h1><a href=/list>My lists</a><p style='text-transform: uppercase'>small print",
        ),
        (_, "/list") if asked.cookie == "in=1" => html("<title>Lists</title><ul class=lists><li>Tea</ul>"),
        _ => html(
            "<title>Log in</title><form method=post action=/login><label for=u>User name</label><input id=u name=user>\
             <input type=password name=pass placeholder='Your password'><button>Log in</button></form>",
        ),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_with_a_form() {
    let site = Site::new(login).await;
    for [user, pass, button] in [["user name", "Your password", "Log in"], ["#u", "input[name=pass]", "form button"]] {
        let steps = [
            fill(user, "ann"),
            fill(pass, "s3cret & more"),
            click(button),
            expect("welcome,  ann"),
            expect("small print"),
            click("My lists"),
            wait("ul.lists li"),
        ];
        let view = done(&site, &steps).await;
        assert_eq!(view.step, None, "{:#?}", told(&view));
        assert_eq!((view.title.as_str(), view.final_url.as_str()), ("Lists", "https://app.test/list"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_that_fails_is_told_with_its_step() {
    let site = Site::new(login).await;
    let steps = [fill("user", "ann"), fill("pass", "wrong"), click("Log in"), expect("Welcome"), click("My lists")];
    let failure = done(&site, &steps).await.step.expect("it fails");
    assert_eq!((failure.number, failure.step.as_str()), (4, "expect = \"Welcome\""));
    assert!(failure.reason.contains("Wrong password"), "{failure:?}");
    assert!(!format!("{steps:?} {failure:?}").contains("wrong\""), "a value is told: {steps:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there_hidden_covered_or_disabled_cannot_be_used() {
    let site = Site::page(
        "<button id=hidden style='display:none'>Hidden</button><button disabled>Off</button><input name=fixed readonly value=x>\
         <button id=covered>Under</button><div style='position:fixed;inset:0;background:#eee;z-index:9'>a veil</div>",
    )
    .await;
    for (step, said) in [
        (click("No such thing"), "no such button or link is there"),
        (click("#hidden"), "cannot be seen"),
        (click("Off"), "disabled"),
        (click("Under"), "<div> lies over it"),
        (fill("fixed", "y"), "cannot be changed"),
        (fill("nothing", "y"), "no such field"),
        (wait(".late"), "no such element"),
        (wait("p["), "no CSS selector"),
        (expect("Never said"), "a veil"),
    ] {
        let failure = done(&site, std::slice::from_ref(&step)).await.step.unwrap_or_else(|| panic!("{step} is done"));
        assert!(failure.reason.contains(said), "{step}: {failure:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_late_is_waited_for_and_scripts_see_the_typing() {
    let site = Site::page(
        "<div id=app></div><script>setTimeout(() => { app.innerHTML = '<input aria-label=Query value=old><select name=kind><option>Books<option value=v>Films</select>\
         <label><input type=checkbox id=agree> I agree</label><a role=button onclick=\"out.textContent = document.querySelector(`input`).value + kind.value + agree.checked\">Go</a><p id=out></p>'; \
         window.kind = document.querySelector('select'); document.querySelector('input').addEventListener('input', (e) => { document.title = e.target.value }) }, 1500)</script>",
    )
    .await;
    let steps = [fill("query", "tea"), fill("kind", "films"), click("I agree"), click("Go"), expect("teavtrue")];
    let view = done(&site, &steps).await;
    assert_eq!((view.step.as_ref(), view.title.as_str()), (None, "tea"), "{:#?}", told(&view));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_cannot_pretend() {
    // A page's own scripts may replace whatever they like: what looks at the page runs beside them.
    let site = Site::page(
        "<script>Element.prototype.checkVisibility = () => true; Object.defineProperty(HTMLElement.prototype, 'innerText', { get: () => 'All is well' }); \
         document.querySelectorAll = () => [document.documentElement]; JSON.stringify = () => '{}'</script>",
    )
    .await;
    let seen = site.front().await;
    assert!(seen.0.blank, "{:#?}", told(&seen.0));
}
