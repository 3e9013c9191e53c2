//! Judging a subject by the rules.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::draft::{Draft, Location};
use super::facts::Facts;
use super::rule::{Check, Need, Rule};
use super::rules;
use super::silence::{self, Policy};
use super::subject::Subject;
use crate::compose::position;
use crate::record::{Finding, Level, Place, Silenced, SilencedBy, SkippedRule, Span};

/// What may be judged, and how.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Only abra's rules, on all compose files of the root merged into one, as abra does it.
    pub abra: bool,
    /// The release that rules across versions compare with, instead of the newest one before the candidate.
    pub since: Option<String>,
    /// Errors of rules that came after this version of taster are warnings: new rules warn first (lesson 38).
    pub rules_as_of: Option<String>,
    /// What the commons decides.
    pub policy: Arc<Policy>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Judged {
    /// The findings, in the order of files and places.
    pub findings: Vec<Finding>,
    /// Findings that do not count.
    pub silenced: Vec<Silenced>,
    /// Rules that were not judged, and why.
    pub skipped: Vec<SkippedRule>,
    /// The files that findings have places in, for whoever shows them.
    pub sources: Sources,
}

/// Files by release and path, as they were when they were judged.
pub type Sources = BTreeMap<(Option<String>, String), Arc<[u8]>>;

/// Judges a subject by every rule that applies.
pub fn judge(subject: &Subject, options: &Options) -> Judged {
    let mut judging = Judging {
        subject,
        options,
        judged: Judged::default(),
        drafts: Vec::new(),
        rules: BTreeSet::new(),
        known: HashMap::new(),
        lines: BTreeMap::new(),
    };
    for family in rules::FAMILIES {
        if options.abra && !matches!(family.name, "abra" | "loading" | "linter") {
            continue;
        }
        for rule in family.rules {
            judging.rule(rule);
        }
    }
    judging.finish()
}

struct Judging<'a> {
    subject: &'a Subject,
    options: &'a Options,
    judged: Judged,
    /// The rules that had their say.
    rules: BTreeSet<&'static str>,
    /// Findings of rules with the sets that show them, in the order in which they were made.
    drafts: Vec<(&'static Rule, Draft, Vec<String>)>,
    /// Where findings of sets are among them: by rule, message and places.
    known: HashMap<Known, usize>,
    lines: BTreeMap<(Option<String>, String), Lines>,
}

type Known = (&'static str, String, Vec<(Location, String)>);

impl Judging<'_> {
    fn rule(&mut self, rule: &'static Rule) {
        let subject = self.subject;
        if self.level(rule).is_none() {
            return self.skip(rule, "taster.toml switches it off");
        }
        if let Some(reason) = unmet(rule, subject) {
            return self.skip(rule, reason);
        }
        match rule.check {
            Check::Recipe(check) => {
                let drafts = check(subject);
                self.drafts.extend(drafts.into_iter().map(|draft| (rule, draft, Vec::new())));
            }
            Check::Set(check) => {
                if subject.candidate.sets.is_empty() {
                    return self.skip(rule, "no set of compose files loads");
                }
                for set in &subject.candidate.sets {
                    for draft in check(subject, set) {
                        self.in_set(rule, draft, &set.name);
                    }
                }
            }
            Check::Upgrade(check) => match subject.previous() {
                Ok(Some(previous)) => {
                    let drafts = check(subject, previous);
                    self.drafts.extend(drafts.into_iter().map(|draft| (rule, draft, Vec::new())));
                }
                Ok(None) => return self.skip(rule, "there is no earlier release"),
                Err(why) => return self.skip(rule, format!("the earlier release cannot be read: {why}")),
            },
            Check::Engine => {}
        }
        self.rules.insert(rule.id);
    }

    fn level(&self, rule: &Rule) -> Option<Level> {
        silence::level(rule, &self.options.policy, self.options.rules_as_of.as_deref())
    }

    fn skip(&mut self, rule: &Rule, reason: impl Into<String>) {
        self.judged.skipped.push(SkippedRule { rule: rule.id.to_owned(), reason: reason.into() });
    }

    /// Keeps a finding of a set; one that another set showed already becomes a finding of both.
    fn in_set(&mut self, rule: &'static Rule, draft: Draft, set: &str) {
        let key = (rule.id, draft.message.clone(), draft.places.clone());
        let at = *self.known.entry(key).or_insert(self.drafts.len());
        match self.drafts.get_mut(at) {
            Some((_, _, sets)) if sets.last().is_some_and(|last| last == set) => {}
            Some((_, _, sets)) => sets.push(set.to_owned()),
            None => self.drafts.push((rule, draft, vec![set.to_owned()])),
        }
    }

    fn finish(mut self) -> Judged {
        let mut findings = Vec::new();
        for (rule, draft, sets) in std::mem::take(&mut self.drafts) {
            findings.extend(self.finding(rule, draft, sets));
        }
        sort(&mut findings);
        let parted = silence::part(self.subject, &self.options.policy, findings, &self.rules);
        let mut findings = parted.counted;
        let mut silenced = parted.silenced;
        // What is wrong with comments, no comment can silence; the commons can.
        for (rule, draft) in parted.drafts {
            let Some(finding) = self.finding(rule, draft, Vec::new()) else { continue };
            match self.options.policy.reason(&self.subject.candidate.recipe.name, &finding) {
                Some(reason) => silenced.push(Silenced { finding, by: SilencedBy::Config, reason }),
                None => findings.push(finding),
            }
        }
        sort(&mut findings);
        self.judged.findings = findings;
        self.judged.silenced = silenced;
        self.judged
    }

    fn finding(&mut self, rule: &Rule, draft: Draft, sets: Vec<String>) -> Option<Finding> {
        let level = self.level(rule)?;
        Some(Finding {
            rule: rule.id.to_owned(),
            name: rule.name.to_owned(),
            level,
            message: draft.message,
            places: draft.places.into_iter().map(|(location, label)| self.place(location, label)).collect(),
            sets,
            help: draft.help,
            did_you_mean: draft.did_you_mean,
            fix: draft.fix,
        })
    }

    fn place(&mut self, location: Location, label: String) -> Place {
        let Location { file, release, range } = location;
        let key = (release, file);
        if !self.lines.contains_key(&key)
            && let Some(bytes) = self.bytes(key.0.as_deref(), &key.1)
        {
            self.lines.insert(key.clone(), Lines::of(&bytes));
            self.judged.sources.insert(key.clone(), bytes);
        }
        let known = self.judged.sources.get(&key).zip(self.lines.get(&key));
        let span = known.zip(range).map(|((bytes, lines), range)| lines.span(bytes, range));
        Place { file: key.1, release: key.0, span, label }
    }

    fn bytes(&self, release: Option<&str>, file: &str) -> Option<Arc<[u8]>> {
        let facts: &Facts = match release {
            None => &self.subject.candidate,
            Some(_) => self.subject.previous().ok()??,
        };
        facts.recipe.tree.get(file).map(|found| found.bytes.clone())
    }
}

/// Where the lines of a file begin, so that many places in a long file are found in time.
pub(super) struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let breaks = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
        Self { starts: std::iter::once(0).chain(breaks).collect() }
    }

    /// A range of a file with its lines and columns.
    pub(super) fn span(&self, bytes: &[u8], range: std::ops::Range<usize>) -> Span {
        let start = range.start.min(bytes.len());
        let end = range.end.clamp(start, bytes.len());
        let ((line, column), (end_line, end_column)) = (self.position(bytes, start), self.position(bytes, end));
        Span { start, end, line, column, end_line, end_column }
    }

    fn position(&self, bytes: &[u8], at: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= at);
        let from = self.starts.get(line.saturating_sub(1)).copied().unwrap_or_default();
        let part = bytes.get(from..).unwrap_or_default();
        // A position counts from the start of a text; the byte order mark only stands at the start of the file.
        let column = position(part, at - from).column;
        (line, column)
    }
}

/// What a rule needs and does not have.
fn unmet(rule: &Rule, subject: &Subject) -> Option<&'static str> {
    let outside = &subject.outside;
    rule.needs.iter().find_map(|need| match need {
        Need::Git if subject.candidate.recipe.candidate.commit.is_none() => {
            Some("the recipe is no git repository with a commit")
        }
        Need::Repository if outside.repository.is_none() => {
            Some("it is about the organisation's forge, which `taster lint` never asks; a scan of the organisation lists what is there")
        }
        Need::Registries if outside.images.is_none() => Some("it needs answers from the network, and nobody asked"),
        _ => None,
    })
}

fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| (a.places.first(), &a.rule, &a.message).cmp(&(b.places.first(), &b.rule, &b.message)));
}
