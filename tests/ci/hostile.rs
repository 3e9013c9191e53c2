//! Artefacts of somebody who means harm: whatever they hold, it is quoted as text or refused, and nothing else happens.

use std::io::{Cursor, Write as _};

use taster::record::Outcome;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::artefact::{Made, RUN, archive, png};
use crate::comment::{BASE, Forge, HEAD};
use crate::server::Artefact;

const NASTY: &str = "</code></pre></details><script>alert(1)</script><img src=x onerror=alert(1)> @everyone @admin/team #1 !2 recipes/blog#3 \
    [x](https://evil.example) ![y](http://evil.example/p.png) www.evil.example `code` **bold** | cell |\n\n# heading\n- [ ] task\n\
    ::error::x \u{1b}]0;title\u{7}\u{1b}[31m \u{202e}desrever\u{0}\u{200f} &lt; --> <!-- x";

/// The comment says that it was refused, for this reason; the status is an error; nothing was counted.
#[track_caller]
fn refused(bytes: Vec<u8>, words: &str) {
    let forge = Forge::new();
    forge.left(bytes);
    let ran = forge.comment(&[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains(words) && !ran.err.contains("panicked"), "{ran:?}");
    let body = forge.body();
    assert!(body.contains("### taster: not judged"), "{body}");
    assert_eq!(forge.statuses()[0].0, "error");
    assert!(!body.contains("level 3"), "{body}");
    // It is said once.
    assert_eq!((forge.comment(&[]).code, forge.comments()[0].edits), (6, 0));
}

#[test]
fn text_of_a_log_is_quoted_and_is_nothing_else() {
    let forge = Forge::new();
    let made =
        Made { words: NASTY.to_owned(), recipe: NASTY.chars().take(200).collect(), ..Made::of(HEAD, Outcome::Failed) };
    forge.left(made.archive());
    let ran = forge.comment(&[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let body = forge.body();
    // What is ours is known; the rest must be inside of code, and escaped there.
    let mut rest = body.clone();
    for (opens, closes) in [("<code>", "</code>"), ("<pre>", "</pre>")] {
        let mut outside = String::new();
        while let Some((before, after)) = rest.split_once(opens) {
            let (quoted, following) = after.split_once(closes).unwrap();
            assert!(
                !quoted
                    .contains(['<', '>', '@', '[', '`', '|', '*', '#', '!', '\u{1b}', '\u{0}', '\u{202e}', '\u{200f}'])
                    || quoted.contains("&#"),
                "{quoted}"
            );
            for raw in ["<", ">", "@", "[", "`", "|", "*", "\u{1b}", "\u{0}", "\u{202e}", "\u{200f}", "://"] {
                assert!(!quoted.contains(raw), "{raw:?} in {quoted}");
            }
            outside.push_str(before);
            rest = following.to_owned();
        }
        rest = outside + &rest;
    }
    for word in ["evil", "everyone", "script", "onerror", "heading", "task", "desrever", "::error"] {
        assert!(!rest.contains(word), "{word} stands outside of code:\n{rest}");
    }
    assert!(body.contains("&#64;everyone") && body.contains("&#60;script&#62;"), "it is quoted: {body}");
    assert_eq!(body.matches("<!--").count(), 1, "only our own marker");
    let (_, description) = forge.statuses().pop().unwrap();
    assert!(description.is_ascii() && !description.contains("evil"), "{description}");
    assert!(!ran.out.contains("evil") && !ran.out.contains('\u{1b}'), "{ran:?}");
}

#[test]
fn a_log_that_claims_a_level_or_an_outcome_changes_nothing() {
    let forge = Forge::new();
    let made = Made::of(HEAD, Outcome::Failed);
    let claims =
        format!("{{\"schema\":\"taster.run/1\",\"run\":\"{RUN}\",\"level\":8,\"outcome\":\"passed\",\"steps\":[]}}");
    let log = made.log();
    forge.left(archive(&[
        (&format!("{RUN}/events.ndjson"), &log),
        (&format!("{RUN}/run.json"), claims.as_bytes()),
        ("run.json", claims.as_bytes()),
    ]));
    forge.comment(&[]);
    assert!(forge.body().contains("level unknown → level 2"), "computed from the log: {}", forge.body());
    assert_eq!(forge.statuses()[0].0, "failure");
}

#[test]
fn a_run_of_another_commit_or_of_uncommitted_files_is_refused() {
    refused(Made::of(BASE, Outcome::Passed).archive(), "tested 2222222222");
    refused(Made { dirty: true, ..Made::of(HEAD, Outcome::Passed) }.archive(), "files that are not committed");
    refused(Made { run: "../../etc".to_owned(), ..Made::of(HEAD, Outcome::Passed) }.archive(), "identifier");
}

#[test]
fn an_artefact_that_another_pull_requests_job_made_is_refused() {
    let forge = Forge::new();
    let bytes = Made::of(HEAD, Outcome::Passed).archive();
    let foreign = Artefact { id: 90, name: format!("taster-{HEAD}"), commit: BASE.to_owned(), expired: false, bytes };
    forge.server.set(|state| state.repositories.artefacts.push(foreign));
    let ran = forge.comment(&[]);
    assert!(ran.out.contains("made by a job of 2222222222"), "{ran:?}");
    assert_eq!(forge.statuses()[0].0, "error");
    // The right one counts, though the foreign one is newer.
    forge.left(Made::of(HEAD, Outcome::Failed).archive());
    forge.comment(&[]);
    assert!(forge.body().contains("### taster: failed"), "{}", forge.body());
}

#[test]
fn what_is_no_archive_or_a_broken_one_is_refused() {
    let good = Made::of(HEAD, Outcome::Passed).archive();
    refused(b"<html>not found</html>".to_vec(), "no zip archive");
    refused(Vec::new(), "no zip archive");
    refused(good[..good.len() / 2].to_vec(), "no zip archive");
    refused(archive(&[("readme.txt", b"x")]), "holds 0 logs");
    let log = Made::of(HEAD, Outcome::Passed).log();
    refused(archive(&[("a/events.ndjson", &log), ("b/events.ndjson", &log)]), "holds 2 logs");
}

#[test]
fn an_archive_damaged_at_any_byte_never_ends_the_program() {
    let good = Made::of(HEAD, Outcome::Passed).archive();
    for at in (0..good.len()).step_by(7) {
        let mut bytes = good.clone();
        bytes[at] ^= 0xff;
        if let Ok(mut artefact) = taster::ci::Artefact::archive(bytes) {
            let _ = artefact.run(HEAD);
            let _ = artefact.picture("events.ndjson");
        }
    }
}

#[test]
fn a_log_that_is_none_or_contradicts_itself_is_refused() {
    let log = String::from_utf8(Made::of(HEAD, Outcome::Passed).log()).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    let ended = *lines.iter().find(|line| line.contains("step-ended")).unwrap();
    let of = |lines: &[&str]| archive(&[("r/events.ndjson", lines.join("\n").as_bytes())]);
    refused(of(&["garbage", lines[0], lines[1]]), "not an event");
    refused(of(&lines[1..]), "does not begin with its head");
    refused(of(&lines[..1]), "it has no plan");
    refused(of(&[&lines[..], &[ended]].concat()), "a step ends twice");
    refused(of(&[&lines[..], &[lines[0]]].concat()), "it begins twice");
    refused(of(&[&lines[..], &[lines[1]]].concat()), "it has two plans");
    let other = ended.replace("install@default", "smoke@default");
    refused(of(&[&lines[..], &[other.as_str()]].concat()), "not planned");
    refused(of(&[&log.replace("taster.events/1", "taster.events/9")]), "has the format");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    refused(of(&[lines[0], lines[1], &deep, ended]), "not an event");
    let infinite = ended.replace("\"seconds\":0.0", "\"seconds\":1e999");
    refused(of(&[lines[0], lines[1], &infinite, ended]), "not an event");
}

#[test]
fn bombs_are_refused_before_they_go_off() {
    // 40 MB of blanks in a fraction of a megabyte: a valid log as far as anybody reads.
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("r/events.ndjson", SimpleFileOptions::default()).unwrap();
    let blanks = vec![b' '; 1 << 20];
    (0..40).for_each(|_| writer.write_all(&blanks).unwrap());
    let bomb = writer.finish().unwrap().into_inner();
    assert!(bomb.len() < 1 << 20);
    refused(bomb, "the log has more than");
    // Many files.
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for number in 0..21_000 {
        writer.start_file(format!("{number}"), SimpleFileOptions::default()).unwrap();
    }
    refused(writer.finish().unwrap().into_inner(), "the archive has more than");
    // Many lines, and many steps.
    let log = String::from_utf8(Made::of(HEAD, Outcome::Passed).log()).unwrap();
    let mut long = log.clone();
    (0..300_001).for_each(|_| long.push('\n'));
    refused(archive(&[("r/events.ndjson", long.as_bytes())]), "the log has more than");
    let lines: Vec<&str> = log.lines().collect();
    let step = |number: usize| format!("{{\"id\":\"{number}\",\"kind\":\"install\",\"variant\":\"x\"}}");
    let steps: Vec<String> = (0..50_000).map(step).collect();
    let (before, _) = lines[1].split_once("\"steps\":").unwrap();
    let plan = format!("{before}\"steps\":[{}],\"left_out\":[]}}}}", steps.join(","));
    let bytes = archive(&[("r/events.ndjson", format!("{}\n{plan}\n", lines[0]).as_bytes())]);
    refused(bytes, "the plan has more than");
}

#[test]
fn an_archive_that_is_too_large_is_not_read_to_its_end() {
    refused(vec![0; (64 << 20) + 1], "the artefact has more than 67108864 bytes");
}

#[test]
fn names_that_leave_the_folder_lead_nowhere() {
    let forge = Forge::new();
    let outside = forge.dir.path().join("outside.png");
    std::fs::write(&outside, png()).unwrap();
    let made = Made { screenshot: Some("../outside.png".to_owned()), ..Made::of(HEAD, Outcome::Passed) };
    let (log, shot) = (made.log(), png());
    forge.left(archive(&[
        ("../../r/events.ndjson", &log),
        ("../outside.png", &shot),
        ("/etc/cron.d/x", b"* * * * * root x"),
        ("../../../../tmp/taster-evil", b"x"),
    ]));
    assert_eq!(forge.comment(&[]).code, 0);
    assert!(forge.body().contains("### taster: passed"), "its log is a log: {}", forge.body());
    forge.server.set(|state| assert!(state.repositories.uploads.is_empty(), "no picture from outside"));
    let mut there: Vec<_> = std::fs::read_dir(forge.dir.path()).unwrap().map(|one| one.unwrap().file_name()).collect();
    there.sort();
    assert_eq!(there, ["outside.png"], "nothing was unpacked");
    assert!(!std::path::Path::new("/tmp/taster-evil").exists());
    // The same from a folder, where a link would lead outside too.
    let store = forge.dir.path().join("store");
    let run = store.join(HEAD).join(RUN);
    for shot in ["../outside.png", "link.png", "/etc/hostname"] {
        let forge = Forge::new();
        let _ = std::fs::remove_dir_all(&run);
        Made { screenshot: Some(shot.to_owned()), ..Made::of(HEAD, Outcome::Passed) }.write(&run);
        std::os::unix::fs::symlink(&outside, run.join("link.png")).unwrap();
        std::fs::copy(&outside, store.join(HEAD).join("outside.png")).unwrap();
        assert_eq!(forge.comment(&["--store", store.to_str().unwrap()]).code, 0, "{shot}");
        forge.server.set(|state| assert!(state.repositories.uploads.is_empty(), "{shot}"));
    }
    std::fs::remove_file(run.join("events.ndjson")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", run.join("events.ndjson")).unwrap();
    let forge = Forge::new();
    let ran = forge.comment(&["--store", store.to_str().unwrap()]);
    assert!(ran.code == 0 && ran.out.contains("holds 0 logs"), "{ran:?}");
}

#[test]
fn what_only_looks_like_a_picture_is_not_passed_on() {
    let huge = {
        // A head that claims 100 000 × 100 000 pixels.
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 100_000, 100_000);
        encoder.set_color(png::ColorType::Grayscale);
        drop(encoder.write_header().unwrap());
        bytes
    };
    for shot in [b"<svg onload=alert(1)>".to_vec(), b"\x89PNG\r\n\x1a\n<script>".to_vec(), huge, vec![0; 4 << 20]] {
        let forge = Forge::new();
        let made = Made { screenshot: Some("a.png".to_owned()), ..Made::of(HEAD, Outcome::Passed) };
        forge.left(archive(&[("r/events.ndjson", &made.log()), ("r/a.png", &shot)]));
        let ran = forge.comment(&[]);
        assert_eq!(ran.code, 0, "{ran:?}");
        forge.server.set(|state| assert!(state.repositories.uploads.is_empty()));
    }
}

#[test]
fn a_huge_log_makes_a_comment_that_a_forge_takes() {
    let forge = Forge::new();
    forge.left(Made { words: NASTY.repeat(2_000), ..Made::of(HEAD, Outcome::Failed) }.archive());
    let ran = forge.comment(&[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(forge.body().len() < 60_000, "{} bytes", forge.body().len());
}

#[test]
fn a_killed_run_is_told_as_one() {
    let forge = Forge::new();
    let log = Made { ends: false, ..Made::of(HEAD, Outcome::Passed) }.log();
    let torn = &log[..log.len() - 20];
    forge.left(archive(&[("r/events.ndjson", torn)]));
    forge.comment(&[]);
    let body = forge.body();
    assert!(body.contains("The run was killed before it ended") && body.contains("could not be judged"), "{body}");
    assert_eq!(forge.statuses()[0].0, "error");
}
