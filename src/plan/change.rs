//! What differs between two revisions of a recipe, and what each difference can touch.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::hidden::hidden;
use super::reach::{is_routed, state, way};
use crate::compose::canonical;
use crate::compose::project::{Project, Service};
use crate::lint::{Facts, ImageReference, Set, SetKind};
use crate::record::{Change, ChangedFile, ChangedService, ImageBump};
use crate::scenario::{PATH_IN_RECIPE, Scenario};
use crate::sync::bump;

/// A difference, and what it can touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cause {
    /// Why, in words.
    pub(super) text: String,
    pub(super) touches: Touches,
}

/// What a difference can touch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Touches {
    /// What runs: everything that deploys it and waits for it.
    pub(super) runs: bool,
    /// What is kept, or how it is saved.
    pub(super) data: bool,
    /// What a visitor sees.
    pub(super) pages: bool,
    /// What an upgrade must arrive at.
    pub(super) upgrade: bool,
}

impl Touches {
    pub(super) const ALL: Self = Self { runs: true, data: true, pages: true, upgrade: true };
}

/// Everything that differs.
#[derive(Debug, Default)]
pub(super) struct Differences {
    pub(super) files: Vec<ChangedFile>,
    pub(super) services: BTreeMap<String, ChangedService>,
    /// Of what the sample chooses.
    pub(super) causes: Vec<Cause>,
}

impl Differences {
    fn add(&mut self, text: impl Into<String>, touches: Touches) {
        let text = text.into();
        match self.causes.iter_mut().find(|cause| cause.text == text) {
            Some(cause) => cause.touches = cause.touches.and(touches),
            None => self.causes.push(Cause { text, touches }),
        }
    }
}

impl Touches {
    fn and(self, other: Self) -> Self {
        Self {
            runs: self.runs || other.runs,
            data: self.data || other.data,
            pages: self.pages || other.pages,
            upgrade: self.upgrade || other.upgrade,
        }
    }
}

/// Compares two revisions.
pub(super) fn differences(new: &Facts, old: &Facts, scenario: &Scenario) -> Differences {
    let mut found = Differences { files: files(new, old), ..Differences::default() };
    let changed: BTreeSet<&str> = found.files.iter().map(|file| file.path.as_str()).collect();
    if changed.is_empty() {
        return found;
    }
    let is_tried_otherwise = changed.contains(PATH_IN_RECIPE);
    let sample = changed.contains(".env.sample") && entries(new) != entries(old);
    let script = changed.contains("abra.sh") && script(new) != script(old);
    if is_tried_otherwise {
        found.add(format!("the scenario says what is tried, and {PATH_IN_RECIPE} changed"), Touches::ALL);
    }
    if sample {
        found.add("what an operator fills in changed (.env.sample)", Touches::ALL);
    }
    if script {
        found.add("abra.sh changed in more than the versions of configs", Touches::ALL);
    }
    for set in &new.sets {
        let before = old.sets.iter().find(|old| old.kind == set.kind && (is_sampled(set) || old.name == set.name));
        match before {
            Some(before) => of_set(new, old, set, before, &mut found),
            None if is_sampled(set) => found.add("what is deployed did not load before", Touches::ALL),
            None => {}
        }
    }
    if let Some(file) = hidden(new, old).filter(|_| !scenario.env.is_empty()) {
        let why = format!("lines of {file} changed that use variables, and the scenario sets some of its own ([env])");
        found.add(why, Touches::ALL);
    }
    if new.sampled().is_none() {
        found.add("the compose files do not load, so nobody can tell what they would change", Touches::ALL);
    }
    found
}

fn is_sampled(set: &Set) -> bool {
    set.kind != SetKind::Documented
}

fn files(new: &Facts, old: &Facts) -> Vec<ChangedFile> {
    let (now, then) = (&new.recipe.tree, &old.recipe.tree);
    let paths: BTreeSet<&str> = now.iter().chain(then.iter()).map(|(path, _)| path).collect();
    let one = |path: &str| {
        let change = match (now.entry(path), then.entry(path)) {
            (Some(_), None) => Change::Added,
            (None, Some(_)) => Change::Removed,
            (now, then) if now != then => Change::Changed,
            _ => return None,
        };
        let part =
            part(path, new).or_else(|| part(path, old)).unwrap_or_else(|| "nothing that is deployed reads it".into());
        Some(ChangedFile { path: path.to_owned(), change, part })
    };
    paths.into_iter().filter_map(one).collect()
}

/// What a file has to do with what is deployed.
fn part(path: &str, facts: &Facts) -> Option<String> {
    let fixed = match path {
        ".env.sample" => Some("what an operator fills in"),
        "abra.sh" => Some("versions of configs, and functions for operators"),
        PATH_IN_RECIPE => Some("the scenario: what is tried"),
        "release/next" => Some("the note of the release to come"),
        "README.md" => Some("the README"),
        _ if path.starts_with("release/") => Some("a release note"),
        _ => None,
    };
    if let Some(fixed) = fixed {
        return Some(fixed.to_owned());
    }
    for set in &facts.sets {
        if set.name.split(':').any(|file| file == path) {
            let kind =
                if is_sampled(set) { "deployed as the sample chooses" } else { "an overlay that the sample documents" };
            return Some(format!("a compose file, {kind}"));
        }
        let project = set.project();
        let objects = project.configs.iter().map(|(key, object)| ("config", key, object));
        let objects = objects.chain(project.secrets.iter().map(|(key, object)| ("secret", key, object)));
        let made =
            objects.into_iter().find(|(_, _, object)| !object.file.is_empty() && set.path_of(&object.file) == path);
        if let Some((what, key, _)) = made {
            return Some(format!("the file of the {what} {key}"));
        }
    }
    let overlay = facts.root_compose_files().contains(&path);
    overlay.then(|| "a compose file that the sample neither chooses nor documents".to_owned())
}

/// An entry of the sample: name, value, modifiers.
type SampleEntry = (String, String, Vec<(String, String)>);

/// What the sample says, without what is only comment.
fn entries(facts: &Facts) -> Vec<SampleEntry> {
    let modifiers = |entry: &crate::recipe::Entry| -> Vec<(String, String)> {
        entry.modifiers.iter().map(|modifier| (modifier.key.clone(), modifier.value.clone())).collect()
    };
    facts.sample.entries.iter().map(|entry| (entry.name.clone(), entry.value.clone(), modifiers(entry))).collect()
}

/// `abra.sh` without its assignments: those show in the names of what is deployed.
fn script(facts: &Facts) -> String {
    let text = facts.recipe.tree.get("abra.sh").and_then(|file| file.text()).unwrap_or_default();
    let Some(parsed) = &facts.recipe.abra_sh else { return text.to_owned() };
    let mut left = String::new();
    let mut at = 0;
    for variable in &parsed.variables {
        left.push_str(text.get(at..variable.span.start).unwrap_or_default());
        at = variable.span.end.max(at);
    }
    left.push_str(text.get(at..).unwrap_or_default());
    left
}

fn of_set(new: &Facts, old: &Facts, now: &Set, then: &Set, found: &mut Differences) {
    let (project, before) = (now.project(), then.project());
    let names: BTreeSet<&String> = project.services.keys().chain(before.services.keys()).collect();
    for name in names {
        let one = match (project.services.get(name), before.services.get(name)) {
            (Some(service), None) => changed(name, Change::Added, service, project),
            (None, Some(service)) => changed(name, Change::Removed, service, before),
            (Some(service), Some(earlier)) => {
                let mut one = changed(name, Change::Changed, service, project);
                one.bump = image_bump(&earlier.image, &service.image);
                let contents = contents_differ(new, old, now, then, service);
                let (mut differs, mut touches) = compared(project, before, name);
                differs.extend(contents);
                if one.bump.is_none() && differs.is_empty() {
                    continue;
                }
                // A label that only the backup bot reads replaces no task.
                let only_labels =
                    one.bump.is_none() && differs.iter().all(|differs| differs.starts_with("deploy.labels "));
                if !only_labels {
                    touches.runs = true;
                    touches.upgrade = true;
                }
                one.differs = differs;
                if is_sampled(now) {
                    tell(&one, service, project, touches, found);
                }
                merge(one, now, found);
                continue;
            }
            (None, None) => continue,
        };
        if is_sampled(now) {
            let (service, whole) = project.services.get(name).map_or_else(
                || (before.services.get(name).cloned().unwrap_or_default(), before),
                |service| (service.clone(), project),
            );
            tell(&one, &service, whole, Touches { runs: true, upgrade: true, ..Touches::default() }, found);
        }
        merge(one, now, found);
    }
    if is_sampled(now) {
        objects(project, before, found);
    }
}

fn changed(name: &str, change: Change, service: &Service, project: &Project) -> ChangedService {
    let own = state(service);
    let reaches = if own.is_empty() { way(project, name, |other| !state(other).is_empty()) } else { None };
    ChangedService {
        service: name.to_owned(),
        change,
        sets: Vec::new(),
        bump: None,
        differs: Vec::new(),
        state: own,
        reaches: reaches.unwrap_or_default(),
    }
}

/// Says what a changed service can touch.
fn tell(one: &ChangedService, service: &Service, project: &Project, mut touches: Touches, found: &mut Differences) {
    let name = &one.service;
    let what = match (&one.bump, one.change) {
        (_, Change::Added) => format!("the service {name} is new"),
        (_, Change::Removed) => format!("the service {name} is gone"),
        (Some(bump), _) => format!("{name}: {} → {} ({})", bump.from, bump.to, bump.kind.word()),
        (None, _) => format!("{name}: {} changed", one.differs.join(", ")),
    };
    if touches.runs {
        let keeps = !one.state.is_empty();
        let routed = is_routed(service);
        let visitors = if routed { None } else { way(project, name, is_routed) };
        if keeps || !one.reaches.is_empty() {
            let how = if keeps {
                format!("it keeps state in {}", one.state.join(", "))
            } else {
                format!("it reaches state: {}", one.reaches.join(" → "))
            };
            found.add(format!("{what}; {how}"), Touches { data: true, ..Touches::default() });
        }
        if routed || visitors.is_some() {
            let how = visitors.map_or_else(
                || "visitors reach it".to_owned(),
                |way| format!("visitors reach it: {}", way.join(" ← ")),
            );
            found.add(format!("{what}; {how}"), Touches { pages: true, ..Touches::default() });
        }
        (touches.data, touches.pages) = (false, false);
    }
    found.add(what, touches);
}

fn merge(one: ChangedService, set: &Set, found: &mut Differences) {
    let known = found.services.entry(one.service.clone()).or_insert_with(|| one.clone());
    known.sets.push(set.name.clone());
    for differs in one.differs {
        if !known.differs.contains(&differs) {
            known.differs.push(differs);
        }
    }
}

fn image_bump(old: &str, new: &str) -> Option<ImageBump> {
    let kind = bump(&ImageReference::parse(old), &ImageReference::parse(new))?;
    Some(ImageBump { from: old.to_owned(), to: new.to_owned(), kind })
}

/// The keys in which a service differs, its image left out, and what labels can touch.
fn compared(new: &Project, old: &Project, name: &str) -> (Vec<String>, Touches) {
    let of = |project: &Project| {
        let mut json = canonical(project, None);
        json.get_mut("services").and_then(|services| services.get_mut(name)).map(Value::take).unwrap_or_default()
    };
    let (mut new, mut old) = (of(new), of(old));
    let labels = |service: &mut Value| {
        service
            .pointer_mut("/deploy/labels")
            .map(Value::take)
            .and_then(|labels| labels.as_object().cloned())
            .unwrap_or_default()
    };
    let (now, then) = (labels(&mut new), labels(&mut old));
    let mut differs = Vec::new();
    let mut touches = Touches::default();
    let keys: BTreeSet<&String> = now.keys().chain(then.keys()).collect();
    for key in keys.into_iter().filter(|key| now.get(*key) != then.get(*key)) {
        differs.push(format!("deploy.labels {key}"));
        touches = touches.and(match key.as_str() {
            key if key.starts_with("coop-cloud.") && key.ends_with(".version") => {
                Touches { upgrade: true, ..Touches::default() }
            }
            key if key.starts_with("backupbot.") => Touches { data: true, ..Touches::default() },
            // Routes decide which answer counts, and whoever reads other labels is not known.
            _ => Touches { runs: true, pages: true, upgrade: true, ..Touches::default() },
        });
    }
    let empty = serde_json::Map::new();
    let (new, old) = (new.as_object().unwrap_or(&empty), old.as_object().unwrap_or(&empty));
    let keys: BTreeSet<&String> = new.keys().chain(old.keys()).collect();
    let other = keys.into_iter().filter(|key| *key != "image" && new.get(*key) != old.get(*key));
    differs.extend(other.cloned());
    (differs, touches)
}

/// Configs and secrets of a service whose files hold something else.
fn contents_differ(new: &Facts, old: &Facts, now: &Set, then: &Set, service: &Service) -> Vec<String> {
    let bytes = |facts: &Facts, path: String| facts.recipe.tree.get(&path).map(|file| file.bytes.clone());
    let mut differ = Vec::new();
    for (what, references, news, olds) in [
        ("config", &service.configs, &now.project().configs, &then.project().configs),
        ("secret", &service.secrets, &now.project().secrets, &then.project().secrets),
    ] {
        for reference in references {
            let (Some(new_one), Some(old_one)) = (news.get(&reference.source), olds.get(&reference.source)) else {
                continue;
            };
            let file = !new_one.file.is_empty() && !old_one.file.is_empty();
            if file && bytes(new, now.path_of(&new_one.file)) != bytes(old, then.path_of(&old_one.file)) {
                differ.push(format!("the content of {what} {}", reference.source));
            } else if new_one != old_one {
                differ.push(format!("{what} {}", reference.source));
            }
        }
    }
    differ
}

/// Networks and volumes at the top.
fn objects(new: &Project, old: &Project, found: &mut Differences) {
    let (new, old) = (canonical(new, None), canonical(old, None));
    for (key, touches) in [("networks", Touches::ALL), ("volumes", Touches::ALL)] {
        if new.get(key) != old.get(key) {
            found.add(format!("the {key} of the stack changed"), touches);
        }
    }
}
