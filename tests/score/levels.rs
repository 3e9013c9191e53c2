//! The level that must come out of a set of results, for every outcome at every step.

use jiff::Timestamp;
use jiff::civil::date;
use taster::record::Outcome::{Blocked, Errored, Failed, Passed, Skipped};
use taster::record::{FindingCounts, HistoryLine, Ladder, Outcome, RungState, StepKind, StepResult, Upstream};
use taster::score::{Measured, Standing, Upgraded, ladder, score};

use crate::made::{line, now, step};

/// A recipe of which everything is known, and all of it good.
struct Case {
    steps: Vec<StepResult>,
    variants: Vec<String>,
    findings: Option<FindingCounts>,
    standing: Standing,
}

const KINDS: [StepKind; 10] = [
    StepKind::Lint,
    StepKind::Install,
    StepKind::Restart,
    StepKind::Redeploy,
    StepKind::Upgrade,
    StepKind::Backup,
    StepKind::Restore,
    StepKind::Rollback,
    StepKind::Smoke,
    StepKind::Leftovers,
];

fn id(kind: StepKind) -> String {
    match kind {
        StepKind::Upgrade => "upgrade:1.0.0+1.0→abcd1234@default".to_owned(),
        kind => format!("{}@default", kind.word()),
    }
}

impl Case {
    fn good() -> Self {
        let steps = KINDS.map(|kind| StepResult::new(id(kind), kind, "default", Passed)).to_vec();
        let standing = Standing {
            community: Some(true),
            licence: Some(true),
            maintainer: Some(true),
            releases: Some(vec!["1.0.0+1.0".to_owned()]),
            candidate: "abcd1234".to_owned(),
            half_months: vec![Some(true); 24],
            stability: Some(91.5),
            upgraded: Upgraded::Newest { image: "nginx:1.27.2".to_owned(), on: date(2026, 11, 18) },
            ..Standing::default()
        };
        Self { steps, variants: Vec::new(), findings: Some(FindingCounts::default()), standing }
    }

    fn with(change: impl FnOnce(&mut Self)) -> Self {
        let mut case = Self::good();
        change(&mut case);
        case
    }

    fn step(&mut self, kind: StepKind) -> &mut StepResult {
        self.steps.iter_mut().find(|step| step.kind == kind).unwrap()
    }

    fn add(&mut self, id: &str, kind: StepKind, variant: &str, outcome: Outcome) {
        self.steps.push(StepResult::new(id, kind, variant, outcome));
    }

    fn ladder(&self) -> Ladder {
        let measured = Measured { steps: &self.steps, variants: &self.variants, findings: self.findings.as_ref() };
        ladder(measured, &self.standing)
    }

    fn reached(&self) -> (u8, bool) {
        let ladder = self.ladder();
        (ladder.level, ladder.at_least)
    }
}

/// 70 sets: each step with each outcome, everything else good. The second of a pair: at least so much.
#[test]
fn every_outcome_at_every_step_gives_its_level() {
    use StepKind::{Backup, Install, Leftovers, Lint, Redeploy, Restart, Restore, Rollback, Smoke, Upgrade};
    const ALL: (u8, bool) = (8, false);
    // passed, failed, skipped by declaration, skipped by a fact, blocked, errored, not tried
    let table: [(StepKind, [(u8, bool); 7]); 10] = [
        (Install, [ALL, (0, false), (0, true), (0, true), (0, true), (0, true), (0, true)]),
        (Restart, [ALL, (1, false), (1, true), ALL, (1, true), (1, true), (1, true)]),
        (Redeploy, [ALL, (1, false), (1, true), ALL, (1, true), (1, true), (1, true)]),
        (Upgrade, [ALL, (2, false), (2, true), ALL, (2, true), (2, true), (2, true)]),
        (Backup, [ALL, (3, false), (3, true), ALL, (3, true), (3, true), (3, true)]),
        (Restore, [ALL, (3, false), (3, true), ALL, (3, true), (3, true), (3, true)]),
        (Lint, [ALL, (4, false), (4, true), ALL, (4, true), (4, true), (4, true)]),
        (Rollback, [ALL, (6, false), (6, true), ALL, (6, true), (6, true), (6, true)]),
        (Smoke, [ALL, (6, false), (6, true), ALL, (6, true), (6, true), (6, true)]),
        (Leftovers, [ALL, (6, false), (6, true), ALL, (6, true), (6, true), (6, true)]),
    ];
    let outcomes = [
        Some((Passed, false)),
        Some((Failed, false)),
        Some((Skipped, false)),
        Some((Skipped, true)),
        Some((Blocked, false)),
        Some((Errored, false)),
        None,
    ];
    for (kind, expected) in table {
        for (outcome, expected) in outcomes.into_iter().zip(expected) {
            let case = Case::with(|case| match outcome {
                Some((outcome, structural)) => {
                    case.step(kind).outcome = outcome;
                    case.step(kind).structural = structural;
                }
                None => case.steps.retain(|step| step.kind != kind),
            });
            assert_eq!(case.reached(), expected, "{kind:?} {outcome:?}");
        }
    }
}

/// 40 sets: what else a rung asks for.
#[test]
fn what_no_step_tells_gives_its_level_too() {
    type Change = fn(&mut Case);
    let table: [(&str, Change, (u8, bool)); 40] = [
        ("nothing at all", |c| c.steps.clear(), (0, true)),
        (
            "a backup of the release before does not come back",
            |c| c.add("old-backup:1.0.0+1.0→abcd1234@default", StepKind::OldBackup, "default", Failed),
            (6, false),
        ),
        (
            "a backup of the release before could not be taken",
            |c| c.add("old-backup:1.0.0+1.0→abcd1234@default", StepKind::OldBackup, "default", Blocked),
            (6, true),
        ),
        (
            "a start that is killed under stress",
            |c| c.add("stress@default", StepKind::Stress, "default", Failed),
            (8, false),
        ),
        ("one variant of two installs", |c| c.add("install@smtp", StepKind::Install, "smtp", Failed), (1, false)),
        ("a variant errored", |c| c.add("install@smtp", StepKind::Install, "smtp", Errored), (1, true)),
        ("both variants install", |c| c.add("install@smtp", StepKind::Install, "smtp", Passed), (8, false)),
        (
            "only the other variant installs",
            |c| {
                c.step(StepKind::Install).outcome = Failed;
                c.add("install@smtp", StepKind::Install, "smtp", Passed);
            },
            (1, false),
        ),
        (
            "no variant installs, one is unknown",
            |c| {
                c.step(StepKind::Install).outcome = Failed;
                c.add("install@smtp", StepKind::Install, "smtp", Errored);
            },
            (0, true),
        ),
        ("a declared variant was not asked for", |c| c.variants.push("smtp".to_owned()), (1, true)),
        (
            "a failure outweighs what is unknown on a rung",
            |c| {
                c.step(StepKind::Restart).outcome = Errored;
                c.step(StepKind::Redeploy).outcome = Failed;
            },
            (1, false),
        ),
        (
            "a ladder: what is above a gap does not count",
            |c| {
                c.step(StepKind::Restart).outcome = Failed;
                c.step(StepKind::Upgrade).outcome = Failed;
            },
            (1, false),
        ),
        (
            "an unknown rung hides a failure above it",
            |c| {
                c.step(StepKind::Restart).outcome = Errored;
                c.step(StepKind::Upgrade).outcome = Failed;
            },
            (1, true),
        ),
        ("unproven: the restore is blocked", |c| c.step(StepKind::Restore).outcome = Blocked, (3, true)),
        (
            "no backup at all",
            |c| {
                c.step(StepKind::Backup).outcome = Failed;
                c.step(StepKind::Restore).outcome = Blocked;
            },
            (3, false),
        ),
        (
            "nothing was written",
            |c| {
                for kind in [StepKind::Backup, StepKind::Restore] {
                    c.step(kind).outcome = Skipped;
                    c.step(kind).structural = true;
                }
            },
            (8, false),
        ),
        (
            "a declared skip that the commons accepts",
            |c| {
                c.step(StepKind::Restore).outcome = Skipped;
                c.standing.waived.push(StepKind::Restore);
            },
            (8, false),
        ),
        (
            "a waiver of another step",
            |c| {
                c.step(StepKind::Restore).outcome = Skipped;
                c.standing.waived.push(StepKind::Smoke);
            },
            (3, true),
        ),
        (
            "a waiver does not turn a failure",
            |c| {
                c.step(StepKind::Restore).outcome = Failed;
                c.standing.waived.push(StepKind::Restore);
            },
            (3, false),
        ),
        ("no community is configured", |c| c.standing.community = None, (5, true)),
        ("in no community", |c| c.standing.community = Some(false), (5, false)),
        ("no licence", |c| c.standing.licence = Some(false), (5, false)),
        ("nobody looked for a licence", |c| c.standing.licence = None, (5, true)),
        (
            "no licence, and no community is configured",
            |c| {
                c.standing.community = None;
                c.standing.licence = Some(false);
            },
            (5, false),
        ),
        (
            "the oldest hop of the chain failed in this run",
            |c| {
                c.standing.releases.as_mut().unwrap().insert(0, "0.9.0+1.0".to_owned());
                c.add("upgrade:0.9.0+1.0→1.0.0+1.0@default", StepKind::Upgrade, "default", Failed);
            },
            (6, false),
        ),
        (
            "an upgrade that skips releases failed",
            |c| {
                c.standing.releases.as_mut().unwrap().insert(0, "0.9.0+1.0".to_owned());
                c.standing.hops.insert(("0.9.0+1.0".to_owned(), "1.0.0+1.0".to_owned()), true);
                c.add("upgrade:0.9.0+1.0→abcd1234@default", StepKind::Upgrade, "default", Failed);
            },
            (8, false),
        ),
        (
            "a hop was never tried",
            |c| c.standing.releases.as_mut().unwrap().insert(0, "0.9.0+1.0".to_owned()),
            (6, true),
        ),
        (
            "a hop passed in an earlier run",
            |c| {
                c.standing.releases.as_mut().unwrap().insert(0, "0.9.0+1.0".to_owned());
                c.standing.hops.insert(("0.9.0+1.0".to_owned(), "1.0.0+1.0".to_owned()), true);
            },
            (8, false),
        ),
        (
            "a hop failed in an earlier run",
            |c| {
                c.standing.releases.as_mut().unwrap().insert(0, "0.9.0+1.0".to_owned());
                c.standing.hops.insert(("0.9.0+1.0".to_owned(), "1.0.0+1.0".to_owned()), false);
            },
            (6, false),
        ),
        ("nobody looked at the releases", |c| c.standing.releases = None, (6, true)),
        ("a weak answer", |c| c.step(StepKind::Install).weak = true, (6, false)),
        ("something was flaky", |c| c.step(StepKind::Smoke).flaky = true, (6, false)),
        ("a linter warning", |c| c.findings.as_mut().unwrap().warn = 1, (6, false)),
        ("the linter did not look", |c| c.findings = None, (6, true)),
        ("no maintainer", |c| c.standing.maintainer = Some(false), (7, false)),
        ("stability just under", |c| c.standing.stability = Some(79.9), (7, false)),
        ("nobody asked what upstream has", |c| c.standing.upgraded = Upgraded::NeverAsked, (7, true)),
        (
            "upstream has had something newer for too long",
            |c| c.standing.upgraded = Upgraded::Late { said: Upstream::default(), since: date(2026, 5, 2) },
            (7, false),
        ),
        (
            "upstream has something newer since a moment ago",
            |c| c.standing.upgraded = Upgraded::InTime { said: Upstream::default(), since: date(2026, 11, 2) },
            (8, false),
        ),
        (
            "no history",
            |c| {
                c.standing.stability = None;
                c.standing.half_months.clear();
            },
            (7, true),
        ),
    ];
    for (name, change, expected) in table {
        let case = Case::with(change);
        assert_eq!(case.reached(), expected, "{name}: {:#?}", case.ladder());
    }
}

#[test]
fn level_8_looks_back_24_half_months() {
    let reached = |good: usize, bad: usize| {
        Case::with(|case| {
            let unknown = 24 - good - bad;
            case.standing.half_months = [vec![Some(true); good], vec![Some(false); bad], vec![None; unknown]].concat();
        })
        .reached()
    };
    assert_eq!(reached(24, 0), (8, false));
    assert_eq!(reached(20, 4), (8, false));
    assert_eq!(reached(20, 0), (8, false));
    assert_eq!(reached(19, 5), (7, false), "no future measurement can make it 20");
    assert_eq!(reached(19, 4), (7, true), "the missing one might have been good");
    assert_eq!(reached(2, 0), (7, true), "a young recipe is not a bad one");
}

/// A year of runs, one in each of the last 24 half-months, the oldest first: everything passes, and each registry said that nothing is newer.
fn year() -> Vec<HistoryLine> {
    let mut halves: Vec<Timestamp> = Vec::new();
    for (year, month) in [(2025, 12)].into_iter().chain((1..=11).map(|month| (2026, month))) {
        for day in [10, 18] {
            halves.push(format!("{year}-{month:02}-{day}T10:00:00Z").parse().unwrap());
        }
    }
    let made = |(number, at): (usize, &Timestamp)| HistoryLine {
        findings: Some(FindingCounts::default()),
        upstream: Some(Upstream { image: "nginx:1.27.2".to_owned(), dates_known: true, ..Upstream::default() }),
        ..line(*at, number, KINDS.map(|kind| step(kind, Passed)).to_vec())
    };
    halves.iter().enumerate().map(made).collect()
}

/// The rung of level 8, of these runs and of what the catalogue knows beside them, with the level.
fn eighth(lines: &[HistoryLine], maintainer: bool) -> ((u8, bool), Vec<(RungState, String)>) {
    let standing = Standing {
        community: Some(true),
        licence: Some(true),
        maintainer: Some(maintainer),
        releases: Some(vec!["1.0.0+1.0".to_owned()]),
        candidate: "abcd1234".to_owned(),
        ..Standing::default()
    };
    let ladder = score(lines, None, standing, now()).unwrap().ladder;
    let demands = ladder.rungs[7].demands.iter().map(|demand| (demand.state, demand.text.clone())).collect();
    ((ladder.level, ladder.at_least), demands)
}

#[test]
fn level_8_comes_from_lines_of_the_history_and_misses_for_each_of_its_four_demands() {
    let (level, demands) = eighth(&year(), true);
    assert_eq!(level, (8, false), "{demands:#?}");
    assert_eq!(demands.len(), 4);
    assert!(demands.iter().all(|(state, _)| *state == RungState::Satisfied), "{demands:#?}");

    type Change = fn(&mut Vec<HistoryLine>);
    let cases: [(&str, bool, Change, usize, &str); 4] = [
        ("no maintainer", false, |_| {}, 0, "names no maintainer"),
        (
            "errors of the linter in five half-months",
            true,
            |lines| lines.iter_mut().take(5).for_each(|line| failed(line, StepKind::Lint)),
            1,
            "held in 19 of the last 24",
        ),
        (
            "something newer for too long",
            true,
            |lines| {
                let upstream = lines.last_mut().unwrap().upstream.as_mut().unwrap();
                upstream.newest = Some("1.27.4".to_owned());
                upstream.behind_since = Some("2026-05-02".to_owned());
            },
            2,
            "(the newest is 1.27.4) is there since 2026-05-02, more than three months",
        ),
        (
            "pages that looked wrong for a while",
            true,
            |lines| lines[13..23].iter_mut().for_each(|line| failed(line, StepKind::Smoke)),
            3,
            "and 80 is needed",
        ),
    ];
    for (name, maintainer, change, at, words) in cases {
        let mut lines = year();
        change(&mut lines);
        let (level, demands) = eighth(&lines, maintainer);
        assert_eq!(level, (7, false), "{name}: {demands:#?}");
        for (place, (state, text)) in demands.iter().enumerate() {
            let expected = if place == at { RungState::Missing } else { RungState::Satisfied };
            assert_eq!(*state, expected, "{name}: {text}");
        }
        assert!(demands[at].1.contains(words), "{name}: {demands:#?}");
    }
    // As earlier tasters wrote it.
    let unasked: Vec<HistoryLine> = year().into_iter().map(|line| HistoryLine { upstream: None, ..line }).collect();
    let (level, demands) = eighth(&unasked, true);
    assert_eq!(level, (7, true));
    assert!(demands[2].1.contains("--online"), "{demands:#?}");
}

fn failed(line: &mut HistoryLine, kind: StepKind) {
    line.steps.iter_mut().find(|step| step.kind == kind).unwrap().outcome = Failed;
}

#[test]
fn each_rung_tells_in_words_and_as_data_what_satisfied_it_or_is_missing() {
    let case = Case::with(|case| {
        let restore = case.step(StepKind::Restore);
        restore.outcome = Failed;
        restore.reason = "volume data: 3 of 5 rows are gone".to_owned();
        case.standing.community = None;
    });
    let ladder = case.ladder();
    assert_eq!(ladder.rungs.iter().map(|rung| rung.level).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7, 8]);
    let fourth = &ladder.rungs[3];
    assert_eq!(fourth.state, RungState::Missing);
    let missing: Vec<_> = fourth.demands.iter().filter(|demand| demand.state == RungState::Missing).collect();
    assert_eq!(missing.len(), 1);
    assert_eq!(missing[0].text, "restore@default failed: volume data: 3 of 5 rows are gone");
    assert_eq!(missing[0].steps, ["restore@default"]);
    assert_eq!(ladder.rungs[5].state, RungState::Unknown);
    assert!(ladder.rungs[5].demands[0].text.contains("names no community organisation"), "{:?}", ladder.rungs[5]);
    // What is above the gap is told as well: the maintainer sees all that is to do.
    assert_eq!(ladder.rungs[7].state, RungState::Satisfied);
    assert!(
        ladder.rungs.iter().all(|rung| !rung.demands.is_empty() && rung.demands.iter().all(|d| !d.text.is_empty()))
    );
}
