//! A packed executable runs where there is nothing else.

use std::path::Path;

use taster::agent::executable::Packed;

use crate::docker::{Image, docker, must};

/// The program in an image that holds it alone: no C library, no shell, nothing.
#[test]
fn runs_in_an_otherwise_empty_image() {
    let packed = Packed::current().unwrap();
    let image = Image::import(&format!("taster-dev-packed:{}", std::process::id()), &packed.tar);
    let mut run = vec![
        "run",
        "--rm",
        "--network=none",
        "--label=taster.dev=demo",
        "--entrypoint",
        &packed.entrypoint[0],
        &image.0,
    ];
    run.extend(packed.entrypoint[1..].iter().map(String::as_str));
    let listed = must(&[run.as_slice(), &["--list"]].concat(), &[]);
    assert!(listed.contains("packed::runs_in_an_otherwise_empty_image: test"), "{listed}");
}

/// A program started through its packed loader sees the loader as its own executable, and must still pack itself, not the loader.
#[test]
fn packs_itself_again_from_inside() {
    if std::env::var_os("TASTER_TEST_PACK_DIGEST").is_some() {
        return println!("digest={}", Packed::current().unwrap().digest);
    }
    let packed = Packed::current().unwrap();
    let image = Image::import(&format!("taster-dev-repacked:{}", std::process::id()), &packed.tar);
    let mut run = vec!["run", "--rm", "--network=none", "--label=taster.dev=demo", "--env=TASTER_TEST_PACK_DIGEST=1"];
    run.extend(["--entrypoint", &packed.entrypoint[0], &image.0]);
    run.extend(packed.entrypoint[1..].iter().map(String::as_str));
    run.extend(["--exact", "packed::packs_itself_again_from_inside", "--nocapture"]);
    let (_, out, error) = docker(&run, &[]);
    assert!(out.contains(&format!("digest={}", packed.digest)), "out: {out}\nerror: {error}");
}

/// Another executable than the running one: the integration tests pack taster's own.
#[test]
fn packs_another_executable() {
    let taster = Path::new(env!("CARGO_BIN_EXE_taster"));
    let packed = Packed::of(taster).unwrap();
    // Without its symbols and debug information, which are more than half of a debug build.
    assert!(packed.tar.len() as u64 > std::fs::metadata(taster).unwrap().len() / 4);
    assert_ne!(packed.digest, Packed::current().unwrap().digest);
}
