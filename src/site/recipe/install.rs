//! How to install it with abra, and how to show its badge.

use maud::{Markup, html};

use crate::record::CatalogueRecipe;
use crate::site::Site;

pub(super) fn section(entry: &CatalogueRecipe) -> Markup {
    html! {
        p { "With " code { "abra" } ", on a server that it knows:" }
        pre tabindex="0" {
            "abra app new " (shell(&entry.name)) "\n"
            "abra app config DOMAIN\n"
            "abra app secret generate --all DOMAIN\n"
            "abra app deploy DOMAIN"
        }
        p.dim { code { "DOMAIN" } " is where the app will answer. Read the release notes before an upgrade: " code { "abra app upgrade DOMAIN" } "." }
    }
}

/// A word of a command line; a name that a shell would take apart is quoted.
fn shell(name: &str) -> String {
    shell_words::quote(name).into_owned()
}

pub(super) fn badge(site: &Site, entry: &CatalogueRecipe) -> Markup {
    let badge = site.names.badge(entry);
    let told = entry.level.as_ref().map_or_else(|| "not tested".to_owned(), |level| format!("level {}", level.level));
    html! {
        p { img.badge src={ "../" (badge) } alt={ "taster: " (told) } height="20"; }
        @if let (Some(picture), Some(page)) = (site.absolute(&badge), site.absolute(&site.names.page(entry))) {
            p { "For a README:" }
            pre tabindex="0" { "[![taster](" (picture) ")](" (page) ")" }
        }
    }
}
