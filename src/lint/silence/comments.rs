//! Comments that silence: `# taster: ignore[S101] reason`, on the line of the finding or above it; in Markdown `<!-- taster: ignore[M601] reason -->`.

use crate::lint::draft::{Draft, Location};
use crate::lint::facts::Facts;
use crate::lint::rule::Rule;
use crate::lint::rules::{find as find_rule, linter};
use crate::record::Finding;

/// What a comment that silences holds.
const MARK: &str = "taster: ignore[";
/// Files larger than this, in bytes, are nothing that anybody comments.
const LARGEST: usize = 1 << 20;

/// One comment.
#[derive(Debug)]
pub(super) struct Comment {
    pub(super) file: String,
    /// The line whose findings it silences, counted from 1.
    pub(super) line: usize,
    /// It has a line of its own, and so silences findings about the file as a whole too.
    pub(super) alone: bool,
    /// The rules, and where they are named.
    pub(super) rules: Vec<(&'static str, Location)>,
    pub(super) reason: String,
}

impl Comment {
    /// The rule by which it silences a finding that it is about.
    pub(super) fn silences(&self, finding: &Finding) -> Option<&'static str> {
        self.rules.iter().map(|(id, _)| *id).find(|id| *id == finding.rule)
    }
}

/// The comments of a recipe that silence, and what is wrong with others that try to.
pub(super) fn find(facts: &Facts) -> (Vec<Comment>, Vec<(&'static Rule, Draft)>) {
    let mut comments = Vec::new();
    let mut drafts = Vec::new();
    for (path, file) in facts.recipe.tree.iter() {
        let Some(text) = file.text().filter(|text| text.len() <= LARGEST && text.contains(MARK)) else { continue };
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let mut start = 0;
        for (index, line) in lines.iter().enumerate() {
            if let Some(written) = Written::read(line) {
                let target =
                    if written.alone { index + 1 + below(lines.get(index + 1..).unwrap_or_default()) } else { index };
                comments.extend(comment(path, start, target + 1, &written, &mut drafts));
            }
            start += line.len();
        }
    }
    (comments, drafts)
}

/// How many comments and empty lines stand between a comment and the line that it is about.
fn below(lines: &[&str]) -> usize {
    let skipped = |line: &&&str| {
        let line = line.trim();
        // An option of the sample that is switched off (`#KEY=value`) is something that findings are about.
        line.is_empty() || line.starts_with("# ") || line.starts_with("## ") || line == "#" || line.starts_with("<!--")
    };
    lines.iter().take_while(skipped).count()
}

/// A comment as it is written.
struct Written<'l> {
    /// Nothing stands before it on its line.
    alone: bool,
    /// Where the mark starts in the line.
    mark: usize,
    /// Between the brackets, and where that starts in the line.
    words: &'l str,
    words_at: usize,
    reason: &'l str,
}

impl<'l> Written<'l> {
    fn read(line: &'l str) -> Option<Self> {
        let mark = line.find(MARK)?;
        let before = line[..mark].trim_end();
        let before = ["#", "//", "<!--"].iter().find_map(|sign| before.strip_suffix(sign))?;
        let words_at = mark + MARK.len();
        let (words, reason) = line[words_at..].split_once(']')?;
        let reason = reason.trim().trim_end_matches("-->").trim().trim_start_matches(':').trim();
        Some(Self { alone: before.trim().is_empty(), mark, words, words_at, reason })
    }
}

fn comment(
    path: &str,
    line_start: usize,
    line: usize,
    written: &Written<'_>,
    drafts: &mut Vec<(&'static Rule, Draft)>,
) -> Option<Comment> {
    let mut rules = Vec::new();
    let mut at = line_start + written.words_at;
    for part in written.words.split(',') {
        let word = part.trim();
        let start = at + (part.len() - part.trim_start().len());
        let place = Location::new(path, start..start + word.len());
        match find_rule(word) {
            Some((_, rule)) => rules.push((rule.id, place)),
            None => drafts.push((
                &linter::INVALID,
                Draft::new(format!("this comment is to silence `{word}`, and there is no such rule"))
                    .at(place, "")
                    .did_you_mean(super::policy::similar_rule(word))
                    .help("name rules by id or name, with commas between; `taster lint --list` names them all"),
            )),
        }
        at += part.len() + 1;
    }
    if written.reason.is_empty() {
        let start = line_start + written.mark;
        drafts.push((
            &linter::INVALID,
            Draft::new("this comment silences nothing, because it gives no reason")
                .at(Location::new(path, start..line_start + written.words_at + written.words.len() + 1), "")
                .help("write the reason behind it: `# taster: ignore[R002] the image brings its own healthcheck`"),
        ));
        return None;
    }
    (!rules.is_empty()).then(|| Comment {
        file: path.to_owned(),
        line,
        alone: written.alone,
        rules,
        reason: written.reason.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_comments_are_read() {
        let read = |line| Written::read(line).map(|written| (written.alone, written.words, written.reason));
        assert_eq!(read("  # taster: ignore[R002] because"), Some((true, "R002", "because")));
        assert_eq!(read("a: b # taster: ignore[R002, R003]: why not"), Some((false, "R002, R003", "why not")));
        assert_eq!(read("<!-- taster: ignore[R007] later -->"), Some((true, "R007", "later")));
        assert_eq!(read("text: taster: ignore[R002] no comment"), None);
        assert_eq!(read("# taster: ignore[R002"), None);
    }
}
