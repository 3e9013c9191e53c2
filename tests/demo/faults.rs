//! Every planted fault does what it says, and nothing else.

use std::net::TcpStream;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tempfile::tempdir;

use crate::app::{App, once};

fn with(fault: &str) -> (tempfile::TempDir, App) {
    let data = tempdir().unwrap();
    let app = App::up(data.path(), &["--fault", fault]);
    (data, app)
}

#[test]
fn exit_at_every_start() {
    let data = tempdir().unwrap();
    for code in [3, 0] {
        let (status, said) = App::start(data.path(), &["--fault", &format!("exit:{code}")]).end();
        assert_eq!(status.code(), Some(code));
        assert!(said.contains(&format!("exiting with code {code}")) && !said.contains("listening"), "{said}");
    }
}

#[test]
fn exit_after_a_while() {
    let before = Instant::now();
    let (_data, mut app) = with("exit:4@0.3");
    assert_eq!(app.get("/").0, 200);
    assert_eq!(app.end().0.code(), Some(4));
    assert!(before.elapsed() >= Duration::from_millis(300));
}

#[test]
fn segv_is_a_death_by_signal() {
    let data = tempdir().unwrap();
    let (status, _) = App::start(data.path(), &["--fault", "segv"]).end();
    assert_eq!(status.signal(), Some(Signal::SIGSEGV as i32), "{status}");
}

#[test]
fn unhealthy_serves_pages_all_the_same() {
    let (data, app) = with("unhealthy");
    assert_eq!(app.get("/healthz").0, 503);
    assert_eq!(app.get("/").0, 200);
    let (code, _, error) = once(data.path(), &["health", "--listen", &app.address.to_string()]);
    assert!(code == Some(1) && error.contains("unhealthy: 503"), "{error}");
}

#[test]
fn a_slow_first_boot_is_slow_once_and_begins_anew_when_cut_short() {
    let data = tempdir().unwrap();
    let slow = ["--fault", "slow-boot:0.6"];
    let mut app = App::start(data.path(), &slow);
    app.says("first start: preparing");
    assert!(TcpStream::connect(app.address).is_err(), "nothing may listen yet");
    drop(app);
    let before = Instant::now();
    drop(App::up(data.path(), &slow));
    assert!(before.elapsed() >= Duration::from_millis(600), "the interrupted start must begin anew");
    let before = Instant::now();
    App::up(data.path(), &slow);
    assert!(before.elapsed() < Duration::from_millis(600), "only the first start is slow");
}

#[test]
fn a_first_boot_cut_short_leaves_a_lock_for_ever() {
    let data = tempdir().unwrap();
    let lock = ["--fault", "lock:5"];
    let mut app = App::start(data.path(), &lock);
    app.says("first start: preparing");
    drop(app);
    let mut app = App::start(data.path(), &lock);
    app.says("waiting for the lock");
    std::thread::sleep(Duration::from_millis(200));
    assert!(TcpStream::connect(app.address).is_err(), "the lock must never be given up");
    app.signal(Signal::SIGTERM);
    assert!(app.end().0.success());
}

#[test]
fn a_first_boot_left_alone_takes_its_lock_away() {
    let data = tempdir().unwrap();
    for _ in 0..2 {
        drop(App::up(data.path(), &["--fault", "lock:0.2"]));
    }
}

#[test]
fn pages_answer_as_told() {
    let (_data, app) = with("status:500");
    assert_eq!((app.get("/").0, app.get("/notes").0, app.get("/healthz").0), (500, 500, 200));
    let (_data, app) = with("blank");
    assert_eq!((app.get("/"), app.get("/version").0), ((200, String::new()), 200));
    let (_data, app) = with("forbidden");
    assert_eq!((app.get("/").0, app.get("/version").0), (403, 200));
    let (_data, app) = with("redirect:https://elsewhere.test/login");
    let (status, head, _) = app.request("GET", "/", "", "");
    assert!(status == 302 && head.contains("location: https://elsewhere.test/login"), "{head}");
}

#[test]
fn sigterm_is_ignored_when_asked() {
    let (_data, mut app) = with("ignore-term");
    app.signal(Signal::SIGTERM);
    app.says("SIGTERM: ignored");
    assert_eq!(app.get("/healthz").0, 200);
}

#[test]
fn notes_in_memory_are_lost_on_restart() {
    let (data, app) = with("lose-on-restart");
    app.post_note("here today");
    assert!(app.get("/").1.contains("here today"));
    drop(app);
    let app = App::up(data.path(), &["--fault", "lose-on-restart"]);
    assert!(!app.get("/").1.contains("here today"));
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0, "nothing may be written");
}

#[test]
fn an_unknown_fault_is_a_usage_error() {
    let data = tempdir().unwrap();
    let (code, _, error) = once(data.path(), &["--fault", "explode"]);
    assert!(code == Some(2) && error.contains("\"explode\" is no fault"), "{error}");
}
