//! Tokens come from the environment, go only where they must, and are shown nowhere.

use taster::record::Outcome;

use crate::artefact::Made;
use crate::comment::{Forge, HEAD, TOKEN};
use crate::server::Refusal;

/// The token in the forms in which it travels.
fn forms() -> Vec<String> {
    vec![
        TOKEN.to_owned(),
        "t0ken%2Fwith%2Bodd%3Dsigns".to_owned(),
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, TOKEN),
    ]
}

#[test]
fn a_forge_that_repeats_the_token_in_its_refusals_tells_it_to_nobody() {
    for form in forms() {
        for (method, part, status) in [
            ("GET", "/pulls/7", 400),
            ("POST", "/comments", 422),
            ("POST", "/comments", 409),
            ("POST", "/statuses", 400),
        ] {
            let forge = Forge::new();
            forge.left(Made::of(HEAD, Outcome::Passed).archive());
            let message = format!("the token {form} may not");
            forge.refuses_with(Refusal { method, part, status, retry_after: None, message, after: false });
            let ran = forge.comment(&[]);
            assert_eq!(ran.code, 4, "{ran:?}");
            assert!(ran.err.contains("[secret TASTER_FORGE_TOKEN]"), "{ran:?}");
            assert!(!ran.err.contains(&form) && !ran.out.contains(&form), "{ran:?}");
        }
    }
}

#[test]
fn an_artefact_that_guesses_the_token_is_not_helped_to_tell_it() {
    // Whoever wrote the log knows it already; but no job's log shall show it.
    let forge = Forge::new();
    forge.left(Made { words: forms().join(" "), ..Made::of(HEAD, Outcome::Failed) }.archive());
    let ran = forge.comment(&[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for form in forms() {
        assert!(!ran.out.contains(&form) && !ran.err.contains(&form), "{ran:?}");
    }
    forge.left(Made { run: TOKEN.to_owned(), commit: TOKEN.to_owned(), ..Made::of(HEAD, Outcome::Passed) }.archive());
    let ran = forge.comment(&[]);
    assert!(ran.out.contains("[secret TASTER_FORGE_TOKEN]") && !ran.out.contains(TOKEN), "{ran:?}");
}

#[test]
fn the_token_goes_to_the_forge_alone_and_never_in_the_clear() {
    let forge = Forge::new();
    forge.left(Made::of(HEAD, Outcome::Passed).archive());
    forge.comment(&[]);
    forge.server.set(|state| {
        assert!(!state.tokens.is_empty());
        assert!(
            state.tokens.iter().all(|(path, token)| path.starts_with("/api/") && *token == format!("token {TOKEN}"))
        );
        assert!(state.asked.iter().all(|asked| !asked.contains("t0ken")), "never in an address: {:?}", state.asked);
    });
    for address in ["http://forge.example.coop", "http://127.0.0.1.example.coop/", "http://localhost.example.coop"] {
        let ran = forge.comment_with(&[], &[("TASTER_FORGE", address)]);
        assert!(ran.code == 2 && ran.err.contains("may not travel in the clear"), "{address}: {ran:?}");
        assert!(!ran.err.contains("t0ken"));
    }
    let ran = forge.comment_with(&[], &[("TASTER_FORGE_TOKEN", "")]);
    assert!(ran.code == 2 && ran.err.contains("TASTER_FORGE_TOKEN is not set"), "{ran:?}");
}

#[test]
fn a_forge_shown_for_debugging_has_no_token_in_it() {
    // What the program does when it begins.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let made = taster::forge::Forge::new(
        "https://forge.example.coop",
        Some(TOKEN.to_owned()),
        taster::forge::Patience::default(),
    );
    let shown = format!("{:?}", made.unwrap());
    assert!(shown.contains("has_token: true") && !shown.contains("t0ken"), "{shown}");
}

#[test]
fn a_repository_that_is_no_name_never_becomes_an_address() {
    for name in ["../../admin", "a/b/c", "a", "a/..", "a/b?x=y", "a/b%2f..", ""] {
        let forge = Forge::new();
        let ran = forge.comment(&["--repository", name]);
        assert!(ran.code == 2, "{name}: {ran:?}");
        assert!(forge.server.asked().is_empty(), "{name}");
    }
}
