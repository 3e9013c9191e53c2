//! The browser's processes and files: gone with it, and with whoever started it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use taster::browser::{Browser, BrowserError, BrowserOptions};

use crate::site::Site;

/// Processes whose command line names this folder.
fn processes(folder: &Path) -> Vec<String> {
    let folder = folder.to_str().unwrap();
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    all.filter_map(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        line.contains(folder).then_some(line)
    })
    .collect()
}

fn gone(folder: &Path, within: Duration) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < within {
        if processes(folder).is_empty() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_stays_when_it_is_dropped() {
    let site = Site::page("<p>hello").await;
    site.front().await;
    let scratch = site.scratch;
    assert!(processes(scratch.path()).len() > 3, "{:?}", processes(scratch.path()));
    let begun = Instant::now();
    drop(site.browser);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert!(gone(scratch.path(), Duration::from_secs(1)), "{:?}", processes(scratch.path()));
    let left: Vec<_> = std::fs::read_dir(scratch.path()).unwrap().flatten().map(|entry| entry.path()).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_has_ended_is_seen_to_have() {
    let scratch = tempfile::tempdir().unwrap();
    let browser = start(taster::browser::find().unwrap(), scratch.path()).await.unwrap();
    assert!(browser.runs());
    let killed = Command::new("pkill").args(["-KILL", "-f", scratch.path().to_str().unwrap()]).status().unwrap();
    assert!(killed.success());
    assert!(gone(scratch.path(), Duration::from_secs(10)), "{:?}", processes(scratch.path()));
    let begun = Instant::now();
    while browser.runs() {
        assert!(begun.elapsed() < Duration::from_secs(10), "it is not seen");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visit_that_is_broken_off_leaves_nothing() {
    let site = Site::new(|_| crate::site::html("late").after(Duration::from_secs(60))).await;
    let scratch = site.scratch;
    let browser = site.browser;
    let work = tokio::spawn(async move { browser.visit(&crate::site::visit("/")).await.map(drop) });
    tokio::time::sleep(Duration::from_millis(800)).await;
    work.abort();
    let _ = work.await;
    assert!(gone(scratch.path(), Duration::from_secs(1)), "{:?}", processes(scratch.path()));
}

/// Run by [`nothing_stays_when_its_starter_is_killed`]: starts a browser and waits to be killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn starter() {
    let Some(scratch) = std::env::var_os("TASTER_TEST_SCRATCH").map(PathBuf::from) else { return };
    let browser = start(taster::browser::find().unwrap(), &scratch).await.unwrap();
    std::fs::write(scratch.join("up"), "").unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    drop(browser);
}

async fn start(program: PathBuf, scratch: &Path) -> Result<Browser, BrowserError> {
    let options = BrowserOptions {
        program,
        scratch: scratch.to_owned(),
        hosts: std::iter::once("app.test".to_owned()).collect(),
        key_pin: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned(),
    };
    Browser::start(options, |_| async { Err::<tokio::net::TcpStream, _>(std::io::Error::other("nothing there")) }).await
}

#[test]
fn nothing_stays_when_its_starter_is_killed() {
    let scratch = tempfile::tempdir().unwrap();
    let mut starter = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "processes::starter", "--nocapture"])
        .env("TASTER_TEST_SCRATCH", scratch.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !scratch.path().join("up").exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the browser does not start");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(processes(scratch.path()).len() > 3);
    // SIGKILL: nothing of ours runs any more.
    starter.kill().unwrap();
    starter.wait().unwrap();
    assert!(gone(scratch.path(), Duration::from_secs(10)), "{:?}", processes(scratch.path()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_is_no_browser_is_told_with_its_words() {
    use std::os::unix::fs::PermissionsExt as _;
    let scratch = tempfile::tempdir().unwrap();
    let program = scratch.path().join("chromium");
    std::fs::write(&program, "#!/bin/sh\necho 'no usable sandbox' >&2\nexit 3\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let error = start(program, scratch.path()).await.unwrap_err().to_string();
    assert!(error.contains("exit status: 3") && error.contains("no usable sandbox"), "{error}");
    let error = start("/no/such/chromium".into(), scratch.path()).await.unwrap_err().to_string();
    assert!(error.contains("/no/such/chromium does not start"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_scratch_path_is_no_trouble() {
    let scratch = tempfile::tempdir().unwrap();
    let long = scratch.path().join("20261121-063331-a-recipe-with-a-long-name-abcd".repeat(2));
    std::fs::create_dir_all(&long).unwrap();
    let browser = start(taster::browser::find().unwrap(), &long).await.unwrap();
    browser.close().await;
    assert!(std::fs::read_dir(&long).unwrap().next().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_another_authority_is_not_taken() {
    let scratch = tempfile::tempdir().unwrap();
    let site = Site::page("<p>hello").await;
    // A browser that was given another key's pin, led to the same kind of server.
    let other = std::sync::Arc::new(taster::ingress::ca::Ca::generate().unwrap());
    let acceptor = tokio_rustls::TlsAcceptor::from(other.server_config().unwrap());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move { acceptor.accept(stream).await.map(drop) });
        }
    });
    let options = BrowserOptions {
        program: taster::browser::find().unwrap(),
        scratch: scratch.path().to_owned(),
        hosts: std::iter::once("app.test".to_owned()).collect(),
        key_pin: taster::ingress::ca::Ca::generate().unwrap().key_pin(),
    };
    let browser = Browser::start(options, move |_| tokio::net::TcpStream::connect(at)).await.unwrap();
    let view = browser.visit(&crate::site::visit("/")).await.unwrap();
    let error = view.document.and_then(|document| document.error);
    assert_eq!(error.as_deref(), Some("net::ERR_CERT_AUTHORITY_INVALID"));
    drop(site);
}
