//! Text of recipes and apps inside Markdown, HTML and XML: it stays text.

use maud::{Markup, html};

/// Markdown in which only our own `…` are code.
pub(super) fn markdown(message: &str) -> String {
    if message.matches('`').count() % 2 == 1 {
        return escaped(message);
    }
    let parts = message.split('`').enumerate();
    parts.map(|(number, part)| if number % 2 == 1 { markdown_code(part) } else { escaped(part) }).collect()
}

/// Code in Markdown; it may hold anything, backquotes too.
pub(super) fn markdown_code(part: &str) -> String {
    format!("<code>{}</code>", escaped(part))
}

/// Every character that Markdown or HTML gives a meaning to, as a character reference.
fn escaped(part: &str) -> String {
    let mut escaped = String::with_capacity(part.len());
    for c in part.chars() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' | '.' | ',' | ';' | '/' | '-' | '+' | '(' | ')' | '?' | '=' => {
                escaped.push(c);
            }
            c if c.is_control() => escaped.push(' '),
            // They would turn round what a reader sees of the text beside it.
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                escaped.push('\u{fffd}')
            }
            c if c.is_ascii() => escaped.push_str(&format!("&#{};", u32::from(c))),
            c => escaped.push(c),
        }
    }
    // A bare address would become a link.
    escaped.replace("www.", "www&#46;")
}

/// Text for a terminal, without control characters.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Lines of text that Markdown and HTML leave as they are, in a `<pre>`: neither forge looks for mentions, links or references in one.
pub(super) fn markdown_block(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(escaped).collect();
    format!("<pre>{}</pre>", lines.join("\n"))
}

/// Our sentences mark names by backquotes: code in HTML.
pub(crate) fn prose(text: &str) -> Markup {
    let even = text.matches('`').count().is_multiple_of(2);
    html! {
        @if even { @for (number, part) in text.split('`').enumerate() { @if number % 2 == 1 { code { (part) } } @else { (part) } } }
        @else { (text) }
    }
}

/// Text without the characters that no XML document may hold, and without the end of the section that the JUnit library puts it into.
pub(crate) fn xml(text: &str) -> String {
    let allowed =
        |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.chars().map(|c| if allowed(c) { c } else { '\u{fffd}' }).collect::<String>().replace("]]>", "]] >")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_a_recipe_is_text() {
        assert_eq!(markdown("the service `db` has none"), "the service <code>db</code> has none");
        let nasty = "`</code>|<img src=x>` @everyone [x](https://evil.example) `";
        let shown = markdown(nasty);
        assert!(!shown.contains(['<', '|', '@', '[', '`', ':']), "{shown}");
        let shown = markdown("a `x|y\n## z`");
        assert_eq!(shown, "a <code>x&#124;y &#35;&#35; z</code>");
    }

    #[test]
    fn a_block_cannot_be_left_and_nothing_is_turned_round() {
        let shown = markdown_block("a\u{1b}[1m\n</pre> @all <b>\n\n# x\u{202e}y");
        assert_eq!(shown, "<pre>a &#91;1m\n&#60;/pre&#62; &#64;all &#60;b&#62;\n\n&#35; x\u{fffd}y</pre>");
    }

    #[test]
    fn xml_holds_what_it_may_hold() {
        assert_eq!(xml("a\u{0}b\u{1b}[1m]]>"), "a\u{fffd}b\u{fffd}[1m]] >");
    }
}
