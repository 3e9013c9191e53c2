//! The judge before scripted swarms.

mod crash;
mod health;
mod never;
mod property;
mod sim;
mod update;

use super::{Cause, Class, Verdict};

/// The cause, which must be the recipe's.
fn failed(verdict: Verdict) -> Cause {
    match verdict {
        Verdict::Failed(cause) => cause,
        other => panic!("expected a failure of the recipe, got {other:?}"),
    }
}

/// The cause, which must not be the recipe's.
fn errored(verdict: Verdict) -> Cause {
    match verdict {
        Verdict::Errored(cause) => cause,
        other => panic!("expected trouble of our own, got {other:?}"),
    }
}

fn evidence<'a>(cause: &'a Cause, kind: &str) -> &'a str {
    cause.evidence.iter().find(|piece| piece.kind == kind).map_or("", |piece| piece.text.as_str())
}

#[test]
fn every_class_has_its_word() {
    assert_eq!(Class::CrashLoop.word(), "crash-loop");
    assert_eq!(Class::KilledWhileStarting.word(), "killed-while-starting");
}
