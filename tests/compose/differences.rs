//! Where taster deliberately decides otherwise than the reference. Short, and each with its reason and a sample that proves it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::case::Case;
use crate::reference::{Verdict, verdict};

/// What we refuse and the reference loads.
struct Refused {
    /// A part of our message.
    message: &'static str,
    /// A file that shows it, starting with a service `app`.
    sample: fn() -> String,
}

const REFUSED: &[Refused] = &[
    // A duration below zero means nothing, and the engine refuses it later with a worse message.
    Refused { message: "is a negative duration", sample: || service("stop_grace_period: -5s") },
    // A recipe is data: it may not read files of the machine that tests it (design.md §3.6).
    Refused { message: "lies outside of the recipe", sample: || service("env_file: /dev/null") },
    // The reference loads this and crashes when it deploys it.
    Refused { message: "this resource limit is empty", sample: || service("ulimits: {NOFILE: }") },
    // Two megabytes and a hundred levels are far more than any recipe needs, and keep hostile ones cheap.
    Refused {
        message: "the file is too large",
        sample: || format!("{}#{}", service("hostname: b"), "x".repeat(2 << 20)),
    },
    Refused {
        message: "levels deep",
        sample: || format!("{}x-deep: {}{}\n", service("hostname: b"), "[".repeat(110), "]".repeat(110)),
    },
    // Characters that no editor shows and that only YAML 1.1 takes for line breaks: no two tools agree on what such a file says.
    Refused { message: "is a line break for the swarm loader only", sample: || service("hostname: \"b\u{85}c\"") },
    // `{a:}` is the text `a:` for YAML 1.1 and the key `a` for later versions; `{?a : b}` is the key `a` or `?a`; and so on. Nobody means that.
    Refused { message: "versions of YAML disagree", sample: || service("labels: {a:}") },
    // Bytes that are no text cannot be shown, compared or put into JSON.
    Refused { message: "is no text", sample: || format!("{}x-bytes: !!binary /w==\n", service("hostname: b")) },
];

fn service(line: &str) -> String {
    format!("version: \"3.8\"\nservices:\n  app:\n    image: a\n    {line}\n")
}

/// Whether a difference is a deliberate one.
pub(crate) fn deliberate(ours: &Verdict, theirs: &Verdict) -> bool {
    match (ours, theirs) {
        (Err(message), Ok(_)) => REFUSED.iter().any(|refused| message.contains(refused.message)),
        _ => false,
    }
}

/// Whether two projects are the same, but for what only the reference's printing does.
///
/// It prints a text that starts with a line break without that break (its emitter forgets it), and we leave out empty items of
/// `generic_resources`, which ask for nothing.
pub(crate) fn same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::String(ours), Value::String(theirs)) => ours == theirs || ours.strip_prefix('\n') == Some(theirs),
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| same(ours, theirs))
        }
        (Value::Object(ours), Value::Object(theirs)) => {
            let theirs: Vec<(&String, Value)> =
                theirs.iter().filter_map(|(key, value)| Some((key, asking(key, value)?))).collect();
            ours.len() == theirs.len()
                && theirs.iter().all(|(key, theirs)| ours.get(*key).is_some_and(|ours| same(ours, theirs)))
        }
        _ => ours == theirs,
    }
}

/// A value without empty generic resources; `None` when nothing is left.
fn asking(key: &str, value: &Value) -> Option<Value> {
    match value {
        Value::Array(items) if key == "generic_resources" => {
            let kept: Vec<Value> =
                items.iter().filter(|item| item.as_object().is_some_and(|map| !map.is_empty())).cloned().collect();
            (!kept.is_empty()).then_some(Value::Array(kept))
        }
        _ => Some(value.clone()),
    }
}

#[test]
fn each_deliberate_difference_is_one() {
    for refused in REFUSED {
        let case = Case {
            name: refused.message.to_owned(),
            files: vec![("compose.yml".to_owned(), (refused.sample)().into_bytes())],
            env: BTreeMap::new(),
            others: BTreeMap::new(),
        };
        let message = case.load().err().map(|error| error.to_string()).unwrap_or_default();
        assert!(message.contains(refused.message), "we do not refuse with `{}`: {message}", refused.message);
        let folder = tempfile::tempdir().expect("a folder can be made");
        assert!(verdict(&case, folder.path()).is_ok(), "the reference refuses too: {}", refused.message);
    }
}
