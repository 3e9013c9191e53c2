//! Whether a body says anything.

/// What a reader would find in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyText {
    /// Nothing, or only white space.
    Empty,
    /// HTML in which neither a title nor any text is left once tags, scripts and styles are gone.
    HtmlWithoutText,
    /// Something.
    Present,
}

/// Elements whose content nobody reads.
const UNREAD: &[&str] = &["script", "style", "template", "noscript"];

impl BodyText {
    /// Looks at a body. HTML is told by its content type, or without one by its first character.
    #[must_use]
    pub fn of(content_type: &str, body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let trimmed = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        if trimmed.is_empty() {
            return Self::Empty;
        }
        let html =
            content_type.to_ascii_lowercase().contains("html") || (content_type.is_empty() && trimmed.starts_with('<'));
        if html && !has_text(trimmed) { Self::HtmlWithoutText } else { Self::Present }
    }
}

fn has_text(html: &str) -> bool {
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        if says_something(&rest[..open]) {
            return true;
        }
        rest = &rest[open..];
        let end = if rest.starts_with("<!--") {
            after(rest, "-->")
        } else {
            let name: String =
                rest.chars().skip(1).take_while(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
            let tag = after(rest, ">");
            if UNREAD.contains(&name.as_str()) { tag + end_of(&rest[tag..], &name) } else { tag }
        };
        rest = &rest[end..];
    }
    says_something(rest)
}

/// The offset after the first `mark`, or the end.
fn after(text: &str, mark: &str) -> usize {
    text.find(mark).map_or(text.len(), |at| at + mark.len())
}

/// The offset of the end tag of an element whose content is not markup, or the end.
fn end_of(text: &str, name: &str) -> usize {
    let ends = |at: &usize| {
        let found = text.as_bytes().get(at + 2..at + 2 + name.len());
        found.is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
    };
    text.match_indices("</").map(|(at, _)| at).find(ends).unwrap_or(text.len())
}

fn says_something(text: &str) -> bool {
    !text.replace("&nbsp;", " ").trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_told_apart() {
        let html = "text/html; charset=utf-8";
        for (content_type, body, expected) in [
            (html, "", BodyText::Empty),
            (html, " \n\t", BodyText::Empty),
            ("application/json", "{}", BodyText::Present),
            ("", "ok", BodyText::Present),
            (html, "<html><head></head><body> &nbsp; </body></html>", BodyText::HtmlWithoutText),
            ("", "<html><body></body></html>", BodyText::HtmlWithoutText),
            (html, "<!-- hi --><script>var a = '<b>text</b>';</script><style>p{}</style>", BodyText::HtmlWithoutText),
            (html, "<SCRIPT>if (a<b) x()</SCRIPT ><p>", BodyText::HtmlWithoutText),
            (html, "<title>Wiki</title><div id=app></div>", BodyText::Present),
            (html, "<p>hello", BodyText::Present),
            (html, "<script>unclosed hello", BodyText::HtmlWithoutText),
            (html, "plain words", BodyText::Present),
            (html, "<", BodyText::HtmlWithoutText),
        ] {
            assert_eq!(BodyText::of(content_type, body.as_bytes()), expected, "{body}");
        }
        assert_eq!(BodyText::of(html, &[0xff, 0xfe]), BodyText::Present);
    }
}
