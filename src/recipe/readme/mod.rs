//! `README.md`: the recipe's name, its description, and the metadata block that its maintainers fill in by hand
//! (recipe-format.md §1.3).

use std::ops::Range;

use super::Problem;

/// What a README says about its recipe.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Readme {
    /// The first heading.
    pub name: Option<String>,
    /// The first paragraph of text that is neither in the metadata block nor only pictures, on one line.
    pub description: Option<String>,
    /// The metadata block; `None` when there is none.
    pub metadata: Option<Metadata>,
    /// What is not as the format wants it.
    pub problems: Vec<Problem>,
}

/// The metadata block. Nothing here is verified: the scores are set by hand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The line of `<!-- metadata -->`, counted from 1.
    pub line: usize,
    /// Its fields in order, those of unknown name too. The first of two fields of one name counts.
    pub fields: Vec<Field>,
}

/// One field, `* **Name**: value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The name as written.
    pub name: String,
    /// The value as written, without white space at its ends; may be empty.
    pub value: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The bytes of the value.
    pub span: Range<usize>,
}

/// The field `Image`: ``[`wordpress`](https://hub.docker.com/_/wordpress), 4, upstream``.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The image's name.
    pub name: String,
    /// Where it is described; empty when it is no link.
    pub url: String,
    /// 4 official, 3 semi-official, 2 third-party, 1 own; as written.
    pub rating: String,
    /// Who makes it, as written.
    pub source: String,
}

/// The fields that the format knows; the first six and SSO are what abra's rule R007 looks at.
const KNOWN: [&str; 9] =
    ["Category", "Status", "Image", "Healthcheck", "Backups", "Email", "Tests", "SSO", "Maintainer"];

impl Metadata {
    /// The field of this name, whatever its case.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// The value of the field of this name; empty when it is not there.
    pub fn value(&self, name: &str) -> &str {
        self.field(name).map_or("", |field| field.value.as_str())
    }

    /// The field `Status`, 0 to 5. A value that cannot be read counts as 0 [M].
    pub fn status(&self) -> u8 {
        score(self.value("Status"), 5).unwrap_or(0)
    }

    /// The field `Image`; `None` when it is missing or has fewer than three parts [M].
    pub fn image(&self) -> Option<Image> {
        let value = self.value("Image");
        // The link's target may hold commas, so the parts are split behind it.
        let link_end = value.find("](").and_then(|at| value[at..].find(')').map(|end| at + end + 1)).unwrap_or(0);
        let (head, tail) = match value[link_end..].find(',') {
            Some(comma) => (&value[..link_end + comma], &value[link_end + comma + 1..]),
            None => return None,
        };
        let (rating, source) = tail.split_once(',')?;
        let (name, url) = match head.trim().strip_prefix('[').and_then(|head| head.split_once("](")) {
            Some((name, url)) => (name, url.trim_end().trim_end_matches(')')),
            None => (head, ""),
        };
        let clean = |text: &str| text.trim().trim_matches('`').trim().to_owned();
        Some(Image { name: clean(name), url: url.trim().to_owned(), rating: clean(rating), source: clean(source) })
    }

    /// The field `Maintainer`; `None` when it is missing or empty.
    pub fn maintainer(&self) -> Option<&str> {
        Some(self.value("Maintainer")).filter(|value| !value.is_empty())
    }
}

/// The score that a value starts with (`3, stable` is 3), at most `most`.
fn score(value: &str, most: u8) -> Option<u8> {
    let digits = value.len() - value.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let score = value[..digits].parse().ok()?;
    let follows = value[digits..].chars().next();
    (score <= most && follows.is_none_or(|c| !(c.is_alphanumeric() || c == '.'))).then_some(score)
}

impl Readme {
    /// Parses a text. Never fails: what cannot be understood is in [`problems`](Readme::problems).
    pub fn parse(text: &str) -> Readme {
        let mut parser =
            Parser { readme: Readme::default(), paragraph: Vec::new(), fence: None, in_comment: false, open: false };
        let mut start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let mut number = 0;
        while start < text.len() {
            number += 1;
            let end = text[start..].find('\n').map_or(text.len(), |at| start + at);
            parser.line(text, number, start..end);
            start = end + 1;
        }
        parser.finish(text.len(), number)
    }
}

struct Parser<'a> {
    readme: Readme,
    /// The lines of the paragraph so far.
    paragraph: Vec<&'a str>,
    /// The marks that opened a code block.
    fence: Option<&'a str>,
    in_comment: bool,
    /// In the metadata block.
    open: bool,
}

impl<'a> Parser<'a> {
    fn problem(&mut self, line: usize, span: Range<usize>, what: impl Into<String>) {
        self.readme.problems.push(Problem::new(line, span, what));
    }

    fn line(&mut self, text: &'a str, number: usize, span: Range<usize>) {
        let line = text[span.clone()].trim();
        if let Some(fence) = self.fence {
            if line.starts_with(fence) {
                self.fence = None;
            }
            return;
        }
        match marker(line).as_deref() {
            Some("metadata") if self.readme.metadata.is_some() => {
                return self.problem(number, span, "a second metadata block; only the first one counts");
            }
            Some("metadata") => {
                self.end_paragraph();
                self.open = true;
                self.readme.metadata = Some(Metadata { line: number, fields: Vec::new() });
                return;
            }
            Some("endmetadata") => {
                if !self.open {
                    self.problem(number, span, "`<!-- endmetadata -->` without a `<!-- metadata -->` before it");
                }
                self.open = false;
                return;
            }
            _ => {}
        }
        if self.open {
            match self.in_metadata(text, number, &span) {
                true => return,
                false => {
                    self.open = false;
                    self.problem(
                        number,
                        span.clone(),
                        "the metadata block is not closed by `<!-- endmetadata -->`; it was taken to end here",
                    );
                }
            }
        }
        self.prose(line);
    }

    /// Reads one line of the metadata block; false when the line cannot belong to it.
    fn in_metadata(&mut self, text: &'a str, number: usize, span: &Range<usize>) -> bool {
        let line = text[span.clone()].trim();
        if line.is_empty() {
            return true;
        }
        let Some(item) = line.strip_prefix(['*', '-', '+']).map(str::trim_start).filter(|item| item.starts_with("**"))
        else {
            // A continued or stray line is survived; a heading or a code block is the rest of the README.
            let outside = line.starts_with('#') || line.starts_with("```") || line.starts_with("~~~");
            if !outside {
                self.problem(number, span.clone(), "not a metadata field `* **Name**: value`; the line was skipped");
            }
            return !outside;
        };
        let parts = item[2..].split_once("**").and_then(|(name, value)| match name.trim_end().strip_suffix(':') {
            Some(name) => Some((name, value)),
            None => value.trim_start().strip_prefix(':').map(|value| (name, value)),
        });
        let Some((name, value)) = parts else {
            self.problem(number, span.clone(), "not a metadata field `* **Name**: value`; the line was skipped");
            return true;
        };
        let value = value.trim();
        let at = value.as_ptr() as usize - text.as_ptr() as usize;
        let field =
            Field { name: name.trim().to_owned(), value: value.to_owned(), line: number, span: at..at + value.len() };
        self.judge(&field);
        if let Some(metadata) = &mut self.readme.metadata {
            metadata.fields.push(field);
        }
        true
    }

    fn judge(&mut self, field: &Field) {
        let metadata = self.readme.metadata.as_ref();
        let known = KNOWN.iter().find(|known| known.eq_ignore_ascii_case(&field.name));
        let earlier = metadata.and_then(|metadata| metadata.field(&field.name)).map(|earlier| earlier.line);
        let value = field.value.as_str();
        let what = match known {
            None => format!("`{}` is not a field of the metadata block; it was kept", field.name),
            Some(known) if earlier.is_some() => {
                format!(
                    "`{known}` is there twice (first on line {}); the first one counts",
                    earlier.unwrap_or_default()
                )
            }
            Some(known) if value.is_empty() => format!("`{known}` is empty"),
            Some(known) if value.starts_with('?') => format!("`{known}` is `{value}`: nobody filled it in"),
            Some(&"Status") if is_old_scale(value) => {
                format!("`Status` is `{value}`, from an old inverted scale of emoji; it counts as 0")
            }
            Some(&"Status") if score(value, 5).is_none() => {
                format!("`Status` is `{value}`, and a number from 0 to 5 is needed; it counts as 0")
            }
            Some(&"Image") => {
                let alone = Metadata { line: 0, fields: vec![field.clone()] };
                match alone.image() {
                    Some(_) => return,
                    None => {
                        "`Image` needs three parts, ``[`name`](url), rating, source``; it counts as empty".to_owned()
                    }
                }
            }
            Some(_) => return,
        };
        self.problem(field.line, field.span.clone(), what);
    }

    fn prose(&mut self, line: &'a str) {
        if self.in_comment || (line.starts_with("<!--") && !line.contains("-->")) {
            self.in_comment = !line.contains("-->");
            return self.end_paragraph();
        }
        if let Some(fence) = ["```", "~~~"].into_iter().find(|fence| line.starts_with(fence)) {
            self.fence = Some(fence);
            return self.end_paragraph();
        }
        let underlines = |mark: char| line.len() > 1 && line.chars().all(|c| c == mark);
        if underlines('=') && self.readme.name.is_none() && !self.paragraph.is_empty() {
            self.readme.name = Some(self.paragraph.join(" "));
            self.paragraph.clear();
            return;
        }
        if let Some(heading) = heading(line) {
            self.end_paragraph();
            if self.readme.name.is_none() && !heading.is_empty() {
                self.readme.name = Some(heading.to_owned());
            }
            return;
        }
        let quoted = line.trim_start_matches('>').trim_start();
        let skipped = quoted.is_empty() || line.starts_with("<!--") || underlines('-') || line.starts_with(['|', '<']);
        if skipped || starts_list(quoted) {
            return self.end_paragraph();
        }
        if self.readme.description.is_none() {
            self.paragraph.push(quoted);
        }
    }

    fn end_paragraph(&mut self) {
        let paragraph = std::mem::take(&mut self.paragraph).join(" ");
        if self.readme.description.is_none() && !without_pictures(&paragraph).trim().is_empty() {
            self.readme.description = Some(paragraph);
        }
    }

    fn finish(mut self, end: usize, last: usize) -> Readme {
        self.end_paragraph();
        if self.open {
            self.problem(
                last.max(1),
                end..end,
                "the metadata block is not closed by `<!-- endmetadata -->`; it was taken to reach to the end",
            );
        }
        match &self.readme.metadata {
            None => self.problem(1, 0..0, "there is no metadata block (`<!-- metadata -->` … `<!-- endmetadata -->`)"),
            Some(metadata) => {
                // A maintainer is asked for only since Resolution 025, and Tests and Status default to 0: they may be missing.
                let asked = KNOWN.into_iter().filter(|name| !matches!(*name, "Maintainer" | "Tests"));
                let missing: Vec<&str> = asked.filter(|name| metadata.field(name).is_none()).collect();
                let line = metadata.line;
                for name in missing {
                    self.problem(line, end..end, format!("`{name}` is missing from the metadata block"));
                }
            }
        }
        self.readme
    }
}

/// The word in a comment of one word, `<!-- word -->`.
fn marker(line: &str) -> Option<String> {
    let inner = line.strip_prefix("<!--")?.strip_suffix("-->")?;
    Some(inner.trim().to_ascii_lowercase())
}

fn heading(line: &str) -> Option<&str> {
    let text = line.trim_start_matches('#');
    let marks = line.len() - text.len();
    ((1..=6).contains(&marks) && (text.is_empty() || text.starts_with([' ', '\t'])))
        .then(|| text.trim().trim_end_matches('#').trim_end())
}

fn starts_list(line: &str) -> bool {
    line.strip_prefix(['*', '-', '+']).is_some_and(|rest| rest.starts_with([' ', '\t']))
}

fn is_old_scale(value: &str) -> bool {
    value.starts_with(|c: char| ('\u{2460}'..='\u{24ff}').contains(&c) || ('\u{2776}'..='\u{2793}').contains(&c))
}

/// A paragraph without its pictures and badges: `![alt](url)` and `[![alt](url)](url)`.
fn without_pictures(paragraph: &str) -> String {
    let mut left = String::new();
    let mut rest = paragraph;
    while let Some(at) = rest.find("![") {
        let (before, picture) = rest.split_at(at);
        left.push_str(before.strip_suffix('[').unwrap_or(before));
        let linked = before.ends_with('[');
        let Some(end) = picture.find(')') else { return left };
        rest = &picture[end + 1..];
        if linked && let Some(after) = rest.strip_prefix("](") {
            rest = after.find(')').map_or("", |end| &after[end + 1..]);
        }
    }
    left.push_str(rest);
    left
}

#[cfg(test)]
mod tests;
