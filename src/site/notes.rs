//! Release notes: Markdown of strangers as harmless markup.
//!
//! Raw HTML in it is text, pictures are their descriptions (nothing is fetched), links lead to the web or nowhere, headings are paragraphs
//! so that the page keeps its own order of headings.

use maud::{Markup, PreEscaped};
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};

use super::words::safe_link;

pub(super) fn markup(text: &str) -> Markup {
    let options = Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS;
    // Links are left out in pairs of events: whether each open one was shown.
    let mut shown = Vec::new();
    let events = Parser::new_ext(text, options).flat_map(|event| harmless(event, &mut shown));
    let mut out = String::new();
    html::push_html(&mut out, events);
    PreEscaped(out)
}

fn harmless<'t>(event: Event<'t>, shown: &mut Vec<bool>) -> Vec<Event<'t>> {
    match event {
        Event::Html(text) | Event::InlineHtml(text) => vec![Event::Text(text)],
        Event::Start(Tag::HtmlBlock) => vec![Event::Start(Tag::Paragraph)],
        Event::End(TagEnd::HtmlBlock) => vec![Event::End(TagEnd::Paragraph)],
        Event::Start(Tag::Heading { .. }) => vec![Event::Start(Tag::Paragraph), Event::Start(Tag::Strong)],
        Event::End(TagEnd::Heading(_)) => vec![Event::End(TagEnd::Strong), Event::End(TagEnd::Paragraph)],
        Event::Start(Tag::Image { .. }) => vec![Event::Text(CowStr::Borrowed("[picture: "))],
        Event::End(TagEnd::Image) => vec![Event::Text(CowStr::Borrowed("]"))],
        Event::Start(Tag::Link { ref dest_url, .. }) => {
            shown.push(safe_link(dest_url).is_some());
            if shown.last() == Some(&true) { vec![event] } else { Vec::new() }
        }
        Event::End(TagEnd::Link) => {
            if shown.pop() == Some(true) {
                vec![event]
            } else {
                Vec::new()
            }
        }
        other => vec![other],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_of_strangers_does_nothing() {
        let shown = |text: &str| markup(text).into_string();
        assert_eq!(
            shown("# New\n\n* `a` **b**"),
            "<p><strong>New</strong></p>\n<ul>\n<li><code>a</code> <strong>b</strong></li>\n</ul>\n"
        );
        for nasty in [
            "<script>alert(1)</script>",
            "a <img src=x onerror=alert(1)> b",
            "[x](javascript:alert(1))",
            "![x](https://example.com/track.png)",
            "<javascript:alert(1)>",
            "[x](data:text/html,<script>)",
            "| a |\n|---|\n| <b onclick=x> |",
            "```x\" onload=\"y\n```",
            "[a [b](javascript:x) c](https://example.com)",
        ] {
            let shown = shown(nasty);
            for bad in ["<script", "<img", "<b ", "href=\"javascript", "href=\"data", " src=\"", "\" onload"] {
                assert!(!shown.contains(bad), "{nasty}: {shown}");
            }
        }
        assert!(shown("[x](https://example.com/?a=1&b=2)").contains("href=\"https://example.com/?a=1&amp;b=2\""));
    }
}
