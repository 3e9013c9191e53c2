//! Whether a recipe is upgraded within three months of upstream: what trusted runs were told, and when.

use jiff::Timestamp;
use taster::record::{HistoryLine, Outcome, RungState, Upstream};
use taster::score::{Measured, Standing, Upgraded, ladder};

use crate::made::{all_of, line, now};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A run at this moment that was told so.
fn asked(when: &str, upstream: Upstream) -> HistoryLine {
    HistoryLine { upstream: Some(upstream), ..silent(when) }
}

/// A run at this moment that asked nobody.
fn silent(when: &str) -> HistoryLine {
    line(at(when), 0, all_of(Outcome::Passed))
}

fn behind(since: &str) -> Upstream {
    Upstream {
        image: "nginx:1.27.2".to_owned(),
        newest: Some("1.27.4".to_owned()),
        behind_since: Some(since.to_owned()),
        dates_known: true,
    }
}

fn newest() -> Upstream {
    Upstream { image: "nginx:1.27.2".to_owned(), dates_known: true, ..Upstream::default() }
}

/// The recipe's state, and what level 8 says of it: of the commit that all these runs tested.
fn told(lines: &[HistoryLine], as_of: Timestamp) -> (RungState, String) {
    of(lines, &silent("2026-01-01T00:00:00Z").commit, as_of)
}

fn of(lines: &[HistoryLine], commit: &str, as_of: Timestamp) -> (RungState, String) {
    let mut standing = Standing::default();
    standing.remember(lines, commit, as_of, 90.0);
    let ladder = ladder(Measured { steps: &[], variants: &[], findings: None }, &standing);
    let demand = &ladder.rungs[7].demands[2];
    (demand.state, demand.text.clone())
}

#[test]
fn three_calendar_months_are_in_time_and_a_day_more_is_not() {
    let now = at("2026-11-21T23:59:59Z");
    for (since, state) in [
        ("2026-08-21", RungState::Satisfied),
        ("2026-08-20", RungState::Missing),
        ("2026-11-21", RungState::Satisfied),
        ("2027-01-01", RungState::Satisfied),
        ("9999-12-31", RungState::Satisfied),
        ("2013-03-01", RungState::Missing),
    ] {
        let told = told(&[asked("2026-11-20T10:00:00Z", behind(since))], now);
        assert_eq!(told.0, state, "{since}: {told:?}");
    }
    // February has no 30th: its last day is the last one in time.
    let line = [asked("2027-02-20T10:00:00Z", behind("2026-11-30"))];
    assert_eq!(told(&line, at("2027-02-28T23:59:59Z")).0, RungState::Satisfied);
    assert_eq!(told(&line, at("2027-03-01T00:00:00Z")).0, RungState::Missing);
}

#[test]
fn the_words_name_the_tag_and_the_day() {
    let (_, late) = told(&[asked("2026-11-20T10:00:00Z", behind("2026-05-02"))], now());
    assert_eq!(
        late,
        "something newer than nginx:1.27.2 (the newest is 1.27.4) is there since 2026-05-02, more than three months"
    );
    let (_, fine) = told(&[asked("2026-11-20T10:00:00Z", newest())], now());
    assert_eq!(fine, "nothing newer than nginx:1.27.2 of its kind was there on 2026-11-20");
}

#[test]
fn an_answer_holds_for_three_months() {
    let now = at("2026-11-21T12:00:00Z");
    for upstream in [newest(), behind("2026-08-01")] {
        let state = if upstream == newest() { RungState::Satisfied } else { RungState::Missing };
        assert_eq!(told(&[asked("2026-08-21T00:00:00Z", upstream.clone())], now).0, state);
        let (state, words) = told(&[asked("2026-08-20T23:59:59Z", upstream)], now);
        assert_eq!(state, RungState::Unknown, "upstream may have released since, and the recipe may have followed");
        assert!(words.contains("last asked on 2026-08-20") && words.contains("--online"), "{words}");
    }
}

#[test]
fn what_nobody_knows_is_unknown_and_says_how_to_get_it() {
    let undated = Upstream { behind_since: None, dates_known: false, ..behind("2026-05-02") };
    let incomparable = Upstream { dates_known: false, ..newest() };
    for upstream in [undated, incomparable, behind("yesterday")] {
        let (state, words) = told(&[asked("2026-11-20T10:00:00Z", upstream)], now());
        assert_eq!(state, RungState::Unknown, "{words}");
        assert!(words.contains("nginx:1.27.2"), "{words}");
    }
    for lines in [&[][..], &[silent("2026-11-20T10:00:00Z")]] {
        let (state, words) = told(lines, now());
        assert!(state == RungState::Unknown && words.contains("--online") && words.contains("[history]"), "{words}");
    }
    let mut standing = Standing::default();
    standing.remember(&[], "", now(), 0.0);
    assert_eq!(standing.upgraded, Upgraded::NeverAsked);
}

#[test]
fn the_newest_run_that_asked_counts_in_whatever_order_the_lines_come() {
    let mut lines = vec![
        asked("2026-09-01T10:00:00Z", newest()),
        asked("2026-10-01T10:00:00Z", behind("2026-06-01")),
        silent("2026-11-01T10:00:00Z"),
    ];
    for _ in 0..lines.len() {
        lines.rotate_left(1);
        assert_eq!(told(&lines, now()).0, RungState::Missing);
        assert_eq!(told(&lines, at("2026-09-30T00:00:00Z")).0, RungState::Satisfied, "what came later does not count");
    }
    lines.push(asked("2026-11-10T10:00:00Z", newest()));
    assert_eq!(told(&lines, now()).0, RungState::Satisfied);
}

#[test]
fn another_commit_speaks_for_a_recipe_and_never_against_it() {
    let own = "1111111111111111111111111111111111111111";
    let mut current = asked("2026-10-01T10:00:00Z", behind("2026-08-01"));
    own.clone_into(&mut current.commit);
    let late = asked("2026-11-01T10:00:00Z", behind("2026-05-02"));
    let (state, words) = of(std::slice::from_ref(&late), own, now());
    assert_eq!(state, RungState::Unknown, "it may have been upgraded since");
    assert!(words.contains("commit 0123456789,") && words.contains("--online"), "{words}");
    let fine = asked("2026-11-01T10:00:00Z", newest());
    assert_eq!(of(std::slice::from_ref(&fine), own, now()).0, RungState::Satisfied);
    // A release of old that was tried after it changes nothing.
    assert_eq!(of(&[current.clone(), fine], own, now()).0, RungState::Missing);
    current.upstream = Some(newest());
    assert_eq!(of(&[current.clone(), late.clone()], own, now()).0, RungState::Satisfied);
    // Once its own answer is too old, only the other one is left.
    assert_eq!(of(&[current, late], own, at("2027-01-15T00:00:00Z")).0, RungState::Unknown);
}
