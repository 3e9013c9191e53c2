//! Mutants of the corpus, the same for the same seed.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use crate::case::Case;

/// Scalars that mean different things to different readers.
const SCALARS: &[&str] = &[
    "yes",
    "true",
    "True",
    "off",
    "null",
    "~",
    "",
    "0",
    "-1",
    "08",
    "0777",
    "0o17",
    "1_000",
    "1.5",
    "1e3",
    ".inf",
    "12:30:45",
    "2001-12-14",
    "\"5\"",
    "'text'",
    "text",
    "[]",
    "{}",
    "[a, b]",
    "{a: b}",
    "5m",
    "10s",
    "1h30m",
    "80:80",
    "512M",
    "*a",
    "&a x",
    "!!str 5",
    "!!int x",
    "${SET}",
    "${UNSET:-5}",
    "${UNSET:?e}",
    "${UNSET-}",
    "$$",
    "$",
    "${X:+a}",
    "|",
    ">-",
    "# c",
    "a: b",
    "- a",
    "99999999999999999999",
    "0.3",
    "start-first",
    "\"a\\tb\"",
    "'it''s'",
    "{a: b",
    "[a",
    "a,b",
    "a]b",
    "? x",
    "@x",
    "`x`",
    "%x",
];

/// Keys that services and other objects know, of all versions.
const KEYS: &[&str] = &[
    "image",
    "command",
    "ports",
    "volumes",
    "environment",
    "labels",
    "deploy",
    "replicas",
    "mode",
    "networks",
    "secrets",
    "configs",
    "healthcheck",
    "test",
    "interval",
    "init",
    "x-a",
    "name",
    "external",
    "driver",
    "file",
    "source",
    "target",
    "type",
    "<<",
    "restart",
    "extends",
    "profiles",
    "services",
    "version",
    "logging",
    "options",
    "1",
    "true",
    "\"quoted\"",
    "a.b",
    "external_links",
    "oom_score_adj",
    "driver_opts",
    "ulimits",
    "tmpfs",
    "start_interval",
    "order",
    "update_config",
    "memory",
    "cpus",
    "limits",
];

/// The mutant of a seed: one to three changes to one file of one case.
pub(crate) fn mutant(corpus: &[Case], seed: u64) -> Case {
    let mut random = StdRng::seed_from_u64(seed);
    // What is refused already teaches little: most mutants come from cases that load.
    let from_bad = random.random_ratio(1, 10);
    let cases: Vec<&Case> = corpus.iter().filter(|case| case.name.starts_with("bad-") == from_bad).collect();
    let mut case = (*cases.choose(&mut random).expect("the corpus is not empty")).clone();
    case.name = format!("seed {seed} ({})", case.name);
    let changes = if random.random_ratio(3, 4) { 1 } else { random.random_range(2..=3) };
    for _ in 0..changes {
        let at = random.random_range(0..case.files.len());
        let text = String::from_utf8_lossy(&case.files[at].1).into_owned();
        case.files[at].1 = change(&text, &mut random).into_bytes();
    }
    case
}

fn change(text: &str, random: &mut StdRng) -> String {
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let at = random.random_range(0..lines.len());
    let line = lines[at].clone();
    match random.random_range(0..20) {
        0 => _ = lines.remove(at),
        1 => lines.insert(at, line),
        2 => lines.swap(at, 0),
        3 => lines[at] = format!(" {line}"),
        4 => lines[at] = format!("  {line}"),
        5 => lines[at] = line.strip_prefix("  ").unwrap_or(&line).to_owned(),
        6 => lines[at] = line.strip_prefix(' ').unwrap_or(&line).to_owned(),
        7 => lines[at] = rename_key(&line, random),
        8 | 9 => lines[at] = replace_value(&line, random),
        10 => lines[at] = requote(&line),
        11 => lines[at] = line.replacen("- ", "", 1),
        12 => lines[at] = indented(&line, |content| format!("- {content}")),
        13 => lines.insert(at, new_line(&line, random)),
        14 => return swap_interpolation(text, random),
        15 => return delete_character(text, random),
        16 => return insert_character(text, random),
        17 => {
            let other = random.random_range(0..lines.len());
            lines.swap(at, other);
        }
        18 => {
            return text.replacen(
                "3.8",
                ["3.0", "3.2", "3.4", "3.7", "3.9", "3.13", "3"][random.random_range(0..7)],
                1,
            );
        }
        _ => {
            let end = random.random_range(at..lines.len());
            let block = lines[at..=end.min(at + 5)].to_vec();
            lines.splice(at..at, block);
        }
    }
    lines.join("\n")
}

fn indented(line: &str, change: impl FnOnce(&str) -> String) -> String {
    let content = line.trim_start();
    format!("{}{}", &line[..line.len() - content.len()], change(content))
}

fn rename_key(line: &str, random: &mut StdRng) -> String {
    match line.split_once(':') {
        Some((key, value)) => {
            let key = indented(key, |old| match random.random_range(0..4) {
                0 => format!("{old}x"),
                1 => old.to_uppercase(),
                _ => (*KEYS.choose(random).expect("there are keys")).to_owned(),
            });
            format!("{key}:{value}")
        }
        None => line.to_owned(),
    }
}

fn replace_value(line: &str, random: &mut StdRng) -> String {
    let scalar = SCALARS.choose(random).expect("there are scalars");
    match (line.split_once(": "), line.split_once("- ")) {
        (Some((key, _)), _) => format!("{key}: {scalar}"),
        (None, Some((before, _))) => format!("{before}- {scalar}"),
        (None, None) => match line.strip_suffix(':') {
            Some(key) => format!("{key}: {scalar}"),
            None => line.to_owned(),
        },
    }
}

fn requote(line: &str) -> String {
    if line.contains('"') {
        line.replace('"', "'")
    } else if line.contains('\'') {
        line.replace('\'', "\"")
    } else if let Some((key, value)) = line.split_once(": ") {
        format!("{key}: \"{value}\"")
    } else {
        line.to_owned()
    }
}

fn new_line(line: &str, random: &mut StdRng) -> String {
    let key = KEYS.choose(random).expect("there are keys");
    let scalar = SCALARS.choose(random).expect("there are scalars");
    indented(line, |_| format!("{key}: {scalar}"))
}

fn swap_interpolation(text: &str, random: &mut StdRng) -> String {
    let forms = [
        "${SET}",
        "$SET",
        "${SET:-x}",
        "${UNSET:-x}",
        "${UNSET}",
        "${UNSET:?e}",
        "$$SET",
        "${",
        "$UNSET-x",
        "${SET:?a-b}",
    ];
    let form = forms.choose(random).expect("there are forms");
    let dollars: Vec<usize> = text.match_indices('$').map(|(at, _)| at).collect();
    match dollars.choose(random) {
        Some(&at) => format!("{}{form}{}", &text[..at], &text[at + 1..]),
        None => text.replacen("image: ", &format!("image: {form}"), 1),
    }
}

fn character_boundary(text: &str, random: &mut StdRng) -> Option<usize> {
    let boundaries: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    boundaries.choose(random).copied()
}

fn delete_character(text: &str, random: &mut StdRng) -> String {
    let mut text = text.to_owned();
    if let Some(at) = character_boundary(&text, random) {
        text.remove(at);
    }
    text
}

fn insert_character(text: &str, random: &mut StdRng) -> String {
    let characters = [
        ' ', '\t', '\n', ':', '-', '"', '\'', '#', '[', ']', '{', '}', ',', '&', '*', '!', '|', '>', '%', '@', '\\',
        '$', 'x', '\r',
    ];
    let mut text = text.to_owned();
    if let Some(at) = character_boundary(&text, random) {
        text.insert(at, *characters.choose(random).expect("there are characters"));
    }
    text
}
