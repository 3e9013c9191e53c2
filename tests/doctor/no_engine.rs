//! No engine: the exit code is 4, and the message tells what to do about this very kind of silence.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use crate::{check, diagnosis, doctor};

/// Diagnoses with this `DOCKER_HOST`; returns what was found and what to do.
#[track_caller]
fn without_engine(host: &str) -> (String, String) {
    let (code, diagnosis) = diagnosis(doctor(&["--offline"]).env("DOCKER_HOST", host));
    assert_eq!((code, diagnosis["can_test"].as_bool()), (4, Some(false)));
    let (status, found, to_do) = check(&diagnosis, "engine");
    assert!(status == "bad" && found.contains(host), "{status} {found}");
    for other in ["api", "node", "ip_vs", "registry"] {
        assert_eq!(check(&diagnosis, other).0, "unknown");
    }
    (found, to_do)
}

#[test]
fn no_socket() {
    let (_, to_do) = without_engine("unix:///nowhere/docker.sock");
    assert!(to_do.contains("install Docker Engine"), "{to_do}");
}

#[test]
fn a_socket_that_nobody_listens_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("docker.sock");
    drop(UnixListener::bind(&path).unwrap());
    let (found, to_do) = without_engine(&format!("unix://{}", path.display()));
    assert!(found.contains("Connection refused") && to_do.contains("start the engine"), "{found} / {to_do}");
}

#[test]
fn a_port_that_nobody_listens_on() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (found, to_do) = without_engine(&format!("tcp://{address}"));
    assert!(found.contains("Connection refused") && to_do.contains("DOCKER_HOST"), "{found} / {to_do}");
}

#[test]
fn an_engine_that_hangs_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let before = Instant::now();
    let (found, to_do) = without_engine(&format!("tcp://{}", listener.local_addr().unwrap()));
    assert!(found.contains("within 10 s") && to_do.contains("stuck"), "{found} / {to_do}");
    assert!(before.elapsed() < Duration::from_secs(15), "{:?}", before.elapsed());
}

#[test]
fn something_else_that_listens_is_no_engine() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
        }
    });
    let (found, to_do) = without_engine(&format!("tcp://{address}"));
    assert!(!found.is_empty() && to_do.contains("docker info"), "{found} / {to_do}");
}

#[test]
fn people_read_what_to_do() {
    let output = doctor(&[]).env("DOCKER_HOST", "unix:///nowhere/docker.sock").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(text.starts_with("bad     engine        no answer at unix:///nowhere/docker.sock"), "{text}");
    assert!(text.contains("do: install Docker Engine") && text.ends_with("Recipes cannot be tested here.\n"), "{text}");
    assert!(output.stderr.is_empty());
}
