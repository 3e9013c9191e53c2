//! Making fixes: edits of bytes, proven by loading the recipe before and after (lesson 33).
//!
//! Nothing outside an edit's span changes, and a fix is only made when every set that loaded before loads afterwards as the same project,
//! but for what the fix says that it changes. Files are handed back, not written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value as Json;

use super::engine::{Options, judge};
use super::facts::Facts;
use super::subject::Subject;
use crate::compose::canonical;
use crate::recipe::Recipe;
use crate::record::{Edit, Finding, Fix, Safety};

/// So often are findings looked for again after fixes: a fix may make way for another one.
const MOST_ROUNDS: usize = 10;

/// What came of fixing a recipe.
#[derive(Debug, Default)]
pub struct Fixed {
    /// The files that changed, by path.
    pub files: BTreeMap<String, FixedFile>,
    /// The fixes that were made, in words, with their rules.
    pub made: Vec<(String, String)>,
    /// Those that were not, and why.
    pub refused: Vec<(String, String)>,
}

/// A file that a fix changed.
#[derive(Debug)]
pub struct FixedFile {
    /// What it held; `None` when it was not there.
    pub before: Option<Arc<[u8]>>,
    /// What it is to hold.
    pub after: Vec<u8>,
}

/// Makes every fix up to a safety that the findings of a subject offer, and those that are offered after that.
pub fn fix(subject: &Subject, options: &Options, most: Safety) -> Fixed {
    let mut fixed = Fixed::default();
    let original = &subject.candidate.recipe;
    let mut contents: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut recipe = original.clone();
    let mut refused: BTreeSet<(String, String)> = BTreeSet::new();
    for _ in 0..MOST_ROUNDS {
        let candidate = Facts::of(recipe.clone(), None, options.abra);
        let now = subject.with_candidate(candidate);
        let findings = judge(&now, options).findings;
        let offered = offered(&findings, most);
        let Some(round) = Round::make(&now.candidate, &offered, options.abra, &mut refused) else { break };
        contents.extend(round.contents);
        fixed.made.extend(round.made);
        match original.with_files(&contents) {
            Ok(changed) => recipe = changed,
            Err(_) => break,
        }
    }
    fixed.finish(original, contents, refused);
    fixed
}

/// Makes these fixes, each named by its rule, as far as they can be proven.
pub fn make(subject: &Subject, fixes: &[(&str, &Fix)], options: &Options) -> Fixed {
    let mut fixed = Fixed::default();
    let mut refused = BTreeSet::new();
    let round = Round::make(&subject.candidate, fixes, options.abra, &mut refused).unwrap_or_default();
    fixed.made = round.made;
    fixed.finish(&subject.candidate.recipe, round.contents, refused);
    fixed
}

impl Fixed {
    /// Takes the files that differ from those of the recipe.
    fn finish(&mut self, original: &Recipe, contents: BTreeMap<String, Vec<u8>>, refused: BTreeSet<(String, String)>) {
        for (path, after) in contents {
            let before = original.tree.entry(&path).map(|file| file.bytes.clone());
            if before.as_deref() != Some(after.as_slice()) {
                self.files.insert(path, FixedFile { before, after });
            }
        }
        self.refused = refused.into_iter().collect();
    }
}

fn offered(findings: &[Finding], most: Safety) -> Vec<(&str, &Fix)> {
    let fixes = findings.iter().filter_map(|finding| Some((finding.rule.as_str(), finding.fix.as_ref()?)));
    fixes.filter(|(_, fix)| fix.safety <= most && !fix.edits.is_empty()).collect()
}

/// One round: fixes that do not touch each other.
#[derive(Default)]
struct Round {
    contents: BTreeMap<String, Vec<u8>>,
    made: Vec<(String, String)>,
}

impl Round {
    /// `None` when nothing was made.
    fn make(
        facts: &Facts,
        offered: &[(&str, &Fix)],
        abra: bool,
        refused: &mut BTreeSet<(String, String)>,
    ) -> Option<Self> {
        let mut apart: Vec<(&str, &Fix)> = Vec::new();
        for (rule, fix) in offered {
            let touches = apart.iter().any(|(_, other)| overlap(&fix.edits, &other.edits) && fix.edits != other.edits);
            // What touches another fix is offered again in the next round.
            if !touches {
                apart.push((rule, fix));
            }
        }
        let before = Proof::of(facts);
        // All at once first: fixes of several files may only hold together.
        if let Ok(contents) = tried(facts, &before, &apart, abra)
            && !apart.is_empty()
        {
            return Some(Self { contents, made: apart.iter().map(named).collect() });
        }
        let mut round = Self::default();
        let mut good: Vec<(&str, &Fix)> = Vec::new();
        for one in apart {
            good.push(one);
            match tried(facts, &before, &good, abra) {
                Ok(contents) => {
                    round.contents = contents;
                    round.made.push(named(&one));
                }
                Err(why) => {
                    good.pop();
                    refused.insert((format!("{}: {}", one.0, one.1.title), why));
                }
            }
        }
        (!round.made.is_empty()).then_some(round)
    }
}

fn named((rule, fix): &(&str, &Fix)) -> (String, String) {
    ((*rule).to_owned(), fix.title.clone())
}

/// The changed files when fixes are made, proven.
fn tried(
    facts: &Facts,
    before: &Proof,
    fixes: &[(&str, &Fix)],
    abra: bool,
) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let edits: BTreeSet<&Edit> = fixes.iter().flat_map(|(_, fix)| &fix.edits).collect();
    let mut contents = BTreeMap::new();
    let files: BTreeSet<&str> = edits.iter().map(|edit| edit.file.as_str()).collect();
    for file in files {
        let bytes = facts.recipe.tree.entry(file).map(|found| found.bytes.to_vec()).unwrap_or_default();
        let of_file = edits.iter().filter(|edit| edit.file == file).copied().collect();
        contents.insert(file.to_owned(), edited(file, bytes, of_file)?);
    }
    let changed: Recipe = facts.recipe.with_files(&contents).map_err(|refusal| refusal.to_string())?;
    let after = Proof::of(&Facts::of(changed, None, abra));
    let changes: Vec<&str> = fixes.iter().flat_map(|(_, fix)| fix.changes.iter().map(String::as_str)).collect();
    before.allows(&after, &changes)?;
    Ok(contents)
}

/// Bytes with edits made, from the last to the first so that offsets stay true.
fn edited(file: &str, mut bytes: Vec<u8>, mut edits: Vec<&Edit>) -> Result<Vec<u8>, String> {
    edits.sort_by_key(|edit| (edit.start, edit.end));
    for edit in edits.into_iter().rev() {
        if edit.start > edit.end || edit.end > bytes.len() {
            return Err(format!("it would change bytes that `{file}` does not have"));
        }
        bytes.splice(edit.start..edit.end, edit.replacement.bytes());
    }
    if std::str::from_utf8(&bytes).is_err() {
        return Err(format!("`{file}` is not UTF-8"));
    }
    Ok(bytes)
}

fn overlap(edits: &[Edit], others: &[Edit]) -> bool {
    let touch = |a: &Edit, b: &Edit| a.file == b.file && a.start <= b.end && b.start <= a.end;
    edits.iter().any(|edit| others.iter().any(|other| touch(edit, other)))
}

/// What a recipe amounts to, as far as fixes may not change it unsaid: each set's project and environment.
struct Proof {
    sets: BTreeMap<String, Json>,
}

impl Proof {
    fn of(facts: &Facts) -> Self {
        let of_set = |set: &super::set::Set| {
            let mut json = canonical(set.project(), None);
            let environment: serde_json::Map<String, Json> =
                set.environment.iter().map(|(key, value)| (key.clone(), Json::from(value.clone()))).collect();
            if let Some(json) = json.as_object_mut() {
                json.insert("environment".to_owned(), Json::Object(environment));
            }
            (set.name.clone(), json)
        };
        Self { sets: facts.sets.iter().map(of_set).collect() }
    }

    /// Whether `after` differs only where fixes say so.
    fn allows(&self, after: &Self, changes: &[&str]) -> Result<(), String> {
        for (name, before) in &self.sets {
            let Some(after) = after.sets.get(name) else {
                return Err(format!("afterwards, `{name}` would not load or would not be deployed any more"));
            };
            compare("", before, after, changes).map_err(|path| {
                let path = if path.is_empty() { "the project" } else { &path };
                format!("it would change `{path}` of `{name}`, and does not say so")
            })?;
        }
        Ok(())
    }
}

/// The first path at which two values differ without leave.
fn compare(path: &str, before: &Json, after: &Json, changes: &[&str]) -> Result<(), String> {
    if before == after || changes.contains(&path) {
        return Ok(());
    }
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match (before, after) {
        (Json::Object(before), Json::Object(after)) => {
            let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            for key in keys {
                let nothing = Json::Null;
                let of = |map: &serde_json::Map<String, Json>| map.get(key).cloned().unwrap_or(nothing.clone());
                compare(&below(key), &of(before), &of(after), changes)?;
            }
            Ok(())
        }
        // A whole section that appears or goes may hold nothing but what is allowed to.
        (Json::Null, Json::Object(only)) | (Json::Object(only), Json::Null) => {
            only.iter().try_for_each(|(key, value)| compare(&below(key), &Json::Null, value, changes))
        }
        _ => Err(path.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_said_changes_are_allowed() {
        let before = json!({"services": {"app": {"image": "a", "labels": {"x": "1"}}}});
        let after = json!({"services": {"app": {"image": "a", "deploy": {"labels": {"x": "1"}}}}});
        let said = ["services.app.labels", "services.app.deploy.labels"];
        assert_eq!(compare("", &before, &after, &said), Ok(()));
        assert_eq!(compare("", &before, &after, &said[..1]), Err("services.app.deploy.labels.x".to_owned()));
        assert_eq!(compare("", &before, &json!({"services": {}}), &said), Err("services.app.image".to_owned()));
    }

    #[test]
    fn edits_keep_every_byte_around_them() {
        let edit = |start, end, text: &str| Edit { file: "f".into(), start, end, replacement: text.into() };
        let (one, two) = (edit(2, 4, "XYZ"), edit(6, 6, "!"));
        assert_eq!(edited("f", b"0123456789".to_vec(), vec![&two, &one]).unwrap(), b"01XYZ45!6789");
        assert!(edited("f", b"01".to_vec(), vec![&one]).is_err());
        assert!(overlap(std::slice::from_ref(&one), &[edit(4, 5, "")]) && !overlap(&[one], &[two]));
    }
}
