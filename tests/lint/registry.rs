//! Every rule has an id of its family, a name, a page, a bad and a good fixture.

use std::collections::BTreeSet;
use std::path::Path;

use taster::lint::{FAMILIES, FixKind, find_rule};

use crate::fixture;

#[test]
fn ids_and_names_are_unique_and_ids_are_of_their_family() {
    let mut seen = BTreeSet::new();
    for family in FAMILIES {
        let ids: Vec<&str> = family.rules.iter().map(|rule| rule.id).collect();
        assert!(ids.is_sorted(), "the rules of {} are not in the order of their ids: {ids:?}", family.name);
        for rule in family.rules {
            assert!(seen.insert(rule.id), "{} is there twice", rule.id);
            assert!(seen.insert(rule.name), "the name {} is there twice", rule.name);
            assert!(rule.id.starts_with(family.prefix) && rule.id.len() == 4, "{} in {}", rule.id, family.name);
            assert!(
                rule.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
                "{}",
                rule.name
            );
            assert_eq!(find_rule(&rule.id.to_lowercase()).map(|(_, found)| found.id), Some(rule.id));
            assert_eq!(find_rule(rule.name).map(|(_, found)| found.id), Some(rule.id));
        }
    }
}

#[test]
fn every_page_begins_with_what_the_rule_says_and_has_its_chapters() {
    for family in FAMILIES {
        for rule in family.rules {
            let head = rule.head(family);
            assert!(rule.page.starts_with(&head), "docs/rules/{}.md must begin with:\n\n{head}", rule.id);
            for chapter in ["\n## Why\n\n", "\n## Bad\n\n", "\n## Good\n\n"] {
                assert!(rule.page.contains(chapter), "docs/rules/{}.md has no chapter `{}`", rule.id, chapter.trim());
            }
            let kind = match rule.fix {
                FixKind::None => None,
                FixKind::Safe => Some("Safe: "),
                FixKind::Unsafe => Some("Unsafe: "),
            };
            let chapter = rule.page.split_once("\n## Fix\n\n").map(|(_, chapter)| chapter);
            match (kind, chapter) {
                (None, None) => {}
                (Some(kind), Some(chapter)) => assert!(
                    chapter.starts_with(kind) && chapter.len() > kind.len() + 20,
                    "docs/rules/{}.md must say `{kind}` and what its fix does: {chapter}",
                    rule.id
                ),
                _ => panic!("docs/rules/{}.md has a chapter `## Fix` exactly when the rule has a fix", rule.id),
            }
        }
    }
}

#[test]
fn every_rule_has_fixtures_and_nothing_else_has() {
    let ids: BTreeSet<&str> = FAMILIES.iter().flat_map(|family| family.rules).map(|rule| rule.id).collect();
    for id in &ids {
        for kind in ["bad", "good"] {
            assert!(!fixture::cases(id, kind).is_empty(), "tests/lint/fixtures/{id}/ has no `{kind}` case");
        }
    }
    for entry in std::fs::read_dir(fixture::fixtures()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "base" || ids.contains(name.as_str()), "tests/lint/fixtures/{name} belongs to no rule");
    }
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let id = name.strip_suffix(".md").unwrap_or(&name);
        assert!(id == "README" || ids.contains(id), "docs/rules/{name} belongs to no rule");
    }
}
