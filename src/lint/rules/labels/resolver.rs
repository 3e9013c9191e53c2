//! L228: certificates that only one operator's Traefik can get.

use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Draft, Set, Subject};
use crate::record::Level;
use crate::traefik::boolean;

use super::routers::{enabled, from_variable, routers};
use super::traefik::{plain, text};

pub(super) const RULE: Rule = Rule {
    id: "L228",
    name: "certresolver-fixed",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "every router takes its certificate resolver from LETS_ENCRYPT_ENV",
    needs: &[],
    page: page!("L228"),
    check: Check::Set(check),
};

fn check(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let labels = enabled(set);
    // A certificate that one router asks for serves the others of its domain.
    let asked = routers(&labels).any(|(_, _, fields)| fields.contains_key("tls.certresolver"));
    let mut drafts = Vec::new();
    for (labels, name, fields) in routers(&labels) {
        let (router, service) = (plain(set, name), labels.service);
        let help = format!("write `traefik.http.routers.{router}.tls.certresolver=${{LETS_ENCRYPT_ENV}}`");
        let named = fields.get("tls.certresolver").filter(|pair| pair.value.as_deref().is_some_and(|v| !v.is_empty()));
        if let Some(pair) = named.filter(|pair| !from_variable(set, &pair.value_at)) {
            let draft = Draft::new(format!(
                "the router `{router}` of the service `{service}` asks for the certificate resolver `{}`, which an operator's Traefik need not have",
                pair.value.as_deref().unwrap_or_default()
            ));
            drafts.push(draft.at(pair.value_at.clone(), "").help(help));
        } else if let Some(pair) = fields.get("tls").filter(|_| !asked && boolean(text(fields, "tls")) == Some(true)) {
            let draft = Draft::new(format!(
                "the router `{router}` of the service `{service}` has TLS and no certificate resolver: visitors get Traefik's default certificate"
            ));
            drafts.push(draft.at(pair.value_at.clone(), "").help(help));
        }
    }
    drafts
}
