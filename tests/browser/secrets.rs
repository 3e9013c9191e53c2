//! No screenshot shows a secret.

use taster::browser::{Visit, is_one_colour};

use crate::site::{Site, visit};

const PAGE: &str =
    "<body style='margin:0;font:40px monospace'><input style='border:0;font:40px monospace' value='hunter2hunter2'>";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fields_that_hold_secrets_are_blanked() {
    let site = Site::page(PAGE).await;
    let open = site.visit(&visit("/")).await;
    assert!(!is_one_colour(&open.screenshot.unwrap()).unwrap(), "the field shows what it holds");
    let closed = site.visit(&Visit { secrets: vec!["hunter2hunter2".to_owned()], ..visit("/") }).await;
    assert!(!closed.blank, "blank only because it was blanked");
    assert!(is_one_colour(&closed.screenshot.unwrap()).unwrap(), "the field still shows what it holds");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_passwords_shadows_and_frames_are_blanked_too() {
    let secret = "correct-horse-battery";
    let shot = async |body: &'static str, secrets: Vec<String>| {
        let site = Site::page(body).await;
        site.visit(&Visit { secrets, ..visit("/") }).await.screenshot.unwrap()
    };
    // The same page with another text of the same shape in the secret's place must look the same once blanked.
    for (with, without) in [
        ("<p>Your token: correct-horse-battery</p>", "<p>Your token: ████████</p>"),
        (
            "<div id=x></div><script>x.attachShadow({mode:'open'}).innerHTML='<b>correct-horse-battery</b>'</script>",
            "<div id=x></div><script>x.attachShadow({mode:'open'}).innerHTML='<b>████████</b>'</script>",
        ),
        ("<iframe srcdoc='<p>correct-horse-battery</p>'></iframe>", "<iframe srcdoc='<p>████████</p>'></iframe>"),
        ("<p>x<input type=password value=abcdef>", "<p>x<input type=password>"),
    ] {
        let hidden = shot(with, vec![secret.to_owned()]).await;
        assert!(hidden == shot(without, Vec::new()).await, "{with}");
        assert!(
            with.contains("password") || hidden != shot(with, Vec::new()).await,
            "{with}: nothing was to be hidden"
        );
    }
}
