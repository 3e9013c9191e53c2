//! Badges as SVG: no fonts, scripts or addresses from elsewhere.

use maud::{Markup, html};

/// The width of a character of the badge's text, in the unit of the picture.
const CHARACTER: usize = 7;

/// The colour of a level; that of what was not tested for `None`. White text stands on all of them (contrast 4.5 and more).
pub(crate) fn color(level: Option<u8>) -> &'static str {
    match level {
        None => "#6b6b6b",
        Some(0) => "#b3261e",
        Some(1 | 2) => "#a15c00",
        Some(3 | 4) => "#5d6b00",
        Some(_) => "#1b6e3c",
    }
}

/// A badge: what it is about on the left, what there is to say on the right.
pub(crate) fn svg(label: &str, value: &str, color: &str) -> Markup {
    let (left, right) = (label.chars().count() * CHARACTER + 10, value.chars().count() * CHARACTER + 10);
    let width = left + right;
    let told = format!("{label}: {value}");
    html! {
        svg xmlns="http://www.w3.org/2000/svg" width=(width) height="20" role="img" aria-label=(told) {
            title { (told) }
            clipPath id="r" { rect width=(width) height="20" rx="3" {} }
            g clip-path="url(#r)" {
                rect width=(left) height="20" fill="#3b3b3b" {}
                rect x=(left) width=(right) height="20" fill=(color) {}
            }
            g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" {
                text x=(left / 2) y="14" { (label) }
                text x=(left + right / 2) y="14" { (value) }
            }
        }
        "\n"
    }
}
